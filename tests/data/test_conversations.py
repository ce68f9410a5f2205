"""What a conversation may be."""

from typing import get_args

import pytest
from data.spoken import ALL, conversation, plain
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.conversations import IMAGE, LONGEST_TURN, Conversation, Role, Turn, fault


def test_good_ones_have_no_fault() -> None:
    assert [fault(one) for one in ALL] == [("", "")] * len(ALL)
    system = Conversation("s", "en", (), (Turn("system", "Be kind."), *ALL[3].turns))
    assert fault(system) == ("", "")
    assert fault(conversation("picture alone", IMAGE, "An ant.", images=("a",))) == ("", "")


def turns(*said: tuple[Role, str]) -> Conversation:
    return Conversation("k", "en", (), tuple(Turn(role, text) for role, text in said))


@pytest.mark.parametrize(
    ("bad", "reason", "detail"),
    [
        (turns(), "conversation without turns", "nobody"),
        (
            turns(("user", "Hi"), ("user", "Hi"), ("assistant", "Yes")),
            "turns of one side in a row",
            "turn 2 is of the user",
        ),
        (
            turns(("system", "s"), ("user", "Hi"), ("assistant", "Yes"), ("assistant", "?")),
            "turns of one side in a row",
            "turn 4 is of the assistant",
        ),
        (turns(("assistant", "Hi"), ("user", "Yes"), ("assistant", "Hi")), "assistant speaks first", "turn 1"),
        (turns(("user", "Hi")), "no reply at the end", "last turn"),
        (turns(("system", "Be kind")), "no reply at the end", "last turn"),
        (turns(("user", "Hi"), ("system", "Be kind"), ("assistant", "Yes")), "system turn among others", "turn 2"),
        (turns(("user", "Hi"), ("assistant", "Yes"), ("text", "?")), "text turn among others", "turn 3"),
        (turns(("user", "Hi"), ("assistant", " \n")), "empty turn", "turn 2, of 'assistant'"),
        (turns(("user", ""), ("assistant", "Yes")), "empty turn", "turn 1, of 'user'"),
        (turns(("user", "Hi"), ("assistant", "a" * (LONGEST_TURN + 1))), "overlong turn", "100,001 characters"),
        (
            turns(("user", f"{IMAGE} What?"), ("assistant", "Ant")),
            "marker without a picture",
            "1 <image> for 0 pictures",
        ),
        (conversation("k", "What?", "Ant", images=("a",)), "picture without a marker", "0 <image> for 1 pictures"),
        (conversation("k", "What?", f"{IMAGE} Ant", images=("a",)), "picture in a reply", "turn 2"),
    ],
)
def test_what_cannot_be_used_is_told(bad: Conversation, reason: str, detail: str) -> None:
    found, exactly = fault(bad)
    assert (found, detail in exactly) == (reason, True)


def alternating(roles: list[Role]) -> bool:
    """The naive reference: the roles of a good conversation, as a pattern of letters."""
    letters = "".join({"system": "s", "user": "u", "assistant": "a", "text": "t"}[role] for role in roles)
    talk = letters.removeprefix("s")
    return bool(letters) and (set(letters) == {"t"} or (len(talk) > 0 and talk == "ua" * (len(talk) // 2)))


@given(st.lists(st.sampled_from(get_args(Role)), max_size=6))
def test_only_speaking_by_turns_is_without_a_fault(roles: list[Role]) -> None:
    one = Conversation("k", "en", (), tuple(Turn(role, "x") for role in roles))
    assert (fault(one)[0] == "") == alternating(roles)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=4), st.integers(0, 8))
def test_as_many_markers_as_pictures(markers: list[int], pictures: int) -> None:
    said = [text for count in markers for text in (IMAGE * count + "What?", "That.")]
    reason, _ = fault(conversation("k", *said, images=tuple(map(str, range(pictures)))))
    assert (reason == "") == (sum(markers) == pictures)


def test_plain_text_may_have_pictures_too() -> None:
    one = plain("k", f"{IMAGE} An ant.")
    assert fault(one)[0] == "marker without a picture"
    assert fault(Conversation("k", "en", ("a",), one.turns)) == ("", "")
