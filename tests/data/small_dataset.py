"""A dataset of four pictures, made on the spot."""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.writing import write_dataset

Caption = tuple[str, str | None]


def png(colour: int, size: tuple[int, int] = (6, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (colour % 256, 80, 40)).save(buffer, "PNG")
    return buffer.getvalue()


def image_row(key: str, split: str, content: bytes, file: str = "", offset: int = 0) -> dict[str, object]:
    return {
        "key": key,
        "split": split,
        "file": file or f"images/{key}.png",
        "offset": offset,
        "length": len(content),
        "width": 6,
        "height": 4,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def caption_table(captions: Sequence[Caption], source: str = "test") -> pa.Table:
    rows = [{"key": key, "text": text, "source": source, "score": None} for key, text in captions]
    return pa.Table.from_pylist(rows, schema=CAPTIONS)


def nameless(
    root: Path, images: pa.Table, captions: Mapping[str, pa.Table], files: Iterable[tuple[str, bytes]] = ()
) -> Dataset:
    """A dataset of which nothing is said but its tables."""
    return write_dataset(
        root,
        name="",
        description="",
        licence="",
        sources=[],
        images=images,
        captions=captions,
        notes={},
        files=files,
    )


def make(root: Path, splits: dict[str, str], captions: Mapping[str, Sequence[Caption]]) -> Dataset:
    pictures = {key: png(number) for number, key in enumerate(splits)}
    return write_dataset(
        root,
        name="small",
        description="A small one.",
        licence="CC0-1.0",
        sources=[{"name": "made up", "version": "1", "url": "", "licence": "CC0-1.0"}],
        images=pa.Table.from_pylist([image_row(key, splits[key], pictures[key]) for key in splits], schema=IMAGES),
        captions={language: caption_table(found) for language, found in captions.items()},
        notes={"left out": 3},
        files=((f"images/{key}.png", content) for key, content in pictures.items()),
    )


SPLITS = {"a": "train", "b": "test", "c": "train", "d": "train"}
CAPTIONS_OF = {
    "en": [("d", "a dog"), ("a", "an ant"), ("a", "another ant"), ("b", "a bee"), ("c", "a cat")],
    "es": [("b", "una abeja"), ("a", "una hormiga")],
}


def rewrite(dataset: Dataset, language: str, table: pa.Table) -> None:
    pq.write_table(table, dataset.root / "captions" / f"{language}.parquet")


def everything(root: Path) -> dict[str, bytes]:
    """The files of a folder, but for the locks that stay there."""
    files = (file for file in root.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(root)): file.read_bytes() for file in files}
