"""An experiment: all arms and seeds, what they say together, and whatever kills it, the same end."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from experiment_folders import copied, read
from train.commands import ENVIRONMENT
from train.small_experiment import LANGUAGES, STEPS, TRAINED, small_experiment
from train.squares import TEST, squares

from isogloss.errors import UserError
from isogloss.experiment import run_experiment
from isogloss.train.checkpoint import checkpoints
from isogloss.train.log import read_metrics
from isogloss.workers import workers

SCRIPT = Path(__file__).parent / "train" / "small_experiment.py"
# Far longer than anything here takes: what is not over by then never will be.
SECONDS = 300


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return squares(tmp_path_factory.mktemp("experiment") / "squares", LANGUAGES).root


@pytest.fixture(scope="module")
def finished(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of both arms; the runs of the first are also what an interrupted experiment has to end with."""
    folder = tmp_path_factory.mktemp("finished") / "experiment"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        # One thread for each run, as in the script: other numbers of threads give other bits.
        patch.setattr("isogloss.experiment.cores", lambda: 1)
        report = run_experiment(small_experiment(dataset, (0, 1)), folder, jobs=2)
    assert report == folder / "report.html"
    return folder


def evaluations(folder: Path, arm: str) -> list[dict[str, Any]]:
    return [read(folder / f"seed-{seed}" / arm / "evaluation" / "test.json")["languages"] for seed in (0, 1)]


def test_the_results_are_those_of_all_runs(finished: Path) -> None:
    results = read(finished / "results.json")
    assert (results["seeds"], results["steps"]) == (2, STEPS)
    assert list(results["languages"]) == list(LANGUAGES)
    for tag, found in results["languages"].items():
        assert found["role"] == ("trained" if tag in TRAINED else "unseen")
        assert {"family", "script", "group"} <= found.keys()
        for arm in ("english_only", "parallel"):
            each = [saved[tag]["caption_to_image"] for saved in evaluations(finished, arm)]
            for k in (1, 5, 10):
                value, low, high = found[arm][f"accuracy@{k}"]
                assert value == pytest.approx(sum(one[f"accuracy@{k}"][0] for one in each) / 2)
                assert low <= value <= high
                assert found[arm]["seeds"][f"accuracy@{k}"] == pytest.approx([one[f"accuracy@{k}"][0] for one in each])
            assert found[arm]["captions"] == TEST
            assert len(found[arm]["rank_quartiles"]) == 3


def test_averages_are_plain_means_and_state_their_languages(finished: Path) -> None:
    results = read(finished / "results.json")
    assert results["averages"]["trained"]["languages"] == list(TRAINED)
    assert results["averages"]["unseen"]["languages"] == ["de"]
    for average in results["averages"].values():
        for arm in ("english_only", "parallel"):
            each = [results["languages"][tag][arm]["accuracy@10"][0] for tag in average["languages"]]
            assert average[arm]["accuracy@10"][0] == pytest.approx(sum(each) / len(each))
    assert all({"claim", "holds", "measured"} == claim.keys() for claim in results["claims"])


def test_arms_differ_in_languages_alone_and_seeds_in_the_seed_alone(finished: Path) -> None:
    recipes = {
        (seed, arm): read(finished / f"seed-{seed}" / arm / "recipe.json")
        for seed in (0, 1)
        for arm in ("english_only", "parallel")
    }
    for (seed, _), recipe in recipes.items():
        assert recipe["training"]["seed"] == seed
        assert recipe["text"]["model"] == str(finished / f"seed-{seed}" / "text" / "model")
        recipe["data"].pop("languages")
        recipe["training"].pop("seed")
        recipe["text"].pop("model")
    assert all(recipe == recipes[0, "parallel"] for recipe in recipes.values())
    weights = {(seed, arm): weights_of(finished, seed, arm) for seed, arm in recipes}
    assert len(set(weights.values())) == 4


def weights_of(folder: Path, seed: int, arm: str) -> bytes:
    return (folder / f"seed-{seed}" / arm / "model" / "model.safetensors").read_bytes()


def test_it_tells_what_it_was(finished: Path) -> None:
    told = read(finished / "experiment.json")
    assert [arm["name"] for arm in told["arms"]] == ["english_only", "parallel"]
    assert told["seeds"] == [0, 1]
    assert told["duration_seconds"] > 0
    assert told["languages"]["ja"]["endonym"] == "日本語"
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "Squares" in page
    assert "日本語" in page


def test_a_finished_one_trains_nothing_again(finished: Path, dataset: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.glob("seed-*/*/*/*") if path.is_file()}
    run_experiment(small_experiment(dataset, (0, 1)), finished, jobs=1)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_another_experiment_in_its_folder_is_refused(finished: Path, dataset: Path) -> None:
    other = small_experiment(dataset, (0, 1))
    object.__setattr__(other, "languages", ("en", "es"))
    with pytest.raises(UserError, match="holds another experiment, with other languages; name another folder"):
        run_experiment(other, finished, jobs=1)


def put(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_text(json.dumps(change(read(path))), encoding="utf-8")


def without(*fields: str) -> Callable[[Any], Any]:
    """Take out the last of the fields, each within the one before it."""

    def change(content: Any) -> Any:
        inner = content
        for field in fields[:-1]:
            inner = inner[field]
        del inner[fields[-1]]
        return content

    return change


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("experiment.json", without("arms"), "lacks the field 'arms'; restore it"),
        ("experiment.json", lambda told: {**told, "duration_seconds": "long"}, "has a field of the wrong kind"),
        ("experiment.json", lambda told: [told], "should hold a JSON object, not a list"),
        (
            "seed-1/parallel/evaluation/test.json",
            without("languages", "es", "image_to_caption"),
            "lacks the field 'image_to_caption'; restore it",
        ),
        (
            "seed-0/english_only/evaluation/test.json",
            without("languages", "de", "caption_to_image", "ranks"),
            "lacks the field 'ranks'; restore it",
        ),
    ],
)
def test_a_damaged_file_of_it_is_named(
    file: str, change: Callable[[Any], Any], told: str, finished: Path, dataset: Path, tmp_path: Path
) -> None:
    folder = copied(finished, tmp_path / "experiment")
    put(folder / file, change)
    with pytest.raises(UserError, match=f"{folder / file} {told}"):
        run_experiment(small_experiment(dataset, (0, 1)), folder, jobs=1)


@pytest.mark.parametrize(("jobs", "told"), [(1, "free some and run the command again"), (2, "again with --jobs 1")])
def test_a_run_that_the_system_kills_is_told(jobs: int, told: str) -> None:
    with (
        pytest.raises(UserError, match=f"ended by the system, most often for lack of memory; .*{told}"),
        workers(jobs) as pool,
    ):
        pool.submit(os.kill, 0, 0).result()  # a process that lives
        pool.submit(signal.raise_signal, signal.SIGKILL).result()


def start(dataset: Path, folder: Path) -> subprocess.Popen[str]:
    environment = {**ENVIRONMENT, "PYTHONPATH": str(SCRIPT.parent.parent)}
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(dataset), str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_rows(process: subprocess.Popen[str], run: Path, count: int) -> None:
    while process.poll() is None and len(read_metrics(run / "metrics.jsonl")) < count:
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()[1]


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def wait_for_the_last(group: int) -> None:
    """Wait until no process of the group is left."""
    for _ in range(SECONDS * 10):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    raise AssertionError("a worker outlived the experiment that started it")


def test_whatever_ends_it_no_worker_stays_and_the_same_command_goes_on(
    finished: Path, dataset: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "experiment"
    arm, text = folder / "seed-0" / "parallel", folder / "seed-0" / "text"
    for name in ("recipe.json", "tokenizer"):  # which is not learnt twice alike
        (shutil.copytree if name == "tokenizer" else shutil.copy)(
            finished / "seed-0" / "text" / name, made(text) / name
        )

    process = start(dataset, folder)
    wait_for_rows(process, text, 5)
    process.kill()  # the experiment alone: its workers have to notice
    process.wait()
    wait_for_the_last(process.pid)
    assert checkpoints(text), "a worker saves before it ends"

    process = start(dataset, folder)
    wait_for_rows(process, arm, 15)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
    process.communicate()
    wait_for_the_last(process.pid)
    reached = checkpoints(arm)[-1][0]
    assert len([row for row in read_metrics(arm / "metrics.jsonl") if row["split"] == "train"]) == reached >= 15
    assert not (folder / "results.json").exists()

    process = start(dataset, folder)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    for name in ("english_only", "parallel"):
        assert weights_of(folder, 0, name) == weights_of(finished, 0, name)
    assert (folder / "report.html").exists()
    assert not list(folder.rglob(".*.partial"))


def test_a_run_that_fails_ends_the_experiment_with_its_sentence(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "experiment" / "seed-0" / "text").mkdir(parents=True)
    (tmp_path / "experiment" / "seed-0" / "text" / "something").write_text("else")
    with pytest.raises(UserError, match="text exists and is no run; name another folder"):
        run_experiment(small_experiment(dataset, (0,)), tmp_path / "experiment", jobs=1)
    assert (tmp_path / "experiment" / "seed-0" / "text" / "something").read_text() == "else"
