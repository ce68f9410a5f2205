"""What conversations are in a dataset, counted table by table and batch by batch, and some of them by chance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from numpy.typing import NDArray

from isogloss.data.conversation_tables import USUAL_SPLIT, conversation_languages, conversation_of, table_path
from isogloss.data.conversations import LONGEST_TURN, Conversation
from isogloss.data.counting import Scores, batches, count, most_first, quartiles
from isogloss.data.dataset import Dataset
from isogloss.data.tally import Tally

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

_BATCH = 1 << 15


@dataclass(frozen=True)
class ConversationInventory:
    """The conversations of one language.

    turns: of all together; pictures: the different ones; pictureless: conversations without any; splits: conversations of
    each; lengths: of replies and plain texts, in characters; sources: conversations by source; strangers: conversations
    whose first picture is not listed.
    """

    tag: str
    conversations: int
    turns: int
    pictures: int
    pictureless: int
    splits: Mapping[str, int]
    lengths: Tally
    sources: Mapping[str, int]
    scores: Scores | None
    strangers: int


def conversation_inventories(
    dataset: Dataset, keys: pa.ChunkedArray, splits: NDArray[np.int64], names: Sequence[str]
) -> tuple[ConversationInventory, ...]:
    """Count the conversations of every language.

    keys: of the dataset's pictures; splits: the number of each one's; names: of the splits.

    Raises:
        UserError: a table is damaged or missing.
    """
    return tuple(_inventory(dataset, tag, keys, splits, names) for tag in conversation_languages(dataset.root))


def _inventory(
    dataset: Dataset, tag: str, keys: pa.ChunkedArray, splits: NDArray[np.int64], names: Sequence[str]
) -> ConversationInventory:
    lengths = Tally(LONGEST_TURN)
    sources: Counter[str] = Counter()
    found: Counter[str] = Counter(dict.fromkeys(names, 0))
    scores: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
    shown: list[pa.Array] = []
    first: list[pa.Array] = []
    conversations = turns = 0
    columns = ["images", "roles", "texts", "source", "score", "split"]
    for batch in batches(table_path(dataset.root, tag), columns, _BATCH):
        conversations += batch.num_rows
        roles, texts = pc.list_flatten(batch["roles"]), pc.list_flatten(batch["texts"])
        turns += len(roles)
        said = texts.filter(pc.is_in(roles, value_set=pa.array(["assistant", "text"])))
        lengths.add(pc.utf8_length(said).to_numpy(False).astype(np.int64))
        count(sources, batch["source"])
        scores.append(batch["score"].drop_null().to_numpy(False).astype(np.float32))
        pictured = pc.greater(pc.list_value_length(batch["images"]), 0)
        count(found, pc.fill_null(batch["split"].filter(pc.invert(pictured)), USUAL_SPLIT))
        first.append(pc.list_element(batch["images"].filter(pictured), 0).cast(pa.large_string()))
        shown.append(pc.unique(pc.list_flatten(batch["images"])).cast(pa.large_string()))
    rows = pc.index_in(pa.chunked_array(first, pa.large_string()), value_set=keys)
    known = rows.drop_null().to_numpy().astype(np.int64)
    for name, number in zip(names, np.bincount(splits[known], minlength=len(names)).tolist(), strict=True):
        found[name] += number
    return ConversationInventory(
        tag,
        conversations,
        turns,
        pc.count_distinct(pa.chunked_array(shown, pa.large_string())).as_py(),
        conversations - len(rows),
        {name: number for name, number in found.items() if number},
        lengths,
        most_first(sources),
        quartiles(np.concatenate(scores)),
        rows.null_count,
    )


def sampled_conversations(dataset: Dataset, samples: int, seed: int = 0) -> list[dict[str, Conversation]]:
    """Some conversations by chance, each in every language that has it: the first of its source, by tag.

    They are drawn of English, or of the first language that there is.

    Raises:
        UserError: a table is damaged or missing.
    """
    tags = conversation_languages(dataset.root)
    if not tags:
        return []
    drawn = "en" if "en" in tags else tags[0]
    rows = pq.read_metadata(table_path(dataset.root, drawn)).num_rows
    chosen = np.sort(np.random.default_rng(seed).choice(rows, min(samples, rows), replace=False))
    keys: list[str] = []
    start = 0
    for batch in batches(table_path(dataset.root, drawn), ["key"], _BATCH):
        inside = chosen[(chosen >= start) & (chosen < start + batch.num_rows)] - start
        keys += batch["key"].take(pa.array(inside)).to_pylist()
        start += batch.num_rows
    told: dict[str, dict[str, Conversation]] = {key: {} for key in keys}
    for tag in (drawn, *(tag for tag in tags if tag != drawn)):
        for batch in batches(table_path(dataset.root, tag), ["key", "images", "roles", "texts"], _BATCH):
            for row in batch.filter(pc.is_in(batch["key"], value_set=pa.array(keys, pa.string()))).to_pylist():
                told[row["key"]].setdefault(tag, conversation_of(row, tag))
    return list(told.values())
