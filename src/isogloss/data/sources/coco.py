"""COCO captions, and annotation files of their kind in any language, with folders of pictures."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from isogloss.data.sources.karpathy import Listed, objects, read_document, read_karpathy
from isogloss.data.sources.places import OUTSIDE, Folder, key_of
from isogloss.data.sources.source import Found, Listing, Skipped, listings
from isogloss.data.sources.stamp import stamp
from isogloss.data.sources.tagged import in_language
from isogloss.errors import UserError
from isogloss.languages import language as known_language

UNLISTED = "picture that the split file does not list"

# How COCO names its files: with the set in front in 2014, and without it since 2017. The number is the same.
_NUMBERED = re.compile(r"(?:COCO_(?:train|val|test)20\d\d_)?(\d{12})")
# The part of COCO that a file's name tells of, as in captions_val2017.json and COCO_val2014_000000000042.jpg.
_PART = re.compile(r"(train|val|test)(20\d\d)?")


@dataclass(frozen=True)
class Annotations:
    """An annotation file.

    language: of its captions. folder: of its pictures.
    """

    path: str
    language: str
    folder: str

    @property
    def split(self) -> str:
        """The part that its name tells of: "train", "val", "test", or nothing."""
        parts = [part[1] for part in _PART.finditer(PurePosixPath(self.path).name)]
        return parts[-1] if parts else ""


@dataclass(slots=True)
class _Picture:
    """What all files together say of a picture; listed: as they name it, each with the folders where it may lie."""

    split: str
    listed: dict[Listed, tuple[Folder, ...]] = field(default_factory=dict[Listed, tuple[Folder, ...]])
    captions: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass(frozen=True)
class Coco:
    """COCO captions.

    Args:
        annotations: its files; pictures that several of them list are one picture, with the captions of all.
        folders: where pictures may lie besides.
        karpathy: a split file, which then says which pictures are used; its captions stand in for a language without
            annotations.
        language: of the captions in the split file.
        licence: of pictures and captions.
    """

    annotations: tuple[Annotations, ...]
    folders: tuple[str, ...] = ()
    karpathy: str = ""
    language: str = "en"
    licence: str = "unknown"

    @classmethod
    def open(
        cls,
        annotations: Sequence[str] = (),
        *,
        images: Sequence[str] = (),
        karpathy: str = "",
        language: str = "en",
        licence: str = "unknown",
    ) -> "Coco":
        """COCO captions from what a command line has: FILE or LANGUAGE=FILE each, and folders in the same order, or one for all.

        Raises:
            UserError: nothing is named, a language is not known, or there is no folder of pictures.
        """
        if not annotations and not karpathy:
            raise UserError(
                "No captions are named; give --annotations captions_train2017.json or --karpathy dataset_coco.json."
            )
        if karpathy and not images and not annotations:
            raise UserError(f"{karpathy} does not say where its pictures lie; give their folders as --images.")
        usual = known_language(language).tag
        files: list[Annotations] = []
        for place, word in enumerate(annotations):
            path, tag = in_language(word, usual)
            given = images[place] if len(images) == len(annotations) else ""
            files.append(Annotations(path, tag, given or _folder_of(path, images)))
        return cls(tuple(files), tuple(images), karpathy, usual, licence)

    def identity(self) -> Mapping[str, Any]:
        files = [one.path for one in self.annotations] + ([self.karpathy] if self.karpathy else [])
        return {
            "kind": "coco",
            "annotations": [[one.path, one.language, one.folder] for one in self.annotations],
            "folders": self.folders,
            "karpathy": self.karpathy,
            "language": self.language,
            "licence": self.licence,
            "stamps": [stamp(path) for path in files],
        }

    def provenance(self) -> Mapping[str, str]:
        return {"name": "COCO captions", "version": "", "url": "https://cocodataset.org", "licence": self.licence}

    def units(self) -> Iterator[Listing]:
        return listings(self._entries())

    def _entries(self) -> Iterator[Found | Skipped]:
        pictures: dict[str, _Picture] = {}
        if self.karpathy:
            yield from self._read_karpathy(pictures)
        for one in self.annotations:
            yield from self._read_annotations(one, pictures)
        for key, picture in pictures.items():
            place = _place(picture)
            if place is None:
                yield Skipped(OUTSIDE, key, next(iter(picture.listed)).name)
            else:
                yield Found(key, place, tuple(picture.captions), self._split(key, picture.split))

    def _split(self, key: str, split: str) -> str:
        """The split's name here. COCO keeps the captions of its test set, so one half of "val", by the key, is the test.

        Where all files are of "train", nothing would be held out, and the import decides.
        """
        if self.karpathy:
            return split
        parts = {one.split for one in self.annotations}
        if split == "val":
            half = "test" not in parts and hashlib.sha256(key.encode("utf-8", "replace")).digest()[0] % 2
            return "test" if half else "validation"
        return "" if parts <= {"train", ""} else split

    def _read_karpathy(self, pictures: dict[str, _Picture]) -> Iterator[Skipped]:
        told = any(one.language == self.language for one in self.annotations)
        named = dict.fromkeys([*self.folders, *(one.folder for one in self.annotations)])
        folders = tuple(Folder.of(folder) for folder in named)
        for listed in read_karpathy(self.karpathy):
            if isinstance(listed, Skipped):
                yield listed
                continue
            picture = pictures.setdefault(_key(listed.name), _Picture(listed.split))
            picture.listed[replace(listed, captions=())] = folders
            if not told:
                picture.captions += [(self.language, text) for text in listed.captions]

    def _read_annotations(self, file: Annotations, pictures: dict[str, _Picture]) -> Iterator[Skipped]:
        """Add what a file says, its captions in the order of their ids."""
        document = read_document(file.path)
        folders = tuple(Folder.of(folder) for folder in dict.fromkeys([file.folder, *self.folders]))
        known: dict[str, str] = {}
        for one in objects(document, "images", file.path):
            name = one.get("file_name") if isinstance(one, dict) else None
            if not name or not isinstance(name, str):
                yield Skipped("row without a picture", detail=f"image {one!r:.100} of {file.path}")
                continue
            key, number = _key(name), str(one.get("id"))
            if known.setdefault(number, key) != key:
                yield Skipped("number of another picture", key, name, detail=f"{number} in {file.path}")
                continue
            if self.karpathy and key not in pictures:
                yield Skipped(UNLISTED, key, name, detail=file.path)
                continue
            pictures.setdefault(key, _Picture(file.split)).listed[Listed(name, "", "", ())] = folders
        for one in _captions(document, file.path):
            number, text = str(one.get("image_id")), one["caption"]
            if number not in known:
                yield Skipped("caption of an unknown picture", number, file.path, file.language, str(text)[:1000])
            elif not isinstance(text, str):
                yield Skipped("caption that is not text", known[number], file.path, file.language, repr(text)[:1000])
            elif known[number] in pictures:
                pictures[known[number]].captions.append((file.language, text))


def _captions(document: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
    """The annotations with a caption, in the order of their ids.

    Raises:
        UserError: there are none, as in files of objects or of the test set's pictures.
    """
    found = [one for one in objects(document, "annotations", path) if isinstance(one, dict) and "caption" in one]
    if not found:
        raise UserError(
            f"{path} has no annotation with a caption, as files of objects have none; name one like captions_*.json."
        )
    if all(isinstance(one.get("id"), int) for one in found):
        found.sort(key=lambda one: one["id"])
    return found


def _key(name: str) -> str:
    """COCO's twelve digits, which are the same in all its editions; for other files their name."""
    numbered = _NUMBERED.fullmatch(PurePosixPath(name).stem)
    return numbered[1] if numbered else key_of(name)


def _place(picture: _Picture) -> str | None:
    """The first place that has a file; where none has, or a network would have to be asked, the likeliest of all."""
    first = None
    for listed, folders in picture.listed.items():
        for place in _places(listed, folders):
            if "://" in place or Path(place).exists():
                return place
            first = first or place
    return first


def _places(listed: Listed, folders: Sequence[Folder]) -> Iterator[str]:
    """Where a picture may lie, the likeliest first: under its name, and under those that COCO's editions give it."""
    part = listed.folder or "".join(match[0] for match in _PART.finditer(PurePosixPath(listed.name).name))
    for folder in sorted(folders, key=lambda folder: not part or PurePosixPath(folder.path).name != part):
        inside = listed.folder and PurePosixPath(folder.path).name != listed.folder
        names = [f"{listed.folder}/{listed.name}"] if inside else []
        names.append(listed.name)
        numbered = _NUMBERED.fullmatch(PurePosixPath(listed.name).stem)
        if numbered:
            names += [f"{numbered[1]}.jpg", *(f"COCO_{part}2014_{numbered[1]}.jpg" for part in ("train", "val"))]
        for name in names:
            place = folder.locate(name)
            if place is not None:
                yield place


def _folder_of(path: str, given: Sequence[str]) -> str:
    """The folder of an annotation file's pictures: among those given, or beside the file, or where COCO's archives put it.

    Raises:
        UserError: there is none.
    """
    parts = [match[0] for match in _PART.finditer(PurePosixPath(path).name)]
    part = parts[-1] if parts else ""
    if given:
        return next((folder for folder in given if part and PurePosixPath(folder).name.startswith(part)), given[0])
    if "://" not in path and part:
        beside = Path(path).parent
        places = [above / inside for above in (beside, beside.parent) for inside in (part, f"images/{part}")]
        found = next((place for place in places if place.is_dir()), None)
        if found is not None:
            return str(found)
    raise UserError(f"No folder of pictures lies beside {path}; give it as --images.")
