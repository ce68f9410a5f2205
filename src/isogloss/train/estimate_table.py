"""An estimate on the terminal: what a step is made of, what it takes on each device, and all that was assumed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Column, Table

from isogloss.errors import UserError
from isogloss.train.devices import DEVICES, MEASURED_SHARE, Device, this_machine
from isogloss.train.estimate import CALL_SECONDS, Estimate, Phase, estimate, runs_of
from isogloss.train.recipe import Recipe


@dataclass(frozen=True)
class Assumed:
    """What an estimate cannot know by itself.

    Args:
        images: how many pictures are trained on; counted where the dataset is there.
        tokens: of a caption, its first and last one included; counted where dataset and tokenizer are there.
        utilisation: the share that a whole training step reaches of the peak in a device's data sheet.
        price_per_hour: of one device of the table, in any currency.
    """

    images: int | None = None
    tokens: int = 16
    utilisation: float = 0.4
    price_per_hour: float | None = None

    def __post_init__(self) -> None:
        if (self.images is not None and self.images < 1) or self.tokens < 1:
            raise UserError("The number of images and of tokens to assume is a whole number of at least 1; give that.")
        if not 0 < self.utilisation <= 1:
            raise UserError(f"The utilisation to assume is {self.utilisation:g}; give a share above 0, such as 0.4.")
        if self.price_per_hour is not None and self.price_per_hour < 0:
            raise UserError(f"The price per hour is {self.price_per_hour:g}; give a number of at least 0.")


def print_estimate(recipe: Recipe, assumed: Assumed) -> None:
    """Print what a recipe will take on the devices of the table and on this machine.

    Raises:
        UserError: a tower's config is absent or makes no model, or the dataset lacks what the recipe asks for.
    """
    console = Console(markup=False, emoji=False, highlight=False)
    machine = this_machine()
    made = {
        bfloat16: [
            (name, estimate(run, bfloat16=bfloat16, images=assumed.images, tokens=assumed.tokens))
            for name, run in runs_of(recipe)
        ]
        for bfloat16 in dict.fromkeys((True, machine.bfloat16 is not None))
    }
    for name, one in made[True]:
        console.print(
            f"{name}: {one.shapes.images:,} images and {len(one.shapes.lengths):,} {one.shapes.texts} a step, "
            f"{one.parameters / 1e6:,.1f} million weights, products in {one.precision}"
        )
        console.print(_work(one))
    runs_on = {device: [one for _, one in made[device.bfloat16 is not None]] for device in (*DEVICES, machine)}
    console.print(_devices(runs_on, machine, assumed))
    for sentence in _assumptions(made[True][-1][1], assumed):
        console.print(f"- {sentence}")
    precision = runs_on[machine][-1].precision
    if precision != made[True][-1][1].precision:
        console.print(f"- This machine has no products in bfloat16; its row is of {precision}.")
    sources = "; ".join(f"{device.name}: {device.source}" for device in runs_on)
    console.print(f"- Peaks, bandwidths and memories are those of dense products. {sources}.")


def _work(one: Estimate) -> Table:
    """What a step of one run is made of: a fact a row, a stage a column."""
    stages = (f"{phase.steps:,} step{'' if phase.steps == 1 else 's'}" for phase in one.phases)
    table = Table(*(Column(name, overflow="fold") for name in ("in each of", *stages)))
    columns = [_facts(one, phase) for phase in one.phases]
    for fact in columns[0]:
        table.add_row(fact, *(facts[fact] for facts in columns))
    return table


def _facts(one: Estimate, phase: Phase) -> dict[str, str]:
    work = phase.work
    sizes = {
        "weights": work.weights,
        "gradients": work.gradients,
        "optimiser": 2 * work.gradients,
        "activations": work.activations,
        "peak memory": work.weights + 2 * work.gradients + work.peak,
    }
    return {
        "frozen": ", ".join(phase.frozen) or "nothing",
        "micro_batches": f"{one.micro_batches:,}",
        "gradient_checkpointing": "on" if one.again else "off",
        "forward": f"{work.forward / 1e12:,.3f} TFLOP",
        "backward": f"{work.backward / 1e12:,.3f} TFLOP",
        "memory traffic": f"{work.traffic / 1e9:,.2f} GB",
        "operations started": f"{work.calls:,}",
        **{name: f"{size / 1e9:,.2f} GB" for name, size in sizes.items()},
    }


def _devices(runs_on: Mapping[Device, Sequence[Estimate]], machine: Device, assumed: Assumed) -> Table:
    """What the runs take: a device a row, narrow enough for eighty columns."""
    price = assumed.price_per_hour
    whole = {1: "whole run", 2: "both runs"}.get(len(runs_on[machine]), "all runs")
    names = ("device", "a step", "images/s", whole, "peak memory", *(["cost"] if price is not None else []))
    table = Table(*(Column(name, overflow="fold") for name in names))
    for device, runs in runs_on.items():
        share = MEASURED_SHARE if device is machine else assumed.utilisation
        seconds = sum(one.seconds(device, share) for one in runs)
        last = runs[-1]
        step = last.step_seconds(device, share, last.phases[-1])
        memory = max(one.memory for one in runs)
        fits = "" if memory < 0.9 * device.memory else ", too little"
        cells = [
            "this machine, alone on it" if device is machine else device.name,
            f"{1000 * step:,.1f} ms" if step < 1 else f"{step:,.2f} s",
            f"{(last.shapes.images or len(last.shapes.lengths)) / step:,.0f}",
            _duration(seconds),
            f"{memory / 1e9:.1f} of {device.memory / 1e9:.0f} GB{fits}",
        ]
        if price is not None:
            cells.append("" if device is machine else f"{seconds / 3600 * price:,.2f}")
        table.add_row(*cells)
    return table


def _assumptions(one: Estimate, assumed: Assumed) -> list[str]:
    lengths, epoch = one.shapes.lengths, one.shapes.steps_per_epoch
    mean = sum(lengths) / len(lengths)
    if one.shapes.texts != "captions":
        rows, row_tokens = one.shapes.groups[0]
        told = (
            "are those of the first step of the dataset"
            if one.shapes.tokenised
            else (
                "are assumed to be as long as they may be, and captions to have as many tokens as --assume-tokens says and a "
                "request before them"
            )
        )
        said = [f"Conversations {told}: the last run reads {rows:,} rows of {row_tokens:,} tokens in a step."]
    elif one.shapes.tokenised:
        said = [f"Captions are those of the first step of the dataset: {mean:.1f} tokens on average."]
    else:
        said = [f"Captions are assumed to have {mean:g} tokens (--assume-tokens), and none to be missing."]
    if epoch is None:
        said.append(
            "How many pictures there are is not known (--assume-images), nor how long an epoch is, so all steps are taken "
            "as those of the last stage, in which least is frozen."
        )
    else:
        said.append(f"An epoch has {epoch:,} steps.")
    said.append(
        f"A step takes as long as the longest of three: its products at {assumed.utilisation:g} of the device's peak "
        f"(--assume-utilisation; {MEASURED_SHARE:g} of what was measured on this machine), its memory traffic at the full "
        f"bandwidth, and {CALL_SECONDS * 1e6:g} µs for each operation that PyTorch starts."
    )
    said.append(
        "One device, and nothing else running on it. Decoding, which has to keep up with images/s, and logging are not "
        "counted, nor are validation, checkpoints, evaluation and starting."
    )
    return said


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
