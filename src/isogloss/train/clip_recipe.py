"""The recipe of a dual encoder."""

from dataclasses import dataclass, field
from typing import Literal

from isogloss.data.augment import Augmentation
from isogloss.errors import UserError
from isogloss.models.towers import Tower
from isogloss.train.checks import check_share, check_undivided, check_whole
from isogloss.train.training import Training


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
        check_whole(self, "images_per_step", "captions_per_language", "threads")
        if self.image_size is not None:
            check_whole(self, "image_size")
        check_share(self, "hidden_tokens")


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
        check_whole(self, "projection_dim", "text_tokens")
        check_undivided(self)
