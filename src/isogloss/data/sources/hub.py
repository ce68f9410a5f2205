"""Hugging Face datasets with a column of pictures, from the Hub or a folder, through the library `datasets`."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from isogloss.data.images import read_bytes
from isogloss.data.sources.beside import read_beside
from isogloss.data.sources.columns import PICTURES, CaptionColumns
from isogloss.data.sources.places import OUTSIDE, Folder
from isogloss.data.sources.source import LISTED, SPLITS, Found, Skipped
from isogloss.errors import UserError, unknown
from isogloss.languages import LANGUAGES

# As isogloss itself exports the captions of a language: captions_es.
_BY_LANGUAGE = re.compile(r"captions_(.+)")
_CONVERSATIONS = re.compile(r"conversations_(.+)")


@dataclass(frozen=True)
class Columns:
    """Which columns of a dataset are read.

    key, split: where it has them; conversations: (language, column) of each that holds some.
    """

    picture: str
    captions: CaptionColumns
    key: str = ""
    split: str = ""
    conversations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Rows:
    """Some rows of one split.

    rows: a `datasets.Dataset` or a shard of a `datasets.IterableDataset`, whose pictures are not decoded.
    first: the number of the first row, of which keys are made. prefix: of these. folder: of pictures that rows name by a path.
    """

    rows: Any
    columns: Columns
    split: str
    prefix: str
    first: int
    folder: Folder | None

    def read(self) -> Iterator[Found | Skipped]:
        for number, row in enumerate(self.rows, start=self.first):
            key = str(row.get(self.columns.key) or "") if self.columns.key else ""
            split = str(row.get(self.columns.split) or "") if self.columns.split else self.split
            try:
                captions = tuple(self.columns.captions.read(row))
            except UserError as error:
                yield Skipped("unknown language", key or f"{self.prefix}{number:09}", detail=str(error))
                captions = ()
            picture = _Picture.of(row.get(self.columns.picture), self.folder)
            named = key or f"{self.prefix}{number:09}"
            if isinstance(picture, Skipped):
                yield Skipped(picture.reason, named, picture.file, detail=picture.detail)
                continue
            told: list[str] = []
            for tag, column in self.columns.conversations:
                for one in read_beside(row.get(column), named, tag):
                    if isinstance(one, Skipped):
                        yield one
                    else:
                        told.append(one)
            split = SPLITS.get(split, split)
            yield Found(named, picture.file, captions, split, content=picture.content, conversations=tuple(told))


@dataclass(frozen=True)
class _Picture:
    """Where a cell's picture lies, or its bytes where that is in no file that stays."""

    file: str = ""
    content: bytes | None = None

    @classmethod
    def of(cls, cell: Any, folder: Folder | None) -> "_Picture | Skipped":
        if isinstance(cell, bytes):
            return cls(content=cell)
        content = cell.get("bytes") if isinstance(cell, Mapping) else None
        if content is not None:
            return cls(content=content)
        path = cell.get("path") if isinstance(cell, Mapping) else cell
        if not path or not isinstance(path, str):
            return Skipped("row without a picture")
        if folder is not None:
            place = folder.locate(path)
            return cls(file=place) if place else Skipped(OUTSIDE, file=path)
        if path.startswith(("http://", "https://")) and not isinstance(cell, Mapping):
            return cls(file=path)
        try:  # in a cache, or within the Hub's repository: a copy is kept
            return cls(content=read_bytes(path))
        except UserError as error:
            return Skipped("unreadable picture", file=path, detail=str(error))


@dataclass(frozen=True)
class HubDataset:
    """A dataset of the Hub, or a folder of Parquet files, an imagefolder, or what `save_to_disk` wrote.

    splits: (name, rows). folder: where it is local. stamp: by which a change is noticed.
    """

    name: str
    config: str
    revision: str
    splits: tuple[tuple[str, Any], ...]
    columns: Columns
    folder: Folder | None
    stamp: str
    streaming: bool = False
    licence: str = "unknown"

    @classmethod
    def open(
        cls,
        name: str,
        *,
        config: str = "",
        revision: str = "",
        splits: Sequence[str] = (),
        image: str = "",
        captions: Sequence[str] = (),
        language: str = "en",
        language_column: str = "",
        key: str = "",
        split_column: str = "",
        streaming: bool = False,
        licence: str = "unknown",
    ) -> "HubDataset":
        """A dataset whose columns are found by their kind and usual names where they are not given.

        Raises:
            UserError: `datasets` is not installed, the dataset, configuration, split or a column is not there, or there is
                no network.
        """
        loaded = load(name, config, revision, splits, streaming)
        features: Mapping[str, Any] = next(iter(loaded.values())).features or {}
        names = tuple(features)
        picture = image or _picture_column(features)
        for column in filter(None, (picture, key, split_column)):
            if column not in names:
                raise unknown("column", column, names)
        given = captions
        if not given:
            tagged = [(match[1], column) for column in names if (match := _BY_LANGUAGE.fullmatch(column))]
            given = [f"{tag}={column}" for tag, column in tagged if tag in LANGUAGES]
        spoken = tuple((match[1], column) for column in names if (match := _CONVERSATIONS.fullmatch(column)))
        spoken = tuple((tag, column) for tag, column in spoken if tag in LANGUAGES)
        texts = CaptionColumns.of(given, language, language_column, names)
        columns = Columns(picture, texts, key, split_column, spoken)
        kept = tuple((split, _undecoded(rows, picture)) for split, rows in loaded.items())
        local = Path(name).exists()
        folder = Folder.of(name if Path(name).is_dir() else Path(name).parent) if local else None
        stamp = _stamp(Path(name)) if local else _version(kept)
        return cls(name, config, revision, kept, columns, folder, stamp, streaming, licence)

    def identity(self) -> Mapping[str, Any]:
        columns = self.columns
        return {
            "kind": "hub",
            "name": str(Path(self.name).absolute()) if self.folder else self.name,
            "config": self.config,
            "revision": self.revision,
            "splits": [split for split, _ in self.splits],
            "columns": [columns.picture, columns.captions.columns, columns.captions.by, columns.key, columns.split],
            "streaming": self.streaming,
            "stamp": self.stamp,
            "licence": self.licence,
        }

    def provenance(self) -> Mapping[str, str]:
        url = "" if self.folder else f"https://huggingface.co/datasets/{self.name}"
        name = PurePosixPath(self.name).name if self.folder else self.name
        return {"name": name, "version": self.revision, "url": url, "licence": self.licence}

    def units(self) -> Iterator[Rows]:
        for name, rows in self.splits:
            split = re.split(r"[\[+]", name)[0]  # train[:10%] is a part of train
            if self.streaming:
                for shard in range(rows.num_shards):
                    part = rows.shard(num_shards=rows.num_shards, index=shard)
                    yield Rows(part, self.columns, split, f"{split}/{shard:05}-", 0, self.folder)
            else:
                for first in range(0, len(rows), LISTED):
                    part = rows.select(range(first, min(first + LISTED, len(rows))))
                    yield Rows(part, self.columns, split, f"{split}/", first, self.folder)


def load(name: str, config: str, revision: str, splits: Sequence[str], streaming: bool) -> dict[str, Any]:
    """The splits of a dataset by their names: those that are asked for, or all.

    Raises:
        UserError: `datasets` is not installed, or the dataset cannot be had.
    """
    try:
        import datasets
        import huggingface_hub
    except ImportError:
        raise UserError(
            f"Reading {name} needs the library datasets; install it with pip install isogloss[hub]."
        ) from None
    datasets.disable_progress_bars()
    huggingface_hub.logging.set_verbosity_error()  # its retries, where there is no network, end in one sentence here
    path = Path(name)
    try:
        if (path / "dataset_dict.json").exists() or (path / "dataset_info.json").exists():
            found: Any = datasets.load_from_disk(name)
            found = found if isinstance(found, dict) else {str(found.split or "train"): found}
        elif path.is_file():
            found = datasets.load_dataset("parquet", data_files=name, streaming=streaming)
        else:
            options: dict[str, Any] = {"name": config or None, "revision": revision or None, "streaming": streaming}
            if splits:
                return {split: datasets.load_dataset(name, split=split, **options) for split in splits}
            found = datasets.load_dataset(name, **options)
    except Exception as error:  # of datasets, huggingface_hub, their network clients and the readers of each format
        raise _unavailable(name, error) from error
    for split in splits:
        if split not in found:
            raise unknown("split", split, found)
    return {split: found[split] for split in (splits or found)}


def _unavailable(name: str, error: Exception) -> UserError:
    reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
    if Path(name).exists():
        return UserError(
            f"{name} cannot be read as a dataset ({reason}); name a folder of Parquet files or of save_to_disk."
        )
    return UserError(
        f"The dataset {name} cannot be had ({reason}); check the name and the network, or fetch it where there is one with "
        f"`hf download --repo-type dataset {name} --local-dir FOLDER` and name the folder."
    )


def _picture_column(features: Mapping[str, Any]) -> str:
    found = [name for name, feature in features.items() if type(feature).__name__ == "Image"]
    found += [name for name in PICTURES if name in features and name not in found]
    if not found:
        raise UserError(f"No column holds pictures, among {', '.join(features)}; name it with --image.")
    return found[0]


def _undecoded(rows: Any, picture: str) -> Any:
    """The rows with the bytes of their pictures as they are stored."""
    import datasets

    kind = rows.features[picture]
    if isinstance(kind, datasets.Image):
        return rows.cast_column(picture, datasets.Image(decode=False))
    if isinstance(kind, datasets.Value) and kind.dtype in ("string", "large_string", "binary", "large_binary"):
        return rows
    raise UserError(f"The column {picture} holds {kind}; name one with a picture, its bytes, or its path in each row.")


def _stamp(path: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            status = file.stat()
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _version(splits: Sequence[tuple[str, Any]]) -> str:
    """What the library knows of the version: the files of the Hub's commit that it read."""
    told = [
        [split, str(rows.info.version), sorted(rows.info.download_checksums or ()), rows.info.dataset_size]
        for split, rows in splits
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
