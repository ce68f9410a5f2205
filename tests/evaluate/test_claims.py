"""Each claim where it plainly holds, where it plainly does not, and where the pictures cannot tell."""

from collections.abc import Mapping

import numpy as np
import pytest

from isogloss.evaluate.claims import claims
from isogloss.evaluate.comparison import Measured
from isogloss.evaluate.retrieval import Ranks

LANGUAGES = {
    "en": {"role": "trained", "group": "trained"},
    "es": {"role": "trained", "group": "trained"},
    "pt": {"role": "unseen", "group": "family seen"},
    "tr": {"role": "unseen", "group": "family unseen"},
}
PICTURES = 100


def arm(found: Mapping[str, int]) -> dict[str, Measured]:
    """An arm that finds the first so many of the hundred pictures in each language, and no other."""
    return {
        tag: Measured(
            (Ranks(np.where(np.arange(PICTURES) < count, 0, 50), np.zeros(PICTURES, np.int64)),), np.arange(PICTURES)
        )
        for tag, count in found.items()
    }


def holds(english_only: Mapping[str, int], parallel: Mapping[str, int]) -> list[bool]:
    tags = {tag: LANGUAGES[tag] for tag in parallel}
    return [claim["holds"] for claim in claims(arm(english_only), arm(parallel), tags)]


def test_all_hold_where_parallel_is_better_everywhere() -> None:
    found = claims(
        arm({"en": 60, "es": 10, "pt": 10, "tr": 10}), arm({"en": 70, "es": 60, "pt": 40, "tr": 30}), LANGUAGES
    )
    assert [claim["holds"] for claim in found] == [True] * 6
    english, each, unseen, family, reached, ratio = found
    assert "at least as good in English" in english["claim"]
    assert "within a margin of 0.02" in english["claim"]
    assert english["measured"].startswith("difference +0.100, 95 % interval +0.0")
    assert all(claim["measured"].endswith("; one seed; intervals over pictures") for claim in found)
    assert "each of the 3 other languages" in each["claim"]
    assert each["measured"].startswith("better beyond its interval in 3 of 3;")
    assert "(pt, tr)" in unseen["claim"]
    assert "0.350 (95 % interval" in unseen["measured"]
    assert "against 0.100: 3.50 times" in unseen["measured"]
    assert "(tr)" in family["claim"], "Portuguese is of English's family"
    assert reached["claim"].endswith("2 unseen languages parallel training reaches an accuracy@10 of 0.30.")
    assert "2 unseen languages parallel training reaches 1.5 times the accuracy@10" in ratio["claim"]


def test_none_holds_where_parallel_is_worse_everywhere() -> None:
    assert holds({"en": 70, "es": 60, "pt": 40, "tr": 30}, {"en": 60, "es": 10, "pt": 10, "tr": 10}) == [False] * 6


def test_equal_in_english_is_as_good_and_equal_elsewhere_is_not_better() -> None:
    same = {"en": 50, "es": 50, "pt": 50, "tr": 50}
    assert holds(same, same) == [True, False, False, False, True, False]


def test_as_good_needs_an_interval_that_excludes_more_than_the_margin() -> None:
    """Of two models that are equal but err on other pictures a hundred pictures cannot tell, ten thousand can."""
    for pictures, holds_so in ((100, False), (10_000, True)):
        zeros, order = np.zeros(pictures, np.int64), np.arange(pictures)
        found: list[dict[str, Measured]] = []
        for turn in (0, 1):
            wrong = 50 * ((order // 2 + turn * order) % 2)
            found.append({"en": Measured((Ranks(wrong, zeros),), order)})
        english = claims(found[0], found[1], LANGUAGES)[0]
        assert english["measured"].startswith("difference +0.000")
        assert english["holds"] is holds_so
    assert not holds({"en": 60}, {"en": 57})[0], "surely below, and beyond the margin"


def test_one_seed_that_fails_is_doubt() -> None:
    """In Spanish two seeds of three are far better and one is worse: surely so in pictures, and not in seeds."""
    before = {tag: Measured(one.seeds * 3, one.picture) for tag, one in arm({"en": 50, "es": 40}).items()}
    after = {
        "en": before["en"],
        "es": Measured(tuple(arm({"es": count})["es"].seeds[0] for count in (70, 20, 70)), before["es"].picture),
    }
    english, spanish = claims(before, after, LANGUAGES)
    assert english["holds"]
    assert english["measured"].endswith("; intervals over pictures and 3 seeds")
    assert not spanish["holds"]
    assert "within its interval in es" in spanish["measured"]


def test_the_measure_is_that_of_the_k_that_is_given() -> None:
    """The right pictures move from the sixth place to the third, which accuracy@5 sees, and no other."""
    zeros, order = np.zeros(PICTURES, np.int64), np.arange(PICTURES)
    before, after = ({tag: Measured((Ranks(zeros + place, zeros),), order) for tag in LANGUAGES} for place in (5, 2))
    for k, better in ((1, False), (5, True), (10, False)):
        found = claims(before, after, LANGUAGES, k=k, expected=False)
        assert [claim["holds"] for claim in found] == [True, better, better, better]
        assert all(claim["claim"].endswith(f", in accuracy@{k}.") for claim in found[1:])


def test_one_language_that_is_not_better_decides() -> None:
    found = claims(
        arm({"en": 50, "es": 10, "pt": 10, "tr": 30}), arm({"en": 50, "es": 60, "pt": 12, "tr": 20}), LANGUAGES
    )
    assert not found[1]["holds"]
    told = "better beyond its interval in 1 of 3; within its interval in pt; not better in tr; one seed; "
    assert found[1]["measured"].startswith(told)


def test_what_was_expected_is_an_accuracy_and_a_ratio() -> None:
    for before, after, reached, ratio in (
        (10, 29, False, True),
        (10, 30, True, True),
        (20, 30, True, True),
        (21, 30, True, False),
        (40, 50, True, False),
    ):
        assert holds({"en": 1, "tr": before}, {"en": 1, "tr": after})[-2:] == [reached, ratio], (before, after)


def test_a_gain_on_few_pictures_is_not_claimed() -> None:
    found = holds({"en": 50, "es": 10, "pt": 40, "tr": 40}, {"en": 51, "es": 60, "pt": 41, "tr": 41})
    assert found == [True, False, False, False, True, False]


def test_nothing_is_claimed_of_languages_that_are_not_there() -> None:
    assert len(claims(arm({"en": 5, "es": 1}), arm({"en": 6, "es": 9}), LANGUAGES)) == 2
    assert len(claims(arm({"en": 5, "pt": 1}), arm({"en": 6, "pt": 9}), LANGUAGES)) == 5
    without = claims(arm({"es": 5}), arm({"es": 50}), LANGUAGES)
    assert not any("in English as" in claim["claim"] for claim in without)


def test_a_baseline_that_finds_nothing_is_told_without_a_ratio() -> None:
    found = claims(arm({"en": 5, "tr": 0}), arm({"en": 5, "tr": 30}), LANGUAGES)
    for claim in found:
        assert "nan" not in claim["measured"]
        assert "inf" not in claim["measured"]
    assert [claim["holds"] for claim in found] == [True] * 6


@pytest.mark.parametrize("count", [0, 3])
def test_every_claim_is_a_sentence_with_its_interval(count: int) -> None:
    for claim in claims(arm({"en": 3, "tr": count}), arm({"en": 9, "tr": count}), LANGUAGES):
        assert set(claim) == {"claim", "holds", "measured"}
        assert claim["claim"].endswith(".")
        assert isinstance(claim["holds"], bool)
        assert "interval" in claim["measured"]
