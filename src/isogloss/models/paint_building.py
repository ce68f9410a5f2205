"""The paint model built of a text side, a UNet and a VAE."""

from typing import Any

import torch

from isogloss.errors import UserError
from isogloss.models.adapter import Adapter, build_adapter
from isogloss.models.diffusers_part import DiffusersPart, build_part
from isogloss.models.paint import PaintModel
from isogloss.models.paint_text import Reading, build_text
from isogloss.models.tower import FAILURES, Tower, reason


def build_paint(
    text: Tower,
    unet: DiffusersPart,
    vae: DiffusersPart | None = None,
    *,
    adapter: Adapter | None = None,
    reading: Reading | None = None,
) -> PaintModel:
    """A paint model, whose adapter alone has random weights unless another part has them too.

    Args:
        text: a text encoder or a language model, which stays as it comes; its pooling makes a sentence's vector.
        unet: Diffusers' UNet2DConditionModel.
        vae: Diffusers' AutoencoderKL, which stays as it comes; None to paint pixels.

    Raises:
        UserError: a part is absent, is of another kind or does not fit the others.
    """
    wanted = adapter or Adapter()
    denoiser = build_unet(unet)
    coder = None if vae is None else build_part(vae, "AutoencoderKL", "vae").eval().requires_grad_(False)
    check_channels(denoiser, coder)
    side = build_text(text, reading or Reading())
    made = build_adapter(wanted, side.dim, cross_attention_dim(denoiser))
    model = PaintModel(side, made, denoiser, coder).eval()
    _try(model)
    return model


def build_unet(part: DiffusersPart) -> Any:
    """A UNet that reads a prompt and nothing else beside the noisy picture and its timestep.

    Raises:
        UserError: it is absent, is of another kind, or reads something else.
    """
    unet = build_part(part, "UNet2DConditionModel", "unet")
    config = unet.config
    others = (
        "class_embed_type",
        "num_class_embeds",
        "addition_embed_type",
        "encoder_hid_dim_type",
        "time_cond_proj_dim",
    )
    reads = next((name for name in others if config.get(name)), None)
    if reads:
        raise UserError(
            f"The UNet '{part.model or 'of this config'}' has {reads}={config[reads]!r} and so reads more than a prompt; choose "
            "one without, such as Stable Diffusion's 1.5 or 2.1."
        )
    if config.in_channels != config.out_channels:
        raise UserError(
            f"The UNet '{part.model or 'of this config'}' reads {config.in_channels} channels and gives {config.out_channels}; "
            "choose one that gives as many as it reads."
        )
    return unet


def cross_attention_dim(unet: Any) -> int:
    """The width of what a UNet's cross attention reads.

    Raises:
        UserError: it has several, or no cross attention.
    """
    width = unet.config.cross_attention_dim
    widths = {width} if isinstance(width, int) else set(width or ())
    attends = any("attn2" in name for name, _ in unet.named_modules())
    if len(widths) != 1 or not attends:
        raise UserError(
            "The UNet has no cross attention of one width, by which it would be told what to paint; give it a "
            "cross_attention_dim and blocks such as CrossAttnDownBlock2D."
        )
    return int(widths.pop())


def check_channels(unet: Any, vae: Any | None) -> None:
    """Refuse a UNet that does not paint what the VAE decodes, or what a picture is.

    Raises:
        UserError: their channels differ.
    """
    from isogloss.models.paint_files.pipeline import pixels_a_side

    painted = unet.config.in_channels
    if vae is None and painted != 3 * pixels_a_side(unet, None) ** 2:
        raise UserError(
            f"The UNet paints {painted} channels and pixels have 3; name the vae that it was trained with, or give a config with "
            "in_channels and out_channels of 3, of 12 to paint two by two pixels at each place, or of 48 for four by four."
        )
    if vae is not None and vae.config.latent_channels != painted:
        raise UserError(
            f"The UNet paints {painted} channels and the VAE's latent pictures have {vae.config.latent_channels}; choose a UNet "
            "and a VAE that belong together."
        )


@torch.no_grad()
def _try(model: PaintModel) -> None:
    """Paint one step of nothing, so that what does not fit is told before training begins."""
    size = model.unet.config.sample_size
    side: tuple[int, int] = tuple(size) if isinstance(size, list | tuple) else (size or 32, size or 32)
    if max(side) > 32:
        return  # from a checkpoint of its own size, which takes long
    text = model.text.read([""], model.kind)
    try:
        model(torch.zeros(1, model.channels, *side), torch.zeros(1), text.states, text.mask)
    except torch.OutOfMemoryError:
        raise
    except FAILURES as error:
        raise UserError(
            f"The UNet's config makes none that paints pictures of {side[0]} x {side[1]} ({reason(error)}); correct it."
        ) from error
