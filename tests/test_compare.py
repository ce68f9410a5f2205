"""Runs that exist, compared: their figures, claims and report, and what cannot be compared."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli.program import Program, isogloss
from experiment_folders import read
from train.recipes import TEXT, learning_recipe, word_tokenizer
from train.squares import TEST, squares

from isogloss.compare import compare_runs
from isogloss.errors import UserError
from isogloss.evaluate.run import evaluate_run
from isogloss.models.towers import Tower
from isogloss.report.experiment import read_experiment
from isogloss.train.run import train

__all__ = ["isogloss"]

LANGUAGES = ("en", "es", "ja", "de")
ARMS = {"english": ("en",), "parallel": ("en", "es", "ja")}
STEPS = 20


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of both arms, trained and evaluated; not to be changed."""
    folder = tmp_path_factory.mktemp("compare")
    dataset = squares(folder / "squares", LANGUAGES)
    texts = [text for tag in LANGUAGES for text in dataset.captions(tag)["text"].to_pylist()]
    word_tokenizer(texts).save_pretrained(folder / "tokenizer")
    tower = Tower(config={**TEXT, "vocab_size": 200}, tokenizer=str(folder / "tokenizer"))
    for name, languages in ARMS.items():
        for seed in (0, 1):
            recipe = learning_recipe(dataset.root, folder, languages, steps=STEPS, log_every=5, seed=seed)
            run = folder / "runs" / (f"{name}-{seed}" if seed else name)
            train(replace(recipe, text=tower), run, quiet=True)
            evaluate_run(run)
    return folder / "runs"


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(trained, tmp_path / "runs", ignore=shutil.ignore_patterns("checkpoints")))


def places(runs: Path, *names: str) -> list[Path]:
    return [runs / name for name in names]


ALL = ("parallel-1", "english", "parallel", "english-1")


def test_the_figures_are_those_of_all_seeds(runs: Path) -> None:
    comparison = compare_runs(places(runs, *ALL), runs / "comparison", split="test")
    assert (comparison.page, comparison.caveats) == (runs / "comparison" / "report.html", ())
    found = read(runs / "comparison" / "results.json")
    assert (found["seeds"], found["steps"]) == (2, STEPS)
    assert set(found["languages"]) == set(LANGUAGES)
    for name, arm in (("english", "english_only"), ("parallel", "parallel")):
        saved = [read(run / "evaluation" / "test.json")["languages"] for run in places(runs, name, f"{name}-1")]
        for tag in LANGUAGES:
            for k in (1, 5, 10):
                each = [one[tag]["caption_to_image"][f"accuracy@{k}"][0] for one in saved]
                value, low, high = found["languages"][tag][arm][f"accuracy@{k}"]
                assert found["languages"][tag][arm]["seeds"][f"accuracy@{k}"] == each, "in the order of the seeds"
                assert value == pytest.approx(sum(each) / 2)
                assert low <= value <= high
    assert found["averages"]["trained"]["languages"] == [tag for tag in found["languages"] if tag != "de"]
    assert found["averages"]["unseen"]["languages"] == ["de"]
    claims = [claim["claim"] for claim in found["claims"]]
    assert len(claims) == 3
    assert not any("0.30" in claim or "1.5 times" in claim for claim in claims), "the emoji world's own"


def test_the_report_has_the_paper_s_four_figures(runs: Path) -> None:
    page = compare_runs(places(runs, *ALL), runs / "comparison", split="test").page
    html = page.read_text(encoding="utf-8")
    for told in (
        "English only and Parallel: squares",
        "Training loss above its floor",
        "Validation loss above its floor",
        "Accuracy per language",
        "Ranks per language",
        "trained",
        "family seen",
        "日本語",
        "data.languages",
        f"{TEST} test pictures",
    ):
        assert told in html, told
    content = read_experiment(runs / "comparison")
    assert [arm.trained for arm in content.compared] == list(ARMS.values())
    assert [(run.arm, run.seed) for run in content.runs] == [
        ("english_only", 0),
        ("english_only", 1),
        ("parallel", 0),
        ("parallel", 1),
    ]
    assert content.runs[0].metrics.points("validation", "loss_above_floor")
    assert content.dataset is not None and content.dataset.root.name == "squares"


def test_it_is_made_anew_and_moves_with_its_runs(runs: Path, tmp_path: Path) -> None:
    first = compare_runs(places(runs, "english", "parallel"), runs / "comparison", split="test")
    again = compare_runs(places(runs, *ALL), runs / "comparison", split="test", languages=("en", "de"))
    assert first == again
    assert set(read(runs / "comparison" / "results.json")["languages"]) == {"en", "de"}
    moved = runs.rename(tmp_path / "elsewhere")
    assert len(read_experiment(moved / "comparison").runs) == 4


def test_the_command(runs: Path, isogloss: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs.parent)
    done = isogloss("compare", "runs/english", "runs/parallel")
    assert (done.code, done.output) == (0, "runs/comparison/report.html\n"), done.errors
    command = read(runs / "comparison" / "experiment.json")["command"]
    assert command == "isogloss compare runs/english runs/parallel --folder runs/comparison --split test"
    before = (runs / "comparison" / "results.json").read_bytes()
    assert isogloss(*command.split()[1:]).code == 0
    assert (runs / "comparison" / "results.json").read_bytes() == before
    assert isogloss("report", "runs/comparison").code == 0


def test_arms_of_neither_kind_bear_the_names_of_their_folders(runs: Path) -> None:
    """Two recipes that train on English: none of them is the English-only arm that the claims speak of."""
    for name in ("parallel", "parallel-1"):
        change(lambda recipe: recipe["data"].update(languages=["en"]) or recipe)(runs / name / "recipe.json")
    change(lambda recipe: {**recipe, "projection_dim": 8})(runs / "parallel" / "recipe.json")
    change(lambda recipe: {**recipe, "projection_dim": 8})(runs / "parallel-1" / "recipe.json")
    compare_runs(places(runs, *ALL), runs / "comparison", split="test")
    told = read(runs / "comparison" / "experiment.json")
    assert [arm["name"] for arm in told["arms"]] == ["parallel", "english"]
    assert told["caveats"] == ["The runs differ in projection_dim."], "and the claims are not about them"
    assert [arm["runs"] for arm in told["arms"]] == [
        {"0": "../parallel", "1": "../parallel-1"},
        {"0": "../english", "1": "../english-1"},
    ]
    assert read(runs / "comparison" / "results.json")["claims"] == []


def change(how: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Rewrite a JSON file."""
    return lambda path: path.write_text(json.dumps(how(read(path))), encoding="utf-8") and None


def spoil(run: str, file: str, how: Callable[[Any], Any]) -> Callable[[Path], None]:
    return lambda runs: change(how)(runs / run / file)


def without_german(saved: Any) -> Any:
    del saved["languages"]["de"]
    return saved


def nothing(runs: Path) -> None:
    """The runs as they are."""


@pytest.mark.parametrize(
    ("names", "how", "told"),
    [
        (("english", "english-1"), nothing, "All these runs are of one recipe, so there is nothing to compare"),
        (("english", "parallel-1"), nothing, "compare runs of the same seeds"),
        (("english", "english", "parallel"), nothing, "is a run of the same recipe and seed as"),
        (
            ("english", "parallel"),
            lambda runs: (runs / "parallel" / "evaluation" / "test.json").unlink(),
            "was not evaluated on the split 'test'; run `isogloss evaluate",
        ),
        (
            ("english", "parallel"),
            spoil("parallel", "evaluation/test.json", lambda saved: {**saved, "dataset": "/other"}),
            "was evaluated on other dataset than the first run",
        ),
        (
            ("english", "parallel"),
            spoil("parallel", "evaluation/test.json", lambda saved: {**saved, "model": "0"}),
            "is of another model than the run holds",
        ),
        (
            ("english", "parallel"),
            spoil("english", "recipe.json", lambda recipe: {**recipe, "family": "text"}),
            "is a run of the family 'text', which finds no pictures",
        ),
        (
            ("english", "parallel"),
            spoil("english", "evaluation/test.json", lambda saved: {**saved, "languages": {"en": {}}}),
            "lacks the field 'caption_to_image'",
        ),
        (("english", "nowhere"), nothing, "holds no saved model; name the folder of a finished run"),
    ],
)
def test_what_cannot_be_compared_is_told(
    names: tuple[str, ...], how: Callable[[Path], None], told: str, runs: Path
) -> None:
    how(runs)
    with pytest.raises(UserError, match=told):
        compare_runs(places(runs, *names), runs / "comparison", split="test")
    assert not (runs / "comparison").exists()


def test_languages_that_a_run_was_not_evaluated_in_are_left_out_or_told(runs: Path) -> None:
    change(without_german)(runs / "parallel" / "evaluation" / "test.json")
    both = places(runs, "english", "parallel")
    compare_runs(both, runs / "comparison", split="test")
    assert set(read(runs / "comparison" / "results.json")["languages"]) == {"en", "es", "ja"}
    with pytest.raises(UserError, match="Not every run was evaluated in de; run `isogloss evaluate` on each"):
        compare_runs(both, runs / "other", split="test", languages=("en", "de"))


def test_other_folders_are_left_as_they_are(runs: Path) -> None:
    both = places(runs, "english", "parallel")
    (runs / "comparison").mkdir()
    (runs / "comparison" / "experiment.json").write_text('{"arms": [{"name": "parallel"}]}')
    with pytest.raises(UserError, match="holds an experiment, which is left as it is; name another folder"):
        compare_runs(both, runs / "comparison", split="test")
    with pytest.raises(UserError, match="holds something else than a comparison"):
        compare_runs(both, runs / "english", split="test")


def test_runs_that_differ_in_more_than_languages_are_told_and_not_judged(
    runs: Path, isogloss: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil("parallel", "recipe.json", lambda recipe: recipe["training"].update(steps=30) or recipe)(runs)
    monkeypatch.chdir(runs.parent)
    done = isogloss("compare", "runs/english", "runs/parallel")
    said = "The runs differ in training.steps too, not in their languages alone, so no claim of the paper is judged."
    assert done.output.splitlines() == [said, "runs/comparison/report.html"], done.errors
    page = (runs / "comparison" / "report.html").read_text(encoding="utf-8")
    assert said in page.split("<nav")[0], "at its head"
    assert "holds" not in page.split("<nav")[0].split("</style>")[1]
    assert (read(runs / "comparison" / "experiment.json")["steps"], read_experiment(runs / "comparison").claims) == (
        None,
        (),
    )


def test_many_differences_are_told_in_one_sentence(runs: Path) -> None:
    def other(recipe: Any) -> Any:
        optimisation = {f"field {number}": number for number in range(9)}
        return {**recipe, "projection_dim": 8, "training": {**recipe["training"], **optimisation}}

    spoil("parallel", "recipe.json", other)(runs)
    (caveat,) = compare_runs(places(runs, "english", "parallel"), runs / "comparison", split="test").caveats
    assert caveat.count(",") == 7
    assert " and 4 more fields too, not in their languages alone, so no claim of the paper is judged." in caveat


@pytest.mark.parametrize(("pictures", "k"), [(20, 10), (19, 5), (10, 5), (9, 1), (2, 1)])
def test_a_small_test_is_judged_by_the_largest_k_that_tells_something(pictures: int, k: int, runs: Path) -> None:
    searched_among(pictures, runs)
    comparison = compare_runs(places(runs, "english", "parallel"), runs / "comparison", split="test")
    assert comparison.caveats == ()
    english, *others = (claim.claim for claim in read_experiment(runs / "comparison").claims)
    assert "in accuracy@1, within a margin" in english
    assert len(others) == 2
    assert all(claim.endswith(f", in accuracy@{k}.") for claim in others)
    first = read_lede(comparison.page)
    assert ("comes first of" if k == 1 else f"among the first {'five' if k == 5 else 'ten'} of") in first


def test_of_a_single_picture_nothing_is_judged(runs: Path) -> None:
    searched_among(1, runs)
    comparison = compare_runs(places(runs, "english", "parallel"), runs / "comparison", split="test")
    assert comparison.caveats == ("Too few pictures to say anything (1), so no claim of the paper is judged.",)
    assert read_experiment(runs / "comparison").claims == ()
    assert 'class="lede"' not in comparison.page.read_text(encoding="utf-8")


def searched_among(pictures: int, runs: Path) -> None:
    """Make evaluations say that so many pictures were searched."""
    for name in ("english", "parallel"):
        spoil(name, "evaluation/test.json", lambda saved: {**saved, "images": pictures})(runs)


def read_lede(page: Path) -> str:
    """The first sentence under the page's title."""
    return page.read_text(encoding="utf-8").split('class="lede">')[1].split("</p>")[0]
