"""Paint models on the disk: the same pictures with and without isogloss, and folders that hold none."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from models.tiny_paint import PROMPTS, SIDE, make_paint, noise
from safetensors.torch import load_file, save_file

from isogloss.errors import UserError
from isogloss.losses.denoise import Denoising
from isogloss.models.adapter import Adapter
from isogloss.models.paint_saving import as_pipeline, load_paint, save_paint
from isogloss.models.paint_scheduler import build_scheduler

# What loads a saved model and draws with it where isogloss cannot be imported.
ELSEWHERE = """
import json, sys
sys.modules["isogloss"] = None
import torch
from diffusers import DiffusionPipeline
folder, asked, out = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
pipe = DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder, trust_remote_code=True)
pipe.set_progress_bar_config(disable=True)
drawn = pipe(**asked, latents=torch.load(out), output_type="pt", num_inference_steps=3).images
torch.save(drawn, out)
"""


def draw(pipe: Any, prompts: list[str], **options: Any) -> torch.Tensor:
    pipe.set_progress_bar_config(disable=True)
    options.setdefault("latents", noise(len(prompts), pipe.unet.config.in_channels, SIDE, SIDE))
    return pipe(prompts, num_inference_steps=3, output_type="pt", **options).images


@pytest.mark.parametrize(
    ("text", "prediction", "latent", "adapter", "reading"),
    [
        ("llama", "flow", False, Adapter("both", queries=3), {"layer": -2}),
        ("bert", "flow", False, Adapter(), {"pixels": 2}),
        ("xlm-roberta", "epsilon", True, Adapter("slots", queries=2), {}),
        ("m2m_100", "v_prediction", False, Adapter("sentence", empty="encoded"), {}),
        ("mt5", "flow", False, Adapter(), {"fills": True}),
        ("clip_text_model", "epsilon", False, Adapter("both"), {}),
    ],
)
def test_it_draws_the_same_where_isogloss_is_not_installed(
    text: str, prediction: str, latent: bool, adapter: Adapter, reading: dict[str, Any], tmp_path: Path
) -> None:
    model = make_paint(tmp_path, text, adapter, latent, **reading)
    scheduler = build_scheduler(Denoising(prediction))
    save_paint(model, scheduler, tmp_path / "model")
    asked = {"prompt": PROMPTS, "negative_prompt": "a dog", "guidance_scale": 3.0}
    wanted = draw(as_pipeline(model, scheduler), PROMPTS, negative_prompt="a dog", guidance_scale=3.0)
    assert wanted.shape == (3, 3, SIDE * model.scale, SIDE * model.scale)
    assert (wanted[0] - wanted[1]).abs().max() > 1e-4
    back, again = load_paint(tmp_path / "model")
    assert draw(as_pipeline(back, again), PROMPTS, negative_prompt="a dog", guidance_scale=3.0).equal(wanted)

    torch.save(noise(3, model.channels, SIDE, SIDE), tmp_path / "latents.pt")
    home = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path / "model"), json.dumps(asked), str(tmp_path / "latents.pt")],
        capture_output=True,
        text=True,
        env=home,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "newly initialized" not in done.stderr
    torch.testing.assert_close(torch.load(tmp_path / "latents.pt"), wanted)
    files = [file.name for file in (tmp_path / "model").rglob("*")]
    assert not [name for name in files if name.endswith((".bin", ".pt", ".ckpt", ".pkl"))]


def test_a_loaded_model_trains_and_is_saved_as_before(tmp_path: Path) -> None:
    model = make_paint(tmp_path, "llama", Adapter("both", queries=3, empty="encoded"), latent=True)
    save_paint(model, build_scheduler(Denoising("flow", shift=2.0)), tmp_path / "model")
    back, scheduler = load_paint(tmp_path / "model")
    assert scheduler.config.shift == 2.0
    trains = {name for name, value in model.named_parameters() if value.requires_grad}
    assert {name for name, value in back.named_parameters() if value.requires_grad} == trains
    assert back.text.reading == model.text.reading and back.text.pooling == model.text.pooling == "last"
    assert back.empty_states.equal(model.empty_states)
    save_paint(back, scheduler, tmp_path / "again")
    files = [file.relative_to(tmp_path / "model") for file in (tmp_path / "model").rglob("*.safetensors")]
    assert len(files) == 4
    for file in files:
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "model" / file).read_bytes()
    index = json.loads((tmp_path / "again" / "model_index.json").read_text())
    assert index == json.loads((tmp_path / "model" / "model_index.json").read_text())
    for saved in ("model", "again"):
        assert str(tmp_path) not in "".join(file.read_text() for file in (tmp_path / saved).rglob("*.json"))


def test_guidance_repeats_and_seeds(tmp_path: Path) -> None:
    model = make_paint(tmp_path)
    pipe = as_pipeline(model, build_scheduler(Denoising("flow")))
    alone = draw(pipe, PROMPTS[:1], guidance_scale=1.0)
    seeds = [torch.Generator().manual_seed(number) for number in (3, 4, 3, 5)]
    four = draw(pipe, PROMPTS[:2], num_images_per_prompt=2, generator=seeds, latents=None)
    assert four.shape == (4, 3, SIDE, SIDE)
    one = draw(pipe, PROMPTS[:1], generator=torch.Generator().manual_seed(3), latents=None)
    torch.testing.assert_close(four[0], one[0], rtol=1e-4, atol=1e-4)
    assert (four[0] - four[1]).abs().max() > 1e-3 and (four[0] - four[2]).abs().max() > 1e-5
    assert not alone.equal(draw(pipe, PROMPTS[:1], guidance_scale=5.0))
    pictures = pipe(PROMPTS[0], num_inference_steps=2, height=12, width=16).images
    assert pictures[0].size == (16, 12)
    for wrong in (
        {"num_inference_steps": 0},
        {"height": 0},
        {"negative_prompt": ["a"] * 3},
        {"num_images_per_prompt": 0},
    ):
        with pytest.raises(ValueError, match="must be|negative"):
            pipe(PROMPTS[:2], **wrong)
    with pytest.raises(ValueError, match="must be at least 1, and a prompt given"):
        pipe([])


def test_a_step_may_be_watched_and_ended(tmp_path: Path) -> None:
    pipe = as_pipeline(make_paint(tmp_path), build_scheduler(Denoising("flow")))
    seen: list[int] = []

    def watch(_: Any, number: int, timestep: Any, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        seen.append(number)
        return {"latents": torch.zeros_like(tensors["latents"])} if number == 2 else {}

    drawn = draw(pipe, PROMPTS[:1], callback_on_step_end=watch)
    assert seen == [0, 1, 2] and drawn.unique().tolist() == [0.5]


def test_folders_that_hold_no_paint_model(tmp_path: Path) -> None:
    scheduler = build_scheduler(Denoising("flow"))
    model = make_paint(tmp_path)
    save_paint(model, scheduler, tmp_path / "model")
    with pytest.raises(UserError, match="exists already"):
        save_paint(model, scheduler, tmp_path / "model")
    with pytest.raises(UserError, match="holds no saved paint model"):
        load_paint(tmp_path / "llama")
    index = tmp_path / "model" / "model_index.json"
    fields = json.loads(index.read_text())
    for changed, sentence in (
        ({"_class_name": "StableDiffusionPipeline"}, "holds another pipeline of Diffusers"),
        ({"unet": ["os", "system"]}, "takes the unet from 'os', which no paint model does"),
        ({"tokens": None}, "has a field of the wrong kind"),
        ({"scheduler": ["diffusers", "NoScheduler"]}, "holds no paint model that can be loaded"),
    ):
        index.write_text(json.dumps({**fields, **changed}))
        with pytest.raises(UserError, match=sentence):
            load_paint(tmp_path / "model")
    index.write_text(json.dumps({name: value for name, value in fields.items() if name != "pooling"}))
    with pytest.raises(UserError, match="lacks the field 'pooling'"):
        load_paint(tmp_path / "model")
    index.write_text(json.dumps(fields))
    for part, key in (("adapter", "empty"), ("unet", "conv_in.weight"), ("text_encoder", "norm.weight")):
        file = next((tmp_path / "model" / part).glob("*.safetensors"))
        whole = file.read_bytes()
        tensors = load_file(file)
        tensors.pop(key)
        save_file(tensors, file, metadata={"format": "pt"})
        with pytest.raises(UserError, match=f"{part} lacks 1 of its saved weights, the first of them {key}"):
            load_paint(tmp_path / "model")
        file.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UserError, match="holds no paint model that can be loaded"):
            load_paint(tmp_path / "model")
        file.write_bytes(whole)
    shutil.rmtree(tmp_path / "model" / "tokenizer")
    with pytest.raises(UserError, match="holds no paint model that can be loaded"):
        load_paint(tmp_path / "model")
