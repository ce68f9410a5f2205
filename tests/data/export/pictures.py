"""A dataset with pictures of every format, in files and in a tar, and with awkward keys, made on the spot."""

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from data.spoken import conversation, plain
from PIL import Image

from isogloss.data.conversations import IMAGE
from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.writing import write_conversations, write_dataset

# Two pictures of a format called MPO, whose first is a JPEG as any other.
FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "MPO": "jpg"}
KEYS = ("beach", "market.at.night", "00001.tar/000010001", "市場", "100% wool", "a b", "x" * 150, "-dash", "\\back")


def encoded(number: int, kind: str = "PNG", side: int = 8) -> bytes:
    """A picture of noise, so that no two are alike."""
    noise = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
    buffer = io.BytesIO()
    picture = Image.fromarray(noise)
    picture.save(buffer, kind, **({"save_all": True, "append_images": [picture]} if kind == "MPO" else {}))
    return buffer.getvalue()


def row(key: str, split: str, content: bytes, file: str, offset: int = 0) -> dict[str, Any]:
    with Image.open(io.BytesIO(content)) as picture:
        width, height = picture.size
    return {
        "key": key,
        "split": split,
        "file": file,
        "offset": offset,
        "length": len(content),
        "width": width,
        "height": height,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def caption(key: str, text: str, score: float | None = None, original: int | None = None) -> dict[str, Any]:
    return {
        "key": key,
        "text": text,
        "source": "hand" if score is None else "engine",
        "score": score,
        "original": original,
    }


def build(root: Path) -> Dataset:
    """Nine pictures in two splits that alternate, the last three in a tar; three languages, one with gaps and scores."""
    kinds = [*FORMATS, *FORMATS][: len(KEYS)]
    contents = [encoded(number, kind) for number, kind in enumerate(kinds)]
    splits = ["train", "test-dev", "train"] * 3
    archive = io.BytesIO()
    rows: list[dict[str, Any]] = []
    files: list[tuple[str, bytes]] = []
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for number, (key, content) in enumerate(zip(KEYS, contents, strict=True)):
            if number < 6:
                files.append((f"images/{number}.bin", content))
                rows.append(row(key, splits[number], content, f"images/{number}.bin"))
                continue
            member = tarfile.TarInfo(str(number))
            member.size = len(content)
            start = tar.offset + tarfile.BLOCKSIZE
            tar.addfile(member, io.BytesIO(content))
            rows.append(row(key, splits[number], content, "images/shard.tar", start))
    files.append(("images/shard.tar", archive.getvalue()))
    captions = {
        "en": [caption(key, f"picture {key!r}, caption {place}") for key in KEYS for place in range(1 + len(key) % 3)],
        "hi": [
            caption(key, f"चित्र {place}", score=place / 9, original=0) for place, key in enumerate(KEYS) if place % 2
        ],
        "zh-Hant": [caption(KEYS[0], "海灘")],
    }
    return write_dataset(
        root,
        name="nine",
        description="Nine pictures.",
        licence="CC-BY-4.0",
        sources=[{"name": "noise | and more", "version": "1", "url": "", "licence": "CC0-1.0"}],
        images=pa.Table.from_pylist(rows, schema=IMAGES),
        captions={language: pa.Table.from_pylist(found, schema=CAPTIONS) for language, found in captions.items()},
        notes={},
        files=files,
    )


def speaking(root: Path) -> Dataset:
    """The same, with conversations in two languages: about one picture, two or none, and plain text."""
    dataset = build(root)
    beach, market, last = KEYS[0], KEYS[1], KEYS[2]
    about_one = [
        conversation("beach", f"{IMAGE}\nWhat is it?", "A beach.\n\n1. Sand", "Are you sure?", "Yes.", images=(beach,)),
        conversation("beach again", f"Where is {IMAGE}?", "Here.", images=(beach,)),
        conversation("market", f"{IMAGE}", "A market.", images=(market,)),
    ]
    both = conversation("both", f"{IMAGE}{IMAGE} Alike?", "No.", images=(beach, last))
    hello, text = conversation("hello", "Hello!", "Good day."), plain("text", "Sand is small.", "Markets are loud.")
    splits = {"hello": "test-dev"}
    write_conversations(dataset.root, "en", [*about_one, both, hello, text], source="hand", splits=splits)
    hindi = [conversation("beach", f"{IMAGE}\nयह क्या है?", "समुद्र तट।", images=(beach,), language="hi")]
    write_conversations(dataset.root, "hi", hindi, source="engine")
    hindi = [conversation("beach", f"{IMAGE}\nक्या है?", "तट।", images=(beach,), language="hi")]
    write_conversations(dataset.root, "hi", hindi, source="other engine")
    return Dataset.open(dataset.root)


def told(dataset: Dataset) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The captions of every picture by language, read row by row; fields that are empty are left out."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {key: {} for key in dataset.images()["key"].to_pylist()}
    for language in dataset.languages:
        for one in dataset.captions(language).to_pylist():
            fields = {name: value for name, value in one.items() if name != "key" and value is not None}
            found[one["key"]].setdefault(language, []).append(fields)
    return found


def contents(dataset: Dataset) -> dict[str, bytes]:
    """The bytes of every picture."""
    return {
        one["key"]: Path(dataset.locate(one["file"])).read_bytes()[one["offset"] : one["offset"] + one["length"]]
        for one in dataset.images().to_pylist()
    }
