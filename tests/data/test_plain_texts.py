"""Plain texts of a dataset without captions are read as captions are: translations by their key."""

from pathlib import Path

import numpy as np
import pytest

from isogloss.data.batch import Preparation
from isogloss.data.conversation_tables import table_of
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.sampler import Sampler
from isogloss.data.tables import IMAGES
from isogloss.data.text import ParallelText, TextBatches
from isogloss.data.writing import write_dataset
from isogloss.errors import UserError
from isogloss.models.tokenizer import train_word_tokenizer

SAID = {
    "en": {"c": "a cat", "a": "an ant", "d": "a dog", "b": "a bee"},
    "es": {"b": "una abeja", "a": "una hormiga", "c": "un gato"},
}


def plain(key: str, language: str, text: str) -> Conversation:
    return Conversation(key, language, (), (Turn("text", text),))


def asked(key: str, language: str) -> Conversation:
    return Conversation(key, language, (), (Turn("user", "Why?"), Turn("assistant", "So.")))


def make(folder: Path, said: dict[str, list[Conversation]], splits: dict[str, str] | None = None) -> Dataset:
    return write_dataset(
        folder,
        name="words",
        description="",
        licence="CC0-1.0",
        sources=[],
        images=IMAGES.empty_table(),
        captions={},
        notes={},
        conversations={
            language: table_of(
                some,
                language,
                "book" if language == "en" else "web",
                {one.key: "train" for one in some} | (splits or {}),
            )
            for language, some in said.items()
        },
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    said = {
        language: [
            *(plain(key, language, text) for key, text in texts.items()),
            asked("e", language),
            plain("f", language, "x"),
        ]
        for language, texts in SAID.items()
    }
    return make(tmp_path_factory.mktemp("plain") / "words", said, {"f": "validation"})


def test_texts_of_a_key_are_translations(dataset: Dataset) -> None:
    text = ParallelText.of(dataset, (), ())
    assert text.languages == ("en", "es")
    read = [[captions.of(meaning) for meaning in range(4)] for captions in text.captions]
    assert read == [[[texts[key]] if key in texts else [] for key in "abcd"] for texts in SAID.values()]
    assert text.languages_of.tolist() == [[True, True]] * 3 + [[True, False]]
    assert sorted(text.texts()) == sorted(one for texts in SAID.values() for one in texts.values())


def test_languages_and_sources_are_chosen(dataset: Dataset) -> None:
    assert ParallelText.of(dataset, ("es",), ()).languages == ("es",)
    assert len(list(ParallelText.of(dataset, ("en",), ("book",)).texts())) == 4
    with pytest.raises(UserError, match="source"):
        ParallelText.of(dataset, ("en",), ("newspaper",))
    with pytest.raises(UserError, match="the language 'ens'; did you mean 'es'"):
        ParallelText.of(dataset, ("ens",), ())


def test_a_dataset_without_texts_is_told(tmp_path: Path) -> None:
    dataset = make(tmp_path / "talk", {"en": [asked("e", "en")]})
    with pytest.raises(UserError, match="neither captions nor plain texts for training"):
        ParallelText.of(dataset, (), ())


def test_families_come_together(tmp_path: Path) -> None:
    said = {
        language: [plain(f"{place:03}", language, f"{language} {place}") for place in range(23)] for language in SAID
    }
    text = ParallelText.of(make(tmp_path / "numbers", said), (), ())
    tokenizer = train_word_tokenizer(text.texts(), 60, 20)
    batches = TextBatches(text, Preparation(tokenizer, 20, (), ()), Sampler(23 // 4, 2, 0), 0.0, family=4)
    assert batches.images_per_step == 8
    seen: set[int] = set()
    for step in range(20):
        batch = batches[step]
        numbers = [int(words.split()[1]) for words in tokenizer.batch_decode(batch.input_ids, skip_special_tokens=True)]
        assert batch.owner.tolist() == np.repeat(np.arange(8), 2).tolist()
        for family in np.array(numbers).reshape(2, 4, 2):
            first = int(family[0, 0])
            assert first % 4 == 0 and family.tolist() == [[place] * 2 for place in range(first, first + 4)]
        seen |= set(numbers)
    assert seen == set(range(20))
