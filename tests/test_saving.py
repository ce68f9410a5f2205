"""A folder appears whole or not at all, whatever stops the writing."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from data.small_dataset import CAPTIONS_OF, SPLITS, caption_table, everything, image_row, make, png

from isogloss.data.dataset import Dataset
from isogloss.data.tables import IMAGES
from isogloss.data.validate import validate
from isogloss.data.writing import write_dataset
from isogloss.errors import UserError
from isogloss.saving import new_folder


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


def test_an_existing_folder_is_left_as_it_is(dataset: Dataset, tmp_path: Path) -> None:
    before = everything(dataset.root)
    with pytest.raises(UserError, match="exists already"):
        make(dataset.root, {"z": "train"}, {"en": [("z", "zebra")]})
    assert everything(dataset.root) == before
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="exists already"):
        make(tmp_path / "empty", {"z": "train"}, {"en": [("z", "zebra")]})
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="exists already"):
        make(tmp_path / "dangling", {"z": "train"}, {"en": [("z", "zebra")]})


def test_a_folder_made_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="another process"), new_folder(tmp_path / "d") as folder:
        (folder / "mine").write_text("mine")
        (tmp_path / "d").mkdir()
        (tmp_path / "d" / "theirs").write_text("theirs")
    assert everything(tmp_path) == {"d/theirs": b"theirs"}


def test_a_failure_half_way_leaves_nothing(tmp_path: Path) -> None:
    def files() -> Iterator[tuple[str, bytes]]:
        yield "images/a.png", png(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(
            tmp_path / "d",
            name="",
            description="",
            licence="",
            sources=[],
            images=pa.Table.from_pylist([image_row("a", "train", png(0))], schema=IMAGES),
            captions={"en": caption_table([("a", "ant")])},
            notes={},
            files=files(),
        )
    assert list(tmp_path.iterdir()) == []


def in_another_process(tmp_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run a script that has `make` and a `root`, in a process that may be limited or killed."""
    script = "\n".join(
        [
            "import os, resource, signal, sys",
            "from pathlib import Path",
            "from data.small_dataset import make, image_row, caption_table, png",
            "from isogloss.data.writing import write_dataset",
            "from isogloss.errors import UserError",
            f"root = Path({str(tmp_path / 'd')!r})",
            textwrap.dedent(body),
        ]
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize("most", [60, 3_000])
def test_a_full_disk_leaves_nothing(tmp_path: Path, most: int) -> None:
    """A limit on the size of a file stands for the disk's; 60 bytes stop a picture, 3,000 bytes a table."""
    finished = in_another_process(
        tmp_path,
        f"""
        resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))
        try:
            make(root, {{str(n): "train" for n in range(300)}}, {{"en": [("1", "one")]}})
        except UserError as error:
            print(error)
        """,
    )
    assert "The disk is full" in finished.stdout, finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_no_dataset(tmp_path: Path) -> None:
    finished = in_another_process(
        tmp_path,
        """
        def files():
            yield "images/a.png", png(0)
            os.kill(os.getpid(), signal.SIGKILL)
        import pyarrow as pa
        from isogloss.data.tables import IMAGES
        images = pa.Table.from_pylist([image_row("a", "train", png(0))], schema=IMAGES)
        write_dataset(root, name="", description="", licence="", sources=[], images=images,
                      captions={"en": caption_table([("a", "ant")])}, notes={}, files=files())
        """,
    )
    assert finished.returncode == -signal.SIGKILL, finished.stderr
    assert not (tmp_path / "d").exists()
    validate(make(tmp_path / "d", SPLITS, CAPTIONS_OF))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        make(tmp_path / "file" / "d", SPLITS, CAPTIONS_OF)
