"""What turns conversations and pictures into a chat model's inputs: LLaVA's processor, which needs no isogloss."""

from typing import Any

from transformers import AutoTokenizer, LlavaProcessor
from transformers.tokenization_utils_base import AddedToken

from isogloss.data.chat_template import use_chat_template
from isogloss.data.conversations import IMAGE
from isogloss.data.thoughts import without_thoughts
from isogloss.errors import UserError
from isogloss.models.chat_config import ChatConfig
from isogloss.models.hub import place
from isogloss.models.tower import FAILURES, Tower, absent
from isogloss.models.visual_tokens import patch_grid

# Put before a template that knows messages of text alone, so that parts, such as an OpenAI-compatible endpoint sends them,
# become text: a picture has a line of its own, as in LLaVA's files.
_PARTS_AS_TEXT = """\
{%- set whole = namespace(messages=[]) -%}
{%- for message in messages -%}
{%- if message['content'] is defined and message['content'] is not string and message['content'] is iterable -%}
{%- set text = namespace(content='') -%}
{%- for part in message['content'] -%}
{%- set text.content = text.content
    + ('IMAGE\\n' if part['type'] in ('image', 'image_url') else part['text']) -%}
{%- endfor -%}
{%- set whole.messages = whole.messages + [dict(message, content=text.content)] -%}
{%- else -%}
{%- set whole.messages = whole.messages + [message] -%}
{%- endif -%}
{%- endfor -%}
{%- set messages = whole.messages -%}
""".replace("IMAGE", IMAGE)


def chat_tokenizer(language_model: Tower, chat_template: str | None = None) -> Any:
    """The tokenizer of a language model, with a token for pictures and one to pad with, and told to reply without a thought.

    Args:
        chat_template: a Jinja file; None for the language model's own.

    Raises:
        UserError: it or the template is absent, or its token for pictures is not a token of its own.
    """
    source = language_model.tokenizer or language_model.model
    if source is None:
        raise UserError(
            "A language model with a config of its own needs a tokenizer; set language_model.tokenizer to a Hub name or a "
            "local path."
        )
    try:
        # Replies are written to the right of all rows of a batch at once, so the shorter ones are padded on the left.
        tokenizer: Any = AutoTokenizer.from_pretrained(place(source), padding_side="left")
    except FAILURES as error:
        raise absent(source, "tokenizer", error) from error
    if tokenizer.pad_token is None:  # as of Llama; padding is masked, so any token will do
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if tokenizer.pad_token is None:
        raise UserError(f"The tokenizer '{source}' has no token to pad with; give it a pad_token.")
    if IMAGE not in tokenizer.get_vocab():
        tokenizer.add_tokens([AddedToken(IMAGE, special=True, normalized=False)], special_tokens=True)
    _check_image_token(tokenizer, source)
    if chat_template is not None:
        use_chat_template(tokenizer, chat_template)
    without_thoughts(tokenizer)
    return tokenizer


def _check_image_token(tokenizer: Any, source: str) -> None:
    number = tokenizer.convert_tokens_to_ids(IMAGE)
    roles = ("bos_token", "eos_token", "pad_token", "unk_token")
    same = next((role for role in roles if getattr(tokenizer, f"{role}_id") == number), None)
    if same:
        raise UserError(
            f"The tokenizer '{source}' numbers {IMAGE} {number:,}, which is its {same} too; give {IMAGE} a number of its own."
        )
    twin = next((token for token, other in tokenizer.get_vocab().items() if other == number and token != IMAGE), None)
    if twin is not None:
        raise UserError(
            f"The tokenizer '{source}' numbers {IMAGE} and {twin!r} alike ({number:,}); give {IMAGE} a number of its own."
        )
    if tokenizer.encode(f"a{IMAGE}{IMAGE}", add_special_tokens=False).count(number) != 2:
        raise UserError(
            f"The tokenizer '{source}' takes {IMAGE} apart or reads it as another token; add {IMAGE} to it as a special token."
        )


def chat_processor(image_processor: Any, tokenizer: Any, config: ChatConfig) -> LlavaProcessor:
    """The processor of a chat model: pictures to pixels, and each `IMAGE` in a text to as many tokens as it takes."""
    sight, grid = config.sight, patch_grid(config.vision_config, config.sight["side"])
    if grid * grid + sight["prefix"] == config.visual_tokens + config.dropped and config.dropped <= 1:
        patch, others = config.vision_config.patch_size, sight["prefix"]
        strategy = "default" if config.dropped else "full"
    else:  # LLaVA's processor counts patches, so a picture passes for one of them
        patch, others, strategy = sight["side"], config.visual_tokens - 1, "full"
    template = tokenizer.chat_template
    return LlavaProcessor(
        image_processor=image_processor,
        tokenizer=tokenizer,
        patch_size=patch,
        vision_feature_select_strategy=strategy,
        num_additional_image_tokens=others,
        image_token=IMAGE,
        chat_template=_PARTS_AS_TEXT + template if isinstance(template, str) else None,
    )
