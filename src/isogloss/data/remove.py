"""Captions and conversations taken out of a dataset folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from isogloss.data.conversation_tables import CONVERSATIONS, COUNTED, read_conversation_table, table_path
from isogloss.data.dataset import Dataset, read_information
from isogloss.data.tables import read_table
from isogloss.data.writing import only_writer, remove_captions, write_captions, write_conversation_table
from isogloss.errors import unknown

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

_SOURCE = pa.schema({"source": pa.string()})
KINDS = ("captions", "conversations")


@dataclass(frozen=True)
class Removed:
    """How many were taken out of each."""

    captions: int = 0
    conversations: int = 0


def remove(root: str | Path, language: str, source: str = "", what: str = "") -> Removed:
    """Take out a language, or of its captions and conversations those that a source gave.

    A language whose table is gone already is taken out of dataset.json, and counts as none.

    what: "captions" or "conversations"; both where empty.

    Raises:
        UserError: there is no such dataset, language or source in it, or the folder cannot be written.
    """
    if what not in ("", *KINDS):
        raise unknown("kind of text to take out", what, KINDS)
    root = Path(root)
    with only_writer(root):
        paths = {"captions": root / "captions" / f"{language}.parquet", "conversations": table_path(root, language)}
        known = _languages(root)
        kinds = [kind for kind in KINDS if what in ("", kind) and (paths[kind].exists() or language in known[kind])]
        if not kinds:
            tables = {"captions": "caption table", "conversations": "table of conversations"}
            named = tables.get(what, "table of captions or conversations")
            raise unknown(
                f"{named} for the language",
                language,
                {tag for kind in KINDS if what in ("", kind) for tag in known[kind]},
            )
        there = {kind: _sources(paths[kind]) for kind in kinds}
        if source and not any(source in found for found in there.values()):
            every = {name for found in there.values() for name in found}
            raise unknown(f"source of the {' and '.join(kinds)} in '{language}'", source, every)
        remaining = [kind for kind in kinds if not source or source in there[kind]]
        return Removed(
            _captions(root, language, source) if "captions" in remaining else 0,
            _conversations(root, language, source) if "conversations" in remaining else 0,
        )


def _languages(root: Path) -> dict[str, set[str]]:
    information = read_information(root)
    found: dict[str, set[str]] = {"captions": set(information["languages"]), COUNTED: set(information.get(COUNTED, {}))}
    for kind in KINDS:
        found[kind] |= {path.stem for path in (root / kind).glob("*.parquet")}
    return found


def _sources(path: Path) -> set[str]:
    if not path.exists():
        return set()
    return set(pc.unique(read_table(path, _SOURCE)["source"]).to_pylist())


def _captions(root: Path, language: str, source: str) -> int:
    if not (root / "captions" / f"{language}.parquet").exists():
        remove_captions(root, language)
        return 0
    table = Dataset.open(root).captions(language)
    kept = table.filter(pc.not_equal(table["source"], source)) if source else table.slice(0, 0)
    if kept.num_rows:
        write_captions(root, language, kept)
    else:
        remove_captions(root, language)
    return table.num_rows - kept.num_rows


def _conversations(root: Path, language: str, source: str) -> int:
    path = table_path(root, language)
    table = read_conversation_table(root, language) if path.exists() else CONVERSATIONS.empty_table()
    sources = [source] if source else pc.unique(table["source"]).to_pylist()
    write_conversation_table(root, language, CONVERSATIONS.empty_table(), sources)
    return pc.sum(pc.is_in(table["source"], value_set=pa.array(sources, pa.string()))).as_py() or 0
