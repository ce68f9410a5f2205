"""Sources of conversations: what they are beside sources of pictures, and what an import makes of them."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.data.conversation_tables import CONVERSATIONS, table_of, table_path
from isogloss.data.conversations import Conversation
from isogloss.data.sources.growing import growing
from isogloss.data.sources.reading import SKIPPED, Part
from isogloss.data.sources.source import Skipped

UNUSED_PICTURE = "picture that was left out"
# Conversations that are Python's own at a time.
_TOGETHER = 1 << 13


@runtime_checkable
class Conversing(Protocol):
    """A source that has conversations about the pictures of its units; a key is of one picture only."""

    @property
    def language(self) -> str:
        """The tag of all conversations."""
        ...

    def conversations(self) -> Iterator[Conversation | Skipped]:
        """They, one after the other, each key once; pictures are named by the keys that the units give them."""
        ...


@dataclass(frozen=True)
class Gathered:
    """What became of a source's conversations.

    counts: as dataset.json has them; digests: of pictures that conversations bind together, that of one of them, by which
    the split of all is chosen.
    """

    counts: Mapping[str, int]
    digests: Mapping[str, str]


def gather(
    source: Conversing,
    name: str,
    parts: Sequence[Part],
    folder: Path,
    shares: Mapping[str, float],
    reject: Callable[[pa.Table], None],
) -> Gathered:
    """Write the table of a source's conversations into the folder of a dataset that is being made.

    name: of the source; parts: of the import, which have its pictures; shares: of the splits besides "train", for
    conversations without a picture; reject: takes a table of what is left out.
    """
    digests = _digests(parts)
    together = _Together()
    counts: Counter[str] = Counter(conversations=0, turns=0, images=0)
    seen: set[str] = set()
    path = table_path(folder, source.language)
    path.parent.mkdir()
    entries = source.conversations()
    with growing(path, CONVERSATIONS) as write:
        while some := list(islice(entries, _TOGETHER)):
            good: list[Conversation] = []
            skipped: list[Skipped] = []
            for one in some:
                if isinstance(one, Skipped):
                    skipped.append(one)
                    continue
                lost = next((key for key in one.images if key not in digests), None)
                if lost is not None:
                    skipped.append(Skipped(UNUSED_PICTURE, one.key, lost, one.language, one.turns[0].text[:1000]))
                    continue
                good.append(one)
                together.bind([digests[key] for key in one.images])
                seen.update(one.images)
                counts.update(conversations=1, turns=len(one.turns))
            splits = {one.key: split_by(one.key, shares) for one in good if not one.images}
            write(table_of(good, source.language, name, splits))
            reject(_rejected(skipped))
    if not counts["conversations"]:
        path.unlink()
        path.parent.rmdir()
    return Gathered({**counts, "images": len(seen)}, together.chosen())


def split_by(digest: str, shares: Mapping[str, float], hexadecimal: bool = False) -> str:
    """The split that a hash falls into: one of `shares`, or "train".

    hexadecimal: the digest is that of SHA-256 already; any other text is hashed first.
    """
    if not hexadecimal:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    position = int(digest[:13], 16) / 16**13
    for name, share in shares.items():
        if position < share:
            return name
        position -= share
    return "train"


class _Together:
    """Pictures in sets that only ever grow together, each known by its least."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def bind(self, digests: Sequence[str]) -> None:
        if len(digests) < 2:
            return
        roots = sorted({self._root(digest) for digest in digests})
        for root in roots:
            self._above[root] = roots[0]

    def chosen(self) -> dict[str, str]:
        return {digest: self._root(digest) for digest in list(self._above)}

    def _root(self, digest: str) -> str:
        path: list[str] = []
        while (above := self._above.get(digest, digest)) != digest:
            path.append(digest)
            digest = above
        for below in path:
            self._above[below] = digest
        return digest


def _digests(parts: Sequence[Part]) -> dict[str, str]:
    """The SHA-256 of every picture by its key."""
    found: dict[str, str] = {}
    for part in parts:
        table = pq.read_table(part.found, columns=["key", "sha256"])
        found.update(zip(table["key"].to_pylist(), table["sha256"].to_pylist(), strict=True))
    return found


def _rejected(skipped: Sequence[Skipped]) -> pa.Table:
    rows = {
        name: [getattr(one, name).encode("utf-8", "backslashreplace").decode() for one in skipped]
        for name in SKIPPED.names
    }
    return pa.table(rows, SKIPPED)
