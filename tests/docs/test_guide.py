"""What README and the guides tell people to do works, word for word but for the towers, which are tiny and local here."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from transformers import AutoConfig, AutoModel
from transformers.models.vit import ViTImageProcessorPil

from isogloss.cli import COMMANDS, ESTIMATE_OPTIONS, dispatch
from isogloss.data.dataset import Dataset
from isogloss.data.validate import validate
from isogloss.demo_chat import chat_arms
from isogloss.models.tokenizer import train_tokenizer
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.recipe import field_paths, load_recipe

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "src/isogloss/recipes").glob("*.py")),
]
WORDS = {"en": "a dog runs along the beach", "es": "un perro corre por la playa"}


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def commands() -> list[str]:
    """Every `isogloss …` that a page or a recipe tells people to run."""
    found: list[str] = []
    for path in TEXTS:
        text = path.read_text(encoding="utf-8").replace("\n--help", " --help")
        found += re.findall(r"^(?:\.venv/bin/)?isogloss (\S.*)$", text, flags=re.MULTILINE)
        found += re.findall(r"`isogloss (\S[^`]*)`", text)
    return sorted(set(found))


@pytest.mark.parametrize("command", commands())
def test_commands_and_their_options_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command, comments=True)
    name = next((name for name in COMMANDS if tuple(words[: len(name)]) == name), None)
    assert name is not None or words == ["--help"], command
    options = [word.removeprefix("--").split("=")[0] for word in words if word.startswith("--") and word != "--help"]
    if name == ("train",):
        recipes = ("clip_emoji_parallel", "text_emoji", "lm_shapes", "chat_shapes")
        known = [*(path for recipe in recipes for path in field_paths(load_recipe(recipe))), "run"]
        known += [option.replace("_", "-") for option, *_ in ESTIMATE_OPTIONS]
    else:
        with pytest.raises(SystemExit):
            dispatch([*(name or ()), "--help"])
        known = re.findall(r"--([a-z-]+)", capsys.readouterr().out)
    assert set(options) <= set(known)


def tiny_towers(folder: Path) -> dict[str, Path]:
    """A vision and a text tower under the Hub names that the pages use."""
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    vision, text = folder / "vision", folder / "text"
    AutoModel.from_config(AutoConfig.for_model("vit", image_size=16, patch_size=8, **shape)).save_pretrained(vision)
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(vision)
    tokenizer = train_tokenizer(WORDS.values(), vocabulary=64, tokens=32)
    tokenizer.save_pretrained(text)
    places = {"max_position_embeddings": 66, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    AutoModel.from_config(AutoConfig.for_model("xlm-roberta", **shape, **places)).save_pretrained(text)
    return {"google/vit-base-patch16-224-in21k": vision, "xlm-roberta-base": text}


def with_towers(code: str, towers: dict[str, Path]) -> str:
    for name, folder in towers.items():
        code = code.replace(f'"{name}"', repr(str(folder)))
    return code


@pytest.fixture
def owned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures and captions as the guide describes them, and the dataset that its first block makes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    rows = ["image,language,caption"]
    for number, key in enumerate(["beach", *(f"picture{number}" for number in range(24))]):
        Image.new("RGB", (24, 18), (10 * number, 90, 30)).save(tmp_path / "pictures" / f"{key}.jpg")
        rows += [f"{key}.jpg,{language},{words} {number}" for language, words in WORDS.items()]
    (tmp_path / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for command in [*blocks(ROOT / "docs/guides/clip.md", "sh")[0].splitlines(), "isogloss data check my-pictures"]:
        isogloss(command.removeprefix("isogloss "))
    return tmp_path


def isogloss(command: str) -> str:
    """What a command prints, run as people run it."""
    words = [sys.executable, "-m", "isogloss.cli", *shlex.split(command)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_guide_from_pictures_to_a_search(owned: Path) -> None:
    dataset = Dataset.open("my-pictures")
    validate(dataset)
    assert sum(dataset.splits.values()) == 25
    assert set(dataset.splits) == {"train", "validation", "test"}
    assert dataset.languages == ("en", "es")

    recipe, use = blocks(ROOT / "docs/guides/clip.md", "python")
    (owned / "my_recipe.py").write_text(with_towers(recipe, tiny_towers(owned / "towers")), encoding="utf-8")
    short = "--data.images-per-step 4 --training.steps 2 --training.precision float32"
    isogloss("train my_recipe.py --run runs/mine " + short)
    assert "es" in isogloss("evaluate runs/mine")
    assert "report.html" in isogloss("report runs/mine")
    assert (owned / "runs/mine/report.html").exists()
    shown = isogloss('search runs/mine "un perro"')
    assert sum(key in shown for key in dataset.split("test", ()).keys) == 5

    found: dict[str, Any] = {}
    exec(use, found)
    assert found["model"](**found["inputs"]).logits_per_image.shape == (1, 2)


def test_the_readme_in_python(owned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = blocks(ROOT / "README.md", "python")
    asked: list[tuple[ClipRecipe, Path]] = []
    monkeypatch.setattr("isogloss.train.run.train", lambda recipe, folder: asked.append((recipe, folder)))
    exec(code, {})
    ((recipe, folder),) = asked
    assert folder == Path("runs/mine")
    assert (recipe.vision.model, recipe.text.model) == ("google/vit-base-patch16-224-in21k", "xlm-roberta-base")
    assert recipe.training.optimisation.learning_rate == 5e-5
    assert Path(recipe.data.dataset).is_dir()


def test_the_readme_talks_as_the_guide_to_chat_does() -> None:
    """Whose lines are run there; a demo leaves the model and the picture, about which other things can be asked."""
    _, code = blocks(ROOT / "README.md", "python")
    run, picture = "runs/demo-chat/seed-0/stated", "runs/demo-chat/examples/0.png"
    guide = blocks(ROOT / "docs/guides/chat_serving.md", "python")[0]
    code = code.replace(run, "runs/talk/model").replace(picture, "picture.png")
    asked = re.compile(r'(?<=chat\.ask\()".+?"|(?<=chat\.stream\()".+?"')
    assert asked.sub("…", code) == asked.sub("…", guide)
    assert Path(run).name in {arm.name for arm in chat_arms(("pivot",))}


def test_pages_link_to_what_exists() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    missing = [
        (page.name, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        if "://" not in link and not os.path.lexists(page.parent / link)
    ]
    assert missing == []
