"""Whose a run folder is: what lies there already is never trained over."""

import json
from pathlib import Path

import pytest
from train.recipes import clip_recipe, text_recipe

from isogloss.errors import UserError
from isogloss.train.recipe import to_json
from isogloss.train.run import open_run, train

RECIPE = clip_recipe(Path("data"), Path("text"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def begun(folder: Path) -> Path:
    open_run(RECIPE, folder)
    (folder / "metrics.jsonl").write_text('{"step": 1}\n')
    return folder


def test_a_new_folder_is_claimed_by_the_recipe(tmp_path: Path) -> None:
    for folder in (tmp_path / "new" / "deep", tmp_path / "empty"):
        if folder.name == "empty":
            folder.mkdir()
        open_run(RECIPE, folder)
        assert json.loads((folder / "recipe.json").read_text()) == to_json(RECIPE)


def test_the_same_recipe_goes_on(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    before = content(folder)
    open_run(RECIPE, folder)
    assert content(folder) == before


def test_another_recipe_is_refused_and_the_fields_are_named(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    before = content(folder)
    for other, fields in (
        (clip_recipe(Path("data"), Path("text"), seed=1), "training.seed"),
        (clip_recipe(Path("other"), Path("text"), ("en",)), "data.dataset, data.languages"),
        (text_recipe(Path("data")), "aligned, alike, centred"),
    ):
        with pytest.raises(UserError, match=rf"holds a run of another recipe \(they differ in {fields}.*--run"):
            open_run(other, folder)
    assert content(folder) == before


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    (folder / "model").mkdir()
    before = content(folder)
    with pytest.raises(UserError, match="holds a finished run, which is left as it is; name another folder with --run"):
        open_run(RECIPE, folder)
    assert content(folder) == before


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="exists and is no run; name another folder with --run"):
        open_run(RECIPE, tmp_path)
    with pytest.raises(UserError, match=r"thesis\.tex is a file; name another folder with --run"):
        open_run(RECIPE, tmp_path / "thesis.tex")
    assert content(tmp_path) == {"thesis.tex": b"years of work"}


def test_a_damaged_recipe_is_told(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    (folder / "recipe.json").write_bytes(b'{"family": "cl')
    with pytest.raises(UserError, match=r"recipe\.json is not valid JSON"):
        open_run(RECIPE, folder)


def test_a_run_that_never_began_is_claimed_by_another_recipe(tmp_path: Path) -> None:
    """A mistyped dataset leaves nothing that the corrected command would be refused for."""
    with pytest.raises(UserError, match="is no dataset folder"):
        train(text_recipe(tmp_path / "mistyped"), tmp_path / "run", quiet=True)
    open_run(text_recipe(tmp_path / "right"), tmp_path / "run")
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["data"]["dataset"] == str(tmp_path / "right")
