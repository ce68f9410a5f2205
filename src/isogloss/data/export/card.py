"""The README.md of an export: a dataset card as the Hugging Face Hub reads it, and as people do."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from isogloss.data.dataset import Dataset
from isogloss.data.export.conversations import APART
from isogloss.languages import LANGUAGES

# The licences that the Hub knows by name, of those that data has: https://huggingface.co/docs/hub/repositories-licenses
_HUB_LICENCES = frozenset(
    {
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "gpl-3.0", "unlicense", "gfdl"),
        *("cc", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
        *("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0"),
        *("cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "odc-by", "odbl", "pddl"),
        *("cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0"),
    }
)
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


def dataset_card(
    dataset: Dataset,
    kind: str,
    columns: Mapping[str, tuple[str, ...]],
    counts: Mapping[str, int],
    patterns: Mapping[str, str],
    main: str,
    features: Sequence[Mapping[str, Any]] = (),
    spoken: Mapping[str, int] | None = None,
    apart: Mapping[str, int] | None = None,
) -> str:
    """The card's text.

    Args:
        kind: the format of the export.
        columns: of every language, those that its captions fill.
        counts: the pictures of every split that were written. patterns: the files of every split.
        main: the language of the one caption that every picture has in WebDataset.
        features: what the files hold, where they do not say it themselves.
        spoken: conversations beside pictures, by language. apart: those in files of their own, by split.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    information = dataset.information
    return environment.get_template("card.md").render(
        # A configuration is of one kind of file only.
        front_matter=_front_matter(dataset, counts, patterns, features, apart if kind == "parquet" and apart else {}),
        information=information,
        title=information.get("name") or dataset.root.name,
        kind=kind,
        counts=counts,
        patterns=patterns,
        main=main,
        columns=columns,
        languages=[(tag, _name(tag), *dataset.counts(tag)) for tag in columns],
        spoken=[(tag, _name(tag), count) for tag, count in (spoken or {}).items()],
        apart=apart or {},
        cell=_cell,
    )


def _front_matter(
    dataset: Dataset,
    counts: Mapping[str, int],
    patterns: Mapping[str, str],
    features: Sequence[Mapping[str, Any]],
    apart: Mapping[str, int],
) -> str:
    from huggingface_hub import DatasetCardData

    licence = str(dataset.information.get("licence", ""))
    known = licence.lower() in _HUB_LICENCES
    files = [{"split": split, "path": pattern} for split, pattern in patterns.items() if counts[split]]
    configs: list[dict[str, Any]] = [{"config_name": "default", "data_files": files}]
    if apart:
        spoken = [{"split": split, "path": f"{APART}/*-{split}.parquet"} for split in apart]
        configs.append({"config_name": APART, "data_files": spoken})
    more: dict[str, Any] = {} if known or not licence else {"license_name": licence}
    if features:
        more["dataset_info"] = {"features": list(features)}
    data = DatasetCardData(
        # The Hub's field has codes of two or three letters; whole tags have a field of their own.
        language=sorted({tag.split("-")[0] for tag in dataset.languages}),
        language_bcp47=list(dataset.languages),
        license=licence.lower() if known else "other",
        pretty_name=dataset.information.get("name") or dataset.root.name,
        task_categories=["image-to-text", "text-to-image"],
        size_categories=[_size(sum(counts.values()))],
        configs=configs,
        **more,
    )
    return data.to_yaml()


def _size(pictures: int) -> str:
    return next((name for below, name in _SIZES if pictures < below), "10M<n<100M" if pictures < 10**8 else "n>100M")


def _name(tag: str) -> str:
    return LANGUAGES[tag].name if tag in LANGUAGES else tag


def _cell(value: Any) -> str:
    """A value as a cell of a Markdown table."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|").replace("\n", " ")
