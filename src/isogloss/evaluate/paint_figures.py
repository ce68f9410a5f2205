"""The figures of drawn pictures, language by language over all seeds: what results.json holds of a paint model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float

from isogloss.errors import UserError
from isogloss.evaluate.frechet import check_enough, frechet_distance, kernel_distance, kernel_distance_of_subsets
from isogloss.evaluate.paint_measures import PLACES
from isogloss.evaluate.statistics import interval, resampled_means
from isogloss.languages import averaged, group

# A picture is one of its language, its prompt's key and its noise, by which those of all seeds are put in one order.
_ORDER = ("language", "key", "seed")
# What is compared with chance and with another language.
RELATED = "attributes"


def paint_figures(
    seeds: Sequence[pa.Table],
    *,
    chance: float | None = None,
    trained: Sequence[str] = ("en",),
    relative_to: str = "en",
) -> dict[str, Any]:
    """The figures of one arm: of each language that prompts are in, and means over languages that it was trained on or not.

    Those in brackets are [value, low, high]: the mean over pictures and seeds, with its 95 % interval over prompts and
    seeds, both drawn anew, the same for all languages. There is one of every measure of the tables, over the pictures of
    which it says something. `relative_attributes` is how far `attributes` is above chance, as a multiple of how far that
    of `relative_to` is; None where that, or too many of its draws, may not be above it.

    Args:
        seeds: of each model, rows as of `paint_measures.measured_table`; all were asked the same.
        chance: of the attributes, as of `drawings.chance`; None where no attributes are read.
        trained: languages of the captions that the model was trained on.
        relative_to: a tag.

    Raises:
        ValueError: there is no picture, or the seeds were asked different things.
    """
    by_language, measures = _by_language(seeds)
    tags = list(by_language)
    rows: dict[str, dict[str, Any]] = {}
    for tag, (keys, _) in by_language.items():
        own_group = group(tag, trained)
        role = "trained" if own_group == "trained" else "unseen"
        rows[tag] = {"role": role, "group": own_group, "pictures": len(keys)}
    averages: dict[str, dict[str, Any]] = {
        name: {"languages": among} for name, among in averaged(tags, trained).items()
    }
    for measure in measures:
        own = {tag: _said(keys, values[measure]) for tag, (keys, values) in by_language.items()}
        own = {tag: (keys, values) for tag, (keys, values) in own.items() if len(keys)}
        if not own:
            continue
        numbers = np.unique(np.concatenate([keys for keys, _ in own.values()]), return_inverse=True)[1]
        owners = np.split(numbers, np.cumsum([len(keys) for keys, _ in own.values()])[:-1])
        draws = resampled_means([values for _, values in own.values()], owners)
        for tag, means in zip(own, draws.T, strict=True):
            rows[tag][measure] = [float(own[tag][1].mean()), *interval(means)]
        for each in averages.values():
            among = [place for place, tag in enumerate(own) if tag in each["languages"]]
            if among:
                mean = float(np.mean([values.mean() for tag, (_, values) in own.items() if tag in each["languages"]]))
                each[measure] = [mean, *interval(draws[:, among].mean(axis=1))]
        if measure == RELATED and chance is not None and relative_to in own:
            _relate(rows, draws, list(own), relative_to, chance)
    return {
        "seeds": len(seeds),
        "relative_to": relative_to,
        "trained": list(trained),
        "chance": chance,
        "languages": rows,
        "averages": averages,
    }


def distances(
    drawn: Mapping[str, Float[np.ndarray, "drawn dim"]], real: Float[np.ndarray, "real dim"], extractor: str
) -> dict[str, Any]:
    """How far each language's pictures are from real ones as sets: KID, and FID where there are enough of them.

    Args:
        drawn: features of one model's pictures, by language.
        real: features of real pictures.
        extractor: what the features are called.

    Returns:
        The `extractor`, the number of its `features` and of `real` pictures, and by language: `pictures`, `kid` over all
        of them, `kid_of_subsets` as [mean, standard deviation, pictures in a subset], and `fid`, or None with the reason
        as `fid_left_out`.

    Raises:
        ValueError: there are fewer than two pictures of a kind.
    """
    languages: dict[str, dict[str, Any]] = {}
    for tag, features in drawn.items():
        languages[tag] = {
            "pictures": len(features),
            "kid": kernel_distance(features, real),
            "kid_of_subsets": list(kernel_distance_of_subsets(features, real)),
            "fid": None,
        }
        try:
            check_enough(len(features), len(real), real.shape[1], extractor)
            languages[tag]["fid"] = frechet_distance(features, real)
        except UserError as error:
            languages[tag]["fid_left_out"] = str(error)
    return {"extractor": extractor, "features": real.shape[1], "real": len(real), "languages": languages}


_Language = tuple[np.ndarray, dict[str, Float[np.ndarray, "seed picture"]]]


def _by_language(seeds: Sequence[pa.Table]) -> tuple[dict[str, _Language], list[str]]:
    """Keys and values of each language's pictures, in one order for all seeds, and the names of the measures."""
    if not seeds or not seeds[0].num_rows:
        raise ValueError("there is no picture to tell of")
    ordered = [table.sort_by([(name, "ascending") for name in _ORDER]) for table in seeds]
    first = ordered[0]
    measures = [name for name in first.column_names if name not in PLACES.names]
    for other in ordered[1:]:
        same = set(other.column_names) == set(first.column_names)
        if not same or not first.select(list(_ORDER)).equals(other.select(list(_ORDER))):
            raise ValueError(
                f"seeds of {len(first)} and {len(other)} pictures that were not asked or measured the same"
            )
    tags = np.array(first["language"].to_pylist())
    keys = np.array(first["key"].to_pylist())
    values = {
        name: np.stack([table[name].to_numpy(zero_copy_only=False).astype(np.float64) for table in ordered])
        for name in measures
    }
    return {
        tag: (keys[tags == tag], {name: values[name][:, tags == tag] for name in measures})
        for tag in dict.fromkeys(tags.tolist())
    }, measures


def _said(keys: np.ndarray, values: Float[np.ndarray, "seed picture"]) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of which a measure says something, by every seed alike."""
    said = ~np.isnan(values).any(axis=0)
    return keys[said], values[:, said]


def _relate(
    rows: Mapping[str, dict[str, Any]],
    draws: Float[np.ndarray, "resample language"],
    tags: list[str],
    other: str,
    chance: float,
) -> None:
    """Set `relative_attributes`, whose interval is over the same draws in both languages."""
    whole, below = rows[other][RELATED][0] - chance, draws[:, tags.index(other)] - chance
    for tag, means in zip(tags, draws.T, strict=True):
        sure = whole > 0 and bool((below > 0).all())
        above = rows[tag][RELATED][0] - chance
        rows[tag]["relative_" + RELATED] = [above / whole, *interval((means - chance) / below)] if sure else None
