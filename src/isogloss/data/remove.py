"""Captions taken out of a dataset folder."""

from pathlib import Path
from typing import Any

import pyarrow.compute

from isogloss.data.dataset import Dataset, read_information
from isogloss.data.writing import only_writer, remove_captions, write_captions
from isogloss.errors import unknown

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute


def remove(root: str | Path, language: str, source: str = "") -> int:
    """Take out a language, or those of its captions that a source gave; returns how many captions it were.

    A language whose table is gone already is taken out of dataset.json, and counts as none.

    Raises:
        UserError: there is no such dataset, language or source in it, or the folder cannot be written.
    """
    root = Path(root)
    with only_writer(root):
        if not (root / "captions" / f"{language}.parquet").exists():
            counted = read_information(root)["languages"]
            if language not in counted:
                raise unknown("caption table for the language", language, counted)
            remove_captions(root, language)
            return 0
        table = Dataset.open(root).captions(language)
        kept = table.filter(pc.not_equal(table["source"], source)) if source else table.slice(0, 0)
        if source and kept.num_rows == table.num_rows:
            raise unknown(f"source of the captions in '{language}'", source, pc.unique(table["source"]).to_pylist())
        if kept.num_rows:
            write_captions(root, language, kept)
        else:
            remove_captions(root, language)
        return table.num_rows - kept.num_rows
