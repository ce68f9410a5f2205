"""Any source into a dataset folder: read in units by several processes, resumable, and written whole or not at all."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from isogloss.data.dataset import Dataset
from isogloss.data.sources.assembly import assemble
from isogloss.data.sources.conversing import Conversing
from isogloss.data.sources.how import Import
from isogloss.data.sources.reading import Part, read_unit
from isogloss.data.sources.source import Source
from isogloss.data.unfinished import forget, unfinished
from isogloss.errors import UserError
from isogloss.saved import read_object
from isogloss.saving import refuse_existing
from isogloss.workers import cores, workers

# Units that wait for each process, so that none is idle while this one reads.
AHEAD = 3


def import_source(
    source: Source,
    root: str | Path,
    how: Import | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Read a source into a dataset folder, going on where the same import was stopped.

    What cannot be used is left out and listed in `rejected.parquet`. An import that is finished already is not repeated.

    progress: called with (pictures found, entries skipped).

    Raises:
        UserError: the source cannot be read, nothing in it can be used, something else lies at `root`, or the disk is full.
    """
    root, how = Path(root), how or Import()
    options = {"splits": how.splits(), "decoded": how.decoded, "name": how.name}
    identity = as_json({"source": source.identity(), **options})
    if finished(root, identity):
        forget(root, "import")  # of a kill between the dataset's last step and the end
        return Dataset.open(root)
    refuse_existing(root)
    refusal = f"{root} is being imported by another process; wait for it to end."
    with unfinished(root, "import", identity, refusal, _any_found) as folder:
        parts = _read_all(source, folder, how, progress or (lambda found, skipped: None))
        for partial in root.parent.glob(f".{root.name}.*.partial"):  # of an import that was killed as it ended
            shutil.rmtree(partial, ignore_errors=True)
        dataset = assemble(
            parts,
            root,
            name=how.name or root.name,
            shares=how.splits(),
            identity=identity,
            provenance=source.provenance(),
            conversing=source if isinstance(source, Conversing) else None,
        )
        forget(root, "import")
    return dataset


def as_json(identity: Mapping[str, Any]) -> dict[str, Any]:
    """An identity as it comes back from a file, so that both can be compared."""
    return json.loads(json.dumps(identity))


def finished(root: Path, identity: Mapping[str, Any]) -> bool:
    """Whether the dataset at `root` is what this very import made."""
    path = root / "dataset.json"
    return path.exists() and read_object(path).get("import") == identity


def _any_found(folder: Path) -> bool:
    return any(pq.read_metadata(part).num_rows for part in folder.glob("found-*.parquet"))


def _read_all(source: Source, folder: Path, how: Import, progress: Callable[[int, int], None]) -> list[Part]:
    """Read every unit that has no part yet: the first here, and if there are more, by processes."""
    counts: Counter[str] = Counter()
    parts: list[Part] = []
    jobs = how.jobs or cores()

    def note(found: int, skipped: int) -> None:
        counts.update(found=found, skipped=skipped)
        progress(counts["found"], counts["skipped"])

    with ExitStack() as stack:
        pool: ProcessPoolExecutor | None = None
        running: set[Future[tuple[int, int]]] = set()
        for number, unit in enumerate(source.units()):
            part = Part.of(folder, number)
            parts.append(part)
            if part.finished:
                note(*part.counts())
            elif jobs > 1 and number and len(running) < AHEAD * (jobs - 1):
                pool = pool or stack.enter_context(workers(jobs - 1))
                running.add(pool.submit(read_unit, unit, part, how.decoded))
            else:  # this process is one of the jobs
                note(*read_unit(unit, part, how.decoded))
            running = _collect(running, note, wait_for_one=False)
        while running:
            running = _collect(running, note)
    if not parts:
        raise UserError(f"{source.provenance()['name']} holds nothing; name another source.")
    return parts


def _collect(
    running: set[Future[tuple[int, int]]], note: Callable[[int, int], None], wait_for_one: bool = True
) -> set[Future[tuple[int, int]]]:
    done, left = wait(running, timeout=None if wait_for_one else 0, return_when=FIRST_COMPLETED)
    for future in done:
        note(*future.result())
    return left
