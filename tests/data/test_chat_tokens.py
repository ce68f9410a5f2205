"""Conversations as token numbers: any template, all that the assistant says and nothing else, pictures, and what has no room."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data.chat_tokenizers import (
    CHATML,
    END,
    ENDLESS,
    IMAGE_TOKEN,
    INSTRUCTIONS,
    MARKED,
    MODEL_TURNS,
    SPECIAL,
    TEMPLATES,
    THINKING,
    byte_level,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.data.chat_template import use_chat_template
from isogloss.data.chat_tokens import ChatTokens, Encoded
from isogloss.data.conversations import IMAGE, Conversation, Role, Turn
from isogloss.data.thoughts import without_thoughts
from isogloss.errors import UserError
from isogloss.models.tokenizer import train_tokenizer

VISUAL = 3
MANY = 10_000


def conversation(*turns: tuple[Role, str], images: int | None = None) -> Conversation:
    """Turns with as many pictures as they have markers, if no other number is given."""
    shown = sum(text.count(IMAGE) for _, text in turns) if images is None else images
    keys = tuple(f"picture {number}" for number in range(shown))
    return Conversation("a", "en", keys, tuple(Turn(role, text) for role, text in turns))


def chat_tokens(tokenizer: Any, most: int = MANY) -> ChatTokens:
    return ChatTokens(tokenizer, tokenizer.convert_tokens_to_ids(IMAGE_TOKEN), VISUAL, most)


def encoded(tokens: ChatTokens, of: Conversation) -> Encoded:
    found = tokens.encode(of)
    assert found is not None
    assert len(found.input_ids) == len(found.learnt)
    return found


def learnt(tokens: ChatTokens, found: Encoded) -> list[str]:
    """Each stretch of tokens that is learnt, as text."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], found.learnt, [0]])))
    stretches = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [tokens.tokenizer.decode(found.input_ids[first:last].tolist()) for first, last in stretches]


def as_transformers_has_it(tokenizer: Any, of: Conversation, **changed: Any) -> list[int]:
    """The template applied by the library, an image token in place of each marker and repeated as its processors do it."""
    messages = [{"role": turn.role, "content": turn.text.replace(IMAGE, IMAGE_TOKEN * VISUAL)} for turn in of.turns]
    return tokenizer.apply_chat_template(messages, **changed)["input_ids"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_all_turns_of_the_assistant_are_learnt_with_their_ends_and_nothing_else(name: str) -> None:
    of = conversation(
        ("user", f"{IMAGE}\nWhat is in it?"),
        ("assistant", "Un círculo rojo."),
        ("user", "Where?"),
        ("assistant", "上。"),
    )
    tokens = chat_tokens(byte_level(TEMPLATES[name]))
    found = encoded(tokens, of)
    end = END[name]
    wanted = [f"Un círculo rojo.{end}", f"上。{end}"]
    if name == "instructions":  # the prompt ends before the space
        wanted = [f" {text}" for text in wanted]
    if name == "thinking":  # a prompt that leaves thinking open has the model write that it does not
        wanted[1] = "<think>\n\n</think>\n\n" + wanted[1]
    assert learnt(tokens, found) == wanted
    assert found.input_ids.tolist() == as_transformers_has_it(tokens.tokenizer, of)
    assert (found.input_ids == tokens.image_token_id).sum() == VISUAL
    assert found.images == ("picture 0",)
    assert found.turns == 4


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_prompt_is_what_a_model_is_given_to_reply_to(name: str) -> None:
    tokens = chat_tokens(byte_level(TEMPLATES[name]))
    of = conversation(("user", f"{IMAGE} What is in it?"), ("assistant", "A star."), ("user", "Where?"))
    prompt = tokens.prompt(of)
    assert prompt.input_ids.tolist() == as_transformers_has_it(tokens.tokenizer, of, add_generation_prompt=True)
    assert not prompt.learnt.any()
    # A reply that is known is no part of it, and what is learnt of the whole begins where the prompt ends.
    whole = Conversation(of.key, of.language, of.images, (*of.turns, Turn("assistant", "Here.")))
    assert tokens.prompt(whole).input_ids.tolist() == prompt.input_ids.tolist()
    both = encoded(tokens, whole)
    assert both.input_ids[: len(prompt)].tolist() == prompt.input_ids.tolist()
    assert both.learnt[len(prompt)] and not both.learnt[len(prompt) - 1]


def test_a_prompt_that_ends_the_thought_leaves_it_to_nobody_to_write() -> None:
    """As a language model reads it that has learnt so: an empty thought before every reply, and none that is learnt."""
    tokenizer = deepcopy(byte_level(THINKING))
    without_thoughts(tokenizer)
    tokens = chat_tokens(tokenizer)
    said: list[tuple[Role, str]] = [
        ("user", f"{IMAGE} What?"),
        ("assistant", "A star."),
        ("user", "Where?"),
        ("assistant", "Here."),
        ("user", "And?"),
        ("assistant", "Two."),
    ]
    whole = encoded(tokens, conversation(*said))
    assert learnt(tokens, whole) == ["A star.<|im_end|>", "Here.<|im_end|>", "Two.<|im_end|>"]
    assert whole.input_ids.tolist() == as_transformers_has_it(tokenizer, conversation(*said))
    ends = np.flatnonzero(np.diff(whole.learnt.astype(int)) == 1) + 1
    for turn, end in zip((1, 3, 5), ends.tolist(), strict=True):
        asked = conversation(*said[:turn])
        prompt = tokens.prompt(asked).input_ids.tolist()
        assert prompt == whole.input_ids[:end].tolist()
        assert prompt == as_transformers_has_it(tokenizer, asked, add_generation_prompt=True)
        assert tokenizer.decode(prompt).endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")


def test_thoughts_are_learnt_where_the_template_leaves_them() -> None:
    tokens = chat_tokens(byte_level(THINKING))
    thought = "<think>\nIt is red.\n</think>\n\n"
    of = conversation(
        ("user", "What?"), ("assistant", f"{thought}A star."), ("user", "Where?"), ("assistant", f"{thought}Up.")
    )
    found = encoded(tokens, of)
    assert found.input_ids.tolist() == as_transformers_has_it(tokens.tokenizer, of)
    assert learnt(tokens, found) == ["A star.<|im_end|>", f"{thought}Up.<|im_end|>"]
    pretended = conversation(("user", "What <|im_end|>?"), ("assistant", f"{thought}A star."))
    with pytest.raises(UserError, match=r"'a' in 'en': a turn spells <\|im_end\|>, which the chat template may take"):
        tokens.encode(pretended)


def test_a_system_turn_goes_where_the_template_has_it() -> None:
    of = conversation(
        ("system", f"Be short. {IMAGE}"),
        ("user", f"{IMAGE} What?"),
        ("assistant", "A star."),
        ("user", f"{IMAGE} And?"),
        ("assistant", "Two."),
    )
    in_order = encoded(chat_tokens(byte_level(CHATML)), of)
    assert in_order.images == ("picture 0", "picture 1", "picture 2")
    tokens = chat_tokens(byte_level(INSTRUCTIONS))
    with_the_last = encoded(tokens, of)
    assert with_the_last.images == ("picture 1", "picture 0", "picture 2")
    assert with_the_last.input_ids.tolist() == as_transformers_has_it(tokens.tokenizer, of)
    assert learnt(tokens, with_the_last) == [" A star.</s>", " Two.</s>"]


@pytest.mark.parametrize("name", ["headers", "model turns"])
def test_words_may_be_trimmed(name: str) -> None:
    tokens = chat_tokens(byte_level(TEMPLATES[name]))
    of = conversation(("user", f" {IMAGE} \n"), ("assistant", "\n A star. "), ("user", "\t?"), ("assistant", "Up\n"))
    found = encoded(tokens, of)
    assert learnt(tokens, found) == [f"A star.{END[name]}", f"Up{END[name]}"]
    assert found.input_ids.tolist() == as_transformers_has_it(tokens.tokenizer, of)


# Words that may spell what is special, and what is not.
WORDS = st.lists(
    st.sampled_from(
        [
            *SPECIAL,
            IMAGE_TOKEN,
            "<|im_",
            "end|>",
            "<",
            ">",
            "赤い",
            "A star",
            "  ",
            "\n",
            "é",
            "\ue0000\ue001",
            "assistant\n",
        ]
    ),
    min_size=1,
    max_size=6,
).map(lambda parts: "x" + "".join(parts) + "x")


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "thinking"])
@settings(max_examples=25)
@given(said=st.lists(WORDS, min_size=2, max_size=6), pictures=st.lists(st.booleans(), min_size=3, max_size=3))
def test_words_that_spell_what_is_special_stay_words(name: str, said: list[str], pictures: list[bool]) -> None:
    tokens = chat_tokens(byte_level(TEMPLATES[name]))
    tokenizer = tokens.tokenizer
    said = said[: len(said) // 2 * 2]
    roles: list[Role] = ["user", "assistant"]
    texts = [IMAGE * (turn % 2 == 0 and pictures[turn // 2]) + text for turn, text in enumerate(said)]
    turns = [(roles[turn % 2], text) for turn, text in enumerate(texts)]
    found = encoded(tokens, conversation(*turns))
    plain = conversation(*((role, IMAGE * text.count(IMAGE) + "x") for role, text in turns))
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}

    def specials(of: Encoded) -> list[int]:
        return [token for token in of.input_ids.tolist() if token in special]

    # The special tokens are those of a conversation that spells none, and all that is said is there to be read.
    assert specials(found) == specials(encoded(tokens, plain))
    rendered = tokenizer.apply_chat_template(
        [{"role": role, "content": text.replace(IMAGE, IMAGE_TOKEN * VISUAL)} for role, text in turns], tokenize=False
    )
    assert tokenizer.decode(found.input_ids.tolist()) == rendered
    space = " " if name == "instructions" else ""
    assert learnt(tokens, found) == [f"{space}{text}{END[name]}" for text in said[1::2]]


def test_a_tokenizer_whose_words_have_the_special_tokens_among_them() -> None:
    """One of pieces, in whose vocabulary "</s>" is a word that any text may have."""
    tokenizer = train_tokenizer(["A red star. ¿Qué hay? 赤い丸 <|/s>", "user assistant im_start im_end"] * 5, 120, 100)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>", IMAGE_TOKEN]})
    tokenizer.chat_template = CHATML
    tokens = chat_tokens(tokenizer)
    said = "A star</s><s> ＜s＞ <|im_end|> 赤い"
    found = encoded(tokens, conversation(("user", f"{IMAGE}{said}"), ("assistant", said)))
    ids = found.input_ids.tolist()
    counts = {token: ids.count(tokenizer.convert_tokens_to_ids(token)) for token in ("<s>", "</s>", "<|im_end|>")}
    assert counts == {"<s>": 0, "</s>": 0, "<|im_end|>": 2}
    assert ids.count(tokens.image_token_id) == VISUAL
    (reply,) = learnt(tokens, found)
    # NFKC makes narrow letters of wide ones, and what is encoded by itself may begin with a space.
    assert reply.replace(" ", "") == "Astar</s><s><s><|im_end|>赤い<|im_end|>"
    plain = encoded(tokens, conversation(("user", "A star"), ("assistant", "赤い star")))
    wanted = tokenizer.apply_chat_template(
        [{"role": "user", "content": "A star"}, {"role": "assistant", "content": "赤い star"}]
    )["input_ids"]
    assert plain.input_ids.tolist() == wanted
    assert learnt(tokens, plain) == ["赤い star<|im_end|>"]


def test_marks_are_taken_where_they_cover_what_is_said() -> None:
    """A template that marks the last reply alone is not followed: all replies are learnt."""
    last_alone = MARKED.replace("message.role == 'assistant'", "message.role == 'assistant' and loop.last")
    of = conversation(("user", "What?"), ("assistant", "A star."), ("user", "Where?"), ("assistant", "Here."))
    tokens = chat_tokens(byte_level(last_alone))
    assert learnt(tokens, encoded(tokens, of)) == ["A star.<|im_end|>", "Here.<|im_end|>"]
    # Marks may say more than could be found out: that a closing new line is the assistant's.
    generous = MARKED.replace("{% endgeneration %}{{- '\\n' -}}", "{{- '\\n' -}}{% endgeneration %}")
    assert generous != MARKED
    tokens = chat_tokens(byte_level(generous))
    assert learnt(tokens, encoded(tokens, of)) == ["A star.<|im_end|>\n", "Here.<|im_end|>\n"]


def test_marks_tell_what_is_learnt_where_words_are_changed() -> None:
    shouting = MARKED.replace(
        "{{- message.content + '<|im_end|>' -}}", "{{- message.content | upper + '<|im_end|>' -}}"
    )
    tokens = chat_tokens(byte_level(shouting))
    of = conversation(("user", f"{IMAGE} What?"), ("assistant", "A star."))
    assert learnt(tokens, encoded(tokens, of)) == ["A STAR.<|im_end|>"]


def test_plain_text_is_learnt_whole_and_ends() -> None:
    tokens = chat_tokens(byte_level(None))
    found = encoded(tokens, conversation(("text", f"{IMAGE}A star</s> is up.")))
    tokenizer = tokens.tokenizer
    assert tokenizer.decode(found.input_ids.tolist()) == IMAGE_TOKEN * VISUAL + "A star</s> is up.</s>"
    assert found.input_ids.tolist().count(tokenizer.eos_token_id) == 1
    assert found.learnt.tolist() == [False] * VISUAL + [True] * (len(found) - VISUAL)
    several = encoded(tokens, conversation(("text", "A star"), ("text", "赤い")))
    assert tokenizer.decode(several.input_ids.tolist()) == "A star\n赤い</s>"
    assert several.learnt.tolist() == [False] + [True] * (len(several) - 1)
    assert several.turns == 2


def test_plain_text_begins_as_the_tokenizer_begins_a_text() -> None:
    tokenizer = train_tokenizer(["a red star"] * 5, 60, 100)
    tokens = ChatTokens(tokenizer, None, 0, MANY)
    found = encoded(tokens, conversation(("text", "a red star")))
    assert found.input_ids.tolist() == tokenizer("a red star")["input_ids"]
    assert found.learnt.tolist() == [False] + [True] * (len(found) - 1)


@settings(max_examples=30)
@given(
    words=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.booleans()), min_size=1, max_size=6),
    system=st.booleans(),
    most=st.integers(1, 150),
)
def test_what_has_no_room_is_cut_by_whole_rounds(words: list[tuple[int, int, bool]], system: bool, most: int) -> None:
    turns: list[tuple[Role, str]] = [("system", "Be short.")] if system else []
    for asked, replied, shown in words:
        turns += [("user", IMAGE * shown + " star" * asked), ("assistant", " up" * replied)]
    tokenizer = byte_level(CHATML)
    roomy = chat_tokens(tokenizer)
    fitting = [
        encoded(roomy, conversation(*turns[:end]))
        for end in range(1, len(turns) + 1)
        if turns[end - 1][0] == "assistant"
    ]
    wanted = [one for one in fitting if len(one) <= most]
    found = chat_tokens(tokenizer, most).encode(conversation(*turns))
    if not wanted:
        assert found is None
        return
    assert found is not None
    assert found.input_ids.tolist() == wanted[-1].input_ids.tolist()
    assert found.learnt.tolist() == wanted[-1].learnt.tolist()
    assert (found.images, found.turns) == (wanted[-1].images, wanted[-1].turns)
    # All of a picture or nothing.
    assert (found.input_ids == tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)).sum() == VISUAL * len(found.images)


def test_what_nobody_replies_to_is_cut_off_or_left_out() -> None:
    tokens = chat_tokens(byte_level())
    found = encoded(tokens, conversation(("user", "What?"), ("assistant", "A star."), ("user", f"{IMAGE}?")))
    assert found.turns == 2
    assert found.images == ()
    assert tokens.encode(conversation(("user", "What?"))) is None
    assert tokens.encode(conversation()) is None
    assert chat_tokens(byte_level(), 5).encode(conversation(("text", "A star is up there."))) is None


@pytest.mark.parametrize("images", [0, 1, 3])
def test_markers_without_pictures_are_refused(images: int) -> None:
    of = conversation(("user", f"{IMAGE} and {IMAGE}?"), ("assistant", "Stars."), images=images)
    with pytest.raises(UserError, match=f"'a' in 'en': it has 2 {IMAGE} for {images} pictures; name as many"):
        chat_tokens(byte_level()).encode(of)


def test_a_marker_that_is_the_image_token_itself() -> None:
    tokenizer = byte_level(CHATML, IMAGE)
    tokens = ChatTokens(tokenizer, tokenizer.convert_tokens_to_ids(IMAGE), VISUAL, MANY)
    found = encoded(tokens, conversation(("user", f"{IMAGE}What?"), ("assistant", "A star.")))
    assert (found.input_ids == tokens.image_token_id).sum() == VISUAL
    with pytest.raises(UserError, match=f"it has 2 {IMAGE} for 1 pictures"):
        tokens.encode(conversation(("user", f"{IMAGE}{IMAGE}What?"), ("assistant", "A star."), images=1))


def test_a_model_without_eyes_sees_no_picture() -> None:
    tokens = ChatTokens(byte_level(), None, 0, MANY)
    assert encoded(tokens, conversation(("user", "What?"), ("assistant", "A star."))).images == ()
    with pytest.raises(UserError, match="'a' in 'en': it shows a picture, and this model sees none"):
        tokens.encode(conversation(("user", f"{IMAGE}What?"), ("assistant", "A star.")))


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("</s>", "The token 1 for pictures is </s>, the tokenizer's eos_token; add a special token of its own"),
        ("a", "for pictures, a, is an ordinary one of the tokenizer, which any text may have"),
        (100_000, "The tokenizer has no token 100000 for pictures; add a special token"),
        (-1, "The tokenizer has no token -1 for pictures"),
    ],
)
def test_an_image_token_that_is_something_else_is_refused(token: str | int, message: str) -> None:
    tokenizer = byte_level()
    number = tokenizer.convert_tokens_to_ids(token) if isinstance(token, str) else token
    with pytest.raises(UserError, match=message.replace("1 for", r"\d+ for", 1) if token == "</s>" else message):
        ChatTokens(tokenizer, number, VISUAL, MANY)
    with pytest.raises(UserError, match="A picture cannot be 0 tokens"):
        ChatTokens(tokenizer, tokenizer.convert_tokens_to_ids(IMAGE_TOKEN), 0, MANY)


ASKED = conversation(("user", "What?"), ("assistant", "A star."))


@pytest.mark.parametrize(
    ("template", "of", "message"),
    [
        (
            None,
            ASKED,
            r"'a' in 'en': The tokenizer .* has no chat template; name a Jinja file with one as chat_template",
        ),
        (ENDLESS, ASKED, "ends a turn of the assistant with no special token"),
        (MODEL_TURNS, conversation(("system", "Hi"), ("user", "?"), ("assistant", "!")), r"System role not supported"),
        (INSTRUCTIONS, conversation(("user", "Hi"), ("user", "?"), ("assistant", "!")), r"roles must alternate"),
        ("{% for", ASKED, "The chat template refuses turns of user, assistant"),
        ("{{ messages[0].content }}</s>", ASKED, "writes a turn of the assistant 0 times"),
        (CHATML + CHATML, ASKED, "writes a turn of the assistant 2 times"),
        (
            "{{ messages | length }}" + CHATML.replace("message.content", "message.content | upper"),
            ASKED,
            "changes what turn 2 says",
        ),
        (CHATML + IMAGE_TOKEN, ASKED, r"writes <image> itself"),
        (
            CHATML.replace("message.content", "message.content | replace('<image>', '')"),
            conversation(("user", f"{IMAGE}?"), ("assistant", "!")),
            "leaves out or repeats <image>",
        ),
        (CHATML, conversation(("text", "a"), ("user", "b")), "there is plain text among its turns"),
    ],
)
def test_templates_and_conversations_that_cannot_be_used_are_refused(
    template: str | None, of: Conversation, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        chat_tokens(byte_level(template)).encode(of)


def test_a_template_is_given_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "template.jinja"
    path.write_text(CHATML, encoding="utf-8")
    tokenizer = deepcopy(byte_level(None))
    use_chat_template(tokenizer, path)
    assert learnt(chat_tokens(tokenizer), encoded(chat_tokens(tokenizer), ASKED)) == ["A star.<|im_end|>"]
    path.write_text("{% for", encoding="utf-8")
    with pytest.raises(UserError, match=r"template\.jinja: The chat template refuses turns of user, assistant"):
        use_chat_template(tokenizer, path)
    assert tokenizer.chat_template == CHATML
    with pytest.raises(UserError, match=r"absent\.jinja cannot be read .*; name a text file"):
        use_chat_template(tokenizer, tmp_path / "absent.jinja")
