"""`isogloss data export` in a shell."""

from pathlib import Path

import pytest
from cli.program import Program, isogloss
from data.export.pictures import build

from isogloss.data.dataset import Dataset

__all__ = ["isogloss"]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return build(tmp_path / "nine")


def test_the_command_says_what_it_wrote_and_what_it_left_out(
    dataset: Dataset, isogloss: Program, tmp_path: Path
) -> None:
    (dataset.root / "images" / "0.bin").unlink()
    done = isogloss("data", "export", dataset.root, tmp_path / "out", "--main", "hi", "--jobs", "1")
    assert (done.code, done.output.splitlines()) == (
        0,
        [
            f"{tmp_path / 'out'}: 8 pictures in 2 files",
            "4 pictures without a caption in the main language, and so without a .txt",
            f"1 picture left out; {tmp_path / 'out' / 'rejected.parquet'} says why",
        ],
    )
