"""Freezing as a schedule: which parameters stay as they are, from which point of the run on."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Literal

from torch import nn

from isogloss.errors import UserError


@dataclass(frozen=True)
class Stage:
    """What is frozen from a point of the run until the next stage begins.

    Args:
        start: where it begins, in `unit`.
        unit: "step", "epoch", or "run" for a share of the whole run.
        frozen: patterns of parameter names, as in `text_model.*`; all others train, and so do those that match a pattern with
            "!" before it, as of `("unet.*", "!unet.*attn2.*")`.
    """

    start: float = 0.0
    unit: Literal["step", "epoch", "run"] = "step"
    frozen: tuple[str, ...] = ()

    def first_step(self, steps: int, steps_per_epoch: int) -> int:
        """The step at which it begins."""
        return round(self.start * {"step": 1, "epoch": steps_per_epoch, "run": steps}[self.unit])


def frozen_at(stages: Sequence[Stage], step: int, steps: int, steps_per_epoch: int) -> tuple[str, ...]:
    """The patterns frozen at a step: those of the last stage that has begun, none before the first.

    Of stages that begin at one step, as those of a short epoch may, the one that is written last holds.
    """
    begun = [stage for stage in stages if stage.first_step(steps, steps_per_epoch) <= step]
    if not begun:
        return ()
    return max(reversed(begun), key=lambda stage: stage.first_step(steps, steps_per_epoch)).frozen


def phases_of(
    stages: Sequence[Stage], steps: int, steps_per_epoch: int | None
) -> Iterator[tuple[tuple[str, ...], int]]:
    """What is frozen for how many steps; the last stage alone where an epoch's length is not known."""
    if steps_per_epoch is None or not stages:
        yield (stages[-1].frozen if stages else ()), steps
        return
    begins = {stage.first_step(steps, steps_per_epoch): stage.frozen for stage in stages}
    starts = [start for start in sorted(begins) if start < steps]
    for start, end in pairwise([*starts, steps]):
        yield begins[start], end - start


def is_frozen(name: str, patterns: Sequence[str]) -> bool:
    """Whether a parameter stays as it is under some patterns of a stage."""
    frozen = any(fnmatchcase(name, pattern) for pattern in patterns)
    return frozen and not any(pattern[0] == "!" and fnmatchcase(name, pattern[1:]) for pattern in patterns)


def freeze(model: nn.Module, patterns: Sequence[str], fixed: Collection[str] = ()) -> None:
    """Freeze the parameters whose names match a pattern and let all others train.

    Args:
        patterns: of parameter names, as in `Stage.frozen`.
        fixed: names that never train, whatever the stage.

    Raises:
        UserError: a pattern matches no parameter.
    """
    names = [name for name, _ in model.named_parameters()]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern.removeprefix("!")) for name in names):
            modules = {name.split(".")[0] + ".*" for name in names}
            near = get_close_matches(pattern, sorted(modules), n=1, cutoff=0.0)[0]
            raise UserError(f"The stage freezes '{pattern}', which matches no parameter; did you mean '{near}'?")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in fixed and not is_frozen(name, patterns))
        if not parameter.requires_grad:
            parameter.grad = None


def never_trained(
    model: nn.Module, stages: Sequence[Stage], steps: int, steps_per_epoch: int, fixed: Collection[str] = ()
) -> set[str]:
    """The names of the parameters that are frozen from the first step of a run to the last.

    Args:
        fixed: names that never train, whatever the stage.
    """
    starts = {stage.first_step(steps, steps_per_epoch) for stage in stages}
    patterns = [frozen_at(stages, step, steps, steps_per_epoch) for step in {0, *starts} if step < steps]
    return {
        name
        for name, _ in model.named_parameters()
        if name in fixed or all(is_frozen(name, together) for together in patterns)
    }


def frozen_modules(model: nn.Module) -> list[nn.Module]:
    """The modules that are wholly frozen, which rest in evaluation mode: no dropout, and batch statistics that stay."""
    found: list[nn.Module] = []
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            found.append(module)
    return found


def frozen_until(epochs_by_module: dict[str, float]) -> tuple[Stage, ...]:
    """Stages in which each module stays frozen for its first epochs, each on its own: {"text_model": 0.5}.

    Example:
        >>> [(stage.start, stage.frozen) for stage in frozen_until({"text_model": 0.5, "vision_model": 0.0})]
        [(0.0, ('text_model.*',)), (0.5, ())]
    """
    starts = sorted({0.0, *epochs_by_module.values()})
    return tuple(
        Stage(start, "epoch", tuple(f"{name}.*" for name, end in epochs_by_module.items() if start < end))
        for start in starts
    )
