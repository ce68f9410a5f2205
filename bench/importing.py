"""Importing 100,000 table rows, and 100,000 tar members, against reading the same bytes with Python's own library.

python bench/importing.py                  about 3 GB of disk for some minutes
python bench/importing.py --rows 5000 --rounds 1

Everything is made up on the spot and removed. `bench/README.md` says what is compared.
"""

import argparse
import csv
import io
import json
import os
import platform
import shlex
import shutil
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table as Grid

from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.data.sources.rows import TableFile
from isogloss.data.sources.table import Table
from isogloss.data.sources.webdataset import WebDataset
from isogloss.saving import write_json

PACKAGES = ("isogloss", "pyarrow", "pillow", "fsspec")
# Pictures that differ; the others are these with a comment of their own, so that no two files have the same bytes.
DISTINCT, SIZE = 300, (256, 192)
# As img2dataset writes them, by default 10,000 samples a tar; fewer here, so that both processes have some.
SAMPLES_PER_TAR = 2000


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000, help="of the table, and members of the tars")
    parser.add_argument("--rounds", type=int, default=3, help="in each of which both sides read everything once")
    parser.add_argument("--jobs", type=int, default=2, help="processes of isogloss")
    parser.add_argument("--folder", type=Path, help="where the files are made and removed; the system's temporary one")
    parser.add_argument("--out", type=Path, default=Path("docs/results/bench_import.json"), help="the results")
    return parser.parse_args()


def jpegs() -> list[bytes]:
    """Pictures of 10 to 20 KB, as photographs of this size have."""
    random = np.random.default_rng(0)
    found: list[bytes] = []
    for _ in range(DISTINCT):
        coarse = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize(
            SIZE, Image.Resampling.BICUBIC
        )
        grain = random.normal(0, 9, (SIZE[1], SIZE[0], 3))
        buffer = io.BytesIO()
        Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
        found.append(buffer.getvalue())
    return found


def commented(jpeg: bytes, number: int) -> bytes:
    """A JPEG with a comment, which changes its bytes alone."""
    text = f"{number:08}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + jpeg[2:]


def caption(number: int) -> str:
    return f"a photograph, number {number}, of two people who walk their dog along the beach at dusk"


def make_table(folder: Path, rows: int, pictures: list[bytes]) -> Path:
    """A CSV beside its pictures, a thousand of them in a folder."""
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "caption"])
        for number in range(rows):
            name = f"{number // 1000:03}/{number:08}.jpg"
            if not number % 1000:
                (folder / name).parent.mkdir(parents=True)
            (folder / name).write_bytes(commented(pictures[number % len(pictures)], number))
            writer.writerow([name, caption(number)])
    return folder / "table.csv"


def make_tars(folder: Path, members: int, pictures: list[bytes]) -> Path:
    """Tars of pictures, text and JSON, three members a sample."""
    folder.mkdir()
    samples = (members + 2) // 3
    for shard, first in enumerate(range(0, samples, SAMPLES_PER_TAR)):
        with tarfile.open(folder / f"{shard:05}.tar", "w") as tar:
            for number in range(first, min(first + SAMPLES_PER_TAR, samples)):
                about = {"caption": caption(number), "url": f"https://example.org/{number}.jpg", "key": f"{number:09}"}
                about |= {"status": "success", "error_message": None, "width": SIZE[0], "height": SIZE[1], "exif": "{}"}
                parts = {
                    "jpg": commented(pictures[number % len(pictures)], number),
                    "json": json.dumps(about).encode(),
                    "txt": caption(number).encode(),
                }
                for ending, content in parts.items():
                    member = tarfile.TarInfo(f"{number:09}.{ending}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    return folder


def read_table(table: Path) -> int:
    """The plain side: rows by `csv`, and the bytes of every picture."""
    total = 0
    with table.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        for name, text in rows:
            with open(table.parent / name, "rb") as picture:  # noqa: PTH123, as one would write it
                total += len(picture.read()) + len(text)
    return total


def read_tars(folder: Path) -> int:
    """The plain side: every member by `tarfile`."""
    total = 0
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                file = tar.extractfile(member)
                total += len(file.read()) if file else 0
    return total


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of processors, those of the processes included that it started."""
    clock, before = time.perf_counter(), os.times()
    run()
    return time.perf_counter() - clock, sum(os.times()[:4]) - sum(before[:4])


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, dict[str, dict[str, Any]]]:
    """Both kinds of source, both sides in turn, the first of them changing from round to round."""
    pictures = jpegs()
    table = make_table(folder, arguments.rows, pictures)
    tars = make_tars(folder / "tars", arguments.rows, pictures)
    how = Import(jobs=arguments.jobs)

    def import_table() -> None:
        import_source(Table.open(TableFile(str(table))), folder / "dataset", how)

    def import_tars() -> None:
        import_source(WebDataset.open([str(tars)]), folder / "dataset", how)

    kinds = {
        "table rows": (import_table, lambda: read_table(table)),
        "tar members": (import_tars, lambda: read_tars(tars)),
    }
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for kind, (isogloss, plain) in kinds.items():
        plain()  # so that the files are in memory for both
        sides: dict[str, list[tuple[float, float]]] = {"isogloss": [], "plain": []}
        for turn in range(arguments.rounds):
            order = [("isogloss", isogloss), ("plain", plain)]
            for side, run in order if turn % 2 else reversed(order):
                sides[side].append(seconds(run))
            shutil.rmtree(folder / "dataset")
        found[kind] = {}
        for place, measured in enumerate(("clock", "processors")):
            ours, theirs = ([one[place] for one in sides[side]] for side in ("isogloss", "plain"))
            ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
            found[kind][measured] = {
                "isogloss": statistics.median(ours),
                "plain": statistics.median(theirs),
                "ratio": statistics.median(ratios),
                "rounds": {"isogloss": ours, "plain": theirs, "ratio": ratios},
            }
    return found


def main() -> None:
    """Make, measure, remove, and write the results."""
    arguments = read_arguments()
    start = time.perf_counter()
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        results = measure(Path(folder), arguments)
    machine = {"processor": platform.processor() or platform.machine(), "cores": len(os.sched_getaffinity(0))}
    write_json(
        arguments.out,
        {
            "command": f"python {shlex.join(sys.argv)}",
            "created": created,
            "duration_seconds": time.perf_counter() - start,
            "rows": arguments.rows,
            "jobs": arguments.jobs,
            "seconds": results,
            "machine": machine,
            "python": platform.python_version(),
            "versions": {name: version(name) for name in PACKAGES},
        },
    )
    grid = Grid("what", "seconds", "isogloss", "plain", "ratio")
    for kind, both in results.items():
        for measured, one in both.items():
            grid.add_row(kind, measured, *(f"{one[name]:.2f}" for name in ("isogloss", "plain", "ratio")))
    Console().print(grid)


if __name__ == "__main__":
    main()
