"""Arms side by side: differences, means and ratios over languages, against loops over pictures."""

from collections.abc import Sequence

import numpy as np
import pytest

from isogloss.evaluate.comparison import Measured, mean_over_languages, measured, paired_difference, ratio
from isogloss.evaluate.figures import ranks_from_json, ranks_to_json
from isogloss.evaluate.retrieval import Ranks

PICTURES = 60


def one(rate: float, seed: int, picture: np.ndarray | None = None, seeds: int = 2) -> Measured:
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
    hits = np.array([language.hits(k)[np.argsort(language.picture)] for language in each])
    found = [hits[:, chance.integers(PICTURES, size=PICTURES)].mean() for _ in range(draws)]
    return np.array(found)


def test_a_query_counts_as_often_as_seeds_find_it() -> None:
    ranks = [Ranks(np.array(better), np.zeros(3, np.int64)) for better in ([0, 4, 9], [0, 5, 20], [1, 0, 9], [2, 0, 9])]
    found = Measured(tuple(ranks), np.arange(3))
    assert found.hits(1).tolist() == [0.5, 0.5, 0.0]
    assert found.hits(5).tolist() == [1.0, 0.75, 0.0]
    assert found.hits(10).tolist() == [1.0, 1.0, 0.75]


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
    drawn = [np.stack([b.hits(1) - a.hits(1) for a, b in zip(one_arm, other_arm, strict=True)])]
    chance = np.random.default_rng(8)
    means = [drawn[0][:, chance.integers(PICTURES, size=PICTURES)].mean() for _ in range(2000)]
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.01)


def test_the_ratio_by_a_loop_over_pictures() -> None:
    one_arm, other_arm = [one(0.3, 1), one(0.4, 2)], [one(0.6, 3), one(0.8, 4)]
    value, low, high = ratio(one_arm, other_arm, 1)
    assert value == pytest.approx(naive_mean(other_arm, 1) / naive_mean(one_arm, 1))
    chance = np.random.default_rng(8)
    below, above = (np.array([arm.hits(1) for arm in arms]) for arms in (one_arm, other_arm))
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
    ranks = Ranks(np.array([0, 7, 2, 0]), np.array([0, 3, 0, 1]))
    picture = np.array([4, 4, 1, 0])
    saved = ranks_to_json(ranks, picture)
    assert saved["tied"] == {"1": 3, "3": 1}
    again, pictures = ranks_from_json(saved)
    assert again.better.tolist() == ranks.better.tolist()
    assert again.tied.tolist() == ranks.tied.tolist()
    assert pictures.tolist() == picture.tolist()


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
    assert found.hits(5).tolist() == [0.5, 0.5]
