"""What an import made, in a form that tests compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from isogloss.data.dataset import Dataset
from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.data.sources.source import Source
from isogloss.data.validate import validate

ALONE = Import(jobs=1)


@dataclass(frozen=True)
class Imported:
    """captions: by language and key. skipped: (reason, key) in alphabetical order."""

    dataset: Dataset
    splits: Mapping[str, str]
    captions: Mapping[str, Mapping[str, list[str]]]
    skipped: list[tuple[str, str]]
    details: list[str]


def imported(source: Source, root: Path, how: Import = ALONE) -> Imported:
    """Import a source, decode every picture that the dataset lists, and say what is in it."""
    dataset = import_source(source, root, how)
    validate(dataset)
    images = dataset.images().to_pylist()
    captions: dict[str, dict[str, list[str]]] = {}
    for language in dataset.languages:
        for row in dataset.captions(language).to_pylist():
            captions.setdefault(language, {}).setdefault(row["key"], []).append(row["text"])
    rejected = pq.read_table(root / "rejected.parquet").to_pylist()
    return Imported(
        dataset,
        {one["key"]: one["split"] for one in images},
        captions,
        sorted((one["reason"], one["key"]) for one in rejected),
        [one["detail"] for one in rejected],
    )
