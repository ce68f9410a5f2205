"""Denoising beside its equations in plain Python and beside Diffusers."""

import math

import pytest
import torch
from diffusers import DDPMScheduler, FlowMatchEulerDiscreteScheduler
from diffusers.training_utils import compute_snr
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from isogloss.errors import UserError
from isogloss.losses.denoise import Denoising, amounts, denoise_loss, draw_timesteps, make_noisy, min_snr_weights

SCHEDULES = [("scaled_linear", 0.00085, 0.012, False), ("linear", 0.0001, 0.02, False), ("linear", 0.0001, 0.02, True)]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def diffusers_of(denoising: Denoising) -> DDPMScheduler:
    return DDPMScheduler(
        beta_schedule=denoising.schedule,
        beta_start=denoising.beta_start,
        beta_end=denoising.beta_end,
        rescale_betas_zero_snr=denoising.zero_terminal,
    )


@pytest.mark.parametrize(("schedule", "start", "end", "zero"), SCHEDULES)
def test_diffusion_is_that_of_diffusers(schedule: str, start: float, end: float, zero: bool) -> None:
    theirs = diffusers_of(Denoising("v_prediction", schedule, start, end, zero))
    clean, noise, timesteps = drawn(5, 3, 4, 4).float(), drawn(5, 3, 4, 4, seed=1).float(), [0, 1, 500, 998, 999]
    steps = torch.tensor(timesteps)
    for prediction in ("epsilon", "v_prediction")[zero:]:
        denoising = Denoising(prediction, schedule, start, end, zero)
        noisy, target = make_noisy(denoising, clean, noise, steps.float())
        wanted = noise if prediction == "epsilon" else theirs.get_velocity(clean, noise, steps)
        torch.testing.assert_close(noisy, theirs.add_noise(clean, noise, steps), atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(target, wanted, atol=2e-5, rtol=1e-4)
        signal, strength = amounts(denoising, steps.double())
        torch.testing.assert_close(
            ((signal / strength) ** 2).float()[:3], compute_snr(theirs, steps)[:3], rtol=1e-3, atol=0
        )
        assert ((signal[-1].item(), strength[-1].item()) == (0.0, 1.0)) is zero


def test_flow_is_that_of_diffusers() -> None:
    clean, noise = drawn(4, 3, 4, 4).float(), drawn(4, 3, 4, 4, seed=1).float()
    for shift in (1.0, 3.0):
        denoising = Denoising("flow", shift=shift)
        theirs = FlowMatchEulerDiscreteScheduler(shift=shift)
        # Diffusers counts its thousand strengths from the noise on; the same even chance is the same strength.
        timesteps = draw_timesteps(denoising, torch.tensor([1.0, 0.75, 0.25, 0.001]))
        torch.testing.assert_close(timesteps, theirs.timesteps[[0, 250, 750, 999]])
        noisy, target = make_noisy(denoising, clean, noise, timesteps)
        torch.testing.assert_close(noisy, theirs.scale_noise(clean, theirs.timesteps[[0, 250, 750, 999]], noise))
        # A single step of Euler's along the target, from wherever it begins, ends in the picture.
        for image, strength in enumerate((timesteps / 1000).tolist()):
            theirs.set_timesteps(sigmas=[strength / (shift - (shift - 1) * strength)])  # which it shifts
            ended = theirs.step(target[image], theirs.timesteps[0], noisy[image]).prev_sample
            torch.testing.assert_close(ended, clean[image], atol=1e-5, rtol=1e-4)


def naive(denoising: Denoising, timestep: float, clean: float, noise: float) -> tuple[float, float, float]:
    """The noisy value, what is to be predicted, and the weight, as the papers have them."""
    if denoising.prediction == "flow":
        strength = timestep / 1000
        signal = 1 - strength
    else:
        power = {"linear": 1, "scaled_linear": 2}[denoising.schedule]
        first, last = denoising.beta_start ** (1 / power), denoising.beta_end ** (1 / power)
        kept = 1.0
        for step in range(int(timestep) + 1):
            kept *= 1 - (first + (last - first) * step / 999) ** power
        signal, strength = math.sqrt(kept), math.sqrt(1 - kept)
    target = {"epsilon": noise, "v_prediction": signal * noise - strength * clean, "flow": noise - clean}
    weight = 1.0
    if denoising.min_snr is not None:
        # The squared error of the picture, of which min(snr, bound) is taken, over that of what is predicted.
        of_picture = {"epsilon": (strength / signal) ** 2, "v_prediction": strength**2, "flow": strength**2}
        weight = min((signal / strength) ** 2, denoising.min_snr) * of_picture[denoising.prediction]
    return signal * clean + strength * noise, target[denoising.prediction], weight


@given(
    prediction=st.sampled_from(["epsilon", "v_prediction", "flow"]),
    schedule=st.sampled_from(["scaled_linear", "linear"]),
    timestep=st.integers(0, 999),
    bound=st.none() | st.floats(0.1, 20),
)
def test_targets_and_weights_equal_naive_ones(
    prediction: str, schedule: str, timestep: int, bound: float | None
) -> None:
    denoising = Denoising(prediction, schedule, min_snr=bound)
    step = torch.tensor([max(1, timestep) if prediction == "flow" else timestep]).double()
    clean, noise = (torch.full((1, 1, 1, 1), value, dtype=torch.float64) for value in (0.7, -1.3))
    noisy, target = make_noisy(denoising, clean, noise, step)
    found = [noisy.item(), target.item(), min_snr_weights(denoising, step).item()]
    assert found == pytest.approx(naive(denoising, step.item(), 0.7, -1.3), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_weights_are_those_of_diffusers_training_script(prediction: str) -> None:
    denoising, steps = Denoising(prediction, min_snr=5.0), torch.arange(1000)
    snr = compute_snr(diffusers_of(denoising), steps)
    wanted = snr.clamp(max=5.0) / (snr if prediction == "epsilon" else snr + 1)
    torch.testing.assert_close(min_snr_weights(denoising, steps.float()), wanted, rtol=2e-3, atol=1e-6)


def test_weights_where_nothing_of_the_picture_or_of_the_noise_is_left() -> None:
    flow = min_snr_weights(Denoising("flow", min_snr=5.0), torch.tensor([0.0, 1000.0]))
    assert flow.tolist() == [0.0, 0.0]
    last = Denoising("v_prediction", zero_terminal=True, min_snr=5.0)
    assert min_snr_weights(last, torch.tensor([999.0])).tolist() == [0.0]


@given(shift=st.floats(0.2, 8), normal=st.booleans(), prediction=st.sampled_from(["epsilon", "flow"]))
def test_timesteps_are_in_range_and_in_the_order_of_their_chances(shift: float, normal: bool, prediction: str) -> None:
    denoising = Denoising(prediction, shift=shift, logit_normal=normal)
    chance = torch.linspace(0, 1, 301)[:-1]
    timesteps = draw_timesteps(denoising, chance)
    assert (timesteps.diff() >= 0).all() and timesteps[0] >= 0 and timesteps[-1] <= 1000
    if prediction == "epsilon":
        assert timesteps.equal(timesteps.long().float()) and timesteps[-1] <= 999


def test_logit_normal_strengths_have_the_quantiles_of_their_distribution() -> None:
    timesteps = draw_timesteps(Denoising("flow", logit_normal=True), torch.tensor([0.1586553, 0.5, 0.8413447]))
    assert timesteps.tolist() == pytest.approx([1000 / (1 + math.e), 500, 1000 / (1 + math.exp(-1))], rel=1e-4)


@given(images=st.integers(1, 4), seed=st.integers(0, 2**31))
def test_the_loss_equals_a_naive_one(images: int, seed: int) -> None:
    prediction, target = drawn(images, 2, 3, 3, seed=seed), drawn(images, 2, 3, 3, seed=seed + 1)
    weights = drawn(images, seed=seed + 2).abs()
    each = [
        sum((float(a) - float(b)) ** 2 for a, b in zip(one.flatten(), other.flatten(), strict=True)) / 18
        for one, other in zip(prediction, target, strict=True)
    ]
    losses = denoise_loss(prediction, target, weights)
    wanted = sum(weight * error for weight, error in zip(weights.tolist(), each, strict=True)) / images
    assert losses.total.item() == pytest.approx(wanted, rel=1e-5)
    assert losses.parts["unweighted"].item() == pytest.approx(sum(each) / images, rel=1e-5)
    assert (losses.floor.item(), losses.terms) == (0.0, images)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"prediction": "v"}, "There is no prediction 'v'; there is epsilon, flow, v_prediction."),
        ({"schedule": "cosine"}, "There is no schedule of noise 'cosine'"),
        ({"beta_start": 0.5, "beta_end": 0.1}, "beta_start is 0.5 and beta_end 0.1;"),
        ({"zero_terminal": True}, "zero_terminal leaves nothing to tell from the noise for epsilon;"),
        ({"shift": 0.0}, "shift is 0.0; give a number above 0"),
        ({"min_snr": -1.0}, "min_snr is -1.0; give a number above 0, such as 5, or none."),
        ({"min_snr": math.nan}, "min_snr is nan;"),
    ],
)
def test_what_no_denoising_is(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError) as told:
        Denoising(**fields)  # type: ignore[arg-type]
    assert sentence in str(told.value)
