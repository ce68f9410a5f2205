"""Pictures from prompts: each is that of its seed, and what samplers do is written out once more."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image
from serve.tiny_classifiers import LABELS, picture_classifier, text_classifier
from serve.tiny_painter import STRANGE, painter_model, save_painter, save_ranker
from torch import Tensor

from isogloss.errors import UserError
from isogloss.losses.denoise import Denoising
from isogloss.models.paint import PaintModel
from isogloss.models.paint_scheduler import build_scheduler, change_scheduler
from isogloss.models.towers import load_dual_encoder
from isogloss.serve.paint import Painter, rectangles
from isogloss.serve.ranking import Ranker
from isogloss.serve.safety import Check, Safety, open_picture_classifier, open_text_classifier

PROMPTS = ["a cat", "un perro", "猫と犬"]
SIDE = 8


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> PaintModel:
    return painter_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_painter(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def ranker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_ranker(tmp_path_factory.mktemp("ranker"))


def near(one: Image.Image, other: Image.Image) -> bool:
    """Whether no colour differs by more than the rounding of one level."""
    pixels = [np.asarray(picture).astype(int) for picture in (one, other)]
    return pixels[0].shape == pixels[1].shape and int(np.abs(pixels[0] - pixels[1]).max()) <= 1


def guided(model: PaintModel, prompt: str, guidance: float, noisy: Tensor, timestep: float) -> Tensor:
    """What is predicted for one picture: with the prompt and without it, each by itself."""
    read = model.text.read([prompt], model.kind)
    at = torch.tensor([timestep])
    with torch.no_grad():
        told = model(noisy.float(), at, read.states, read.mask).double()
        without = model(noisy.float(), at, read.states, read.mask, torch.tensor([True])).double()
    return without + guidance * (told - without)


def first_noise(seed: int, channels: int = 3) -> Tensor:
    return torch.randn(1, channels, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)).double()


def as_picture(model: PaintModel, painted: Tensor) -> Image.Image:
    shown = (model.decode(painted.float()) / 2 + 0.5).clamp(0, 1)[0].permute(1, 2, 0)
    return Image.fromarray((shown * 255).round().to(torch.uint8).numpy())


def naive_flow(model: PaintModel, prompt: str, seed: int, steps: int, guidance: float, shift: float) -> Image.Image:
    """Euler's steps down the straight line from noise, at even times from all of it to a thousandth, shifted."""

    def shifted(share: float) -> float:
        return shift * share / (1 + (shift - 1) * share)

    least = shifted(1 / 1000)
    times = [shifted(1 + (least - 1) * number / (steps - 1)) for number in range(steps)] + [0.0]
    noisy = first_noise(seed)
    for now, after in pairwise(times):
        noisy = noisy + (after - now) * guided(model, prompt, guidance, noisy, 1000 * now)
    return as_picture(model, noisy)


def naive_ddim(
    model: PaintModel, prompt: str, seed: int, steps: int, guidance: float, denoising: Denoising
) -> Image.Image:
    """DDIM without chance (arXiv 2010.02502, equation 12), its last timestep first."""
    ends = denoising.beta_start, denoising.beta_end
    roots = [math.sqrt(ends[0]) + (math.sqrt(ends[1]) - math.sqrt(ends[0])) * at / 999 for at in range(1000)]
    kept = np.cumprod([1 - root**2 for root in roots]).tolist()
    noisy = first_noise(seed, model.channels)
    for number in range(steps):
        at = round(1000 - number * 1000 / steps) - 1
        before = at - 1000 // steps
        signal, noise = math.sqrt(kept[at]), math.sqrt(1 - kept[at])
        found = guided(model, prompt, guidance, noisy, at)
        if denoising.prediction == "epsilon":
            clean, chance = (noisy - noise * found) / signal, found
        else:
            clean, chance = signal * noisy - noise * found, signal * found + noise * noisy
        left = kept[before] if before >= 0 else 1.0
        noisy = math.sqrt(left) * clean + math.sqrt(1 - left) * chance
    return as_picture(model, noisy)


def is_a_picture(picture: Image.Image) -> bool:
    """Neither black and white alone nor one colour."""
    pixels = np.asarray(picture)
    return float(((pixels > 0) & (pixels < 255)).mean()) > 0.2 and float(pixels.std()) > 5


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_flow_matching_is_painted_as_it_is_written(model: PaintModel, shift: float) -> None:
    painter = Painter(model, build_scheduler(Denoising("flow", shift=shift)))
    found = painter.paint(PROMPTS[:2], steps=5, guidance=1.5, seed=7)
    for prompt, picture in zip(PROMPTS, found, strict=False):
        assert is_a_picture(picture)
        assert near(picture, naive_flow(model, prompt, 7, 5, 1.5, shift))


@pytest.mark.parametrize(
    ("prediction", "latent"), [("epsilon", False), ("v_prediction", False), ("v_prediction", True)]
)
def test_ddim_is_painted_as_it_is_written(model: PaintModel, prediction: str, latent: bool, tmp_path: Path) -> None:
    used = painter_model(tmp_path, latent=True) if latent else model
    denoising = Denoising(prediction)
    (found,) = Painter(used, build_scheduler(denoising)).paint(PROMPTS[1], steps=5, guidance=2.0, seed=3)
    assert found.size == (SIDE * used.scale, SIDE * used.scale)
    assert near(found, naive_ddim(used, PROMPTS[1], 3, 5, 2.0, denoising))


@pytest.mark.parametrize("scheduler", [None, "EulerAncestralDiscrete", "heundiscrete"])
def test_a_seed_alone_makes_a_picture_whatever_is_painted_with_it(model: PaintModel, scheduler: str | None) -> None:
    """Also where the steps draw noise of their own."""
    made = build_scheduler(Denoising("flow" if scheduler is None else "v_prediction"))
    made = made if scheduler is None else change_scheduler(made, scheduler)
    asked = {"steps": 4, "guidance": 1.5}
    alone = Painter(model, made, batch=1).paint(PROMPTS, seed=5, count=3, **asked)
    assert len(alone) == 9 and not near(alone[0], alone[1]) and not near(alone[0], alone[3])
    for batch in (2, 3, 7, 100):
        together = Painter(model, made, batch=batch).paint(PROMPTS, seed=5, count=3, **asked)
        assert all(near(one, other) for one, other in zip(alone, together, strict=True)), batch
    again = Painter(model, made, batch=7).paint(PROMPTS, seed=5, count=3, **asked)
    assert [one.tobytes() for one in again] == [
        one.tobytes() for one in Painter(model, made, batch=7).paint(PROMPTS, seed=5, count=3, **asked)
    ]
    (later,) = Painter(model, made).paint(PROMPTS[2], seed=7, **asked)
    assert near(later, alone[8])


def test_a_negative_prompt_and_guidance_matter(model: PaintModel) -> None:
    painter = Painter(model, build_scheduler(Denoising("flow")))
    (plain,) = painter.paint("a cat", steps=3, guidance=3.0)
    for changed in ({"negative": "a dog"}, {"guidance": 1.0}, {"seed": 1}, {"steps": 4}):
        (other,) = painter.paint("a cat", **{"steps": 3, "guidance": 3.0, **changed})  # type: ignore[arg-type]
        assert not near(plain, other), changed
    (same,) = painter.paint("a dog", steps=3, guidance=3.0, negative="a dog")
    assert near(same, painter.paint("a dog", steps=3, guidance=1.0)[0])


def test_sizes(model: PaintModel, tmp_path: Path) -> None:
    painter = Painter(model, build_scheduler(Denoising("flow")))
    assert painter.paint("a cat", steps=2)[0].size == (SIDE, SIDE)
    assert painter.paint("a cat", steps=2, size=(13, 6))[0].size == (13, 6)
    latent = Painter(painter_model(tmp_path, latent=True), build_scheduler(Denoising("epsilon")))
    assert latent.paint("a cat", steps=2, size=(12, 6))[0].size == (12, 6)
    with pytest.raises(UserError, match="size is 12x7, and the model paints in steps of 2 pixels; give multiples of 2"):
        latent.paint("a cat", steps=2, size=(12, 7))


@given(
    some.lists(some.text(max_size=3), max_size=7, unique=True),
    some.lists(some.integers(), min_size=1, max_size=7, unique=True),
    some.integers(1, 20),
)
def test_rectangles_have_every_picture_once(prompts: list[str], seeds: list[int], batch: int) -> None:
    found = rectangles(prompts, seeds, batch)
    painted = [(prompt, seed) for part, numbers in found for prompt in part for seed in numbers]
    assert sorted(painted) == sorted((prompt, seed) for prompt in prompts for seed in seeds)
    assert all(0 < len(part) * len(numbers) <= batch for part, numbers in found)
    wanted = math.ceil(len(prompts) / (batch // len(seeds))) if batch >= len(seeds) else None
    assert wanted is None or len(found) == wanted


def test_the_best_are_those_that_the_dual_encoder_finds_nearest(run: Path, ranker: Path) -> None:
    painter = Painter.open(str(run), device="cpu", batch=6)
    prompt = "un gato"
    every = painter.paint(prompt, steps=2, count=6, seed=2)
    best = painter.paint(prompt, steps=2, count=2, seed=2, best_of=6, ranker=Ranker.open(str(ranker), device="cpu"))
    dual, processor = load_dual_encoder(ranker / "model")
    read: Any = processor(text=[prompt], images=every, return_tensors="pt", padding=True)
    with torch.no_grad():
        scores = dual(**read).logits_per_text[0].tolist()
    wanted = sorted(range(6), key=lambda place: -scores[place])[:2]
    assert max(scores) - min(scores) > 1e-4
    assert all(near(found, every[place]) for found, place in zip(best, wanted, strict=True))


def test_what_is_refused(model: PaintModel, tmp_path: Path) -> None:
    low = dict.fromkeys(LABELS, 0.001)
    texts = Safety((Check(open_text_classifier(str(text_classifier(tmp_path / "text"))), low),))
    seen = Safety((), (Check(open_picture_classifier(str(picture_classifier(tmp_path / "pictures"))), low),))
    scheduler = build_scheduler(Denoising("flow"))
    with pytest.raises(UserError, match="This prompt is refused, because"):
        Painter(model, scheduler, texts).paint("a cat", steps=1)
    with pytest.raises(UserError, match="The picture that was drawn is refused, because .* take another seed"):
        Painter(model, scheduler, seen).paint("a cat", steps=1)
    assert Painter(model, scheduler).paint("a cat", steps=1)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"prompt": " \u200f "}, "The prompt is empty; say what to paint, in any language."),
        ({"prompt": []}, "There is no prompt; say what to paint"),
        ({"prompt": "a\x07cat"}, r"has the control character \(U\+0007\) at place 2; leave it out"),
        ({"prompt": "a \udcff"}, r"has a broken letter \(U\+DCFF\) at place 3"),
        ({"negative": "\x00"}, r"has the control character \(U\+0000\) at place 1"),
        ({"negative": "a dog", "guidance": 1.0}, "With a guidance of 1 nothing leads away from a negative prompt"),
        ({"guidance": -1.0}, "guidance is -1; give a number from 0 to 100, such as 4"),
        ({"guidance": math.nan}, "guidance is nan; give a number"),
        ({"steps": 0}, "steps is 0; give a whole number of at least 1"),
        ({"steps": 1001}, "steps is 1,001, and the model was trained with 1,000; give at most as many"),
        ({"size": (0, 8)}, "size is 0x8; give a width and a height of 1 to 8,192 pixels"),
        ({"count": 0}, "count is 0; give a whole number"),
        ({"seed": -1}, "seed is -1; give a whole number from 0"),
        ({"seed": 2**63}, "seed is 9223372036854775808; give a whole number from 0 to"),
        ({"best_of": 0}, "best_of is 0; give a whole number"),
        ({"best_of": 4}, "best_of needs a ranker that tells which are best"),
    ],
)
def test_what_cannot_be_painted_is_told_in_a_sentence(model: PaintModel, asked: dict[str, Any], sentence: str) -> None:
    painter = Painter(model, build_scheduler(Denoising("flow")))
    with pytest.raises(UserError, match=sentence):
        painter.paint(asked.pop("prompt", "a cat"), **asked)


def test_what_is_not_read_of_a_prompt_is_told(model: PaintModel) -> None:
    painter = Painter(model, build_scheduler(Denoising("flow")))
    long = "the cat sat on the mat and a dog and a cat and un gato"
    with pytest.warns(UserWarning, match="longer than the 12 tokens that the model reads") as told:
        painter.paint(long, steps=1)
    (said,) = [str(one.message) for one in told]
    rest = model.text.unread(long)
    assert rest and said.endswith(f"it is read up to '{long.removesuffix(rest)}', and '{rest}' is left out.")
    for script, word in STRANGE.items():
        with pytest.warns(
            UserWarning, match=rf"has no tokens for '{word}' \({script}\), so the picture may have nothing"
        ):
            painter.paint(f"a cat {word}", steps=1)


def test_a_model_that_gives_no_numbers(model: PaintModel, tmp_path: Path) -> None:
    broken = painter_model(tmp_path)
    with torch.no_grad():
        broken.unet.conv_in.weight.fill_(math.nan)
    with pytest.raises(UserError, match="its weights are broken, so restore it"):
        Painter(broken, build_scheduler(Denoising("flow"))).paint("a cat", steps=1)


def test_memory_that_is_full(model: PaintModel, monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter(model, build_scheduler(Denoising("flow")), batch=2)

    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(model.unet, "forward", full)
    with pytest.raises(UserError, match="There is no memory for 2 pictures of 8x8 at a time; paint fewer at a time"):
        painter.paint("a cat", steps=1, count=5)


def test_schedulers_that_cannot(model: PaintModel) -> None:
    scheduler = build_scheduler(Denoising("epsilon"))
    scheduler.noise_sampler = None
    with pytest.raises(UserError, match="DDIMScheduler draws noise of its own, with which a seed"):
        Painter(model, scheduler).paint("a cat", steps=2)
    broken = build_scheduler(Denoising("epsilon"))
    broken.alphas_cumprod = broken.alphas_cumprod * 0
    with pytest.raises(UserError, match="DDIMScheduler makes no picture of this model's noise"):
        Painter(model, broken).paint("a cat", steps=2)
    with pytest.raises(UserError, match="RePaintScheduler cannot draw in 2 steps"):
        Painter(model, change_scheduler(build_scheduler(Denoising("epsilon")), "RePaint")).paint("a cat", steps=2)
