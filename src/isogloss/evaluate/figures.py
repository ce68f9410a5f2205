"""Figures of ranks, and ranks as JSON, from which every figure can be made again."""

from typing import Any

import numpy as np

from isogloss.evaluate.retrieval import CUTOFFS, Ranks
from isogloss.evaluate.statistics import bootstrap_mean, quartiles


def figures(ranks: Ranks, picture: np.ndarray) -> dict[str, Any]:
    """Accuracy at every cut-off with its interval, and the quartiles of the ranks."""
    accuracies = {f"accuracy@{k}": list(bootstrap_mean(ranks.hits(k), picture)) for k in CUTOFFS}
    return {**accuracies, "rank_quartiles": list(quartiles(ranks.middle))}


def gallery_file(evaluation: str) -> str:
    """The file of the queries that are shown of an evaluation, such as "test" or "other-dataset-test"."""
    return "gallery.json" if evaluation == "test" else f"gallery-{evaluation}.json"


def ranks_to_json(ranks: Ranks, picture: np.ndarray) -> dict[str, Any]:
    """Ranks as JSON, from which every figure can be made again; only queries with ties list them."""
    right = np.broadcast_to(ranks.right, len(ranks.better))
    tied = {str(query): int(ranks.tied[query]) for query in np.flatnonzero(ranks.tied)}
    several = {str(query): int(right[query]) for query in np.flatnonzero(right > 1)}
    return {"better": ranks.better.tolist(), "tied": tied, "right": several, "picture": picture.tolist()}


def ranks_from_json(saved: dict[str, Any]) -> tuple[Ranks, np.ndarray]:
    """What `ranks_to_json` wrote: the ranks, and the picture of every query."""
    tied, right = np.zeros(len(saved["better"]), np.int64), np.ones(len(saved["better"]), np.int64)
    for query, count in saved["tied"].items():
        tied[int(query)] = count
    for query, count in saved.get("right", {}).items():  # older ones count one right answer for every query
        right[int(query)] = count
    return Ranks(np.array(saved["better"], np.int64), tied, right), np.array(saved["picture"], np.int64)
