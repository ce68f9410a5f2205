"""What is refused, by whom, and what the user is told."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from serve.tiny_classifiers import LABELS, TOKENS, picture_classifier, text_classifier
from transformers import AutoImageProcessor, AutoModelForImageClassification

from isogloss.errors import UserError
from isogloss.serve.safety import (
    ALLOWED,
    Check,
    Classifier,
    Safety,
    open_picture_classifier,
    open_text_classifier,
    read_thresholds,
)


@dataclass(frozen=True)
class Words:
    """A classifier that finds a word."""

    word: str
    score: float = 0.9
    name: str = "words"
    labels: Sequence[str] = ("bad", "good")

    def scores(self, subject: str | Image.Image) -> Mapping[str, float]:
        found = self.score if isinstance(subject, Image.Image) or self.word in subject else 0.1
        return {"bad": found, "good": 1 - found}


BAD = Check(Words("knife"), {"bad": 0.5})
PICTURE = Image.new("RGB", (20, 20), "red")


def test_without_checks_all_may_pass() -> None:
    safety = Safety()
    assert [safety.prompt("knife"), safety.reply("knife"), safety.picture(PICTURE)] == [ALLOWED] * 3
    ALLOWED.require()


def test_what_is_refused_is_told_in_one_sentence() -> None:
    assert isinstance(BAD.classifier, Classifier)
    safety = Safety((BAD,), (BAD,))
    assert safety.prompt("a cat") == safety.prompt("  ") == ALLOWED
    why = "is refused, because words gives 0.90 for 'bad', and 0.5 is too much"
    refused = safety.prompt("the knife")
    assert not refused.allowed and (refused.classifier, refused.label, refused.score) == ("words", "bad", 0.9)
    assert refused.reason == f"This prompt {why}; put it in other words."
    assert safety.reply("the knife").reason == f"The reply {why}; ask for something else."
    assert safety.picture(PICTURE).reason == f"This picture {why}; give another one."
    assert safety.drawing(PICTURE).reason == (f"The picture that was drawn {why}; take another seed or another prompt.")
    with pytest.raises(UserError, match="This prompt is refused, because words"):
        refused.require()


@pytest.mark.parametrize(("score", "allowed"), [(0.49, True), (0.5, False), (1.0, False), (math.nan, False)])
def test_the_threshold_itself_is_refused_and_so_is_what_is_no_number(score: float, allowed: bool) -> None:
    verdict = Safety((Check(Words("knife", score), {"bad": 0.5}),)).prompt("knife")
    assert verdict.allowed == allowed


def test_the_first_check_that_refuses_decides_and_each_is_asked() -> None:
    second = Check(Words("gun", name="others"), {"bad": 0.9})
    safety = Safety((BAD, second))
    assert [safety.prompt(text).classifier for text in ("knife", "gun", "knife and gun", "cat")] == [
        "words",
        "others",
        "words",
        "",
    ]


@pytest.mark.parametrize(
    ("thresholds", "sentence"),
    [
        ({}, "Say which labels of words are refused, as in label=0.5; it has bad, good"),
        ({"bda": 0.5}, "no label of words 'bda'; did you mean 'bad'"),
        ({"bad": 0.0}, "The threshold of bad is 0; give a number above 0 and at most 1"),
        ({"bad": math.nan}, "The threshold of bad is nan"),
    ],
)
def test_thresholds_that_make_no_sense(thresholds: dict[str, float], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Check(Words("knife"), thresholds)


def test_thresholds_as_they_are_typed() -> None:
    assert read_thresholds(" toxic = 0.5,a=b=1,") == {"toxic": 0.5, "a=b": 1.0}
    for written in ("toxic", "toxic=", "=0.5", "toxic=much"):
        with pytest.raises(UserError, match=f"'{written}' is no threshold; write label=number"):
            read_thresholds(written)


@pytest.mark.parametrize("several", [True, False])
def test_a_text_classifier_of_transformers(tmp_path: Path, several: bool) -> None:
    found = open_text_classifier(str(text_classifier(tmp_path / "model", several=several)))
    assert tuple(found.labels) == LABELS and isinstance(found, Classifier)
    model, tokenizer = found.pipeline.model, found.pipeline.tokenizer
    with torch.no_grad():
        logits = model(**tokenizer("a cat", return_tensors="pt")).logits[0]
    expected = logits.sigmoid() if several else logits.softmax(0)
    scores = found.scores("a cat")
    assert [scores[label] for label in LABELS] == pytest.approx(expected.tolist())
    label, score = max(scores.items(), key=lambda item: item[1])
    assert Safety((Check(found, {label: score * 0.99}),)).prompt("a cat").label == label
    assert Safety((Check(found, {label: min(1.0, score * 1.01)}),)).prompt("a cat").allowed == (score < 1 / 1.01)


def test_no_part_of_a_long_text_goes_unread(tmp_path: Path) -> None:
    """Pieces cover the text and share their ends; none is cut off; each label's score is the highest of all pieces."""
    found = open_text_classifier(str(text_classifier(tmp_path / "model")))
    tokenizer = found.pipeline.tokenizer
    assert found.tokens + tokenizer.num_special_tokens_to_add() == TOKENS
    words = ["a", "cat", "and", "dog", "un", "perro", "gato", "house", "猫と犬", "قطة", "zzzzqqqq"]
    for count in (1, 5, 11, 40):
        # The numbers tell where in the text a piece is from.
        text = " ".join(f"{words[number % len(words)]}{number}" for number in range(count))
        pieces = found._pieces(text)
        end = 0
        for piece in pieces:
            assert len(tokenizer.encode(piece, add_special_tokens=False)) <= found.tokens
            at = text.rindex(piece, 0, end + len(piece))
            assert at <= end
            end = max(end, at + len(piece))
        assert end == len(text)
        each = [found.scores(piece) for piece in pieces]
        assert found.scores(text) == pytest.approx({label: max(one[label] for one in each) for label in LABELS})
    assert len(pieces) > 20 and sum(map(len, pieces)) > len(text)


def test_a_picture_classifier_of_transformers(tmp_path: Path) -> None:
    folder = str(picture_classifier(tmp_path / "model"))
    found = open_picture_classifier(folder)
    model, processor = (
        AutoModelForImageClassification.from_pretrained(folder),
        AutoImageProcessor.from_pretrained(folder),
    )
    with torch.no_grad():
        expected = model(**processor(PICTURE, return_tensors="pt")).logits[0].softmax(0)
    clear = PICTURE.convert("RGBA")
    for picture in (PICTURE, clear):
        assert [found.scores(picture)[label] for label in LABELS] == pytest.approx(expected.tolist(), abs=1e-6)
    label = LABELS[int(np.argmax(expected))]
    assert Safety(pictures=(Check(found, {label: 0.3}),)).picture(clear).label == label


def test_one_kind_does_not_read_the_other(tmp_path: Path) -> None:
    text = open_text_classifier(str(text_classifier(tmp_path / "text")))
    picture = open_picture_classifier(str(picture_classifier(tmp_path / "picture")))
    with pytest.raises(TypeError, match="reads texts"):
        text.scores(PICTURE)
    with pytest.raises(TypeError, match="reads pictures"):
        picture.scores("a cat")


def test_weights_that_are_no_numbers_refuse_all(tmp_path: Path) -> None:
    found = open_text_classifier(str(text_classifier(tmp_path / "model")))
    torch.nn.init.constant_(found.pipeline.model.classifier.bias, math.nan)
    verdict = Safety((Check(replace(found, name="broken"), {"toxic": 0.9}),)).prompt("a cat")
    assert verdict.reason.startswith("This prompt is refused, because broken gives no score for 'toxic'")


def test_models_that_are_no_classifiers(tmp_path: Path) -> None:
    encoder = text_classifier(tmp_path / "encoder", head=False)
    with pytest.raises(UserError, match="lacks 2 of its saved weights, .* name a model that was trained to classify"):
        open_text_classifier(str(encoder))
    with pytest.raises(UserError, match="holds no picture classifier that can be loaded"):
        open_picture_classifier(str(encoder))
    with pytest.raises(UserError, match=r"The text classifier '\./nowhere' is missing"):
        open_text_classifier("./nowhere")
    with pytest.raises(UserError, match="neither in the local cache nor reachable"):
        open_picture_classifier("nobody/nothing")
