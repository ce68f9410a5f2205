"""A folder, a run or a disk that is not what a command needs: a sentence that says so, and nothing there is touched."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.program import Program, isogloss
from data.miniature_font import miniature_font
from faults.limits import largest_file
from faults.working_folder import everything, place, told

__all__ = ["isogloss", "place"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            "train recipe.py --run run",
            "run holds a finished run, which is left as it is; name another folder with --run",
        ),
        ("train recipe.py --run thesis", "thesis exists and is no run; name another folder with --run"),
        ("train recipe.py --run recipe.py", "recipe.py is a file; name another folder with --run"),
        ("train recipe.py --run recipe.py/run", "recipe.py/run.* cannot be written .*Not a directory.*; choose"),
        (
            "train recipe.py --run begun --training.seed 5",
            r"begun holds a run of another recipe \(they differ in .*\); give the recipe it began with",
        ),
        ("train clip_emoji_paralel --run begun", "no recipe 'clip_emoji_paralel'; did you mean 'clip_emoji_parallel'"),
        ("train recipe.py --run begun --training.sede 5", "no field 'training.sede'; did you mean 'training.seed'"),
        ("train recipe.py --run new --data.dataset thesis", "thesis is no dataset folder.*; name the folder that has"),
        (
            "train recipe.py --run new --data.languages en eo",
            "no caption table for the language 'eo'; did you mean 'en'",
        ),
        (
            "train recipe.py --run new --text.model ./thesis",
            "'./thesis' holds no text tower .*; restore it or name another",
        ),
        ("data emoji thesis", "thesis exists already and is left as it is; name another folder or remove it first"),
        (
            "data emoji recipe.py",
            "recipe.py exists already and is left as it is; name another folder or remove it first",
        ),
        ("data emoji new --font recipe.py", "recipe.py.*font"),
        ("data emoji new --cldr thesis", "thesis holds no CLDR annotations; name the folder"),
        ("evaluate begun", "begun/model holds no saved model; name the folder of a finished run"),
        ("evaluate run --split tset", "no split 'tset'; did you mean 'test'"),
        ("search thesis red", "thesis/model holds no saved model; name the folder of a finished run"),
        ("search run red --dataset thesis", "thesis is no dataset folder.*; name the folder that has"),
        ("report thesis", "thesis holds neither experiment.json nor recipe.json.*; name the folder"),
    ],
)
def test_nothing_that_was_there_is_touched(typed: str, sentence: str, place: Path, isogloss: Program) -> None:
    Path("thesis").mkdir()
    Path("thesis/chapter.tex").write_text("years of work")
    shutil.copytree("run", "begun", ignore=shutil.ignore_patterns("model"))
    shutil.copy("data/dataset.json", "thesis/notes.json")
    before = everything(place)
    told(isogloss(*typed.split()), sentence)
    after = everything(place)
    assert before.items() <= after.items()
    assert set(after) - set(before) <= {"new", "new/recipe.json"}


def narrower(content: bytes) -> bytes:
    return content.replace(b'"projection_dim": 16', b'"projection_dim": 8')


@pytest.mark.parametrize(
    ("file", "content", "typed", "sentence"),
    [
        ("model/model.safetensors", b"", "evaluate run", "run/model holds no dual encoder that can be loaded .*;"),
        ("model/config.json", b"[]", "search run red", "run/model holds no dual encoder that can be loaded .*;"),
        ("model/config.json", narrower, "search run red", "run/model holds no dual encoder that can be loaded .*;"),
        ("model/tokenizer.json", None, "search run red", "run/model holds no dual encoder that can be loaded .*;"),
        ("recipe.json", None, "evaluate run", r"run/recipe\.json is missing; restore it"),
        ("recipe.json", b'{"fam', "search run red", r"run/recipe\.json is not valid JSON .*; restore it"),
        ("recipe.json", b"[]", "evaluate run", r"run/recipe\.json .*; restore it"),
        ("recipe.json", b"{}", "search run red", r"run/recipe\.json .*; restore it"),
        (
            "evaluation/test.json",
            b'{"langu',
            "evaluate run",
            r"run/evaluation/test\.json is not valid JSON .*; restore it",
        ),
        ("evaluation/test.json", b"{}", "evaluate run", r"run/evaluation/test\.json .*; restore it"),
    ],
)
def test_a_damaged_run(
    file: str,
    content: bytes | Callable[[bytes], bytes] | None,
    typed: str,
    sentence: str,
    place: Path,
    isogloss: Program,
) -> None:
    path = Path("run", file)
    path.parent.mkdir(exist_ok=True)
    if content is None:
        path.unlink()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        whole = path.read_bytes()
        path.write_bytes(content(whole))
        assert path.read_bytes() != whole
    before = everything(place)
    told(isogloss(*typed.split()), sentence)
    assert everything(place) == before


def test_a_full_disk_while_emoji_are_drawn(tmp_path: Path, isogloss: Program) -> None:
    font = miniature_font(tmp_path / "miniature.ttf")
    before = everything(tmp_path)
    typed = ("data", "emoji", tmp_path / "emoji", "--font", font, "--size", "16")
    with largest_file(1000):  # the pictures have room, and the tables have not
        told(isogloss(*typed), "The disk is full, so .*emoji was not written; free some space")
    assert everything(tmp_path) == before
    assert isogloss(*typed).code == 0


def test_a_full_disk_while_figures_are_written(place: Path, isogloss: Program) -> None:
    with largest_file(100):
        told(isogloss("evaluate", "run"), r"disk is full.*run/evaluation/test\.json was not written; free some space")
    assert not any(Path("run/evaluation").glob("*"))
    isogloss("evaluate", "run", "--languages", "en")
    before = everything(place)
    with largest_file(100):
        told(isogloss("evaluate", "run"), r"disk is full.*run/evaluation/test\.json was not written; free some space")
    assert everything(place) == before


def test_a_gallery_that_was_not_written_is_made_the_next_time(place: Path, isogloss: Program) -> None:
    """The figures are written first, so a kill or a full disk in between leaves them alone."""
    assert isogloss("evaluate", "run").code == 0
    whole = everything(place)
    Path("run/evaluation/gallery.json").unlink()
    assert isogloss("evaluate", "run").code == 0
    assert everything(place) == whole


def test_a_full_disk_while_a_report_is_written(place: Path, isogloss: Program) -> None:
    isogloss("evaluate", "run", "--languages", "en")
    for _ in range(2):
        before = everything(place)
        with largest_file(1000):
            told(isogloss("report", "run"), r"disk is full.*run/report\.html was not written; free some space")
        assert everything(place) == before
        assert isogloss("report", "run").code == 0
