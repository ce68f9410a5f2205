"""The chat model: a vision tower, a connector, and a language model that reads pictures among its words."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    GenerationMixin,
    PreTrainedModel,
)
from transformers.utils import ModelOutput

from isogloss.data.next_tokens import next_tokens
from isogloss.errors import UserError
from isogloss.models.chat_config import ChatConfig
from isogloss.models.clip import make_tower
from isogloss.models.connector import REDUCTIONS, Connector, Resampler, build_connector
from isogloss.models.head import read_alone
from isogloss.models.visual_tokens import states_at

# As transformers' own models start (Qwen-VL, arXiv 2308.12966, starts its queries so too).
FIRST_DEVIATION = 0.02


@dataclass
class ChatOutput(ModelOutput):
    """What the language model says comes next.

    Attributes:
        logits: [row, token, vocabulary]; with labels [learnt, vocabulary], where the next token is learnt and nowhere else.
        targets: with labels, the next token there, [learnt].
        visual: with labels, the visual tokens of all rows, [visual_token, dim].
        past_key_values: what need not be computed again for the tokens that follow, where it was asked for.
        hidden_states, attentions: of the language model, where they were asked for.
    """

    # Not annotated as tensors, because Accelerate rebuilds outputs by giving a dictionary as the first field.

    logits: Any = None
    targets: Any = None
    visual: Any = None
    past_key_values: Any = None
    hidden_states: Any = None
    attentions: Any = None


class ChatModel(PreTrainedModel, GenerationMixin):
    """Pictures and text in, text out (LLaVA, arXiv 2304.08485; VisCPM-Chat, arXiv 2308.12038).

    Built by `isogloss.models.chat_building.build_chat`, saved and loaded by `isogloss.models.chat_saving`; parts bear the
    names that they have in LLaVA's checkpoints.
    """

    config: ChatConfig
    config_class = ChatConfig
    base_model_prefix = "chat"
    main_input_name = "input_ids"
    input_modalities = ["image", "text"]
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True
    _skip_keys_device_placement = ["past_key_values"]

    def __init__(
        self,
        config: ChatConfig,
        vision_tower: PreTrainedModel | None = None,
        language_model: PreTrainedModel | None = None,
    ) -> None:
        super().__init__(config)
        shapes = config.vision_config, config.text_config
        self.vision_tower = vision_tower or make_tower(
            lambda **options: AutoModel.from_config(shapes[0], **options), "vision", "mean"
        )
        prefix = max(0, config.sight["prefix"] - config.dropped)
        dim = config.text_config.hidden_size
        self.multi_modal_projector = build_connector(Connector(**config.connector), prefix, config.features[1], dim)
        self.language_model: Any = language_model or AutoModelForCausalLM.from_config(shapes[1])
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: Any) -> None:
        if isinstance(module, Resampler):
            nn.init.trunc_normal_(module.query, std=FIRST_DEVIATION)
        elif isinstance(module, nn.MultiheadAttention):
            nn.init.normal_(module.in_proj_weight, std=FIRST_DEVIATION)
            nn.init.zeros_(module.in_proj_bias)
        else:
            super()._init_weights(module)

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.language_model.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module | None:
        return self.language_model.get_output_embeddings()

    def set_output_embeddings(self, new_embeddings: nn.Module) -> None:
        self.language_model.set_output_embeddings(new_embeddings)

    def visual_features(
        self, pixel_values: Float[Tensor, "image channel height width"]
    ) -> Float[Tensor, "image patch feature"]:
        """What the tower sees in some pictures, reduced: all that a picture needs to be kept as while the tower is frozen."""
        pixel_values = pixel_values.to(next(self.vision_tower.parameters()).dtype)
        states = states_at(self.vision_tower, pixel_values, self.config.vision_feature_layer)[:, self.config.dropped :]
        connector = Connector(**self.config.connector)
        return states if connector.reduction == "none" else REDUCTIONS[connector.reduction](states, connector.factor)

    def visual_tokens(self, features: Float[Tensor, "image patch feature"]) -> Float[Tensor, "image visual_token dim"]:
        """The same pictures as the language model reads them."""
        return self.multi_modal_projector(features.to(next(self.multi_modal_projector.parameters()).dtype))

    def embed(
        self,
        input_ids: Int[Tensor, "row token"],
        pixel_values: Float[Tensor, "image channel height width"] | None = None,
        features: Float[Tensor, "image patch feature"] | None = None,
    ) -> Float[Tensor, "row token dim"]:
        """Tokens as vectors, visual ones in the places of the image token, picture after picture and row after row.

        Args:
            features: of `visual_features`, in place of the pixels.

        Raises:
            UserError: there is room for more or for fewer pictures than there are.
        """
        embedded = self.get_input_embeddings()(input_ids)
        places = input_ids == self.config.image_token_id
        pictures = len(features) if features is not None else 0 if pixel_values is None else len(pixel_values)
        each, room = self.config.visual_tokens, int(places.sum())
        if room != pictures * each:
            raise UserError(
                f"The text has room for {room:,} visual tokens, and {pictures:,} pictures of {each:,} each make "
                f"{pictures * each:,}; give every picture {each:,} image tokens in the text, as the processor does."
            )
        if not pictures:
            if embedded.requires_grad or not (self.training and torch.is_grad_enabled()):
                return embedded
            # Behind frozen words the connector alone may train, and every process and part of a step needs a gradient, even 0.
            features = embedded.new_zeros(0, *self.config.features)
        if features is None:
            assert pixel_values is not None
            features = self.visual_features(pixel_values)
        return embedded.masked_scatter(places.unsqueeze(-1), self.visual_tokens(features).to(embedded))

    def forward(
        self,
        input_ids: Int[Tensor, "row token"] | None = None,
        position_ids: Int[Tensor, "row token"] | None = None,
        attention_mask: Any = None,
        pixel_values: Float[Tensor, "image channel height width"] | None = None,
        features: Float[Tensor, "image patch feature"] | None = None,
        labels: Int[Tensor, "row token"] | None = None,
        inputs_embeds: Float[Tensor, "row token dim"] | None = None,
        past_key_values: Any = None,
        use_cache: bool | None = None,
        logits_to_keep: Any = 0,
        **options: Any,
    ) -> ChatOutput:
        """What comes next after each token.

        Rows may be packed: with `position_ids` that begin anew, and no mask and no cache, no conversation sees another.

        Args:
            attention_mask: 1 for a token and 0 for padding, [row, token], or what `generate` makes of that.
            features: of `visual_features`, in place of the pixels.
            labels: the token itself where it is learnt, -100 elsewhere; not shifted. The loss is
                `isogloss.losses.language_model.language_model_loss(output.logits, output.targets)`.
            inputs_embeds: of `embed`, in place of tokens and pictures.
            use_cache: None for a cache only where one is given, since Transformers takes no rows for packed that have one.
            logits_to_keep: the last so many places alone, or which, as the language model takes it; labels say it themselves.
            options: of the language model.
        """
        if inputs_embeds is None:
            assert input_ids is not None
            # Tokens that follow what is cached are the model's own, and no picture comes with them.
            alone = past_key_values is not None and pixel_values is None and features is None
            inputs_embeds = (
                self.get_input_embeddings()(input_ids) if alone else self.embed(input_ids, pixel_values, features)
            )
        learnt = targets = visual = None
        if labels is not None:
            assert input_ids is not None and inputs_embeds is not None
            visual = inputs_embeds[input_ids == self.config.image_token_id]
            learnt, targets = next_tokens(labels, position_ids)
            logits_to_keep = 0
        options.pop("return_dict", None)
        with read_alone(self.get_output_embeddings(), learnt):
            output = self.language_model(
                inputs_embeds=inputs_embeds,
                position_ids=position_ids,
                attention_mask=attention_mask,
                past_key_values=past_key_values,
                use_cache=past_key_values is not None if use_cache is None else use_cache,
                logits_to_keep=logits_to_keep,
                **options,
            )
        return ChatOutput(
            output.logits,
            targets,
            visual,
            output.past_key_values,
            output.get("hidden_states"),
            output.get("attentions"),
        )

    @torch.no_grad()
    def generate(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        input_ids: Int[Tensor, "row token"],
        pixel_values: Float[Tensor, "image channel height width"] | None = None,
        features: Float[Tensor, "image patch feature"] | None = None,
        **options: Any,
    ) -> Any:
        """What the model writes after some rows of text and pictures: `GenerationMixin.generate` with all of its options.

        Rows of different length are padded on the left, with an `attention_mask`. Pictures are encoded once, before beams
        or samples multiply the rows.

        Args:
            features: of `visual_features`, in place of the pixels, such as those of a conversation's earlier turns.
            options: of `GenerationMixin.generate`, such as max_new_tokens, num_beams, do_sample, streamer.

        Returns:
            The rows with what was written after them.
        """
        embedded = self.embed(input_ids, pixel_values, features)
        written: Any = super()  # of which Transformers declares more than it needs
        return written.generate(input_ids, inputs_embeds=embedded, **options)


AutoModelForImageTextToText.register(ChatConfig, ChatModel, exist_ok=True)
