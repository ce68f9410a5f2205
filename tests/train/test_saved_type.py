"""A chat model trains in float32, and is saved in the type in which its language model came where that was computed in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from train.small_chat import alone, chat_recipe, small_world, small_writer
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoTokenizer

from isogloss.data.dataset import Dataset
from isogloss.evaluate.chat import write_answers
from isogloss.models.chat_saving import load_chat
from isogloss.models.connector import Connector
from isogloss.models.tower import Tower
from isogloss.train import chat
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.run import train


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, processor_only: None) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def writers(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[torch.dtype, Path]:
    """The same language model, as those of the Hub are saved, and in float32."""
    folder = tmp_path_factory.mktemp("writers")
    whole = small_writer(world, folder / "float32")
    model: Any = AutoModelForCausalLM.from_pretrained(whole)
    model.bfloat16().save_pretrained(folder / "bfloat16")
    AutoTokenizer.from_pretrained(whole).save_pretrained(folder / "bfloat16")
    return {torch.float32: whole, torch.bfloat16: folder / "bfloat16"}


def trained_in(recipe: ChatRecipe, run: Path, monkeypatch: pytest.MonkeyPatch) -> set[torch.dtype]:
    """The types of the parameters as a run's last step left them."""
    found: set[torch.dtype] = set()
    fit = chat.fit

    def noting(model: Any, *given: Any, **named: Any) -> Any:
        fitted = fit(model, *given, **named)
        found.update(value.dtype for value in model.parameters() if value.requires_grad)
        return fitted

    monkeypatch.setattr(chat, "fit", noting)
    train(recipe, run, quiet=True)
    return found


def saved(run: Path) -> dict[str, Tensor]:
    return load_file(run / "model" / "model.safetensors")


@pytest.mark.parametrize(
    ("came", "precision", "wanted"),
    [
        (torch.bfloat16, "bfloat16", torch.bfloat16),
        (torch.bfloat16, "float32", torch.float32),
        (torch.float32, "bfloat16", torch.float32),
    ],
)
@pytest.mark.parametrize("kind", ["mlp", "resampler"])
def test_it_is_saved_as_it_came_where_that_was_computed_in(
    kind: Any,
    came: torch.dtype,
    precision: str,
    wanted: torch.dtype,
    world: Dataset,
    writers: dict[torch.dtype, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = replace(chat_recipe(world.root, writers[came], precision=precision), connector=Connector(kind, queries=4))
    assert trained_in(alone(recipe, "instruct", steps=2), tmp_path / "run", monkeypatch) == {torch.float32}
    assert {value.dtype for value in saved(tmp_path / "run").values()} == {wanted}
    by_name = AutoModelForImageTextToText.from_pretrained(tmp_path / "run" / "model")
    assert by_name.dtype == wanted, "others load it as it was saved"
    same_replies(tmp_path / "run", world)


def same_replies(run: Path, world: Dataset) -> None:
    """What it says in float32 is what is said by float32 weights of the very same values."""
    model, processor = load_chat(run / "model", dtype=torch.float32)
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    other, _ = load_chat(run / "model")
    one, two = (write_answers(which, processor, world, "test", ("en",)) for which in (model, other.float()))
    assert one.equals(two) and one.num_rows


def test_what_goes_on_from_bfloat16_trains_in_float32(
    world: Dataset, writers: dict[torch.dtype, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bfloat16 itself, steps that are small beside a weight would be lost."""
    recipe = chat_recipe(world.root, writers[torch.bfloat16], precision="bfloat16")
    train(alone(recipe, "align", steps=1), tmp_path / "aligned", quiet=True)
    on = replace(
        alone(recipe, "instruct", steps=2),
        start=str(tmp_path / "aligned" / "model"),
        language_model=Tower(model="nowhere"),
    )
    assert trained_in(on, tmp_path / "on", monkeypatch) == {torch.float32}
    assert {value.dtype for value in saved(tmp_path / "on").values()} == {torch.bfloat16}
