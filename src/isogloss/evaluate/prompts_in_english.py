"""The baseline of translation for painting: a prompt is put into English, and then painted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from isogloss.errors import UserError
from isogloss.evaluate.provenance import weights_of
from isogloss.evaluate.through_english import by_language_model
from isogloss.evaluate.to_paint import ToPaint
from isogloss.models.tower import FAILURES, reason
from isogloss.saved import check_model, read_object

# From prompts and their language to what they are in English.
IntoEnglish = Callable[[Sequence[str], str], Sequence[str]]


@dataclass(frozen=True)
class Translator:
    """What puts prompts into English.

    Attributes:
        name: by which pictures of its translations are told from those of another's.
        translate: prompts of a language.
    """

    name: str
    translate: IntoEnglish

    def of(self, asked: ToPaint) -> ToPaint:
        """Prompts in English, in place of those in their own language."""
        return asked.said(self.translate(asked.prompts, asked.language))


def language_model_translator(model: str | Path) -> Translator:
    """A language model of ours that has read text alone: it is told a prompt, and asked in English to describe what it heard.

    Args:
        model: a run's folder, or the folder of a saved model.

    Raises:
        UserError: there is none.
    """
    folder = Path(model)
    if (folder / "model" / "config.json").is_file() and not (folder / "config.json").is_file():
        folder = folder / "model"
    check_model(folder)
    made = read_object(folder / "config.json").get("architectures")
    if not any("CausalLM" in str(name) for name in made or ()):  # which would be loaded with weights of chance
        raise UserError(
            f"{folder} holds no language model that writes ({made or 'its config names no architecture'}); name a run of one, "
            "such as that of lm_shapes."
        )
    try:
        put = by_language_model(folder)
    except FAILURES as error:
        raise UserError(
            f"{folder} holds no language model that writes that can be loaded ({reason(error)}); restore it or name another."
        ) from error

    def translate(prompts: Sequence[str], language: str) -> Sequence[str]:
        return prompts if language == "en" else put(prompts, language, "en")

    return Translator(f"language model {weights_of(folder)}", translate)
