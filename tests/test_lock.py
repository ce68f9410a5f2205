"""Locks that another process holds, or held when it was killed."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from isogloss.errors import UserError
from isogloss.lock import only_one


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds a lock until it is told to go on, or is killed."""
    program = (
        "from pathlib import Path; from isogloss.lock import only_one\n"
        f"with only_one(Path({str(tmp_path / 'folder' / 'lock')!r})):\n"
        "    print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_who_comes_second_is_refused_until_the_holder_dies(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    lock = tmp_path / "folder" / "lock"
    with pytest.raises(UserError, match="^Wait for the other one.$"), only_one(lock, "Wait for the other one."):
        pass
    holder.kill()
    holder.wait()
    with only_one(lock, "Wait for the other one."):
        pass


def test_who_comes_second_waits(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    program = (
        "from pathlib import Path; from isogloss.lock import only_one\n"
        "print('asks', flush=True)\n"
        f"with only_one(Path({str(tmp_path / 'folder' / 'lock')!r})): print('has it', flush=True)"
    )
    waiting = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert waiting.stdout and waiting.stdout.readline() == "asks\n"
    time.sleep(0.3)
    assert waiting.poll() is None
    holder.communicate("go on\n")
    assert waiting.communicate()[0] == "has it\n"


def test_the_holder_may_take_it_again_and_remove_its_folder(tmp_path: Path) -> None:
    lock = tmp_path / "folder" / "lock"
    with only_one(lock):
        with only_one(lock, "refused"):
            pass
        shutil.rmtree(lock.parent)
    with only_one(lock, "refused"):
        assert lock.exists()


def test_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="file/lock cannot be written"), only_one(tmp_path / "file" / "lock"):
        pass
    assert (tmp_path / "file").read_text() == "mine"
