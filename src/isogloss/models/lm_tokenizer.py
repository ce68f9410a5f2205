"""A tokenizer for a language model that writes, learnt from text in many languages."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

from isogloss.data.conversations import IMAGE
from isogloss.errors import UserError

# The end of a turn ends what is written, and what ends a document fills rows up. A role is one token, as in Phi-3, and not
# several, as in ChatML, which would be a sixth of what a small model reads of a caption.
END_OF_TEXT, TURN_END = "<|endoftext|>", "<|end|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
SPECIAL = (END_OF_TEXT, TURN_END, *ROLES, IMAGE)

# Between the marks stands what an assistant writes, its end included. Pictures and texts may be parts of one
# message, as those of an OpenAI-compatible endpoint are; a picture then has a line of its own.
CHAT_TEMPLATE = """\
{%- macro written(content) -%}
{%- if content is string -%}
{{- content -}}
{%- else -%}
{%- for part in content -%}
{{- '<image>\\n' if part['type'] in ('image', 'image_url') else part['text'] -}}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{%- for message in messages -%}
{{- '<|' + message['role'] + '|>' -}}
{%- if message['role'] == 'assistant' -%}
{%- generation -%}{{- written(message['content']) + '<|end|>' -}}{%- endgeneration -%}
{%- else -%}
{{- written(message['content']) + '<|end|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|assistant|>' -}}
{%- endif -%}"""

# Pieces across which no token is learnt. A word keeps its combining marks and joiners, without which the letters of
# Hindi and Bengali would be cut in two. A Han character stands alone: a run of them is many words, and tokens that span
# words would know only the pairs of words that were seen.
_JOINED = r"\p{M}\u200c\u200d"
_PIECES = "|".join(
    (
        r"\p{Han}[" + _JOINED + "]*",
        r" ?(?:(?!\p{Han})[\p{L}" + _JOINED + "])+",
        r" ?\p{N}[" + _JOINED + "]*",
        r" ?[^\s\p{L}\p{N}" + _JOINED + "][^\\s\\p{L}\\p{N}]*",
        r"\s+(?!\S)",
        r"\s+",
    )
)


def pieces() -> pre_tokenizers.PreTokenizer:
    """What cuts a text into the pieces that tokens lie within."""
    return pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")


def _frequent(texts: Iterable[str], most: int) -> tuple[list[str], set[str]]:
    """The most frequent characters of the texts and the line break, in the order of their codes, and the others."""
    counts = Counter(character for text in texts for character in text if character != "\n")
    ranked = sorted(counts, key=lambda character: (-counts[character], character))
    return sorted(["\n", *ranked[: most - 1]]), set(ranked[most - 1 :])


def train_lm_tokenizer(
    texts: Iterable[str], vocabulary: int, tokens: int, chat_template: str = CHAT_TEMPLATE
) -> PreTrainedTokenizerFast:
    """A BPE tokenizer over the characters of NFC text, which writes any text and learns the same tokens every time.

    What it has no character for is written as bytes, as Llama's does, so that no learnt token holds half a character.

    Args:
        texts: to learn from, in all languages.
        vocabulary: how many tokens at most; six special ones and 256 bytes are among them.
        tokens: the longest sequence it is meant for.
        chat_template: how the turns of a conversation become one text.

    Raises:
        UserError: the vocabulary has no room for all bytes.
    """
    fixed = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    least = len(fixed) + 2
    if vocabulary < least:
        raise UserError(f"A vocabulary of {vocabulary} has no room for more than bytes; give one of at least {least}.")
    composed = [unicodedata.normalize("NFC", text) for text in texts]
    # At most half of what is left, so that there is room for words. The trainer would choose in no fixed order.
    alphabet, rare = _frequent(composed, (vocabulary - len(fixed)) // 2)
    cut = str.maketrans(dict.fromkeys(rare, "\n"))
    learning = Tokenizer(BPE())
    learning.pre_tokenizer = pieces()
    trainer = BpeTrainer(
        vocab_size=vocabulary, special_tokens=fixed, initial_alphabet=alphabet, show_progress=False, min_frequency=2
    )
    learning.train_from_iterator((text.translate(cut) for text in composed), trainer)
    learnt: dict[str, Any] = json.loads(learning.to_str())["model"]
    # In a tokenizer of its own, where a byte's name in a text is no token.
    tokenizer = Tokenizer(
        BPE(learnt["vocab"], [(first, second) for first, second in learnt["merges"]], byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pieces()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=tokens,
        pad_token=END_OF_TEXT,
        eos_token=TURN_END,
        extra_special_tokens=[*ROLES, IMAGE],
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = chat_template
    return made
