"""Translation on every machine of a Ray cluster: chunks go through Ray Data, and their translations come back here.

Only this process writes the memory, so what is durable is the same as for a job on one machine. Ray opens an engine once in
each of its workers, gives the chunks of a worker or node that dies to another, and starts a worker anew where it can.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.exceptions import RayActorError

from isogloss.errors import UserError
from isogloss.languages import Language
from isogloss.translate.engine import Engine, Translation
from isogloss.translate.engines import NEURAL, EngineChoice
from isogloss.translate.memory import MEMORY
from isogloss.translate.patience import Patience
from isogloss.translate.pending import Chunk
from isogloss.translate.ray_cluster import connect
from isogloss.translate.runner import Runner

_TEXTS = pa.schema([MEMORY.field("text")])
# A user's mistake comes back as data: Ray prints and wraps every exception that crosses it.
_ANSWERS = MEMORY.append(pa.field("refusal", pa.string()))
# So many workers may die at the same chunk: more is no accident, but a chunk that kills.
_ATTEMPTS = 4
_ABSENT = re.compile(r"No module named '([\w.]+)'")


def on_ray(choice: EngineChoice) -> Runner:
    """The runner for an engine: a worker on each GPU of the cluster, or else on every so many cores.

    Raises:
        UserError: one GPU of several is named, which Ray itself has to choose.
    """
    neural = choice.name in NEURAL
    if neural and choice.device.startswith("cuda:"):
        raise UserError(
            f"On Ray every worker takes a free GPU; choose --device cuda or auto instead of {choice.device}."
        )
    return RayRunner(choice.device if neural else "cpu", choice.threads or (0 if neural else 1))


@dataclass(frozen=True)
class RayRunner:
    """Where the workers are put.

    device: "cpu", "cuda", or "auto" for GPUs if the cluster has any; threads: cores of each worker that has no GPU, 0 for
    all those of the largest node.
    """

    device: str
    threads: int

    def __call__(
        self, chunks: Iterable[Chunk], open_engine: Callable[[], Engine], source: Language, target: Language
    ) -> Iterator[tuple[Chunk, list[Translation]]]:
        """Translate on the cluster that RAY_ADDRESS names or that runs on this machine, or on one that ends with this process.

        Raises:
            UserError: the cluster cannot be reached or has no place for a worker, the engine cannot go on, or a chunk ends
                every worker that it is given to.
        """
        connect()
        workers, needs = self._places()
        # Texts wait in Ray's object store, which goes to disk when it is full.
        waiting: list[Any] = [ray.put(pa.table([chunk], schema=_TEXTS)) for chunk in chunks]
        attempts: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Attempts).remote()
        with _failures():
            translated: Any = ray.data.from_arrow_refs(waiting).map_batches(
                _Worker,
                fn_constructor_args=(open_engine, source, target, Path.cwd(), attempts, _ATTEMPTS),
                batch_size=None,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(size=min(workers, len(waiting)), max_tasks_in_flight_per_actor=2),
                **needs,
            )
            for table in translated.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                yield _read(table)

    def _places(self) -> tuple[int, dict[str, Any]]:
        """How many workers the cluster has place for, and what each needs."""
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        if self.device == "cuda" and not gpus:
            raise UserError("No node of the Ray cluster has a GPU; add one, or choose --device cpu.")
        if self.device != "cpu" and gpus:
            return gpus, {"num_gpus": 1}
        cores = [int(node.get("CPU", 0)) for node in nodes]
        each = self.threads or max(1, *cores)
        workers = sum(count // each for count in cores)
        if not workers:
            raise UserError(
                f"No node of the Ray cluster has {each} cores, which a worker needs; its largest has {max(cores, default=0)}, so "
                "give fewer with --threads, or add nodes."
            )
        return workers, {"num_cpus": each}


class _Attempts:
    """How often workers have begun with a chunk, in a process of its own that outlives them.

    Ray itself would give a chunk that kills to one worker after the other for ever; and where it counts, it counts the
    attempts to reach a node that is lost.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def begin(self, first: str) -> int:
        """Count one more for the chunk with this first text, which no other has."""
        self._counts[first] += 1
        return self._counts[first]


class _Worker:
    """Translates chunk after chunk, in a process that Ray starts; `directory` is where the command was typed."""

    def __init__(
        self,
        open_engine: Callable[[], Engine],
        source: Language,
        target: Language,
        directory: Path,
        attempts: Any,
        most: int,
    ) -> None:
        self._open, self._source, self._target, self._directory = open_engine, source, target, directory
        self._attempts, self._most = attempts, most
        self._engine: Engine | None = None

    def __call__(self, texts: pa.Table) -> pa.Table:
        chunk = texts["text"].to_pylist()
        try:
            begun: Any = ray.get(self._attempts.begin.remote(chunk[0]))
            if begun > self._most:
                raise UserError(
                    f"Workers of Ray died {self._most} times at the same captions, most often for lack of memory; what is "
                    "translated is kept, so make them fewer, each with more cores (--threads), or find the reason in Ray's "
                    "logs, and run the same command again."
                )
            engine = self._engine = self._engine or self._opened()
            found = Patience().ask(lambda: engine.translate(chunk, self._source, self._target))
        except UserError as error:
            refusal = {"text": "", "translation": "", "score": None, "complete": False, "refusal": str(error)}
            return pa.Table.from_pylist([refusal], schema=_ANSWERS)
        rows = [
            {"text": text, "translation": one.text, "score": one.score, "complete": one.complete, "refusal": None}
            for text, one in zip(chunk, found, strict=True)
        ]
        return pa.Table.from_pylist(rows, schema=_ANSWERS)

    def _opened(self) -> Engine:
        # A model's relative path is meant from there, where the nodes share a disk.
        with suppress(OSError):
            os.chdir(self._directory)
        return self._open()


def _read(answers: pa.Table) -> tuple[Chunk, list[Translation]]:
    refusals = answers["refusal"].drop_null()
    if len(refusals):
        raise UserError(refusals[0].as_py())
    columns = (answers[name].to_pylist() for name in ("translation", "score", "complete"))
    return answers["text"].to_pylist(), [Translation(*one) for one in zip(*columns, strict=True)]


@contextmanager
def _failures() -> Generator[None]:
    """What a user can mend, said in one sentence."""
    try:
        yield
    except RayActorError as error:
        absent = _ABSENT.search(str(error))
        if absent is None:
            raise
        raise UserError(
            f"A node of the Ray cluster has no Python module '{absent[1]}'; install isogloss and what the engine needs on "
            "every node."
        ) from error
