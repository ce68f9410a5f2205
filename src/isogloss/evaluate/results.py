"""The results of an experiment: every arm in every language over all seeds, the averages, and the claims."""

from collections.abc import Mapping, Sequence
from typing import Any

from isogloss.evaluate.claims import EXPECTED_CUTOFF, claims
from isogloss.evaluate.comparison import mean_over_languages, measured
from isogloss.evaluate.retrieval import CUTOFFS


def results(
    evaluations: Mapping[str, Sequence[Mapping[str, Any]]],
    languages: Mapping[str, Mapping[str, str]],
    steps: int | None,
    *,
    cutoff: int | None = EXPECTED_CUTOFF,
    expected: bool = True,
) -> dict[str, Any]:
    """What results.json holds.

    Args:
        evaluations: of every arm, one for each seed; the claims are about "english_only" and "parallel", where both are
            among them.
        languages: `role`, `group`, `family` and `script` by tag, in the order of the results.
        steps: that every arm was trained; None where they were trained unequally long.
        cutoff: the k of the claims on accuracy@k; None where no claim is to be judged.
        expected: whether the emoji world's expected figures are among the claims.
    """
    found = {
        arm: {tag: measured(saved, tag, "caption_to_image") for tag in languages} for arm, saved in evaluations.items()
    }
    each: dict[str, Any] = {}
    for tag, record in languages.items():
        each[tag] = {name: record[name] for name in ("role", "group", "family", "script")}
        for arm, saved in evaluations.items():
            to_caption = measured(saved, tag, "image_to_caption").figures()
            each[tag][arm] = {**found[arm][tag].figures(), "image_to_caption": to_caption}
    averages: dict[str, Any] = {}
    for name in ("trained", "unseen", "family seen", "script seen", "family unseen"):
        tags = [tag for tag, record in languages.items() if name in (record["role"], record["group"])]
        if tags:
            means = {
                arm: {f"accuracy@{k}": list(mean_over_languages([of[tag] for tag in tags], k)) for k in CUTOFFS}
                for arm, of in found.items()
            }
            averages[name] = {"languages": tags, **means}
    return {
        "seeds": len(next(iter(evaluations.values()))),
        "steps": steps,
        "languages": each,
        "averages": averages,
        "claims": claims(found["english_only"], found["parallel"], languages, k=cutoff, expected=expected)
        if cutoff and {"english_only", "parallel"} <= found.keys()
        else [],
    }
