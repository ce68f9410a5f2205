"""A paint run is evaluated from its saved model alone, goes on where it was killed, and figures of others do not mix."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from cli.program import Program, isogloss
from evaluate.paint_fixtures import LANGUAGES, PICTURES, QUICK, make_run, make_world
from serve.tiny_painter import save_ranker
from train.commands import start

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.world import scene_of_picture
from isogloss.errors import UserError
from isogloss.evaluate.clip_score import clip_measures
from isogloss.evaluate.drawings import chance, drawings_right, read_drawings
from isogloss.evaluate.drawn import THROUGH_ENGLISH, drawn_file, read_drawn, read_pictures
from isogloss.evaluate.paint_figures import paint_figures
from isogloss.evaluate.paint_measures import measures_file, read_measures
from isogloss.evaluate.paint_run import evaluate_paint, read_evaluated
from isogloss.evaluate.prompts_in_english import Translator
from isogloss.evaluate.provenance import evaluated
from isogloss.models.towers import load_dual_encoder
from isogloss.serve.paint import Painter
from isogloss.serve.painting import Painting

__all__ = ["isogloss"]

QUICKLY = ("--steps", "2", "--guidance", "2")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def trained(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run"), world.root)


@pytest.fixture(scope="module")
def ranker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_ranker(tmp_path_factory.mktemp("ranker"))


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy, so that each test finds a run that nobody has evaluated."""
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def saved(run: Path, name: str = "test") -> dict[str, object]:
    return json.loads((run / "evaluation" / f"{name}.json").read_text())


def drawn(run: Path, kind: str = "drawings") -> tuple[list[dict[str, object]], np.ndarray]:
    """What was painted, and the pictures."""
    table = drawn_file(run, "test", kind=kind)
    rows = read_drawn(table)
    return rows.to_pylist(), read_pictures(table, rows)


def test_what_is_written_is_what_the_model_paints_and_the_oracle_reads(run: Path, world: Dataset) -> None:
    result = evaluate_paint(run, painting=QUICK, together=2, seed=7, quiet=True)
    assert saved(run) == json.loads(json.dumps(result))
    assert (result["family"], result["images"], result["left_out"], result["trained"]) == (
        "paint",
        PICTURES,
        [],
        ["en"],
    )
    assert (result["steps"], result["guidance"], result["seed"]) == (2, 2.0, 7)
    assert result["cut"].keys() <= set(LANGUAGES) and result["cut"]["en"] > 0, "it reads twelve tokens"
    keys: list[str] = world.images("test", ["key"])["key"].to_pylist()
    scenes = [scene_of_picture(key) for key in keys]
    assert result["chance"] == chance([scene_of_picture(key) for key in sorted(keys)])["attributes"]
    rows, pictures = drawn(run)
    painter = Painter.open(str(run / "model"))
    for place, language in enumerate(sorted(LANGUAGES)):
        own = slice(PICTURES * place, PICTURES * (place + 1))
        captions = world.split("test", (language,)).captions[language]
        prompts = [captions.of(row)[0] for row in range(PICTURES)]
        assert [(row["key"], row["language"], row["prompt"], row["seed"]) for row in rows[own]] == [
            (key, language, prompt, 7 + row) for row, (key, prompt) in enumerate(zip(keys, prompts, strict=True))
        ]
        alone = np.stack(
            [np.asarray(painter.paint_pairs([prompt], [7 + row], QUICK)[0]) for row, prompt in enumerate(prompts)]
        )
        assert np.abs(alone.astype(int) - pictures[own].astype(int)).max() <= 1, "but for the last digits of sums"
        right = drawings_right(scenes, read_drawings(pictures[own]))
        for name in ("attributes", "all_right"):
            assert result["languages"][language][name][0] == pytest.approx(right[name].mean())
    assert sorted(path.name for path in (run / "evaluation").iterdir()) == [
        "drawings-test",
        "drawings-test.json",
        "drawings-test.parquet",
        "measures-drawings-test.parquet",
        "test.json",
    ]
    assert evaluated(run, "test", LANGUAGES)
    again = read_evaluated([run, run], "test")
    assert again["seeds"] == 2
    assert {tag: each["attributes"][0] for tag, each in again["languages"].items()} == pytest.approx(
        {tag: each["attributes"][0] for tag, each in result["languages"].items()}
    )


def test_what_was_painted_stays_while_the_model_and_the_way_do(run: Path) -> None:
    evaluate_paint(run, painting=QUICK, languages=("en",), pictures=2, quiet=True)
    first = run / "evaluation" / "drawings-test" / "en" / "0000.png"
    before = first.stat().st_mtime_ns
    both = evaluate_paint(run, painting=QUICK, languages=("ja",), pictures=2, quiet=True)
    assert sorted(both["languages"]) == ["en", "ja"]
    assert first.stat().st_mtime_ns == before
    few = read_drawn(drawn_file(run, "test"))
    assert len(few) == 4 and len(set(few["key"].to_pylist())) == 2
    other = evaluate_paint(run, painting=Painting(3, 2.0), languages=("ja",), pictures=2, quiet=True)
    assert sorted(other["languages"]) == ["ja"]
    assert not first.exists()
    weights = run / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert not evaluated(run, "test", ("ja",))
    another = evaluate_paint(run, painting=Painting(3, 2.0), languages=("de",), pictures=2, quiet=True)
    assert sorted(another["languages"]) == ["de"]
    assert another["model"] != other["model"]
    assert {row["language"] for row in drawn(run)[0]} == {"de"}


def test_captions_that_have_changed_are_painted_anew(run: Path, world: Dataset, tmp_path: Path) -> None:
    root = shutil.copytree(world.root, tmp_path / "shapes")
    recipe = json.loads((run / "recipe.json").read_text())
    (run / "recipe.json").write_text(json.dumps({**recipe, "data": {"dataset": str(root), "languages": ["en"]}}))
    evaluate_paint(run, painting=QUICK, languages=("en", "de"), pictures=2, quiet=True)
    shutil.copyfile(root / "captions" / "ja.parquet", root / "captions" / "de.parquet")
    evaluate_paint(run, painting=QUICK, languages=("en", "de"), pictures=2, quiet=True)
    said = {(row["key"], row["language"]): row["prompt"] for row in drawn(run)[0]}
    ja = Dataset.open(root).split("test", ("ja",))
    captions = {key: ja.captions["ja"].of(row)[0] for row, key in enumerate(ja.keys)}
    assert {key: prompt for (key, language), prompt in said.items() if language == "de"} == {
        key: captions[key] for key, language in said if language == "de"
    }


def test_killed_it_goes_on_after_the_last_finished_pictures(run: Path, trained: Path, tmp_path: Path) -> None:
    process = start("evaluate", run, "--together", "1", *QUICKLY)
    first = wait_for_pictures(process, run)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (run / "evaluation" / "test.json").exists()
    marked = np.full_like(np.load(first), 200)
    np.save(first, marked)
    evaluate_paint(run, painting=QUICK, together=1, quiet=True)
    rows, pictures = drawn(run)
    told = [row["language"] for row, picture in zip(rows, pictures, strict=True) if (picture == marked[0]).all()]
    assert told == [first.parent.name], "what was finished before the kill was not painted again"
    assert len(rows) == PICTURES * len(LANGUAGES)
    assert not list((run / "evaluation").glob("unfinished-*"))
    assert not list((run / "evaluation").rglob("*.partial"))
    shutil.copytree(trained, tmp_path / "whole")
    evaluate_paint(tmp_path / "whole", painting=QUICK, together=1, quiet=True)
    other_rows, other = drawn(tmp_path / "whole")
    assert rows == other_rows
    same = [bool((one == two).all()) for one, two in zip(pictures, other, strict=True)]
    assert same.count(False) == 1, "all but the marked one"


def test_ctrl_c_ends_in_one_sentence(run: Path) -> None:
    process = start("evaluate", run, "--together", "1", *QUICKLY)
    wait_for_pictures(process, run)
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("isogloss: stopped; what is finished is saved")


def wait_for_pictures(process: "subprocess.Popen[str]", run: Path) -> Path:
    """Until pictures that are painted together are kept."""
    while process.poll() is None:
        found = sorted((run / "evaluation").glob("unfinished-drawings-test/*/[!.]*.npy"))
        if found:
            return found[0]
        time.sleep(0.005)
    raise AssertionError(process.communicate()[1])


def test_a_damaged_part_is_painted_again(run: Path) -> None:
    evaluate_paint(run, painting=QUICK, languages=("en",), together=2, quiet=True)
    before = drawn(run)[1]
    (run / "evaluation" / "drawings-test.parquet").unlink()
    folder = run / "evaluation" / "unfinished-drawings-test" / "en"
    folder.mkdir(parents=True)
    for name in ("00.npy", "11.npy"):
        (folder / name).write_bytes(b"cut short")
    evaluate_paint(run, painting=QUICK, languages=("en",), together=2, quiet=True)
    assert (drawn(run)[1] == before).all()


def test_prompts_through_english(run: Path, world: Dataset) -> None:
    english = world.split("test", ("en",))
    by_key = {key: english.captions["en"].of(row)[0] for row, key in enumerate(english.keys)}
    own = {
        captions.of(row)[0]: key
        for tag in ("ja", "de")
        for captions in [world.split("test", (tag,)).captions[tag]]
        for row, key in enumerate(english.keys)
    }
    asked: list[str] = []

    def translate(prompts: Sequence[str], language: str) -> list[str]:
        asked.append(language)
        return [by_key[own[prompt]] for prompt in prompts]

    result = evaluate_paint(run, painting=QUICK, translator=Translator("by hand", translate), quiet=True)
    assert sorted(asked) == ["de", "ja"]
    rows, pictures = drawn(run, THROUGH_ENGLISH)
    originals, drawings = drawn(run)
    assert {row["language"] for row in rows} == {"de", "ja"}
    in_english = {
        row["key"]: picture for row, picture in zip(originals, drawings, strict=True) if row["language"] == "en"
    }
    for row, picture in zip(rows, pictures, strict=True):
        assert row["prompt"] == by_key[str(row["key"])]
        assert np.abs(picture.astype(int) - in_english[row["key"]]).max() <= 1, "of the same noise"
    through = result["through_english"]["languages"]
    for tag in ("de", "ja"):
        assert through[tag]["attributes"][0] == pytest.approx(result["languages"]["en"]["attributes"][0], abs=0.05)
    assert through["en"] == result["languages"]["en"]
    assert result["through_english"] == read_evaluated([run], "test", kind=THROUGH_ENGLISH)


def test_how_well_pictures_fit_by_a_dual_encoder_and_as_a_set(run: Path, ranker: Path, world: Dataset) -> None:
    result = evaluate_paint(
        run, painting=QUICK, languages=("en", "ja"), scorer=str(ranker), features=str(ranker), quiet=True
    )
    rows, pictures = drawn(run)
    english = world.split("test", ("en",)).captions["en"]
    captions = [english.of(row)[0] for row in range(PICTURES)]
    for place, tag in enumerate(("en", "ja")):
        own = slice(PICTURES * place, PICTURES * (place + 1))
        prompts = [str(row["prompt"]) for row in rows[own]]
        found = clip_measures(*load_dual_encoder(ranker / "model"), pictures[own], prompts, captions)
        for name, values in found.items():
            assert result["languages"][tag][name][0] == pytest.approx(values.mean(), abs=1e-6), name
    apart = result["distances"]
    assert apart["real"] == PICTURES and "dual encoder" in apart["extractor"]
    assert set(apart["languages"]) == {"en", "ja"}
    assert "draw more" in apart["languages"]["en"]["fid_left_out"]
    assert result["scorer"] == str(ranker)


def test_a_world_that_no_oracle_reads_needs_a_model_that_measures(
    run: Path, ranker: Path, world: Dataset, tmp_path: Path
) -> None:
    root = shutil.copytree(world.root, tmp_path / "others")
    information = json.loads((root / "dataset.json").read_text())
    (root / "dataset.json").write_text(json.dumps({**information, "sources": []}))
    with pytest.raises(UserError, match="name a dual encoder with --scorer, or --features"):
        evaluate_paint(run, dataset=str(root), painting=QUICK, quiet=True)
    result = evaluate_paint(run, dataset=str(root), painting=QUICK, languages=("en",), scorer=str(ranker), quiet=True)
    assert result["chance"] is None
    assert "attributes" not in result["languages"]["en"] and "clip_score" in result["languages"]["en"]
    assert saved(run, "others-test")["dataset"] == str(root.resolve())


def test_figures_of_one_picture_are_without_others(run: Path) -> None:
    result = evaluate_paint(run, painting=QUICK, languages=("en",), pictures=1, quiet=True)
    assert result["chance"] is None
    assert "attributes_of_others" not in result["languages"]["en"]
    table = read_measures(measures_file(run, "test"))
    assert isinstance(table, pa.Table) and len(table) == 1
    figures = paint_figures([table])["languages"]["en"]["attributes"]
    assert figures == result["languages"]["en"]["attributes"]


def test_the_command_prints_a_table(run: Path, isogloss: Program) -> None:
    ended = isogloss("evaluate", run, "--languages", "en", "ja", "--pictures", "3", *QUICKLY)
    assert ended.code == 0, ended.errors
    assert "pictures of prompts (test)" in ended.output
    for word in ("attributes", "all right", "ja", "By chance 0."):
        assert word in ended.output


def test_bad_input_is_told_in_a_sentence(run: Path, isogloss: Program, tmp_path: Path) -> None:
    for arguments, said in (
        (("--split", "tests"), "no split 'tests'; did you mean 'test'"),
        (("--languages", "fr"), "no caption table for the language 'fr'"),
        (("--pictures", "0"), "pictures is 0"),
        (("--together", "0"), "together is 0"),
        (("--steps", "0"), "steps is 0"),
        (("--steps", "2000"), "steps is 2,000"),
        (("--guidance", "-1"), "guidance is -1"),
        (("--seed", "-1"), "seed is -1"),
        (("--dataset", str(tmp_path)), "is no dataset folder"),
        (("--scorer", str(tmp_path)), str(tmp_path)),
        (("--features", str(tmp_path / "inception.pt")), "There is no file"),
        (("--features", str(tmp_path), "--pictures", "1"), "at least two of them"),
        (("--translator", str(tmp_path)), "holds no saved model"),
        (("--translator", str(run / "model" / "text_encoder")), "holds no model that puts prompts into English"),
    ):
        ended = isogloss("evaluate", run, *arguments)
        assert (ended.code, said in ended.sentence) == (2, True), (arguments, ended.errors)
    recipe = json.loads((run / "recipe.json").read_text())
    for family in ("clip", "chat"):
        (run / "recipe.json").write_text(json.dumps({**recipe, "family": family}))
        told = isogloss("evaluate", run, "--steps", "3").sentence
        assert "--steps is for paint models" in told and "leave it out" in told
