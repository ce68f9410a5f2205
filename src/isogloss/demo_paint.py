"""The demo of paint: pictures from prompts in ten languages by a model that was shown English captions alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.parallel import build_shapes_parallel
from isogloss.data.worlds.shapes.world import LANGUAGES, build_shapes, build_shapes_text
from isogloss.demo_options import check_demo, demo_command
from isogloss.errors import unknown
from isogloss.models.adapter import Adapter
from isogloss.models.paint_text import Reading
from isogloss.paint_experiment import PaintArm, PaintExperiment, run_paint_experiment
from isogloss.recipes.lm_shapes import recipe as language_model
from isogloss.recipes.paint_shapes import recipe as paint
from isogloss.recipes.text_shapes import recipe as encoder
from isogloss.saving import remove_abandoned
from isogloss.serve.painting import Painting
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.log import progress_bar
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.text_recipe import TextRecipe
from isogloss.workers import cores

EXPERIMENTS = ("pivot", "layers", "little")
PICTURES = {"train": 24_000, "validation": 100, "test": 100, "test_pairs": 100}
TEXTS = {"train": 60_000, "validation": 500}
MEANINGS = 16_000
# Of the pictures, in pixels.
SIDE = 32
# How pictures are painted for the figures, as was best on validation: more steps than these gave little.
PAINTING = Painting(steps=12, guidance=5.0)
# How much of the English captions there is in the other languages.
SHARES = (0.001, 0.01, 0.1, 1.0)

# What the text sides are trained by, and the language model that puts prompts into English.
TEXTS_BY_NAME: Mapping[str, TextRecipe | LanguageModelRecipe] = {"encoder": encoder, "language_model": language_model}
TRANSLATOR = "encoder"


@dataclass(frozen=True)
class Side:
    """What of a text side is read: which of TEXTS_BY_NAME, and how."""

    text: str
    label: str
    reading: Reading
    adapter: Adapter


# The first one is the main arm's; the others are what it is compared with in the experiment "layers".
SIDES: Mapping[str, Side] = {
    "slots": Side("encoder", "the encoder's slots", Reading(slots=encoder.slots), Adapter("tokens")),
    "encoder-tokens": Side("encoder", "encoder, all tokens", Reading(), Adapter("tokens")),
    "encoder-sentence": Side("encoder", "encoder, the sentence's vector", Reading(), Adapter("sentence")),
    "encoder-both": Side("encoder", "encoder, tokens and sentence", Reading(), Adapter("both")),
    "encoder-1": Side("encoder", "encoder, tokens of layer 1", Reading(layer=1), Adapter("tokens")),
    "lm-tokens": Side("language_model", "language model, all tokens", Reading(), Adapter("tokens")),
    "lm-sentence": Side("language_model", "language model, the sentence's vector", Reading(), Adapter("sentence")),
    "lm-both": Side("language_model", "language model, tokens and sentence", Reading(), Adapter("both")),
    "lm-1": Side("language_model", "language model, tokens of layer 1", Reading(layer=1), Adapter("tokens")),
}
MAIN = next(iter(SIDES))


def paint_arms(experiments: Sequence[str], languages: Sequence[str] = LANGUAGES) -> tuple[PaintArm, ...]:
    """The arms of some experiments; those of the pivot come first, and are in all of them.

    Raises:
        UserError: there is no such experiment.
    """
    for name in experiments:
        if name not in EXPERIMENTS:
            raise unknown("experiment", name, EXPERIMENTS)
    others = tuple(tag for tag in languages if tag != "en")
    main = SIDES[MAIN]
    arms = [
        PaintArm("english", f"English captions; {main.label}", "pivot", main.text, _reading(main)),
        PaintArm("translated", "Put into English, then painted", "translated", main.text, None),
    ]
    if "layers" in experiments:
        arms += [
            PaintArm(name, side.label.capitalize(), "layers", side.text, _reading(side))
            for name, side in SIDES.items()
            if name != MAIN
        ]
    if "little" in experiments:
        data = {share: dict.fromkeys(others, share) for share in SHARES}
        arms += [
            PaintArm(
                f"many-{share:g}",
                f"{share:.1%} of captions in {len(others)} more languages",
                "little",
                main.text,
                replace(_reading(main), data=replace(paint.data, languages=("en", *others), shares=data[share])),
                others,
                share,
            )
            for share in SHARES
        ]
    return tuple(arms)


def _reading(side: Side) -> PaintRecipe:
    return replace(paint, reading=side.reading, adapter=side.adapter)


def run_paint_demo(
    folder: Path, *, experiments: Sequence[str], seeds: int, jobs: int, split: str, pictures: int | None
) -> Path:
    """Draw the pictures and write the texts if they are not there yet, run the experiments, and return where the report is.

    The arguments are those of the command `isogloss demo-paint`.

    Raises:
        UserError: an option is wrong, or a run cannot go on.
    """
    check_demo(seeds=seeds, jobs=jobs, pictures=pictures)
    arms = paint_arms(experiments)
    shapes, texts, parallel = folder / "shapes", folder / "shapes-text", folder / "shapes-parallel"
    remove_abandoned(folder)
    with progress_bar(True) as bar:
        for name, place, build in (
            ("pictures", shapes, _draw),
            ("texts", texts, _write),
            ("descriptions", parallel, _describe),
        ):
            if not place.exists():
                task = bar.add_task(name, total=None, state="")
                build(place, lambda done, total, task=task: bar.update(task, completed=done, total=total))
    Dataset.open(shapes).split(split, LANGUAGES)  # what is missing is told before anything is trained
    command = demo_command("demo-paint", folder, experiments=experiments, seeds=seeds, split=split, pictures=pictures)
    experiment = PaintExperiment(
        title="Painted in ten languages from English captions",
        command=command,
        dataset=shapes,
        texts={name: _on(recipe, texts, parallel) for name, recipe in TEXTS_BY_NAME.items()},
        arms=tuple(
            arm
            if arm.recipe is None
            else replace(arm, recipe=replace(arm.recipe, data=replace(arm.recipe.data, dataset=str(shapes))))
            for arm in arms
        ),
        languages=LANGUAGES,
        translator=TRANSLATOR,
        seeds=tuple(range(seeds)),
        split=split,
        pictures=pictures,
        painting=PAINTING,
    )
    return run_paint_experiment(experiment, folder, jobs=jobs or min(cores(), len(arms)))


def _on(recipe: TextRecipe | LanguageModelRecipe, texts: Path, parallel: Path) -> TextRecipe | LanguageModelRecipe:
    """A text side's recipe on its dataset of the demo."""
    if isinstance(recipe, TextRecipe):
        return replace(recipe, data=replace(recipe.data, dataset=str(parallel)))
    return replace(recipe, data=replace(recipe.data, dataset=str(texts)))


def _draw(place: Path, progress: Callable[[int, int], None]) -> None:
    build_shapes(place, pictures=PICTURES, size=SIDE, replies=0, progress=progress)


def _write(place: Path, progress: Callable[[int, int], None]) -> None:
    build_shapes_text(place, conversations=TEXTS, progress=progress)


def _describe(place: Path, progress: Callable[[int, int], None]) -> None:
    build_shapes_parallel(place, meanings=MEANINGS, progress=progress)
