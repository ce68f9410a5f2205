"""A chat run is evaluated from its saved model alone, goes on where it was killed, and figures of others do not mix."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from cli.program import Program, isogloss
from evaluate.chat_fixtures import LANGUAGES, PICTURES, make_run, make_world
from train.commands import start

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.grammar import answer_text, question_text
from isogloss.data.worlds.shapes.questions import questions
from isogloss.data.worlds.shapes.world import scene_of_picture
from isogloss.errors import UserError
from isogloss.evaluate.chat_figures import chat_figures
from isogloss.evaluate.chat_run import evaluate_chat
from isogloss.evaluate.provenance import evaluated
from isogloss.evaluate.replies import ANSWERS, DESCRIPTIONS, read_replies, replies_file, reply_table, write_replies

__all__ = ["isogloss"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def trained(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run"), world.root)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy, so that each test finds a run that nobody has evaluated."""
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def saved(run: Path, name: str = "test") -> dict[str, Any]:
    return json.loads((run / "evaluation" / f"{name}.json").read_text())


def test_what_is_written(run: Path, world: Dataset) -> None:
    result = evaluate_chat(run, quiet=True, together=7)
    assert saved(run) == json.loads(json.dumps(result))
    assert (result["family"], result["images"], result["left_out"]) == ("chat", PICTURES, [])
    assert result["dataset"] == str(world.root.resolve())
    assert sorted(result["languages"]) == sorted(result["answers"]) == sorted(LANGUAGES)
    described = read_replies(replies_file(run, DESCRIPTIONS, "test"))
    again = chat_figures(
        world, LANGUAGES, descriptions=[described], answers=[read_replies(replies_file(run, ANSWERS, "test"))]
    )
    assert json.loads(json.dumps(again["languages"])) == saved(run)["languages"]
    assert set(result["languages"]["en"]) >= {"exact", "attributes", "fidelity", "unsure", "cider", "chrf", "captions"}
    assert sorted(path.name for path in (run / "evaluation").iterdir()) == [
        "replies-test-answers.parquet",
        "replies-test-descriptions.parquet",
        "test.json",
    ]
    assert evaluated(run, "test", LANGUAGES)
    averages = {name: each["languages"] for name, each in saved(run)["averages"].items()}
    assert averages == {
        "trained": ["en"],
        "unseen": ["de", "ja"],
        "family seen": ["de"],
        "family unseen": ["ja"],
    }
    assert result["averages"]["family unseen"]["exact"] == result["languages"]["ja"]["exact"]


def test_a_language_of_which_there_was_a_share_is_no_trained_one(run: Path, tmp_path: Path) -> None:
    """And what the run goes on from counts, as long as it lies there."""
    stage = {"skipped": False, "shares": {}}
    aligned = tmp_path / "aligned"
    aligned.mkdir()
    recipe = {"align": {**stage, "languages": ["en"]}, "instruct": {"skipped": True, "languages": ["de"]}}
    (aligned / "recipe.json").write_text(json.dumps(recipe))
    own = json.loads((run / "recipe.json").read_text())
    own["start"] = str(aligned / "model")
    own["align"] = {"skipped": True, "languages": ["en"]}
    own["instruct"] = {**stage, "languages": ["de", "ja"], "shares": {"ja": 0.01}}
    (run / "recipe.json").write_text(json.dumps(own))
    found = evaluate_chat(run, quiet=True, answers=False)["averages"]
    assert (found["trained"]["languages"], found["unseen"]["languages"]) == (["de", "en"], ["ja"])


def test_figures_of_another_float_type_do_not_stay_beside(run: Path) -> None:
    assert evaluate_chat(run, languages=("en",), quiet=True)["dtype"] == "float32", "as suits a processor"
    other = evaluate_chat(run, languages=("ja",), dtype="bfloat16", quiet=True)
    assert (other["dtype"], list(other["languages"])) == ("bfloat16", ["ja"])
    with pytest.raises(UserError, match="There is no float type 'half'"):
        evaluate_chat(run, dtype="half", quiet=True)


def test_languages_measured_before_stay_while_the_model_does(run: Path) -> None:
    evaluate_chat(run, languages=("en",), quiet=True)
    both = evaluate_chat(run, languages=("ja",), quiet=True)
    assert sorted(both["languages"]) == sorted(both["answers"]) == ["en", "ja"]
    assert sorted(set(read_replies(replies_file(run, DESCRIPTIONS, "test"))["asked"].to_pylist())) == ["en", "ja"]
    weights = run / "model" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    other = evaluate_chat(run, languages=("de",), quiet=True)
    assert sorted(other["languages"]) == sorted(other["answers"]) == ["de"]
    assert set(read_replies(replies_file(run, ANSWERS, "test"))["asked"].to_pylist()) == {"de"}


def test_any_of_several_captions_matches(world: Dataset) -> None:
    key = world.images("test", ["key"])["key"][0].as_py()
    replies = [
        reply_table(key=[key], language=["en"], instruction=["?"], reply=[reply], references=[["one", "another"]])
        for reply in ("another", "a third")
    ]
    figures = chat_figures(world, ("en",), descriptions=replies, answers=[])
    assert figures["languages"]["en"]["exact"][0] == 0.5
    assert figures["answers"] == {}


def test_answers_are_counted_by_kind_of_question(world: Dataset) -> None:
    """In Bengali, whose letters the tables and the grammar write in different ways."""
    keys: list[str] = world.images("test", ["key"])["key"].to_pylist()
    rows = [
        (key, kind, question_text(question, "bn"), answer_text(answer, "bn"))
        for key in keys
        for question, answer in questions(scene_of_picture(key), np.random.default_rng(0))
        for kind in [question.kind]
    ]
    right = [kind in ("count", "shape") for _, kind, _, _ in rows]
    table = reply_table(
        key=[key for key, *_ in rows],
        language=["bn"] * len(rows),
        instruction=pa.array([asked for _, _, asked, _ in rows]).to_pylist(),
        reply=[answer if good else "?" for (*_, answer), good in zip(rows, right, strict=True)],
        references=[[answer] for *_, answer in rows],
    )
    (tag, found), *others = chat_figures(world, ("bn", "en"), descriptions=[], answers=[table])["answers"].items()
    assert tag == "bn" and not others
    counts = {kind: sum(one[1] == kind for one in rows) for kind in {one[1] for one in rows}}
    assert {kind: each["replies"] for kind, each in found["kinds"].items()} == counts
    assert {kind: each["exact"][0] for kind, each in found["kinds"].items()} == {
        kind: float(kind in ("count", "shape")) for kind in counts
    }


def test_killed_it_goes_on_after_the_last_finished_language(run: Path) -> None:
    process = start("evaluate", run, "--together", "1")
    first = wait_for_a_language(process, run)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (run / "evaluation" / "test.json").exists()
    kept = read_replies(first)
    marked = kept.set_column(4, "reply", [["told before the kill"] * kept.num_rows])
    write_replies(first, marked)
    result = evaluate_chat(run, quiet=True)
    table = read_replies(replies_file(run, DESCRIPTIONS, "test"))
    told = {row["asked"] for row in table.to_pylist() if row["reply"] == "told before the kill"}
    assert told == {first.stem}
    assert sorted(result["languages"]) == sorted(LANGUAGES)
    assert not list((run / "evaluation").glob("unfinished-*"))


def test_ctrl_c_ends_in_one_sentence(run: Path) -> None:
    process = start("evaluate", run, "--together", "1")
    first = wait_for_a_language(process, run)
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("isogloss: stopped; what is finished is saved")
    assert first.exists()
    assert not (run / "evaluation" / "test.json").exists()


def wait_for_a_language(process: "subprocess.Popen[str]", run: Path) -> Path:
    """Until the descriptions in a language are kept."""
    while process.poll() is None:
        found = sorted((run / "evaluation").glob("unfinished-*/descriptions/[!.]*.parquet"))
        if found:
            return found[0]
        time.sleep(0.01)
    raise AssertionError(process.communicate()[1])


def test_the_command_prints_a_table(run: Path, isogloss: Program) -> None:
    ended = isogloss("evaluate", run, "--languages", "en", "ja", "--pictures", "3")
    assert ended.code == 0, ended.errors
    assert "descriptions of 3 pictures (test)" in ended.output
    assert "answers of 3 pictures (test)" in ended.output
    for word in ("exact", "attributes", "fidelity", "unsure", "CIDEr", "chrF", "ja"):
        assert word in ended.output


def test_bad_input_is_told_in_a_sentence(run: Path, isogloss: Program, tmp_path: Path) -> None:
    for arguments, said in (
        (("--split", "tests"), "no split 'tests'; did you mean 'test'"),
        (("--languages", "fr"), "no caption or conversation in the language 'fr'"),
        (("--pictures", "0"), "pictures is 0"),
        (("--dataset", str(tmp_path)), "is no dataset folder"),
    ):
        ended = isogloss("evaluate", run, *arguments)
        assert ended.code == 2
        assert said in ended.sentence
    recipe = json.loads((run / "recipe.json").read_text())
    (run / "recipe.json").write_text(json.dumps({**recipe, "family": "lm"}))
    assert "is a run of the family 'lm', which has nothing to evaluate" in isogloss("evaluate", run).sentence
    (run / "recipe.json").write_text(json.dumps({**recipe, "family": "clip"}))
    assert "--pictures is for chat and paint models" in isogloss("evaluate", run, "--pictures", "3").sentence
    (run / "recipe.json").unlink()
    assert "recipe.json is missing" in isogloss("evaluate", run).sentence
    assert "holds no saved model" in isogloss("evaluate", run / "model").sentence


def test_languages_that_cannot_be_asked_for_are_left_out(run: Path, world: Dataset, tmp_path: Path) -> None:
    root = tmp_path / "without"
    shutil.copytree(world.root, root)
    shutil.copyfile(root / "captions" / "en.parquet", root / "captions" / "ka.parquet")
    result = evaluate_chat(run, dataset=str(root), quiet=True, pictures=2)
    assert result["left_out"] == ["ka"]
    assert saved(run, "without-test")["left_out"] == ["ka"]
    with pytest.raises(UserError, match=r"no wordings of 'describe' in .*\(ka\)"):
        evaluate_chat(run, dataset=str(root), languages=("ka",), quiet=True)
