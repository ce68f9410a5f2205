"""The check of meaning, by an encoder that is made here."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import StaticEmbedding
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from isogloss.errors import UserError
from isogloss.languages import language
from isogloss.translate.engine import Translation
from isogloss.translate.quality import Checks, judge

PAIRS = [("dog", "perro"), ("cat", "gato"), ("red", "rojo"), ("house", "casa"), ("sleeps", "duerme"), ("big", "grande")]


def encoder(folder: Path) -> str:
    """A sentence encoder in which a word and its translation are one vector, and words have nothing in common."""
    words = {word: 2 * number + side for number, pair in enumerate(PAIRS) for side, word in enumerate(pair)}
    tokenizer = Tokenizer(WordLevel({**words, "[UNK]": 2 * len(PAIRS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = torch.zeros(2 * len(PAIRS) + 1, len(PAIRS) + 1)
    for number in range(len(PAIRS)):
        weights[2 * number : 2 * number + 2, number] = 1
    weights[-1, -1] = 1
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights.numpy())]).save(str(folder))
    return str(folder)


def test_a_translation_of_another_meaning_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = Checks(skip=("wrong language",), encoder=encoder(tmp_path / "encoder"))
    texts = ["perro duerme", "casa grande", "perro rojo"]
    told: list[int] = []

    @contextmanager
    def shown(name: str, total: int) -> Generator[Callable[[int], None]]:
        assert (name, total) == ("en → es, meaning", 3)
        yield told.append

    monkeypatch.setattr("isogloss.translate.quality.meaning.PART", 2)
    translations = [Translation(text) for text in texts]
    found = judge(["dog sleeps"] * 3, translations, language("en"), language("es"), checks, shown)
    assert told == [2, 1]
    assert [verdict.reason for verdict in found] == [None, "meaning", None]
    assert found[0].score == pytest.approx(1.0, abs=1e-6) and found[2].score == pytest.approx(0.5, abs=1e-6)


def test_an_encoder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be loaded"):
        judge(["a dog"], [Translation("un perro")], language("en"), language("es"), Checks(encoder=str(tmp_path)))
