"""Chat models beside Transformers' LLaVA: the same weights on the disk, the same logits, the same replies."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from models.tiny_chat import make_chat, read, save_writer, shaken
from models.tiny_towers import save_vision
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText, AutoProcessor, LlavaConfig, LlavaForConditionalGeneration

from isogloss.data.chat_batch import IGNORED
from isogloss.errors import UserError
from isogloss.losses.language_model import language_model_loss
from isogloss.models.chat import ChatModel
from isogloss.models.chat_building import build_chat
from isogloss.models.chat_saving import llava_problem, load_chat, save_chat
from isogloss.models.connector import Connector
from isogloss.models.tower import Tower

TEXTS = ["a cat", "<image> a dog and <image>", "un gato <image> en la casa"]
TOWERS = ["vit", "clip_vision_model", "siglip_vision_model", "dinov2"]
PAIRS = [(vision, "qwen3") for vision in TOWERS] + [("vit", "llama"), ("siglip_vision_model", "llama")]
# What loads a saved model and writes with it where isogloss cannot be imported.
ELSEWHERE = """
import json, sys
sys.modules["isogloss"] = None
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor
folder, texts, numbers = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
from PIL import Image
pictures = [Image.new("RGB", (20, 16), (40 * number, 255 - 30 * number, 90)) for number in range(numbers)]
processor = AutoProcessor.from_pretrained(folder)
model, report = AutoModelForImageTextToText.from_pretrained(folder, output_loading_info=True)
assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"], report
inputs = processor(text=texts, images=pictures, padding=True, return_tensors="pt")
written = model.eval().generate(**inputs, max_new_tokens=6, do_sample=False)
print(json.dumps({"class": type(model).__name__, "written": written.tolist()}))
"""


@pytest.mark.parametrize(("vision", "writer"), PAIRS)
def test_logits_loss_and_replies_are_llavas(vision: str, writer: str, tmp_path: Path) -> None:
    model, processor = make_chat(tmp_path, vision, writer)
    assert llava_problem(model.config) is None
    save_chat(model, processor, tmp_path / "model")
    theirs: Any = LlavaForConditionalGeneration.from_pretrained(tmp_path / "model").eval()
    inputs = read(processor, TEXTS)
    labels = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, IGNORED)
    with torch.no_grad():
        wanted = theirs(**inputs, labels=labels)
        torch.testing.assert_close(model(**inputs).logits, wanted.logits, rtol=0, atol=1e-5)
        output = model(**inputs, labels=labels)
        torch.testing.assert_close(language_model_loss(output.logits, output.targets).total, wanted.loss)
    for options in ({"do_sample": False}, {"num_beams": 3, "repetition_penalty": 1.3}):
        ours = model.generate(**inputs, max_new_tokens=6, **options)
        assert ours.equal(theirs.generate(**inputs, max_new_tokens=6, **options))

    back, again = load_chat(tmp_path / "model")
    assert isinstance(back, ChatModel)
    assert back.config.visual_tokens == model.config.visual_tokens
    with torch.no_grad():
        assert back(**read(again, TEXTS)).logits.equal(model(**inputs).logits)
    save_chat(back, again, tmp_path / "again")
    assert weights(tmp_path / "again") == weights(tmp_path / "model")


def weights(folder: Path) -> dict[str, list[float]]:
    with safe_open(folder / "model.safetensors", "pt") as file:  # pyright: ignore[reportUnknownVariableType]
        return {name: file.get_tensor(name).flatten().tolist() for name in file.keys()}  # noqa: SIM118


@pytest.mark.parametrize(("vision", "writer"), [("vit", "qwen3"), ("clip_vision_model", "llama")])
def test_it_is_loaded_and_writes_where_isogloss_is_not_installed(vision: str, writer: str, tmp_path: Path) -> None:
    model, processor = make_chat(tmp_path, vision, writer)
    save_chat(model, processor, tmp_path / "model")
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path / "model"), json.dumps(TEXTS), "3"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["class"] == "LlavaForConditionalGeneration"
    written = model.generate(**read(processor, TEXTS), max_new_tokens=6, do_sample=False)
    assert told["written"] == written.tolist()

    names = weights(tmp_path / "model").keys()
    assert {name.split(".")[0] for name in names} == {"language_model", "multi_modal_projector", "vision_tower"}
    assert {name for name in names if name.startswith("multi_modal_projector")} == {
        f"multi_modal_projector.linear_{layer}.{kind}" for layer in (1, 2) for kind in ("weight", "bias")
    }
    assert "language_model.model.embed_tokens.weight" in names
    assert ("language_model.lm_head.weight" in names) == (writer == "llama")  # qwen3's here is the embeddings' own
    assert not [file for file in (tmp_path / "model").iterdir() if file.suffix in (".bin", ".pt", ".pkl", ".py")]


def test_anybodys_llava_is_a_chat_model(tmp_path: Path) -> None:
    """One that Transformers built and saved, with an image token in the middle of its vocabulary."""
    made, processor = make_chat(tmp_path, "clip_vision_model", "llama")
    config = LlavaConfig(
        vision_config=made.config.vision_config,
        text_config=made.config.text_config,
        image_token_index=made.config.image_token_id,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    theirs = shaken(LlavaForConditionalGeneration(config))
    theirs.save_pretrained(tmp_path / "theirs")
    processor.vision_feature_select_strategy = "full"
    processor.save_pretrained(tmp_path / "theirs")
    model, again = load_chat(tmp_path / "theirs")
    inputs = read(again, TEXTS)
    assert model.config.visual_tokens == 5
    with torch.no_grad():
        torch.testing.assert_close(model(**inputs).logits, theirs(**inputs).logits, rtol=0, atol=1e-5)


UNLIKE = [
    ("vit", "qwen3", Connector("resampler", queries=4), "its connector is a resampler, and LLaVA's an mlp"),
    ("vit", "qwen3", Connector(reduction="pixel_shuffle"), "its visual tokens are reduced by pixel_shuffle"),
    ("vit", "gemma2", Connector(), "its language model, a gemma2, changes its logits by final_logit_softcapping"),
    ("vit", "gpt2", Connector(), "its language model, a gpt2, has other parts than embed_tokens"),
    ("resnet", "llama", Connector(), "its vision tower, a resnet, has no state of one width for each patch"),
    ("swin", "llama", Connector("resampler", queries=1), "its connector is a resampler"),
]


@pytest.mark.parametrize(("vision", "writer", "connector", "problem"), UNLIKE)
def test_what_llava_cannot_hold_is_saved_as_our_own(
    vision: str, writer: str, connector: Connector, problem: str, tmp_path: Path
) -> None:
    model, processor = make_chat(tmp_path, vision, writer, connector)
    found = llava_problem(model.config)
    assert found is not None
    assert found.startswith(problem)
    save_chat(model, processor, tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").is_file()
    inputs = read(AutoProcessor.from_pretrained(tmp_path / "model"), TEXTS)
    by_name = AutoModelForImageTextToText.from_pretrained(tmp_path / "model")
    assert isinstance(by_name, ChatModel)
    with torch.no_grad():
        wanted = model(**inputs).logits
        for back in (load_chat(tmp_path / "model")[0], by_name.eval()):
            assert back(**inputs).logits.equal(wanted)
            assert back.generation_config.suppress_tokens == [model.config.image_token_id]


def test_a_tower_with_registers_gives_its_patches_alone_or_all_that_llava_can_hold(tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "model_type": "dinov2_with_registers",
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 16,
        "patch_size": 8,
        "num_register_tokens": 3,
    }
    writer = Tower(model=str(save_writer(tmp_path / "llama", "llama")))
    model, processor = build_chat(Tower(config=fields), writer, Connector())
    assert (model.config.sight["prefix"], model.config.visual_tokens) == (4, 4)
    problem = llava_problem(model.config)
    assert problem is not None
    assert problem.startswith("4 states before the patches are left out, and LLaVA leaves out one or none")
    assert model(**read(processor, TEXTS)).logits.isfinite().all()
    model, processor = build_chat(Tower(config=fields), writer, Connector(), vision_feature_select_strategy="full")
    assert (model.config.visual_tokens, llava_problem(model.config)) == (8, None)
    save_chat(model, processor, tmp_path / "model")
    theirs: Any = LlavaForConditionalGeneration.from_pretrained(tmp_path / "model").eval()
    inputs = read(AutoProcessor.from_pretrained(tmp_path / "model"), TEXTS)
    with torch.no_grad():
        torch.testing.assert_close(model(**inputs).logits, theirs(**inputs).logits, rtol=0, atol=1e-5)


def test_folders_that_hold_no_chat_model(tmp_path: Path) -> None:
    model, processor = make_chat(tmp_path, "vit", "llama")
    with pytest.raises(UserError, match="holds no saved model"):
        load_chat(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no chat model, but one of the kind llama"):
        load_chat(tmp_path / "llama")
    save_chat(model, processor, tmp_path / "model")
    with pytest.raises(UserError, match="exists already"):
        save_chat(model, processor, tmp_path / "model")
    whole = (tmp_path / "model" / "model.safetensors").read_bytes()
    (tmp_path / "model" / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="holds no chat model that can be loaded"):
        load_chat(tmp_path / "model")
    save_vision(tmp_path / "unlike" / "vit", "vit")
    with pytest.raises(UserError, match="holds no chat model, but one of the kind vit"):
        load_chat(tmp_path / "unlike" / "vit")


def test_weights_that_lack_are_told(tmp_path: Path) -> None:
    for connector in (Connector(), Connector("resampler", queries=4)):
        model, processor = make_chat(tmp_path, "vit", "llama", connector)
        folder = tmp_path / connector.kind
        save_chat(model, processor, folder)
        tensors = load_file(folder / "model.safetensors")
        tensors.pop(next(name for name in sorted(tensors) if "multi_modal_projector" in name))
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(UserError, match="lacks 1 of its saved weights, the first of them .*multi_modal_projector"):
            load_chat(folder)
