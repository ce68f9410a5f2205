"""What is learnt from in a split: the conversations or captions that are in it, and shares that lie within each other."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data import index
from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.lessons import lessons, share_of
from isogloss.data.templates import captions
from isogloss.data.worlds.shapes.world import build_shapes
from isogloss.errors import UserError

TRAIN, TEST = 20, 5


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("world") / "shapes"
    return build_shapes(
        root, pictures={"train": TRAIN, "test": TEST}, size=32, languages=("en", "ja"), kinds={"one": 1}
    )


def keys(conversations: Sequence[Conversation]) -> list[str]:
    return [one.key for one in conversations]


def spoken(key: str, language: str = "en") -> Conversation:
    return Conversation(key, language, (), (Turn("user", "What?"), Turn("assistant", "A cat.")))


def test_captions_of_a_split_answer_requests_in_their_own_language(world: Dataset) -> None:
    found = lessons(world, "test", "captions", ("en", "ja"))
    assert list(found) == ["en", "ja"]
    shown = world.images("test", ["key"])["key"].to_pylist()
    for language, part in found.items():
        captions = dict(zip(*world.captions(language).select(["key", "text"]).to_pydict().values(), strict=True))
        assert sorted(one.images for one in part) == sorted((key,) for key in shown)
        assert all(one.language == language for one in part)
        assert [one.turns[-1] for one in part] == [Turn("assistant", captions[one.images[0]]) for one in part]


@pytest.mark.parametrize("large", [False, True], ids=["in memory", "mapped"])
def test_captions_become_conversations_when_they_are_asked_for(
    large: bool, world: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "IN_MEMORY", 0 if large else 1_000)
    asked = list(lessons(world, "train", "captions", ("ja",), shares={"ja": 0.3})["ja"])
    made: list[str] = []
    monkeypatch.setattr(captions, "Turn", lambda role, text: made.append(text) or Turn(role, text))
    found = lessons(world, "train", "captions", ("ja",))["ja"]
    assert len(found) == TRAIN > len(made), "what checks types here looks at single ones"
    made.clear()
    last = found[-1]
    assert made == [turn.text for turn in last.turns] and last == list(found)[TRAIN - 1]
    assert list(found[2:5]) == [found[2], found[3], found[4]]
    again = pickle.loads(pickle.dumps(found))
    assert list(again) == list(found)
    copied = last.turns[-1].text.encode() in pickle.dumps(found)
    assert copied != large, "the rows of a file are not copied into other processes"
    assert (world.root / ".index").exists() or not large
    part = lessons(world, "train", "captions", ("ja",), shares={"ja": 0.3})["ja"]
    assert list(part) == asked and len(asked) == 6


def test_conversations_of_a_split(world: Dataset) -> None:
    for split, count in (("train", TRAIN), ("test", TEST)):
        found = lessons(world, split, "conversations", ("en", "ja"))
        for language, part in found.items():
            assert list(part) == list(read_conversations(world.root, language, split))
            assert len(part) == count


@pytest.mark.parametrize("source", ["captions", "conversations"])
def test_shares_are_of_the_named_languages_alone_and_translations_come_together(world: Dataset, source: str) -> None:
    found = lessons(world, "train", source, ("en", "ja"), shares={"ja": 0.3})
    assert {language: len(part) for language, part in found.items()} == {"en": TRAIN, "ja": 6}
    both = lessons(world, "train", source, ("en", "ja"), shares={"en": 0.3, "ja": 0.3})
    assert keys(both["en"]) == keys(both["ja"]) == keys(found["ja"])
    assert [one.images for one in both["en"]] == [one.images for one in both["ja"]]


def test_a_share_of_nothing_leaves_the_language_in_with_nothing(world: Dataset) -> None:
    found = lessons(world, "train", "conversations", ("en", "ja"), shares={"ja": 0.0})
    assert (len(found["en"]), len(found["ja"])) == (TRAIN, 0)
    with pytest.raises(UserError, match="has no conversations in ja for the split 'train'; add some, or choose other"):
        lessons(world, "train", "conversations", ("ja",), shares={"ja": 0.0})


@pytest.mark.parametrize("source", ["captions", "conversations"])
def test_what_is_not_there_is_told(world: Dataset, source: str) -> None:
    with pytest.raises(UserError, match="'de'"):
        lessons(world, "train", source, ("en", "de"))
    with pytest.raises(UserError, match="'dev'"):
        lessons(world, "dev", source, ("en",))
    with pytest.raises(UserError, match="There is no source of the .* in 'en' 'human'.*shapes"):
        lessons(world, "train", source, ("en",), sources=("human",))
    assert len(lessons(world, "train", source, ("en",), sources=("shapes",))["en"]) == TRAIN


@given(
    names=st.sets(st.text("abc", max_size=6), max_size=40),
    shares=st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
)
def test_a_smaller_share_is_a_part_of_a_larger_one_in_the_same_order(names: set[str], shares: list[float]) -> None:
    everything = [spoken(name) for name in names]
    less, more = (keys(share_of(everything, share)) for share in shares)
    assert len(less) == round(shares[0] * len(names))
    order = keys(everything)
    assert less == [key for key in more if key in set(less)]
    assert more == [key for key in order if key in set(more)]


@given(names=st.lists(st.text("abc", max_size=6), max_size=40, unique=True), share=st.floats(0, 1))
def test_which_are_chosen_depends_on_the_keys_alone(names: list[str], share: float) -> None:
    one = share_of([spoken(name) for name in names], share)
    other = share_of([spoken(name, "ja") for name in reversed(names)], share)
    assert keys(one) == keys(other)[::-1]


def test_a_share_is_spread_over_all(tmp_path: Path) -> None:
    """A hash knows no order: of each half about half is chosen, within five standard deviations."""
    everything = [spoken(f"{number:04}") for number in range(1000)]
    chosen = [int(key) for key in keys(share_of(everything, 0.5))]
    assert len(chosen) == 500
    assert abs(sum(number < 500 for number in chosen) - 250) < 5 * 7.9
