"""What `--estimate` says of the memory of a chat model's stages, beside what a step really holds on this machine.

OMP_NUM_THREADS=1 .venv/bin/python bench/estimate_chat.py

Each stage is taken whole and in parts, with layers that are kept and layers that are computed again, a process each. A row has
the bytes of tensors that were alive at once, weights left out, and how much larger the process became, weights and optimiser
included.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import torch

from isogloss.data.chat_batch import IGNORED, ChatBatch
from isogloss.data.packing import pack
from isogloss.models.chat import ChatModel
from isogloss.models.tower import Tower
from isogloss.train.accumulation import accumulate
from isogloss.train.chat import chat_loss
from isogloss.train.chat_recipe import ChatData, ChatRecipe, ChatStage
from isogloss.train.chat_work import ChatRun, chat_shape
from isogloss.train.estimate import Estimate, estimate
from isogloss.train.gradient_checkpointing import gradient_checkpointing
from isogloss.train.process import start_process
from isogloss.train.stages import Stage, freeze, frozen_at, frozen_modules
from isogloss.train.step_shapes import StepShapes
from isogloss.train.training import Training
from isogloss.train.work import Ledger

EYES, WORDS = "vision_tower.*", "language_model.*"
# Of a caption: with it a conversation of the first stage fills a row, too.
TOKENS = 168
STAGES = {
    "align": ChatStage(conversations_per_step=16, row_tokens=256, cache=False, stages=(Stage(frozen=(EYES, WORDS)),)),
    "instruct": ChatStage(
        source="conversations", conversations_per_step=8, row_tokens=256, cache=False, stages=(Stage(frozen=(EYES,)),)
    ),
}
PARTS = 4


def recipe_of(width: int, layers: int, vocabulary: int) -> ChatRecipe:
    """ViT eyes of 64 patches, and a writer of Qwen3's kind, with random weights."""
    vision = {"model_type": "vit", "image_size": 64, "patch_size": 8, "num_hidden_layers": 4, "num_attention_heads": 4}
    writer = {"model_type": "qwen3", "num_hidden_layers": layers, "num_attention_heads": 4, "num_key_value_heads": 2}
    return ChatRecipe(
        data=ChatData("synthetic", image_size=64),
        vision=Tower(config={**vision, "hidden_size": 128, "intermediate_size": 512}),
        language_model=Tower(
            config={
                **writer,
                "hidden_size": width,
                "head_dim": width // 4,
                "intermediate_size": 3 * width,
                "vocab_size": vocabulary,
                "tie_word_embeddings": True,
            }
        ),
        align=STAGES["align"],
        instruct=STAGES["instruct"],
    )


def run_of(recipe: ChatRecipe, stage: str, **training: Any) -> ChatRun:
    """A stage with a step or so."""
    wanted = replace(getattr(recipe, stage), training=Training(steps=1, **training))
    return ChatRun(replace(recipe, **{stage: wanted}), wanted)


def batch_of(model: ChatModel, shapes: StepShapes) -> ChatBatch:
    """A step of these shapes: conversations of a picture, and words of which as many are learnt as the shapes say."""
    ((rows, tokens),) = shapes.groups
    visual, side = model.config.visual_tokens, model.config.sight["side"]
    ids, positions, labels = (torch.full((rows, tokens), value) for value in (5, 0, IGNORED))
    image = torch.tensor(model.config.image_token_id)
    each = shapes.learnt // len(shapes.lengths)
    owner: list[int] = []
    for row, within in enumerate(pack(shapes.lengths, tokens)):
        start = 0
        for length in (shapes.lengths[number] for number in within):
            end = start + length
            ids[row, start : start + visual] = image
            # As two conversations, so that what shares a row has to be kept apart.
            positions[row, start:end] = torch.arange(length) % (length - each // 2)
            labels[row, max(end - each, start + visual) : end] = 5
            owner.append(row)
            start = end
    pixels = torch.rand(len(owner), 3, side, side)
    return ChatBatch(ids, positions, labels, torch.arange(len(owner)), torch.tensor(owner), pixels)


def step(model: ChatModel, run: ChatRun, batch: ChatBatch, accelerator: Any) -> None:
    """A step's gradients, as the loop computes them."""
    training = run.training
    freeze(model, frozen_at(run.stage.stages, 0, training.steps, 1))
    model.train()
    for module in frozen_modules(model):
        module.eval()
    with gradient_checkpointing(model, training.gradient_checkpointing):
        accumulate(model, batch, _loss(accelerator), training.micro_batches, accelerator)


def _loss(accelerator: Any) -> Any:
    def loss(model: Any, batch: ChatBatch) -> Any:
        with accelerator.autocast():
            return chat_loss(model, batch)

    return loss


def alive(model: ChatModel, run: ChatRun, batch: ChatBatch, accelerator: Any) -> int:
    """The most bytes that were alive at once in a step, besides the weights and what the step reads."""
    ledger = Ledger()
    ledger.ignore([*model.parameters(), *model.buffers(), *(v for v in vars(batch).values() if v is not None)])
    with ledger:
        step(model, run, batch, accelerator)
    return ledger.peak


def told_of(run: ChatRun, bfloat16: bool = False) -> Estimate:
    """The estimate of a stage."""
    return estimate(run, bfloat16=bfloat16, images=None, tokens=TOKENS)


def used() -> int:
    """The most memory that this process had so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Estimated and measured memory of one way to take a stage's step."""
    torch.set_num_threads(1)
    recipe = recipe_of(asked.width, asked.layers, asked.vocabulary)
    run = run_of(
        recipe, asked.stage, precision=asked.precision, micro_batches=asked.parts, gradient_checkpointing=asked.again
    )
    told = told_of(run)
    (phase,) = told.phases
    accelerator = start_process(run.training, Path())
    before = used()
    model = chat_shape(run, asked.precision == "bfloat16")
    batch = batch_of(model, told.shapes)
    freeze(model, frozen_at(run.stage.stages, 0, 1, 1))
    optimisers = run.training.optimisation.build(model)
    model, *optimisers = accelerator.prepare(model, *optimisers)
    started = time.process_time()
    for _ in range(2):  # after which the optimiser has its state, and has worked beside it
        step(model, run, batch, accelerator)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
    peak = alive(model, run, batch, accelerator)
    return {
        "stage": asked.stage,
        "precision": asked.precision,
        "micro_batches": asked.parts,
        "gradient_checkpointing": asked.again,
        "rows, tokens": list(told.shapes.groups[0]),
        "learnt tokens": told.shapes.learnt,
        "estimated, besides weights and optimiser, MB": round(phase.work.peak / 1e6, 1),
        "alive at once, MB": round(peak / 1e6, 1),
        "estimated memory, MB": round(told.memory / 1e6, 1),
        "measured growth of the process, MB": round((used() - before) / 1e6, 1),
        "seconds": round(time.process_time() - started, 2),
    }


def arguments() -> argparse.Namespace:
    """The command line."""
    found = argparse.ArgumentParser(description=__doc__)
    found.add_argument("--width", type=int, default=256)
    found.add_argument("--layers", type=int, default=8)
    found.add_argument("--vocabulary", type=int, default=16_000)
    found.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    found.add_argument("--stage", choices=tuple(STAGES), help="one way alone, with the two that follow")
    found.add_argument("--parts", type=int, default=1)
    found.add_argument("--again", action="store_true")
    return found.parse_args()


if __name__ == "__main__":
    asked = arguments()
    if asked.stage:
        print(json.dumps(measure(asked)))
    else:
        # A process each: the most memory that one had is never given back.
        for stage, again, parts in product(STAGES, (False, True), (1, PARTS)):
            way = ["--stage", stage, "--parts", str(parts), *(["--again"] if again else [])]
            subprocess.run([sys.executable, __file__, *sys.argv[1:], *way], check=True)
