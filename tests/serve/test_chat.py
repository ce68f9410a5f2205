"""Conversations: each reply is that of the whole conversation read anew, and nothing is read or seen twice."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models.tiny_chat import make_chat
from PIL import Image
from serve.test_safety import BAD, Words
from serve.tiny_talker import make_talker, picture, save_picture

from isogloss.data.conversations import IMAGE, Turn
from isogloss.data.templates.instructions import reply_in
from isogloss.errors import UserError
from isogloss.models.chat import ChatModel
from isogloss.serve.chat import Chat
from isogloss.serve.generation import Generation
from isogloss.serve.safety import Check, Safety

SHORT = Generation(max_tokens=12)
Talker = tuple[ChatModel, Any]


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Talker:
    """A chat model and its processor; not to be changed."""
    return make_talker(tmp_path_factory.mktemp("talker"))


def anew(talker: Talker, turns: tuple[Turn, ...], images: list[Image.Image], **options: Any) -> str:
    """The reply to some turns by Transformers' own means: the processor's template and one call of `generate`."""
    model, processor = talker
    messages = [{"role": turn.role, "content": turn.text} for turn in turns]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)
    inputs = processor(text=text, images=images or None, return_tensors="pt")
    given = {name: inputs[name] for name in ("input_ids", "attention_mask", "pixel_values") if name in inputs}
    options = {"max_new_tokens": SHORT.max_tokens, "do_sample": False, **options}
    written = model.generate(**given, **options)[0, inputs["input_ids"].shape[1] :]
    return processor.tokenizer.decode(written, skip_special_tokens=True).lstrip()


@contextmanager
def counted(model: ChatModel) -> Iterator[tuple[list[int], list[int]]]:
    """How many pictures the tower sees, and how many tokens the language model reads, call by call."""
    seen: list[int] = []
    read: list[int] = []
    hooks = [
        model.vision_tower.register_forward_pre_hook(
            lambda _module, args, given: seen.append(len(args[0] if args else given["pixel_values"])), with_kwargs=True
        ),
        model.language_model.register_forward_pre_hook(
            lambda _module, _args, given: read.append(given["inputs_embeds"].shape[1]), with_kwargs=True
        ),
    ]
    try:
        yield seen, read
    finally:
        for hook in hooks:
            hook.remove()


def test_nothing_is_read_or_seen_twice(talker: Talker) -> None:
    model, processor = talker
    chat = Chat(model, processor, SHORT)
    with counted(model) as (seen, read):
        # Its reply has no special token, which the text of a reply leaves out, so that it would be read otherwise.
        first = chat.ask("red", images=[picture(0), picture(1)])
        assert seen == [1, 1]
        written = processor.tokenizer.encode(first, add_special_tokens=False)
        before = len(chat._memory._read)
        read.clear()
        second = chat.ask("and")
        assert seen == [1, 1]
    assert 0 < len(written) <= SHORT.max_tokens and second != first
    # What was not read yet: the reply's last token, its end where it was cut off, and the new turn.
    rest = "<|end|>" * (len(written) == SHORT.max_tokens)
    new = processor.tokenizer.encode(f"{rest}<|user|>and<|end|><|assistant|>")
    assert read[0] == 1 + len(new)
    assert set(read[1:]) == {1}
    assert before + read[0] + len(read) - 1 == len(chat._memory._read)
    assert first == anew(talker, chat.turns[:1], [picture(0), picture(1)])
    assert second == anew(talker, chat.turns[:3], [picture(0), picture(1)])


SAID = st.lists(
    st.tuples(st.text("abcxyz 猫नमस्तेس!", min_size=1, max_size=8).filter(str.strip), st.integers(0, 2)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=SAID, beams=st.sampled_from([1, 1, 3]), penalty=st.sampled_from([1.0, 1.5]))
def test_every_reply_is_that_of_the_conversation_read_anew(
    talker: Talker, said: list[tuple[str, int]], beams: int, penalty: float
) -> None:
    """Whatever is kept: with pictures in any turn, with beams, and with what has been said before penalised."""
    chat = Chat(*talker, replace(SHORT, beams=beams, repetition_penalty=penalty))
    shown: list[Image.Image] = []
    for number, (prompt, count) in enumerate(said):
        new = [picture(number + place) for place in range(count)]
        shown += new
        reply = chat.ask(prompt, images=new)
        wanted = anew(talker, chat.turns[:-1], shown, num_beams=beams, repetition_penalty=penalty)
        assert reply == wanted == chat.turns[-1].text


@pytest.mark.parametrize("writer", ["gemma2", "gpt2", "llama"])
def test_any_language_model_goes_on(writer: str, tmp_path: Path) -> None:
    """Also one whose layers see a window, of which nothing can be taken back, and words that are written otherwise again."""
    model, processor = made = make_chat(tmp_path, "vit", writer)
    if writer == "gemma2":
        for layer in ("sliding_window",):
            setattr(model.language_model.config, layer, 8)
            setattr(model.config.text_config, layer, 8)
    chat = Chat(model, processor, SHORT)
    assert chat.ask("a cat", images=[picture()]) == anew(made, chat.turns[:1], [picture()])
    for prompt in ("a dog and a cat", "un perro"):
        reply = chat.ask(prompt)
        assert reply == anew(made, chat.turns[:-1], [picture()])


def test_replies_by_chance_depend_on_the_seed_alone(talker: Talker) -> None:
    by_chance = Generation(temperature=3.0, max_tokens=12, seed=1)
    replies: list[list[str]] = []
    for generation in (by_chance, by_chance, replace(by_chance, seed=2), SHORT):
        chat = Chat(*talker, generation)
        replies.append([chat.ask("a cat", images=[picture()]), chat.ask("a dog")])
    assert replies[0] == replies[1]
    assert replies[0] != replies[2] and replies[0] != replies[3]
    torch.manual_seed(1)
    options = {"do_sample": True, "temperature": 3.0, "top_p": 1.0, "top_k": 0}
    assert replies[0][0] == anew(talker, chat.turns[:1], [picture()], **options)
    few = Chat(*talker, replace(by_chance, top_p=1e-6))
    assert few.ask("a cat", images=[picture()]) == replies[3][0]  # the likeliest word alone


def test_the_words_of_a_reply_come_one_after_the_other(talker: Talker) -> None:
    chat = Chat(*talker, SHORT)
    pieces = list(chat.stream("a cat", images=[picture()]))
    assert len(pieces) > 5 and all(pieces)
    assert "".join(pieces) == anew(talker, chat.turns[:1], [picture()])


def test_a_reply_that_nobody_reads_on_is_what_was_shown(talker: Talker) -> None:
    model, _ = talker
    chat = Chat(*talker, Generation(max_tokens=200))
    pieces = chat.stream("a cat", images=[picture()])
    shown = next(pieces) + next(pieces)
    with counted(model) as (_, read):
        pieces.close()
        stopped = len(read)
        chat.ask("a dog")
    assert stopped < 50
    assert chat.turns[1] == Turn("assistant", shown)
    assert chat.turns[3].text == anew(talker, chat.turns[:3], [picture()], max_new_tokens=200)


def test_a_reply_that_is_stopped_before_its_first_word_was_not_asked_for(talker: Talker) -> None:
    chat = Chat(*talker, SHORT)
    pieces = chat.stream("a cat", images=[picture()])
    pieces.close()
    assert chat.turns == ()
    chat.ask("a dog")
    assert chat.turns[-1].text == anew(talker, chat.turns[:1], [])


def test_pictures_stand_first_or_where_the_prompt_says(talker: Talker, tmp_path: Path) -> None:
    chat = Chat(*talker, SHORT)
    chat.ask("a cat", images=[save_picture(tmp_path / "a.png"), str(save_picture(tmp_path / "b.png", 1))])
    assert chat.turns[0].text == f"{IMAGE}\n{IMAGE}\na cat"
    assert chat.turns[1].text == anew(talker, chat.turns[:1], [picture(0), picture(1)])
    chat.ask(f"a {IMAGE} cat", images=[picture(2)])
    assert chat.turns[2].text == f"a {IMAGE} cat"
    with pytest.raises(UserError, match="The prompt has 1 <image> for 0 pictures; write as many, or none"):
        chat.ask(f"a {IMAGE} cat")
    assert len(chat.turns) == 4


def test_a_language_is_asked_for_in_its_own_words(talker: Talker) -> None:
    chat = Chat(*talker, SHORT)
    chat.ask("a cat", reply_in="ja")
    assert chat.turns[0].text == f"a cat\n{reply_in('ja')}" == "a cat\n日本語で答えてください。"
    with pytest.raises(UserError, match="There is no language 'xx'|xx"):
        chat.ask("a cat", reply_in="xx")


def test_special_tokens_in_words_stay_words(talker: Talker) -> None:
    model, processor = talker
    chat = Chat(model, processor, SHORT)
    chat.ask("a <|end|> cat")
    end = processor.tokenizer.convert_tokens_to_ids("<|end|>")
    assert chat._memory._read.count(end) == 1


def test_what_has_no_room_is_left_out_by_whole_exchanges_and_pictures_stay_longest(tmp_path: Path) -> None:
    talker = make_talker(tmp_path, max_position_embeddings=128)
    chat = Chat(*talker, Generation(max_tokens=10))
    chat.ask("see", images=[picture()])
    told: list[int] = []
    for prompt in ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"):
        reply = chat.ask(prompt)
        told.append(chat.left_out)
        assert reply == anew(talker, chat.turns[:-1], [picture()], max_new_tokens=10)
        assert chat.turns[0].text == f"{IMAGE}\nsee"
        assert [turn.role for turn in chat.turns] == ["user", "assistant"] * (len(chat.turns) // 2)
    assert told[0] == 0 and told[-1] > 0 and told == sorted(told)
    assert "first" not in [turn.text for turn in chat.turns] and chat.turns[-2].text == "eighth"

    alone = "x" * 105
    reply = chat.ask(alone)
    assert chat.turns[0].text == alone and chat.left_out > told[-1]
    assert reply == anew(talker, chat.turns[:1], [], max_new_tokens=10)
    assert not chat._memory._features

    before = chat.turns
    with pytest.raises(UserError, match=r"take 1\d\d tokens, and the model reads 118 before a reply; say it shorter"):
        chat.ask("x" * 120, images=[picture()])
    assert chat.turns == before
    assert chat.ask("y") == anew(talker, chat.turns[:-1], [], max_new_tokens=10)


def test_after_a_reset_nothing_is_known(talker: Talker) -> None:
    chat = Chat(*talker, SHORT)
    first = chat.ask("a cat", images=[picture()])
    chat.ask("a dog")
    chat.reset()
    assert chat.turns == ()
    with counted(talker[0]) as (seen, _):
        assert chat.ask("a cat", images=[picture()]) == first
    assert seen == [1]


@pytest.mark.parametrize("prompt", ["", "  \n", IMAGE])
def test_nothing_asked(talker: Talker, prompt: str) -> None:
    with pytest.raises(UserError, match="The prompt is empty"):
        Chat(*talker, SHORT).ask(prompt, images=[picture()])


def test_half_letters_of_a_terminal_are_no_reason_to_stop(talker: Talker) -> None:
    chat = Chat(*talker, SHORT)
    chat.ask("a \udcff cat")
    assert chat.turns[0].text == "a ? cat"


def test_bad_pictures_leave_the_conversation_as_it_was(talker: Talker, tmp_path: Path) -> None:
    chat = Chat(*talker, SHORT)
    chat.ask("a cat")
    whole = save_picture(tmp_path / "a.jpg")
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:200])
    (tmp_path / "text.png").write_text("no picture")
    for name, sentence in (
        ("none.png", "There is no picture .*none.png; name one that is there."),
        ("cut.jpg", "cut.jpg is not a picture that can be decoded .*; show another."),
        ("text.png", r"text.png is not a picture that can be decoded \(no format that is known\); show another."),
        (".", "is a folder; name a picture in it."),
    ):
        with pytest.raises(UserError, match=sentence):
            chat.ask("a dog", images=[whole, tmp_path / name])
    assert len(chat.turns) == 2
    assert chat.ask("a dog") == anew(talker, chat.turns[:3], [])


def test_clear_pictures_are_seen_on_white(talker: Talker) -> None:
    clear = Image.new("RGBA", (20, 16), (255, 0, 0, 0))
    replies = [Chat(*talker, SHORT).ask("a", images=[one]) for one in (clear, Image.new("RGB", (20, 16), "white"))]
    assert replies[0] == replies[1]


def test_what_is_refused_is_not_part_of_the_conversation(talker: Talker) -> None:
    chat = Chat(*talker, SHORT, Safety((BAD,), (Check(Words("knife", 0.9), {"bad": 0.5}),)))
    chat.ask("a cat")
    with pytest.raises(UserError, match="This prompt is refused, because words"):
        chat.ask("a knife")
    with counted(talker[0]) as (seen, _), pytest.raises(UserError, match="This picture is refused, because words"):
        chat.ask("a dog", images=[picture()])
    assert len(chat.turns) == 2 and not seen


def test_replies_are_checked_before_they_are_shown(talker: Talker) -> None:
    """A sentence is shown when it, and all up to it, may be."""
    sentences = ["First one. ", "Second! ", "三つ目。", "knife. ", "More."]
    asked: list[str] = []

    class Noted(Words):
        def scores(self, subject: str | Image.Image) -> Any:
            asked.append(str(subject))
            return super().scores(subject)

    chat = Chat(*talker, SHORT, Safety((Check(Noted("knife"), {"bad": 0.5}),)))
    text = "".join(sentences)
    shown, said = "", scripted(chat, text)
    with said, pytest.raises(UserError, match="The reply is refused"):
        for piece in chat.stream("a cat"):
            shown += piece
    assert shown.strip() == "First one. Second! 三つ目。"
    assert chat.turns == ()
    assert asked[1:3] == ["First one.", " Second!"] and "First one. Second!" in asked
    assert not any("More" in one for one in asked)


@contextmanager
def scripted(chat: Chat, text: str) -> Iterator[None]:
    """A model that says something known, letter by letter."""
    tokenizer = chat.processor.tokenizer
    ids = tokenizer.encode(text, add_special_tokens=False)

    def write(_prompt: Any, options: dict[str, Any]) -> list[int]:
        streamer = options["streamer"]
        streamer.put(torch.zeros(1, 3, dtype=torch.int64))
        for token in ids:
            streamer.put(torch.tensor([token]))
        return ids

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chat._memory, "write", write)
        yield


@pytest.mark.parametrize(
    "text",
    ["नमस्ते दुनिया", "👩🏽‍🚀 met 👨‍👩‍👧", "سَلامٌ يا عالم", "שָׁלוֹם", "日本語です。", "e\u0301te\u0301", "한국어", "a\r\nb"],
)
def test_letters_are_shown_whole_and_as_they_are(talker: Talker, text: str) -> None:
    import regex

    chat = Chat(*talker, SHORT)
    with scripted(chat, text):
        pieces = list(chat.stream("a cat"))
    plain = talker[1].tokenizer.decode(talker[1].tokenizer.encode(text, add_special_tokens=False))
    assert "".join(pieces) == plain
    letters = regex.findall(r"\X", plain)
    assert [letter for piece in pieces for letter in regex.findall(r"\X", piece)] == letters


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"beams": 0}, "beams is 0; give a whole number of at least 1"),
        ({"max_tokens": -1}, "max_tokens is -1"),
        ({"temperature": -0.1}, "temperature is -0.1; give a number of at least 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_p": 0.0}, "top_p is 0; give a number above 0 and at most 1"),
        ({"top_p": 1.1}, "top_p is 1.1"),
        ({"repetition_penalty": 0.0}, "repetition_penalty is 0; give a number above 0"),
    ],
)
def test_options_out_of_range(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Generation(**changed)


def test_an_error_amid_a_reply_is_told_and_nothing_of_it_is_kept(talker: Talker) -> None:
    model, _ = talker
    chat = Chat(*talker, SHORT)
    chat.ask("a cat")
    calls: list[int] = []

    def fail(*_: Any) -> None:
        calls.append(1)
        if len(calls) == 4:
            raise torch.OutOfMemoryError("CUDA out of memory")

    hook = model.language_model.model.layers[1].register_forward_pre_hook(fail)
    with pytest.raises(UserError, match="The GPU's memory is full"):
        chat.ask("a dog", images=[picture()])
    hook.remove()
    assert len(chat.turns) == 2
    assert chat.ask("a dog") == anew(talker, chat.turns[:3], [])


def test_a_picture_may_stand_by_itself_and_what_is_none_is_refused(talker: Talker, tmp_path: Path) -> None:
    path = save_picture(tmp_path / "a.png", 0)
    alone, listed = (Chat(*talker, SHORT).ask("a cat", images=images) for images in (str(path), [path]))
    assert alone == listed
    # Where no types are checked, as for most who call.
    code = "from isogloss.serve.pictures import open_picture; open_picture(3)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.endswith("A picture cannot be shown as 3; give a file's path or a picture of Pillow.\n")
