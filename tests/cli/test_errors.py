"""What is mistyped is told in one sentence with the nearest that is known, before anything begins."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli.program import Program
from train.commands import ENVIRONMENT, command

from isogloss.errors import UserError

MISTYPED = {
    "trainn": "There is no command 'trainn'; did you mean 'train'?",
    "searcch runs/demo dog": "There is no command 'searcch'; did you mean 'search'?",
    "data cheque emoji": "There is no command 'data cheque'; did you mean 'data check'?",
    "train clip_emoji_paralel": "There is no recipe 'clip_emoji_paralel'; did you mean 'clip_emoji_parallel'?",
    "train text-emoji": "There is no recipe 'text-emoji'; did you mean 'text_emoji'?",
    "train text_emoji --training.step 3": "There is no field 'training.step'; did you mean 'training.steps'?",
    "train text_emoji --data.lang=en": "There is no field 'data.lang'; did you mean 'data.languages'?",
    "train text_emoji --config.hidden_siz 8": "There is no field 'config.hidden-siz'; did you mean 'config.hidden-size'?",
    "train clip_emoji_parallel --data.no-keep": "There is no field 'data.keep'; did you mean 'data.keep-pictures'?",
    "search runs/demo dog --spilt test": "There is no option '--spilt'; did you mean '--split'?",
    "evaluate runs/demo --language en": "There is no option '--language'; did you mean '--languages'?",
    "data emoji emoji --sise=64": "There is no option '--sise'; did you mean '--size'?",
    "demo --no-ablaton": "There is no option '--no-ablaton'; did you mean '--no-ablation'?",
}


@pytest.mark.parametrize("typed", MISTYPED)
def test_what_is_mistyped_is_told_in_a_sentence_with_the_nearest(
    typed: str, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = isogloss(*typed.split())
    assert (done.code, done.output, done.errors) == (2, "", f"isogloss: {MISTYPED[typed]}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("evaluate", "the run folder"),
        ("search runs/demo", "what the picture shows"),
        ("data emoji emoji --size big", "--size"),
        ("search runs/demo dog --top", "--top"),
        ("search runs/demo a dog", "dog"),
        ("train text_emoji --training.steps 2.5", "--training.steps"),
        ("train text_emoji --training.optimisation.betas 0.9", "--training.optimisation.betas"),
        ("train text_emoji further", "further"),
        ("train clip_emoji_parallel --objective both", "per_language"),
        ("train clip_emoji_parallel --vision.config.hidden-sizes small", "--vision.config.hidden-sizes"),
        ("train text_emoji --training.steps 0", "steps is 0; give a whole number of at least 1"),
        ("train text_emoji --training.precision int8", "no precision 'int8'; choose auto, float32 or bfloat16"),
        ("train clip_emoji_parallel --text.config.model-type bert", "There is no field 'text.config.model-type'"),
    ],
)
def test_a_wrong_value_is_told_and_nothing_begins(
    typed: str, told: str, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = isogloss(*typed.split())
    assert (done.code, done.output) == (2, "")
    assert told in done.errors
    assert "Traceback" not in done.errors
    assert list(tmp_path.iterdir()) == []


IMPOSSIBLE = {
    "clip_emoji_parallel": (
        "--data.languages",
        "--data.languages en en",
        "--data.images-per-step 0",
        "--data.captions-per-language 0",
        "--data.hidden-tokens 1.5",
        "--data.image-size 0",
        "--data.threads 0",
        "--projection-dim 0",
        "--text-tokens -1",
        "--training.seed -1",
        "--training.workers -1",
        "--training.log-every -1",
        "--training.checkpoints-kept 0",
        "--training.optimisation.learning-rate nan",
        "--training.optimisation.betas 1.5 0.9",
        "--training.optimisation.epsilon -1",
        "--training.optimisation.largest-gradient 0",
        "--training.optimisation.warmup 2",
    ),
    "text_emoji": (
        "--vocabulary 0",
        "--tokens 0",
        "--hidden-tokens -0.1",
        "--masked -1",
        "--aligned -1",
        "--aligned nan",
        "--masked 0 --aligned 0",
        "--hidden-tokens 0 --masked 1",
        "--data.meanings-per-step 0",
    ),
}


@pytest.mark.parametrize(
    ("recipe", "typed"), [(recipe, typed) for recipe in IMPOSSIBLE for typed in IMPOSSIBLE[recipe]]
)
def test_an_impossible_value_names_its_field_and_nothing_begins(
    recipe: str, typed: str, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = isogloss("train", recipe, *typed.split())
    assert (done.code, done.output) == (2, "")
    field = typed.split()[0].split(".")[-1].removeprefix("--").replace("-", "_")
    assert re.fullmatch(rf"isogloss: {field} .*; (give|keep|name) .*\.\n", done.errors)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("typed", ["--jobs -1", "--seeds 0"])
def test_an_impossible_number_of_runs_begins_nothing(
    typed: str, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = isogloss("demo", *typed.split())
    name, number = typed.removeprefix("--").split()
    assert (done.code, done.output) == (2, "")
    assert re.fullmatch(rf"isogloss: {name} is {number}; give .*\.\n", done.errors)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_says_that_it_stopped(isogloss: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("isogloss.report.page.write_report", stop)
    done = isogloss("report", "runs/demo")
    assert (done.code, done.output) == (130, "")
    assert done.errors == ("isogloss: stopped; what is finished is saved, and the same command goes on from there.\n")


def test_debug_shows_where_an_error_comes_from(isogloss: Program) -> None:
    for arguments in (("--debug", "trainn"), ("trainn", "--debug"), ("data", "--debug", "cheque")):
        with pytest.raises(UserError, match="There is no command"):
            isogloss(*arguments)
    ended = subprocess.run(command("trainn", "--debug"), env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert ended.stderr.startswith("Traceback (most recent call last):")
    assert "There is no command 'trainn'; did you mean 'train'?" in ended.stderr
