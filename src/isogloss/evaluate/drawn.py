"""The pictures that an evaluated run has drawn, and the table that says what each was drawn for.

evaluation/drawings-<split>/<language>/<number>.png
evaluation/drawings-<split>.parquet: key, language, prompt, seed, file
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from jaxtyping import UInt8
from PIL import Image

from isogloss.data.images import decode, read_bytes
from isogloss.errors import UserError
from isogloss.evaluate.filled import filled, read_filled, write_filled
from isogloss.evaluate.provenance import evaluation_file
from isogloss.saving import new_file

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# What is drawn of prompts as they are, and of what they are in English.
DRAWINGS, THROUGH_ENGLISH = "drawings", "through-english"

# key: of the real picture that the prompt describes. language: of the prompt. seed: of the drawing's noise. file: of the
# picture, from the table's folder on, with /.
DRAWN = pa.schema(
    {
        "key": pa.string(),
        "language": pa.string(),
        "prompt": pa.string(),
        "seed": pa.int64(),
        "file": pa.string(),
    }
)


def drawn_file(run: Path, split: str, dataset: str | Path | None = None, kind: str = DRAWINGS) -> Path:
    """Where the table of the pictures of a split lies; the pictures lie in the folder of its name.

    Args:
        dataset: as of `provenance.evaluation_file`.
        kind: DRAWINGS, or another one for pictures that are drawn otherwise, as THROUGH_ENGLISH.
    """
    path = evaluation_file(run, split, dataset)
    return path.with_name(f"{kind}-{path.stem}.parquet")


def add_drawn(
    path: Path,
    language: str,
    *,
    keys: Sequence[str],
    prompts: Sequence[str],
    seeds: Sequence[int],
    pictures: UInt8[np.ndarray, "image height width channel"],
) -> pa.Table:
    """Write the pictures of one language and then the table with their rows, in place of those of this language before.

    A stop between the two leaves finished pictures without rows, and the table whole as it was before; rows whose
    pictures are being replaced are taken out of it first.

    Args:
        path: of the table, as of `drawn_file`.
        keys, prompts, seeds: of each picture.
        pictures: RGB, in the same order.

    Returns:
        The table as it is now.

    Raises:
        UserError: the disk is full, or the place cannot be written, or the table there is damaged.
        ValueError: there are not as many of each.
    """
    count = len(pictures)
    if not len(keys) == len(prompts) == len(seeds) == count:
        raise ValueError(f"{len(keys)} keys, {len(prompts)} prompts and {len(seeds)} seeds of {count} pictures")
    others = _without(read_drawn(path), language, path) if path.exists() else DRAWN.empty_table()
    folder = path.with_suffix("") / language
    width = max(4, len(str(count - 1)))
    files = [folder / f"{number:0{width}}.png" for number in range(count)]
    for file, picture in zip(files, pictures, strict=True):
        with new_file(file) as partial:
            Image.fromarray(picture).save(partial, "PNG")
    for old in set(folder.glob("*.png")) - set(files):
        old.unlink(missing_ok=True)
    columns = [keys, [language] * count, prompts, seeds, [file.relative_to(path.parent).as_posix() for file in files]]
    rows = pa.table([pa.array(column, field.type) for column, field in zip(columns, DRAWN, strict=True)], DRAWN)
    whole = pa.concat_tables([others, rows])
    write_drawn(path, whole)
    return whole


def write_drawn(path: Path, drawn: pa.Table) -> None:
    """Write a table of drawn pictures, whole or not at all; further columns are left out.

    Raises:
        UserError: the table lacks a column or a cell, the disk is full, or the place cannot be written.
    """
    write_filled(path, _checked(drawn, path))


def read_drawn(path: Path) -> pa.Table:
    """The table of the pictures that a run has drawn.

    Raises:
        UserError: the file is missing, damaged, or no such table.
    """
    return _checked(read_filled(path, DRAWN), path)


def read_pictures(path: Path, drawn: pa.Table) -> UInt8[np.ndarray, "image height width channel"]:
    """The pictures of some rows of a table, RGB, in their order.

    Args:
        path: of the table.
        drawn: rows of it, at least one.

    Raises:
        UserError: a picture is missing, damaged, outside the table's folder, or of another size than the first.
    """
    found: list[np.ndarray] = []
    for name in drawn["file"].to_pylist():
        file = path.parent / name
        if not file.resolve().is_relative_to(path.parent.resolve()):
            raise UserError(f"{path} names the picture '{name}' outside its folder; draw the pictures again.")
        pixels = np.asarray(decode(read_bytes(str(file)), str(file)))
        if found and pixels.shape != found[0].shape:
            raise UserError(
                f"{file} is of {pixels.shape[1]} × {pixels.shape[0]} pixels, and the first picture of {found[0].shape[1]} × "
                f"{found[0].shape[0]}; draw the pictures again, all in one size."
            )
        found.append(pixels)
    return np.stack(found)


def _without(drawn: pa.Table, language: str, path: Path) -> pa.Table:
    """The rows of other languages, which are then all that the table has."""
    others = drawn.filter(pc.not_equal(drawn["language"], language))
    if len(others) < len(drawn):
        write_drawn(path, others)
    return others


def _checked(drawn: pa.Table, path: Path) -> pa.Table:
    table = filled(drawn, DRAWN, path, "draw the pictures again")
    if pc.count_distinct(table["file"]).as_py() != len(table):
        raise UserError(f"{path} names a picture twice; draw the pictures again.")
    return table
