"""Recipes: everything that decides a run, as frozen dataclasses, read from a name or a Python file and saved as JSON."""

import importlib
import importlib.util
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

from isogloss.data.augment import Augmentation
from isogloss.errors import UserError, unknown
from isogloss.models.towers import Setting, Tower
from isogloss.recipes import recipe_names
from isogloss.train.training import Training


def _check_whole(part: Any, *names: str) -> None:
    for name in names:
        if getattr(part, name) < 1:
            raise UserError(f"{name} is {getattr(part, name)}; give a whole number of at least 1.")


def _check_share(part: Any, name: str) -> None:
    if not 0 <= getattr(part, name) <= 1:
        raise UserError(f"{name} is {getattr(part, name)}; give a share between 0 and 1.")


def _check_weight(part: Any, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(part, name) < math.inf:
            raise UserError(f"{name} is {getattr(part, name)}; give a weight of at least 0.")


@dataclass(frozen=True)
class ParallelData:
    """Which pictures and captions a dual encoder trains on.

    Args:
        dataset: a dataset folder.
        languages: that are trained, all in parallel.
        sources: captions of these sources only, such as "cldr:name"; none for all.
        images_per_step: over all processes together.
        captions_per_language: of one image in one step.
        hidden_tokens: the share of a caption's tokens that the mask replaces in training, so that no single word is
            leant on; needs a tokenizer with a mask token.
        image_size: of the square pictures, in pixels; None for the vision tower's own.
        keep_pictures: decoded, in memory.
        threads: that decode one batch.
        augmentation: of the pictures; all bounds 0 for none.
    """

    dataset: str
    languages: tuple[str, ...] = ("en",)
    sources: tuple[str, ...] = ()
    images_per_step: int = 96
    captions_per_language: int = 1
    hidden_tokens: float = 0.0
    image_size: int | None = None
    keep_pictures: bool = False
    threads: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if not self.languages:
            raise UserError("languages is empty; name at least one language to train.")
        twice = [tag for number, tag in enumerate(self.languages) if tag in self.languages[:number]]
        if twice:
            raise UserError(f"languages names '{twice[0]}' more than once; name each language once.")
        _check_whole(self, "images_per_step", "captions_per_language", "threads")
        if self.image_size is not None:
            _check_whole(self, "image_size")
        _check_share(self, "hidden_tokens")


@dataclass(frozen=True)
class ClipRecipe:
    """A dual encoder: two towers, a projection each, and the objective over all languages.

    Args:
        objective: "parallel", where all translations are targets of an image, or "per_language", a CLIP loss each.
        projection_dim: of the common space.
        text_tokens: the most of a caption.
    """

    data: ParallelData
    vision: Tower
    text: Tower
    objective: Literal["parallel", "per_language"] = "parallel"
    projection_dim: int = 512
    text_tokens: int = 64
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        _check_whole(self, "projection_dim", "text_tokens")


@dataclass(frozen=True)
class TextData:
    """Which captions, without their pictures, a text encoder trains on.

    Args:
        dataset: a dataset folder; its training split alone is read.
        languages: none for all that it has.
        sources: captions of these sources only; none for all.
        meanings_per_step: pictures whose captions are read, each in two languages, over all processes together.
    """

    dataset: str
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    meanings_per_step: int = 128

    def __post_init__(self) -> None:
        _check_whole(self, "meanings_per_step")


@dataclass(frozen=True)
class TextRecipe:
    """A text encoder trained on text alone, the stand-in for XLM-R, and its tokenizer.

    Args:
        config: of a Transformers masked language model, without vocab_size.
        vocabulary: how many tokens the tokenizer learns.
        tokens: the most of a caption.
        hidden_tokens: the share of tokens that the mask replaces (arXiv 1810.04805 hides 0.15).
        masked: the weight of masked language modelling, of the hidden tokens; 0 leaves it out.
        aligned: the weight of the contrastive loss between a caption and its translation; 0 leaves it out.
    """

    data: TextData
    config: dict[str, Setting]
    vocabulary: int = 8000
    tokens: int = 64
    hidden_tokens: float = 0.15
    masked: float = 1.0
    aligned: float = 0.0
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        _check_whole(self, "vocabulary", "tokens")
        _check_share(self, "hidden_tokens")
        _check_weight(self, "masked", "aligned")
        if not (self.masked or self.aligned):
            raise UserError("masked and aligned are both 0, which trains nothing; give one of them a weight above 0.")
        if self.masked and not self.hidden_tokens:
            raise UserError(
                f"hidden_tokens is 0, so that there is no token for masked language modelling (masked is {self.masked:g}) "
                "to find; give a share such as 0.15, or a weight of 0 to masked."
            )


Recipe = ClipRecipe | TextRecipe


def load_recipe(name: str) -> Recipe:
    """The `recipe` of a module of isogloss.recipes, or of a Python file.

    Raises:
        UserError: there is no such recipe (the nearest is named), or the file defines none.
    """
    if name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise UserError(f"There is no recipe file {path}; give the path of a Python file that defines `recipe`.")
        specification = importlib.util.spec_from_file_location(path.stem, path)
        assert specification is not None and specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        try:
            specification.loader.exec_module(module)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"The recipe file {path} fails: {type(error).__name__}: {error}.") from error
    elif name in recipe_names():
        module = importlib.import_module(f"isogloss.recipes.{name}")
    else:
        raise unknown("recipe", name, recipe_names())
    recipe = getattr(module, "recipe", None)
    if not isinstance(recipe, Recipe):
        raise UserError(
            f"{name} defines no `recipe` that is a {' or a '.join(kind.__name__ for kind in KINDS.values())}."
        )
    return recipe


KINDS: Mapping[str, type[ClipRecipe] | type[TextRecipe]] = {"clip": ClipRecipe, "text": TextRecipe}


def to_json(recipe: Recipe) -> dict[str, Any]:
    """A recipe as JSON has it, with the `family` that it belongs to."""
    family = next(name for name, kind in KINDS.items() if isinstance(recipe, kind))
    return {"family": family, **json.loads(json.dumps(asdict(recipe)))}


def different_fields(one: Any, other: Any, path: str = "") -> list[str]:
    """The fields, by their path, in which two recipes as JSON differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        found = [different_fields(one.get(key), other.get(key), f"{path}.{key}".lstrip(".")) for key in keys]
        return [path for paths in found for path in paths]
    return [] if one == other else [path]


def field_paths(recipe: Any, prefix: str = "") -> list[str]:
    """The command-line names of a recipe's fields, such as "training.optimisation.learning-rate"."""
    paths: list[str] = []
    for entry in fields(recipe):
        path, value = f"{prefix}{entry.name}".replace("_", "-"), getattr(recipe, entry.name)
        if is_dataclass(value):
            paths += field_paths(value, f"{path}.")
        elif isinstance(value, dict):
            paths += [f"{path}.{key}".replace("_", "-") for key in value]
        else:
            paths.append(path)
    return paths
