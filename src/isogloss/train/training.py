"""How long and how a run trains, whatever its family."""

from dataclasses import dataclass, field

from isogloss.errors import UserError
from isogloss.train.checks import check_whole
from isogloss.train.optim import Optimisation


@dataclass(frozen=True)
class Training:
    """How long and how a run trains.

    Args:
        steps: of the whole run.
        micro_batches: parts of a step's batch that are computed one after the other (gradient accumulation), for less
            memory and the same step, as many at most as there are rows; of language and chat models, whose loss is a mean
            over tokens.
        gradient_checkpointing: keep what goes into each layer alone, and compute the rest again backwards, for less memory
            and about a third more time.
        seed: of weights, order, augmentation and dropout.
        precision: "float32", "bfloat16", or "auto" for bfloat16 where the machine computes in it.
        log_every: in steps, and at the end; 0 for the end alone.
        validate_every: in steps, and at the end; 0 for the end alone.
        checkpoint_every: in steps, and at the end; 0 for the end alone.
        checkpoints_kept: the last few.
        workers: processes that prepare batches ahead; 0 prepares them in between.
        trackers: of Accelerate, such as "tensorboard" and "wandb".
    """

    steps: int = 400
    micro_batches: int = 1
    gradient_checkpointing: bool = False
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
        check_whole(self, "steps", "micro_batches")
        if not 0 <= self.seed < 2**32:
            raise UserError(f"seed is {self.seed}; give a whole number between 0 and {2**32 - 1}.")
        for name in ("log_every", "validate_every", "checkpoint_every", "workers"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} is {getattr(self, name)}; give a whole number of at least 0.")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise UserError(f"There is no precision '{self.precision}'; choose auto, float32 or bfloat16.")
        if self.checkpoints_kept < 1:
            raise UserError(f"checkpoints_kept is {self.checkpoints_kept}; keep at least the last one.")
