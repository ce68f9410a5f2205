"""The paint model: a frozen text side, an adapter into a UNet's cross attention, the UNet, and a VAE unless it paints pixels."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from isogloss.models.paint_text import TextSide


class PaintModel(nn.Module):
    """A diffusion model that is told by a frozen text side what to paint (VisCPM-Paint, arXiv 2308.12038).

    Args:
        text: frozen.
        adapter: `isogloss.models.paint_files.adapter.PaintAdapter`.
        unet: Diffusers' `UNet2DConditionModel`.
        vae: Diffusers' `AutoencoderKL`, frozen; None to paint pixels in -1…1.
    """

    empty_states: Tensor
    empty_mask: Tensor

    def __init__(self, text: TextSide, adapter: Any, unet: Any, vae: Any = None) -> None:
        super().__init__()
        self.text = text
        self.adapter = adapter
        self.unet = unet
        self.vae = vae
        if not adapter.config.learnt_empty:
            empty = text.read([""], self.kind)
            # Not saved, since the text side says it again when it is loaded.
            self.register_buffer("empty_states", empty.states, persistent=False)
            self.register_buffer("empty_mask", empty.mask, persistent=False)

    @property
    def kind(self) -> str:
        """What the adapter reads of a prompt; see `isogloss.models.adapter.Adapter`."""
        return self.adapter.config.kind

    @property
    def channels(self) -> int:
        """Of what is noisy: 3 for each pixel at a place, the VAE's latent ones with one."""
        return self.unet.config.in_channels

    @property
    def scale(self) -> int:
        """How many pixels are side by side in what one noisy place stands for."""
        from isogloss.models.paint_files.pipeline import pixels_a_side

        return pixels_a_side(self.unet, self.vae)

    def forward(
        self,
        noisy: Float[Tensor, "image channel height width"],
        timesteps: Float[Tensor, " image"] | Int[Tensor, " image"],
        states: Float[Tensor, "image token text_dim"],
        mask: Int[Tensor, "image token"],
        dropped: Bool[Tensor, " image"] | None = None,
    ) -> Float[Tensor, "image channel height width"]:
        """What the UNet predicts: the noise, the velocity or the flow, as the loss has it.

        Args:
            noisy: latents or pixels.
            timesteps: 0…1000 as the scheduler counts them.
            states, mask: what `TextSide.read(captions, model.kind)` gives for each picture's caption.
            dropped: whose captions are read as the empty prompt, for classifier-free guidance.
        """
        if dropped is not None and not self.adapter.config.learnt_empty:
            states, mask = self._encoded_empty(states, mask, dropped)
            dropped = None
        places, there = self.adapter(states, mask, dropped)
        return self.unet(
            noisy, timesteps, encoder_hidden_states=places, encoder_attention_mask=there, return_dict=False
        )[0]

    def _encoded_empty(
        self, states: Tensor, mask: Tensor, dropped: Tensor
    ) -> tuple[Float[Tensor, "image any_token text_dim"], Int[Tensor, "image any_token"]]:
        places = max(states.shape[1], self.empty_states.shape[1])
        pad = nn.functional.pad
        both = [pad(one, (0, 0, 0, places - one.shape[1])) for one in (self.empty_states, states)]
        masks = [pad(one, (0, places - one.shape[1])) for one in (self.empty_mask, mask)]
        return torch.where(dropped[:, None, None], *both), torch.where(dropped[:, None], *masks)

    @torch.no_grad()
    def posterior(
        self, pixels: Float[Tensor, "image 3 pixel_height pixel_width"]
    ) -> tuple[Float[Tensor, "image channel height width"], Float[Tensor, "image channel height width"]]:
        """The mean and the deviation of what the UNet is to paint for some pictures, as the VAE has it.

        Args:
            pixels: in -1…1; painted as they are without a VAE, those of a place as its channels, with a deviation of 0.
        """
        if self.vae is None:
            folded = nn.functional.pixel_unshuffle(pixels, self.scale)
            return folded, torch.zeros_like(folded)
        found, factor = self.vae.encode(pixels).latent_dist, self.vae.config.scaling_factor
        shift = getattr(self.vae.config, "shift_factor", None) or 0.0
        return (found.mean - shift) * factor, found.std * factor

    def encode(
        self, pixels: Float[Tensor, "image 3 pixel_height pixel_width"], noise: Tensor | None = None
    ) -> Float[Tensor, "image channel height width"]:
        """What the UNet is to paint: a draw of the VAE's posterior by `noise`, or its mean where there is none."""
        mean, deviation = self.posterior(pixels)
        return mean if noise is None else mean + deviation * noise

    @torch.no_grad()
    def decode(
        self, latents: Float[Tensor, "image channel height width"]
    ) -> Float[Tensor, "image 3 pixel_height pixel_width"]:
        """Pictures in about -1…1 of what the UNet painted."""
        if self.vae is None:
            return nn.functional.pixel_shuffle(latents, self.scale)
        shift = getattr(self.vae.config, "shift_factor", None) or 0.0
        return self.vae.decode(latents / self.vae.config.scaling_factor + shift, return_dict=False)[0]
