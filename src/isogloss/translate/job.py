"""The translation of a dataset's captions or conversations from one language into another, as a job that cannot be lost.

What is translated is in the memory from then on, whatever happens: a kill costs at most what was in hand. The caption
table is made of the memory alone, once everything that was asked for is there, and replaces the former one in one step; a
job that is stopped leaves the former one as it was.
"""

import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import CONVERSATIONS, read_conversation_table, table_path
from isogloss.data.dataset import ALL, Dataset
from isogloss.data.tables import CAPTIONS, read_table
from isogloss.data.writing import only_writer, remove_captions, write_captions, write_conversation_table
from isogloss.errors import UserError
from isogloss.languages import Language
from isogloss.lock import only_one
from isogloss.saving import new_file, remove_abandoned
from isogloss.translate.engine import Engine, Translation
from isogloss.translate.memory import Memory, memory_of
from isogloss.translate.outcome import REJECTED, Judge, count_reasons, pair, replace_source, tables, verdicts
from isogloss.translate.pending import Chunk, Pending, chunks, pending
from isogloss.translate.progress import progress
from isogloss.translate.runner import Runner, run_locally
from isogloss.translate.turns import spoken, spoken_texts

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

What = Literal["captions", "conversations"]
# Seconds; of an engine that is paid for, each chunk is written at once.
WRITE_EVERY = 1.0


@dataclass(frozen=True)
class Job:
    """What is translated and from what.

    edition: what the translations depend on besides the engine's name, as for `memory_of`; split: of the pictures whose
    captions are translated; limit: so many different texts at most, the first of the table, or 0 for all; what: "captions" or
    "conversations", which have one memory.
    """

    dataset: Dataset
    source: Language
    target: Language
    engine: str
    edition: str = ""
    split: str = ALL
    limit: int = 0
    what: What = "captions"

    def __post_init__(self) -> None:
        if self.source == self.target:
            raise UserError(f"Captions cannot be translated from {self.source.tag} into {self.target.tag} itself.")
        if self.limit < 0:
            raise UserError(f"limit is {self.limit}; give a number of captions, or 0 for all.")

    @property
    def memory(self) -> Memory:
        """Where what is translated lies."""
        return memory_of(self.dataset.root, self.source, self.target, self.engine, self.edition)

    def pending(self) -> Pending:
        """What remains to be done.

        Raises:
            UserError: the dataset has not got the language or the split, or a table or the memory is damaged.
        """
        if self.what == "conversations":
            known = self.memory.read(["text"])["text"]
            return pending(spoken_texts(self.conversations()), known, self.limit)
        return pending(self.captions()["text"], self.memory.read(["text"])["text"], self.limit)

    def captions(self) -> pa.Table:
        """The captions that are translated.

        Raises:
            UserError: the dataset has not got the language or the split, or the table is damaged.
        """
        captions = self.dataset.captions(self.source.tag)
        if self.split == ALL:
            return captions
        # Large strings: all keys together may be more than the two gigabytes that 32-bit offsets reach.
        return captions.filter(pc.is_in(captions["key"].cast(pa.large_string()), value_set=self.pictures()))

    def pictures(self) -> pa.ChunkedArray | None:
        """The keys of the pictures of the split; None where it is all of them."""
        return None if self.split == ALL else self.dataset.images(self.split, ["key"])["key"].cast(pa.large_string())

    def conversations(self) -> pa.Table:
        """The conversations that are translated.

        Raises:
            UserError: the dataset has not got the language or the split, or the table is damaged.
        """
        found = read_conversations(self.dataset.root, self.source.tag, self.split)
        chosen = np.zeros(found.table.num_rows, bool)
        chosen[found.rows] = True
        return found.table.filter(pa.array(chosen))


@dataclass(frozen=True)
class Result:
    """What a job has made: captions or conversations written, those rejected by reason, and those not translated yet.

    beside: translations of other engines that are in the table too, by engine.
    """

    captions: int
    rejected: Mapping[str, int]
    waiting: int
    beside: Mapping[str, int]


def translate(
    job: Job,
    engine: Engine,
    *,
    judge: Judge | None = None,
    run: Runner = run_locally,
    open_engine: Callable[[], Engine] | None = None,
    write_every: float = WRITE_EVERY,
) -> Result:
    """Translate what is not in the memory, then write the caption table of the target language.

    Rows of the table that have another source than the engine stay; the engine's own are replaced, and where the job is of
    one split those of that split alone. Captions that the judge rejects go to rejected/<language>.parquet.

    judge: without one, every translation that can be a caption is one; run: where chunks are translated; open_engine: how
    the engine is opened there, where that is in other processes than this; write_every: seconds of work that a kill may
    cost besides the chunk in hand.

    Raises:
        UserError: another job is translating into the language, the engine cannot go on, a table is damaged, or the
            disk is full. KeyboardInterrupt: it was stopped. What is translated is kept in all cases.
    """
    root, tag = job.dataset.root, job.target.tag
    refusal = f"Another job is translating {root} into {tag}; wait for it to end, or stop it."
    with only_one(root / "translation" / tag / ".lock", refusal), _terminated_as_by_ctrl_c():
        job.memory.tidy()
        todo = job.pending()
        if len(todo.texts):
            found = run(
                chunks(todo.texts, engine.texts_per_call), open_engine or (lambda: engine), job.source, job.target
            )
            _remember(job, len(todo.texts), found, 0.0 if engine.price else write_every)
        return _write_conversations(job, judge) if job.what == "conversations" else _write(job, judge)


def _remember(job: Job, count: int, translated: Iterator[tuple[Chunk, list[Translation]]], write_every: float) -> None:
    """Put so many texts into the memory as they are translated."""
    # One list, to which a chunk is added in one step: Ctrl-C may come between any two.
    done: list[tuple[Chunk, list[Translation]]] = []
    written = time.monotonic()

    def write() -> None:
        job.memory.add([text for chunk, _ in done for text in chunk], [one for _, found in done for one in found])

    with progress(f"{job.source.tag} → {job.target.tag}", count) as advance:
        try:
            for chunk, found in translated:
                if len(chunk) != len(found):
                    raise RuntimeError(f"{job.engine} gave {len(found)} translations for {len(chunk)} texts")
                done.append((chunk, found))
                if time.monotonic() - written >= write_every:
                    write()
                    done.clear()
                    written = time.monotonic()
                advance(len(chunk))
        finally:
            if done:
                write()


def _write(job: Job, judge: Judge | None) -> Result:
    """Make the tables of what the memory has; a job that is killed here makes the same ones when it is run again."""
    root, tag = job.dataset.root, job.target.tag
    pairs = pair(job.captions(), job.memory.read())
    judged = verdicts(pairs, judge, job.source, job.target)
    path, aside = root / "captions" / f"{tag}.parquet", root / "rejected" / f"{tag}.parquet"
    with only_writer(root):
        # Read again: judging takes long, and others may add and remove captions meanwhile.
        captions, pictures = job.captions(), job.pictures()
        made, rejected = tables(captions, pairs, judged, job.engine)
        for folder in (root, path.parent, aside.parent):  # into which none but this job may be writing now
            remove_abandoned(folder)
        _replace(aside, REJECTED, job.engine, rejected, pictures)
        present = read_table(path, CAPTIONS) if path.exists() else CAPTIONS.empty_table()
        table = replace_source(present, job.engine, made, pictures)
        if table.num_rows:
            write_captions(root, tag, table)
        elif path.exists():
            remove_captions(root, tag)  # a language without a caption is none
    waiting = captions.num_rows - made.num_rows - rejected.num_rows
    others = table.filter(pc.and_(pc.not_equal(table["source"], job.engine), pc.is_valid(table["original"])))
    beside = {count["values"]: count["counts"] for count in others["source"].value_counts().to_pylist()}
    return Result(made.num_rows, count_reasons(rejected), waiting, beside)


def _write_conversations(job: Job, judge: Judge | None) -> Result:
    """Make the table of conversations of what the memory has; it replaces the engine's former ones of the split in one step."""
    root, tag = job.dataset.root, job.target.tag
    texts = pa.table({"text": spoken_texts(job.conversations())})
    pairs = pair(texts, job.memory.read())
    judged = verdicts(pairs, judge, job.source, job.target)
    path, aside = table_path(root, tag), root / "rejected" / "conversations" / f"{tag}.parquet"
    with only_writer(root):
        conversations = job.conversations()
        keys = None if job.split == ALL else conversations["key"].cast(pa.large_string())
        found = spoken(conversations, pairs, judged, job.engine, tag)
        for folder in (root, path.parent, aside.parent):  # into which none but this job may be writing now
            remove_abandoned(folder)
        if found.rejected.num_rows or aside.exists():
            _replace(aside, REJECTED, job.engine, found.rejected, keys)
        if found.made.num_rows or path.exists():
            former = read_conversation_table(root, tag) if path.exists() else CONVERSATIONS.empty_table()
            own = former.filter(pc.equal(former["source"], job.engine))
            write_conversation_table(root, tag, replace_source(own, job.engine, found.made, keys), (job.engine,))
        present = read_conversation_table(root, tag) if path.exists() else found.made
    others = present.filter(
        pc.and_(pc.not_equal(present["source"], job.engine), pc.is_in(present["key"], value_set=found.made["key"]))
    )
    beside = {count["values"]: count["counts"] for count in others["source"].value_counts().to_pylist()}
    return Result(found.made.num_rows, count_reasons(found.rejected), found.waiting, beside)


def _replace(path: Path, schema: pa.Schema, engine: str, rows: pa.Table, keys: pa.ChunkedArray | None) -> None:
    present = read_table(path, schema) if path.exists() else schema.empty_table()
    with new_file(path) as partial:
        pq.write_table(replace_source(present, engine, rows, keys), partial, compression="zstd")


@contextmanager
def _terminated_as_by_ctrl_c() -> Generator[None]:
    """A termination, as by a cluster that takes a machine back, ends the job in the same way as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():  # where Python sets no handlers
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
