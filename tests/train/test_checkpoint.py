"""Checkpoints: the last few stay, a damaged one is told, and nothing half-written is taken for one."""

from pathlib import Path

import pytest
from train.toy import toy_fit

from isogloss.errors import UserError
from isogloss.train.checkpoint import checkpoints


def names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def test_only_the_last_few_are_kept(tmp_path: Path) -> None:
    toy_fit(tmp_path / "two", checkpoint_every=3)
    assert names(tmp_path / "two") == ["step-00000009", "step-00000012"]
    toy_fit(tmp_path / "one", checkpoint_every=5, checkpoints_kept=1)
    assert names(tmp_path / "one") == ["step-00000012"]
    toy_fit(tmp_path / "end")
    assert [step for step, _ in checkpoints(tmp_path / "end")] == [12]


def test_what_a_kill_left_behind_is_no_checkpoint_and_is_cleared_away(tmp_path: Path) -> None:
    toy_fit(tmp_path, steps=4, checkpoint_every=4)
    for abandoned in (".step-00000008.1a2b3c4d.partial", ".step-00000008.together.partial"):
        (tmp_path / "checkpoints" / abandoned).mkdir()
        (tmp_path / "checkpoints" / abandoned / "model.safetensors").write_bytes(b"half")
    (tmp_path / "checkpoints" / "step-notes").mkdir()
    assert [step for step, _ in checkpoints(tmp_path)] == [4]
    toy_fit(tmp_path, steps=4, checkpoint_every=4)
    assert names(tmp_path) == ["step-00000004", "step-notes"]


@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.bin"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_serves(file: str, damage: str, tmp_path: Path) -> None:
    toy_fit(tmp_path, checkpoint_every=6)
    path = tmp_path / "checkpoints" / "step-00000012"
    content = (path / file).read_bytes()
    (path / file).unlink()
    if damage != "missing":
        (path / file).write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(UserError, match=r"step-00000012 cannot be read \(.*\); restore it, or move it away to go on"):
        toy_fit(tmp_path)
    for left in path.iterdir():
        left.unlink()
    path.rmdir()
    toy_fit(tmp_path)
    assert [step for step, _ in checkpoints(tmp_path)] == [6, 12]
