"""Pictures from prompts in any language."""

import logging
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from PIL import Image

from isogloss.errors import UserError
from isogloss.models.paint import PaintModel
from isogloss.models.paint_files import pipeline
from isogloss.models.paint_saving import as_pipeline
from isogloss.serve.paint_loading import check_scheduler, open_paint
from isogloss.serve.paint_prompts import clean_prompt
from isogloss.serve.painting import Painting, check_at_least_one, check_best_of, seeds_from
from isogloss.serve.ranking import Ranker
from isogloss.serve.safety import Safety
from isogloss.serve.unread import notes
from isogloss.translate.progress import Shown, unseen

# What the processor's memory says when it is full; a GPU's has an error of its own.
_FULL = ("not enough memory", "can't allocate memory")


@dataclass
class Painter:
    """A paint model that is asked for pictures.

    A picture's noise is that of its own seed, so it is the same whatever else is painted with it, but for the last digits
    of sums, whose order depends on how many pictures are painted at a time.

    Attributes:
        model, scheduler: of `isogloss.models.paint_saving.load_paint`.
        safety: what is refused, by default nothing.
        batch: how many pictures are painted at a time.
    """

    model: PaintModel
    scheduler: Any
    safety: Safety = field(default_factory=Safety)
    batch: int = 4
    _pipeline: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_at_least_one("batch", self.batch)
        self._pipeline = as_pipeline(self.model, self.scheduler)
        self._pipeline.set_progress_bar_config(disable=True)

    @classmethod
    def open(
        cls,
        model: str,
        *,
        device: str = "auto",
        scheduler: str | None = None,
        safety: Safety | None = None,
        batch: int = 4,
    ) -> "Painter":
        """A painter by the name of its model.

        Args:
            model: a run's folder, a folder with a saved model, or a name on the Hub.
            device: "auto", "cpu", "cuda" or one GPU of several, as "cuda:1".
            scheduler: of Diffusers, by name, such as "DPMSolverMultistep"; None for the model's own.

        Raises:
            UserError: there is no such model, device or scheduler, or the model's parts do not fit each other.
        """
        return cls(*open_paint(model, device=device, scheduler=scheduler), safety or Safety(), batch)

    def paint(
        self,
        prompt: str | Sequence[str],
        *,
        steps: int = 30,
        guidance: float = 4.0,
        negative: str | None = None,
        size: tuple[int, int] | None = None,
        seed: int = 0,
        count: int = 1,
        best_of: int = 1,
        ranker: Ranker | None = None,
        show: Shown = unseen,
    ) -> list[Image.Image]:
        """Pictures of a prompt, or of each of several, those of the first one first.

        Warns of what the model does not read of a prompt.

        Args:
            steps, guidance, negative, size: as of `isogloss.serve.painting.Painting`.
            seed: of the first picture of each prompt; the next one has the next seed.
            count: pictures of each prompt.
            best_of: pictures that are painted of each prompt, of which the `count` best are kept; with a `ranker`.
            ranker: that tells which are best, and puts them first.
            show: how far it is, as `isogloss.translate.progress.progress`.

        Raises:
            UserError: a prompt cannot be read, a number is out of range, memory is full, or a check refuses something.
        """
        check_best_of(best_of, count, ranker is not None)
        painting = Painting(steps, guidance, None if negative is None else clean_prompt(negative), size)
        prompts = [clean_prompt(one) for one in ([prompt] if isinstance(prompt, str) else prompt)]
        seeds = seeds_from(seed, max(count, best_of))
        self.check(prompts, painting)
        for one in prompts:
            for note in notes(self.model.text, one):
                warnings.warn(note, stacklevel=2)
        painted: dict[tuple[str, int], Image.Image] = {}
        parts = rectangles(prompts, seeds, self.batch)
        with show("painting", len(parts) * steps) as told:
            for some, numbers in parts:
                pictures = self.paint_rectangle(some, numbers, painting, told)
                keys = [(one, number) for one in some for number in numbers]
                painted.update(zip(keys, pictures, strict=True))
        found: list[Image.Image] = []
        for one in prompts:
            each = [painted[one, number] for number in seeds]
            verdicts = [self.safety.drawing(picture) for picture in each]
            allowed = [picture for picture, verdict in zip(each, verdicts, strict=True) if verdict.allowed]
            if len(allowed) < count:
                next(verdict for verdict in verdicts if not verdict.allowed).require()
            found += allowed if ranker is None else [allowed[place] for place, _ in ranker.best(one, allowed, count)]
        return found

    def check(self, prompts: Sequence[str], painting: Painting) -> None:
        """Refuse what cannot be painted, or may not be, before anything is.

        Raises:
            UserError: there is no prompt, or one that a check refuses, or a size or a number of steps does not fit the model.
        """
        if not prompts:
            raise UserError("There is no prompt; say what to paint, in any language.")
        width, height = self.size(painting)
        if width % self.model.scale or height % self.model.scale:
            raise UserError(
                f"size is {width}x{height}, and the model paints in steps of {self.model.scale} pixels; give multiples of "
                f"{self.model.scale}."
            )
        check_scheduler(self.scheduler, painting.steps, self.model.channels)
        for prompt in prompts:
            self.safety.prompt(prompt).require()

    def size(self, painting: Painting) -> tuple[int, int]:
        """The width and the height of the pictures, in pixels."""
        if painting.size is not None:
            return painting.size
        own = self.model.unet.config.sample_size or 64
        height, width = own if isinstance(own, list | tuple) else (own, own)
        return int(width) * self.model.scale, int(height) * self.model.scale

    def paint_rectangle(
        self, prompts: Sequence[str], seeds: Sequence[int], painting: Painting, told: Callable[[int], None]
    ) -> list[Image.Image]:
        """Each prompt with each seed, all at a time, those of the first prompt first; no check of safety is made.

        Args:
            told: called with the number of steps that are done, now and then.

        Raises:
            UserError: memory is full, or the model gives no numbers.
        """
        return self._paint(prompts, [seed for _ in prompts for seed in seeds], len(seeds), painting, told)

    def paint_pairs(self, prompts: Sequence[str], seeds: Sequence[int], painting: Painting) -> list[Image.Image]:
        """Each prompt with a seed of its own, all at a time; no check of safety is made.

        Raises:
            UserError: memory is full, or the model gives no numbers.
        """
        return self._paint(prompts, seeds, 1, painting, lambda _: None)

    def _paint(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        of_each: int,
        painting: Painting,
        told: Callable[[int], None],
    ) -> list[Image.Image]:
        """So many pictures of each prompt, one for each of the seeds, which are of all pictures in their order."""

        def step(drawing: Any, number: int, _timestep: Any, _tensors: Any) -> dict[str, Any]:
            # Some schedulers take a step in two.
            all_of_them = len(drawing.scheduler.timesteps)
            told(painting.steps * (number + 1) // all_of_them - painting.steps * number // all_of_them)
            return {}

        width, height = self.size(painting)
        try:
            with _untold():
                drawn = self._pipeline(
                    list(prompts),
                    None if painting.negative is None else [painting.negative] * len(prompts),
                    num_inference_steps=painting.steps,
                    guidance_scale=painting.guidance,
                    height=height,
                    width=width,
                    num_images_per_prompt=of_each,
                    generator=[torch.Generator().manual_seed(seed) for seed in seeds],
                    output_type="pt",
                    callback_on_step_end=step,
                ).images
        except RuntimeError as error:
            if not isinstance(error, torch.OutOfMemoryError) and not any(sign in str(error) for sign in _FULL):
                raise
            raise UserError(
                f"There is no memory for {len(seeds)} pictures of {width}x{height} at a time; paint fewer at a "
                "time (--batch), or smaller ones (--size)."
            ) from error
        if not drawn.isfinite().all():
            raise UserError("The model paints nothing but what is no number; its weights are broken, so restore it.")
        pixels = (drawn.float().cpu().permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy()
        return [Image.fromarray(one) for one in pixels]


def rectangles(prompts: Sequence[str], seeds: Sequence[int], batch: int) -> list[tuple[list[str], list[int]]]:
    """Every prompt with every seed, in parts of a batch at most, each of which is some prompts with some seeds.

    >>> rectangles(["a", "b", "c"], [0, 1], 5)
    [(['a', 'b'], [0, 1]), (['c'], [0, 1])]
    >>> rectangles(["a", "b"], [0, 1, 2], 2)
    [(['a'], [0, 1]), (['a'], [2]), (['b'], [0, 1]), (['b'], [2])]
    """
    together = max(1, batch // len(seeds))
    return [
        (list(prompts[first : first + together]), list(seeds[start : start + batch]))
        for first in range(0, len(prompts), together)
        for start in range(0, len(seeds), batch)
    ]


@contextmanager
def _untold() -> Generator[None]:
    """Without the pipeline's own word for prompts that are too long, which were told of before."""
    log = logging.getLogger(pipeline.__name__)
    before = log.disabled
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = before
