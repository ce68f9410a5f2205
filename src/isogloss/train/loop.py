"""The loop that every family trains through: it knows batches, a loss and stages, and no model family."""

import math
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState
from accelerate.tracking import get_available_trackers
from accelerate.utils import LoggerType
from torch import nn
from torch.utils.data import DataLoader

from isogloss.data.batch import Batches
from isogloss.errors import UserError, unknown
from isogloss.losses import Losses
from isogloss.train.checkpoint import load_checkpoint, save_checkpoint
from isogloss.train.log import MetricsLog, progress_bar
from isogloss.train.optim import Optimisation
from isogloss.train.stages import Stage, freeze, frozen_at, rest

# So many steps in a row without a finite gradient are no accident of one batch.
MOST_SKIPPED = 10


@dataclass(frozen=True)
class Training:
    """How long and how a run trains.

    Args:
        steps: of the whole run.
        seed: of weights, order, augmentation and dropout.
        precision: "float32", "bfloat16", or "auto" for bfloat16 where the machine computes in it.
        log_every, validate_every, checkpoint_every: in steps; 0 for never, and validation and checkpoint also at the end.
        checkpoints_kept: the last few.
        workers: processes that prepare batches ahead; 0 prepares them in between.
        trackers: of Accelerate, such as "tensorboard" and "wandb".
    """

    steps: int = 400
    seed: int = 0
    precision: str = "auto"
    log_every: int = 10
    validate_every: int = 100
    checkpoint_every: int = 100
    checkpoints_kept: int = 2
    workers: int = 0
    trackers: tuple[str, ...] = ()
    optimisation: Optimisation = field(default_factory=Optimisation)

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise UserError(f"steps is {self.steps}; give a whole number of at least 1.")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise UserError(f"There is no precision '{self.precision}'; choose auto, float32 or bfloat16.")
        if self.checkpoints_kept < 1:
            raise UserError(f"checkpoints_kept is {self.checkpoints_kept}; keep at least the last one.")


def computes_bfloat16() -> bool:
    """Whether this machine multiplies bfloat16 matrices in hardware, on its GPU or else its processor."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # PyTorch has no public question for it.
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # pyright: ignore[reportPrivateUsage]


def start_process(training: Training, folder: Path) -> Accelerator:
    """Set the device, the process group, the precision and the trackers: the one place that does.

    Raises:
        UserError: a tracker is not known or not installed.
    """
    for tracker in training.trackers:
        if tracker not in LoggerType.list():
            raise unknown("tracker", tracker, LoggerType.list())
        if tracker not in map(str, get_available_trackers()):
            raise UserError(
                f"The tracker '{tracker}' is not installed; install its package or leave it out of trackers."
            )
    # A process trains several runs, each in its own precision, and Accelerate else holds the first one's for all.
    AcceleratorState._reset_state()  # pyright: ignore[reportPrivateUsage]
    bfloat16 = training.precision == "bfloat16" or (training.precision == "auto" and computes_bfloat16())
    return Accelerator(
        mixed_precision="bf16" if bfloat16 else "no",
        log_with=list(training.trackers) or None,
        project_dir=str(folder),
        # Frozen parameters are in no graph, and data-parallel training has to expect that.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )


def seed_step(seed: int, step: int, process: int) -> None:
    """Dropout and masking are functions of the step too, so that a resumed run repeats them."""
    torch.manual_seed((seed * 1_000_003 + step) * 1_009 + process)


@contextmanager
def interruption() -> Generator[Callable[[], bool]]:
    """Whether Ctrl-C or a termination was asked for since; a second Ctrl-C ends at once."""
    asked: list[int] = []

    def note(number: int, frame: Any) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in numbers]
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _any_process(accelerator: Accelerator, flag: bool) -> bool:
    """Whether any process has the flag: all have to stop at one step, or they would wait for each other for ever."""
    if accelerator.num_processes == 1:
        return flag
    flags: Any = accelerator.reduce(torch.tensor(int(flag), device=accelerator.device), "sum")
    return bool(flags)


@dataclass
class Interval:
    """Means over the steps since the last row of the log."""

    steps: int = 0
    images: int = 0
    since: float = field(default_factory=time.perf_counter)
    sums: dict[str, float] = field(default_factory=dict[str, float])

    def add(self, values: dict[str, float], images: int) -> None:
        self.steps += 1
        self.images += images
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps, so that a resumed run's next row is a mean over as many steps."""
        return {"steps": self.steps, "images": self.images, "sums": dict(self.sums)}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.steps, self.images, self.sums = saved["steps"], saved["images"], dict(saved["sums"])

    def restart(self) -> None:
        self.load_state_dict({"steps": 0, "images": 0, "sums": {}})
        self.since = time.perf_counter()

    def means(self) -> dict[str, float]:
        seconds = time.perf_counter() - self.since
        means = {name: value / max(1, self.steps) for name, value in self.sums.items()}
        return {**means, "images_per_second": self.images / seconds, "seconds": seconds}


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
    description: str | None = "train",
) -> nn.Module:
    """Train a model, from its last checkpoint in `folder` if there is one, and return it.

    Args:
        model: whose parameters train.
        batches: `batches[step]` is what a step trains on.
        loss: of the (possibly wrapped) model on a batch.
        stages: what is frozen when.
        validate: figures of the model on held-out data, for the log.
        folder: gets metrics.jsonl and checkpoints/.
        description: of the progress bar; None shows none.

    Raises:
        UserError: the loss stays non-finite, the disk is full, or a stage freezes nothing.
        KeyboardInterrupt: it was asked to stop; what it had reached is saved.
    """
    optimiser = training.optimisation.build(model)
    fixed = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    for stage in stages:  # a pattern that matches nothing is told before the first step
        freeze(model, stage.frozen, fixed)
    freeze(model, (), fixed)  # data-parallel wrapping has to see every parameter that will ever train
    model, optimiser = accelerator.prepare(model, optimiser)
    bare = accelerator.unwrap_model(model)
    interval = Interval()
    accelerator.register_for_checkpointing(interval)
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
    )
    frozen: tuple[str, ...] | None = None
    skipped = 0
    interval.since = time.perf_counter()
    bar = progress_bar(accelerator.is_main_process and description is not None)
    with bar, interruption() as interrupted:
        task = bar.add_task(description or "", total=training.steps, completed=start, state="")
        for step, batch in enumerate(loader, start=start):
            if isinstance(batch, UserError):
                raise batch
            patterns = frozen_at(stages, step, training.steps, batches.steps_per_epoch)
            if patterns != frozen:
                freeze(bare, patterns, fixed)
                frozen = patterns
            rate = training.optimisation.rate(step, training.steps)
            for group in optimiser.param_groups:
                group["lr"] = rate
            seed_step(training.seed, step, accelerator.process_index)

            model.train()
            if frozen:
                rest(bare)
            losses = loss(model, batch.to(accelerator.device))
            accelerator.backward(losses.total)
            norm = float(accelerator.clip_grad_norm_(bare.parameters(), training.optimisation.largest_gradient) or 0.0)
            if math.isfinite(norm) and bool(torch.isfinite(losses.total.detach())):
                optimiser.step()
                skipped = 0
                values = {"loss": float(losses.total.detach()), "floor": float(losses.floor), "gradient_norm": norm}
                values |= {name: float(value) for name, value in losses.parts.items()}
                interval.add(values, batches.images_per_step)
            else:
                skipped += 1
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
                state = f"loss {means['loss']:.3f}  {means['images_per_second']:.0f} images/s"
                bar.update(task, state=state)
                interval.restart()
            bar.update(task, completed=done)
            if validate and (last or (training.validate_every and done % training.validate_every == 0)):
                bare.eval()
                with torch.no_grad():
                    report({"step": done, "epoch": epoch, "split": "validation", **validate(bare)})
                interval.since = time.perf_counter()
            stop = _any_process(accelerator, interrupted())
            if last or stop or (training.checkpoint_every and done % training.checkpoint_every == 0):
                save_checkpoint(accelerator, folder, done, training.checkpoints_kept)
            if stop:
                raise KeyboardInterrupt
    accelerator.end_training()
    freeze(bare, (), fixed)
    return bare.eval()
