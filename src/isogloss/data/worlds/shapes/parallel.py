"""Scenes described in all languages and never drawn, near ones side by side: what a text encoder is aligned on."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from isogloss.data.conversation_tables import table_of
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.tables import IMAGES
from isogloss.data.worlds.shapes.grammar import caption
from isogloss.data.worlds.shapes.near import near_family
from isogloss.data.worlds.shapes.scene import Scene
from isogloss.data.worlds.shapes.splits import scenes, split_of
from isogloss.data.worlds.shapes.world import LANGUAGES, LICENCE, SOURCE, check_numbers, world_sources
from isogloss.data.writing import write_dataset
from isogloss.errors import UserError
from isogloss.saving import refuse_existing

MEANINGS = 16_000
FAMILY = 8


def build_shapes_parallel(
    directory: str | Path,
    *,
    meanings: int = MEANINGS,
    family: int = FAMILY,
    languages: Sequence[str] = LANGUAGES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Write the descriptions of scenes of the split `text` in every language as a dataset folder without pictures.

    Each is a plain text whose key all languages share. In the order of keys, scenes come in families of near ones.

    Args:
        directory: the dataset folder to make.
        meanings: how many scenes; the last family may be cut short.
        family: how many scenes differ from each other in little; 1 for scenes by chance alone.
        languages: each says every scene.
        seed: another one gives other scenes.
        progress: called with (languages written, languages).

    Raises:
        UserError: something exists at `directory`, a language is unknown, or there are no such families.
    """
    refuse_existing(Path(directory))
    check_numbers(languages, {"train": meanings}, {"train": MEANINGS})
    for name, number in (("meanings", meanings), ("family", family)):
        if number < 1:
            raise UserError(f"{name} is {number}; give a whole number of at least 1.")
    chosen = near_by_near(meanings, family, seed)
    tables: dict[str, pa.Table] = {}
    for number, language in enumerate(languages, start=1):
        said = (
            Conversation(f"parallel-{seed}-{place:08d}", language, (), (Turn("text", caption(scene, language)),))
            for place, scene in enumerate(chosen)
        )
        tables[language] = table_of(said, language, SOURCE)
        if progress:
            progress(number, len(languages))
    return write_dataset(
        directory,
        name="shapes, parallel text",
        description=f"{meanings:,} scenes of coloured shapes, described in {len(languages)} languages and not drawn.",
        licence=LICENCE,
        sources=world_sources(),
        images=IMAGES.empty_table(),
        captions={},
        notes={"seed": seed, "scenes": len(set(chosen)), "family": family},
        conversations=tables,
    )


def near_by_near(meanings: int, size: int, seed: int) -> list[Scene]:
    """Scenes of the split `text`, families of `size` near ones one after the other; a scene may be in several.

    Raises:
        UserError: families of so many are not to be found.
    """
    generator = np.random.default_rng([seed, size])
    chosen: list[Scene] = []
    for first in scenes("text", meanings, seed, repeat=True):
        if len(chosen) >= meanings:
            break
        found = near_family(first, size, lambda scene: split_of(scene) == "text", generator)
        if len(found) == size:  # so that families begin at multiples of their size
            chosen += found
    if len(chosen) < meanings:
        raise UserError(f"There are not {size} scenes near enough to each other to be a family; give a smaller one.")
    return chosen[:meanings]
