"""The demo draws its pictures once: what it is given later has to be what they were drawn from."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli.program import Program
from data.miniature_font import miniature_font
from data.test_cldr import PACKAGES, Words, write_json
from data.test_emoji import DRAWN

from isogloss.data.dataset import Dataset
from isogloss.demo import PAPER_TRAINED, PAPER_UNSEEN, demo_experiment
from isogloss.experiment import Experiment


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Experiment, Path]]:
    """The experiments that would be run, and where; the working folder has fonts and CLDR's files of two versions."""
    monkeypatch.chdir(tmp_path)
    names = {emoji.replace("\ufe0f", ""): (f"name {number}", []) for number, emoji in enumerate(DRAWN)}
    words: Words = {tag: {"annotations": names, "annotationsDerived": {}} for tag in (*PAPER_TRAINED, *PAPER_UNSEEN)}
    for folder, version in (("cldr", "48.2.0"), ("newer-cldr", "49.0.0")):
        for part, package in PACKAGES.items():
            described = write_json(tmp_path / folder / package, words, part) / "package.json"
            described.write_text(json.dumps(json.loads(described.read_text()) | {"version": version}))
    miniature_font(tmp_path / "font.ttf")
    miniature_font(tmp_path / "newer.ttf", version="1.26")
    found: list[tuple[Experiment, Path]] = []

    def run(experiment: Experiment, folder: Path, **_: Any) -> Path:
        found.append((experiment, folder))
        return folder / "report.html"

    monkeypatch.setattr("isogloss.demo.run_experiment", run)
    return found


def test_each_set_of_languages_has_a_folder_of_its_own(asked: list[tuple[Experiment, Path]], isogloss: Program) -> None:
    for typed in ("demo --font font.ttf", "demo --languages paper --cldr cldr --font font.ttf"):
        done = isogloss(*typed.split())
        assert done.code == 0, done.errors
    assert [str(folder) for _, folder in asked] == ["runs/demo", "runs/demo-paper"]
    assert Dataset.open("runs/demo/data").captions("ja")["source"][0].as_py() == "emoji:name"
    assert set(Dataset.open("runs/demo-paper/data").languages) == {*PAPER_TRAINED, *PAPER_UNSEEN}
    assert asked[1][0] == demo_experiment(
        Path("runs/demo-paper/data"),
        "paper",
        1,
        False,
        "test",
        "isogloss demo --folder runs/demo-paper --languages paper --seeds 1 --cldr cldr --font font.ttf",
    )


def test_the_same_command_goes_on_with_the_pictures_that_are_there(
    asked: list[tuple[Experiment, Path]], isogloss: Program
) -> None:
    typed = ["demo", "--languages", "paper", "--cldr", "cldr", "--font", "font.ttf"]
    drawn = Path("runs/demo-paper/data/images.parquet")
    times: list[int] = []
    for arguments in (typed, typed, typed[:3], [*typed, "--seeds", "2"]):
        done = isogloss(*arguments)
        assert done.code == 0, done.errors
        times.append(drawn.stat().st_mtime_ns)
    assert len(set(times)) == 1
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ("", "--languages paper --cldr cldr", "--cldr"),
        ("--languages paper --cldr cldr", "--languages paper --cldr newer-cldr", "--cldr"),
        ("", "--font newer.ttf", "--font"),
        ("", "--cldr cldr --font newer.ttf", "--cldr and --font"),
    ],
)
def test_other_files_than_it_was_drawn_from_are_refused(
    first: str, then: str, told: str, asked: list[tuple[Experiment, Path]], isogloss: Program
) -> None:
    assert isogloss("demo", "--folder", "here", "--font", "font.ttf", *first.split()).code == 0
    done = isogloss("demo", "--folder", "here", *then.split())
    assert (done.code, done.output) == (2, "")
    assert done.errors == (
        f"isogloss: here/data is drawn already, and from something else than {told}; leave the option out, or name "
        "another folder with --folder.\n"
    )
    assert len(asked) == 1
