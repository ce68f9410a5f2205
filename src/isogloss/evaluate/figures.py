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
    tied = {str(query): int(ranks.tied[query]) for query in np.flatnonzero(ranks.tied)}
    return {"better": ranks.better.tolist(), "tied": tied, "picture": picture.tolist()}


def ranks_from_json(saved: dict[str, Any]) -> tuple[Ranks, np.ndarray]:
    """What `ranks_to_json` wrote: the ranks, and the picture of every query."""
    tied = np.zeros(len(saved["better"]), np.int64)
    for query, count in saved["tied"].items():
        tied[int(query)] = count
    return Ranks(np.array(saved["better"], np.int64), tied), np.array(saved["picture"], np.int64)
