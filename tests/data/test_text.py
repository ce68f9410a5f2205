"""Captions without pictures: what is held out stays out, pairs are translations, and masks hide words alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from data.small_dataset import make
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data import index
from isogloss.data.batch import Preparation
from isogloss.data.dataset import Captions
from isogloss.data.sampler import Sampler
from isogloss.data.text import ParallelText, Telling, TextBatch, TextBatches
from isogloss.errors import UserError
from isogloss.models.tokenizer import train_tokenizer

SPLITS = {"ant": "train", "bee": "test", "cat": "train", "dog": "train", "cow": "validation", "eel": "train"}
CAPTIONS = {
    # The cat has a name that the bee in the test split has too, and the eel none but one of the cow's.
    "en": [
        ("ant", "an ant"),
        ("bee", "a bee"),
        ("bee", "an animal"),
        ("cat", "a cat"),
        ("cat", "an animal"),
        ("dog", "a dog"),
        ("dog", "a hound"),
        ("cow", "a beast"),
        ("eel", "a beast"),
    ],
    # What is held out in one language may be said in another, and a held-out split may lack a language.
    "es": [("ant", "una hormiga"), ("cat", "un gato"), ("cat", "a bee"), ("dog", "un perro")],
    "fr": [("ant", "une fourmi"), ("bee", "une abeille"), ("cow", "une vache"), ("dog", "un chien")],
}
HELD_OUT = {"en": {"a bee", "an animal", "a beast"}, "es": set(), "fr": {"une abeille", "une vache"}}


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> ParallelText:
    return ParallelText.of(make(tmp_path_factory.mktemp("text") / "dataset", SPLITS, CAPTIONS), (), ())


def said(text: ParallelText, language: str) -> list[list[str]]:
    """The texts of every meaning in one language."""
    number = text.languages.index(language)
    captions = text.captions[number]
    return [captions.take(text.rows(number, meaning)) for meaning in range(len(captions.offsets) - 1)]


def test_texts_are_those_of_the_training_split_without_what_is_held_out(text: ParallelText) -> None:
    assert text.languages == ("en", "es", "fr")
    assert said(text, "en") == [["an ant"], ["a cat"], ["a dog", "a hound"], []]
    assert said(text, "es") == [["una hormiga"], ["un gato", "a bee"], ["un perro"], []]
    assert said(text, "fr") == [["une fourmi"], [], ["un chien"], []]
    for language in text.languages:
        assert not HELD_OUT[language] & {one for texts in said(text, language) for one in texts}
    assert text.languages_of.tolist() == [[True] * 3, [True, True, False], [True] * 3, [False] * 3]


def test_languages_and_sources_are_chosen(tmp_path: Path) -> None:
    dataset = make(tmp_path / "dataset", SPLITS, CAPTIONS)
    some = ParallelText.of(dataset, ("fr", "en"), ("test",))
    assert some.languages == ("fr", "en")
    assert said(some, "en") == [["an ant"], ["a cat"], ["a dog", "a hound"], []]
    with pytest.raises(UserError, match="no caption of these sources for the split 'train'"):
        ParallelText.of(dataset, ("en",), ("cldr:name",))


def test_a_dataset_without_held_out_pictures_gives_all_its_texts(tmp_path: Path) -> None:
    dataset = make(tmp_path / "dataset", dict.fromkeys(SPLITS, "train"), CAPTIONS)
    every = sorted(text for captions in CAPTIONS.values() for _, text in captions)
    assert sorted(ParallelText.of(dataset, (), ()).texts()) == every


@cache
def preparation() -> Preparation:
    every = [text for captions in CAPTIONS.values() for _, text in captions]
    return Preparation(train_tokenizer(every, 120, 20), 20, (), ())


def batches_of(text: ParallelText, masked: float = 0.0, seed: int = 0, meanings: int = 3) -> TextBatches:
    return TextBatches(text, preparation(), Sampler(3, meanings, seed), masked)


def read(batch: TextBatch) -> list[tuple[int, str]]:
    """Whose meaning and what text each row is, hidden tokens put back."""
    ids = batch.input_ids.clone()
    ids[batch.hidden] = batch.targets
    decoded = preparation().tokenizer.batch_decode(ids, skip_special_tokens=True)
    return list(zip(batch.owner.tolist(), decoded, strict=True))


def read_masked(batch: TextBatch) -> list[tuple[int, str, str]]:
    """Whose meaning, what text, and what of it is hidden."""
    masked = preparation().tokenizer.batch_decode(batch.input_ids.masked_fill(batch.attention_mask == 0, 1))
    texts = [text.replace("<pad>", "").strip() for text in masked]
    return [(owner, words, text) for (owner, words), text in zip(read(batch), texts, strict=True)]


@given(st.integers(0, 200), st.integers(0, 5), st.sampled_from([0.0, 0.15, 0.5]), st.integers(1, 3))
def test_a_meaning_comes_in_two_of_its_languages(step: int, seed: int, masked: float, meanings: int) -> None:
    text = small()
    batches = batches_of(text, masked, seed, meanings)
    batch = batches[step]
    chosen = batches.meanings[batches.sampler.indices(step)]
    found: dict[int, list[str]] = {number: [] for number in range(meanings)}
    for owner, words in read(batch):
        found[owner].append(words)
    for number, texts in found.items():
        languages = [said(text, language)[chosen[number]] for language in text.languages]
        assert len(texts) == 2
        one, other = ([place for place, own in enumerate(languages) if words in own] for words in texts)
        assert one
        assert other
        assert one != other


@cache
def small() -> ParallelText:
    """What `text` reads off the disk, for tests that Hypothesis repeats."""
    texts = (
        ["an ant", "a cat", "an animal", "a dog", "a hound", "a beast"],
        ["una hormiga", "un gato", "a bee", "un perro"],
        ["une fourmi", "un chien"],
    )
    offsets: Sequence[list[int]] = ([0, 1, 3, 5, 6], [0, 1, 3, 4, 4], [0, 1, 1, 2, 2])
    captions = [
        Captions(
            np.array(places), pa.array(said, pa.large_string()), pa.array(["test"] * len(said)).dictionary_encode()
        )
        for places, said in zip(offsets, texts, strict=True)
    ]
    kept = [np.array([one not in ("an animal", "a beast") for one in said]) for said in texts]
    return ParallelText(("en", "es", "fr"), tuple(captions), tuple(kept))


def test_a_split_that_is_mapped_gives_the_same_texts_and_batches(
    text: ParallelText, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "IN_MEMORY", 0)
    mapped = ParallelText.of(make(tmp_path / "dataset", SPLITS, CAPTIONS), (), ())
    assert all(captions.file is not None for captions in mapped.captions)
    assert list(mapped.texts()) == list(text.texts())
    for step in range(20):
        one, other = (batches_of(each, 0.3)[step] for each in (text, mapped))
        assert read_masked(one) == read_masked(other)


def test_what_is_held_out_is_in_no_batch(text: ParallelText) -> None:
    assert [said(text, one) for one in text.languages] == [said(small(), one) for one in text.languages]
    seen = Counter(words for step in range(100) for _, words in read(batches_of(text, 0.3)[step]))
    assert set(seen) == set(text.texts())
    assert not set(seen) & (HELD_OUT["en"] - {"a bee"} | HELD_OUT["fr"])


def test_languages_and_texts_have_their_turn() -> None:
    seen = Counter(words for step in range(300) for _, words in read(batches_of(small())[step]))
    # The ant's three languages come in two of three steps; the cat's Spanish in every step, half the time each text.
    for words, expected in {"an ant": 200, "una hormiga": 200, "une fourmi": 200, "a cat": 300, "un gato": 150}.items():
        assert abs(seen[words] - expected) < 45, words
    assert abs(seen["a dog"] - seen["a hound"]) < 45


@given(st.integers(0, 500), st.sampled_from([0.0, 0.15, 0.5, 1.0]))
def test_masks_hide_words_and_nothing_else(step: int, masked: float) -> None:
    batch = batches_of(small(), masked)[step]
    tokenizer = preparation().tokenizer
    assert (batch.input_ids[batch.hidden] == tokenizer.mask_token_id).all()
    assert (batch.input_ids[~batch.hidden] != tokenizer.mask_token_id).all()
    assert len(batch.targets) == int(batch.hidden.sum())
    assert not torch.isin(batch.targets, torch.tensor(tokenizer.all_special_ids)).any()
    assert (batch.attention_mask[batch.hidden] == 1).all()
    if masked == 1:
        words = batch.attention_mask.sum() - 2 * len(batch.owner)  # all but the first and the last token of each
        assert batch.hidden.sum() == words
    if masked == 0:
        assert not batch.hidden.any()


SLOTS = 4


@cache
def slotted() -> Preparation:
    every = [text for captions in CAPTIONS.values() for _, text in captions]
    return Preparation(train_tokenizer(every, 120, 20, SLOTS), 20, (), ())


def told(step: int, seed: int, shown: float, masked: float = 0.0) -> tuple[TextBatches, TextBatch]:
    telling = Telling(small().languages.index("fr"), SLOTS, shown)
    batches = TextBatches(small(), slotted(), Sampler(3, 3, seed), masked, telling)
    return batches, batches[step]


@given(st.integers(0, 200), st.integers(0, 5), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.4]))
def test_slots_are_to_say_the_meaning_in_the_pivot(step: int, seed: int, shown: float, masked: float) -> None:
    tokenizer = slotted().tokenizer
    names = torch.tensor(tokenizer.convert_tokens_to_ids([f"<slot {number}>" for number in range(SLOTS)]))
    batches, batch = told(step, seed, shown, masked)
    chosen = batches.meanings[batches.sampler.indices(step)]
    complete = batch.input_ids.masked_scatter(batch.hidden, batch.targets)
    for row, owner in enumerate(batch.owner.tolist()):
        hidden = batch.hidden[row, :SLOTS]
        texts = said(small(), "fr")[chosen[owner]]
        if not texts:  # the cat, which has no name in it
            assert not hidden.any()
            assert torch.equal(batch.input_ids[row, :SLOTS], names)
            continue
        wanted = [*tokenizer(texts[0], add_special_tokens=False)["input_ids"], *[tokenizer.eos_token_id] * SLOTS]
        assert complete[row, :SLOTS].tolist() == wanted[:SLOTS]
        assert torch.equal(batch.input_ids[row, :SLOTS][hidden], names[hidden])
        for other in np.flatnonzero((batch.owner == owner).numpy()):
            assert torch.equal(batch.hidden[other, :SLOTS], hidden)
    if not shown:
        assert int(batch.hidden[:, :SLOTS].sum()) == SLOTS * sum(
            bool(said(small(), "fr")[chosen[owner]]) for owner in batch.owner.tolist()
        )


def test_half_of_what_is_shown_in_part_is_shown() -> None:
    shares = [told(step, 0, shown=1.0)[1].hidden[:, :SLOTS].double().mean() for step in range(200)]
    assert 0.45 < float(torch.stack(shares).mean()) * 3 / 2 < 0.55  # of three meanings, one is not said in the pivot


def test_the_share_of_hidden_words_is_as_asked() -> None:
    hidden = words = 0
    for step in range(200):
        batch = batches_of(small(), 0.15)[step]
        hidden += int(batch.hidden.sum())
        words += int(batch.attention_mask.sum()) - 2 * len(batch.owner)
    assert words > 3000
    assert 0.12 < hidden / words < 0.18


@given(st.integers(0, 500), st.integers(2, 3))
def test_processes_share_the_captions_and_the_masks_of_one(step: int, processes: int) -> None:
    whole = batches_of(small(), 0.4)
    parts: Counter[tuple[int, str, str]] = Counter()
    for process in range(processes):
        batch = replace(whole, process=process, processes=processes)[step]
        assert {owner % processes for owner in batch.owner.tolist()} == {process}
        parts.update(read_masked(batch))
    assert parts == Counter(read_masked(whole[step]))


@given(st.integers(0, 500))
def test_a_step_is_a_function_of_its_number(step: int) -> None:
    one, other = (batches_of(small(), 0.3, seed=4) for _ in range(2))
    other[step + 1]
    for name, value in vars(one[step]).items():
        assert value.equal(vars(other[step])[name]), name


def test_more_processes_than_meanings_are_refused() -> None:
    with pytest.raises(UserError, match="3 meanings cannot be shared by 4 processes; set meanings_per_step to 4"):
        replace(batches_of(small()), processes=4)
