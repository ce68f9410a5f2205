"""The figures of a chat run on a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def print_chat(run: Path, result: Mapping[str, Any]) -> None:
    """Print what `evaluate_chat` has found: descriptions, answers, and what was left out."""
    console = Console(markup=False, emoji=False, highlight=False)
    averages = {f"{name} ({len(each['languages'])})": each for name, each in result.get("averages", {}).items()}
    for title, languages in (("descriptions", {**result["languages"], **averages}), ("answers", result["answers"])):
        if languages:
            print(f"{run}: {title} of {result['images']} pictures ({result['split']})")
            console.print(_table(languages))
    if result["left_out"]:
        print(f"Left out, without anything in this split to ask for: {', '.join(result['left_out'])}")


def _table(languages: Mapping[str, Any]) -> Table:
    measures = [name for name in ("attributes",) if any(name in each for each in languages.values())]
    kinds = sorted({kind for each in languages.values() for kind in each.get("kinds", {})})
    table = Table("language", "replies", "exact", *measures, "fidelity", "unsure", "CIDEr", "chrF", *kinds)
    for tag, each in languages.items():
        table.add_row(
            *(tag, str(each.get("captions", "")), _share(each["exact"])),
            *(f"{each[name][0]:.3f}" if name in each else "" for name in measures),
            *(f"{each[name][0]:.3f}" for name in ("fidelity", "unsure")),
            "" if each["cider"] is None else f"{each['cider'][0]:.2f}",
            f"{each['chrf'][0]:.1f}",
            *(f"{each['kinds'][kind]['exact'][0]:.2f}" if kind in each.get("kinds", {}) else "" for kind in kinds),
        )
    return table


def _share(figure: Sequence[float]) -> str:
    return "{:.3f} [{:.3f}, {:.3f}]".format(*figure)
