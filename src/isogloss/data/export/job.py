"""Any dataset folder to archives or Parquet files: by several processes, resumable, and there whole or not at all."""

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.data.conversation_tables import conversation_languages, table_path
from isogloss.data.dataset import Dataset
from isogloss.data.export import parquet, webdataset
from isogloss.data.export.card import dataset_card
from isogloss.data.export.conversations import APART, write_apart
from isogloss.data.export.prepared import Plan, Prepared, Shard, prepare
from isogloss.data.tables import many
from isogloss.data.unfinished import forget, unfinished
from isogloss.errors import UserError, unknown
from isogloss.saved import read_object
from isogloss.saving import new_file, refuse_existing, write_json, write_text, writing
from isogloss.workers import cores, workers

# Each module has `shard_file` and `write_shard`.
FORMATS: Mapping[str, ModuleType] = {"webdataset": webdataset, "parquet": parquet}
# The file by which a finished export is known.
RECORD = "export.json"

_REJECTED = pa.schema({"key": pa.string(), "file": pa.string(), "reason": pa.string()})


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes:
        files: how many shards. pictures: how many are in them.
        rejected: pictures that were missing or had changed; rejected.parquet says which.
        untold: pictures without a caption in the main language.
        beside: conversations beside the one picture that they are about. apart: those in files of their own.
        unheard: conversations that are left out with a picture.
    """

    files: int
    pictures: int
    rejected: int
    untold: int
    beside: int = 0
    apart: int = 0
    unheard: int = 0


def export_dataset(
    root: str | Path,
    target: str | Path,
    kind: str,
    *,
    shard_bytes: int = 256_000_000,
    main: str = "",
    jobs: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Write a dataset folder as WebDataset or Parquet, going on where the same export was stopped.

    A finished export of the same dataset is not repeated.

    Args:
        root: the dataset folder. target: the folder to make. kind: one of FORMATS.
        shard_bytes: the most bytes of pictures in a file, which has one picture at least.
        main: the language of a picture's one caption in WebDataset; English, or the first there is, where empty.
        jobs: processes; 0 for one on each core.
        progress: called with (pictures done, pictures).

    Raises:
        UserError: the dataset is damaged, no picture can be read, something else lies at `target`, or the disk is full.
    """
    if kind not in FORMATS:
        raise unknown("format", kind, (*FORMATS, "llava"))
    if shard_bytes < 1:
        raise UserError(f"A file of {shard_bytes} bytes holds no picture; give a size above 0.")
    dataset, target = Dataset.open(root), Path(target)
    if not dataset.languages:
        raise UserError(
            f"{dataset.root} has no captions; add a language with `isogloss data add`, or export conversations with "
            "--format llava."
        )
    main = main or ("en" if "en" in dataset.languages else dataset.languages[0])
    if main not in dataset.languages:
        raise unknown("caption table for the language", main, dataset.languages)
    splits = _file_names(dataset)
    identity = {"format": kind, "main": main, "shard_bytes": shard_bytes, "dataset": _digest(dataset)}
    if (target / RECORD).exists() and (record := read_object(target / RECORD)).get("identity") == identity:
        forget(target, "export")  # of a kill between the export's last step and the end
        return Exported(**record["exported"])
    refuse_existing(target)
    refusal = f"{target} is being written by another process; wait for it to end."
    with unfinished(target, "export", identity, refusal, _any_written) as folder:
        plan = prepare(dataset, folder / "prepared", shard_bytes)
        _write_all(dataset, folder, plan, splits, kind, main, jobs or cores(), progress or (lambda done, total: None))
        exported = _finish(dataset, folder, plan, splits, kind, main, identity)
        with writing(target):
            (folder / "whole").rename(target)
        forget(target, "export")
    return exported


def _any_written(folder: Path) -> bool:
    return any(read_object(counted)["pictures"] for counted in (folder / "done").glob("*.json"))


def _file_names(dataset: Dataset) -> dict[str, str]:
    """The splits' names as the Hub and shell patterns take them: letters, digits and underscores."""
    names = {split: re.sub(r"\W", "_", split, flags=re.ASCII) for split in dataset.splits}
    if len(set(names.values())) < len(names):
        raise UserError(f"The splits {', '.join(names)} would have the same file names; rename one in the dataset.")
    return names


def _digest(dataset: Dataset) -> str:
    digest = hashlib.sha256()
    tables = [dataset.root / "captions" / f"{language}.parquet" for language in dataset.languages]
    tables += [table_path(dataset.root, language) for language in conversation_languages(dataset.root)]
    for path in (dataset.root / "dataset.json", dataset.root / "images.parquet", *tables):
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _write_all(
    dataset: Dataset,
    folder: Path,
    plan: Plan,
    splits: Mapping[str, str],
    kind: str,
    main: str,
    jobs: int,
    progress: Callable[[int, int], None],
) -> None:
    total, done = sum(dataset.splits.values()), 0
    missing: list[tuple[Shard, Path]] = []
    for shard in plan.shards:
        path = folder / "whole" / FORMATS[kind].shard_file(shard, splits[shard.split])
        # What was counted is written last.
        if _counted(folder, path).exists():
            done += shard.last - shard.first
        else:
            missing.append((shard, path))
    progress(done, total)
    if jobs == 1 or len(missing) < 2:
        for shard, path in missing:
            done += _write_one(
                dataset, folder, shard, path, kind, main, lambda more, before=done: progress(before + more, total)
            )
        return
    with workers(min(jobs, len(missing))) as pool:
        for future in as_completed(
            [pool.submit(_write_one, dataset, folder, shard, path, kind, main) for shard, path in missing]
        ):
            done += future.result()
            progress(done, total)


def _counted(folder: Path, path: Path) -> Path:
    return folder / "done" / f"{path.stem}.json"


def _write_one(
    dataset: Dataset,
    folder: Path,
    shard: Shard,
    path: Path,
    kind: str,
    main: str,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write one shard, and then what was counted of it; returns how many pictures it was made from."""
    prepared = Prepared(folder / "prepared")
    offsets, _ = prepared.captions(main, shard.first, shard.last)
    spoken = np.zeros(shard.last - shard.first + 1, np.int64)
    for language in prepared.spoken:
        spoken += prepared.conversations(language, shard.first, shard.last)[0]
    written = untold = beside = unheard = seen = 0
    rejected: list[dict[str, str]] = []
    endings: set[str] = set()
    with new_file(path) as partial:
        for pictures in FORMATS[kind].write_shard(dataset, prepared, shard, partial, main):
            for picture in pictures:
                listed, place = picture.listed, picture.row - shard.first
                said = int(spoken[place + 1] - spoken[place])
                if picture.fault:
                    unheard += said
                    rejected.append({"key": listed["key"], "file": listed["file"], "reason": picture.fault})
                else:
                    written += 1
                    beside += said
                    endings.add(picture.ending)
                    untold += bool(offsets[place] == offsets[place + 1])
            seen += len(pictures)
            if progress:
                progress(seen)
    write_json(
        _counted(folder, path),
        {"pictures": written, "untold": untold, "endings": sorted(endings), "rejected": rejected}
        | {"beside": beside, "unheard": unheard},
    )
    return seen


def _finish(
    dataset: Dataset,
    folder: Path,
    plan: Plan,
    splits: Mapping[str, str],
    kind: str,
    main: str,
    identity: Mapping[str, Any],
) -> Exported:
    """Write what stands beside the shards: the card, what was rejected, and the record of the export."""
    counts = dict.fromkeys(splits, 0)
    untold = beside = unheard = 0
    endings: set[str] = set()
    rejected: list[dict[str, str]] = []
    for shard in plan.shards:
        counted = read_object(_counted(folder, Path(FORMATS[kind].shard_file(shard, splits[shard.split]))))
        counts[shard.split] += counted["pictures"]
        untold, beside = untold + counted["untold"], beside + counted["beside"]
        unheard += counted["unheard"]
        endings.update(counted["endings"])
        rejected += counted["rejected"]
    if not sum(counts.values()):
        first = f" The first: {rejected[0]['reason']}" if rejected else ""
        raise UserError(f"None of {many(len(rejected), 'picture')} in {dataset.root} can be given away.{first}")
    whole = folder / "whole"
    shutil.rmtree(whole / APART, ignore_errors=True)  # of a kill at this very step
    named = webdataset.sample_name if kind == "webdataset" else str
    apart, lost = write_apart(dataset, whole, splits, [one["key"] for one in rejected], named)
    total = sum(counts.values())
    exported = Exported(len(plan.shards), total, len(rejected), untold, beside, sum(apart.values()), unheard + lost)
    if rejected:
        with new_file(whole / "rejected.parquet") as path:
            pq.write_table(pa.Table.from_pylist(rejected, schema=_REJECTED), path)
    patterns = {
        splits[split]: f"data/{splits[split]}-*" if kind == "parquet" else f"{splits[split]}-*.tar" for split in splits
    }
    counted = {splits[split]: count for split, count in counts.items()}
    # A Parquet file says itself what it holds.
    features = webdataset.features(plan.columns, endings, bool(plan.spoken)) if kind == "webdataset" else []
    card = dataset_card(dataset, kind, plan.columns, counted, patterns, main, features, plan.spoken, apart)
    write_text(whole / "README.md", card)
    write_json(whole / RECORD, {"identity": identity, "exported": asdict(exported)})
    return exported
