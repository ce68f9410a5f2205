"""A dataset of ten million pictures with captions in eight languages: opening it, drawing batches, and the memory of both.

python bench/dataset.py                     about 15 GB of disk for a quarter of an hour
python bench/dataset.py --pictures 100000   a smaller one

Everything is made up on the spot and removed. The batches are drawn twice, by isogloss and by a plain memory-mapped
read of the same rows of the same files, in turn and each in a process of its own, so that each has its own memory.
`bench/README.md` says what is compared.
"""

import argparse
import multiprocessing
import os
import platform
import shlex
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dataset_of_words import LANGUAGES, make
from rich.console import Console
from rich.table import Table

PACKAGES = ("isogloss", "pyarrow", "numpy", "torch")
IMAGES_PER_STEP, SEED = 64, 0
# Steps that one side draws before it is the other's turn.
TURN = 50


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=10_000_000, help="how many")
    parser.add_argument("--batches", type=int, default=1000, help="how many of 64 pictures are drawn")
    parser.add_argument("--folder", type=Path, help="where the dataset is made and removed; the system's temporary one")
    parser.add_argument("--out", type=Path, default=Path("docs/results/bench_dataset.json"), help="the results")
    return parser.parse_args()


def memory() -> dict[str, float]:
    """What this process has in memory, in GB: now, at most so far, and of that now its own and of files."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    found = {name: value for name, _, value in (line.partition(":") for line in lines)}
    names = {"resident": "VmRSS", "peak": "VmHWM", "own": "RssAnon", "of files": "RssFile"}
    return {name: round(int(found[field].split()[0]) * 1024 / 1e9, 3) for name, field in names.items()}


def write(root: Path, pictures: int, pipe: Connection) -> None:
    """Make the dataset."""
    start = time.perf_counter()
    make(root, pictures)
    pipe.send({"seconds": time.perf_counter() - start, "memory": memory()})


def draw(root: Path, pipe: Connection) -> None:
    """Open the dataset as training does, then draw the steps that are asked for by isogloss."""
    from isogloss.data import index
    from isogloss.data.batch import captioned, choose_captions
    from isogloss.data.dataset import Dataset
    from isogloss.data.sampler import Sampler

    index.IN_MEMORY = 0  # however few pictures were asked for
    before = memory()
    start = time.perf_counter()
    split = Dataset.open(root).split("train", LANGUAGES)
    opened = time.perf_counter() - start
    rows = captioned(split, LANGUAGES)
    sampler = Sampler(len(rows), IMAGES_PER_STEP, SEED)
    ready = time.perf_counter() - start
    pipe.send({"seconds": opened, "first step after": ready, "before": before, "memory": memory()})

    def one(step: int) -> list[str]:
        return choose_captions(split, LANGUAGES, rows[sampler.indices(step)], 1, sampler.generator(step))[0]

    for step in range(answer(pipe, one)):  # as in training, where each picture is looked up too
        one(step)
        for image in rows[sampler.indices(step)].tolist():
            _ = [split.images[column][image].as_py() for column in ("file", "offset", "length")]
    pipe.send(memory())


def draw_plainly(root: Path, pipe: Connection) -> None:
    """Draw the same steps from the same files, mapped, with nothing but Arrow and numpy."""
    import numpy as np
    import pyarrow as pa

    from isogloss.data.sampler import Sampler

    maps: list[tuple[Any, Any]] = []
    for language in LANGUAGES:
        (path,) = (root / ".index").glob(f"{language}-*.arrow")
        captions: Any = pa.ipc.open_file(pa.memory_map(str(path))).read_all()["captions"].chunk(0)
        maps.append((np.asarray(captions.offsets), captions.values.field("text")))
    sampler = Sampler(len(maps[0][0]) - 1, IMAGES_PER_STEP, SEED)
    known: dict[int, Any] = {}

    def one(step: int) -> list[str]:
        texts: list[str] = []
        for offsets, captions in maps:
            texts += captions.take(pa.array(offsets[known[step]])).to_pylist()
        return texts

    answer(pipe, one, lambda step: known.__setitem__(step, sampler.indices(step)))


def answer(pipe: Connection, one: Callable[[int], list[str]], prepare: Callable[[int], None] | None = None) -> int:
    """Draw steps when asked for them; tell how long each took, what the memory is now, and a sum over the texts.

    Returns how many steps there were.
    """
    drawn = 0
    while (asked := pipe.recv()) is not None:
        seconds: list[float] = []
        total = 0
        for step in range(*asked):
            if prepare is not None:  # which pictures a step has is given to the plain read
                prepare(step)
            start = time.perf_counter()
            texts = one(step)
            seconds.append(time.perf_counter() - start)
            total = zlib.crc32("\n".join(texts).encode(), total)
        drawn += len(seconds)
        pipe.send({"seconds": seconds, "memory": memory(), "texts": total})
    return drawn


class Side:
    """A process of its own that answers."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(*arguments, theirs))
        self.process.start()
        theirs.close()

    def ask(self, question: Any) -> Any:
        self.pipe.send(question)
        return self.pipe.recv()


def take_turns(root: Path, batches: int) -> dict[str, Any]:
    """Open the dataset again, and draw the batches on both sides."""
    ours, plain = Side(draw, root), Side(draw_plainly, root)
    opening = ours.pipe.recv()
    seconds: dict[str, list[float]] = {"isogloss": [], "plain": []}
    ratios: list[float] = []
    at_end: dict[str, Any] = {}
    for turn, first in enumerate(range(0, batches, TURN)):
        steps = (first, min(batches, first + TURN))
        found: dict[str, Any] = {}
        for name, side in ((("isogloss", ours), ("plain", plain)))[:: 1 if turn % 2 == 0 else -1]:
            found[name] = side.ask(steps)
            seconds[name] += found[name]["seconds"]
            at_end[name] = found[name]["memory"]
        if found["isogloss"]["texts"] != found["plain"]["texts"]:
            raise SystemExit(f"Steps {steps} are not the same texts on both sides.")
        ratios.append(sum(found["plain"]["seconds"]) / sum(found["isogloss"]["seconds"]))
    plain.pipe.send(None)
    with_places = ours.ask(None)
    for side in (ours, plain):
        side.process.join()
    return {
        "opening": opening,
        "batches_per_second": {name: len(each) / sum(each) for name, each in seconds.items()},
        "ratio": {
            "median": statistics.median(ratios),
            "least": min(ratios),
            "greatest": max(ratios),
            "second half": statistics.median(ratios[len(ratios) // 2 :]),
        },
        "memory_after_batches": at_end,
        "memory_with_places_of_pictures": with_places,
    }


def measure(root: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Everything, in the order in which a user meets it."""
    writing = Side(write, root, asked.pictures).pipe.recv()
    first = Side(draw, root)
    indexed = first.pipe.recv()
    first.pipe.send(None)
    first.pipe.recv()
    first.process.join()
    sizes = {
        name: sum(path.stat().st_size for path in root.glob(pattern)) / 1e9
        for name, pattern in (
            ("tables", "**/*.parquet"),
            ("index", ".index/*.arrow"),
            ("largest", ".index/hi-*.arrow"),
        )
    }
    return {"written": writing, "first_opening": indexed, "gigabytes": sizes, **take_turns(root, asked.batches)}


def show(found: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table("", "seconds", "GB at most", "GB now", "of files", title="a dataset of many pictures")
    rows = {
        "written": (found["written"]["seconds"], found["written"]["memory"]),
        "first opening, which makes the index": (found["first_opening"]["seconds"], found["first_opening"]["memory"]),
        "opening": (found["opening"]["seconds"], found["opening"]["memory"]),
        "until the first step": (found["opening"]["first step after"], found["opening"]["memory"]),
        "after the batches": (None, found["memory_after_batches"]["isogloss"]),
        "with the pictures' places": (None, found["memory_with_places_of_pictures"]),
        "plain, after the batches": (None, found["memory_after_batches"]["plain"]),
    }
    for name, (seconds, used) in rows.items():
        figures = (f"{used[which]:.2f}" for which in ("peak", "resident", "of files"))
        table.add_row(name, "" if seconds is None else f"{seconds:.2f}", *figures)
    Console().print(table)
    for name, rate in found["batches_per_second"].items():
        print(f"{name}: {rate:,.0f} batches/s")
    print(f"rate against the plain read, median over turns: {found['ratio']['median']:.2f}")


def processor() -> str:
    """The processor's own name where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Make, measure, print, save and remove."""
    asked = read_arguments()
    with tempfile.TemporaryDirectory(dir=asked.folder) as place:
        found = measure(Path(place) / "dataset", asked)
    show(found)

    from isogloss.saving import write_json

    write_json(
        asked.out,
        {
            "command": shlex.join(["python", *sys.argv]),
            "machine": {
                "system": platform.platform(),
                "python": platform.python_version(),
                "processor": processor(),
                "cores": os.cpu_count(),
                "processes that wanted a core, over the last 5 minutes": round(os.getloadavg()[1], 1),
            },
            "versions": {name: version(name) for name in PACKAGES},
            "pictures": asked.pictures,
            "languages": LANGUAGES,
            "images_per_step": IMAGES_PER_STEP,
            "batches": asked.batches,
            **found,
        },
    )


if __name__ == "__main__":
    main()
