"""Batches: who owns which caption, in any raggedness, at any step, over any number of processes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from data.coloured import (
    IMAGES_OF,
    LANGUAGES,
    MOST,
    Counts,
    caption,
    dataset_of_colours,
    described,
    image_numbers,
    preparation,
    ragged,
    split_of,
    tokens_of,
)
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.augment import Augmentation
from isogloss.data.batch import ParallelBatches, captioned, choose_captions
from isogloss.data.images import Pictures, PictureSize
from isogloss.data.sampler import Sampler
from isogloss.errors import UserError

STILL = Augmentation(scale=0.0, shift=0.0, turn=0.0)
Make = Callable[..., ParallelBatches]


@pytest.fixture(scope="module")
def batches_of(tmp_path_factory: pytest.TempPathFactory) -> Make:
    dataset = dataset_of_colours(tmp_path_factory.mktemp("colours") / "dataset")

    def make(counts: Counts, images_per_step: int = 4, seed: int = 0, **changed: object) -> ParallelBatches:
        split = split_of(counts)
        images = len(captioned(split, tuple(counts)))
        return ParallelBatches(
            pictures=Pictures(dataset, split, PictureSize(4, 4)),
            languages=tuple(counts),
            preparation=preparation(),
            sampler=Sampler(images, min(images_per_step, images), seed),
            **{"augmentation": STILL, **changed},
        )

    return make


@given(counts=ragged(), step=st.integers(0, 50), images_per_step=st.integers(1, 12), most=st.integers(1, MOST))
def test_a_batch_holds_its_images_and_of_each_its_captions(
    batches_of: Make, counts: Counts, step: int, images_per_step: int, most: int
) -> None:
    batches = batches_of(counts, images_per_step, captions_per_language=most)
    batch = batches[step]
    possible = [image for image in range(IMAGES_OF) if any(numbers[image] for numbers in counts.values())]
    shown = [possible[place] for place in batches.sampler.indices(step)]
    assert image_numbers(batch) == shown
    assert len(set(shown)) == len(shown) == min(images_per_step, len(possible))

    found = Counter(described(batch))
    assert max(found.values()) == 1  # no caption twice
    for image in shown:
        for number, language in enumerate(counts):
            own = {tokens_of(caption(language, image, n)) for n in range(counts[language][image])}
            drawn = {tokens for owner, of, tokens in found if (owner, of) == (image, number)}
            assert drawn <= own
            assert len(drawn) == min(most, len(own))
    assert {owner for owner, _, _ in found} == set(shown)  # every image that is trained on owns a caption


@given(counts=ragged(least=6), step=st.integers(0, 50), seed=st.integers(0, 9), processes=st.sampled_from([2, 3]))
def test_processes_share_the_batch_of_one(
    batches_of: Make, counts: Counts, step: int, seed: int, processes: int
) -> None:
    moved = Augmentation(scale=0.3, shift=0.3, turn=0.3, flip=0.5)
    whole = batches_of(counts, 6, seed, captions_per_language=2, hidden_tokens=0.3)
    images: list[int] = []
    captions: list[tuple[int, int, tuple[int, ...]]] = []
    for process in range(processes):
        share = replace(whole, process=process, processes=processes)
        images += image_numbers(share[step])
        captions += described(share[step])
        pixels = replace(whole, augmentation=moved)[step].pixel_values[process::processes]
        torch.testing.assert_close(replace(share, augmentation=moved)[step].pixel_values, pixels)
    assert Counter(images) == Counter(image_numbers(whole[step]))
    assert Counter(captions) == Counter(described(whole[step]))


@given(counts=ragged(least=4), step=st.integers(0, 50))
def test_a_step_is_a_function_of_its_number(batches_of: Make, counts: Counts, step: int) -> None:
    one, other = (
        batches_of(counts, seed=5, augmentation=Augmentation(), captions_per_language=2, hidden_tokens=0.2)
        for _ in range(2)
    )
    other[step + 1]
    for name, value in vars(one[step]).items():
        assert value.equal(vars(other[step])[name]), name


def test_steps_and_seeds_differ(batches_of: Make) -> None:
    counts = {"en": [3] * IMAGES_OF}
    seen = {
        (seed, step): tuple(sorted(described(batches_of(counts, seed=seed)[step])))
        for seed in (0, 1)
        for step in range(6)
    }
    assert len(set(seen.values())) == 12


def test_all_captions_have_their_turn(batches_of: Make) -> None:
    batches = batches_of({"en": [3] * IMAGES_OF}, IMAGES_OF)
    drawn = Counter(tokens for step in range(90) for _, _, tokens in described(batches[step]))
    assert len(drawn) == 3 * IMAGES_OF
    # 30 expected of each, with a deviation of 4.5.
    assert min(drawn.values()) > 7
    assert max(drawn.values()) < 53


def test_hidden_tokens_are_masks_and_never_special(batches_of: Make) -> None:
    counts = {"en": [1] * IMAGES_OF, "es": [1] * IMAGES_OF}
    plain, hidden = (batches_of(counts, IMAGES_OF, hidden_tokens=share) for share in (0.0, 0.25))
    tokenizer = preparation().tokenizer
    words = masks = 0
    for step in range(30):
        before, after = plain[step], hidden[step]
        assert before.attention_mask.equal(after.attention_mask)
        special = torch.isin(before.input_ids, torch.tensor(tokenizer.all_special_ids))
        changed = before.input_ids != after.input_ids
        assert not (changed & special).any()
        assert (after.input_ids[changed] == tokenizer.mask_token_id).all()
        words += int((~special).sum())
        masks += int(changed.sum())
    assert words > 2000
    assert 0.2 < masks / words < 0.3


def test_long_captions_are_cut_and_short_ones_are_padded() -> None:
    tokens, mask = preparation().tokenize(["en 01 a " * 10, "en 01 a"])
    assert tokens.shape == (2, preparation().tokens)
    assert mask[0].tolist() == [1] * preparation().tokens
    length = len(tokens_of("en 01 a"))
    assert mask[1].tolist() == [1] * length + [0] * (preparation().tokens - length)
    assert (tokens[1, length:] == preparation().tokenizer.pad_token_id).all()
    assert preparation().tokenize(["en 01 a"])[0].shape == (1, length)


@given(ragged())
def test_all_captions_in_order_when_none_is_drawn(counts: Counts) -> None:
    images = np.array([7, 0, 3])
    texts, owner, language = choose_captions(split_of(counts), tuple(counts), images, None, None)
    wanted = [
        (caption(one, int(image), n), place, number)
        for number, one in enumerate(counts)
        for place, image in enumerate(images)
        for n in range(counts[one][image])
    ]
    assert list(zip(texts, owner.tolist(), language.tolist(), strict=True)) == wanted


@given(ragged(), st.lists(st.sampled_from(LANGUAGES), min_size=1, unique=True))
def test_captioned_images_have_a_caption_in_some_language(counts: Counts, languages: list[str]) -> None:
    known = [language for language in languages if language in counts]
    wanted = [image for image in range(IMAGES_OF) if any(counts[language][image] for language in known)]
    assert captioned(split_of(counts), known).tolist() == wanted


def test_a_batch_moves_whole(batches_of: Make) -> None:
    moved = batches_of({"en": [1] * IMAGES_OF})[0].to(torch.device("meta"))
    fields = ("pixel_values", "input_ids", "attention_mask", "owner", "language")
    assert {name: value.device.type for name, value in vars(moved).items()} == dict.fromkeys(fields, "meta")


def test_more_processes_than_images_are_refused(batches_of: Make) -> None:
    with pytest.raises(UserError, match="4 images cannot be shared by 5 processes; set images_per_step to 5"):
        batches_of({"en": [1] * IMAGES_OF}, processes=5)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    dataset = dataset_of_colours(tmp_path / "dataset")
    (dataset.root / "images/3.png").write_bytes(b"no picture")
    split = split_of({"en": [1] * IMAGES_OF})
    batches = ParallelBatches(
        Pictures(dataset, split, PictureSize(4, 4)), ("en",), preparation(), Sampler(IMAGES_OF, IMAGES_OF, 0)
    )
    with pytest.raises(UserError, match=r"3\.png ends after 10 of \d+ bytes"):
        batches[0]
