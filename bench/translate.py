"""Captions translated by isogloss's engine, by CTranslate2 called by hand and by Transformers' pipeline.

python bench/translate.py                                    on all cores
python bench/translate.py --threads 1 --model opus           one of the models, on one core

Every measurement is a process of its own, which tells its own peak memory; all sides decode the same number of tokens.
`bench/README.md` says what is compared.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from train_step import processor_name
from translation_models import MODELS

from isogloss.saved import read_object
from isogloss.saving import write_json

SIDES = Path(__file__).with_name("translation_sides.py")
PACKAGES = ("isogloss", "ctranslate2", "torch", "transformers", "tokenizers", "sentencepiece")


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("docs/results/bench_translate.json"), help="the results")
    parser.add_argument("--model", choices=tuple(MODELS), action="append", help="all unless given")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="processor cores")
    parser.add_argument("--captions", type=int, default=2000, help="that are translated")
    parser.add_argument("--pipeline-captions", type=int, default=40, help="of these, for the pipeline, which is slow")
    parser.add_argument("--search-captions", type=int, default=200, help="of these, to find the best batch by hand")
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[512, 1024, 2048, 4096], help="tried by hand, in tokens"
    )
    parser.add_argument("--types", nargs="+", default=["int8"], help="tried by hand")
    parser.add_argument("--tokens", type=int, default=16, help="decoded for every caption")
    parser.add_argument("--rounds", type=int, default=3, help="of all sides, in turn forwards and backwards")
    return parser.parse_args()


class Bench:
    """One model: its folder, and how a side is run on it."""

    def __init__(self, model: str, folder: Path, asked: argparse.Namespace) -> None:
        self.model, self.folder, self.asked = model, folder, asked

    def run(self, side: str, count: int, **settings: Any) -> dict[str, Any]:
        """One process."""
        told = {
            "side": side,
            "model": self.model,
            "folder": str(self.folder / self.model),
            "captions": count,
            "all_captions": self.asked.captions,
            "settings": {"threads": self.asked.threads, "tokens": self.asked.tokens, **settings},
        }
        environment = {
            **os.environ,
            "ISOGLOSS_CACHE": str(self.folder / "cache"),
            "OMP_NUM_THREADS": str(self.asked.threads),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        made = subprocess.run(
            [sys.executable, "-W", "ignore", str(SIDES), json.dumps(told)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found = json.loads(made.stdout.splitlines()[-1])
        expected = count * self.asked.tokens
        if side not in ("make", "convert") and found["tokens"] != expected:
            raise SystemExit(f"{side} decoded {found['tokens']} tokens and not {expected}: the sides do not compare.")
        print(f"{self.model}  {side}  {settings}: {count} captions in {found['seconds']:.1f} s", file=sys.stderr)
        return found

    def measure(self) -> dict[str, Any]:
        """All sides, in rounds."""
        asked = self.asked
        self.run("make", asked.captions)
        conversion = {kind: self.run("convert", 0, precision=kind) for kind in {*asked.types, "int8"}}
        tried: list[dict[str, Any]] = []
        for kind in asked.types:
            [converted] = (self.folder / "cache" / "ctranslate2").glob(f"{self.model}-*-{kind}")
            for batch in asked.batches:
                for workers in sorted({1, asked.threads}):
                    settings = {"type": kind, "batch": batch, "workers": workers, "converted": str(converted)}
                    found = self.run("by hand", asked.search_captions, **settings)
                    tried.append({**settings, "captions_per_second": asked.search_captions / found["seconds"]})
        best = max(tried, key=lambda one: one["captions_per_second"])
        sides = {
            "pipeline": (asked.pipeline_captions, {}),
            "by hand": (asked.captions, {name: best[name] for name in ("type", "batch", "workers", "converted")}),
            "engine": (asked.captions, {}),
        }
        rounds: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
        for number in range(asked.rounds):
            order = list(sides.items())
            for side, (count, settings) in order if number % 2 == 0 else reversed(order):
                rounds[side].append(self.run(side, count, **settings))
        for one in (*tried, best):
            one.pop("converted", None)
        return {
            "conversion_seconds": {kind: found["seconds"] for kind, found in conversion.items()},
            "search": tried,
            "best_by_hand": best,
            "sides": {side: _summary(found) for side, found in rounds.items()},
            "ratios": _ratios(rounds),
        }


def _summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "captions": rounds[0]["captions"],
        "captions_per_second": statistics.median(one["captions"] / one["seconds"] for one in rounds),
        "captions_per_processor_second": statistics.median(
            one["captions"] / one["processor_seconds"] for one in rounds
        ),
        "peak_mb": max(one["peak_mb"] for one in rounds),
        "opening_seconds": statistics.median(one["opening_seconds"] for one in rounds),
        "rounds": rounds,
    }


def _ratios(rounds: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The engine against either side, within rounds: times as fast by the clock and by processor time, and of its memory."""
    found: dict[str, Any] = {}
    for side in ("pipeline", "by hand"):
        for measure in ("seconds", "processor_seconds"):
            each = [
                (other[measure] / other["captions"]) / (ours[measure] / ours["captions"])
                for ours, other in zip(rounds["engine"], rounds[side], strict=True)
            ]
            name = f"times as fast as {side}, {measure}"
            found[name] = {"median": statistics.median(each), "least": min(each), "greatest": max(each)}
        peaks = [max(one["peak_mb"] for one in rounds[name]) for name in ("engine", side)]
        found[f"peak memory of that of {side}"] = peaks[0] / peaks[1]
    return found


def show(model: str, found: dict[str, Any]) -> None:
    """One model's figures as a table."""
    table = Table(
        "side", "captions", "captions/s", "a second of processor", "peak MB", title=model, title_justify="left"
    )
    for side, one in found["sides"].items():
        rates = (one["captions_per_second"], one["captions_per_processor_second"])
        table.add_row(side, str(one["captions"]), *(f"{rate:.1f}" for rate in rates), f"{one['peak_mb']:.0f}")
    Console().print(table)


def main() -> None:
    """Measure, print and save."""
    asked = read_arguments()
    for model in asked.model or MODELS:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = Bench(model, Path(folder), asked).measure()
        show(model, found)
        # The models differ a hundredfold in size, so that one may be measured by itself; the other's figures stay.
        others = read_object(asked.out) if asked.out.exists() else {}
        write_json(asked.out, {**others, model: found | _circumstances(asked, time.perf_counter() - started)})


def _circumstances(asked: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """How and on what it was measured."""
    return {
        "command": shlex.join(["python", *sys.argv]),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "duration_seconds": seconds,
        "tokens_per_caption": asked.tokens,
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "threads": asked.threads,
            "load_average": os.getloadavg(),
        },
        "versions": {name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    main()
