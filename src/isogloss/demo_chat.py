"""The demo of chat: pictures described in ten languages by a model that was shown English captions alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from isogloss.chat_experiment import ALIGNED, ChatArm, ChatExperiment, run_chat_experiment
from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.world import LANGUAGES, build_shapes, build_shapes_text
from isogloss.demo_options import check_demo, demo_command
from isogloss.errors import unknown
from isogloss.evaluate.chat_packages import check_packages
from isogloss.recipes.chat_shapes import recipe as chat
from isogloss.recipes.clip_shapes_english import recipe as eyes
from isogloss.recipes.lm_shapes import recipe as language_model
from isogloss.saving import remove_abandoned
from isogloss.train.chat_recipe import ChatRecipe, ChatStage
from isogloss.train.log import progress_bar
from isogloss.workers import cores, workers

EXPERIMENTS = ("pivot", "little", "native", "translated")
PICTURES = {"train": 24_000, "validation": 100, "test": 300, "test_pairs": 200}
TEXTS = {"train": 60_000, "validation": 500}
# How much of the English instructions there is in the other languages: MPM's reviewers asked how little is enough.
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
# The share that the demo states beside none at all.
STATED = 0.01
# How much of a step is in further languages where there are any, however few conversations they have: those come more often.
TAUGHT = 0.6
# The language that is taught alone, and those whose own pairs are compared with English ones.
ALONE, NATIVE = "es", ("es", "ja")


def chat_arms(experiments: Sequence[str], languages: Sequence[str] = LANGUAGES) -> tuple[ChatArm, ...]:
    """The arms of some experiments; those of the pivot come first, and are in all of them.

    Raises:
        UserError: there is no such experiment.
    """
    for name in experiments:
        if name not in EXPERIMENTS:
            raise unknown("experiment", name, EXPERIMENTS)
    others = tuple(tag for tag in languages if tag != "en")
    arms = [
        ChatArm("stated", _label(others, STATED), "pivot", _instructed(others, STATED), others, STATED),
        ChatArm("english", "English pairs", "pivot", _instructed((), 0.0), (), 0.0),
        ChatArm(ALIGNED, "English captions, no instructions", "pivot", None, (), 0.0),
    ]
    if "little" in experiments:
        for taught in (others, (ALONE,)):
            arms += [
                ChatArm(
                    f"{'many' if taught == others else ALONE}-{share:g}",
                    _label(taught, share),
                    "little",
                    _instructed(taught, share),
                    taught,
                    share,
                )
                for share in SHARES
                if (taught, share) != (others, STATED)  # which is in the pivot
            ]
    if "native" in experiments:
        arms += [ChatArm(f"native-{tag}", f"Pairs in {tag}", "native", _native(tag), (tag,)) for tag in NATIVE]
    if "translated" in experiments:
        arms.append(ChatArm("translated", "Described in English, then translated", "translated", None))
    return tuple(arms)


def _label(taught: Sequence[str], share: float) -> str:
    others = ALONE if tuple(taught) == (ALONE,) else f"{len(taught)} more languages"
    return f"English pairs, {share:.1%} of instructions in {others}"


def _instructed(taught: Sequence[str], share: float) -> ChatRecipe:
    """The second stage alone, with a share of its instructions in further languages too."""
    stage = replace(
        chat.instruct,
        languages=("en", *taught),
        shares=dict.fromkeys(taught, share),
        proportions={"en": 1 - TAUGHT, **dict.fromkeys(taught, TAUGHT / len(taught))} if taught else {},
    )
    return replace(chat, align=replace(chat.align, skipped=True), instruct=stage)


def _native(tag: str) -> ChatRecipe:
    """Both stages in another language, with as many pictures and steps as in English."""

    def spoken(stage: ChatStage) -> ChatStage:
        return replace(stage, languages=(tag,), shares={}, proportions={})

    return replace(chat, align=spoken(chat.align), instruct=spoken(chat.instruct))


def run_chat_demo(
    folder: Path, *, experiments: Sequence[str], seeds: int, jobs: int, split: str, pictures: int | None
) -> Path:
    """Draw the pictures and write the texts if they are not there yet, run the experiments, and return where the report is.

    The arguments are those of the command `isogloss demo-chat`.

    Raises:
        UserError: an option is wrong, a package is not installed, or a run cannot go on.
    """
    check_packages()
    check_demo(seeds=seeds, jobs=jobs, pictures=pictures)
    arms = chat_arms(experiments)
    shapes, texts = folder / "shapes", folder / "shapes-text"
    remove_abandoned(folder)
    with progress_bar(True) as bar, workers(1) as pool:
        writing = None if texts.exists() else pool.submit(_write, texts, TEXTS)
        if not shapes.exists():
            task = bar.add_task("pictures and texts", total=None, state="")
            _draw(shapes, lambda done, total: bar.update(task, completed=done, total=total))
        if writing is not None:
            writing.result()
    Dataset.open(shapes).split(split, LANGUAGES)  # what is missing is told before anything is trained
    command = demo_command("demo-chat", folder, experiments=experiments, seeds=seeds, split=split, pictures=pictures)
    data = replace(chat.data, dataset=str(shapes))
    experiment = ChatExperiment(
        title="Described in ten languages from English pairs",
        command=command,
        dataset=shapes,
        language_model=replace(language_model, data=replace(language_model.data, dataset=str(texts))),
        eyes=replace(eyes, data=replace(eyes.data, dataset=str(shapes))),
        align=replace(chat, data=data, instruct=replace(chat.instruct, skipped=True)),
        arms=tuple(arm if arm.recipe is None else replace(arm, recipe=replace(arm.recipe, data=data)) for arm in arms),
        languages=LANGUAGES,
        seeds=tuple(range(seeds)),
        split=split,
        pictures=pictures,
    )
    return run_chat_experiment(experiment, folder, jobs=jobs or min(cores(), len(arms)))


def _draw(place: Path, progress: Callable[[int, int], None]) -> None:
    build_shapes(place, pictures=PICTURES, size=64, progress=progress)


def _write(place: Path, conversations: Mapping[str, int]) -> None:
    build_shapes_text(place, conversations=conversations)
