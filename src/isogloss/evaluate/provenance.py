"""What an evaluation measured: which model, on which captions of which dataset. Figures of others do not mix with it."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from isogloss.saved import fields_of, read_object


def evaluation_file(run: Path, split: str, dataset: str | Path | None = None) -> Path:
    """Where the figures of a split are saved; those of another dataset than the run's own bear its name."""
    name = split if dataset is None else f"{Path(dataset).resolve().name}-{split}"
    return run / "evaluation" / f"{name}.json"


def provenance(run: Path, split: str, dataset: str | Path | None = None, sources: Sequence[str] = ()) -> dict[str, Any]:
    """What an evaluation of this run would measure now; without a dataset or sources, what the recipe names.

    Returns:
        `split`, the `dataset`'s place, the `sources` of the captions (none for all), and the hash of the `model`'s weights.

    Raises:
        UserError: recipe.json is missing or damaged.
    """
    with fields_of(run / "recipe.json"):
        data = read_object(run / "recipe.json")["data"]
        own, read = str(data["dataset"]), tuple(data.get("sources", ()))
    return {
        "split": split,
        "dataset": str(Path(dataset or own).resolve()),
        "sources": sorted(set(sources or read)),
        "model": weights_of(run / "model"),
    }


def evaluated(
    run: Path,
    split: str,
    languages: Collection[str],
    dataset: str | Path | None = None,
    sources: Sequence[str] = (),
) -> bool:
    """Whether the saved figures are of the model that the run holds now, of these captions, and in all these languages.

    Raises:
        UserError: recipe.json is missing, or it or the figures are damaged.
    """
    path = evaluation_file(run, split, dataset)
    if not path.exists():
        return False
    return set(languages) <= set(languages_of(path, provenance(run, split, dataset, sources)))


def languages_of(path: Path, measured: Mapping[str, Any]) -> dict[str, Any]:
    """The languages of saved figures, where they are of what is measured; none where they are of anything else.

    Raises:
        UserError: the figures are damaged.
    """
    with fields_of(path):
        saved = read_object(path)
        languages = dict(saved["languages"])
        return languages if all(saved.get(name) == value for name, value in measured.items()) else {}


def weights_of(model: Path) -> str:
    """The SHA-256 of a saved model's weights, in one file or several, of one part or several."""
    found = sha256()
    for path in sorted(model.rglob("*.safetensors")):
        with path.open("rb") as file:
            found.update(path.relative_to(model).as_posix().encode() + file_digest(file, "sha256").digest())
    return found.hexdigest()
