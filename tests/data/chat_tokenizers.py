"""Tokenizers with chat templates of the structures that are met in the wild, made on the spot."""

from functools import cache
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

# ChatML: a header and an end for every turn.
CHATML = """{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"""

# The same, and the assistant's words are marked.
MARKED = """{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' -}}
{%- if message.role == 'assistant' -%}
{% generation %}{{- message.content + '<|im_end|>' -}}{% endgeneration %}{{- '\\n' -}}
{%- else -%}{{- message.content + '<|im_end|>\\n' -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"""

# As Qwen3's: the last reply has a thought, be it empty; those before have theirs taken away, unless it is given apart.
THINKING = """{%- set asked = namespace(last=-1) -%}
{%- for message in messages -%}{%- if message.role == 'user' -%}{%- set asked.last = loop.index0 -%}{%- endif -%}{%- endfor -%}
{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
{%- set content = message.content -%}{%- set thought = '' -%}
{%- if message.reasoning_content is string -%}{%- set thought = message.reasoning_content -%}
{%- elif '</think>' in content -%}
{%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') -%}
{%- set content = content.split('</think>')[-1].lstrip('\\n') -%}
{%- endif -%}
{{- '<|im_start|>assistant\\n' -}}
{%- if loop.index0 > asked.last and (loop.last or thought) -%}{{- '<think>\\n' + thought + '\\n</think>\\n\\n' + content.lstrip('\\n') -}}
{%- else -%}{{- content -}}{%- endif -%}{{- '<|im_end|>\\n' -}}
{%- else -%}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- if enable_thinking is defined and enable_thinking is false -%}{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}
{%- endif -%}"""

# As Llama 3's: headers with two tokens, words trimmed.
HEADERS = """{{- bos_token -}}
{%- for message in messages -%}
{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}"""

# As Mistral's: no header for the assistant, a space before its words, the system's with the last of the user.
INSTRUCTIONS = """{%- if messages[0].role == 'system' -%}{%- set system = messages[0].content -%}{%- set turns = messages[1:] -%}
{%- else -%}{%- set turns = messages -%}{%- endif -%}
{{- bos_token -}}
{%- for message in turns -%}
{%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}{{- raise_exception('roles must alternate') -}}{%- endif -%}
{%- if message.role == 'user' -%}
{{- '[INST] ' -}}{%- if system is defined and loop.index0 >= (turns | length) - 2 and message == (turns | selectattr('role', 'equalto', 'user') | list)[-1] -%}{{- system + '\\n\\n' -}}{%- endif -%}
{{- message.content + '[/INST]' -}}
{%- else -%}{{- ' ' + message.content + eos_token -}}{%- endif -%}
{%- endfor -%}"""

# As Gemma's: no system, another name for the assistant, words trimmed.
MODEL_TURNS = """{{- bos_token -}}
{%- for message in messages -%}
{%- if message.role == 'system' -%}{{- raise_exception('System role not supported') -}}{%- endif -%}
{%- set role = 'model' if message.role == 'assistant' else message.role -%}
{{- '<start_of_turn>' + role + '\\n' + message.content | trim + '<end_of_turn>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}"""

# As Zephyr's: the end of a turn is the end of a text.
ENDED = """{%- for message in messages -%}
{{- '<|' + message.role + '|>\\n' + message.content + eos_token + '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>\\n' -}}{%- endif -%}"""

# No special token ends a turn.
ENDLESS = "{% for message in messages %}{{ message.role + ': ' + message.content + '\\n' }}{% endfor %}"

TEMPLATES = {
    "chatml": CHATML,
    "marked": MARKED,
    "thinking": THINKING,
    "headers": HEADERS,
    "instructions": INSTRUCTIONS,
    "model turns": MODEL_TURNS,
    "ended": ENDED,
}
END = {
    "chatml": "<|im_end|>",
    "marked": "<|im_end|>",
    "thinking": "<|im_end|>",
    "headers": "<|eot_id|>",
    "instructions": "</s>",
    "model turns": "<end_of_turn>",
    "ended": "</s>",
}
IMAGE_TOKEN = "<|image_pad|>"
SPECIAL = (
    *("<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("[INST]", "[/INST]", "<start_of_turn>", "<end_of_turn>", "<|user|>", "<|assistant|>", "<|system|>"),
)
_TEXT = (
    "What is in the picture? A red circle above a small blue square, and two stars. user assistant system model",
    "¿Qué hay en la imagen? Un círculo rojo.",
    "赤い丸の上に青い四角があります。绘画里有什么?",
    "चित्र में क्या है? ছবিতে কী আছে?",
)


@cache
def _byte_level() -> Tokenizer:
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(_TEXT, BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False))
    return tokenizer


@cache
def byte_level(template: str | None = CHATML, image_token: str = IMAGE_TOKEN) -> Any:
    """A tokenizer of bytes, as GPT-2's and Qwen's; a token for thoughts is no special one, as in Qwen3's."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_byte_level().to_str()), bos_token="<s>", eos_token="</s>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": [*SPECIAL[2:], image_token]})
    tokenizer.add_tokens([AddedToken("<think>", special=False), AddedToken("</think>", special=False)])
    tokenizer.chat_template = template
    return tokenizer
