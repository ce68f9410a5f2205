"""The recipe of a paint model: a frozen text side, an adapter, and a UNet that learns to paint what it is told."""

from dataclasses import dataclass, field
from typing import Literal

from isogloss.errors import UserError
from isogloss.losses.denoise import Denoising
from isogloss.models.adapter import Adapter
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.lora import Lora
from isogloss.models.paint_text import Reading
from isogloss.models.tower import Tower
from isogloss.train.checks import check_share, check_weight, check_whole
from isogloss.train.stages import Stage
from isogloss.train.training import Training


@dataclass(frozen=True)
class PaintData:
    """Which pictures and captions a paint model trains on.

    Args:
        dataset: a dataset folder.
        languages: whose captions are read; of a picture that has some in several, each is as likely in a step.
        shares: of the pictures, 0 to 1, whose captions in a language are read, by its tag; all of them for one that is not
            named. A smaller share is a part of a larger one.
        sources: captions of these sources only; none for all.
        images_per_step: over all processes together.
        image_size: of the square pictures, in pixels; None for what the UNet was made for.
        crop: of pictures that are no squares, "centre", or "random" for another part in every step.
        keep_pictures: decoded, in memory.
        threads: that decode one batch.
    """

    dataset: str
    languages: tuple[str, ...] = ("en",)
    shares: dict[str, float] = field(default_factory=dict[str, float])
    sources: tuple[str, ...] = ()
    images_per_step: int = 64
    image_size: int | None = None
    crop: Literal["centre", "random"] = "centre"
    keep_pictures: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        if not self.languages:
            raise UserError("languages is empty; name at least one language to learn from.")
        twice = [tag for number, tag in enumerate(self.languages) if tag in self.languages[:number]]
        if twice:
            raise UserError(f"languages names '{twice[0]}' more than once; name each language once.")
        check_whole(self, "images_per_step", "threads")
        if self.image_size is not None:
            check_whole(self, "image_size")
        for language, share in self.shares.items():
            if language not in self.languages:
                raise UserError(f"shares names '{language}', which languages leaves out; add it there.")
            if not 0 <= share <= 1:
                raise UserError(f"The share of '{language}' is {share}; give a share between 0 and 1.")


@dataclass(frozen=True)
class Sheet:
    """The pictures that are drawn beside the log at each validation: a prompt a row, a language a column.

    Args:
        prompts: how many captions of the validation split; 0 for no sheet.
        languages: in which they are drawn; none for those that are trained and others of the dataset, eight at most.
        steps: of the scheduler.
        guidance: how much more the prompt counts than the empty one; 1 for no guidance.
    """

    prompts: int = 4
    languages: tuple[str, ...] = ()
    steps: int = 20
    guidance: float = 3.0

    def __post_init__(self) -> None:
        check_weight(self, "prompts", "guidance")
        check_whole(self, "steps")


@dataclass(frozen=True)
class PaintRecipe:
    """A paint model (VisCPM-Paint, arXiv 2308.12038).

    Args:
        text: a text encoder or a language model: a Hub name, a folder, a run of ours, or a recipe of one, which is trained
            first. It stays as it comes.
        unet: of Diffusers, from a Stable Diffusion checkpoint or a config.
        vae: a Hub name or a folder that has one; None to paint pixels. It stays as it comes.
        reading: which of the text side's states are read.
        adapter: from these to the UNet's cross attention.
        denoising: how pictures are made noisy, what is predicted, and how steps are weighed.
        start: the folder of a paint model to go on from, as another run saved it, in place of its parts above.
        dropped: the share of captions that are read as the empty prompt, for classifier-free guidance (arXiv 2207.12598).
        ema: the decay of the average of weights that is validated and saved; 0 to save the weights themselves.
        lora: adapters of the UNet's attention in place of its own weights; none with a rank of 0.
        stages: what is frozen from when on: parts of `adapter` and `unet`.
        keep_text: have the states of all captions made once, on the disk.
        keep_latents: have the latents of all pictures made once, on the disk, where there is a VAE.
        kept: where these lie, for runs that share them; None for the run's own folder, which is emptied at the end.
    """

    data: PaintData
    text: Tower
    unet: DiffusersPart
    vae: str | None = None
    reading: Reading = field(default_factory=Reading)
    adapter: Adapter = field(default_factory=Adapter)
    denoising: Denoising = field(default_factory=Denoising)
    start: str | None = None
    dropped: float = 0.1
    ema: float = 0.0
    lora: Lora = field(default_factory=Lora)
    stages: tuple[Stage, ...] = ()
    keep_text: bool = True
    keep_latents: bool = True
    kept: str | None = None
    sheet: Sheet = field(default_factory=Sheet)
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_share(self, "dropped")
        if not 0 <= self.ema < 1:
            raise UserError(f"ema is {self.ema}; give a decay from 0 to below 1, such as 0.999, or 0 for none.")
        if self.vae is not None and self.keep_latents and self.data.crop == "random":
            raise UserError("Latents of random parts cannot be kept; set crop to centre, or keep_latents to false.")
        if self.training.micro_batches > self.data.images_per_step:
            raise UserError(
                f"A step of {self.data.images_per_step} images has no {self.training.micro_batches} parts; set micro_batches "
                "to fewer."
            )
