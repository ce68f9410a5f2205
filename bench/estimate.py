"""What `--estimate` says of a recipe of middle size, beside what its steps really take on this machine.

OMP_NUM_THREADS=1 .venv/bin/python bench/estimate.py

One thread and the processor's own clock, so that other work on the machine is not measured.
"""

import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from isogloss.data.batch import Batch
from isogloss.models.clip import DualEncoder, DualEncoderConfig
from isogloss.models.tower import build_tower
from isogloss.models.towers import Tower
from isogloss.train.clip import clip_loss
from isogloss.train.clip_recipe import ClipRecipe, ParallelData
from isogloss.train.devices import MEASURED_SHARE, this_machine
from isogloss.train.estimate import estimate
from isogloss.train.process import attention, start_process
from isogloss.train.training import Training

TOKENS = 16
STEPS = 3
RECIPE = ClipRecipe(
    data=ParallelData("synthetic", ("en", "es", "ja", "hi"), images_per_step=16),
    # ViT-S/16 (arXiv 2106.10270), and XLM-R's architecture at half its width and depth.
    vision=Tower(
        config={
            "model_type": "vit",
            "hidden_size": 384,
            "num_hidden_layers": 12,
            "num_attention_heads": 6,
            "intermediate_size": 1536,
        }
    ),
    text=Tower(
        config={
            "model_type": "xlm-roberta",
            "hidden_size": 384,
            "num_hidden_layers": 6,
            "num_attention_heads": 6,
            "intermediate_size": 1536,
            "vocab_size": 64_000,
        },
        tokenizer="none is needed",
    ),
    projection_dim=512,
    training=Training(steps=STEPS),
)


def used() -> int:
    """The most memory that this process had so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(precision: str) -> dict[str, Any]:
    """Estimated and measured step time and memory."""
    torch.set_num_threads(1)
    recipe = replace(RECIPE, training=replace(RECIPE.training, precision=precision))
    machine = this_machine(time.process_time)
    told = estimate(recipe, bfloat16=precision == "bfloat16", images=None, tokens=TOKENS)
    (phase,) = told.phases
    peak = machine.bfloat16 if precision == "bfloat16" else machine.float32
    assert peak is not None, "this machine does not compute in bfloat16"

    before = used()
    (vision, see), (text, read) = build_tower(recipe.vision, "vision"), build_tower(recipe.text, "text")
    config = DualEncoderConfig(vision.config, text.config, recipe.projection_dim, see, read, recipe.text_tokens)
    accelerator = start_process(recipe.training, Path())
    model: Any = DualEncoder(config, vision, text)
    model.to(memory_format=torch.channels_last)
    model, optimiser = accelerator.prepare(model, recipe.training.optimisation.build(model))
    images, captions = recipe.data.images_per_step, len(told.shapes.lengths)
    seconds: list[float] = []
    for _ in range(1 + STEPS):  # the first one warms up
        ids = torch.randint(5, 1000, (captions, TOKENS))
        owner, language = torch.arange(captions) % images, torch.arange(captions) // images
        batch = Batch(torch.rand(images, 3, 224, 224), ids, torch.ones_like(ids), owner, language)
        started = time.process_time()
        model.train()
        with attention(accelerator):
            losses = clip_loss(model, batch, recipe.objective)
        accelerator.backward(losses.total)
        accelerator.clip_grad_norm_(model.parameters(), recipe.training.optimisation.largest_gradient)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        seconds.append(time.process_time() - started)
    step = sorted(seconds[1:])[STEPS // 2]
    return {
        "precision": precision,
        "machine": machine.name,
        "matrix product, GFLOP/s": round(peak / 1e9, 1),
        "copy, GB/s": round(machine.bandwidth / 1e9, 1),
        "weights, million": round(told.parameters / 1e6, 1),
        "GFLOP a step": round(phase.work.operations / 1e9, 1),
        "estimated step, s": round(told.step_seconds(machine, MEASURED_SHARE, phase), 2),
        "measured step, s": round(step, 2),
        "share of the matrix product reached": round(phase.work.operations / peak / step, 2),
        "estimated memory, GB": round(told.memory / 1e9, 2),
        "measured memory, GB": round((used() - before) / 1e9, 2),
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        # A process each: the most memory that one had is never given back.
        for kind in ("float32", "bfloat16"):
            done = subprocess.run([sys.executable, __file__, kind], check=True, capture_output=True, text=True)
            print(json.dumps(json.loads(done.stdout), indent=1, ensure_ascii=False))
