"""The shapes world as dataset folders: pictures with captions and conversations, and text without pictures."""

import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from isogloss.data.conversation_tables import table_of
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.worlds.shapes.corpus import Proportions, text_conversations
from isogloss.data.worlds.shapes.dialogues import conversation
from isogloss.data.worlds.shapes.drawing import check_size, draw
from isogloss.data.worlds.shapes.grammar import GRAMMARS, caption, grammar_of
from isogloss.data.worlds.shapes.scene import COLOURS, SHAPES, SIZES, Scene
from isogloss.data.worlds.shapes.splits import HELD_OUT, KINDS, SHARES, scenes
from isogloss.data.writing import write_dataset
from isogloss.errors import UserError, unknown
from isogloss.saving import refuse_existing

Progress = Callable[[int, int], None]

LANGUAGES = tuple(GRAMMARS)
PICTURES: Mapping[str, int] = {"train": 4000, "validation": 200, "test": 500, "test_pairs": 200}
CONVERSATIONS: Mapping[str, int] = {"train": 30_000, "validation": 500}
PROPORTIONS = Proportions()
# What captions and conversations are kept under.
SOURCE = "shapes"
# Nobody's work is in it but the rules that made it.
LICENCE = "CC0-1.0"
# Pictures lie back to back in files of so many bytes.
_FILE = 1 << 25


@dataclass(frozen=True)
class _Picture:
    """A picture to be drawn; of those of one scene each has a number."""

    scene: Scene
    split: str
    number: int

    @property
    def key(self) -> str:
        return f"{self.scene.key}.{self.number}"


def scene_of_picture(key: str) -> Scene:
    """The scene that a picture of the shapes world shows, by the picture's key.

    Raises:
        ValueError: it is the key of no such picture.

    Example:
        >>> scene_of_picture("1-medium-red-circle.0").key
        '1-medium-red-circle'
    """
    return Scene.of(key.rpartition(".")[0])


def build_shapes(
    directory: str | Path,
    *,
    pictures: Mapping[str, int] = PICTURES,
    size: int = 64,
    languages: Sequence[str] = LANGUAGES,
    seed: int = 0,
    replies: int = 3,
    kinds: Mapping[str, float] = KINDS,
    colours: Sequence[str] = COLOURS,
    shapes: Sequence[str] = SHAPES,
    sizes: Sequence[str] = SIZES,
    progress: Progress | None = None,
) -> Dataset:
    """Draw scenes, describe each in every language and talk about it, and write all as a dataset folder.

    A picture and what is said of it depend on its key and the seed alone. Its conversations in different languages
    ask the same under the same key.

    Args:
        directory: the dataset folder to make.
        pictures: how many of each split. A scene comes again, drawn otherwise, when all of its kind were drawn.
        size: of the pictures, in pixels.
        languages: of captions and conversations.
        seed: another one draws other scenes otherwise.
        replies: the most replies in a conversation; 0 for no conversations.
        kinds: the share of each kind of scene.
        colours: only scenes with these.
        shapes: only scenes with these.
        sizes: only scenes with these.
        progress: called with (pictures drawn, pictures).

    Raises:
        UserError: something exists at `directory`, a word is unknown, or there are no such scenes.
    """
    refuse_existing(Path(directory))
    check_size(size)
    check_numbers(languages, pictures, PICTURES)
    chosen = [
        picture
        for split, count in pictures.items()
        for picture in _numbered(
            split,
            scenes(split, count, seed, kinds=kinds, colours=colours, shapes=shapes, sizes=sizes, repeat=True),
        )
    ]
    if not chosen:
        raise UserError("No picture is asked for; give the number of pictures of at least one split.")
    files: dict[str, bytearray] = {}
    rows = list(_drawn(chosen, size, seed, files, progress))
    return write_dataset(
        directory,
        name="shapes",
        description=f"{len(rows):,} drawn scenes of coloured shapes, described in {len(languages)} languages.",
        licence=LICENCE,
        sources=world_sources(),
        images=pa.Table.from_pylist(rows, schema=IMAGES),
        captions={language: _captions(chosen, language) for language in languages},
        notes={
            "seed": seed,
            "scenes": len({picture.scene for picture in chosen}),
            "shares of the kinds": dict(kinds),
            "shares of all scenes": dict(SHARES),
            "pairs that only test_pairs and text have": sorted(" ".join(pair) for pair in HELD_OUT),
        },
        files=((file, bytes(content)) for file, content in files.items()),
        conversations={
            language: table_of(_talks(chosen, language, seed, replies), language, SOURCE)
            for language in (languages if replies else ())
        },
    )


def build_shapes_text(
    directory: str | Path,
    *,
    conversations: Mapping[str, int] = CONVERSATIONS,
    languages: Sequence[str] = LANGUAGES,
    seed: int = 0,
    proportions: Proportions = PROPORTIONS,
    progress: Progress | None = None,
) -> Dataset:
    """Write conversations about scenes that have no picture as a dataset folder without pictures.

    Args:
        directory: the dataset folder to make.
        conversations: how many of each split. A scene may come in both, in other words; its kind has few scenes then.
        languages: of all conversations together.
        seed: another one gives other scenes and words.
        proportions: of what is said.
        progress: called with (conversations written, conversations).

    Raises:
        UserError: something exists at `directory`, or a word is unknown.
    """
    refuse_existing(Path(directory))
    check_numbers(languages, conversations, CONVERSATIONS)
    total = sum(conversations.values())
    if not total:
        raise UserError("No conversation is asked for; give the number of conversations of at least one split.")
    spoken: defaultdict[str, list[Conversation]] = defaultdict(list)
    splits: dict[str, str] = {}
    ends = [split for split, count in conversations.items() for _ in range(count)]
    chosen = scenes("text", total, seed, repeat=True)
    said = text_conversations(chosen, languages, seed, proportions)
    for number, (one, split) in enumerate(zip(said, ends, strict=True), start=1):
        spoken[one.language].append(one)
        splits[one.key] = split
        if progress:
            progress(number, total)
    return write_dataset(
        directory,
        name="shapes text",
        description=f"{total:,} conversations about scenes of coloured shapes in {len(spoken)} languages.",
        licence=LICENCE,
        sources=world_sources(),
        images=IMAGES.empty_table(),
        captions={},
        notes={"seed": seed, "scenes": len(set(chosen)), "proportions": vars(proportions)},
        conversations={language: table_of(some, language, SOURCE, splits) for language, some in sorted(spoken.items())},
    )


def check_numbers(languages: Sequence[str], numbers: Mapping[str, int], known: Mapping[str, int]) -> None:
    """Refuse languages and splits that cannot be made.

    Raises:
        UserError: a language is unknown, missing or given twice, a split is unknown, or its number is below 0.
    """
    if not languages:
        raise UserError(f"No language is given; give some of {', '.join(LANGUAGES)}.")
    for language in languages:
        grammar_of(language)
    if len(set(languages)) < len(languages):
        raise UserError(f"A language is given twice among {', '.join(languages)}; give each once.")
    for split, number in numbers.items():
        if split not in known:
            raise unknown("split that can be made here", split, known)
        if number < 0:
            raise UserError(f"The split '{split}' cannot have {number} rows; give a number of 0 or more.")


def _numbered(split: str, chosen: Sequence[Scene]) -> Iterator[_Picture]:
    drawn: Counter[Scene] = Counter()
    for scene in chosen:
        yield _Picture(scene, split, drawn[scene])
        drawn[scene] += 1


def _random(picture: _Picture, seed: int, purpose: str) -> np.random.Generator:
    """A generator of the picture's own, so that it does not matter what else is drawn, or in which order."""
    digest = hashlib.sha256(f"{purpose}:{seed}:{picture.key}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _drawn(
    chosen: Sequence[_Picture], size: int, seed: int, files: dict[str, bytearray], progress: Progress | None
) -> Iterator[dict[str, Any]]:
    """The row of each picture, whose bytes are added to one of `files`."""
    place: Counter[str] = Counter()
    with ThreadPoolExecutor() as threads:
        drawn = threads.map(partial(_png, size=size, seed=seed), chosen)
        for number, (picture, png) in enumerate(zip(chosen, drawn, strict=True), start=1):
            file = f"pictures/{picture.split}-{place[picture.split]:03}.bin"
            content = files.setdefault(file, bytearray())
            yield {
                "key": picture.key,
                "split": picture.split,
                "file": file,
                "offset": len(content),
                "length": len(png),
                "width": size,
                "height": size,
                "sha256": hashlib.sha256(png).hexdigest(),
            }
            content += png
            if len(content) >= _FILE:
                place[picture.split] += 1
            if progress:
                progress(number, len(chosen))


def _png(picture: _Picture, size: int, seed: int) -> bytes:
    buffer = io.BytesIO()
    draw(picture.scene, size, _random(picture, seed, "drawing")).save(buffer, "PNG")
    return buffer.getvalue()


def _captions(chosen: Sequence[_Picture], language: str) -> pa.Table:
    columns: list[Sequence[Any]] = [
        [picture.key for picture in chosen],
        [caption(picture.scene, language) for picture in chosen],
        [SOURCE] * len(chosen),
        [1.0] * len(chosen),
        [None] * len(chosen),
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, CAPTIONS, strict=True)]
    return pa.Table.from_arrays(arrays, schema=CAPTIONS)


def _talks(chosen: Sequence[_Picture], language: str, seed: int, replies: int) -> Iterator[Conversation]:
    """A conversation about each picture; half of them begin with its description."""
    for picture in chosen:
        # In every language the same, so that the same is asked.
        random = _random(picture, seed, "talking")
        turns, describe = int(random.integers(1, replies + 1)), bool(random.integers(2))
        yield conversation(
            picture.scene, language, random, turns, key=picture.key, image=picture.key, describe=describe
        )


def world_sources() -> list[dict[str, str]]:
    """What dataset.json says of where this world comes from."""
    return [{"name": "isogloss, the shapes world", "version": version("isogloss"), "url": "", "licence": LICENCE}]
