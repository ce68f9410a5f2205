"""A chat experiment: every arm of every seed, the figures of all of them, and whatever stops it, the same end."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from experiment_folders import copied, finish, read, stopped_before, written
from no_processes import environment, in_this_process
from small_chat_experiment import small_chat_experiment
from small_worlds import worlds
from train.fixtures import processor_only
from train.small_chat import LANGUAGES, PICTURES

from isogloss.chat_experiment import ALIGNED, ChatExperiment, run_chat_experiment
from isogloss.data.conversation_set import read_conversations
from isogloss.data.dataset import Dataset
from isogloss.data.lessons import lessons
from isogloss.errors import UserError
from isogloss.evaluate.chat_figures import chat_figures
from isogloss.evaluate.replies import ANSWERS, DESCRIPTIONS, read_replies, replies_file
from isogloss.evaluate.through_english import by_engine, through_english
from isogloss.translate.engines import EngineChoice

__all__ = ["environment", "in_this_process", "processor_only", "worlds"]

ARMS = ("english", "aligned", "es-0.5", "native-es", "translated")
TRAINED = ("english", "es-0.5", "native-es")


@pytest.fixture(scope="module")
def finished(worlds: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds, in processes of their own."""
    folder = tmp_path_factory.mktemp("finished") / "experiment"
    return finish(run_chat_experiment, small_chat_experiment(*worlds, seeds=(0, 1)), folder)


def test_the_promised_shape_of_the_results(finished: Path) -> None:
    results = read(finished / "results.json")
    assert (results["seeds"], results["split"], results["translated_share"]) == (2, "test", 0.0)
    assert tuple(results["languages"]) == LANGUAGES
    for found in results["languages"].values():
        for figure in ("exact", "fidelity"):
            value, low, high = found[figure]
            assert 0 <= low <= value <= high <= 1
        assert found["captions"] == PICTURES["test"]


def test_the_results_are_those_of_all_seeds_of_each_arm(finished: Path, worlds: tuple[Path, Path]) -> None:
    results, dataset = read(finished / "results.json"), Dataset.open(worlds[0])
    assert tuple(results["arms"]) == ARMS
    for arm in ARMS:
        replies = {
            kind: [
                read_replies(file)
                for seed in (0, 1)
                if (file := replies_file(finished / f"seed-{seed}" / arm, kind, "test")).exists()
            ]
            for kind in (DESCRIPTIONS, ANSWERS)
        }
        assert [len(found) for found in replies.values()] == ([2, 0] if arm in (ALIGNED, "translated") else [2, 2])
        groups = {} if arm == "native-es" else {"trained": ["en"], "unseen": ["es"], "family unseen": ["es"]}
        wanted = chat_figures(
            dataset, LANGUAGES, descriptions=replies[DESCRIPTIONS], answers=replies[ANSWERS], groups=groups
        )
        parts = ("languages", "answers", *(("averages",) if groups else ()))
        assert results["arms"][arm] == json.loads(json.dumps({part: wanted[part] for part in parts}))
    assert results["languages"] == results["arms"]["english"]["languages"]


def test_the_baseline_of_translation_has_a_row_in_each_other_language(finished: Path) -> None:
    for seed in (0, 1):
        place = finished / f"seed-{seed}"
        seen = read_replies(replies_file(place / "english", DESCRIPTIONS, "test")).to_pylist()
        told = read_replies(replies_file(place / "translated", DESCRIPTIONS, "test")).to_pylist()
        assert [(row["key"], row["asked"], row["references"]) for row in told] == [
            (row["key"], row["asked"], row["references"]) for row in seen if row["asked"] == "es"
        ]
    assert list(read(finished / "results.json")["arms"]["translated"]["languages"]) == ["es"]


def test_pairs_that_were_never_shown_are_described_by_the_main_arm_alone(
    finished: Path, worlds: tuple[Path, Path]
) -> None:
    found = sorted(path.relative_to(finished).as_posix() for path in finished.glob("seed-*/*/evaluation/*validation*"))
    assert found == [
        f"seed-{seed}/english/evaluation/{name}"
        for seed in (0, 1)
        for name in ("replies-validation-descriptions.parquet", "validation.json")
    ]
    replies = [
        read_replies(replies_file(finished / f"seed-{seed}" / "english", DESCRIPTIONS, "validation")) for seed in (0, 1)
    ]
    wanted = chat_figures(Dataset.open(worlds[0]), LANGUAGES, descriptions=replies, answers=[])
    pairs = read(finished / "results.json")["pairs"]
    assert (pairs["split"], pairs["languages"]) == ("validation", json.loads(json.dumps(wanted["languages"])))
    assert pairs["averages"]["unseen"]["exact"] == pairs["languages"]["es"]["exact"]


@pytest.mark.usefixtures("in_this_process")
def test_an_engine_translates_questions_and_their_answers_too(
    finished: Path, worlds: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, file = copied(finished, tmp_path / "experiment"), tmp_path / "known.jsonl"
    texts = [read_conversations(worlds[0], tag, "test") for tag in LANGUAGES]
    rows = [
        {tag: turn.text.removeprefix("<image>\n") for tag, turn in zip(LANGUAGES, turns, strict=True)}
        for each in zip(*texts, strict=True)
        for turns in zip(*(one.turns for one in each), strict=True)
    ]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    engine = EngineChoice("table", str(file))
    run_chat_experiment(small_chat_experiment(*worlds, seeds=(0, 1), translator=engine), folder, jobs=1)
    for seed in (0, 1):
        told, seen = (
            read_replies(replies_file(folder / f"seed-{seed}" / arm, ANSWERS, "test")).to_pylist()
            for arm in ("translated", "english")
        )
        asked = ("key", "asked", "language", "instruction", "references")
        assert [[row[name] for name in asked] for row in told] == [
            [row[name] for name in asked] for row in seen if row["asked"] == "es"
        ]
    results = read(folder / "results.json")
    assert list(results["arms"]["translated"]["answers"]) == ["es"]
    # Descriptions by another translator do not stay beside.
    seen, told = (
        read_replies(replies_file(folder / "seed-0" / arm, DESCRIPTIONS, "test")) for arm in ("english", "translated")
    )
    assert told.equals(through_english(seen, by_engine(engine)))
    assert read(folder / "experiment.json")["translator"]["name"] == "table"


def test_the_curve_states_how_many_conversations_each_share_is(finished: Path, worlds: tuple[Path, Path]) -> None:
    results, dataset = read(finished / "results.json"), Dataset.open(worlds[0])
    assert list(results["curves"]) == ["one"], "with one point for many there is no curve"
    none, half = results["curves"]["one"]
    taught = lessons(dataset, "train", "conversations", ("es",), shares={"es": 0.5})
    assert (none["share"], none["conversations"], none["taught"]) == (0.0, 0, "es")
    assert (half["share"], half["conversations"], half["taught"]) == (0.5, len(taught["es"]), "es")
    assert half["languages"] == results["arms"]["es-0.5"]["languages"]
    assert none["languages"] == results["arms"]["english"]["languages"]


def test_examples_are_pictures_that_are_there(finished: Path, worlds: tuple[Path, Path]) -> None:
    examples = read(finished / "results.json")["examples"]
    assert len(examples) == PICTURES["test"]
    replies = read_replies(replies_file(finished / "seed-0" / "english", DESCRIPTIONS, "test")).to_pylist()
    for example in examples:
        assert (finished / example["picture"]).read_bytes().startswith(b"\x89PNG")
        for row in replies:
            if row["key"] == example["key"]:
                shown = example["replies"][row["asked"]]
                assert (shown["text"], shown["reference"]) == (row["reply"], row["references"][0])
                assert shown["right"] == (row["reply"] == row["references"][0])


def test_what_each_run_starts_from(finished: Path) -> None:
    """The seeds share nothing, and the arms of one all that they do not change."""
    for seed in (0, 1):
        place = finished / f"seed-{seed}"
        recipes = {path.parent.name: read(path) for path in place.glob("*/recipe.json")}
        assert set(recipes) == {"language_model", "eyes", "aligned", *TRAINED}
        assert recipes["eyes"]["text"]["model"] == str(place / "language_model" / "model")
        for name in ("aligned", *TRAINED):
            assert recipes[name]["language_model"]["model"] == str(place / "language_model" / "model")
            assert recipes[name]["vision"]["model"] == str(place / "eyes" / "model")
            goes_on = name in ("english", "es-0.5")
            assert recipes[name]["start"] == (str(place / "aligned" / "model") if goes_on else None)
            assert {recipes[name][stage]["training"]["seed"] for stage in ("align", "instruct")} == {seed}
        assert {recipes[name]["training"]["seed"] for name in ("language_model", "eyes")} == {seed}
    weights = {path.read_bytes() for path in finished.glob("seed-*/*/model/model.safetensors")}
    assert len(weights) == 2 * 6


def test_it_tells_what_it_was(finished: Path) -> None:
    told = read(finished / "experiment.json")
    assert told["aligned"] == ["aligned"]
    assert (told["title"], told["command"], told["seeds"]) == ("Small shapes", "a small one", [0, 1])
    assert tuple(told["arms"]) == ARMS
    assert told["arms"]["es-0.5"] == {
        "label": "half of Spanish",
        "experiment": "little",
        "share": 0.5,
        "languages_taught": ["es"],
    }
    assert told["duration_seconds"] > 0
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "Small shapes" in page
    assert "a small one" in page


@pytest.mark.usefixtures("in_this_process")
def test_a_finished_one_trains_and_asks_nothing_again(finished: Path, worlds: tuple[Path, Path]) -> None:
    before = written(finished)
    results, told = (finished / "results.json").read_text(), read(finished / "experiment.json")
    run_chat_experiment(small_chat_experiment(*worlds, seeds=(0, 1)), finished, jobs=1)
    assert written(finished) == before
    assert (finished / "results.json").read_text() == results
    again = read(finished / "experiment.json")
    assert again["created"] == told["created"]
    assert again["duration_seconds"] > told["duration_seconds"], "what it took before is counted in"


@pytest.mark.usefixtures("in_this_process")
def test_a_stopped_one_goes_on_where_it_was(
    finished: Path, worlds: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before the third training and again before the fifth; the language model's tokenizer is learnt once."""
    folder, experiment = tmp_path / "experiment", small_chat_experiment(*worlds)
    trained = stopped_before([2, 4], monkeypatch)
    for _ in range(2):
        with pytest.raises(UserError, match="stopped"):
            run_chat_experiment(experiment, folder, jobs=1)
        assert not (folder / "results.json").exists()
        assert not (folder / "report.html").exists()
    run_chat_experiment(experiment, folder, jobs=1)
    assert trained == ["language_model", "eyes", "aligned", *TRAINED]
    for name in trained:
        one, other = ((place / "seed-0" / name / "model" / "model.safetensors") for place in (folder, finished))
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.usefixtures("in_this_process")
def test_replies_that_are_lost_are_asked_for_again(finished: Path, worlds: tuple[Path, Path], tmp_path: Path) -> None:
    folder = copied(finished, tmp_path / "experiment")
    shutil.rmtree(folder / "seed-1" / "es-0.5" / "evaluation")
    run_chat_experiment(small_chat_experiment(*worlds, seeds=(0, 1)), folder, jobs=1)
    for part in ("arms", "curves", "examples"):
        assert read(folder / "results.json")[part] == read(finished / "results.json")[part]


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"languages": ("en",)}, "holds another experiment, with other languages; name another folder or remove it"),
        ({"split": "validation"}, "holds another experiment, with other split"),
        ({"pictures": 2}, "holds another experiment, with other pictures"),
        ({"arms": ()}, "holds another experiment, with other arms"),
    ],
)
def test_another_experiment_in_its_folder_is_refused(
    changed: dict[str, Any], told: str, finished: Path, worlds: tuple[Path, Path]
) -> None:
    before = (finished / "experiment.json").read_bytes()
    with pytest.raises(UserError, match=told):
        run_chat_experiment(small_chat_experiment(*worlds, seeds=(0, 1), **changed), finished, jobs=1)
    assert (finished / "experiment.json").read_bytes() == before


@pytest.mark.usefixtures("in_this_process")
def test_another_recipe_of_a_run_that_is_there_is_refused(finished: Path, worlds: tuple[Path, Path]) -> None:
    other: ChatExperiment = small_chat_experiment(*worlds, seeds=(0, 1))
    longer = replace(other.eyes, training=replace(other.eyes.training, steps=4))
    with pytest.raises(UserError, match=r"eyes holds a run of another recipe \(they differ in training.steps\)"):
        run_chat_experiment(replace(other, eyes=longer), finished, jobs=1)
