"""What is measured of each drawn picture, a row a picture, from which all figures of paint models are made.

key, language, seed, and a column of each measure, null where it says nothing of a picture
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float, UInt8

from isogloss.data.tables import check_columns, many, read_footer
from isogloss.data.worlds.shapes.world import scene_of_picture
from isogloss.errors import UserError
from isogloss.evaluate.drawings import drawings_right, others_right, read_drawings
from isogloss.evaluate.drawn import DRAWINGS, drawn_file
from isogloss.saving import new_file

PLACES = pa.schema({"key": pa.string(), "language": pa.string(), "seed": pa.int64()})
# What a measure would be, had the picture been drawn for other prompts of its language.
OTHERS = "_of_others"


def measures_file(run: Path, split: str, dataset: str | Path | None = None, kind: str = DRAWINGS) -> Path:
    """Where what was measured of each picture lies.

    Args:
        dataset: as of `provenance.evaluation_file`.
        kind: of the pictures; those through English have the pictures of English prompts beside them.
    """
    return drawn_file(run, split, dataset, f"measures-{kind}")


def shapes_measures(
    keys: Sequence[str], pictures: UInt8[np.ndarray, "image height width channel"]
) -> dict[str, Float[np.ndarray, " image"]]:
    """What the oracle of the shapes world finds right in each picture (`drawings.right`), and `attributes_of_others`.

    Args:
        keys: of the real pictures whose scenes were to be drawn.
        pictures: in the same order, all of one language.

    Raises:
        ValueError: a key is that of no such picture.
    """
    scenes, readings = [scene_of_picture(key) for key in keys], read_drawings(pictures)
    found = drawings_right(scenes, readings)
    if len(scenes) > 1:
        found["attributes" + OTHERS] = others_right(scenes, readings)["attributes"]
    return found


def measured_table(drawn: pa.Table, measures: Mapping[str, Float[np.ndarray, " image"]]) -> pa.Table:
    """Rows of drawn pictures with what was measured of each.

    Args:
        drawn: rows as of `drawn.DRAWN`.
        measures: of each picture, in their order; what is not a number becomes null.
    """
    columns = {name: pa.array(values, pa.float64(), from_pandas=True) for name, values in measures.items()}
    return pa.table({**{name: drawn[name] for name in PLACES.names}, **columns})


def write_measures(path: Path, measured: pa.Table) -> None:
    """Write what was measured of each picture, whole or not at all.

    Raises:
        UserError: the table is none of measures, the disk is full, or the place cannot be written.
    """
    _check(measured.schema, path)
    with new_file(path) as partial:
        pq.write_table(measured, partial, compression="zstd")


def read_measures(path: Path) -> pa.Table:
    """What was measured of each picture.

    Raises:
        UserError: the file is missing, damaged, or no table of measures.
    """
    _check(read_footer(path), path)
    try:
        table = pq.read_table(path)
        table.validate(full=True)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path} is damaged ({error}); evaluate the run again.") from error
    for name in PLACES.names:
        if table[name].null_count:
            raise UserError(
                f"{path} has {many(table[name].null_count, 'row')} without '{name}'; evaluate the run again."
            )
    return table


def _check(found: pa.Schema, path: Path) -> None:
    check_columns(found, PLACES, path)
    for field in found:
        if field.name not in PLACES.names and field.type != pa.float64():
            raise UserError(f"The column '{field.name}' of {path} holds {field.type}; it should hold double.")
