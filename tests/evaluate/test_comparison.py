"""Arms side by side: differences, means and ratios over languages, against loops over pictures."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.evaluate.comparison import Measured, mean_over_languages, measured, paired_difference, ratio
from isogloss.evaluate.figures import ranks_from_json, ranks_to_json
from isogloss.evaluate.retrieval import Ranks

PICTURES = 60


def one(rate: float, seed: int, picture: np.ndarray | None = None, seeds: int = 1) -> Measured:
    """A language in which about `rate` of the queries are right at once, and the others far off."""
    chance = np.random.default_rng(seed)
    picture = np.arange(PICTURES) if picture is None else picture
    drawn = [chance.random(len(picture)) < rate for _ in range(seeds)]
    ranks = [Ranks(np.where(right, 0, 30), np.zeros(len(picture), np.int64)) for right in drawn]
    return Measured(tuple(ranks), picture)


def naive_mean(each: Sequence[Measured], k: int) -> float:
    accuracies: list[float] = []
    for language in each:
        right = [rank <= k for ranks in language.seeds for rank in ranks.middle]
        accuracies.append(sum(right) / len(right))
    return sum(accuracies) / len(accuracies)


def naive_resamples(each: Sequence[Measured], k: int, draws: int = 2000) -> np.ndarray:
    """The mean over languages when the pictures are drawn anew, each with its captions in all languages."""
    chance = np.random.default_rng(99)
    hits = np.array([language.hits(k)[0, np.argsort(language.picture)] for language in each])
    found = [hits[:, chance.integers(PICTURES, size=PICTURES)].mean() for _ in range(draws)]
    return np.array(found)


def all_right(pictures: int, seeds: int = 1) -> Measured:
    zeros = np.zeros(pictures, np.int64)
    return Measured((Ranks(zeros, zeros),) * seeds, np.arange(pictures))


def test_every_query_of_every_seed_counts() -> None:
    ranks = [Ranks(np.array(better), np.zeros(3, np.int64)) for better in ([0, 4, 9], [0, 5, 20], [1, 0, 9], [2, 0, 9])]
    found = Measured(tuple(ranks), np.arange(3))
    assert found.hits(1).tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert found.hits(5).mean(axis=0).tolist() == [1.0, 0.75, 0.0]
    assert found.hits(10).mean(axis=0).tolist() == [1.0, 1.0, 0.75]


def test_the_figures_of_a_language() -> None:
    language = one(0.4, seed=0, seeds=3)
    figures = language.figures()
    assert set(figures) == {"accuracy@1", "accuracy@5", "accuracy@10", "rank_quartiles", "captions", "seeds"}
    assert figures["captions"] == PICTURES
    for k in (1, 5, 10):
        value, low, high = figures[f"accuracy@{k}"]
        each = [float((ranks.middle <= k).mean()) for ranks in language.seeds]
        assert figures["seeds"][f"accuracy@{k}"] == pytest.approx(each)
        assert value == pytest.approx(np.mean(each))
        assert low < value < high
    together = np.concatenate([ranks.middle for ranks in language.seeds])
    assert figures["rank_quartiles"] == pytest.approx(np.quantile(together, [0.25, 0.5, 0.75]))


def test_the_mean_over_languages_weighs_each_alike_and_draws_pictures() -> None:
    picture = np.arange(PICTURES)
    each = [one(0.2, 1), one(0.5, 2, picture[::-1]), one(0.8, 3)]
    value, low, high = mean_over_languages(each, 1)
    assert value == pytest.approx(naive_mean(each, 1))
    expected = np.quantile(naive_resamples(each, 1), [0.025, 0.975])
    assert (low, high) == pytest.approx(expected, abs=0.01)


def test_a_language_with_many_captions_weighs_no_more() -> None:
    several = np.repeat(np.arange(PICTURES), 5)
    each = [one(1.0, 1, several), one(0.0, 2)]
    value, low, high = mean_over_languages(each, 1)
    assert value == pytest.approx(0.5)
    assert low <= 0.5 <= high


@pytest.mark.parametrize("pictures", [(100, 300), (1, 300), (2, 5, 9)])
def test_languages_that_are_always_right_are_so_in_every_draw(pictures: tuple[int, ...]) -> None:
    """However many pictures each of them covers, and whether a draw has any of them."""
    each = [all_right(count, seeds=3) for count in pictures]
    assert mean_over_languages(each, 1) == (1.0, 1.0, 1.0)
    assert paired_difference(each, each, 1) == (0.0, 0.0, 0.0)
    assert ratio(each, each, 1) == (1.0, 1.0, 1.0)


# Of every query its picture, and of each of three seeds how many wrong answers are better than the right one and tied.
QUERY = st.tuples(st.integers(0, 11), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=3))


@given(st.lists(st.lists(QUERY, min_size=1, max_size=15), min_size=1, max_size=4), st.integers(1, 3))
def test_an_average_of_accuracies_is_between_the_least_and_the_greatest_of_them(
    languages: list[list[tuple[int, list[tuple[int, int]]]]], seeds: int
) -> None:
    """In languages of any coverage, with any number of captions a picture, and ties."""
    each: list[Measured] = []
    wrong: list[Measured] = []
    for queries in languages:
        picture = np.array([number for number, _ in queries], np.int64)
        found = np.array([counts for _, counts in queries], np.int64)
        ranks = [Ranks(found[:, seed, 0], found[:, seed, 1]) for seed in range(seeds)]
        each.append(Measured(tuple(ranks), picture))
        wrong.append(Measured(tuple(Ranks(one.better + 9, one.tied) for one in ranks), picture))
    value, low, high = mean_over_languages(each, 1)
    hits = [language.hits(1) for language in each]
    least, greatest = (float(np.mean([pick(one) for one in hits])) for pick in (np.min, np.max))
    assert least - 1e-9 <= low <= high <= greatest + 1e-9
    assert least - 1e-9 <= value <= greatest + 1e-9
    assert 0 <= low <= high <= 1
    assert paired_difference(wrong, each, 1) == pytest.approx((value, low, high)), "on the same draws"
    assert mean_over_languages(each[::-1], 1) == pytest.approx((value, low, high))


def test_unequal_coverage_by_a_loop_over_pictures() -> None:
    """Each language's mean is over those of its queries that the draw holds."""
    each = [one(0.3, 1, np.arange(0, 60, 4)), one(0.6, 2), one(0.9, 3, np.repeat(np.arange(40), 2))]
    right: list[dict[int, list[float]]] = [{} for _ in each]
    for language, of in zip(each, right, strict=True):
        for picture, hit in zip(language.picture.tolist(), language.hits(1)[0].tolist(), strict=True):
            of.setdefault(picture, []).append(hit)
    chance = np.random.default_rng(11)
    found: list[float] = []
    for _ in range(2000):
        drawn = chance.integers(PICTURES, size=PICTURES).tolist()
        hits = [[hit for picture in drawn for hit in of.get(picture, [])] for of in right]
        found.append(sum(sum(one) / len(one) for one in hits) / len(hits))
    value, low, high = mean_over_languages(each, 1)
    assert value == pytest.approx(naive_mean(each, 1))
    assert (low, high) == pytest.approx(np.quantile(found, [0.025, 0.975]), abs=0.012)


def test_a_draw_without_a_picture_of_a_language_leaves_it_where_it_was() -> None:
    """One picture of two hundred is in two draws of three, and its language counts for half in all of them."""
    rare = Measured((Ranks(np.zeros(1, np.int64), np.zeros(1, np.int64)),), np.array([7]))
    never = Measured((Ranks(np.full(200, 50), np.zeros(200, np.int64)),), np.arange(200))
    assert mean_over_languages([rare, never], 1) == (0.5, 0.5, 0.5)


def test_seeds_that_differ_widen_the_interval() -> None:
    """Over pictures alone, models that find all and models that find nothing would have an average without doubt."""
    zeros = np.zeros(50, np.int64)
    differ = Measured((Ranks(zeros, zeros), Ranks(zeros + 50, zeros), Ranks(zeros, zeros)), np.arange(50))
    assert mean_over_languages([differ], 1) == pytest.approx((2 / 3, 0.0, 1.0))
    # Both arms of a seed start from one text stage, so they are drawn together.
    assert paired_difference([differ], [differ], 1) == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match=r"languages of \[1, 3\] seeds"):
        mean_over_languages([differ, all_right(50)], 1)


def test_other_queries_are_not_compared() -> None:
    forward, backward = one(0.5, 1), one(0.5, 1, np.arange(PICTURES)[::-1])
    for compare in (paired_difference, ratio):
        with pytest.raises(ValueError, match="not about the same pictures"):
            compare([forward], [backward], 1)
        with pytest.raises(ValueError, match="100 and 300 queries"):
            compare([all_right(100)], [all_right(300)], 1)
    evaluations = [
        {"languages": {"en": {"to": {"ranks": ranks_to_json(found.seeds[0], found.picture)}}}}
        for found in (forward, backward)
    ]
    with pytest.raises(ValueError, match="not about the same pictures"):
        measured(evaluations, "en", "to")


def test_languages_that_rise_and_fall_together_have_a_wider_interval_than_others() -> None:
    """A hundred translations of one test set are no hundred test sets."""
    same = mean_over_languages([one(0.5, 1)] * 6, 1)
    assert same[1:] == pytest.approx(mean_over_languages([one(0.5, 1)], 1)[1:])
    other = mean_over_languages([one(0.5, seed) for seed in range(6)], 1)
    assert other[2] - other[1] < 0.7 * (same[2] - same[1])


def test_a_difference_is_of_the_same_queries() -> None:
    """Two arms that are right of the same hard and easy pictures differ surely, whatever the pictures vary."""
    chance = np.random.default_rng(5)
    easy = chance.random(400) < 0.5
    zeros = np.zeros(400, np.int64)
    worse = Measured((Ranks(np.where(easy, 0, 30), zeros),), np.arange(400))
    helped = easy | (chance.random(400) < 0.1)
    better = Measured((Ranks(np.where(helped, 0, 30), zeros),), np.arange(400))
    value, low, high = paired_difference([worse], [better], 1)
    assert value == pytest.approx(helped.mean() - easy.mean())
    assert 0 < low < value < high
    assert high - low < 0.5 * (better.figures()["accuracy@1"][2] - better.figures()["accuracy@1"][1])
    assert paired_difference([better], [worse], 1) == pytest.approx((-value, -high, -low), abs=0.01)
    assert paired_difference([better], [better], 1) == (0.0, 0.0, 0.0)


def test_a_difference_over_languages_is_the_mean_of_theirs() -> None:
    one_arm, other_arm = [one(0.2, 1), one(0.4, 2)], [one(0.5, 3), one(0.9, 4)]
    value, low, high = paired_difference(one_arm, other_arm, 1)
    assert value == pytest.approx(naive_mean(other_arm, 1) - naive_mean(one_arm, 1))
    drawn = [np.concatenate([b.hits(1) - a.hits(1) for a, b in zip(one_arm, other_arm, strict=True)])]
    chance = np.random.default_rng(8)
    means = [drawn[0][:, chance.integers(PICTURES, size=PICTURES)].mean() for _ in range(2000)]
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.01)


def test_the_ratio_by_a_loop_over_pictures() -> None:
    one_arm, other_arm = [one(0.3, 1), one(0.4, 2)], [one(0.6, 3), one(0.8, 4)]
    value, low, high = ratio(one_arm, other_arm, 1)
    assert value == pytest.approx(naive_mean(other_arm, 1) / naive_mean(one_arm, 1))
    chance = np.random.default_rng(8)
    below, above = (np.concatenate([arm.hits(1) for arm in arms]) for arms in (one_arm, other_arm))
    found: list[float] = []
    for _ in range(2000):
        drawn = chance.integers(PICTURES, size=PICTURES)
        found.append(float(above[:, drawn].sum() / below[:, drawn].sum()))
    assert (low, high) == pytest.approx(np.quantile(found, [0.025, 0.975]), rel=0.03)


def test_the_ratio_to_nothing_is_no_ratio() -> None:
    never, always = one(0.0, 1), one(1.0, 1)
    assert ratio([never], [always], 1)[0] == np.inf
    value, low, _ = ratio([never], [never], 1)
    assert np.isnan(value)
    assert not low > 1


def test_saved_ranks_are_read_back_whole() -> None:
    ranks = Ranks(np.array([0, 7, 2, 0]), np.array([0, 3, 0, 1]), np.array([1, 4, 1, 1]))
    picture = np.array([4, 4, 1, 0])
    saved = ranks_to_json(ranks, picture)
    assert saved["tied"] == {"1": 3, "3": 1}
    assert saved["right"] == {"1": 4}
    again, pictures = ranks_from_json(saved)
    assert again.better.tolist() == ranks.better.tolist()
    assert again.tied.tolist() == ranks.tied.tolist()
    for k in (5, 8, 10):
        assert again.hits(k).tolist() == ranks.hits(k).tolist()
    assert pictures.tolist() == picture.tolist()
    del saved["right"]  # as it was saved before own captions that tie were counted
    assert ranks_from_json(saved)[0].hits(8).tolist() == Ranks(ranks.better, ranks.tied).hits(8).tolist()


def test_one_arm_is_read_from_the_evaluations_of_its_seeds() -> None:
    evaluations = [
        {
            "languages": {
                "en": {
                    "caption_to_image": {
                        "ranks": ranks_to_json(Ranks(np.full(2, seed), np.zeros(2, np.int64)), np.arange(2))
                    }
                }
            }
        }
        for seed in (0, 6)
    ]
    found = measured(evaluations, "en", "caption_to_image")
    assert [ranks.middle.tolist() for ranks in found.seeds] == [[1.0, 1.0], [7.0, 7.0]]
    assert found.hits(5).tolist() == [[1.0, 1.0], [0.0, 0.0]]
