"""The commands of `isogloss data` that read a source into a dataset folder, each a function whose signature is its options."""

from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table as Grid

from isogloss.data.sources.how import Import
from isogloss.data.sources.source import Source

How = tyro.conf.OmitArgPrefixes[Import]
_USUAL = Import()


def data_table(
    file: tyro.conf.Positional[str],
    directory: tyro.conf.Positional[Path],
    image: str = "",
    captions: tuple[str, ...] = (),
    language: str = "en",
    language_column: str = "",
    images: str | None = None,
    key: str = "",
    split: str = "",
    kind: str = "",
    columns: tuple[str, ...] = (),
    encoding: str = "",
    quotes: bool = True,
    licence: str = "unknown",
    how: How = _USUAL,
) -> None:
    """Read a CSV, TSV, JSON lines or Parquet table of pictures and captions.

    Args:
        file: the table, a path or URL.
        directory: the dataset folder to make.
        image: the column with the picture's path or URL; without it one of the usual names.
        captions: the columns with captions, as caption or es=leyenda; without it one of the usual names.
        language: of the captions whose column names none.
        language_column: the column that says in which language a row's captions are.
        images: the folder of the pictures, a path or URL; without it the table's own folder.
        key: the column with the picture's key; without it the picture's name is.
        split: the column with the picture's split.
        kind: csv, tsv, jsonl or parquet, where the file's name does not say it.
        columns: the names of the columns, where the first line of a CSV or TSV is a row already.
        encoding: of the text, where it is neither UTF-8 nor UTF-16.
        quotes: whether cells may be quoted.
        licence: of pictures and captions.
    """
    from isogloss.data.sources.rows import TableFile
    from isogloss.data.sources.table import Table

    source = Table.open(
        TableFile(file, kind, encoding, columns, quotes),
        captions=captions,
        language=language,
        language_column=language_column,
        picture=image,
        folder=images,
        key=key,
        split=split,
        licence=licence,
    )
    run_import(source, directory, how)


def run_import(source: Source, directory: Path, how: Import) -> None:
    """Import a source, showing how far it is, and say what became of it."""
    from isogloss.data.sources.importing import import_source
    from isogloss.train.log import progress_bar

    with progress_bar(True) as bar:
        task = bar.add_task("pictures", total=None, state="")

        def progress(found: int, skipped: int) -> None:
            bar.update(task, completed=found, state=f"{skipped:,} left out" if skipped else "")

        dataset = import_source(source, directory, how, progress)
    splits = ", ".join(f"{name} {count:,}" for name, count in dataset.splits.items())
    print(f"{dataset.root}: {splits}")
    languages = Grid("language", "captions", "pictures")
    for tag, counts in dataset.information["languages"].items():
        languages.add_row(tag, f"{counts['captions']:,}", f"{counts['images']:,}")
    console = Console(markup=False, emoji=False, highlight=False)
    console.print(languages)
    left_out = dataset.information["notes"]["left out"]
    if left_out:
        reasons = Grid("left out", "how many")
        for reason, count in left_out.items():
            reasons.add_row(reason, f"{count:,}")
        console.print(reasons)
        print(f"Each is listed in {dataset.root / 'rejected.parquet'}.")
