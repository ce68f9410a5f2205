"""A shard as an uncompressed tar as WebDataset and img2dataset write it: per picture its bytes, a caption, and all about it."""

import io
import json
import tarfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from isogloss.data.dataset import Dataset
from isogloss.data.export.conversations import as_llava
from isogloss.data.export.pictures import Read, read_pictures
from isogloss.data.export.prepared import CAPTION_COLUMNS, Prepared, Shard


def shard_file(shard: Shard, split: str) -> str:
    """The path of a shard within the export; split: its name as files may bear it."""
    return f"{split}-{shard.number:06}.tar"


def sample_name(key: str) -> str:
    """The name of a picture's files in the tar, before the ending: readers cut a name at its first dot.

    >>> sample_name("beach"), sample_name("000001.tar/beach.at.night"), sample_name("100%")
    ('beach', '000001%2Etar%2Fbeach%2Eat%2Enight', '100%25')
    """
    return "".join(f"%{ord(letter):02X}" if letter in "%./\\" or ord(letter) < 32 else letter for letter in key)


def features(
    columns: Mapping[str, tuple[str, ...]], endings: Collection[str], spoken: bool = False
) -> list[dict[str, Any]]:
    """What the archives hold, as a dataset card states it: `datasets` would else take the first pictures for all.

    columns: of every language, those that its captions fill; endings: of the pictures; spoken: whether there are conversations.
    """
    kinds = {"text": "string", "source": "string", "score": "float32", "original": "int32"}
    captions = [
        {"name": language, "list": [{"name": name, "dtype": kinds[name]} for name in names]}
        for language, names in columns.items()
    ]
    about = {"key": "string", "caption": "string", "width": "int32", "height": "int32", "sha256": "string"}
    fields = [{"name": name, "dtype": kind} for name, kind in (about | {"split": "string"}).items()]
    turns = [{"name": name, "dtype": "string"} for name in ("from", "value")]
    said = [{"name": name, "dtype": "string"} for name in ("id", "language", "source")]
    said += [{"name": "score", "dtype": "float32"}, {"name": "conversations", "list": turns}]
    conversations = [{"name": "conversations", "list": said}] if spoken else []
    return [
        *({"name": name, "dtype": "string"} for name in ("__key__", "__url__", "txt")),
        *({"name": ending, "dtype": "image"} for ending in sorted(endings)),
        {"name": "json", "struct": [*fields, {"name": "captions", "struct": captions}, *conversations]},
    ]


def write_shard(dataset: Dataset, prepared: Prepared, shard: Shard, path: Path, main: str) -> Iterator[list[Read]]:
    """Write one tar; what cannot be read is left out.

    main: the language whose first caption is the `.txt` of a picture; a picture without one has no `.txt`.

    Yields:
        The pictures, some at a time, as they were read.
    """
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for pictures in read_pictures(dataset, prepared.images, shard.first, shard.last):
            captions = _captions(prepared, pictures[0].row, pictures[-1].row + 1)
            said = _conversations(prepared, pictures[0].row, pictures[-1].row + 1)
            for picture, told, spoken in zip(pictures, captions, said, strict=True):
                if not picture.fault:
                    _add_sample(tar, picture, told, {"conversations": spoken} if prepared.spoken else {}, main)
            yield pictures


def _captions(prepared: Prepared, first: int, last: int) -> list[dict[str, list[dict[str, Any]]]]:
    """The captions of some pictures by language, without the fields that are empty."""
    told: list[dict[str, list[dict[str, Any]]]] = [{} for _ in range(first, last)]
    for language in prepared.columns:
        offsets, table = prepared.captions(language, first, last)
        names = [name for name in CAPTION_COLUMNS if name in table.column_names]
        columns = [table[name].to_pylist() for name in names]
        rows = [
            {name: value for name, value in zip(names, values, strict=True) if value is not None}
            for values in zip(*columns, strict=True)
        ]
        for place in range(last - first):
            if offsets[place] < offsets[place + 1]:
                told[place][language] = rows[offsets[place] : offsets[place + 1]]
    return told


def _conversations(prepared: Prepared, first: int, last: int) -> list[list[dict[str, Any]]]:
    """The conversations about some pictures, of all languages."""
    said: list[list[dict[str, Any]]] = [[] for _ in range(first, last)]
    for language in prepared.spoken:
        offsets, table = prepared.conversations(language, first, last)
        rows = [as_llava(row, language) for row in table.to_pylist()]
        for place in range(last - first):
            said[place] += rows[offsets[place] : offsets[place + 1]]
    return said


def _add_sample(
    tar: tarfile.TarFile,
    picture: Read,
    told: dict[str, list[dict[str, Any]]],
    said: dict[str, list[dict[str, Any]]],
    main: str,
) -> None:
    listed = picture.listed
    name = sample_name(listed["key"])
    caption = told[main][0]["text"] if main in told else None
    about = {
        "key": listed["key"],
        "caption": caption,
        "captions": told,
        **said,
        "width": listed["width"],
        "height": listed["height"],
        "sha256": listed["sha256"],
        "split": listed["split"],
    }
    _add(tar, f"{name}.{picture.ending}", picture.content)
    if caption is not None:
        _add(tar, f"{name}.txt", caption.encode())
    _add(tar, f"{name}.json", json.dumps(about, ensure_ascii=False).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    # Without a time or an owner, the same dataset gives the same bytes.
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o644
    tar.addfile(member, io.BytesIO(content))
