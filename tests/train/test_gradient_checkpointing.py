"""Layers that are computed again backwards: the same loss and gradients, and less that is kept in between."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from train.recipes import VISION, clip_recipe
from train.small_chat import WRITER, chat_recipe, small_world, small_writer, staged
from train.test_loop import rows
from train.toy import toy_fit
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM
from transformers.modeling_layers import GradientCheckpointingLayer

from isogloss.data.chat_batch import ChatBatch
from isogloss.errors import UserError
from isogloss.models.chat import ChatModel
from isogloss.models.chat_config import ChatConfig
from isogloss.train.chat import chat_loss
from isogloss.train.gradient_checkpointing import gradient_checkpointing
from isogloss.train.run import train
from isogloss.train.stages import freeze, frozen_modules

LAYERS = 3
OPT: dict[str, Any] = {
    "model_type": "opt",
    "hidden_size": 32,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "ffn_dim": 64,
    "word_embed_proj_dim": 32,
    "vocab_size": 60,
    "dropout": 0.3,
}


def config(shape: dict[str, Any], **changed: Any) -> Any:
    fields = {**shape, **changed}
    return AutoConfig.for_model(fields.pop("model_type"), **fields)


def chat_model(writer: dict[str, Any] = WRITER) -> ChatModel:
    torch.manual_seed(0)
    deep = {"num_hidden_layers": LAYERS}
    eyes = AutoModel.from_config(config(VISION, **deep))
    words = AutoModelForCausalLM.from_config(config(writer, **deep, vocab_size=60))
    sight = {"side": 16, "tokens": 17, "prefix": 1, "width": 32}
    return ChatModel(ChatConfig(eyes.config, words.config, sight=sight, image_token_id=59), eyes, words)


def batch() -> ChatBatch:
    torch.manual_seed(1)
    ids = torch.randint(5, 50, (2, 60))
    ids[:, 2:18] = 59
    labels = ids.clone()
    labels[:, :30] = -100
    positions = torch.arange(60).expand(2, -1) % 40
    images = torch.arange(2)
    return ChatBatch(ids, positions, labels, images, images, torch.rand(2, 3, 16, 16))


@contextmanager
def counted(model: nn.Module) -> Generator[dict[int, int]]:
    """Bytes of what autograd keeps besides the weights, by their place in memory."""
    weights = {value.untyped_storage().data_ptr() for value in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield kept


def step(model: ChatModel, frozen: tuple[str, ...], wanted: bool) -> tuple[Tensor, dict[str, Tensor], int]:
    """Loss, gradients, and the bytes that are kept when the forward pass ends."""
    freeze(model, frozen)
    model.train()
    for module in frozen_modules(model):
        module.eval()
    model.zero_grad(set_to_none=True)
    torch.manual_seed(2)
    with gradient_checkpointing(model, wanted) as layers:
        assert layers == 2 * LAYERS * wanted
        with counted(model) as kept:
            losses = chat_loss(model, batch())
        losses.total.backward()  # pyright: ignore[reportUnknownMemberType]
    found = {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
    return losses.total.detach(), found, sum(kept.values())


@pytest.mark.parametrize("writer", [WRITER, OPT], ids=["qwen3", "opt with dropout"])
@pytest.mark.parametrize(
    "frozen",
    [(), ("language_model.*",), ("vision_tower.*",), ("vision_tower.*", "language_model.*")],
    ids=["nothing", "words", "eyes", "both"],
)
def test_the_loss_and_the_gradients_are_the_same_and_less_is_kept(
    writer: dict[str, Any], frozen: tuple[str, ...]
) -> None:
    """Also through a frozen language model, which rests in evaluation mode."""
    model = chat_model(writer)
    loss, gradients, kept = step(model, frozen, wanted=False)
    again, recomputed, less = step(model, frozen, wanted=True)
    assert torch.equal(again, loss)
    assert recomputed.keys() == gradients.keys() and gradients
    torch.testing.assert_close(recomputed, gradients, rtol=1e-6, atol=1e-7)
    assert less < 0.5 * kept
    assert torch.equal(step(model, frozen, wanted=False)[0], loss), "and layers are as they were before"


def test_attention_is_computed_the_second_time_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch refuses a second time that keeps other tensors, as another kernel does."""
    model = chat_model()
    freeze(model, ())
    model.train()
    with gradient_checkpointing(model), torch.autocast("cpu", torch.bfloat16):
        with sdpa_kernel(SDPBackend.MATH):
            losses = chat_loss(model, batch())
        losses.total.backward()  # pyright: ignore[reportUnknownMemberType]
    assert all(value.grad is not None for value in model.language_model.parameters())


def test_layers_with_batch_statistics_are_computed_once() -> None:
    """A second time would count a batch twice."""
    small = {"hidden_sizes": [8] * 3, "neck_hidden_sizes": [8] * 7, "num_attention_heads": 2}
    mobile = AutoModel.from_config(config({"model_type": "mobilevit"}, **small))
    assert any(isinstance(module, GradientCheckpointingLayer) for module in mobile.modules())
    with pytest.raises(UserError, match="set gradient_checkpointing to False"), gradient_checkpointing(mobile):
        pass


def test_a_model_without_such_layers_is_refused_before_the_first_step(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No layer of this model can be computed again; set gradient_checkpointing to"):
        toy_fit(tmp_path / "run", gradient_checkpointing=True)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_chat_run_is_the_same(precision: str, tmp_path: Path, processor_only: None) -> None:
    world = small_world(tmp_path / "shapes")
    recipe = chat_recipe(world.root, small_writer(world, tmp_path / "writer"), precision=precision)
    again = recipe
    for name in ("align", "instruct"):
        training = replace(getattr(recipe, name).training, gradient_checkpointing=True)
        again = staged(again, name, training=training)
    for name, one in (("kept", recipe), ("again", again)):
        train(one, tmp_path / name, quiet=True)
    for stage in ("align", "instruct"):
        one, other = (rows(tmp_path / name / stage) for name in ("kept", "again"))
        for wanted, found in zip(one, other, strict=True):
            assert found.pop("split") == wanted.pop("split")
            assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    one, other = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("kept", "again"))
    torch.testing.assert_close(other, one, rtol=0, atol=5e-5)


def test_a_dual_encoder_is_the_same(dataset: Path, text_tower: Path, tmp_path: Path) -> None:
    recipe = clip_recipe(dataset, text_tower)
    again = replace(recipe, training=replace(recipe.training, gradient_checkpointing=True))
    for name, one in (("kept", recipe), ("again", again)):
        train(one, tmp_path / name, quiet=True)
    one, other = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("kept", "again"))
    torch.testing.assert_close(other, one, rtol=0, atol=1e-5)
