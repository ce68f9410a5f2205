"""A working folder as a user has it, and what has to be so when a command cannot go on."""

import json
import re
import shutil
from pathlib import Path

import pytest
from cli.program import Ended
from train.commands import recipe_file


def everything(folder: Path) -> dict[str, bytes | None]:
    """Every file with its bytes, and every folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def place(tmp_path: Path, dataset: Path, parallel: Path, text_tower: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder as a user has it: the dataset `data`, the run `run` on it, and the recipe `recipe.py`."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(dataset, "data")
    shutil.copytree(parallel, "run", ignore=shutil.ignore_patterns("evaluation", "embeddings"))
    recipe = json.loads(Path("run/recipe.json").read_text())
    recipe["data"]["dataset"] = "data"
    Path("run/recipe.json").write_text(json.dumps(recipe))
    recipe_file(Path("recipe.py"), Path("data"), text_tower, steps=1)
    return tmp_path


def told(done: Ended, sentence: str) -> None:
    """Whether a command ended as one should that cannot go on; before the sentence there may be a progress bar."""
    assert (done.code, done.output) == (2, ""), done
    assert re.match(f"isogloss: .*{sentence}", done.sentence), done.errors
    assert not re.search("Traceback|Error:|Exception", done.errors)
