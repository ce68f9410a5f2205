"""Templates that ask for thoughts ask for none: in each prompt as in what is learnt, whichever way they leave them out."""

from copy import deepcopy
from typing import Any

import pytest
from data.chat_tokenizers import CHATML, TEMPLATES, THINKING, byte_level

from isogloss.data.chat_template import ChatTemplate
from isogloss.data.conversations import Turn
from isogloss.data.thoughts import without_thoughts

EMPTY = "<think>\n\n</think>\n\n"
TURNS = [Turn("user", "What?"), Turn("assistant", "A star."), Turn("user", "Where?"), Turn("assistant", "Here.")]
# As SmolLM3's: an empty thought before every reply, where none is wanted.
PREFIXED = CHATML.replace(
    "message.role + '\\n'",
    "message.role + '\\n' + ('<think>\\n\\n</think>\\n\\n' if message.role == 'assistant' and not enable_thinking else '')",
).replace(
    "'<|im_start|>assistant\\n' -}}",
    "'<|im_start|>assistant\\n' + ('' if enable_thinking | default(true) else '<think>\\n\\n</think>\\n\\n') -}}",
)
# As Qwen3.5's: the prompt opens a thought, or has an empty one.
OPENED = THINKING.replace(
    "{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}",
    "{{- '<think>\\n\\n</think>\\n\\n' -}}{%- else -%}{{- '<think>\\n' -}}{%- endif -%}",
)


# Replies that are there have none, and the prompt has an empty one.
PROMPTED = CHATML.replace(
    "{{- '<|im_start|>assistant\\n' -}}",
    "{{- '<|im_start|>assistant\\n' + ('' if enable_thinking | default(true) else '<think>\\n\\n</think>\\n\\n') -}}",
)


def told(template: str) -> Any:
    tokenizer = deepcopy(byte_level(template))
    without_thoughts(tokenizer)
    return tokenizer


def written(tokenizer: Any, turns: list[Turn], **settings: object) -> str:
    messages = [{"role": turn.role, "content": turn.text} for turn in turns]
    return tokenizer.apply_chat_template(messages, tokenize=False, **settings)


@pytest.mark.parametrize("template", [THINKING, PREFIXED, OPENED, PROMPTED])
def test_each_reply_follows_what_the_model_is_given_to_reply_to(template: str) -> None:
    assert template != CHATML
    tokenizer = told(template)
    whole = written(tokenizer, TURNS)
    for turn in (1, 3):
        prompt = written(tokenizer, TURNS[:turn], add_generation_prompt=True)
        assert prompt.endswith(f"assistant\n{EMPTY}")
        assert whole.startswith(f"{prompt}{TURNS[turn].text}<|im_end|>")
    rendered = ChatTemplate(tokenizer).render(TURNS)
    assert [rendered.text[start:end] for start, end in rendered.learnt] == ["A star.<|im_end|>", "Here.<|im_end|>"]
    # And where a system turn comes first.
    assert written(tokenizer, [Turn("system", "Be short."), *TURNS]).count(EMPTY) == 2


@pytest.mark.parametrize("template", [THINKING, OPENED, PREFIXED, PROMPTED])
def test_thoughts_that_are_asked_for_are_written(template: str) -> None:
    tokenizer, plain = told(template), byte_level(template)
    for turns in (TURNS[:1], TURNS[:3]):
        for prompt in (True, False):
            wanted = written(plain, turns, add_generation_prompt=prompt, enable_thinking=True)
            assert written(tokenizer, turns, add_generation_prompt=prompt, enable_thinking=True) == wanted


def test_what_an_earlier_reply_thought_is_taken_away_as_before() -> None:
    turns = [TURNS[0], Turn("assistant", "<think>\nIt is red.\n</think>\n\nA star."), *TURNS[2:3]]
    assert written(told(THINKING), turns, add_generation_prompt=True) == (
        "<|im_start|>user\nWhat?<|im_end|>\n<|im_start|>assistant\nA star.<|im_end|>\n"
        f"<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n{EMPTY}"
    )


def test_it_is_told_once() -> None:
    tokenizer = told(THINKING)
    template = tokenizer.chat_template
    without_thoughts(tokenizer)
    assert tokenizer.chat_template == template


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "thinking"])
def test_a_template_without_thoughts_stays_as_it_is(name: str) -> None:
    assert told(TEMPLATES[name]).chat_template == TEMPLATES[name]


def test_a_template_that_can_be_told_no_more_is_told_that() -> None:
    """One that no earlier reply can be given a thought in; and one that refuses whatever is asked of it."""
    stubborn = THINKING.replace("message.reasoning_content is string", "false")
    tokenizer = told(stubborn)
    assert written(tokenizer, TURNS[:1], add_generation_prompt=True).endswith(EMPTY)
    rendered = ChatTemplate(tokenizer).render(TURNS)
    assert [rendered.text[start:end] for start, end in rendered.learnt] == ["A star.<|im_end|>", "Here.<|im_end|>"]
    refusing = "{{ raise_exception('no') }}{{ enable_thinking }}"
    assert told(refusing).chat_template.endswith(refusing)
    assert told("{% for").chat_template == "{% for"
    tokenizer = deepcopy(byte_level(None))
    without_thoughts(tokenizer)
    assert tokenizer.chat_template is None
