"""An optional check of what goes into a model and what comes out of it, by any classifiers of texts and pictures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from PIL import Image
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    pipeline,
)

from isogloss.errors import UserError, unknown
from isogloss.models.hub import place
from isogloss.models.tower import FAILURES, absent, lacks_weights

# Tokens at a time where a classifier does not say how many it reads.
_TOKENS = 512
# Of a piece of a long text, the share that the next one repeats, so that no sentence is only seen cut in two.
_SHARED = 0.25


@runtime_checkable
class Classifier(Protocol):
    """Says of a text, or of a picture, how much of each label it is.

    A text may be of any length and in any language: who cannot read all of it at once reads it in pieces.
    """

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def labels(self) -> Sequence[str]:
        """All that it may say."""
        ...

    def scores(self, subject: str | Image.Image) -> Mapping[str, float]:
        """The score of each label, in 0…1."""
        ...


@dataclass(frozen=True)
class Check:
    """A classifier and what is refused by it.

    Attributes:
        thresholds: by label, the score from which on something is refused; other labels are let pass.

    Raises:
        UserError: there is no threshold, or one of a label that the classifier has not got, or none in 0…1.
    """

    classifier: Classifier
    thresholds: Mapping[str, float]

    def __post_init__(self) -> None:
        labels = ", ".join(self.classifier.labels)
        if not self.thresholds:
            raise UserError(
                f"Say which labels of {self.classifier.name} are refused, as in label=0.5; it has {labels}."
            )
        for label, threshold in self.thresholds.items():
            if label not in self.classifier.labels:
                raise unknown(f"label of {self.classifier.name}", label, self.classifier.labels)
            if not 0 < threshold <= 1:
                raise UserError(f"The threshold of {label} is {threshold:g}; give a number above 0 and at most 1.")


@dataclass(frozen=True)
class Verdict:
    """Whether something may pass.

    Attributes:
        reason: one sentence for the user, where it may not; empty where it may.
        classifier, label, score: what refused it; empty where nothing did.
    """

    reason: str = ""
    classifier: str = ""
    label: str = ""
    score: float = 0.0

    @property
    def allowed(self) -> bool:
        return not self.reason

    def require(self) -> None:
        """Go on only where it may pass.

        Raises:
            UserError: it may not, with the reason.
        """
        if not self.allowed:
            raise UserError(self.reason)


ALLOWED = Verdict()


@dataclass(frozen=True)
class Safety:
    """What is looked at on its way in and out; nothing by itself.

    A conversation asks before it answers (`prompt`, `picture`) and before it shows (`reply`), and shows `Verdict.reason` in
    place of what is refused, which it also leaves out of the turns that follow. A command that makes one thing calls
    `Verdict.require`. A reply that is streamed is shown before it is whole: who checks, shows it sentence by sentence.

    Attributes:
        texts, pictures: checks, of which the first that refuses decides.
    """

    texts: tuple[Check, ...] = ()
    pictures: tuple[Check, ...] = ()

    def prompt(self, text: str) -> Verdict:
        """Whether a text of the user may be answered."""
        return _verdict("This prompt", text, self.texts, "put it in other words")

    def reply(self, text: str) -> Verdict:
        """Whether a text of the model may be shown."""
        return _verdict("The reply", text, self.texts, "ask for something else")

    def picture(self, picture: Image.Image) -> Verdict:
        """Whether a picture of the user may be looked at."""
        return _verdict("This picture", picture, self.pictures, "give another one")

    def drawing(self, picture: Image.Image) -> Verdict:
        """Whether a picture of the model may be shown."""
        return _verdict("The picture that was drawn", picture, self.pictures, "take another seed or another prompt")


def _verdict(what: str, subject: str | Image.Image, checks: Sequence[Check], remedy: str) -> Verdict:
    if isinstance(subject, str) and not subject.strip():
        return ALLOWED
    for check in checks:
        name, scores = check.classifier.name, check.classifier.scores(subject)
        for label, threshold in check.thresholds.items():
            score = scores.get(label, math.nan)
            if score < threshold:
                continue
            # What is no number, as broken weights give, is no permission either.
            found = "gives no score for" if math.isnan(score) else f"gives {score:.2f} for"
            reason = f"{what} is refused, because {name} {found} '{label}', and {threshold:g} is too much; {remedy}."
            return Verdict(reason, name, label, score)
    return ALLOWED


def read_thresholds(written: str) -> dict[str, float]:
    """Thresholds as they are typed.

    >>> read_thresholds("toxic=0.5, sexual content=0.8")
    {'toxic': 0.5, 'sexual content': 0.8}

    Raises:
        UserError: they are typed otherwise.
    """
    found: dict[str, float] = {}
    for part in filter(None, map(str.strip, written.split(","))):
        label, _, number = part.rpartition("=")
        try:
            found[label.strip()] = float(number)
        except ValueError:
            label = ""
        if not label.strip():
            raise UserError(f"'{part}' is no threshold; write label=number, as in toxic=0.5.")
    return found


@dataclass(frozen=True)
class TextClassifier:
    """A model of Transformers' `text-classification`.

    pipeline: of that task; tokens: how many it reads at a time, without those that mark a text's ends.
    """

    name: str
    pipeline: Any
    tokens: int

    @property
    def labels(self) -> Sequence[str]:
        return list(self.pipeline.model.config.id2label.values())

    def scores(self, subject: str | Image.Image) -> Mapping[str, float]:
        """The highest score that any piece of the text has, label by label."""
        if not isinstance(subject, str):
            raise TypeError(f"{self.name} reads texts, and not a {type(subject).__name__}")
        found = [_by_label(piece) for piece in self.pipeline(self._pieces(subject), top_k=None, truncation=True)]
        return {label: _highest([scores[label] for scores in found]) for label in self.labels}

    def _pieces(self, text: str) -> list[str]:
        """The text in pieces that overlap, none of which the model would cut off."""
        count = len(self.pipeline.tokenizer.encode(text, add_special_tokens=False, verbose=False))
        if count <= self.tokens or len(text) < 2:
            return [text]
        parts = max(2, math.ceil(count / (self.tokens * (1 - _SHARED))))
        width = math.ceil(len(text) / parts)
        shared = int(width * _SHARED / 2)
        # A piece may have more tokens to the letter than the rest.
        return [
            piece
            for start in range(0, len(text), width)
            for piece in self._pieces(text[max(0, start - shared) : start + width + shared])
        ]


@dataclass(frozen=True)
class PictureClassifier:
    """A model of Transformers' `image-classification`.

    pipeline: of that task.
    """

    name: str
    pipeline: Any

    @property
    def labels(self) -> Sequence[str]:
        return list(self.pipeline.model.config.id2label.values())

    def scores(self, subject: str | Image.Image) -> Mapping[str, float]:
        """The scores of the whole picture."""
        if not isinstance(subject, Image.Image):
            raise TypeError(f"{self.name} reads pictures, and not a {type(subject).__name__}")
        return _by_label(self.pipeline(subject.convert("RGB"), top_k=None))


def open_text_classifier(model: str, *, device: str = "cpu") -> TextClassifier:
    """A classifier of texts by its name on the Hub or its folder.

    Raises:
        UserError: it is absent, or is no such classifier.
    """
    kind = "text classifier"
    found = _loaded(AutoModelForSequenceClassification, model, kind)
    tokenizer = _part(AutoTokenizer, model, kind)
    limits = (tokenizer.model_max_length, getattr(found.config, "max_position_embeddings", None) or _TOKENS)
    # RoBERTa's positions begin after that of padding.
    offset = (found.config.pad_token_id or 0) + 1 if "roberta" in found.config.model_type else 0
    tokens = min(limits[0], limits[1] - offset) - tokenizer.num_special_tokens_to_add()
    tokenizer.model_max_length = tokens + tokenizer.num_special_tokens_to_add()
    made = pipeline("text-classification", model=found, tokenizer=tokenizer, device=torch.device(device))
    return TextClassifier(model, made, max(1, tokens))


def open_picture_classifier(model: str, *, device: str = "cpu") -> PictureClassifier:
    """A classifier of pictures by its name on the Hub or its folder.

    Raises:
        UserError: it is absent, or is no such classifier.
    """
    kind = "picture classifier"
    found = _loaded(AutoModelForImageClassification, model, kind)
    processor = _part(AutoImageProcessor, model, kind)
    made = pipeline("image-classification", model=found, image_processor=processor, device=torch.device(device))
    return PictureClassifier(model, made)


def _loaded(auto: Any, model: str, kind: str) -> Any:
    """The model with all its weights: one that has no classifying layer would get a random one, and judge by chance."""
    try:
        found, report = auto.from_pretrained(place(model), output_loading_info=True, dtype=torch.float32)
    except FAILURES as error:
        raise absent(model, kind, error) from error
    lacking = sorted(report["missing_keys"])
    if lacking:
        raise lacks_weights(f"The {kind} '{model}'", lacking, "name a model that was trained to classify")
    return found.eval()


def _part(auto: Any, model: str, kind: str) -> Any:
    try:
        return auto.from_pretrained(place(model))
    except FAILURES as error:
        raise absent(model, kind, error) from error


def _by_label(found: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    return {str(one["label"]): float(one["score"]) for one in found}


def _highest(scores: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, scores)) else max(scores)
