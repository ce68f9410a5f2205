"""Chat models on the disk: as LLaVA's of Transformers wherever that can hold them, else as our own."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoProcessor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PretrainedConfig,
    PreTrainedModel,
)

from isogloss.errors import UserError
from isogloss.models.chat import ChatModel
from isogloss.models.chat_config import ChatConfig
from isogloss.models.connector import Connector
from isogloss.models.image_processor import picture_size
from isogloss.models.tower import FAILURES, lacks_weights, reason
from isogloss.models.visual_tokens import Sight, patch_grid, sight
from isogloss.saved import check_model
from isogloss.saving import new_folder

# By which some language models change their logits after the head, which LLaVA's class does not.
_AFTER_THE_HEAD = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier")


def llava_problem(config: ChatConfig) -> str | None:
    """Why Transformers' LLaVA cannot hold a chat model of this shape, as the end of a sentence; None where it can."""
    connector, vision, text = Connector(**config.connector), config.vision_config, config.text_config
    if connector.kind != "mlp":
        return f"its connector is a {connector.kind}, and LLaVA's an mlp"
    if connector.reduction != "none":
        return f"its visual tokens are reduced by {connector.reduction}, and LLaVA's are as many as the patches"
    seen = Sight(**config.sight)
    if config.vision_feature_select_strategy == "patches" and seen.prefix > 1:
        return (
            f"{seen.prefix} states before the patches are left out, and LLaVA leaves out one or none: set "
            "vision_feature_select_strategy to full or default"
        )
    if patch_grid(vision, seen.side) ** 2 + seen.prefix != seen.tokens or seen.width != vision.hidden_size:
        return f"its vision tower, a {vision.model_type}, has no state of one width for each patch of one size"
    changed = [name for name in _AFTER_THE_HEAD if getattr(text, name, None) not in (None, 1, 1.0)]
    if changed:
        return f"its language model, a {text.model_type}, changes its logits by {changed[0]}"
    with torch.device("meta"):
        writer = AutoModelForCausalLM.from_config(text)
    head: Any = writer.get_output_embeddings()
    if (
        not isinstance(head, nn.Linear)
        or getattr(head, "bias", None) is not None
        or not hasattr(writer.base_model, "embed_tokens")
    ):
        return f"its language model, a {text.model_type}, has other parts than embed_tokens, layers and a head without bias"
    return None


def save_chat(model: ChatModel, processor: LlavaProcessor, folder: Path) -> None:
    """Save a chat model and its processor, whole or not at all: as LLaVA's where `llava_problem` finds nothing.

    Raises:
        UserError: something exists there, the disk is full, or the place cannot be written.
    """
    saved = model if llava_problem(model.config) else as_llava(model)
    with new_folder(folder) as partial:
        saved.save_pretrained(partial)
        processor.save_pretrained(partial)


def chat_config(folder: str | Path) -> ChatConfig | LlavaConfig:
    """The shape of a saved chat model, with the float type that it was saved in as its `dtype`.

    Raises:
        UserError: the folder holds none.
    """
    check_model(Path(folder), "runs/demo-chat/seed-0/stated")
    try:
        config: Any = AutoConfig.from_pretrained(folder)
    except FAILURES as error:
        raise _unreadable(folder, error) from error
    if not isinstance(config, ChatConfig | LlavaConfig):
        raise UserError(
            f"{folder} holds no chat model, but one of the kind {config.model_type}; name the folder of a finished run."
        )
    return config


def _unreadable(folder: str | Path, error: Exception) -> UserError:
    return UserError(f"{folder} holds no chat model that can be loaded ({reason(error)}); train one first.")


def load_chat(folder: str | Path, **options: Any) -> tuple[ChatModel, LlavaProcessor]:
    """A saved chat model and its processor, whichever of both ways it was saved; or anybody's LLaVA.

    Args:
        options: of Transformers' `from_pretrained`, such as a `quantization_config`, or a `dtype` other than that which it
            was saved in.

    Raises:
        UserError: the folder holds none, or not all of its weights.
    """
    config = chat_config(folder)
    try:
        kind: Any = ChatModel if isinstance(config, ChatConfig) else LlavaForConditionalGeneration
        model, report = kind.from_pretrained(folder, config=config, output_loading_info=True, **options)
        processor = AutoProcessor.from_pretrained(folder)
    except FAILURES as error:
        raise _unreadable(folder, error) from error
    if report["missing_keys"]:
        raise lacks_weights(str(folder), sorted(report["missing_keys"]), "restore it or train anew")
    if isinstance(config, LlavaConfig):
        model = of_llava(model, picture_size(processor.image_processor).side)
    return model.eval(), processor


def as_llava(model: ChatModel) -> LlavaForConditionalGeneration:
    """The same model as one of Transformers, of the very same weights."""
    shape = model.config
    config = LlavaConfig(
        vision_config=shape.vision_config,
        text_config=shape.text_config,
        image_token_index=shape.image_token_id,
        image_seq_length=shape.visual_tokens,
        vision_feature_layer=shape.vision_feature_layer,
        vision_feature_select_strategy="default" if shape.dropped else "full",
    )
    with torch.device("meta"):  # every part of it is replaced
        llava: Any = LlavaForConditionalGeneration(config)
    llava.model.vision_tower = _whole(model.vision_tower, shape.vision_config)
    llava.model.multi_modal_projector = model.multi_modal_projector
    llava.model.language_model = model.language_model.base_model
    llava.lm_head = model.language_model.get_output_embeddings()
    llava.generation_config = model.generation_config
    return llava.train(model.training)


def _whole(tower: PreTrainedModel, config: PretrainedConfig) -> PreTrainedModel:
    """The tower with all the parts that LLaVA makes it with; what is never read, such as a pooled output's layer, is 0.

    Left out, it would be reported as missing each time that the model is loaded.
    """
    with torch.device("meta"):
        wanted = AutoModel.from_config(config).state_dict().keys()
    if wanted == tower.state_dict().keys():
        return tower
    whole: Any = AutoModel.from_config(config, dtype=tower.dtype)
    for parameter in whole.parameters():
        nn.init.zeros_(parameter)
    whole.load_state_dict(tower.state_dict(keep_vars=True), strict=False, assign=True)
    return whole


def of_llava(llava: LlavaForConditionalGeneration, side: int) -> ChatModel:
    """A LLaVA of Transformers as a chat model, of the very same weights.

    Args:
        side: of the pictures that its processor makes, in pixels.

    Raises:
        UserError: its connector is of another kind, or reads several layers of its tower at once.
    """
    shape, parts = llava.config, llava.model
    if not isinstance(shape.vision_feature_layer, int):
        raise UserError("This LLaVA reads several layers of its vision tower; choose one that reads a single one.")
    if shape.projector_hidden_act != "gelu" or not shape.multimodal_projector_bias:
        raise UserError("This LLaVA's connector has another activation than GELU, or no biases; choose another one.")
    with torch.device("meta"):
        writer: Any = AutoModelForCausalLM.from_config(shape.text_config)
    setattr(writer, writer.base_model_prefix, parts.language_model)
    writer.set_output_embeddings(llava.lm_head)
    seen = sight(parts.vision_tower, side, shape.vision_feature_layer)
    config = ChatConfig(
        vision_config=parts.vision_tower.config,
        text_config=parts.language_model.config,
        sight=vars(seen),
        image_token_id=shape.image_token_index,
        vision_feature_layer=shape.vision_feature_layer,
        vision_feature_select_strategy=shape.vision_feature_select_strategy,
    )
    with torch.device("meta"):  # of which the connector alone is new, and is replaced
        model = ChatModel(config, parts.vision_tower, writer)
    model.multi_modal_projector.load_state_dict(
        parts.multi_modal_projector.state_dict(keep_vars=True), strict=True, assign=True
    )
    model.generation_config = llava.generation_config
    return model
