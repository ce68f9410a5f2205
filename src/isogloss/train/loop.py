"""The loop that every family trains through: it knows batches, a loss and stages, and no model family."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader

from isogloss.data.batch import Batches
from isogloss.errors import UserError
from isogloss.losses import Losses
from isogloss.train.accumulation import accumulate
from isogloss.train.checkpoint import load_checkpoint, save_checkpoint
from isogloss.train.gradient_checkpointing import gradient_checkpointing
from isogloss.train.left_out import leave_out
from isogloss.train.log import MetricsLog, progress_bar
from isogloss.train.process import any_process, default_signals, interruption, seed_step
from isogloss.train.stages import Stage, freeze, frozen_at, frozen_modules, never_trained
from isogloss.train.training import Training

# So many steps in a row without a finite gradient are no accident of one batch.
MOST_SKIPPED = 10


@dataclass
class Interval:
    """Means over the steps since the last row of the log."""

    steps: int = 0
    images: int = 0
    seconds: float = 0.0
    sums: dict[str, float] = field(default_factory=dict[str, float])

    def add(self, values: dict[str, float], images: int, seconds: float) -> None:
        self.steps += 1
        self.images += images
        self.seconds += seconds
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps, so that a resumed run's next row is a mean over as many steps."""
        return {"steps": self.steps, "images": self.images, "seconds": self.seconds, "sums": dict(self.sums)}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.steps, self.images, self.seconds = saved["steps"], saved["images"], saved["seconds"]
        self.sums = dict(saved["sums"])

    def restart(self) -> None:
        self.load_state_dict({"steps": 0, "images": 0, "seconds": 0.0, "sums": {}})

    def means(self) -> dict[str, float]:
        means = {name: value / max(1, self.steps) for name, value in self.sums.items()}
        return {**means, "images_per_second": self.images / self.seconds, "seconds": self.seconds}


class _Told:
    """Batches whose errors are handed over as they are: a worker process else wraps its traceback into the message."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __getitem__(self, step: int) -> Any:
        try:
            return self.batches[step]
        except UserError as error:
            return error


def fit(
    model: nn.Module,
    batches: Batches,
    loss: Callable[[Any, Any], Losses],
    *,
    training: Training,
    folder: Path,
    accelerator: Accelerator,
    stages: tuple[Stage, ...] = (),
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
    stepped: Callable[[int], None] | None = None,
    description: str | None = "train",
) -> nn.Module:
    """Train a model, from its last checkpoint in `folder` if there is one, and return it.

    Args:
        model: whose parameters train.
        batches: `batches[step]` is what a step trains on.
        loss: of the (possibly wrapped) model on a batch.
        stages: what is frozen when.
        validate: figures of the model on held-out data, for the log.
        stepped: called with how many steps are done when one has changed the weights.
        folder: gets metrics.jsonl and checkpoints/.
        description: of the progress bar; None shows none.

    Raises:
        UserError: the loss stays non-finite, the disk is full, or a stage freezes nothing.
        KeyboardInterrupt: it was asked to stop; what it had reached is saved.
    """
    optimisers = training.optimisation.build(model)
    fixed = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    for stage in stages:  # a pattern that matches nothing is told before the first step
        freeze(model, stage.frozen, fixed)
    freeze(model, (), fixed)  # data-parallel wrapping has to see every parameter that will ever train
    model, *optimisers = accelerator.prepare(model, *optimisers)
    bare = accelerator.unwrap_model(model)
    interval = Interval()
    accelerator.register_for_checkpointing(interval)
    leave_out(accelerator, model, never_trained(bare, stages, training.steps, batches.steps_per_epoch, fixed))
    start = load_checkpoint(accelerator, folder)
    log = MetricsLog(folder / "metrics.jsonl", start) if accelerator.is_main_process else None
    if training.trackers:
        accelerator.init_trackers("isogloss")

    def report(row: dict[str, Any]) -> None:
        if log is not None:
            log.write(row)
        values = {f"{row['split']}/{name}": value for name, value in row.items() if name not in ("split", "step")}
        accelerator.log(values, step=row["step"])

    loader = DataLoader(
        _Told(batches),  # pyright: ignore[reportArgumentType]  (a map from steps to batches is all that it asks of a dataset)
        sampler=range(start, training.steps),
        batch_size=None,
        num_workers=training.workers,
        persistent_workers=training.workers > 0,
        worker_init_fn=default_signals,
    )
    frozen: tuple[str, ...] | None = None
    resting: list[nn.Module] = []
    skipped = 0
    bar = progress_bar(accelerator.is_main_process and description is not None)
    checkpointing = gradient_checkpointing(bare, training.gradient_checkpointing)
    with bar, interruption() as interrupted, checkpointing:
        task = bar.add_task(description or "", total=training.steps, completed=start, state="")
        since = time.perf_counter()
        for step, batch in enumerate(loader, start=start):
            if isinstance(batch, UserError):
                raise batch
            patterns = frozen_at(stages, step, training.steps, batches.steps_per_epoch)
            if patterns != frozen:
                freeze(bare, patterns, fixed)
                frozen, resting = patterns, frozen_modules(bare)
            rate = training.optimisation.rate(step, training.steps)
            for group in (group for optimiser in optimisers for group in optimiser.param_groups):
                group["lr"] = rate * group["factor"]
            seed_step(training.seed, step, accelerator.process_index)

            model.train()
            for module in resting:
                module.eval()
            statistics = [buffer.clone() for buffer in bare.buffers() if buffer.is_floating_point()]
            losses = accumulate(model, batch, loss, training.micro_batches, accelerator)
            norm = float(accelerator.clip_grad_norm_(bare.parameters(), training.optimisation.largest_gradient) or 0.0)
            finite = math.isfinite(norm) and bool(torch.isfinite(losses.total.detach()))
            if not any_process(accelerator, not finite):
                for optimiser in optimisers:
                    optimiser.step()
                if stepped:
                    stepped(step + 1)
                skipped = 0
                values = {"loss": float(losses.total.detach()), "floor": float(losses.floor), "gradient_norm": norm}
                values |= {name: float(value) for name, value in losses.parts.items()}
                interval.add(values, batches.images_per_step, time.perf_counter() - since)
            else:
                skipped += 1
                for buffer, before in zip(filter(torch.is_floating_point, bare.buffers()), statistics, strict=True):
                    buffer.copy_(before)  # batch statistics that have taken in what is not finite would keep it
            for optimiser in optimisers:
                optimiser.zero_grad(set_to_none=True)
            if skipped == MOST_SKIPPED:
                raise UserError(
                    f"The loss or its gradient was not finite for {MOST_SKIPPED} steps up to step {step + 1}, which were "
                    "left out; train anew, into another folder, with a lower learning_rate than "
                    f"{training.optimisation.learning_rate} or in float32."
                )

            done = step + 1
            last = done == training.steps
            epoch = done / batches.steps_per_epoch
            if interval.steps and (last or (training.log_every and done % training.log_every == 0)):
                means = interval.means()
                means["loss_above_floor"] = means["loss"] - means["floor"]
                report({"step": done, "epoch": epoch, "split": "train", "learning_rate": rate, **means})
                state = f"loss {means['loss']:.3f}  {means['images_per_second']:.0f} examples/s"
                bar.update(task, state=state)
                interval.restart()
            bar.update(task, completed=done)
            if validate and (last or (training.validate_every and done % training.validate_every == 0)):
                bare.eval()
                with torch.no_grad(), accelerator.autocast():
                    report({"step": done, "epoch": epoch, "split": "validation", **validate(bare)})
            stop = any_process(accelerator, interrupted())
            if last or stop or (training.checkpoint_every and done % training.checkpoint_every == 0):
                save_checkpoint(accelerator, folder, done, training.checkpoints_kept)
            if stop:
                raise KeyboardInterrupt
            since = time.perf_counter()
    for tracker in accelerator.trackers:  # and not end_training, which would end the process group of the next stage
        tracker.finish()
    freeze(bare, (), fixed)
    # What returns computes in its own precision, such as for a stage in float32 after one in bfloat16.
    bare = accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    vars(bare).pop("forward", None)  # Accelerate's, which hides the class's own
    return bare.eval()
