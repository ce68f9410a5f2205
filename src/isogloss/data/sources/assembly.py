"""The parts of an import, put together to a dataset folder one after the other, so that memory holds little but the keys."""

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from isogloss.data.conversation_tables import COUNTED
from isogloss.data.dataset import Dataset
from isogloss.data.sources.beside import Beside
from isogloss.data.sources.conversing import Conversing, Gathered, gather, split_by
from isogloss.data.sources.growing import growing
from isogloss.data.sources.reading import FOUND, SKIPPED, Part
from isogloss.data.tables import CAPTIONS, IMAGES, many
from isogloss.data.writing import information
from isogloss.errors import UserError
from isogloss.saving import new_folder, write_json

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

KEY_TAKEN = "key of another picture"


@dataclass
class Twice:
    """What becomes of pictures whose key another one has, by (part, row).

    keys: what a row is called instead; None where no name is left for it.
    joined: rows that are the same picture as an earlier one. captions, conversations: what these add, by key: (language,
        text), and lines of JSON.
    parts: those that hold any such picture.
    """

    keys: dict[tuple[int, int], str | None] = field(default_factory=dict[tuple[int, int], str | None])
    joined: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    captions: dict[str, list[tuple[str, str]]] = field(default_factory=dict[str, list[tuple[str, str]]])
    conversations: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    parts: set[int] = field(default_factory=set[int])


def assemble(
    parts: Sequence[Part],
    root: Path,
    *,
    name: str,
    shares: Mapping[str, float],
    identity: Mapping[str, Any],
    provenance: Mapping[str, str],
    conversing: Conversing | None = None,
) -> Dataset:
    """Write a dataset folder from the parts of an import.

    shares: of the splits besides "train", for pictures whose source has none.
    identity: by which the import is recognised when it is asked for again.
    conversing: the source, where it has conversations, too.

    Raises:
        UserError: no picture or conversation can be used, or the disk is full.
    """
    twice = find_twice(parts)
    splits: Counter[str] = Counter()
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    left_out: Counter[str] = Counter()
    silent = shared_out = 0
    first: dict[str, str] = {}
    spoken: Gathered | None = None
    with new_folder(root) as folder, ExitStack() as stack:
        (folder / "captions").mkdir()
        images = stack.enter_context(growing(folder / "images.parquet", IMAGES))
        rejected = stack.enter_context(growing(folder / "rejected.parquet", SKIPPED))
        captions: dict[str, Callable[[pa.Table], None]] = {}

        def reject(skipped: pa.Table) -> None:
            nonlocal first
            left_out.update(skipped["reason"].to_pylist())
            first = first or next(iter(skipped.slice(0, 1).to_pylist()), {})
            rejected(skipped)

        beside = Beside(folder, provenance["name"], stack)
        if conversing:
            spoken = gather(conversing, provenance["name"], parts, folder, shares, reject)
        for number, part in enumerate(parts):
            table, taken = _resolved(pq.read_table(part.found, schema=FOUND), number, twice)
            shared_out += pc.sum(pc.equal(table["split"], "")).as_py() or 0
            table = table.set_column(1, "split", _splits(table, shares, spoken))
            skipped = pa.concat_tables([pq.read_table(part.skipped, schema=SKIPPED), taken])
            splits.update(table["split"].to_pylist())
            silent += pc.sum(pc.equal(pc.list_value_length(table["language"]), 0)).as_py() or 0
            images(table.select(IMAGES.names))
            reject(skipped)
            talked = table.filter(pc.greater(pc.list_value_length(table["conversations"]), 0))
            reject(beside.add(talked["key"].to_pylist(), talked["conversations"].to_pylist()))
            for language, rows in _captions(table, str(provenance["name"])).items():
                if language not in captions:
                    path = folder / "captions" / f"{language}.parquet"
                    captions[language] = stack.enter_context(growing(path, CAPTIONS))
                captions[language](rows)
                counts[language].update(captions=rows.num_rows, images=pc.count_distinct(rows["key"]).as_py())
            _keep_pictures(part, folder)
        said = {language: dict(count) for language, count in sorted(beside.counts.items())}
        if conversing and spoken and spoken.counts["conversations"]:
            said = {conversing.language: dict(spoken.counts)}
        told = sum(count["conversations"] for count in said.values())
        if not splits and not told:
            raise _nothing(provenance["name"], left_out, first)
        notes = {
            "left out": dict(left_out.most_common()),
            "pictures without a caption": silent,
            "listed more than once": len(twice.joined),
            "empty splits": [one for one, share in shares.items() if shared_out and share and one not in splits],
        }
        described = information(
            name=name,
            description=f"{_size(splits.total(), told)} of {provenance['name']}.",
            licence=provenance["licence"],
            sources=[provenance],
            splits=splits,
            languages={language: dict(counts[language]) for language in sorted(counts)},
            notes=notes,
        )
        if told:
            described[COUNTED] = said
        stack.close()
        write_json(folder / "dataset.json", {**described, "import": dict(identity)})
    return Dataset.open(root)


def find_twice(parts: Sequence[Part]) -> Twice:
    """Find the keys that several pictures have, and decide: the same picture is one, another is called by its place too."""
    columns = [pq.read_table(part.found, columns=["key"])["key"] for part in parts]
    keys = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
    counts = pc.value_counts(keys)
    repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    twice = Twice()
    if not len(repeated):
        return twice
    hashes: dict[str, str] = {}
    for number, part in enumerate(parts):
        table = pq.read_table(part.found, columns=["key", "sha256", "place", "language", "text", "conversations"])
        rows = pc.indices_nonzero(pc.is_in(table["key"], value_set=repeated))
        if len(rows):
            twice.parts.add(number)
        for row, one in zip(rows.to_pylist(), table.take(rows).to_pylist(), strict=True):
            names = [one["key"], f"{one['place']}/{one['key']}"] if one["place"] else [one["key"]]
            name = next((name for name in names if hashes.get(name, one["sha256"]) == one["sha256"]), None)
            if name in hashes:
                twice.joined.add((number, row))
                twice.captions.setdefault(name, []).extend(zip(one["language"], one["text"], strict=True))
                twice.conversations.setdefault(name, []).extend(one["conversations"])
            elif name != one["key"]:
                twice.keys[number, row] = name
            if name is not None:
                hashes[name] = one["sha256"]
    placed = pa.array(list(twice.keys.values()), pa.string())
    for spot, taken in zip(list(twice.keys), pc.is_in(placed, value_set=keys).to_pylist(), strict=True):
        if taken:
            twice.keys[spot] = None
    return twice


def _resolved(found: pa.Table, number: int, twice: Twice) -> tuple[pa.Table, pa.Table]:
    """A part's pictures under the keys that they keep, and those without one as skipped."""
    if number not in twice.parts:
        return found, SKIPPED.empty_table()
    rows: list[dict[str, Any]] = []
    taken: list[dict[str, Any]] = []
    for row, one in enumerate(found.to_pylist()):
        if (number, row) in twice.joined:
            continue
        key = twice.keys.get((number, row), one["key"])
        if key is None:
            taken.append(
                {"reason": KEY_TAKEN, "key": one["key"], "file": one["file"], "language": "", "text": "", "detail": ""}
            )
            continue
        captions = dict.fromkeys([*zip(one["language"], one["text"], strict=True), *twice.captions.get(key, ())])
        one |= {"key": key, "language": [tag for tag, _ in captions], "text": [text for _, text in captions]}
        rows.append({**one, "conversations": [*one["conversations"], *twice.conversations.get(key, ())]})
    return pa.Table.from_pylist(rows, FOUND), pa.Table.from_pylist(taken, SKIPPED)


def _splits(found: pa.Table, shares: Mapping[str, float], spoken: Gathered | None) -> pa.Array:
    """The split of every picture: the source's own, or one by the hash of its bytes, or of those that it is bound to."""
    bound = spoken.digests if spoken else {}
    pairs = zip(found["split"].to_pylist(), found["sha256"].to_pylist(), strict=True)
    chosen = [split or split_by(bound.get(digest, digest), shares, hexadecimal=True) for split, digest in pairs]
    return pa.array(chosen, pa.string())


def _size(pictures: int, conversations: int) -> str:
    counts = [many(pictures, "picture")] if pictures or not conversations else []
    return " and ".join([*counts, *([many(conversations, "conversation")] if conversations else [])])


def _captions(found: pa.Table, source: str) -> dict[str, pa.Table]:
    """The caption tables of a part's pictures by language."""
    owners = pc.list_parent_indices(found["language"])
    flat = pa.table(
        {
            "language": pc.list_flatten(found["language"]),
            "key": found["key"].take(owners),
            "text": pc.list_flatten(found["text"]),
        }
    )
    tables: dict[str, pa.Table] = {}
    for language in pc.unique(flat["language"]).to_pylist():
        rows = flat.filter(pc.equal(flat["language"], language))
        count = rows.num_rows
        columns = (rows["key"], rows["text"], pa.repeat(source, count), pa.nulls(count), pa.nulls(count))
        tables[language] = pa.table(
            [pa.chunked_array(c) if isinstance(c, pa.Array) else c for c in columns], CAPTIONS.names
        ).cast(CAPTIONS)
    return tables


def _keep_pictures(part: Part, folder: Path) -> None:
    """Give the folder the pictures that lie in no file; linked, so that a stop loses neither this nor the part."""
    if not part.pictures.exists():
        return
    (folder / "images").mkdir(exist_ok=True)
    try:
        os.link(part.pictures, folder / "images" / part.pictures.name)
    except OSError:  # a file system without links
        shutil.copyfile(part.pictures, folder / "images" / part.pictures.name)


def _nothing(name: str, left_out: Counter[str], first: Mapping[str, str]) -> UserError:
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in left_out.most_common(3))
    example = f", the first {first['file'] or first['key']}" if first else ""
    return UserError(
        f"{name} has no picture that can be used ({reasons or 'it is empty'}{example}); name another source or another "
        "folder of pictures, or mend it."
    )
