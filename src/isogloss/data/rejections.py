"""What was left out of a dataset, counted by reason."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from isogloss.data.counting import batches, count, most_first

_BATCH = 1 << 17


@dataclass(frozen=True)
class Rejected:
    """Captions or conversations of a language that were left out, by source (of an engine) or by table, and reason."""

    tag: str
    origin: str
    reasons: Mapping[str, int]

    @property
    def count(self) -> int:
        return sum(self.reasons.values())


def rejected(folder: Path, origin: str) -> Iterator[Rejected]:
    """What the tables of a folder list, by the language that names the table and by `origin`."""
    for path in sorted(folder.glob("*.parquet")):
        reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for batch in batches(path, [origin, "reason"], _BATCH):
            grouped = pa.Table.from_batches([batch]).group_by([origin, "reason"]).aggregate([([], "count_all")])
            for one in grouped.to_pylist():
                reasons[str(one[origin])][str(one["reason"])] += one["count_all"]
        for name in sorted(reasons):
            yield Rejected(path.stem, name, most_first(reasons[name]))


def imported(path: Path) -> Mapping[str, int]:
    """What an import listed, by reason."""
    reasons: Counter[str] = Counter()
    if path.exists():
        for batch in batches(path, ["reason"], _BATCH):
            count(reasons, batch["reason"])
    return most_first(reasons)
