"""The figures of a paint run on a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# Measures by the heads of their columns, those with intervals first.
_SURE = {"attributes": "attributes", "all right": "all_right"}
_PLAIN = {
    "colours": "colours",
    "shapes": "shapes",
    "relation": "relation",
    "above chance, of English": "relative_attributes",
    "CLIPScore": "clip_score",
    "CLIPScore, in English": "clip_score_in_english",
    "prompt found": "prompt_found",
}


def print_paint(run: Path, result: Mapping[str, Any]) -> None:
    """Print what `paint_figures` has found, and the distances and the baseline where they are there.

    Args:
        run: whose figures they are.
        result: as of `paint_figures`, with `distances` and `through_english`, the figures of prompts that were
            translated into English first, where they were measured.
    """
    console = Console(markup=False, emoji=False, highlight=False)
    print(f"{run}: pictures of prompts ({result['split']})" if "split" in result else f"{run}: pictures of prompts")
    console.print(_table(result))
    if result.get("chance") is not None:
        print(f"By chance {result['chance']:.3f} of the attributes are right.")
    measured = result.get("distances")
    if measured:
        print(f"KID and FID by {measured['extractor']}, from {measured['real']:,} real pictures.")
        left_out = {each["fid_left_out"] for each in measured["languages"].values() if "fid_left_out" in each}
        for reason in sorted(left_out):
            print(reason)
    if result.get("scorer"):
        print(f"CLIPScore by the dual encoder {result['scorer']}.")
    if result.get("cut"):
        print(f"Prompts that are too long to be read to their end: {_counts(result['cut'])}.")
    if result.get("left_out"):
        print(f"Left out, without a caption among these pictures: {', '.join(result['left_out'])}.")


def _table(result: Mapping[str, Any]) -> Table:
    languages, averages = result["languages"], result.get("averages", {})
    through: Mapping[str, Any] = result.get("through_english", {}).get("languages", {})
    apart: Mapping[str, Any] = (result.get("distances") or {}).get("languages", {})
    rows = {**languages, **{f"{name} ({len(each['languages'])})": each for name, each in averages.items()}}
    sure, plain = ({head: name for head, name in heads.items() if _any(rows, name)} for heads in (_SURE, _PLAIN))
    table = Table("language", "pictures", *sure, *plain)
    if through:
        table.add_column("through English: attributes")
        table.add_column("through English: all right")
    if apart:
        table.add_column("KID × 1000")
        table.add_column("FID")
    for tag, each in rows.items():
        cells = [tag, str(each.get("pictures", ""))]
        cells += [_share(each.get(name)) for name in sure.values()]
        cells += [_value(each.get(name)) for name in plain.values()]
        if through:
            cells += [_share(through.get(tag, {}).get(name)) for name in _SURE.values()]
        if apart:
            own = apart.get(tag, {})
            cells += [f"{1000 * own['kid']:.2f}" if own else "", "" if own.get("fid") is None else f"{own['fid']:.2f}"]
        table.add_row(*cells)
    return table


def _counts(of: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} in {tag}" for tag, count in of.items())


def _any(rows: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    return any(each.get(name) is not None for each in rows.values())


def _share(figure: Sequence[float] | None) -> str:
    return "" if figure is None else "{:.3f} [{:.3f}, {:.3f}]".format(*figure)


def _value(figure: Sequence[float] | None) -> str:
    return "" if figure is None else f"{figure[0]:.3f}"
