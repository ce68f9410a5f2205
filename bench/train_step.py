"""Training steps of the demo's dual encoder: isogloss's loop beside a plain one, and what its two savings are worth.

python bench/train_step.py                                 as `isogloss demo` trains: one processor core for a run
python bench/train_step.py --device cuda --images 1024     on a GPU

Every round times all variants, in turn forwards and backwards, so that a machine that slows down slows all of them
alike; ratios are taken within a round. `bench/README.md` says what is compared.
"""

import argparse
import os
import platform
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("isogloss", "torch", "transformers", "accelerate", "tokenizers", "numpy")
ENVIRONMENT = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, default=Path("runs/demo/data"), help="emoji; drawn if it is not there")
    parser.add_argument("--out", type=Path, default=Path("docs/results/bench_train_step.json"), help="the results")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="what to train on")
    parser.add_argument("--threads", type=int, default=1, help="processor cores")
    parser.add_argument("--images", type=int, help="of a step; the demo's number unless given")
    parser.add_argument("--rounds", type=int, default=5, help="of all variants")
    parser.add_argument("--steps", type=int, default=4, help="timed in a round, for each variant")
    parser.add_argument("--warmup", type=int, default=2, help="steps before those that are timed")
    return parser.parse_args()


@dataclass
class Variant:
    """One way to train.

    Args:
        run: trains for a number of steps and returns how long each took, in seconds.
        captions: of an image in a step.
        steps: that bring an image together with all its captions.
        rounds: seconds for that, the median of each round.
    """

    run: Callable[[int], list[float]]
    captions: int
    steps: int = 1
    rounds: list[float] = field(default_factory=list[float])

    def measure(self, warmup: int, times: int) -> None:
        """One round: train, leave out the warmup, and keep the median."""
        durations = self.run((warmup + times) * self.steps)[warmup * self.steps :]
        each = [sum(durations[start : start + self.steps]) for start in range(0, len(durations), self.steps)]
        self.rounds.append(statistics.median(each))

    @property
    def seconds(self) -> float:
        """The median over rounds."""
        return statistics.median(self.rounds)


# What is divided by what, and why: (name, slower as expected, faster as expected).
RATIOS = (
    ("isogloss against the plain loop", "plain, parallel", "isogloss, parallel"),
    (
        "isogloss against the plain loop, tuned",
        "plain, parallel, tuned",
        "isogloss, parallel",
    ),
    (
        "the same, English only",
        "plain, English only, tuned",
        "isogloss, English only",
    ),
    ("each image once against once a language", "isogloss, a step a language", "isogloss, parallel"),
    ("captions in groups of like length", "isogloss, parallel, no groups", "isogloss, parallel"),
)


def build_variants(asked: argparse.Namespace, workplace: Path) -> tuple[int, dict[str, Variant]]:
    """The images of a step, and all that is timed, over the same pictures, captions and tokenizer."""
    import torch
    from isogloss_loop import isogloss_steps, open_world
    from plain_loop import Pairs, Settings, plain_steps

    from isogloss.data.batch import captioned
    from isogloss.data.dataset import Dataset
    from isogloss.data.worlds.emoji import build_emoji
    from isogloss.train.process import computes_bfloat16

    torch.set_num_threads(asked.threads)
    dataset = Dataset.open(asked.dataset) if asked.dataset.exists() else build_emoji(workplace / "emoji")
    world = open_world(dataset, workplace, asked.images)
    recipe, optimisation = world.recipe, world.recipe.training.optimisation
    settings = Settings(
        vision=recipe.vision.config,
        text=recipe.text.config,
        projection_dim=recipe.projection_dim,
        tokens=recipe.text_tokens,
        hidden_tokens=recipe.data.hidden_tokens,
        scale=recipe.data.augmentation.scale,
        shift=recipe.data.augmentation.shift,
        turn=recipe.data.augmentation.turn,
        learning_rate=optimisation.learning_rate,
        weight_decay=optimisation.weight_decay,
        betas=optimisation.betas,
        epsilon=optimisation.epsilon,
        warmup=optimisation.warmup,
        largest_gradient=optimisation.largest_gradient,
        steps=recipe.training.steps,
        bfloat16=computes_bfloat16(),
    )
    languages = recipe.data.languages

    def pairs(read: Sequence[str]) -> Pairs:
        split = world.pictures.split
        rows = captioned(split, read)
        captions = [[text for tag in read for text in split.captions[tag].of(int(row))[:1]] for row in rows]
        return Pairs(torch.from_numpy(world.pictures.batch(rows)), captions)

    def ours(read: tuple[str, ...], **how: bool) -> Callable[[int], list[float]]:
        return lambda steps: isogloss_steps(world, read, steps=steps, **how)

    def plain(read: Sequence[str], tuned: bool) -> Callable[[int], list[float]]:
        run = partial(plain_steps, settings, world.tokenizer, pairs(read), tuned=tuned)
        images = recipe.data.images_per_step
        return lambda steps: run(images_per_step=images, steps=steps, device=torch.device(asked.device))

    many = len(languages)
    return recipe.data.images_per_step, {
        "isogloss, parallel": Variant(ours(languages), many),
        "plain, parallel": Variant(plain(languages, False), many),
        "plain, parallel, tuned": Variant(plain(languages, True), many),
        "isogloss, parallel, no groups": Variant(ours(languages, grouped=False), many),
        "isogloss, a step a language": Variant(ours(languages, apart=True), 1, steps=many),
        "isogloss, English only": Variant(ours(("en",)), 1),
        "plain, English only, tuned": Variant(plain(("en",), True), 1),
    }


def check_objectives() -> None:
    """Both halves must minimise the same thing, or their speeds say nothing."""
    import torch
    import torch.nn.functional as F
    from plain_loop import plain_loss

    from isogloss.losses.parallel import parallel_loss

    torch.manual_seed(0)
    images, captions = F.normalize(torch.randn(5, 8), dim=-1), F.normalize(torch.randn(9, 8), dim=-1)
    owner, scale = torch.tensor([0, 1, 2, 3, 4, 0, 1, 2, 0]), torch.tensor(20.0)
    torch.testing.assert_close(
        parallel_loss(images, captions, owner, scale).total, plain_loss(images, captions, owner, scale)
    )


def machine(asked: argparse.Namespace) -> dict[str, Any]:
    """What it was measured on."""
    import torch

    from isogloss.train.process import computes_bfloat16

    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads": asked.threads,
        "device": torch.cuda.get_device_name() if asked.device == "cuda" else "cpu",
        "precision": "bfloat16" if computes_bfloat16() else "float32",
        "environment": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
    }


def processor_name() -> str:
    """The processor's own name where Linux tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def summary(found: dict[str, Variant], images: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every variant's figures, and the ratios: the median over rounds, and the least and the greatest."""
    figures = {
        name: {
            "captions_per_image": variant.captions * variant.steps,
            "steps": variant.steps,
            "seconds": variant.seconds,
            "images_per_second": images / variant.seconds,
            "rounds": variant.rounds,
        }
        for name, variant in found.items()
    }
    ratios: dict[str, Any] = {}
    for name, slow, fast in RATIOS:
        each = [a / b for a, b in zip(found[slow].rounds, found[fast].rounds, strict=True)]
        ratios[name] = {"median": statistics.median(each), "least": min(each), "greatest": max(each)}
    return figures, ratios


def show(figures: dict[str, Any], ratios: dict[str, Any], images: int) -> None:
    """Both as tables."""
    table = Table(
        "variant",
        "captions an image",
        f"ms for {images} images",
        "images/s",
        title="an image with all its captions",
        title_justify="left",
    )
    for name, found in figures.items():
        row = (f"{1000 * found['seconds']:.0f}", f"{found['images_per_second']:.0f}")
        table.add_row(name, str(found["captions_per_image"]), *row)
    Console().print(table)
    table = Table("times as fast", "median", "least", "greatest", title="ratios over rounds", title_justify="left")
    for name, found in ratios.items():
        table.add_row(name, *(f"{found[which]:.2f}" for which in ("median", "least", "greatest")))
    Console().print(table)


def main() -> None:
    """Measure, print and save."""
    asked = read_arguments()
    started = time.perf_counter()
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    if asked.device == "cpu":  # both halves see the same machine
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        os.environ["ACCELERATE_USE_CPU"] = "true"
    check_objectives()
    with tempfile.TemporaryDirectory() as workplace:
        images, found = build_variants(asked, Path(workplace))
        for number in range(asked.rounds):
            order = list(found.items())
            for name, variant in order if number % 2 == 0 else reversed(order):
                variant.measure(asked.warmup, asked.steps)
                print(f"round {number + 1}/{asked.rounds}  {name}: {variant.rounds[-1]:.3f} s", file=sys.stderr)
    figures, ratios = summary(found, images)
    show(figures, ratios, images)

    from isogloss.saving import write_json

    write_json(
        asked.out,
        {
            "command": shlex.join(["python", *sys.argv]),
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "duration_seconds": time.perf_counter() - started,
            "images_per_step": images,
            "rounds": asked.rounds,
            "steps": asked.steps,
            "warmup": asked.warmup,
            "variants": figures,
            "ratios": ratios,
            "machine": machine(asked),
            "versions": {name: version(name) for name in PACKAGES},
        },
    )


if __name__ == "__main__":
    main()
