"""The commands of `isogloss data` that work on a dataset folder, each a function whose signature is its options."""

from pathlib import Path

import tyro


def data_export(
    directory: tyro.conf.Positional[Path],
    target: tyro.conf.Positional[Path],
    format: str = "webdataset",
    shard_megabytes: float = 256,
    main: str = "",
    jobs: int = 0,
) -> None:
    """Write a dataset folder as WebDataset archives, or as Parquet files for the Hugging Face Hub.

    Args:
        directory: the dataset folder.
        target: the folder to make; an export that was stopped goes on.
        format: webdataset or parquet.
        shard_megabytes: the most megabytes of pictures in one file.
        main: the language of the one caption that WebDataset has as text; without it English, or the first there is.
        jobs: processes; 0 for one on each core.
    """
    from isogloss.data.export.job import export_dataset
    from isogloss.data.tables import many
    from isogloss.train.log import progress_bar

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
    if exported.untold and format == "webdataset":
        print(f"{many(exported.untold, 'picture')} without a caption in the main language, and so without a .txt")
    if exported.rejected:
        print(f"{many(exported.rejected, 'picture')} left out; {target / 'rejected.parquet'} says why")
