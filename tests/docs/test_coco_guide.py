"""Every command of the COCO guide, in its order, on a small set in COCO's format: towers, engine and steps are replaced."""

import json
import shlex
from pathlib import Path

import pytest
from cli.program import Program, isogloss
from docs.coco_set import SPLITS, write_coco, write_towers, write_translations

from isogloss.data.dataset import Dataset
from isogloss.report.experiment import read_experiment

__all__ = ["isogloss"]

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "coco.md"
TOWERS = "--vision.model ./towers/vit --text.model ./towers/xlm-r"
SMALL = (
    f"{TOWERS} --data.images-per-step 8 --training.steps 6 --training.validate-every 3 --training.checkpoint-every 0 "
    "--training.log-every 1 --training.workers 0 --training.precision float32"
)
NLLB = "--to es,ja,hi,de,fr,zh,bn --engine ctranslate2:facebook/nllb-200-distilled-600M"
# What stands in for what the guide says; `&&` makes two commands of one.
REPLACED = {
    "train clip_coco_english": f"train clip_coco_english {SMALL}",
    "train clip_coco_parallel": f"train clip_coco_parallel {SMALL}",
    f"translate coco --from en {NLLB}": "translate coco --from en --to es --engine apertium{} && "
    "isogloss translate coco --from en --to ja,hi,de,fr,zh,bn --engine table:translations.parquet{}",
}


def commands() -> list[str]:
    """The lines of the guide's shell blocks."""
    shell = GUIDE.read_text(encoding="utf-8").split("```sh\n")[1:]
    return [line for block in shell for line in block.split("```")[0].splitlines() if line]


def replaced(command: str) -> list[str]:
    for told, instead in REPLACED.items():
        if told in command:
            before, after = command.split(told)
            command = before + (instead.replace("{}", after) if "{}" in instead else instead + after)
    return command.split(" && ")


def test_every_command_of_the_guide(isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_coco(tmp_path / "COCO")
    write_towers(tmp_path / "towers")
    said: dict[str, str] = {}
    for written in commands():
        for command in replaced(written):
            if "table:" in command and not Path("translations.parquet").exists():
                write_translations(
                    Path("translations.parquet"), Dataset.open("coco").captions("en")["text"].to_pylist()
                )
            program, *words = shlex.split(command)
            assert program == "isogloss"
            done = isogloss(*words)
            assert done.code == 0, (command, done.errors)
            said[command] = done.output

    dataset = Dataset.open("coco")
    assert dataset.splits == {
        "train": SPLITS["train"] + SPLITS["restval"],
        "validation": SPLITS["val"],
        "test": SPLITS["test"],
    }
    assert set(dataset.languages) == {"en", "es", "ja", "hi", "de", "fr", "zh", "bn"}
    estimates = [output for command, output in said.items() if "--estimate" in command]
    assert len(estimates) == 2
    assert all("An epoch has 14,160 steps." in output for output in estimates), "113,287 pictures, 8 a step"

    counted = isogloss("train", *f"clip_coco_parallel {SMALL} --estimate".split())
    assert counted.code == 0, counted.errors
    assert "Captions are those of the first step of the dataset" in counted.output
    assert "An epoch has 3 steps." in counted.output, "24 pictures"

    experiment = json.loads(Path("runs/coco/comparison/experiment.json").read_text(encoding="utf-8"))
    assert [(arm["name"], arm["trained"]) for arm in experiment["arms"]] == [
        ("english_only", ["en"]),
        ("parallel", ["en", "es", "ja", "hi"]),
    ]
    assert experiment["seeds"] == [0, 1]
    roles = {tag: record["role"] for tag, record in experiment["languages"].items()}
    assert {tag for tag, role in roles.items() if role == "trained"} == {"en", "es", "ja", "hi"}
    assert {tag for tag, role in roles.items() if role == "unseen"} == {"de", "fr", "zh", "bn"}

    page = Path("runs/coco/comparison/report.html").read_text(encoding="utf-8")
    for figure in (
        "Training loss above its floor",
        "Validation loss above its floor",
        "Accuracy per language",
        "Ranks per language",
        "On average",
    ):
        assert figure in page
    content = read_experiment(Path("runs/coco/comparison"))
    assert content.pictures == SPLITS["test"]
    assert len(content.claims) == 4
    for tag in dataset.languages:
        for arm in content.compared:
            measure = content.measure(tag, arm.name)
            assert measure is not None and measure.quartiles is not None
            assert set(measure.accuracy) == {1, 5, 10}
    assert {"trained", "unseen", "family seen", "script seen"} <= {average.name for average in content.averages}


def test_the_guide_names_what_the_recipes_are() -> None:
    words = " ".join(GUIDE.read_text(encoding="utf-8").split())
    assert "113,287 pictures to train on (his train and restval), 5,000 for validation, 5,000 to test" in words
    assert sum((113_287, 5_000, 5_000)) == 82_783 + 40_504, (
        "all pictures of COCO's training and validation sets of 2014"
    )
