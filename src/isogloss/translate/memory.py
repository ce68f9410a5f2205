"""The translation memory: every text that an engine has translated, on disk, so that nothing is translated twice.

    DIR/translation/<language>/<engine>/from-<language>/part-00000001.parquet …

A part appears whole or not at all and is never changed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.errors import UserError
from isogloss.languages import Language
from isogloss.saving import new_file, remove_abandoned
from isogloss.translate.engine import Translation

# Large strings: one array may hold more than the two gigabytes that 32-bit offsets reach.
MEMORY = pa.schema(
    {"text": pa.large_string(), "translation": pa.large_string(), "score": pa.float32(), "complete": pa.bool_()}
)
# More parts than these are made one when a job begins: reading many small files is slow.
_MANY = 64


@dataclass(frozen=True)
class Memory:
    """What one engine has translated from one language into another.

    folder: of the parts; made when the first is written.
    """

    folder: Path

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """What is known, each text once; of several translations the first counts.

        Raises:
            UserError: a part is damaged.
        """
        names = list(dict.fromkeys(["text", *(columns or MEMORY.names)]))
        schema = pa.schema([MEMORY.field(name) for name in names])
        parts = [_read(part, schema) for part in self._parts()]
        table = pa.concat_tables([schema.empty_table(), *parts]).combine_chunks()
        return table if len(parts) < 2 else _each_once(table)

    def add(self, texts: Sequence[str], translations: Sequence[Translation]) -> None:
        """Write what was translated as a further part, in one step.

        Raises:
            UserError: the disk is full or the place cannot be written.
        """
        self._write(
            pa.table(
                {
                    "text": list(texts),
                    "translation": [one.text for one in translations],
                    "score": [one.score for one in translations],
                    "complete": [one.complete for one in translations],
                },
                schema=MEMORY,
            )
        )

    def tidy(self) -> None:
        """Remove what a killed job left half-written, and make one part of many; no other job may be writing."""
        remove_abandoned(self.folder)
        parts = self._parts()
        if len(parts) > _MANY:
            # Killed between the two steps, texts are there twice, which reading allows for.
            self._write(self.read())
            for part in parts:
                part.unlink()

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.parquet"))

    def _write(self, table: pa.Table) -> None:
        parts = self._parts()
        number = int(re.sub(r"\D", "", parts[-1].stem)) + 1 if parts else 1
        with new_file(self.folder / f"part-{number:08}.parquet") as path:
            pq.write_table(table, path, compression="zstd")


def memory_of(root: Path, source: Language, target: Language, engine: str, edition: str = "") -> Memory:
    """The memory of one engine for a pair of languages.

    edition: what its translations depend on besides its name, such as a number of beams; each has a memory of its own.
    """
    name = quote(f"{engine}@{edition}" if edition else engine, safe="@ +,=")
    return Memory(root / "translation" / target.tag / name / f"from-{source.tag}")


def _read(part: Path, schema: pa.Schema) -> pa.Table:
    try:
        return pq.read_table(part, columns=schema.names).cast(schema)
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UserError(f"{part} cannot be read ({reason}); remove it, and its texts are translated again.") from error


def _each_once(table: pa.Table) -> pa.Table:
    codes: Any = table["text"].combine_chunks().dictionary_encode().indices
    _, first = np.unique(codes.to_numpy(), return_index=True)
    return table if len(first) == table.num_rows else table.take(pa.array(np.sort(first)))
