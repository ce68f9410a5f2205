"""The recipe of a language model that writes, trained on conversations without pictures."""

import math
from dataclasses import dataclass, field

from isogloss.errors import UserError
from isogloss.models.towers import Setting
from isogloss.train.checks import check_share, check_weight, check_whole
from isogloss.train.training import Training


@dataclass(frozen=True)
class CorpusData:
    """Which conversations without pictures a language model trains on.

    Args:
        dataset: a dataset folder; its conversations without pictures, and plain text among them, are read.
        languages: none for all that it has conversations in.
        proportions: the shares of the languages in the run, in any unit; none for as many as there are of each.
        conversations_per_step: over all processes together.
        row_tokens: the length of the rows that a step's conversations are packed into; attention costs its square.
    """

    dataset: str
    languages: tuple[str, ...] = ()
    proportions: dict[str, float] = field(default_factory=dict[str, float])
    conversations_per_step: int = 64
    row_tokens: int = 256

    def __post_init__(self) -> None:
        check_whole(self, "conversations_per_step", "row_tokens")
        for language, share in self.proportions.items():
            if not 0 <= share < math.inf:
                raise UserError(f"The proportion of '{language}' is {share}; give a number of at least 0.")
            if self.languages and language not in self.languages:
                raise UserError(f"There is a proportion of '{language}', which languages leaves out; add it there.")


@dataclass(frozen=True)
class LanguageModelRecipe:
    """A language model trained on text alone, the stand-in for Qwen3 and its like, and its tokenizer.

    Args:
        config: of a Transformers causal language model, without vocab_size.
        vocabulary: how many tokens the tokenizer learns.
        tokens: the most of a conversation; longer ones lose their last turns.
        chat_template: the path of a file with a Jinja template; None for one whose roles are one token each.
        noise: the most noise on what is read and not to be written, in units of a word's own size, so that what is near
            a word, as visual tokens will be, is read as that word.
        blend: how much of what is read and not to be written is taken from the words beside it at most, in half of the
            conversations, so that what stands for several words at once is read as them.
        training: how long and how.
    """

    data: CorpusData
    config: dict[str, Setting]
    vocabulary: int = 8000
    tokens: int = 256
    chat_template: str | None = None
    noise: float = 0.0
    blend: float = 0.0
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_whole(self, "vocabulary", "tokens")
        check_weight(self, "noise")
        check_share(self, "blend")
        if self.tokens > self.data.row_tokens:
            raise UserError(
                f"A conversation may have {self.tokens} tokens, and a row has {self.data.row_tokens}; set data.row_tokens to "
                f"{self.tokens} at least."
            )
