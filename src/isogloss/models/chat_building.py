"""The chat model built of a vision tower and a language model, and the processor that feeds it."""

from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, LlavaProcessor, PretrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from isogloss.data.conversations import IMAGE
from isogloss.errors import UserError
from isogloss.models.chat import ChatModel
from isogloss.models.chat_config import ChatConfig
from isogloss.models.chat_processor import chat_processor, chat_tokenizer
from isogloss.models.connector import Connector
from isogloss.models.hub import is_path, place
from isogloss.models.image_processor import picture_size
from isogloss.models.lm import check_packing
from isogloss.models.tower import FAILURES, Tower, absent, build_tower, lacks_weights, reason, tower_config
from isogloss.models.towers import tower_image_processor
from isogloss.models.visual_tokens import STRATEGIES, sight, suited_layer, suited_strategy


def build_chat(
    vision: Tower,
    language_model: Tower,
    connector: Connector,
    *,
    image_size: int | None = None,
    vision_feature_layer: int | None = None,
    vision_feature_select_strategy: str | None = None,
    chat_template: str | None = None,
) -> tuple[ChatModel, LlavaProcessor]:
    """A chat model, whose connector alone has random weights unless a tower has them too, and the processor that feeds it.

    Args:
        vision: whose pooling is not read; the vision half of a pair, such as one of our own dual encoders.
        language_model: a causal one, whose pooling is not read either.
        image_size: of the square pictures, in pixels; None takes the vision tower's own.
        vision_feature_layer: of the tower, from whose states visual tokens are made; None for the last but one of a
            transformer, and for the last of others.
        vision_feature_select_strategy: None for the patches alone.
        chat_template: a Jinja file; None for the language model's own.

    Raises:
        UserError: a tower or the template is absent, is of another kind or does not fit, or the language model cannot read
            packed rows.
    """
    if vision.tokenizer is not None:
        raise UserError("A vision tower reads no text; set language_model.tokenizer and not vision.tokenizer.")
    if vision_feature_select_strategy not in (None, *STRATEGIES):
        raise UserError(
            f"There is no vision_feature_select_strategy '{vision_feature_select_strategy}'; choose one of "
            f"{', '.join(STRATEGIES)}."
        )
    tokenizer = chat_tokenizer(language_model, chat_template)
    text_config = _text_config(language_model, tokenizer)
    # The states are read and no pooled output is, so a tower may lack what makes one.
    vision_tower, _ = build_tower(replace(vision, pooling="mean"), "vision")
    image_processor = tower_image_processor(vision, vision_tower.config, image_size)
    side = picture_size(image_processor).side
    layer = suited_layer(vision_tower, side) if vision_feature_layer is None else vision_feature_layer
    seen = sight(vision_tower, side, layer)
    writer = _language_model(language_model, text_config)
    check_packing(writer)
    config = ChatConfig(
        vision_config=vision_tower.config,
        text_config=writer.config,
        connector=asdict(connector),
        sight=asdict(seen),
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=layer,
        vision_feature_select_strategy=vision_feature_select_strategy or suited_strategy(seen.prefix),
    )
    model = ChatModel(config, vision_tower=vision_tower, language_model=writer)
    if config.image_token_id >= text_config.vocab_size:
        # After the whole is put together, which gives random weights to every part that was not there before. The new
        # token's own embedding is never read, so it need not resemble the others.
        writer.resize_token_embeddings(config.image_token_id + 1, mean_resizing=False)
    model.generation_config = writer.generation_config
    _end_replies(model, tokenizer)
    return model.eval(), chat_processor(image_processor, tokenizer, config)


def _end_replies(model: ChatModel, tokenizer: Any) -> None:
    """What ends a reply and fills up a batch where the language model does not say it; and that it draws no pictures."""
    settings: Any = model.generation_config
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        if getattr(settings, name) is None:
            setattr(settings, name, getattr(tokenizer, name))
    settings.suppress_tokens = sorted({*(settings.suppress_tokens or ()), model.config.image_token_id})


def _text_config(tower: Tower, tokenizer: Any) -> PretrainedConfig:
    config = tower_config(tower, "text")
    if config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise UserError(
            f"{tower.model or config.model_type} cannot be the language model, since a {config.model_type} does not write; "
            "choose a causal language model."
        )
    if tower.model is None and "vocab_size" not in tower.config:
        config.vocab_size = len(tokenizer)
    known = 1 + max(number for token, number in tokenizer.get_vocab().items() if token != IMAGE)
    if known > config.vocab_size:
        raise UserError(
            f"The tokenizer '{tower.tokenizer or tower.model}' has {known:,} tokens and the language model embeds "
            f"{config.vocab_size:,}; give a language model and a tokenizer that belong together."
        )
    if not tower.pretrained:  # by whose numbers models find padding and ends
        for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
            setattr(config, name, getattr(tokenizer, name))
    return config


def _language_model(tower: Tower, config: PretrainedConfig) -> PreTrainedModel:
    """A causal language model, in float32 whatever it was saved in: small steps are lost in half precision."""
    load: Any = AutoModelForCausalLM
    if not tower.pretrained:
        try:
            return load.from_config(config, dtype=torch.float32)
        except FAILURES as error:
            raise UserError(f"The language model's config makes no model: {reason(error)}; correct it.") from error
    name = str(tower.model)
    try:
        model, report = load.from_pretrained(place(name), output_loading_info=True, dtype=torch.float32)
    except FAILURES as error:
        raise absent(name, "language model", error) from error
    tensors: dict[str, Tensor] = model.state_dict(keep_vars=True)
    lacking = sorted(path for path in report["missing_keys"] if path in tensors)
    if lacking:
        raise lacks_weights(f"The language model '{name}'", lacking, "restore it or name another")
    model.config.name_or_path = "" if is_path(name) else name  # a saved model names no place on this machine
    return model
