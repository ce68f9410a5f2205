"""The demo of chat: its arms, and the experiment that it runs."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from small_demos import noted

from isogloss import demo_chat
from isogloss.chat_experiment import ChatExperiment
from isogloss.cli import dispatch
from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.world import LANGUAGES
from isogloss.demo_chat import ALONE, NATIVE, SHARES, STATED, TAUGHT, chat_arms
from isogloss.recipes.chat_shapes import recipe as chat

OTHERS = tuple(tag for tag in LANGUAGES if tag != "en")
PIVOT = ["stated", "english", "aligned"]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[ChatExperiment, Path, int]]:
    """The experiments that would be run, where, and how many arms at a time."""
    return noted("demo-chat", tmp_path, monkeypatch)


def test_the_pivot_has_english_pairs_alone_and_the_stated_share() -> None:
    stated, english, aligned = chat_arms(("pivot",))
    assert english.recipe is not None and stated.recipe is not None
    assert (english.name, english.experiment, english.share, english.taught) == ("english", "pivot", 0.0, ())
    assert (stated.name, stated.experiment, stated.share, stated.taught) == ("stated", "pivot", STATED, OTHERS)
    assert english.recipe.instruct.languages == ("en",)
    assert english.recipe == replace(chat, align=replace(chat.align, skipped=True))
    assert stated.recipe.instruct == replace(
        chat.instruct,
        languages=("en", *OTHERS),
        shares=dict.fromkeys(OTHERS, STATED),
        proportions={"en": 1 - TAUGHT, **dict.fromkeys(OTHERS, TAUGHT / len(OTHERS))},
    )
    assert (aligned.name, aligned.recipe, aligned.share) == ("aligned", None, 0.0)
    assert "1.0% of instructions in 9 more languages" in stated.label


def test_how_little_is_enough_is_asked_for_many_languages_and_for_one() -> None:
    arms = chat_arms(("little",))
    assert [arm.name for arm in arms[:3]] == PIVOT, "the pivot is in all experiments"
    for taught, prefix in ((OTHERS, "many"), ((ALONE,), ALONE)):
        found = [arm for arm in arms[3:] if arm.taught == taught]
        shares = [share for share in SHARES if taught == (ALONE,) or share != STATED]
        assert [arm.name for arm in found] == [f"{prefix}-{share:g}" for share in shares]
        assert [arm.share for arm in found] == shares
        for arm in found:
            assert arm.recipe is not None
            assert arm.recipe.align.skipped
            assert arm.recipe.instruct.languages == ("en", *taught)
            assert arm.recipe.instruct.shares == dict.fromkeys(taught, arm.share)
            assert sum(arm.recipe.instruct.proportions.values()) == pytest.approx(1)
    assert len({arm.label for arm in arms}) == len(arms)
    assert f"English pairs, 0.1% of instructions in {ALONE}" in {arm.label for arm in arms}


def test_native_pairs_cost_what_english_ones_do() -> None:
    arms = chat_arms(("native",))[3:]
    assert [arm.taught for arm in arms] == [(tag,) for tag in NATIVE]
    for arm in arms:
        assert arm.recipe is not None
        for stage, english in ((arm.recipe.align, chat.align), (arm.recipe.instruct, chat.instruct)):
            assert replace(stage, languages=("en",)) == english
            assert stage.languages == arm.taught


def test_translation_trains_nothing() -> None:
    (arm,) = chat_arms(("translated",))[3:]
    assert (arm.name, arm.experiment, arm.recipe) == ("translated", "translated", None)


def test_all_experiments_together_have_each_arm_once() -> None:
    arms = chat_arms(demo_chat.EXPERIMENTS)
    assert len({arm.name for arm in arms}) == len(arms) == 3 + 2 * len(SHARES) - 1 + len(NATIVE) + 1


def test_what_the_command_runs(asked: list[tuple[ChatExperiment, Path, int]]) -> None:
    typed = ["demo-chat", "--folder", "a place", "--experiments", "pivot", "native", "--seeds", "2", "--jobs", "3"]
    dispatch([*typed, "--pictures", "1"])
    ((experiment, folder, jobs),) = asked
    assert (folder, jobs) == (Path("a place"), 3)
    assert (experiment.seeds, experiment.split, experiment.pictures) == ((0, 1), "test", 1)
    assert experiment.languages == LANGUAGES
    assert [arm.name for arm in experiment.arms] == [*PIVOT, "native-es", "native-ja"]
    shapes = str(folder / "shapes")
    recipes = [experiment.align, *(arm.recipe for arm in experiment.arms if arm.recipe)]
    assert {recipe.data.dataset for recipe in recipes} == {shapes} == {experiment.eyes.data.dataset}
    assert experiment.language_model.data.dataset == str(folder / "shapes-text")
    assert experiment.align.instruct.skipped and not experiment.align.align.skipped
    assert Dataset.open(shapes).splits == {"train": 3, "validation": 1, "test": 2, "test_pairs": 2}
    # Another number of arms at a time measures the same.
    told = ["--folder", "a place", "--seeds", "2", "--experiments", "pivot", "native", "--pictures", "1"]
    assert shlex.split(experiment.command) == ["isogloss", "demo-chat", *told]
