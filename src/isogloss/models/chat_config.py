"""The shape of a chat model."""

from dataclasses import asdict
from typing import Any

from transformers import AutoConfig, PretrainedConfig

from isogloss.models.connector import Connector, reduced
from isogloss.models.visual_tokens import Sight, dropped


class ChatConfig(PretrainedConfig):
    """The shape of a chat model.

    Args:
        vision_config, text_config: of the tower and the language model, as Transformers has them, or as dictionaries with a
            `model_type`.
        connector: the fields of a `Connector`.
        sight: the fields of a `Sight`: what the tower makes of a picture.
        image_token_id: of the token in whose place visual tokens are read.
        vision_feature_layer: the tower's layer whose states are read, numbered as Transformers does.
        vision_feature_select_strategy: "default", "full" or "patches" (`isogloss.models.visual_tokens`).
    """

    model_type = "isogloss_chat"
    sub_configs = {"vision_config": AutoConfig, "text_config": AutoConfig}  # pyright: ignore

    def __init__(
        self,
        vision_config: PretrainedConfig | dict[str, Any] | None = None,
        text_config: PretrainedConfig | dict[str, Any] | None = None,
        connector: dict[str, Any] | None = None,
        sight: dict[str, int] | None = None,
        image_token_id: int = 0,
        vision_feature_layer: int = -2,
        vision_feature_select_strategy: str = "default",
        **others: Any,
    ) -> None:
        self.connector = asdict(Connector()) if connector is None else connector
        # Of a ViT-B/16, as the default vision_config is.
        self.sight = {"side": 224, "tokens": 197, "prefix": 1, "width": 768} if sight is None else sight
        self.image_token_id = image_token_id
        self.vision_feature_layer = vision_feature_layer
        self.vision_feature_select_strategy: str = vision_feature_select_strategy
        super().__init__(**others)
        # After the parent, which would set the attention of models that are built already to none at all.
        self.vision_config = _config(vision_config, "vit")
        self.text_config = _config(text_config, "llama")

    @property
    def dropped(self) -> int:
        """How many states of a picture are left out at their start."""
        return dropped(self.vision_feature_select_strategy, self.sight["prefix"])

    @property
    def features(self) -> tuple[int, int]:
        """How many features a picture has, and how wide they are.

        Raises:
            UserError: the connector's reduction does not fit the tower.
        """
        seen = Sight(**self.sight)
        prefix = max(0, seen.prefix - self.dropped)
        return reduced(seen.tokens - self.dropped, prefix, seen.width, Connector(**self.connector))

    @property
    def visual_tokens(self) -> int:
        """How many tokens of the language model a picture takes."""
        connector = Connector(**self.connector)
        return connector.queries if connector.kind == "resampler" else self.features[0]


def _config(config: PretrainedConfig | dict[str, Any] | None, otherwise: str) -> PretrainedConfig:
    if isinstance(config, PretrainedConfig):
        return config
    fields = dict(config or {})
    return AutoConfig.for_model(fields.pop("model_type", otherwise), **fields)


AutoConfig.register(ChatConfig.model_type, ChatConfig, exist_ok=True)
