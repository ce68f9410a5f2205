"""The pictures that a paint model draws in an evaluation: finished ones stay, whatever stops it, while they are the same."""

import json
import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from jaxtyping import UInt8

from isogloss.errors import UserError
from isogloss.evaluate.drawn import DRAWN, add_drawn, read_drawn
from isogloss.evaluate.to_paint import ToPaint
from isogloss.saved import read_object
from isogloss.saving import new_file, remove_abandoned, write_json
from isogloss.serve.paint import Painter
from isogloss.serve.painting import Painting
from isogloss.translate.progress import Shown

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute


def paint_prompts(
    painter: Painter,
    painting: Painting,
    asked: Sequence[ToPaint],
    table: Path,
    made_by: Mapping[str, Any],
    shown: Shown,
) -> pa.Table:
    """Paint what is lacking of some prompts, and return the table of all pictures that are painted the same way.

    The table lies at `table`, with its pictures in the folder of its name and what they were made by in the JSON file of its
    name. What is there and was made otherwise is removed first. Pictures are kept as soon as so many as are painted together
    are finished, beside, until all of a language are.

    Args:
        painter: paints as many at a time as its `batch` says.
        asked: of each language.
        table: as of `drawn.drawn_file`.
        made_by: all that decides a picture beside its prompt and seed: JSON.
        shown: how far it is.

    Raises:
        UserError: memory or the disk is full, or the place cannot be written.
    """
    begun = table.with_name(f"unfinished-{table.stem}")
    _claim(table, begun, made_by)
    before = read_drawn(table) if table.exists() else DRAWN.empty_table()
    with shown("pictures", sum(map(len, asked))) as told:
        for one in asked:
            if _there(before, one):
                told(len(one))
                continue
            parts: list[np.ndarray] = []
            for start in range(0, len(one), painter.batch):
                these = slice(start, start + painter.batch)
                parts.append(_part(painter, painting, one.prompts[these], one.seeds[these], begun / one.language))
                told(len(parts[-1]))
            pictures = np.concatenate(parts)
            add_drawn(table, one.language, keys=one.keys, prompts=one.prompts, seeds=one.seeds, pictures=pictures)
            shutil.rmtree(begun / one.language, ignore_errors=True)
    shutil.rmtree(begun, ignore_errors=True)
    return read_drawn(table)


def _claim(table: Path, begun: Path, made_by: Mapping[str, Any]) -> None:
    """Leave nothing there that was made otherwise."""
    for place in (table.parent, *begun.glob("*")):
        remove_abandoned(place)
    file, wanted = table.with_suffix(".json"), json.loads(json.dumps(made_by))
    if _said(file) == wanted:
        return
    table.unlink(missing_ok=True)  # first, so that no row is left of a picture that is gone
    for folder in (begun, table.with_suffix("")):
        shutil.rmtree(folder, ignore_errors=True)
    write_json(file, wanted)


def _said(file: Path) -> dict[str, Any] | None:
    try:
        return read_object(file)
    except UserError:
        return None


def _there(table: pa.Table, one: ToPaint) -> bool:
    """Whether the pictures of these very prompts are there."""
    own = table.filter(pc.equal(table["language"], one.language))
    return all(
        own[name].to_pylist() == list(values)
        for name, values in (("key", one.keys), ("prompt", one.prompts), ("seed", one.seeds))
    )


def _part(
    painter: Painter, painting: Painting, prompts: Sequence[str], seeds: Sequence[int], folder: Path
) -> UInt8[np.ndarray, "image height width 3"]:
    """What is painted together, or was before a stop."""
    named = sha256(json.dumps([prompts, seeds], ensure_ascii=False).encode()).hexdigest()[:16]
    file = folder / f"{named}.npy"
    try:
        kept = np.load(file)
        if len(kept) == len(prompts):
            return kept
    except (OSError, ValueError, EOFError):  # missing or damaged
        pass
    painted = np.stack([np.asarray(one) for one in painter.paint_pairs(prompts, seeds, painting)])
    with new_file(file) as partial, partial.open("wb") as opened:
        np.save(opened, painted)
    return painted
