"""Pictures of a paint model: isogloss beside Diffusers' StableDiffusionPipeline, on the same weights, noise and steps.

python bench/paint_sampling.py                on one processor core
python bench/paint_sampling.py --rounds 15    for firmer ratios

The sides take turns call by call, and the one that begins changes; what they painted is compared. `bench/README.md` says what
is compared.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chat_results import MEASURES, Session, Watch, over_rounds, parser
from rich.console import Console
from rich.table import Table

PACKAGES = ("isogloss", "torch", "diffusers", "transformers", "numpy")
PROMPT, NEGATIVE = "a small red circle above a large blue square", "green"
SIDE, TOKENS = 16, 77
# Stable Diffusion's at a fifth of its width.
UNET: dict[str, Any] = {
    "sample_size": SIDE,
    "block_out_channels": (64, 128, 256, 256),
    "layers_per_block": 2,
    "cross_attention_dim": 128,
    "attention_head_dim": 8,
}
VAE: dict[str, Any] = {
    "block_out_channels": (32, 64, 128, 128),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
TEXT: dict[str, Any] = {
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "max_position_embeddings": TOKENS,
}
BETAS: dict[str, Any] = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1}

Side = Callable[[], list[Any]]


def read_arguments() -> argparse.Namespace:
    """The command line."""
    found = parser(__doc__, "docs/results/bench_paint_sampling.json", rounds=5)
    found.add_argument("--steps", type=int, default=10, help="of the scheduler")
    found.add_argument("--batch", type=int, default=4, help="pictures that are painted at once")
    return found.parse_args()


def build_cases(folder: Path, steps: int, batch: int) -> dict[str, tuple[Side, Side, int]]:
    """All that is timed: what each side does, and how many pictures that makes."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from isogloss.models.adapter import Adapter
    from isogloss.models.diffusers_part import DiffusersPart
    from isogloss.models.paint_building import build_paint
    from isogloss.models.paint_text import Reading
    from isogloss.models.tokenizer import train_tokenizer
    from isogloss.models.tower import Tower
    from isogloss.serve.paint import Painter

    torch.manual_seed(0)
    tokenizer = train_tokenizer([PROMPT, NEGATIVE], 40, TOKENS)
    numbers = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    theirs: Any = StableDiffusionPipeline(
        vae=AutoencoderKL(**VAE),
        text_encoder=CLIPTextModel(CLIPTextConfig(**TEXT, vocab_size=len(tokenizer), **numbers)).eval(),
        tokenizer=tokenizer,  # pyright: ignore[reportArgumentType]
        unet=UNet2DConditionModel(**UNET),
        scheduler=DDIMScheduler(clip_sample=False, **BETAS),
        safety_checker=None,  # pyright: ignore[reportArgumentType]
        feature_extractor=None,  # pyright: ignore[reportArgumentType]
        requires_safety_checker=False,
    )
    theirs.set_progress_bar_config(disable=True)
    theirs.save_pretrained(folder)
    part = DiffusersPart(str(folder))
    model = build_paint(
        Tower(str(folder / "text_encoder"), tokenizer=str(folder / "tokenizer")),
        part,
        part,
        adapter=Adapter(projected=False, empty="encoded"),
        reading=Reading(tokens=TOKENS, fills=True),
    )
    painter = Painter(model, theirs.scheduler, batch=batch)
    asked: dict[str, Any] = {"num_inference_steps": steps, "guidance_scale": 5.0, "negative_prompt": NEGATIVE}

    def case(count: int) -> tuple[Side, Side, int]:
        return (
            lambda: painter.paint(PROMPT, negative=NEGATIVE, guidance=5.0, steps=steps, count=count),
            lambda: (
                theirs(
                    PROMPT,
                    num_images_per_prompt=count,
                    generator=[torch.Generator().manual_seed(seed) for seed in range(count)],
                    **asked,
                ).images
            ),
            count,
        )

    return {"one picture": case(1), f"{batch} pictures at once": case(batch)}


def check_same(ours: list[Any], theirs: list[Any]) -> None:
    """Refuse pictures that differ by more than rounding.

    Raises:
        ValueError: they do.
    """
    import numpy as np

    pairs = [
        (np.asarray(one).astype(int), np.asarray(other).astype(int)) for one, other in zip(ours, theirs, strict=True)
    ]
    if any(abs(one - other).max() > 1 for one, other in pairs):
        raise ValueError("the two sides paint different things")


def main() -> None:
    """Measure, print and save."""
    asked = read_arguments()
    session = Session(asked.threads)

    import torch

    torch.set_num_threads(asked.threads)
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        cases = build_cases(Path(folder), asked.steps, asked.batch)
        for number in range(asked.rounds + 1):  # the first, which is not kept, warms up
            for name, (ours, theirs, _) in cases.items():
                sides = {"isogloss": ours, "diffusers": theirs}
                painted: dict[str, list[Any]] = {}
                for side in sides if number % 2 == 0 else reversed(sides):
                    watch = Watch()
                    painted[side] = sides[side]()
                    spent = watch.spent()
                    if number:
                        found.setdefault(name, {"isogloss": [], "diffusers": []})[side].append(spent)
                check_same(painted["isogloss"], painted["diffusers"])
                print(f"round {number}/{asked.rounds}  {name}", file=sys.stderr)
    figures: dict[str, Any] = {}
    table = Table("case", "isogloss, ms", "Diffusers, ms", "times as fast", "by processor time", "least", "greatest")
    for name, rounds in found.items():
        ratios = {
            measure: over_rounds(
                [
                    theirs[measure] / ours[measure]
                    for ours, theirs in zip(rounds["isogloss"], rounds["diffusers"], strict=True)
                ]
            )
            for measure in MEASURES
        }
        figures[name] = {"pictures": cases[name][2], "rounds": rounds, "times as fast": ratios}
        times = [f"{1000 * statistics.median(one['seconds'] for one in rounds[side]):.1f}" for side in rounds]
        own = ratios["processor_seconds"]
        table.add_row(
            name,
            *times,
            *(f"{ratios[measure]['median']:.2f}" for measure in MEASURES),
            *(f"{own[which]:.2f}" for which in ("least", "greatest")),
        )
    Console().print(table)
    session.save(asked.out, PACKAGES, "float32", {"rounds": asked.rounds, "steps": asked.steps, "cases": figures})


if __name__ == "__main__":
    main()
