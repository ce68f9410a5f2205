"""The commands of `isogloss data` that read a source into a dataset folder, each a function whose signature is its options."""

from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table as Grid

from isogloss.data.sources.how import Import
from isogloss.data.sources.source import Source
from isogloss.errors import UserError
from isogloss.languages import language as known_language

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


def data_coco(
    directory: tyro.conf.Positional[Path],
    annotations: tuple[str, ...] = (),
    images: tuple[str, ...] = (),
    karpathy: str = "",
    language: str = "en",
    licence: str = "unknown",
    how: How = _USUAL,
) -> None:
    """Read COCO captions, and files of their kind in any language.

    Args:
        directory: the dataset folder to make.
        annotations: the files, as captions_train2017.json or ja=stair.json; train and val by their names, and half of the
            pictures of val are the test split.
        images: the folders of the pictures, one for each of the annotations or any number; without them those beside the
            annotations that are named as they are, such as train2017.
        karpathy: his split file, dataset_coco.json, which then says the splits; enough with --images alone.
        language: of the captions whose file names none.
        licence: of pictures and captions.
    """
    from isogloss.data.sources.coco import Coco

    source = Coco.open(annotations, images=images, karpathy=karpathy, language=language, licence=licence)
    run_import(source, directory, how)


def data_flickr(
    directory: tyro.conf.Positional[Path],
    images: str = "",
    karpathy: str = "",
    tokens: tuple[str, ...] = (),
    splits: tuple[str, ...] = (),
    language: str = "en",
    licence: str = "unknown",
    how: How = _USUAL,
) -> None:
    """Read Flickr8k or Flickr30k.

    Args:
        directory: the dataset folder to make.
        images: the folder of the pictures.
        karpathy: his split file, such as dataset_flickr30k.json.
        tokens: files of captions, such as results_20130124.token, Flickr8k.token.txt or results.csv; de=FILE for another
            language.
        splits: files that list the pictures of a split, such as Flickr_8k.devImages.txt, or test=FILE.
        language: of the captions whose file names none.
        licence: of pictures and captions.
    """
    from isogloss.data.sources.flickr import Flickr

    source = Flickr.open(images, tokens=tokens, splits=splits, karpathy=karpathy, language=language, licence=licence)
    run_import(source, directory, how)


def data_webdataset(
    archives_and_directory: tyro.conf.Positional[tuple[str, ...]],
    captions: tuple[str, ...] = (),
    language: str = "en",
    licence: str = "unknown",
    how: How = _USUAL,
) -> None:
    """Read WebDataset tars as img2dataset writes them.

    Args:
        archives_and_directory: uncompressed tars, folders of them, or patterns such as 'shards/{00000..00099}.tar', paths
            or URLs, with train= or another split before one; and last the dataset folder to make.
        captions: keys of the JSON files, as caption, es=caption_es or es=captions.es, and txt for the text files; without
            it whichever usual place has captions.
        language: of the captions whose key names none.
        licence: of pictures and captions.
    """
    from isogloss.data.sources.webdataset import WebDataset

    if len(archives_and_directory) < 2:
        raise UserError(
            "Name the tars and then the dataset folder to make, as in 'shards/{00000..00099}.tar' my-shards."
        )
    *archives, directory = archives_and_directory
    source = WebDataset.open(tuple(archives), captions=captions, language=language, licence=licence)
    run_import(source, Path(directory), how, captions)


def data_hub(
    dataset: tyro.conf.Positional[str],
    directory: tyro.conf.Positional[Path],
    config: str = "",
    revision: str = "",
    split: tuple[str, ...] = (),
    image: str = "",
    captions: tuple[str, ...] = (),
    language: str = "en",
    language_column: str = "",
    key: str = "",
    split_column: str = "",
    streaming: bool = False,
    licence: str = "unknown",
    how: How = _USUAL,
) -> None:
    """Read a Hugging Face dataset with a column of pictures.

    Args:
        dataset: its name on the Hub, or a local folder.
        directory: the dataset folder to make; it keeps the pictures.
        config: which configuration of it.
        revision: a branch, tag or commit.
        split: which splits, such as validation or train[:10%]; without it all.
        image: the column with the pictures; without it the first that holds some.
        captions: the columns with captions, as caption or es=leyenda; without it the usual ones.
        language: of the captions whose column names none.
        language_column: the column that says in which language a row's captions are.
        key: the column with the picture's key; without it keys are numbers.
        split_column: the column with the picture's split, where the dataset's own splits say nothing.
        streaming: read over the network and keep no copy but the dataset folder.
        licence: of pictures and captions.
    """
    from isogloss.data.sources.hub import HubDataset

    source = HubDataset.open(
        dataset,
        config=config,
        revision=revision,
        splits=split,
        image=image,
        captions=captions,
        language=language,
        language_column=language_column,
        key=key,
        split_column=split_column,
        streaming=streaming,
        licence=licence,
    )
    run_import(source, directory, how)


def data_folder(
    pictures: tyro.conf.Positional[str],
    directory: tyro.conf.Positional[Path],
    captions: tuple[str, ...] = (),
    language: str = "en",
    table: str = "",
    licence: str = "unknown",
    how: How = _USUAL,
) -> None:
    """Read a folder of pictures with text beside them: NAME.txt, NAME.es.txt, NAME.json, or one metadata.csv.

    Args:
        pictures: the folder, a path or URL, with folders in it or not.
        directory: the dataset folder to make.
        captions: keys of the JSON files or columns of the table, as caption or es=leyenda; without it the usual ones.
        language: of the captions that name none.
        table: the file of captions within the folder, where it is not called metadata or captions.
        licence: of pictures and captions.
    """
    from isogloss.data.sources.folder import open_folder

    source = open_folder(pictures, captions=captions, language=language, table=table, licence=licence)
    run_import(source, directory, how, captions)


def data_llava(
    file: tyro.conf.Positional[str],
    directory: tyro.conf.Positional[Path],
    images: str | None = None,
    language: str = "en",
    licence: str = "unknown",
    how: How = _USUAL,
) -> None:
    """Read conversations about pictures, as LLaVA's files or lists of messages have them: JSON, JSON lines or Parquet.

    Args:
        file: the conversations, a path or URL.
        directory: the dataset folder to make.
        images: the folder of the pictures, a path or URL; without it the file's own folder.
        language: of all that is said.
        licence: of pictures and conversations.
    """
    from isogloss.data.sources.llava import Llava

    run_import(Llava.open(file, images=images, language=language, licence=licence), directory, how)


def run_import(source: Source, directory: Path, how: Import, asked: tuple[str, ...] = ()) -> None:
    """Import a source, showing how far it is, and say what became of it.

    asked: the captions that were asked for, as es=caption_es, where a source cannot tell before whether it has them.
    """
    from isogloss.data.conversation_tables import COUNTED
    from isogloss.data.sources.importing import import_source
    from isogloss.train.log import progress_bar

    there = (directory / "dataset.json").exists()
    with progress_bar(True) as bar:
        task = bar.add_task("pictures", total=None, state="")

        def progress(found: int, skipped: int) -> None:
            bar.update(task, completed=found, state=f"{skipped:,} left out" if skipped else "")

        dataset = import_source(source, directory, how, progress)
    splits = ", ".join(f"{name} {count:,}" for name, count in dataset.splits.items())
    print(f"{dataset.root}: {splits}{'; it was imported before, and nothing was read' if there else ''}")
    for name in dataset.information["notes"].get("empty splits", ()):
        print(
            f"No picture fell into the split '{name}'; for so few, import into another folder with a larger --{name}."
        )
    console = Console(markup=False, emoji=False, highlight=False)
    spoken = dataset.information.get(COUNTED, {})
    for kind, by_language in (("captions", dataset.information["languages"]), (COUNTED, spoken)):
        if by_language or (kind == "captions" and not spoken):
            grid = Grid("language", kind, "pictures")
            for tag, counts in by_language.items():
                grid.add_row(tag, f"{counts[kind]:,}", f"{counts['images']:,}")
            console.print(grid)
    if not dataset.languages and not spoken:
        print("No picture has a caption: name where they are, as --help says, or add some with `isogloss data add`.")
    for word in asked:
        tag, named, _ = word.partition("=")
        if named and known_language(tag).tag not in dataset.languages:
            print(f"No caption in '{tag}' was found; is {word} written as in the source?")
    left_out = dataset.information["notes"]["left out"]
    if left_out:
        reasons = Grid("left out", "how many")
        for reason, count in left_out.items():
            reasons.add_row(reason, f"{count:,}")
        console.print(reasons)
        print(f"Each is listed in {dataset.root / 'rejected.parquet'}.")
