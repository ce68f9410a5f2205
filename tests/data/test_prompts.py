"""One caption of each picture: every one as often as it should be, and by its number the same text again."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.dataset import Split
from isogloss.data.prompts import Prompts
from isogloss.data.split import align


def split_of(counts: dict[str, list[int]]) -> Split:
    """A split whose pictures have so many captions in each language."""
    images = len(next(iter(counts.values())))
    captions = {}
    for tag, each in counts.items():
        owners = np.repeat(np.arange(images), each)
        texts = [f"{tag} {image} {number}" for image in range(images) for number in range(each[image])]
        table = pa.table(
            {"text": pa.array(texts, pa.string()), "source": pa.array(["made up"] * len(texts), pa.string())}
        )
        captions[tag] = align([table], owners, images)
    keys = pa.table({"key": [f"picture {image}" for image in range(images)]})
    return Split("train", keys, captions)


COUNTS = st.integers(1, 6).flatmap(
    lambda images: st.fixed_dictionaries(
        {tag: st.lists(st.integers(0, 3), min_size=images, max_size=images) for tag in ("en", "es", "ja")}
    )
)


@given(counts=COUNTS, share=st.sampled_from([1.0, 0.5, 0.0]))
def test_numbers_are_captions_of_their_pictures(counts: dict[str, list[int]], share: float) -> None:
    split = split_of(counts)
    prompts = Prompts(split, ("en", "es", "ja"), {"es": share})
    texts = prompts.texts(range(len(prompts)))
    assert len(set(texts)) == len(texts)
    wanted = {text for tag in ("en", "ja") for text in split.captions[tag].texts.to_pylist()}
    spanish = set(split.captions["es"].texts.to_pylist())
    assert wanted <= set(texts) <= wanted | spanish
    assert share < 1 or set(texts) == wanted | spanish
    assert share > 0 or set(texts) == wanted
    assert prompts.images.tolist() == sorted({int(text.split()[1]) for text in texts})
    for chance in (0.0, 0.4, 0.999):
        drawn = prompts.draw(prompts.images, np.full((len(prompts.images), 2), chance))
        assert [int(text.split()[1]) for text in prompts.texts(drawn)] == prompts.images.tolist()


def test_languages_are_as_likely_as_each_other() -> None:
    prompts = Prompts(split_of({"en": [3, 1], "es": [1, 0]}), ("en", "es"))
    generator = np.random.default_rng(0)
    drawn = Counter(
        text for _ in range(4000) for text in prompts.texts(prompts.draw(np.array([0, 1]), generator.random((2, 2))))
    )
    assert drawn["en 1 0"] == 4000
    assert drawn["es 0 0"] == pytest.approx(2000, rel=0.06)
    for number in range(3):
        assert drawn[f"en 0 {number}"] == pytest.approx(4000 / 6, rel=0.12)


def test_a_smaller_share_is_a_part_of_a_larger_one() -> None:
    split = split_of({"en": [1] * 50})
    found = [set(Prompts(split, ("en",), {"en": share}).images.tolist()) for share in (0.1, 0.3, 1.0)]
    assert [len(each) for each in found] == [5, 15, 50]
    assert found[0] < found[1] < found[2]
