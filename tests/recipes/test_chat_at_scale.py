"""The chat recipes of real scale: their shapes without weights, and a step of each stage with tiny models of their kinds."""

from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from models.tiny_chat import save_writer
from models.tiny_towers import save_vision
from torch import nn
from train.squares import squares
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, BeitConfig, PretrainedConfig, Qwen3Config
from transformers.models.beit import BeitImageProcessorPil
from transformers.models.siglip import SiglipVisionConfig

from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.writing import write_conversations
from isogloss.errors import UserError
from isogloss.models.chat import ChatModel
from isogloss.models.chat_building import build_chat
from isogloss.models.chat_config import ChatConfig
from isogloss.models.chat_saving import llava_problem, load_chat
from isogloss.models.hub import place
from isogloss.models.tower import Tower
from isogloss.train.chat import train_chat
from isogloss.train.chat_recipe import ChatData, ChatRecipe, ChatStage
from isogloss.train.half import held_in_bfloat16
from isogloss.train.log import read_metrics
from isogloss.train.process import start_process
from isogloss.train.recipe import load_recipe

NAMES = ("chat_viscpm", "chat_qwen")

# The shapes of the models that the recipes name, as their config.json has them on the Hub.
QWEN3: dict[str, Any] = {
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151_936,
}
SHAPES: dict[str, tuple[PretrainedConfig, PretrainedConfig, dict[str, int]]] = {
    "chat_viscpm": (
        BeitConfig(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096),
        Qwen3Config(**QWEN3, hidden_size=4096, intermediate_size=12_288, tie_word_embeddings=False),
        {"side": 224, "tokens": 197, "prefix": 1, "width": 1024},
    ),
    "chat_qwen": (
        SiglipVisionConfig(
            hidden_size=1152,
            num_hidden_layers=27,
            num_attention_heads=16,
            intermediate_size=4304,
            image_size=384,
            patch_size=14,
        ),
        Qwen3Config(**QWEN3, hidden_size=2560, intermediate_size=9728, tie_word_embeddings=True),
        {"side": 384, "tokens": 729, "prefix": 0, "width": 1152},
    ),
}
STANDINS = {"chat_viscpm": "beit", "chat_qwen": "siglip_vision_model"}


def chat_recipe(name: str) -> ChatRecipe:
    recipe = load_recipe(name)
    assert isinstance(recipe, ChatRecipe)
    return recipe


@pytest.mark.parametrize(("name", "billions", "visual_tokens"), [("chat_viscpm", 8.58, 64), ("chat_qwen", 4.46, 729)])
def test_shapes_are_built_without_weights(name: str, billions: float, visual_tokens: int) -> None:
    recipe = chat_recipe(name)
    vision, text, sight = SHAPES[name]
    config = ChatConfig(
        vision_config=vision,
        text_config=text,
        connector=vars(recipe.connector),
        sight=sight,
        vision_feature_select_strategy="default" if sight["prefix"] else "full",
    )
    with torch.device("meta"):
        model = ChatModel(config)
    assert round(sum(value.numel() for value in model.parameters()) / 1e9, 2) == billions
    assert config.visual_tokens == visual_tokens
    assert (llava_problem(config) is None) == (name == "chat_qwen"), "vLLM reads the one and not the other"
    for stage in (recipe.align, recipe.instruct):
        assert stage.row_tokens > visual_tokens


def save_eyes(folder: Path, model_type: str) -> Path:
    """Tiny eyes as the Hub would hand them out."""
    if model_type != "beit":
        return save_vision(folder, model_type)
    fields = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.for_model("beit", image_size=16, patch_size=8, **fields)).save_pretrained(folder)
    square = {"height": 16, "width": 16}
    BeitImageProcessorPil(size=square, crop_size=square).save_pretrained(folder)
    return folder


def dataset_with(root: Path, languages: Sequence[str]) -> Path:
    """Pictures with English captions, and conversations about them in all of some languages."""
    dataset = squares(root)
    keys = dataset.images(columns=["key"])["key"].to_pylist()
    for language in languages:
        turns = (Turn("user", f"{IMAGE}\na cat?"), Turn("assistant", "the cat sat"), Turn("user", "un gato"))
        spoken = [Conversation(key, language, (key,), (*turns, Turn("assistant", "猫と犬"))) for key in keys]
        write_conversations(root, language, spoken, source="made up")
    return root


def small(stage: ChatStage, **training: Any) -> ChatStage:
    """A stage of two steps, in the second of which it is as it is in the end."""
    stages = tuple(replace(one, start=0.5 if one.start else 0.0, unit="run") for one in stage.stages)
    wanted = replace(stage.training, **{"steps": 2, "workers": 0, "precision": "float32", **training})
    return replace(stage, conversations_per_step=6, row_tokens=256, stages=stages, training=wanted)


def stand_in(name: str, folder: Path, **training: Any) -> ChatRecipe:
    """The recipe with tiny models of the same architectures, and little data."""
    recipe = chat_recipe(name)
    return replace(
        recipe,
        data=replace(recipe.data, dataset=str(dataset_with(folder / "data", recipe.instruct.languages)), threads=1),
        vision=Tower(model=str(save_eyes(folder / "eyes", STANDINS[name]))),
        language_model=Tower(model=str(save_writer(folder / "writer", "qwen3"))),
        align=small(recipe.align, **training),
        instruct=small(recipe.instruct, **training),
    )


def changed(model: Any, before: Any, part: str) -> bool:
    """Whether any weight of a part differs, but for the row of the new image token, which is random and never read."""
    one, other = (dict(getattr(which, part).named_parameters()) for which in (model, before))
    return any(
        not torch.equal(
            value[: -1 if "embed_tokens" in name else None], other[name][: -1 if "embed_tokens" in name else None]
        )
        for name, value in one.items()
    )


@pytest.mark.parametrize("name", NAMES)
def test_steps_of_both_stages_with_tiny_models_of_the_same_kinds(name: str, tmp_path: Path) -> None:
    recipe = stand_in(name, tmp_path)
    first, _ = build_chat(recipe.vision, recipe.language_model, recipe.connector)
    reached: dict[str, Any] = {}
    for stage, skipped in (("align", "instruct"), ("instruct", "align")):
        alone = replace(recipe, **{skipped: replace(getattr(recipe, skipped), skipped=True)})
        run = tmp_path / stage
        saved = train_chat(alone, run, start_process(alone.training, run), quiet=True)
        reached[stage], _ = load_chat(saved)
        (row,) = (row for row in read_metrics(run / stage / "metrics.jsonl") if row["split"] == "train")
        assert row["step"] == 2 and row["gradient_norm"] > 0
    aligned, instructed = reached["align"], reached["instruct"]
    assert changed(aligned, first, "vision_tower") and changed(aligned, first, "multi_modal_projector")
    assert not changed(aligned, first, "language_model")
    assert changed(instructed, first, "language_model")
    assert changed(instructed, first, "vision_tower") == (name == "chat_viscpm"), "they rest beside LoRA"


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_is_not_there_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(chat_recipe(name), data=ChatData(str(squares(tmp_path / "data").root)))

    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("no such host")

    monkeypatch.setattr("isogloss.models.hub.get_hf_file_metadata", unreachable)
    place.cache_clear()
    with pytest.raises(UserError, match=r"neither in the local cache nor reachable on the Hub; give the path of a"):
        train_chat(recipe, tmp_path / "run", start_process(recipe.training, tmp_path), quiet=True)
    place.cache_clear()


def test_a_frozen_language_model_of_bfloat16_is_held_in_it_and_learns_the_same_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = stand_in("chat_qwen", tmp_path, precision="bfloat16")
    writer: Any = AutoModelForCausalLM.from_pretrained(str(recipe.language_model.model))
    writer.bfloat16().save_pretrained(str(recipe.language_model.model))
    # Saved in float32, where a difference would be seen that bfloat16 rounds away.
    monkeypatch.setattr("isogloss.train.chat._came_in", lambda recipe: torch.float32)
    held: list[int] = []

    @contextmanager
    def counted(model: nn.Module, names: Collection[str]) -> Generator[int]:
        with held_in_bfloat16(model, names) as count:
            held.append(count)
            yield count

    runs: list[Any] = []
    for hold in (counted, lambda model, names: nullcontext(0)):
        monkeypatch.setattr("isogloss.train.chat.held_in_bfloat16", hold)
        run = tmp_path / f"run{len(runs)}"
        runs.append(load_chat(train_chat(recipe, run, start_process(recipe.training, run), quiet=True))[0])
    # Seven matrices of each of two layers, in both stages; the head is the table of embeddings.
    assert held == [14, 14]
    one, other = (model.state_dict() for model in runs)
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert {value.dtype for value in one.values()} == {torch.float32}


def test_values_in_between_stay_in_float32() -> None:
    model: Any = nn.ModuleDict({"exact": nn.Linear(2, 2), "between": nn.Linear(2, 2), "table": nn.Embedding(2, 2)})
    with torch.no_grad():
        for name in ("exact", "table"):
            model[name].weight.copy_(torch.tensor([[1.0, 0.5], [-2.0, 3.0]]))
        model["between"].weight.copy_(torch.tensor([[1 + 2**-20, 0.5], [-2.0, 3.0]]))
    names = {name for name, _ in model.named_parameters()}
    for chosen, types in ((names, {torch.bfloat16, torch.float32}), (set[str](), {torch.float32})):
        with held_in_bfloat16(model, chosen):
            assert {value.dtype for value in model.parameters()} == types
            assert (model["exact"].weight.dtype == torch.bfloat16) == bool(chosen)
            assert model["between"].weight.dtype == model["table"].weight.dtype == torch.float32
        assert {value.dtype for value in model.parameters()} == {torch.float32}
