"""A full disk while anything is saved: one sentence, nothing half-written, and what was saved before is whole."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from faults.limits import largest_file
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from train.recipes import clip_recipe, text_recipe
from train.test_loop import rows

from isogloss.errors import UserError
from isogloss.evaluate.run import evaluate_run
from isogloss.saving import new_folder, write_text, writing
from isogloss.serve.search import search
from isogloss.train.checkpoint import checkpoints
from isogloss.train.recipe import Recipe
from isogloss.train.run import train


@pytest.fixture(scope="module")
def finished(dataset: Path, text_tower: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Path]:
    recipe = clip_recipe(dataset, text_tower)
    run = tmp_path_factory.mktemp("finished") / "run"
    train(recipe, run, quiet=True)
    return recipe, run


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def size_of(run: Path, file: str) -> int:
    return (checkpoints(run)[-1][1] / file).stat().st_size


WRITERS: dict[str, Callable[[Path], object]] = {
    "python": lambda path: path.write_bytes(bytes(20_000)),
    "safetensors": lambda path: save_file({"a": torch.zeros(5_000)}, path),
    "torch": lambda path: torch.save({"a": torch.zeros(5_000)}, path),
    "tokenizers": lambda path: Tokenizer(WordLevel({f"word {n}": n for n in range(2_000)}, unk_token="?")).save(
        str(path)
    ),
}


@pytest.mark.parametrize("library", WRITERS)
def test_each_library_says_it_in_its_own_way_and_the_user_reads_one(library: str, tmp_path: Path) -> None:
    sentence = "The disk is full, so .*/new was not written; free some space and run this again"
    with pytest.raises(UserError, match=sentence), largest_file(1_000), new_folder(tmp_path / "new") as folder:
        WRITERS[library](folder / "file")
    assert list(tmp_path.iterdir()) == []
    with new_folder(tmp_path / "new") as folder:
        WRITERS[library](folder / "file")
    assert (tmp_path / "new" / "file").stat().st_size > 10_000, "it was the limit that failed it"


def test_other_errors_are_left_as_they_are(tmp_path: Path) -> None:
    for error in (RuntimeError("shapes do not match"), ValueError("os error"), UserError("The captions are empty.")):
        with pytest.raises(type(error), match=str(error)), writing(tmp_path / "file"):
            raise error
    with pytest.raises(UserError, match="file cannot be written .*Permission denied"), writing(tmp_path / "file"):
        raise RuntimeError("Error while serializing: I/O error: Permission denied (os error 13)")
    with pytest.raises(UserError, match="The disk is full"), writing(tmp_path / "file"):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")


@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.bin"])
def test_while_a_checkpoint_is_saved(file: str, finished: tuple[Recipe, Path], tmp_path: Path) -> None:
    """The earlier checkpoint serves, once there is room, and the run ends as if nothing had been."""
    recipe, done = finished
    assert size_of(done, "model.safetensors") < size_of(done, "optimizer.bin")
    run = tmp_path / "run"
    shutil.copytree(done, run)
    shutil.rmtree(run / "model")
    shutil.rmtree(run / "checkpoints" / "step-00000008")
    before = files(run / "checkpoints")
    with (
        pytest.raises(UserError, match="The disk is full, so .*step-00000008 was not written; free some space"),
        largest_file(size_of(done, file) - 1),
    ):
        train(recipe, run, quiet=True)
    assert files(run / "checkpoints") == before
    assert sorted(path.name for path in run.iterdir()) == ["checkpoints", "metrics.jsonl", "recipe.json"]
    train(recipe, run, quiet=True)
    assert (run / "model" / "model.safetensors").read_bytes() == (done / "model" / "model.safetensors").read_bytes()
    assert rows(run) == rows(done)


def test_while_the_model_is_saved(finished: tuple[Recipe, Path], tmp_path: Path) -> None:
    recipe, done = finished
    run = tmp_path / "run"
    shutil.copytree(done, run)
    shutil.rmtree(run / "model")
    before = files(run)
    limit = (done / "model" / "model.safetensors").stat().st_size - 1
    with pytest.raises(UserError, match="The disk is full, so .*run/model was not written"), largest_file(limit):
        train(recipe, run, quiet=True)
    assert files(run) == before
    train(recipe, run, quiet=True)
    assert files(run / "model") == files(done / "model")


def test_while_the_text_model_is_saved(dataset: Path, tmp_path: Path) -> None:
    recipe = text_recipe(dataset, steps=2)
    train(recipe, tmp_path, quiet=True)
    saved = files(tmp_path / "model")["model.safetensors"]
    shutil.rmtree(tmp_path / "model")
    with pytest.raises(UserError, match="The disk is full, so .*model was not written"), largest_file(2_000):
        train(recipe, tmp_path, quiet=True)
    assert not (tmp_path / "model").exists()
    train(recipe, tmp_path, quiet=True)
    assert files(tmp_path / "model")["model.safetensors"] == saved


def test_while_the_log_or_the_recipe_is_written(finished: tuple[Recipe, Path], tmp_path: Path) -> None:
    recipe, done = finished
    with pytest.raises(UserError, match=r"The disk is full, so .*recipe\.json was not written"), largest_file(100):
        train(recipe, tmp_path / "new", quiet=True)
    assert files(tmp_path) == {}
    run = tmp_path / "run"
    shutil.copytree(done, run)
    shutil.rmtree(run / "model")
    before = files(run)
    with pytest.raises(UserError, match=r"The disk is full, so .*metrics\.jsonl was not written"), largest_file(100):
        train(recipe, run, quiet=True)
    assert files(run) == before


def test_while_figures_are_written(finished: tuple[Recipe, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished[1], run)
    with pytest.raises(UserError, match=r"The disk is full, so .*test\.json was not written"), largest_file(100):
        evaluate_run(run)
    assert not list((run / "evaluation").iterdir())
    evaluate_run(run)
    before = files(run / "evaluation")
    with pytest.raises(UserError, match=r"The disk is full, so .*test\.json was not written"), largest_file(100):
        evaluate_run(run)
    assert files(run / "evaluation") == before


def test_a_search_needs_no_room(finished: tuple[Recipe, Path], tmp_path: Path) -> None:
    """What it would keep for the next search is not needed for this one."""
    run = tmp_path / "run"
    shutil.copytree(finished[1], run)
    with largest_file(100):
        found = search(run, "a big red square")
    assert len(found) == 5
    assert files(run) == files(finished[1])
    assert search(run, "a big red square") == found
    assert (run / "embeddings" / "test.safetensors").exists()


def test_a_text_file_keeps_what_it_had(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_text(path, "before")
    with pytest.raises(UserError, match="The disk is full"), largest_file(100):
        write_text(path, "after" * 1000)
    assert files(tmp_path) == {"report.html": b"before"}
