"""The recipe of a text encoder, trained on text alone."""

from dataclasses import dataclass, field

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
    """

    dataset: str
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    meanings_per_step: int = 128

    def __post_init__(self) -> None:
        check_whole(self, "meanings_per_step")


@dataclass(frozen=True)
class TextRecipe:
    """A text encoder trained on text alone, the stand-in for XLM-R, and its tokenizer.

    Args:
        config: of a Transformers masked language model, without vocab_size.
        vocabulary: how many tokens the tokenizer learns.
        tokens: the most of a caption.
        hidden_tokens: the share of tokens that the mask replaces (arXiv 1810.04805 hides 0.15).
        masked: the weight of masked language modelling, of the hidden tokens; 0 leaves it out.
        aligned: the weight of the contrastive loss between a caption and its translation; 0 leaves it out.
    """

    data: TextData
    config: dict[str, Setting]
    vocabulary: int = 8000
    tokens: int = 64
    hidden_tokens: float = 0.15
    masked: float = 1.0
    aligned: float = 0.0
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_whole(self, "vocabulary", "tokens")
        check_undivided(self)
        check_share(self, "hidden_tokens")
        check_weight(self, "masked", "aligned")
        if not (self.masked or self.aligned):
            raise UserError("masked and aligned are both 0, which trains nothing; give one of them a weight above 0.")
        if self.masked and not self.hidden_tokens:
            raise UserError(
                f"hidden_tokens is 0, so that there is no token for masked language modelling (masked is {self.masked:g}) "
                "to find; give a share such as 0.15, or a weight of 0 to masked."
            )
