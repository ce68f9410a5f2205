"""What is kept on the disk: whole, of what made it, and not made twice, whatever is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor
from train.commands import ENVIRONMENT

from isogloss.errors import UserError
from isogloss.train.kept import Kept, MadeOf, keep

ROWS = 23


def row(number: int) -> Tensor:
    """A tensor of a length of its own, none for every fifth."""
    return torch.full((number % 5, 3), float(number), dtype=torch.bfloat16)


def kept(folder: Path, made: list[int], made_of: Sequence[str] = ("one",), together: int = 4) -> Kept:
    def make(rows: Sequence[int]) -> list[Tensor]:
        made.extend(rows)
        return [row(number) for number in rows]

    return keep(folder, "rows", made_of, ROWS, make, Accelerator(cpu=True), together=together)


def test_rows_are_as_they_were_made_and_made_once(tmp_path: Path) -> None:
    made: list[int] = []
    found = kept(tmp_path, made)
    assert made == list(range(ROWS)) and len(found) == ROWS
    wanted = [22, 0, 7, 7, 13, 4]
    for number, one in zip(wanted, found.of(wanted), strict=True):
        assert torch.equal(one, row(number)) and one.dtype == torch.bfloat16
    assert str(found.file(1)) in Path("/proc/self/maps").read_text(), "mapped, and not read"
    assert kept(tmp_path, made).folder == found.folder and len(made) == ROWS
    assert kept(tmp_path, made, ("another",)).folder != found.folder and len(made) == 2 * ROWS


@pytest.mark.parametrize("size", [0, 40, -1])
def test_a_file_that_is_cut_short_is_made_again(size: int, tmp_path: Path) -> None:
    made: list[int] = []
    first = kept(tmp_path, made)
    content = first.file(2).read_bytes()
    first.file(2).write_bytes(content[:size])
    with pytest.raises(UserError, match=r"part-000002.safetensors cannot be read .* remove it, and it is made anew"):
        Kept(first.folder, ROWS, 4).of([8])
    made.clear()
    again = kept(tmp_path, made)
    assert made == [8, 9, 10, 11] and again.file(2).read_bytes() == content


def test_a_killed_one_goes_on(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from train import test_kept\n"
        "row = test_kept.row\n"
        "test_kept.row = lambda number: (time.sleep(0.05), row(number))[1]\n"
        "test_kept.kept(Path(sys.argv[1]), [])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("*/part-000001.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    there = {int(path.stem.partition("-")[2]) for path in tmp_path.glob("*/part-*.safetensors")}
    (folder,) = tmp_path.iterdir()
    (folder / ".part-000009.safetensors.0.partial").write_bytes(b"half")
    made: list[int] = []
    found = kept(tmp_path, made)
    assert {0, 1} <= there and made == [number for number in range(ROWS) if number // 4 not in there]
    for number, one in enumerate(found.of(range(ROWS))):
        assert torch.equal(one, row(number))
    assert not list(folder.glob("*.partial"))


def test_other_values_are_not_gone_on_with() -> None:
    MadeOf(("states-1",)).load_state_dict(MadeOf(("states-1",)).state_dict())
    with pytest.raises(UserError, match="is not what the run began with"):
        MadeOf(("states-2",)).load_state_dict(MadeOf(("states-1",)).state_dict())
