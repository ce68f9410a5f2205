"""Denoising: tell from a noisy picture what was added to it, at any strength of the noise."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from isogloss.errors import UserError, unknown
from isogloss.losses import Losses
from isogloss.losses.gather import gather_rows

PREDICTIONS = ("epsilon", "v_prediction", "flow")
SCHEDULES = ("scaled_linear", "linear")
# As the time embeddings of Diffusers' UNets and schedulers count it (DDPM, arXiv 2006.11239).
TIMESTEPS = 1000


@dataclass(frozen=True)
class Denoising:
    """How pictures are made noisy, and what is predicted.

    Args:
        prediction: "epsilon", the noise (arXiv 2006.11239); "v_prediction", the velocity (arXiv 2202.00512); "flow", noise
            less picture on the straight line between them (arXiv 2209.03003, 2210.02747).
        schedule: of diffusion's noise: "scaled_linear" as Stable Diffusion's, or "linear".
        beta_start, beta_end: of that schedule.
        zero_terminal: rescale it so that the last step is noise alone (arXiv 2305.08891); not for "epsilon".
        shift: of flow matching's noise, above 1 for more of it (arXiv 2403.03206, section 5.3.2).
        logit_normal: of flow matching: draw middle strengths more often (arXiv 2403.03206, section 3.1).
        min_snr: the bound of the weights by signal-to-noise ratio (arXiv 2303.09556, where it is 5); None for equal weights.
    """

    prediction: str = "epsilon"
    schedule: str = "scaled_linear"
    beta_start: float = 0.00085
    beta_end: float = 0.012
    zero_terminal: bool = False
    shift: float = 1.0
    logit_normal: bool = False
    min_snr: float | None = None

    def __post_init__(self) -> None:
        if self.prediction not in PREDICTIONS:
            raise unknown("prediction", self.prediction, PREDICTIONS)
        if self.schedule not in SCHEDULES:
            raise unknown("schedule of noise", self.schedule, SCHEDULES)
        if not 0 < self.beta_start <= self.beta_end < 1:
            raise UserError(
                f"beta_start is {self.beta_start} and beta_end {self.beta_end}; give numbers between 0 and 1, the smaller first."
            )
        if self.zero_terminal and self.prediction == "epsilon":
            raise UserError(
                "zero_terminal leaves nothing to tell from the noise for epsilon; set prediction to v_prediction, or "
                "zero_terminal to false."
            )
        if not self.shift > 0:
            raise UserError(f"shift is {self.shift}; give a number above 0, such as 1.")
        if self.min_snr is not None and not self.min_snr > 0:
            raise UserError(f"min_snr is {self.min_snr}; give a number above 0, such as 5, or none.")


def draw_timesteps(denoising: Denoising, chance: Float[Tensor, " image"]) -> Float[Tensor, " image"]:
    """The timestep of each picture: whole numbers 0…999 for diffusion, any up to 1000 for flow matching.

    Args:
        chance: even in 0…1, without 1.
    """
    if denoising.prediction != "flow":
        return (chance * TIMESTEPS).floor().clamp(max=TIMESTEPS - 1)
    share = chance
    if denoising.logit_normal:
        inside = chance.double().clamp(1e-6, 1 - 1e-6)
        share = torch.special.ndtri(inside).sigmoid().to(chance.dtype)
    return TIMESTEPS * denoising.shift * share / (1 + (denoising.shift - 1) * share)


def amounts(
    denoising: Denoising, timesteps: Float[Tensor, " image"]
) -> tuple[Float[Tensor, " image"], Float[Tensor, " image"]]:
    """How much of the picture and of the noise there is at some timesteps.

    Their squares sum to 1 for diffusion, they themselves for flow matching.

    Args:
        timesteps: as `draw_timesteps` gives them.
    """
    if denoising.prediction == "flow":
        noise = timesteps / TIMESTEPS
        return 1 - noise, noise
    kept = _kept(denoising).to(timesteps.device)[timesteps.long()]
    return kept.sqrt().to(timesteps.dtype), (1 - kept).sqrt().to(timesteps.dtype)


def _kept(denoising: Denoising) -> Float[Tensor, " timestep"]:
    """The share of a picture's variance that is left at each timestep."""
    power = 0.5 if denoising.schedule == "scaled_linear" else 1.0
    betas = torch.linspace(denoising.beta_start**power, denoising.beta_end**power, TIMESTEPS, dtype=torch.float64) ** (
        1 / power
    )
    kept = (1 - betas).cumprod(dim=0)
    if denoising.zero_terminal:  # arXiv 2305.08891, algorithm 1
        root = kept.sqrt()
        kept = ((root - root[-1]) * root[0] / (root[0] - root[-1])).square()
    return kept


def make_noisy(
    denoising: Denoising,
    clean: Float[Tensor, "image channel height width"],
    noise: Float[Tensor, "image channel height width"],
    timesteps: Float[Tensor, " image"],
) -> tuple[Float[Tensor, "image channel height width"], Float[Tensor, "image channel height width"]]:
    r"""Noisy pictures, and what is to be predicted of them.

    With :math:`\alpha, \sigma` of `amounts`, a picture :math:`x` and noise :math:`\epsilon`, it is
    :math:`\alpha x + \sigma \epsilon`; to be predicted is :math:`\epsilon`, :math:`\alpha \epsilon - \sigma x` or
    :math:`\epsilon - x`.

    Args:
        clean: latents or pixels.
        noise: standard normal.
    """
    signal, strength = (amount.view(-1, 1, 1, 1).to(clean.dtype) for amount in amounts(denoising, timesteps))
    noisy = signal * clean + strength * noise
    if denoising.prediction == "epsilon":
        return noisy, noise
    if denoising.prediction == "v_prediction":
        return noisy, signal * noise - strength * clean
    return noisy, noise - clean


def min_snr_weights(denoising: Denoising, timesteps: Float[Tensor, " image"]) -> Float[Tensor, " image"]:
    r"""The weight of each picture's loss (Min-SNR, arXiv 2303.09556); 1 where `min_snr` is None.

    The loss in terms of the picture weighs :math:`\min(\alpha^2/\sigma^2, \gamma)`. An error of the picture is
    :math:`\alpha/\sigma` times as large in the noise and :math:`1/\sigma` times in the velocity and in the flow; so the
    weights are :math:`\min(1, \gamma\sigma^2/\alpha^2)` there and :math:`\min(\alpha^2, \gamma\sigma^2)` here.
    """
    if denoising.min_snr is None:
        return torch.ones_like(timesteps)
    signal, noise = (amount.square() for amount in amounts(denoising, timesteps))
    if denoising.prediction == "epsilon":
        return (denoising.min_snr * noise / signal).clamp(max=1)
    return torch.minimum(signal, denoising.min_snr * noise)


def denoise_loss(
    prediction: Float[Tensor, "image channel height width"],
    target: Float[Tensor, "image channel height width"],
    weights: Float[Tensor, " image"],
) -> Losses:
    """The weighted mean squared error; its floor is 0, which noise that cannot be known keeps any model from.

    The mean is over the pictures of all processes, each of which counts by its weight.

    Args:
        prediction: of the model.
        target: of `make_noisy`.
        weights: of `min_snr_weights`.

    Returns:
        Losses with the part `unweighted`.
    """
    each = (prediction.float() - target.float()).square().mean(dim=(1, 2, 3))
    weighted, plain = gather_rows(each * weights), gather_rows(each.detach())
    total = weighted.mean()
    return Losses(total, torch.zeros_like(total).detach(), {"unweighted": plain.mean()}, terms=len(weighted))
