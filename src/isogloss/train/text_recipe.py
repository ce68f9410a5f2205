"""The recipe of a text encoder, trained on text alone."""

from dataclasses import dataclass, field
from typing import Literal

from isogloss.errors import UserError
from isogloss.models.towers import Setting
from isogloss.train.checks import check_share, check_undivided, check_weight, check_whole
from isogloss.train.training import Training


@dataclass(frozen=True)
class TextData:
    """Which captions, without their pictures, a text encoder trains on.

    Args:
        dataset: a dataset folder; its training split alone is read.
        languages: none for all that it has.
        sources: captions of these sources only; none for all.
        meanings_per_step: pictures whose captions are read, each in two languages, over all processes together.
        family: so many meanings, one after the other in the dataset, come in a step together: near ones, where the dataset
            has them so, which a contrastive loss must tell apart.
    """

    dataset: str
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    meanings_per_step: int = 128
    family: int = 1

    def __post_init__(self) -> None:
        check_whole(self, "meanings_per_step", "family")
        if self.meanings_per_step % self.family:
            raise UserError(
                f"meanings_per_step is {self.meanings_per_step}, which makes no whole families of {self.family}; give a "
                "multiple of it."
            )


@dataclass(frozen=True)
class TextRecipe:
    """A text encoder trained on text alone, the stand-in for XLM-R, and its tokenizer.

    Args:
        config: of a Transformers masked language model, without vocab_size.
        tokenizer: "unigram", as XLM-R's is, or "bpe", which cuts small vocabularies into words rather than letters.
        slots: so many tokens go before every caption, and their states stand for it in place of the mean of all: what a
            picture is told by, each the same in every language.
        pivot: the language in which the slots of every caption learn to say what it means, a token each and all at once
            (non-autoregressive translation, arXiv 1711.02281); empty for none.
        shown: the share of captions of which the slots are shown a part of that, and say the rest (arXiv 1904.09324).
        vocabulary: how many tokens the tokenizer learns, without the slots.
        tokens: the most of a caption.
        hidden_tokens: the share of tokens that the mask replaces (arXiv 1810.04805 hides 0.15).
        masked: the weight of masked language modelling, of the hidden tokens and of what slots say; 0 leaves it out.
        aligned: the weight of the contrastive loss between a caption and its translation; 0 leaves it out.
        alike: the weight of the squared distance between the states of a caption and its translation; 0 leaves it out.
        centred: the mean of a step's captions is taken off before they are compared, so that what is common to all,
            such as a slot's own embedding, needs not be unlearnt.
    """

    data: TextData
    config: dict[str, Setting]
    tokenizer: Literal["unigram", "bpe"] = "unigram"
    slots: int = 0
    pivot: str = ""
    shown: float = 0.5
    vocabulary: int = 8000
    tokens: int = 64
    hidden_tokens: float = 0.15
    masked: float = 1.0
    aligned: float = 0.0
    alike: float = 0.0
    centred: bool = False
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_whole(self, "vocabulary", "tokens")
        check_undivided(self)
        check_share(self, "hidden_tokens")
        check_share(self, "shown")
        check_weight(self, "masked", "aligned", "alike")
        if not 0 <= self.slots < self.tokens - 2:
            raise UserError(
                f"slots is {self.slots} and a caption has {self.tokens} tokens at most, slots and ends among them; give fewer "
                "slots or more tokens."
            )
        if not (self.masked or self.aligned):
            raise UserError("masked and aligned are both 0, which trains nothing; give one of them a weight above 0.")
        if self.pivot and not (self.slots and self.masked):
            raise UserError(
                f"The pivot is {self.pivot}, which slots learn to say in the masked loss; give slots and masked above 0, or no "
                "pivot."
            )
        if self.masked and not self.hidden_tokens and not self.pivot:
            raise UserError(
                f"hidden_tokens is 0, so that there is no token for masked language modelling (masked is {self.masked:g}) "
                "to find; give a share such as 0.15, or a weight of 0 to masked."
            )
