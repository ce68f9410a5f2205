"""Karpathy's split file: one JSON of the pictures of COCO, Flickr8k or Flickr30k, with their captions and splits."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec

from isogloss.data.sources.columns import texts
from isogloss.data.sources.source import SPLITS, Skipped
from isogloss.errors import UserError


@dataclass(frozen=True, slots=True)
class Listed:
    """A picture of a split file.

    name: of its file. folder: that which holds it, such as "val2014"; empty where there is one folder alone.
    number: COCO's own, or none.
    """

    name: str
    folder: str
    split: str
    captions: tuple[str, ...]
    number: int | None = None


def read_document(path: str) -> dict[str, Any]:
    """A JSON file that holds an object, local or remote.

    Raises:
        UserError: it is missing, cannot be read, or is something else.
    """
    try:
        source: Any = fsspec.open(path, "rb", compression="infer")
        with source as file:
            content: bytes = file.read()
        document = json.loads(content.decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} is missing; name the JSON file of the annotations.") from None
    except ValueError as error:  # and what is not UTF-8, or a protocol that is not known
        raise UserError(f"{path} cannot be read as JSON ({error}); restore it.") from error
    except (OSError, ImportError) as error:
        raise UserError(f"{path} cannot be read ({error}); make it readable.") from error
    if not isinstance(document, dict):
        raise UserError(f"{path} should hold a JSON object, not a {type(document).__name__}; name an annotation file.")
    return document


def objects(document: Mapping[str, Any], field: str, path: str) -> Sequence[Any]:
    """A list that an annotation file has to have.

    Raises:
        UserError: it has none.
    """
    found = document.get(field)
    if not isinstance(found, list):
        raise UserError(
            f"{path} has no list '{field}', so it is not an annotation file with captions; name one that is."
        )
    return found


def read_karpathy(path: str) -> Iterator[Listed | Skipped]:
    """The pictures of a split file, in its order.

    Raises:
        UserError: it is missing or damaged, or no such file.
    """
    images = objects(read_document(path), "images", path)
    if not any(isinstance(one, dict) and "sentences" in one for one in images):
        raise UserError(
            f"{path} is not Karpathy's split file, whose images have 'sentences'; give the annotations of COCO as --annotations."
        )
    for place, one in enumerate(images, start=1):
        name = one.get("filename") if isinstance(one, dict) else None
        if not name or not isinstance(name, str):
            yield Skipped("row without a picture", detail=f"image {place:,} of {path}")
            continue
        split = str(one.get("split") or "")
        number = one.get("cocoid")
        yield Listed(
            name,
            str(one.get("filepath") or ""),
            SPLITS.get(split, split),
            tuple(texts(one.get("sentences"))),
            number if isinstance(number, int) else None,
        )
