"""Training steps of a paint model: isogloss's loop beside the step of Diffusers' own text-to-image script.

python bench/paint_step.py                    on one processor core
python bench/paint_step.py --rounds 5         for firmer ratios

Both train the same UNet on the same pictures and captions, with the same text encoder and VAE, an eighth as wide as Stable
Diffusion 2.1's. They take turns, forwards and backwards, so that a machine that slows down slows both alike; ratios are taken
within a round. isogloss has states and latents kept, which it makes before its first step and which is told apart.
`bench/README.md` says what is compared.
"""

import argparse
import statistics
import tempfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from chat_results import MEASURES, Session, Watch, over_rounds, parser
from rich.console import Console
from rich.table import Table

PACKAGES = ("isogloss", "torch", "transformers", "diffusers", "accelerate", "tokenizers", "numpy")
# Stable Diffusion 2.1's parts, an eighth as wide.
UNET: dict[str, Any] = {
    "sample_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": [40, 80, 160, 160],
    "layers_per_block": 2,
    "norm_num_groups": 8,
    "cross_attention_dim": 128,
    "attention_head_dim": [5, 5, 10, 10],
    "use_linear_projection": True,
}
VAE: dict[str, Any] = {
    "block_out_channels": [16, 32, 64, 64],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "norm_num_groups": 8,
    "latent_channels": 4,
    "sample_size": 256,
}
TEXT: dict[str, Any] = {
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 23,
    "num_attention_heads": 2,
    "max_position_embeddings": 77,
    "vocab_size": 1000,
}
PICTURES, SIDE = 96, 256


@dataclass(frozen=True)
class World:
    """Where the dataset, the text encoder, and the UNet and VAE lie."""

    dataset: Path
    text: Path
    pair: Path


def make_world(folder: Path, pictures: int = PICTURES, side: int = SIDE) -> World:
    """Pictures with captions, and parts of random weights."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from isogloss.data.worlds.shapes.world import build_shapes
    from isogloss.models.tokenizer import train_tokenizer

    counts = {"train": pictures, "validation": 1, "test": 1}
    dataset = build_shapes(folder / "shapes", pictures=counts, size=side, languages=("en",), replies=0)
    torch.manual_seed(0)
    tokenizer = train_tokenizer(dataset.captions("en")["text"].to_pylist(), TEXT["vocab_size"], 77)
    tokenizer.save_pretrained(folder / "text")
    special = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    CLIPTextModel(CLIPTextConfig(**TEXT, **special)).save_pretrained(folder / "text")
    UNet2DConditionModel(**UNET).save_pretrained(folder / "pair" / "unet")
    AutoencoderKL(**VAE).save_pretrained(folder / "pair" / "vae")
    return World(dataset.root, folder / "text", folder / "pair")


def recipe_of(world: World, settings: Any) -> Any:
    """What isogloss trains: the same as its peer, so without an adapter, captions that are dropped, or an average."""
    from isogloss.losses.denoise import Denoising
    from isogloss.models.adapter import Adapter
    from isogloss.models.diffusers_part import DiffusersPart
    from isogloss.models.paint_text import Reading
    from isogloss.models.tower import Tower
    from isogloss.train.optim import Optimisation
    from isogloss.train.paint_recipe import PaintData, PaintRecipe, Sheet
    from isogloss.train.training import Training

    optimisation = Optimisation(
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        betas=settings.betas,
        epsilon=settings.epsilon,
        warmup=0.0,
        final=1.0,
        largest_gradient=settings.largest_gradient,
    )
    return PaintRecipe(
        data=PaintData(str(world.dataset), images_per_step=settings.images, image_size=settings.side),
        text=Tower(model=str(world.text)),
        reading=Reading(tokens=77, fills=True),  # as the script pads
        unet=DiffusersPart(model=str(world.pair)),
        vae=str(world.pair),
        adapter=Adapter(projected=False, empty="encoded"),
        denoising=Denoising(prediction="epsilon"),
        dropped=0.0,
        sheet=Sheet(prompts=0),
        kept=str(world.pair.parent / "kept"),
        training=Training(
            steps=settings.steps,
            precision="bfloat16" if settings.bfloat16 else "float32",
            validate_every=0,
            checkpoint_every=0,
            optimisation=optimisation,
        ),
    )


class Laps:
    """When each step was asked for."""

    def __init__(self, warmup: int) -> None:
        self.left, self.watch, self.spent = warmup, Watch(), dict[str, float]()

    def __call__(self) -> None:
        self.left -= 1
        if self.left == -1:
            self.watch = Watch()
        self.spent = self.watch.spent()


@dataclass
class Timed:
    """Batches that tell when each is asked for, which is when the step before it is done."""

    batches: Any
    told: Laps

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batches, name)

    def __getitem__(self, step: int) -> Any:
        self.told()
        return self.batches[step]


def run_isogloss(world: World, settings: Any, laps: Laps, keep: bool = True) -> None:
    """Train as `isogloss train` does, but for saving."""
    import torch
    from torch import nn

    from isogloss.data.dataset import Dataset
    from isogloss.train import paint
    from isogloss.train.loop import fit
    from isogloss.train.process import start_process

    recipe = replace(recipe_of(world, settings), keep_text=keep, keep_latents=keep)
    with tempfile.TemporaryDirectory() as folder:
        accelerator = start_process(recipe.training, Path(folder))
        model = paint.built(recipe)
        model.unet.to(memory_format=torch.channels_last)
        reading = paint.Reading(recipe, Dataset.open(recipe.data.dataset), model, accelerator)
        learnt, _ = paint.keep(model, reading.batches("train", ("en",)), recipe, Path(folder), accelerator)

        def loss(model: nn.Module, batch: Any) -> Any:
            with accelerator.autocast():
                return paint.paint_loss(model, batch, recipe.denoising)

        with paint.set_aside(model, wanted=keep):
            fit(
                model,
                Timed(learnt, laps),
                loss,
                training=recipe.training,
                folder=Path(folder),
                accelerator=accelerator,
                description=None,
                stepped=lambda step: laps() if step == recipe.training.steps else None,
            )


def peer_parts(world: World) -> tuple[Any, list[Any], Any]:
    """The peer's parts, its pictures with their captions, and its tokenizer."""
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
    from paint_peer import Pair, Parts
    from transformers import AutoTokenizer, CLIPTextModel

    from isogloss.data.dataset import Dataset

    dataset = Dataset.open(world.dataset)
    split = dataset.split("train", ("en",))
    pairs = [
        Pair(split.captions["en"].of(number)[0], Path(dataset.locate(row["file"])), row["offset"], row["length"])
        for number, row in enumerate(split.images.select(["file", "offset", "length"]).to_pylist())
    ]
    scheduler = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    parts = Parts(
        CLIPTextModel.from_pretrained(world.text),
        AutoencoderKL.from_pretrained(world.pair, subfolder="vae"),
        UNet2DConditionModel.from_pretrained(world.pair, subfolder="unet"),
        scheduler,
    )
    return parts, pairs, AutoTokenizer.from_pretrained(world.text, model_max_length=77)


def measure(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """What each side needed for as many steps, in each round, and what keeping took."""
    import torch
    from accelerate import Accelerator
    from paint_peer import Settings, train

    torch.set_num_threads(asked.threads)
    world = make_world(folder)
    settings = Settings(asked.warmup + asked.steps, asked.images, SIDE, bfloat16=asked.bfloat16)
    parts, pairs, tokenizer = peer_parts(world)
    watch = Watch()
    run_isogloss(world, replace(settings, steps=1), Laps(0))  # which makes what is kept
    kept = watch.spent()
    sides = {
        "isogloss": partial(run_isogloss, world, settings),
        "isogloss, nothing kept": partial(run_isogloss, world, settings, keep=False),
        "Diffusers": lambda laps: train(deepcopy(parts), pairs, tokenizer, settings, laps),
    }
    found: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for number in range(asked.rounds):
        for side in list(sides) if number % 2 == 0 else reversed(list(sides)):
            Accelerator()
            laps = Laps(asked.warmup)
            sides[side](laps)
            found[side].append(laps.spent)
    return {"keeping": {**kept, "pictures": len(pairs)}, "sides": found}


def summary(asked: argparse.Namespace, found: Mapping[str, Any]) -> dict[str, Any]:
    """Images a second of each side, and how many times as fast isogloss is."""
    sides, images = found["sides"], asked.steps * asked.images
    rates = {
        side: {measure: statistics.median(images / one[measure] for one in rounds) for measure in MEASURES}
        for side, rounds in sides.items()
    }
    ratios = {
        side: {
            measure: over_rounds(
                [slow[measure] / fast[measure] for slow, fast in zip(sides["Diffusers"], sides[side], strict=True)]
            )
            for measure in MEASURES
        }
        for side in sides
        if side != "Diffusers"
    }
    return {**found, "images_per_second": rates, "times_as_fast_as_diffusers": ratios}


def main() -> None:
    """Measure, print and save."""
    options = parser(__doc__, "docs/results/bench_paint_step.json", rounds=3)
    options.add_argument("--images", type=int, default=8, help="of a step")
    options.add_argument("--steps", type=int, default=3, help="timed in a round, for each side")
    options.add_argument("--warmup", type=int, default=1, help="steps before those that are timed")
    options.add_argument("--bfloat16", action="store_true", help="compute products in it")
    asked = options.parse_args()
    session = Session(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        results = summary(asked, measure(asked, Path(folder)))
    table = Table("side", "images a second", "of the processor", "times as fast", "least", "greatest")
    for side, rate in results["images_per_second"].items():
        ratio = results["times_as_fast_as_diffusers"].get(side, {}).get("processor_seconds", {})
        cells = (f"{rate[measure]:.2f}" for measure in MEASURES)
        table.add_row(side, *cells, *(f"{ratio.get(name, 1):.2f}" for name in ("median", "least", "greatest")))
    Console().print(table)
    counts = {name: getattr(asked, name) for name in ("images", "steps", "warmup", "rounds")}
    session.save(asked.out, PACKAGES, "bfloat16" if asked.bfloat16 else "float32", {**counts, **results})


if __name__ == "__main__":
    main()
