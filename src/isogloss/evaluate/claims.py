"""What the paper claims, asked of an experiment's figures, each with the interval that decides."""

import math
from collections.abc import Mapping
from typing import Any

from isogloss.evaluate.comparison import Measured, mean_over_languages, paired_difference, ratio
from isogloss.languages import same_family

# What the emoji world was expected to show, said before anything was measured on its test pictures.
UNSEEN_ACCURACY = 0.30
UNSEEN_RATIO = 1.5
EXPECTED_CUTOFF = 10
# The accuracy@1 that "at least as good" may cost: a caption in fifty, too few for anyone who searches to notice. Without
# a margin two models that are equal would pass by the luck of the draw, every other time.
MARGIN = 0.02


def claims(
    english_only: Mapping[str, Measured],
    parallel: Mapping[str, Measured],
    languages: Mapping[str, Mapping[str, str]],
    *,
    k: int = EXPECTED_CUTOFF,
    expected: bool = True,
) -> list[dict[str, Any]]:
    """Whether each claim holds, and what was measured, in words; differences are parallel minus English-only.

    A claim of "at least as good" holds when the whole interval of the difference is above minus the margin, and one of
    "better" when it is above zero. Intervals are over pictures, and over seeds where there are several.

    Args:
        english_only, parallel: caption→image ranks per language.
        languages: their records, with the `role` and `group` of each.
        k: of the accuracy@k in which languages other than English are compared.
        expected: whether the emoji world's expected figures are among the claims.
    """
    found: list[dict[str, Any]] = []
    seeds = max((len(measured.seeds) for measured in parallel.values()), default=1)
    over = "one seed; intervals over pictures" if seeds == 1 else f"intervals over pictures and {seeds} seeds"

    def say(claim: str, holds: bool, measured: str) -> None:
        found.append({"claim": claim, "holds": bool(holds), "measured": f"{measured}; {over}"})

    if "en" in parallel:
        value, low, high = paired_difference([english_only["en"]], [parallel["en"]], 1)
        say(
            "Parallel training is at least as good in English as English-only training, in accuracy@1, within a margin of "
            f"{MARGIN:.2f}.",
            low > -MARGIN,
            f"difference {value:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}",
        )
    others = [tag for tag in parallel if tag != "en"]
    worse, unclear = [], []
    for tag in others:
        value, low, _ = paired_difference([english_only[tag]], [parallel[tag]], k)
        if value <= 0:
            worse.append(tag)
        elif low <= 0:
            unclear.append(tag)
    if others:
        say(
            f"Parallel training is better in each of the {len(others)} other languages, in accuracy@{k}.",
            not worse and not unclear,
            f"better beyond its interval in {len(others) - len(worse) - len(unclear)} of {len(others)}"
            + (f"; within its interval in {', '.join(unclear)}" if unclear else "")
            + (f"; not better in {', '.join(worse)}" if worse else ""),
        )
    unseen = [tag for tag in parallel if languages[tag]["role"] == "unseen"]
    trained = [tag for tag in parallel if languages[tag]["role"] == "trained"]
    far = [tag for tag in unseen if not any(same_family(tag, other) for other in trained)]
    for name, tags in (
        ("the languages that no image was trained with", unseen),
        ("the languages whose whole family no image was trained with", far),
    ):
        if not tags:
            continue
        one, other = [english_only[tag] for tag in tags], [parallel[tag] for tag in tags]
        value, low, high = mean_over_languages(other, k)
        below = mean_over_languages(one, k)[0]
        times, least, most = ratio(one, other, k)
        say(
            f"Parallel training is better on average over {name} ({', '.join(tags)}), in accuracy@{k}.",
            least > 1 if below else low > 0,
            f"{value:.3f} (95 % interval {low:.3f} to {high:.3f}) against {below:.3f}"
            + (f": {times:.2f} times as much (interval {least:.2f} to {most:.2f})" if below else ""),
        )
    if unseen and expected:
        one, other = [english_only[tag] for tag in unseen], [parallel[tag] for tag in unseen]
        value, low, high = mean_over_languages(other, EXPECTED_CUTOFF)
        times, least, most = ratio(one, other, EXPECTED_CUTOFF)
        say(
            f"Over those {len(unseen)} unseen languages parallel training reaches an accuracy@{EXPECTED_CUTOFF} of "
            f"{UNSEEN_ACCURACY:.2f}.",
            round(value, 9) >= UNSEEN_ACCURACY,
            f"{value:.3f} (95 % interval {low:.3f} to {high:.3f})",
        )
        say(
            f"Over those {len(unseen)} unseen languages parallel training reaches {UNSEEN_RATIO} times the "
            f"accuracy@{EXPECTED_CUTOFF} of English-only training.",
            round(times, 9) >= UNSEEN_RATIO,
            f"{times:.2f} times (95 % interval {least:.2f} to {most:.2f})"
            if math.isfinite(times)
            else "against nothing",
        )
    return found
