"""A chat model, and a language model, as shapes alone: what a step of a stage reads, and its forward pass."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, PretrainedConfig

from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import IMAGE
from isogloss.data.dataset import Dataset
from isogloss.data.packing import pack, row_length
from isogloss.errors import UserError
from isogloss.models.chat import ChatModel
from isogloss.models.chat_config import ChatConfig
from isogloss.models.chat_processor import chat_tokenizer
from isogloss.models.lora import Lora
from isogloss.models.tower import Tower, build_tower, tower_config
from isogloss.models.visual_tokens import sight, suited_layer, suited_strategy
from isogloss.recipes import recipe_names
from isogloss.train.chat_reading import mixed
from isogloss.train.chat_recipe import ChatRecipe, ChatStage
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.recipe import load_recipe
from isogloss.train.step_shapes import StepShapes, picture_side
from isogloss.train.training import Training

# Of a caption's conversation, besides the caption: the request and what the template writes (ChatML, ten languages: 15 to 30).
_REQUEST = 24
# Pictures that are looked at together where their features are kept (`isogloss.train.features`).
_TOGETHER = 64

Forward = Callable[[], Sequence[Tensor]]


@dataclass(frozen=True)
class ChatRun:
    """One stage of a chat recipe, which is a run of its own."""

    recipe: ChatRecipe
    stage: ChatStage

    @property
    def training(self) -> Training:
        return self.stage.training


def chat_shape(run: ChatRun, bfloat16: bool) -> ChatModel:
    """The model of a stage without weights, made among shapes alone.

    Args:
        bfloat16: whether what is frozen of the language model is held in it (`isogloss.train.half`).
    """
    vision, side = run.recipe.vision, run.recipe.data.image_size
    if vision.model in recipe_names():
        earlier = load_recipe(str(vision.model))
        if not isinstance(earlier, ClipRecipe):
            raise UserError(f"The eyes '{vision.model}' are a recipe, but of no dual encoder; name one that is.")
        vision, side = earlier.vision, side or earlier.data.image_size
    writer = run.recipe.language_model
    if writer.model in recipe_names():
        earlier = load_recipe(str(writer.model))
        if not isinstance(earlier, LanguageModelRecipe):
            raise UserError(f"The language model '{writer.model}' is a recipe, but of none; name one that is.")
        writer = Tower(config={**earlier.config, "vocab_size": earlier.vocabulary})
    vision_config, text_config = tower_config(vision, "vision"), tower_config(writer, "text")
    side = side or picture_side(vision, vision_config)
    tower, _ = build_tower(replace(vision, random_weights=True, pooling="mean"), "vision", vision_config)
    chosen = run.recipe.vision_feature_layer
    layer = suited_layer(tower, side) if chosen is None else chosen
    seen = sight(tower, side, layer)
    published = text_config.dtype  # which making the model changes
    language_model = _writer(text_config)
    if bfloat16 and published in (torch.bfloat16, "bfloat16") and (run.stage.lora.rank or run.stage.words_rest):
        tables = {id(module.weight) for module in language_model.modules() if isinstance(module, nn.Embedding)}
        for module in language_model.modules():
            if isinstance(module, nn.Linear) and id(module.weight) not in tables:
                module.weight = nn.Parameter(module.weight.detach().bfloat16())
    config = ChatConfig(
        vision_config=tower.config,
        text_config=language_model.config,
        connector=asdict(run.recipe.connector),
        sight=asdict(seen),
        vision_feature_layer=layer,
        vision_feature_select_strategy=suited_strategy(seen.prefix),
    )
    model = ChatModel(config, vision_tower=tower, language_model=language_model)
    if run.stage.lora.rank:
        _adapt(model.language_model, run.stage.lora)
    return model


class _Adapted(nn.Module):
    """A linear layer with an adapter, since PEFT makes none of shapes alone."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        return self.base(states) + self.up(self.down(states))


def _adapt(language_model: Any, lora: Lora) -> None:
    """Adapters at the layers that `isogloss.models.lora` chooses, beside which all else rests."""
    language_model.requires_grad_(requires_grad=False)
    head = language_model.get_output_embeddings()
    for name, layer in list(language_model.named_modules()):
        chosen = not lora.modules or any(name == one or name.endswith(f".{one}") for one in lora.modules)
        if isinstance(layer, nn.Linear) and layer is not head and chosen:
            parent, _, last = name.rpartition(".")
            setattr(language_model.get_submodule(parent), last, _Adapted(layer, lora.rank))


def chat_step(run: ChatRun, config: ChatConfig, *, images: int | None, tokens: int) -> StepShapes:
    """What a step of a stage reads: counted in the dataset where that and the tokenizer are there, else assumed.

    Captions are assumed to be `tokens` long, conversations and texts as long as a row, which is the most that they can be.
    """
    stage, each = run.stage, run.stage.conversations_per_step
    beside = 0 if stage.texts.dataset is None else stage.texts.conversations_per_step
    epoch = None if images is None else max(1, images // each)
    asked = config.visual_tokens + tokens + _REQUEST
    length, learnt = (asked, tokens) if stage.source == "captions" else (stage.row_tokens, stage.row_tokens)
    lengths, learnt_tokens, pictures, counted = [min(length, stage.row_tokens)] * each, learnt * each, each, False
    if stage.source != "captions":
        learnt_tokens -= each * min(config.visual_tokens, learnt)
    lengths += [stage.row_tokens] * beside
    learnt_tokens += stage.row_tokens * beside
    named = (run.recipe.data.dataset, stage.texts.dataset or run.recipe.data.dataset)
    if all((Path(name) / "dataset.json").is_file() for name in named):
        parts, mixture = mixed(Dataset.open(run.recipe.data.dataset), stage)
        epoch = mixture.steps_per_epoch
        tokenizer = _tokenizer(run.recipe.language_model, run.recipe.chat_template)
        if tokenizer is not None:
            number = tokenizer.convert_tokens_to_ids(IMAGE)
            encode = ChatTokens(tokenizer, number, config.visual_tokens, stage.row_tokens).encode
            found = [one for one in (encode(parts[name][row]) for name, row in mixture.taken(0)) if one is not None]
            lengths, counted = [len(one.input_ids) for one in found], True
            learnt_tokens = sum(int(one.learnt.sum()) for one in found)
            pictures = sum(len(one.images) for one in found)
    groups = (_rows(lengths, stage.row_tokens),)
    return StepShapes(pictures, tuple(lengths), groups, epoch, counted, learnt_tokens, "conversations")


def _rows(lengths: Sequence[int], most: int) -> tuple[int, int]:
    """How many rows conversations are packed into, and how long these are."""
    length = row_length(lengths, most)
    return len(pack(lengths, length)), length


def _tokenizer(tower: Tower, chat_template: str | None) -> Any:
    if tower.model in recipe_names():
        return None
    try:
        return chat_tokenizer(tower, chat_template)
    except UserError:
        return None


def chat_forward(model: ChatModel, shapes: StepShapes, *, kept: bool, first: bool) -> Forward:
    """A step's forward pass.

    Args:
        kept: whether features of the pictures are kept, and not made in the step's graph.
        first: whether they are made for the first time.
    """
    side = model.config.sight["side"]
    ((rows, tokens),) = shapes.groups

    def forward() -> Sequence[Tensor]:
        embedded = model.get_input_embeddings()(torch.zeros(rows, tokens, dtype=torch.int64))
        if shapes.images:
            if kept and first:
                with torch.no_grad():
                    for start in range(0, shapes.images, _TOGETHER):
                        model.visual_features(torch.empty(min(_TOGETHER, shapes.images - start), 3, side, side))
            pixels = torch.empty(0 if kept else shapes.images, 3, side, side)
            made = torch.empty(shapes.images, *model.config.features) if kept else model.visual_features(pixels)
            places = torch.zeros(rows, tokens, 1, dtype=torch.bool)
            embedded = embedded.masked_scatter(places, model.visual_tokens(made).to(embedded.dtype))
        return [_written(model.language_model, embedded, shapes)]

    return forward


def writer_forward(model: Any, shapes: StepShapes) -> Forward:
    """A step's forward pass of a language model alone."""
    ((rows, tokens),) = shapes.groups

    def forward() -> Sequence[Tensor]:
        embedded = model.get_input_embeddings()(torch.zeros(rows, tokens, dtype=torch.int64))
        return [_written(model, embedded, shapes)]

    return forward


def writer_step(recipe: LanguageModelRecipe) -> StepShapes:
    """What a step of a language model's training reads at most: its tokenizer, which tells, is learnt first."""
    each, length = recipe.data.conversations_per_step, recipe.tokens
    groups = (_rows([length] * each, recipe.data.row_tokens),)
    return StepShapes(0, (length,) * each, groups, None, False, length * each, "conversations")


def writer_shape(recipe: LanguageModelRecipe) -> nn.Module:
    """The language model of a recipe without weights, made among shapes alone."""
    shape = tower_config(Tower(config={**recipe.config, "vocab_size": recipe.vocabulary}), "text")
    return _writer(shape)


def _writer(config: PretrainedConfig) -> Any:
    make: Any = AutoModelForCausalLM
    model = make.from_config(config, dtype=torch.float32)
    model.tie_weights()  # which Transformers leaves where it leaves first values
    return model


def _written(writer: Any, embedded: Tensor, shapes: StepShapes) -> Tensor:
    rows, tokens, _ = embedded.shape
    # Conversations of a row are kept apart by a mask, whose places are not known here; its size is.
    mask = torch.ones(rows, 1, tokens, tokens, dtype=torch.bool)
    positions = torch.zeros(rows, tokens, dtype=torch.int64)
    read = writer.base_model(inputs_embeds=embedded, attention_mask=mask, position_ids=positions, use_cache=False)
    learnt = read.last_hidden_state.flatten(0, 1)[torch.zeros(shapes.learnt, dtype=torch.int64)]
    return writer.get_output_embeddings()(learnt)
