"""A shard as a Parquet file that the Hub shows and `datasets.load_dataset` reads with pictures as pictures."""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.data.dataset import Dataset
from isogloss.data.export.conversations import MESSAGES, as_messages
from isogloss.data.export.pictures import Read, read_pictures
from isogloss.data.export.prepared import Prepared, Shard

_IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
# What the columns of a language are called before its tag, by the caption table's columns.
CAPTION_NAMES = {"text": "captions", "source": "sources", "score": "scores", "original": "originals"}
_CAPTION_TYPES = {"text": pa.string(), "source": pa.string(), "score": pa.float32(), "original": pa.int32()}

# What the columns of conversations are called before their language's tag.
CONVERSATIONS = "conversations"
_CONVERSATIONS = pa.list_(
    pa.struct({"id": pa.string(), "source": pa.string(), "score": pa.float32(), "messages": MESSAGES})
)


def shard_file(shard: Shard, split: str) -> str:
    """The path of a shard within the export; split: its name as files may bear it."""
    return f"data/{split}-{shard.number:05}-of-{shard.of:05}.parquet"


def schema(columns: Mapping[str, tuple[str, ...]], spoken: Collection[str] = ()) -> pa.Schema:
    """The columns of the files, with the features that `datasets` reads from their metadata.

    columns: of every language, those that its captions fill; spoken: the languages of conversations.
    """
    fields = [
        pa.field("image", _IMAGE),
        pa.field("key", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("sha256", pa.string()),
        *(
            pa.field(f"{CAPTION_NAMES[name]}_{language}", pa.list_(_CAPTION_TYPES[name]))
            for language, names in columns.items()
            for name in names
        ),
        *(pa.field(f"{CONVERSATIONS}_{language}", _CONVERSATIONS) for language in spoken),
    ]
    features = {field.name: {"_type": "Image"} if field.name == "image" else _feature(field.type) for field in fields}
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _feature(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return [_feature(kind.value_type)]  # by any name, `datasets` would make columns of the fields
    if pa.types.is_list(kind):
        # Older versions of `datasets` know lists by this name alone, and newer ones read it too.
        return {"_type": "Sequence", "feature": _feature(kind.value_type)}
    return {"_type": "Value", "dtype": {"float": "float32"}.get(str(kind), str(kind))}


def write_shard(dataset: Dataset, prepared: Prepared, shard: Shard, path: Path, main: str) -> Iterator[list[Read]]:
    """Write one Parquet file; what cannot be read is left out.

    main: of no matter here, as all languages stand side by side.

    Yields:
        The pictures, some at a time, as they were read.
    """
    columns = schema(prepared.columns, prepared.spoken)
    # Pictures are compressed already. The dot is Parquet's own way into a struct.
    compression: Any = dict.fromkeys(_leaves(columns), "zstd") | {"image.bytes": "none"}
    with pq.ParquetWriter(
        path, columns, compression=compression, use_dictionary=False, write_page_index=True
    ) as writer:
        for pictures in read_pictures(dataset, prepared.images, shard.first, shard.last):
            writer.write_table(_table(prepared, pictures, columns), row_group_size=len(pictures))
            yield pictures


def _leaves(columns: pa.Schema) -> Iterator[str]:
    """The paths of all that is no list and no struct, as Parquet writes them."""

    def below(path: str, kind: pa.DataType) -> Iterator[str]:
        if pa.types.is_list(kind):
            yield from below(f"{path}.list.element", kind.value_type)
        elif pa.types.is_struct(kind):
            for field in kind:
                yield from below(f"{path}.{field.name}", field.type)
        else:
            yield path

    for field in columns:
        yield from below(field.name, field.type)


def _table(prepared: Prepared, pictures: list[Read], columns: pa.Schema) -> pa.Table:
    listed = [picture.listed for picture in pictures]
    images = [{"bytes": one.content, "path": _file_name(one)} for one in pictures]
    values: list[Any] = [pa.array(images, _IMAGE)]
    values += [
        pa.array([row[name] for row in listed], columns.field(name).type)
        for name in ("key", "width", "height", "sha256")
    ]
    for language, names in prepared.columns.items():
        offsets, captions = prepared.captions(language, pictures[0].row, pictures[-1].row + 1)
        starts = pa.array(offsets, pa.int32())
        for name in names:
            column = captions[name].cast(_CAPTION_TYPES[name]).combine_chunks()
            values.append(pa.ListArray.from_arrays(starts, column))
    for language in prepared.spoken:
        offsets, said = prepared.conversations(language, pictures[0].row, pictures[-1].row + 1)
        rows = [
            {"id": row["key"], "messages": as_messages(row["roles"], row["texts"])}
            | {name: row[name] for name in ("source", "score")}
            for row in said.to_pylist()
        ]
        values.append(
            pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(rows, _CONVERSATIONS.value_type))
        )
    table = pa.Table.from_arrays(values, schema=columns)
    return table.filter(pa.array([not picture.fault for picture in pictures]))


def _file_name(picture: Read) -> str:
    """The key as the name of a file: its last part, with the ending of what it holds."""
    name = picture.listed["key"].rsplit("/", 1)[-1]
    return name if name.lower().endswith(f".{picture.ending}") else f"{name}.{picture.ending}"
