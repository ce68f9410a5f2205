"""The commands of `isogloss data` that work on a dataset folder, each a function whose signature is its options."""

from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from isogloss.errors import UserError

if TYPE_CHECKING:
    from isogloss.data.add import Added


def data_add(
    directory: tyro.conf.Positional[Path],
    language: str = "",
    table: str = "",
    key: str = "",
    captions: tuple[str, ...] = (),
    source: str = "",
    replace: bool = False,
    kind: str = "",
    columns: tuple[str, ...] = (),
    encoding: str = "",
    quotes: bool = True,
) -> None:
    """Add a language, or more captions of one, from a CSV, TSV, JSON lines or Parquet table, or conversations.

    JSON, and tables with a column `conversations` or `messages`, hold conversations as `isogloss data llava` reads them.

    Args:
        directory: the dataset folder.
        language: of the captions, a tag such as hi.
        table: the file, a path or URL.
        key: the column with a picture's key, or the name of its file; without it one of the usual names.
        captions: the columns with captions; without them one of the usual names.
        source: that the captions are kept under, such as human; without it the table's name.
        replace: put them in place of the captions that the language has.
        kind: csv, tsv, jsonl or parquet, where the file's name does not say it.
        columns: the names of the columns, where the first line of a CSV or TSV is a row already.
        encoding: of the text, where it is neither UTF-8 nor UTF-16.
        quotes: whether cells may be quoted.
    """
    for name, given in (("language", language), ("table", table)):
        if not given:
            raise UserError(f"Nothing says which {name} is added to {directory}; give --{name}.")

    from isogloss.data.add import add_captions
    from isogloss.data.add_conversations import add_conversations, holds_conversations
    from isogloss.data.sources.rows import TableFile
    from isogloss.train.log import progress_bar

    file = TableFile(table, kind, encoding, columns, quotes)
    if not captions and holds_conversations(file):
        _print_added(
            directory,
            add_conversations(directory, language, file, source=source, replace=replace),
            "conversation",
        )
        return
    with progress_bar(True) as bar:
        task = bar.add_task("captions", total=None, state="")
        added = add_captions(
            directory,
            language,
            file,
            key=key,
            captions=captions,
            source=source,
            replace=replace,
            progress=lambda done: bar.update(task, completed=done),
        )
    _print_added(directory, added, "caption")


def _print_added(directory: Path, added: "Added", kind: str) -> None:
    from isogloss.data.tables import many

    known = f", {many(added.known, kind)} known already" if added.known else ""
    print(f"{directory}: {many(added.added, kind)} of {added.tag} added{known}")
    if added.rejected:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in added.rejected.items())
        print(f"Left out: {reasons}; {directory / 'rejected' / 'added' / f'{added.tag}.parquet'} lists them")


def data_remove(directory: tyro.conf.Positional[Path], language: str = "", source: str = "", what: str = "") -> None:
    """Take a language out of a dataset folder, or what one source said in it.

    Args:
        directory: the dataset folder.
        language: the language's tag.
        source: only what this source gave, such as apertium; without it all of the language.
        what: "captions" or "conversations"; without it both.
    """
    from isogloss.data.conversation_tables import conversation_languages
    from isogloss.data.dataset import Dataset
    from isogloss.data.remove import remove
    from isogloss.data.tables import many

    if not language:
        raise UserError("Name the language to take out with --language, as in --language hi.")
    removed = remove(directory, language, source, what)
    talked = conversation_languages(directory)
    counts = [many(removed.captions, "caption")] if removed.captions or not removed.conversations else []
    counts += [many(removed.conversations, "conversation")] if removed.conversations else []
    there = [
        f"{', '.join(tags)}{also}"
        for tags, also in ((Dataset.open(directory).languages, ""), (talked, " in conversations"))
        if tags
    ]
    print(f"{directory}: {' and '.join(counts)} taken out; there is now {' and '.join(there) or 'no text'}")


def data_show(
    directory: tyro.conf.Positional[Path],
    html: Path | None = None,
    samples: int = 12,
    seed: int = 0,
) -> None:
    """Show what is in a dataset folder: pictures, languages, captions, and what was left out.

    Args:
        directory: the dataset folder.
        html: a page to write, with pictures and their captions in every language.
        samples: how many pictures the page shows.
        seed: another one shows other pictures.
    """
    from isogloss.data.dataset import Dataset
    from isogloss.data.inventory import take_inventory
    from isogloss.data.inventory_table import print_inventory

    dataset = Dataset.open(directory)
    if samples < 0:
        raise UserError(f"samples is {samples}; give a number of pictures of at least 0.")
    inventory = take_inventory(dataset, samples if html else 1, seed)
    print_inventory(dataset, inventory)
    if html:
        from isogloss.report.dataset import write_dataset_page

        missing = write_dataset_page(dataset, inventory, html)
        print(html)
        if missing:
            print(
                f"{missing} of {len(inventory.sample)} sampled pictures could not be read; `isogloss data check` looks at all."
            )


def data_export(
    directory: tyro.conf.Positional[Path],
    target: tyro.conf.Positional[Path],
    format: str = "webdataset",
    shard_megabytes: float = 256,
    main: str = "",
    jobs: int = 0,
) -> None:
    """Write a dataset folder as WebDataset archives, as Parquet files for the Hugging Face Hub, or as LLaVA's files.

    Args:
        directory: the dataset folder.
        target: the folder to make; an export that was stopped goes on.
        format: webdataset or parquet, for pictures, captions and conversations; or llava, for conversations and their pictures.
        shard_megabytes: the most megabytes of pictures in one file.
        main: the language of the one caption that WebDataset has as text; without it English, or the first there is.
        jobs: processes; 0 for one on each core.
    """
    from isogloss.data.export.job import export_dataset
    from isogloss.data.export.llava import export_llava
    from isogloss.data.tables import many
    from isogloss.train.log import progress_bar

    if format == "llava":
        with progress_bar(True) as bar:
            task = bar.add_task("pictures", total=None, state="")
            told = export_llava(directory, target, lambda done, total: bar.update(task, completed=done, total=total))
        counts = f"{many(told.conversations, 'conversation')} in {many(told.files, 'file')}"
        print(f"{target}: {counts}, {many(told.pictures, 'picture')}")
        if told.rejected:
            print(f"{many(told.rejected, 'conversation')} left out; {target / 'rejected.parquet'} says why")
        return
    with progress_bar(True) as bar:
        task = bar.add_task("pictures", total=None, state="")
        exported = export_dataset(
            directory,
            target,
            format,
            shard_bytes=int(shard_megabytes * 1_000_000),
            main=main,
            jobs=jobs,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(f"{target}: {many(exported.pictures, 'picture')} in {many(exported.files, 'file')}")
    if exported.beside or exported.apart:
        print(
            f"{many(exported.beside, 'conversation')} beside pictures; {exported.apart:,} about no picture or several in "
            f"{target / 'conversations'}"
        )
    if exported.unheard:
        print(f"{many(exported.unheard, 'conversation')} left out with a picture")
    if exported.untold and format == "webdataset":
        print(f"{many(exported.untold, 'picture')} without a caption in the main language, and so without a .txt")
    if exported.rejected:
        print(f"{many(exported.rejected, 'picture')} left out; {target / 'rejected.parquet'} says why")
