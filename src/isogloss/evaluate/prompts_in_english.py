"""The baseline of translation for painting: a prompt is put into English, and then painted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from isogloss.errors import UserError
from isogloss.evaluate.continuations import TOGETHER
from isogloss.evaluate.provenance import weights_of
from isogloss.evaluate.through_english import Translate, by_language_model
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


def translator_into_english(model: str | Path) -> Translator:
    """A model of ours that has read text alone, and puts prompts into English.

    A language model is told a prompt, and asked in English to describe what it heard. A text encoder whose slots learnt to say
    captions in English says it by them.

    Args:
        model: a run's folder, or the folder of a saved model.

    Raises:
        UserError: there is none.
    """
    folder = Path(model)
    if (folder / "model" / "config.json").is_file() and not (folder / "config.json").is_file():
        folder = folder / "model"
    check_model(folder)
    made = [str(name) for name in read_object(folder / "config.json").get("architectures") or ()]
    writes, slots = any("CausalLM" in name for name in made), any("MaskedLM" in name for name in made)
    try:
        put = by_language_model(folder) if writes else by_slots(folder) if slots else None
    except FAILURES as error:
        raise UserError(
            f"{folder} holds no model of text that can be loaded ({reason(error)}); restore it or name another."
        ) from error
    if put is None:  # which would be loaded with weights of chance
        raise UserError(
            f"{folder} holds no model that puts prompts into English ({made or 'its config names no architecture'}); name a run "
            "of a language model, such as that of lm_shapes, or of a text encoder with en as its pivot, such as text_shapes."
        )

    def translate(prompts: Sequence[str], language: str) -> Sequence[str]:
        return prompts if language == "en" else put(prompts, language, "en")

    return Translator(f"{'language model' if writes else 'slots'} {weights_of(folder)}", translate)


def by_slots(folder: Path) -> Translate | None:
    """Translation by a text encoder whose slots say a caption in English; None where they do not."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    if tokenizer.init_kwargs.get("pivot") != "en":
        return None
    slots = sum(token.startswith("<slot ") for token in tokenizer.all_special_tokens)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()

    @torch.no_grad()
    def translate(texts: Sequence[str], source: str, target: str) -> Sequence[str]:
        said: list[str] = []
        for start in range(0, len(texts), TOGETHER):
            part = list(texts[start : start + TOGETHER])
            read = tokenizer(part, padding=True, truncation=True, return_tensors="pt")
            words = model(**read).logits[:, :slots].argmax(dim=-1)
            said += tokenizer.batch_decode(words, skip_special_tokens=True)
        return said

    return translate
