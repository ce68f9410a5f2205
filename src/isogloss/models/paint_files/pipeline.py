"""Pictures from prompts: a text encoder, an adapter, a UNet and, unless it paints pixels, a VAE.

This file is saved with the model, so it needs torch, Transformers and Diffusers alone:

    DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder, trust_remote_code=True)("a red circle").images
"""

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from diffusers import DiffusionPipeline
from diffusers.image_processor import VaeImageProcessor
from diffusers.pipelines.pipeline_utils import ImagePipelineOutput
from diffusers.utils import logging
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

_log: Any = logging.get_logger(__name__)


def read_prompts(tokenizer: Any, prompts: list[str], tokens: int, fills: bool = False) -> tuple[Tensor, Tensor]:
    """The token numbers of some prompts and their mask, [prompt, token] both; at least one token a prompt.

    Args:
        tokens: the most of a prompt; what follows is not read.
        fills: fill every prompt up to so many, and have the padding read.
    """
    encoded = tokenizer(
        prompts,
        truncation=True,
        max_length=tokens,
        padding="max_length" if fills else True,
        padding_side="right",
        return_tensors="pt",
    )
    ids, mask = encoded["input_ids"].long(), encoded["attention_mask"].long()
    if fills:
        return ids, torch.ones_like(mask)
    if not ids.shape[1]:
        ids, mask = torch.zeros(2, len(prompts), 1, dtype=torch.int64)
    # Some tokenizers make no token of an empty prompt, and attention to none at all is not defined.
    known = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, 0)
    empty = mask.sum(dim=1) == 0
    ids[empty, 0] = next(number for number in known if number is not None)
    mask[empty, 0] = 1
    return ids, mask


def unread(tokenizer: Any, prompt: str, tokens: int) -> str:
    """The end of a prompt that is left out because it has too many tokens; empty where all of it is read."""
    if len(tokenizer(prompt, verbose=False)["input_ids"]) <= tokens:
        return ""
    offsets = tokenizer(prompt, truncation=True, max_length=tokens, return_offsets_mapping=True)["offset_mapping"]
    return prompt[max((end for _, end in offsets), default=0) :]


def text_states(
    text_encoder: Any, ids: Tensor, mask: Tensor, layer: int | None = None, pooling: str | None = None
) -> tuple[Tensor, Tensor | None]:
    """The states of some prompts, [prompt, token, dim], and one for each whole prompt, [prompt, dim].

    Args:
        layer: whose output is read, 0 for the embeddings; None for the last, after the model's own last norm.
        pooling: how a prompt's states become one: "mean", "first", "last" or the model's own "pooler"; None for none.
    """
    output = text_encoder(input_ids=ids, attention_mask=mask, output_hidden_states=layer is not None)
    states = output.last_hidden_state if layer is None else output.hidden_states[layer]
    if pooling is None:
        return states, None
    if pooling == "pooler":
        return states, output.pooler_output
    if pooling == "first":
        return states, states[:, 0]
    if pooling == "last":
        last = (mask * torch.arange(mask.shape[1], device=mask.device)).argmax(dim=1)
        return states, states[torch.arange(len(last), device=mask.device), last]
    weights = mask.unsqueeze(-1).to(states.dtype)
    return states, (states * weights).sum(dim=1) / weights.sum(dim=1)


def first_places(states: Tensor, mask: Tensor, slots: int) -> tuple[Tensor, Tensor]:
    """The states and the mask of so many first tokens; of all where there are no slots."""
    return (states[:, :slots], mask[:, :slots]) if slots else (states, mask)


def arranged(states: Tensor, mask: Tensor, sentence: Tensor | None, kind: str) -> tuple[Tensor, Tensor]:
    """What an adapter of some kind reads: states and their mask, the sentence's first."""
    if sentence is None or kind not in ("sentence", "both"):
        return states, mask
    first, one = sentence[:, None], mask.new_ones(len(mask), 1)
    return (first, one) if kind == "sentence" else (torch.cat([first, states], dim=1), torch.cat([one, mask], dim=1))


def side_by_side(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Two batches of states and masks as one, the shorter ones padded."""
    longest = max(first[0].shape[1], second[0].shape[1])
    pad = torch.nn.functional.pad
    states = [pad(states, (0, 0, 0, longest - states.shape[1])) for states, _ in (first, second)]
    masks = [pad(mask, (0, longest - mask.shape[1])) for _, mask in (first, second)]
    return torch.cat(states), torch.cat(masks)


def pixels_a_side(unet: Any, vae: Any) -> int:
    """How many pixels are side by side in what one place of the UNet stands for.

    With a VAE it says so. Without one the UNet paints the pixels themselves: one at each place, or, with 3 x 4 channels, two by
    two, as vision transformers read them, which is as many times faster.
    """
    if vae is None:
        return math.isqrt(unet.config.in_channels // 3)
    return 2 ** (len(vae.config.block_out_channels) - 1)


class PaintPipeline(DiffusionPipeline):
    """Pictures from prompts in any language that the text encoder knows.

    Args:
        layer: of the text encoder; None for the last.
        pooling: of the text encoder's states to that of a sentence.
        tokens: the most of a prompt.
        fills: fill every prompt up to so many, and have the padding read, as Stable Diffusion was trained.
        slots: so many tokens, which the tokenizer puts before every prompt, are read in place of all; 0 for none such.
    """

    model_cpu_offload_seq = "text_encoder->adapter->unet->vae"
    _optional_components = ["vae"]
    _callback_tensor_inputs = ["latents"]

    def __init__(
        self,
        text_encoder: Any,
        tokenizer: Any,
        adapter: Any,
        unet: Any,
        scheduler: Any,
        vae: Any = None,
        layer: int | None = None,
        pooling: str = "mean",
        tokens: int = 64,
        fills: bool = False,
        slots: int = 0,
    ) -> None:
        super().__init__()
        self.register_modules(
            text_encoder=text_encoder, tokenizer=tokenizer, adapter=adapter, unet=unet, scheduler=scheduler, vae=vae
        )
        self.register_to_config(layer=layer, pooling=pooling, tokens=tokens, fills=fills, slots=slots)
        self.vae_scale_factor: int = pixels_a_side(unet, vae)
        self.image_processor = VaeImageProcessor(vae_scale_factor=self.vae_scale_factor)

    def encode_prompt(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """What the UNet reads of some prompts, [prompt, place, dim], and its mask, [prompt, place]."""
        settings: Any = self.config
        for prompt in prompts:
            rest = unread(self.tokenizer, prompt, settings.tokens)
            if rest:
                _log.warning(
                    f"The prompt is longer than {settings.tokens} tokens; this end of it is left out: '{rest}'."
                )
        ids, mask = read_prompts(self.tokenizer, prompts, settings.tokens, settings.fills)
        device = self._execution_device
        ids, mask = ids.to(device), mask.to(device)
        kind = self.adapter.config.kind
        pooling = settings.pooling if kind in ("sentence", "both") else None
        states, sentence = text_states(self.text_encoder, ids, mask, settings.layer, pooling)
        states, mask = first_places(states, mask, settings.slots)
        dtype = self.unet.dtype
        read = arranged(states.to(dtype), mask, None if sentence is None else sentence.to(dtype), kind)
        return self.adapter(*read)

    def encode_nothing(self, prompts: int) -> tuple[Tensor, Tensor]:
        """What the UNet reads where it is told nothing."""
        if self.adapter.config.learnt_empty:
            return self.adapter.nothing(prompts)
        places, mask = self.encode_prompt([""])
        return places.expand(prompts, -1, -1), mask.expand(prompts, -1)

    @torch.no_grad()
    def __call__(
        self,
        prompt: str | list[str],
        negative_prompt: str | list[str] | None = None,
        *,
        num_inference_steps: int = 30,
        guidance_scale: float = 4.0,
        height: int | None = None,
        width: int | None = None,
        num_images_per_prompt: int = 1,
        generator: Any = None,
        latents: Tensor | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
        callback_on_step_end: Callable[[Any, int, Any, dict[str, Tensor]], dict[str, Tensor]] | None = None,
    ) -> Any:
        """Draw every prompt, as often as asked for, one picture after the other of each.

        Args:
            negative_prompt: what guidance leads away from, for all prompts or each; None for the empty prompt.
            num_inference_steps: of the scheduler; more are slower and better.
            guidance_scale: how much more the prompt counts than the empty one (arXiv 2207.12598); 1 for no guidance.
            height, width: in pixels; None for what the UNet was made for.
            generator: of the first noise, one or one for each picture.
            latents: the first noise itself, [picture, channel, height, width].
            output_type: "pil", "np" in 0…1, "pt" in 0…1, or "latent".
            callback_on_step_end: called with the pipeline, the number of the step, the timestep and {"latents": …}; what it
                returns may hold other latents.

        Raises:
            ValueError: a size or a number is out of range.
        """
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        height, width = self._size(height, width)
        if num_inference_steps < 1 or num_images_per_prompt < 1 or not prompts:
            raise ValueError("num_inference_steps and num_images_per_prompt must be at least 1, and a prompt given.")
        device, guided = self._execution_device, guidance_scale != 1
        places, mask = self.encode_prompt(prompts)
        if guided:
            against = negative_prompt
            if isinstance(against, str):
                against = [against] * len(prompts)
            if against is not None and len(against) != len(prompts):
                raise ValueError(f"There are {len(prompts)} prompts and {len(against)} negative ones.")
            nothing = self.encode_nothing(len(prompts)) if against is None else self.encode_prompt(list(against))
            (places, mask) = side_by_side(nothing, (places, mask))
        places = places.repeat_interleave(num_images_per_prompt, dim=0)
        mask = mask.repeat_interleave(num_images_per_prompt, dim=0)

        scheduler = self.scheduler
        scheduler.set_timesteps(num_inference_steps, device=device)
        factor = self.vae_scale_factor
        shape = (len(prompts) * num_images_per_prompt, self.unet.config.in_channels, height // factor, width // factor)
        first: Any = latents
        if first is None:
            first = randn_tensor(shape, generator=generator, device=device, dtype=places.dtype)
        elif first.shape != shape:
            raise ValueError(f"The latents are {tuple(first.shape)} and should be {shape}.")
        drawn: Any = first.to(device=device, dtype=places.dtype) * getattr(scheduler, "init_noise_sigma", 1.0)
        takes = inspect.signature(scheduler.step).parameters
        extra = {"generator": generator} if "generator" in takes else {}

        shown: Any = self.progress_bar
        for number, timestep in enumerate(shown(list(scheduler.timesteps))):
            noisy = torch.cat([drawn] * 2) if guided else drawn
            if hasattr(scheduler, "scale_model_input"):
                noisy = scheduler.scale_model_input(noisy, timestep)
            predicted = self.unet(
                noisy, timestep, encoder_hidden_states=places, encoder_attention_mask=mask, return_dict=False
            )[0]
            if guided:
                without, told = predicted.chunk(2)
                predicted = without + guidance_scale * (told - without)
            drawn = scheduler.step(predicted, timestep, drawn, **extra, return_dict=False)[0]
            if callback_on_step_end is not None:
                drawn = callback_on_step_end(self, number, timestep, {"latents": drawn}).get("latents", drawn)

        images: Any = drawn
        if output_type != "latent":
            images = self.image_processor.postprocess(self.decode(drawn), output_type=output_type)
        self.maybe_free_model_hooks()
        return ImagePipelineOutput(images=images) if return_dict else (images,)

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures in -1…1, [picture, channel, height, width]."""
        if self.vae is None:
            return torch.nn.functional.pixel_shuffle(latents, self.vae_scale_factor)
        shift = getattr(self.vae.config, "shift_factor", None) or 0.0
        return self.vae.decode(latents / self.vae.config.scaling_factor + shift, return_dict=False)[0]

    def _size(self, height: int | None, width: int | None) -> tuple[int, int]:
        own = self.unet.config.sample_size
        own = own if isinstance(own, list | tuple) else (own, own)
        chosen = [
            given if given is not None else (side or 64) * self.vae_scale_factor
            for given, side in zip((height, width), own, strict=True)
        ]
        if any(side < 1 or side % self.vae_scale_factor for side in chosen):
            raise ValueError(f"height and width must be multiples of {self.vae_scale_factor}, not {chosen}.")
        return chosen[0], chosen[1]
