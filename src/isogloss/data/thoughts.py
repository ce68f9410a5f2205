"""Chat templates that let a model think before it replies: told not to, so that it is trained as it is asked."""

import json
import re
from typing import Any

from isogloss.data.chat_template import ChatTemplate
from isogloss.data.conversations import Turn
from isogloss.errors import UserError

# By which Qwen3's template, and those that follow it, know whether a model is to think.
_READ = re.compile(r"\benable_thinking\b")
# Put before such a template. Whoever serves the model may still ask for thoughts.
_WITHOUT = "{%- set enable_thinking = enable_thinking | default(false) -%}\n"
# Put before a template that has an empty thought before the reply that is asked for, and none before those that are there,
# which were asked for in the same way and are learnt too. Qwen3's takes thoughts away where it is not given them apart.
_THERE_TOO = """\
{%- set whole = namespace(messages=[], asked=-1) -%}
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}{%- set whole.asked = loop.index0 -%}{%- endif -%}
{%- endfor -%}
{%- for message in messages -%}
{%- if not enable_thinking and message['role'] == 'assistant' and loop.index0 < END
    and message['content'] is string and LAST not in message['content'] -%}
{%- set whole.messages = whole.messages
    + [dict(message, content=THOUGHT + message['content'], reasoning_content='')] -%}
{%- else -%}
{%- set whole.messages = whole.messages + [message] -%}
{%- endif -%}
{%- endfor -%}
{%- set messages = whole.messages -%}
"""
# Qwen3's has one before a reply that nothing was asked after.
_ENDS = ("whole.asked", "messages | length")
_ROUNDS = (Turn("user", "What?"), Turn("assistant", "Stars"), Turn("user", "Where?"), Turn("assistant", "Above"))


def without_thoughts(tokenizer: Any) -> None:
    """Have a tokenizer's template ask for replies without a thought, if it asks for thoughts; it is saved with it.

    An empty thought then stands in each prompt, as the language model knows it, before every reply, and is never learnt.

    Args:
        tokenizer: of Transformers; one whose template knows no thoughts stays as it is.
    """
    template = tokenizer.chat_template
    if not isinstance(template, str) or template.startswith(_WITHOUT) or not _READ.search(template):
        return
    tokenizer.chat_template = _WITHOUT + template
    thought = _empty_thought(tokenizer)
    if _as_asked(tokenizer) or not thought.strip():
        return
    there_too = _THERE_TOO.replace("LAST", json.dumps(thought.split()[-1])).replace("THOUGHT", json.dumps(thought))
    for end in _ENDS:
        tokenizer.chat_template = _WITHOUT + there_too.replace("END", end) + template
        if _as_asked(tokenizer):
            return
    tokenizer.chat_template = _WITHOUT + template


def _as_asked(tokenizer: Any) -> bool:
    """Whether every reply of a conversation follows just what the model is given to reply to."""
    template = ChatTemplate(tokenizer)
    try:
        whole = template.render(_ROUNDS).text
        return all(whole.startswith(template.prompt(_ROUNDS[:n]).text + _ROUNDS[n].text) for n in (1, 3))
    except UserError:  # which is told when the template is used
        return False


def _empty_thought(tokenizer: Any) -> str:
    """What the prompt has before a reply, and a conversation has not before one that is not its last."""
    template = ChatTemplate(tokenizer)
    try:
        before = template.render(_ROUNDS).text.partition(_ROUNDS[1].text)[0]
        prompt = template.prompt(_ROUNDS[:1]).text
    except UserError:
        return ""
    return prompt[len(before) :] if prompt.startswith(before) else ""
