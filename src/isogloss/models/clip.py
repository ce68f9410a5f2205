"""The dual encoder: a vision tower and a text tower of Transformers, a projection each, and a temperature."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.models.siglip import SiglipTextConfig, SiglipTextModel
from transformers.models.siglip2 import Siglip2TextConfig, Siglip2TextModel
from transformers.utils import ModelOutput

from isogloss.errors import UserError
from isogloss.models.lengths import by_length
from isogloss.models.pooling import POOLINGS

# CLIP's first temperature and its bound on the scale (arXiv 2103.00020, section 2.5).
FIRST_LOGIT_SCALE = math.log(1 / 0.07)
LARGEST_SCALE = 100.0
# SigLIP was trained on captions filled up to their full length, padding read as text (arXiv 2303.15343).
FILLED = {"siglip_text_model", "siglip2_text_model"}


class DualEncoderConfig(PretrainedConfig):
    """The shape of a dual encoder.

    Args:
        vision_config, text_config: of the towers, as Transformers has them, or as dictionaries with a `model_type`.
        projection_dim: of the space that both towers meet in.
        vision_pooling, text_pooling: a name of `isogloss.models.pooling.POOLINGS`.
        text_tokens: the most tokens that a caption keeps.
    """

    model_type = "isogloss_clip"
    sub_configs = {"vision_config": AutoConfig, "text_config": AutoConfig}  # pyright: ignore

    def __init__(
        self,
        vision_config: PretrainedConfig | dict[str, Any] | None = None,
        text_config: PretrainedConfig | dict[str, Any] | None = None,
        projection_dim: int = 512,
        vision_pooling: str = "first",
        text_pooling: str = "mean",
        text_tokens: int = 77,
        **others: Any,
    ) -> None:
        self.projection_dim = projection_dim
        self.vision_pooling = vision_pooling
        self.text_pooling = text_pooling
        self.text_tokens = text_tokens
        super().__init__(**others)
        # After the parent, which would set the attention of towers that are built already to none at all: they would read
        # padding as text.
        self.vision_config = _tower_config(vision_config, "vit")
        self.text_config = _tower_config(text_config, "xlm-roberta")


def _tower_config(config: PretrainedConfig | dict[str, Any] | None, otherwise: str) -> PretrainedConfig:
    if isinstance(config, PretrainedConfig):
        return config
    fields = dict(config or {})
    return AutoConfig.for_model(fields.pop("model_type", otherwise), **fields)


@dataclass
class DualEncoderOutput(ModelOutput):
    """Embeddings of unit norm and their scaled similarities.

    Attributes:
        image_embeds: [image, dim].
        text_embeds: [caption, dim].
        logits_per_image: [image, caption].
        logits_per_text: [caption, image].
        scale: the inverse temperature, a scalar.
    """

    # Not annotated as tensors, because Accelerate rebuilds outputs by giving a dictionary as the first field.

    image_embeds: Any = None
    text_embeds: Any = None
    logits_per_image: Any = None
    logits_per_text: Any = None
    scale: Any = None


class DualEncoder(PreTrainedModel):
    """Images and captions of any language as vectors of one space (CLIP, arXiv 2103.00020).

    Built by `isogloss.models.towers.build_dual_encoder` from Hub names, local paths or configurations; saved and loaded as
    any Transformers model, `DualEncoder.from_pretrained(folder)` or `AutoModel.from_pretrained(folder)` after
    `import isogloss.models.clip`.
    """

    config: DualEncoderConfig
    config_class = DualEncoderConfig
    base_model_prefix = "dual_encoder"
    main_input_name = "pixel_values"
    input_modalities = ["image", "text"]
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True

    def __init__(
        self,
        config: DualEncoderConfig,
        vision_model: PreTrainedModel | None = None,
        text_model: PreTrainedModel | None = None,
    ) -> None:
        super().__init__(config)
        self.vision_model = vision_model or _tower(config, "vision")
        self.text_model = text_model or _tower(config, "text")
        self.vision_projection = nn.Linear(width_of(config.vision_config), config.projection_dim, bias=False)
        self.text_projection = nn.Linear(width_of(config.text_config), config.projection_dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(FIRST_LOGIT_SCALE))
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: Any) -> None:
        """The projections start as CLIP's, with a deviation of one over the root of their input width."""
        if module in (self.vision_projection, self.text_projection):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
        elif module is self:
            nn.init.constant_(self.logit_scale, FIRST_LOGIT_SCALE)

    @property
    def scale(self) -> Float[Tensor, ""]:
        """The inverse temperature, at most 100."""
        return self.logit_scale.exp().clamp(max=LARGEST_SCALE)

    def encode_image(self, pixel_values: Float[Tensor, "image channel height width"]) -> Float[Tensor, "image dim"]:
        """Embeddings of unit norm of some images, in float32."""
        pixel_values = pixel_values.to(self.vision_projection.weight.dtype)
        pooled = POOLINGS[self.config.vision_pooling](self.vision_model(pixel_values=pixel_values), None)
        return F.normalize(self.vision_projection(pooled).float(), dim=-1)

    def encode_text(
        self,
        input_ids: Int[Tensor, "caption token"],
        attention_mask: Int[Tensor, "caption token"] | None = None,
    ) -> Float[Tensor, "caption dim"]:
        """Embeddings of unit norm of some captions, in float32; without a mask every token counts.

        With a mask they are read in groups of like length (`isogloss.models.lengths`), which only saves time.
        """
        if attention_mask is None:
            return self._encode_group(input_ids, None)
        groups = list(by_length(attention_mask))
        encoded = [self._encode_group(input_ids[rows, :end], attention_mask[rows, :end]) for rows, end in groups]
        return torch.cat(encoded)[torch.cat([rows for rows, _ in groups]).argsort()]

    def _encode_group(
        self, input_ids: Int[Tensor, "caption token"], attention_mask: Int[Tensor, "caption token"] | None
    ) -> Float[Tensor, "caption dim"]:
        if self.config.text_config.model_type in FILLED:
            input_ids, attention_mask = self._filled(input_ids, attention_mask), None
        states = self.text_model(input_ids=input_ids, attention_mask=attention_mask)
        pooled = POOLINGS[self.config.text_pooling](states, attention_mask)
        return F.normalize(self.text_projection(pooled).float(), dim=-1)

    def _filled(
        self, input_ids: Int[Tensor, "caption token"], attention_mask: Int[Tensor, "caption token"] | None
    ) -> Int[Tensor, "caption position"]:
        """The captions, padded to as many tokens as the text tower has positions."""
        shape = self.config.text_config
        if attention_mask is not None:
            input_ids = input_ids.masked_fill(attention_mask == 0, shape.pad_token_id)
        return F.pad(input_ids, (0, shape.max_position_embeddings - input_ids.shape[1]), value=shape.pad_token_id)

    def forward(
        self,
        pixel_values: Float[Tensor, "image channel height width"] | None = None,
        input_ids: Int[Tensor, "caption token"] | None = None,
        attention_mask: Int[Tensor, "caption token"] | None = None,
        return_logits: bool = True,
        **_: Any,
    ) -> DualEncoderOutput:
        """Embeddings of images, captions or both, and of both their similarities times the scale.

        Args:
            return_logits: False leaves the similarities out, for losses that compute their own over all processes.
        """
        images = None if pixel_values is None else self.encode_image(pixel_values)
        captions = None if input_ids is None else self.encode_text(input_ids, attention_mask)
        if images is None or captions is None or not return_logits:
            return DualEncoderOutput(image_embeds=images, text_embeds=captions, scale=self.scale)
        logits = self.scale * images @ captions.T
        return DualEncoderOutput(images, captions, logits, logits.T, self.scale)


def width_of(config: PretrainedConfig) -> int:
    """How wide a tower's pooled state is; convolutional towers name it by their last stage."""
    if hasattr(config, "hidden_size"):
        return config.hidden_size
    if hasattr(config, "hidden_sizes"):
        return config.hidden_sizes[-1]
    raise UserError(
        f"A {config.model_type} cannot be a tower, since its config has no hidden_size; choose another model."
    )


def make_tower(make: Callable[..., PreTrainedModel], kind: str, pooling: str) -> PreTrainedModel:
    """The tower of what `make` makes: half of a pair such as CLIP, the encoder of an encoder–decoder, else the whole.

    Args:
        make: takes options of a Transformers model.
        kind: "vision" or "text".
        pooling: how it will be read; a pooling layer that nothing would read is left out.
    """
    try:
        model = make(**({} if pooling == "pooler" else {"add_pooling_layer": False}))
    except TypeError:  # this architecture has no such layer to leave out
        model = make()
    model: Any = getattr(model, f"{kind}_model", model)
    return model.encoder if hasattr(model, "encoder") and hasattr(model, "decoder") else model


def _tower(config: DualEncoderConfig, kind: str) -> PreTrainedModel:
    """A tower with random weights, the same that a tower of this configuration is loaded into."""
    shape: PretrainedConfig = getattr(config, f"{kind}_config")
    return make_tower(
        lambda **options: AutoModel.from_config(shape, **options), kind, getattr(config, f"{kind}_pooling")
    )


# AutoModel knows the pair, and of the pair's halves the vision tower alone.
AutoModel.register(SiglipTextConfig, SiglipTextModel, exist_ok=True)
AutoModel.register(Siglip2TextConfig, Siglip2TextModel, exist_ok=True)
AutoConfig.register(DualEncoderConfig.model_type, DualEncoderConfig, exist_ok=True)
AutoModel.register(DualEncoderConfig, DualEncoder, exist_ok=True)
