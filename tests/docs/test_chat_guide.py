"""Every command and line of the chat guide, in its order: models, engine, judge and numbers are replaced by small ones."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli.program import Program, isogloss
from docs.talk_set import ASKED, NAMES, write_models, write_talk
from docs.test_guide import ROOT, blocks, with_towers
from evaluate.judge.endpoint import serving
from transformers import LlavaForConditionalGeneration

from isogloss.data.conversation_set import read_conversations
from isogloss.data.dataset import Dataset
from isogloss.recipes import chat_qwen
from isogloss.saved import read_object
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.log import read_metrics
from isogloss.train.recipe import load_recipe

__all__ = ["isogloss"]

GUIDE = ROOT / "docs/guides/chat.md"
STEPS = "--{}.training.steps 2 --{}.training.precision float32 --{}.training.workers 0"
STAGES = f"{STEPS.replace('{}', 'align')} {STEPS.replace('{}', 'instruct')}"
FEW = "--align.conversations-per-step 4 --instruct.conversations-per-step 4"
SHORT = "--training.steps 2 --training.precision float32 --training.workers 0"
NLLB = "ctranslate2:facebook/nllb-200-distilled-600M"
DRAWN = "--train 12 --validation 4 --test 4 --test-pairs 2 --size 32"
# What stands in for what the guide says.
REPLACED = {
    NLLB: "table:japanese.csv",
    "train talk.py": f"train talk.py {STAGES} {FEW}",
    "train chat_shapes": f"train chat_shapes {STAGES} {FEW} --data.image-size 16",
    "train lm_shapes": f"train lm_shapes {SHORT} --data.conversations-per-step 4 --config.hidden-size 32 "
    "--config.num-attention-heads 2 --config.num-key-value-heads 2 --config.head-dim 16 --config.intermediate-size 32",
    "train clip_shapes_english": f"train clip_shapes_english {SHORT} --data.images-per-step 4 --data.image-size 16",
    "shapes-text --text": "shapes-text --text --train 60 --validation 4",
    "shapes --train 24000": f"shapes {DRAWN}",
    "evaluate runs/chat_shapes": "evaluate runs/chat_shapes --pictures 2 --languages en es",
}


def commands() -> list[str]:
    """The lines of the guide's shell blocks, made small."""
    found = [line for block in blocks(GUIDE, "sh") for line in block.splitlines()]
    for told, instead in REPLACED.items():
        assert any(told in line for line in found), told
        found = [line.replace(told, instead) for line in found]
    return found


def test_every_command_of_the_guide(isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    write_talk(tmp_path)
    recipe, answers = blocks(GUIDE, "python")
    Path("talk.py").write_text(with_towers(recipe, write_models(tmp_path / "models")), encoding="utf-8")
    said: dict[str, str] = {}
    with serving() as service:
        for command in commands():
            if command.startswith("isogloss judge"):
                exec(answers, {})
            program, *words = shlex.split(command.replace("https://api.openai.com/v1", service.url))
            assert program == "isogloss"
            done = isogloss(*words)
            assert done.code == 0, (command, done.errors)
            said[command] = done.output

    dataset = Dataset.open("talk")
    assert sum(dataset.splits.values()) == len(NAMES)
    assert set(dataset.languages) == {"en", "ja"}
    spoken = read_conversations("talk", "ja")
    assert len(spoken) == len(NAMES)
    assert {turn.text for one in spoken for turn in one.turns[:1]} == {f"<image>\n{japanese}" for _, japanese in ASKED}

    for name in ("talk", "japanese", "english", "aligned", "chat_shapes"):
        trained = read_object(Path("runs", name, "recipe.json"))
        for stage in ("align", "instruct"):
            log = Path("runs", name, stage, "metrics.jsonl")
            assert log.exists() != trained[stage]["skipped"], (name, stage)
            assert trained[stage]["skipped"] or read_metrics(log)
    assert read_object(Path("runs/english/recipe.json"))["instruct"]["languages"] == ["en"]
    for command, shown in said.items():
        if command.startswith("isogloss evaluate"):
            assert "descriptions" in shown and "answers" in shown and "fidelity" in shown, command

    assert '<section id="answers">' in Path("runs/talk/report.html").read_text(encoding="utf-8")
    ours = [json.loads(line) for line in Path("ours.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["language"]) for row in ours] == [("1", "ja"), ("2", "ja")]
    first = next(shown for command, shown in said.items() if f'--prompt "{ASKED[0][1]}"' in command)
    assert first.strip() == ours[0]["answer"].strip() != ""
    assert len(service.asked) == 4, "two questions in two orders"
    assert LlavaForConditionalGeneration.from_pretrained("runs/talk/model").config.model_type == "llava"


def recipe_of_the_guide(folder: Path) -> ChatRecipe:
    path = folder / "talk.py"
    path.write_text(blocks(GUIDE, "python")[0], encoding="utf-8")
    found = load_recipe(str(path))
    assert isinstance(found, ChatRecipe)
    return found


def test_the_recipe_of_the_guide_is_a_small_chat_qwen(tmp_path: Path) -> None:
    guide, whole = recipe_of_the_guide(tmp_path), chat_qwen.recipe
    assert (guide.vision, guide.language_model) == (whole.vision, whole.language_model)
    assert guide.align.conversations_per_step == whole.align.conversations_per_step
    assert guide.align.row_tokens == whole.align.row_tokens
    assert replace(guide.instruct.lora, dropout=0.0) == replace(whole.instruct.lora, dropout=0.0)
    for stage in ("align", "instruct"):
        rates: list[Any] = [getattr(recipe, stage).training.optimisation.learning_rate for recipe in (guide, whole)]
        assert rates[0] == rates[1]
