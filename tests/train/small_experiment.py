"""An experiment of seconds: English-only and parallel training on the squares, from a text stage of each seed."""

import sys
from dataclasses import replace
from pathlib import Path

from train.recipes import clip_recipe, text_recipe

from isogloss import experiment
from isogloss.experiment import Arm, Experiment, run_experiment

LANGUAGES = ("en", "es", "ja", "de")
TRAINED = ("en", "es", "ja")
STEPS = 60


def small_experiment(dataset: Path, seeds: tuple[int, ...]) -> Experiment:
    """Two arms; with a checkpoint after every tenth step, and every step in the log."""
    often = {"steps": STEPS, "log_every": 1, "validate_every": 30, "checkpoint_every": 10}
    both = clip_recipe(dataset, "of the text stage", TRAINED, **often)
    english = replace(both, data=replace(both.data, languages=("en",)))
    return Experiment(
        title="Squares",
        command="a small one",
        dataset=dataset,
        text=text_recipe(dataset, **often),
        arms=(Arm("english_only", "English only", english), Arm("parallel", "Parallel", both)),
        languages=LANGUAGES,
        seeds=seeds,
    )


if __name__ == "__main__":
    experiment.cores = lambda: 1  # whatever the jobs, every run has one thread: other numbers give other bits
    run_experiment(small_experiment(Path(sys.argv[1]), (0,)), Path(sys.argv[2]), jobs=1)
