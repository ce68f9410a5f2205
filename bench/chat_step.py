"""Training steps of a chat model: isogloss's loop beside a LLaVA of Transformers under its `Trainer`, with padding.

python bench/chat_step.py                    on one processor core
python bench/chat_step.py --rounds 9         for firmer ratios

Every side is a process of its own, which tells its own peak memory, and trains a few steps when it is its turn: in turn
forwards and backwards, so that a machine that slows down slows all of them alike; ratios are taken within a round.
`bench/README.md` says what is compared.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from chat_results import MEASURES, Session, Watch, over_rounds, parser
from rich.console import Console
from rich.table import Table

PACKAGES = ("isogloss", "torch", "transformers", "accelerate", "tokenizers", "numpy")
# Who trains, in which stage, and how: kept features, or batches of like length.
SIDES: Mapping[str, tuple[str, str, bool]] = {
    "isogloss, align": ("isogloss", "align", True),
    "isogloss, align, nothing kept": ("isogloss", "align", False),
    "Trainer, align": ("peer", "align", False),
    "isogloss, instruct": ("isogloss", "instruct", False),
    "Trainer, instruct": ("peer", "instruct", False),
    "Trainer, instruct, by length": ("peer", "instruct", True),
}
# What is divided by what: (name, slower as expected, faster as expected).
RATIOS = (
    ("align", "Trainer, align", "isogloss, align"),
    ("align, each picture for the first time", "Trainer, align", "isogloss, align, nothing kept"),
    ("instruct", "Trainer, instruct", "isogloss, instruct"),
    ("instruct, against batches of like length", "Trainer, instruct, by length", "isogloss, instruct"),
)
# The rate by each measure.
RATES = dict(zip(MEASURES, ("tokens_per_second", "tokens_per_processor_second"), strict=True))


def read_arguments() -> argparse.Namespace:
    """The command line."""
    found = parser(__doc__, "docs/results/bench_chat_step.json", rounds=5)
    found.add_argument("--conversations", type=int, default=16, help="of a step")
    found.add_argument("--steps", type=int, default=4, help="timed in a round, for each side")
    found.add_argument("--warmup", type=int, default=2, help="steps before those that are timed")
    found.add_argument("--side", choices=tuple(SIDES), action="append", help="all unless given")
    found.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="of the model")
    return found.parse_args()


class EnoughError(Exception):
    """No more steps are asked for."""


@dataclass
class Pace:
    """Steps that are taken when they are asked for.

    told: with the tokens of loss of a step that is done, or None before the first one.
    """

    pipe: Connection
    left: int = 0
    tokens: list[int] = field(default_factory=list[int])
    watch: Watch = field(default_factory=Watch)

    def told(self, tokens: int | None) -> None:
        if tokens is not None:
            self.tokens.append(tokens)
            self.left -= 1
        if self.left > 0:
            return
        self.pipe.send({**self.watch.spent(), "tokens": sum(self.tokens), "peak_mb": peak()})
        asked = self.pipe.recv()
        if asked is None:
            raise EnoughError
        self.left, self.tokens = asked, []
        self.watch = Watch()


def peak() -> float:
    """The most memory that this process had resident, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def run_side(side: str, world: Any, settings: Any, folder: Path, threads: int, pipe: Connection) -> None:
    """A process: one side, which trains when it is asked to."""
    import torch
    from chat_isogloss import talks_of, train
    from chat_peer import train as train_peer

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    who, stage, how = SIDES[side]
    try:
        if who == "isogloss":
            train(world, stage, folder, settings, Pace(pipe).told, kept=how)
        else:
            talks = talks_of(world, stage, settings, settings.steps * settings.conversations)
            train_peer(world.model, folder, talks, settings, Pace(pipe).told, grouped=how)
    except EnoughError:
        return


def make(folder: Path, pipe: Connection) -> None:
    """A process: the world, made apart so that no side has its memory."""
    from chat_world import make_world

    pipe.send(make_world(folder))


def check_sides(world: Any, settings: Any, stage: str) -> None:
    """Both halves must learn the same tokens and minimise the same thing, or their speeds say nothing."""
    import torch
    from chat_isogloss import FROZEN, make_batches, talks_of
    from chat_peer import Collate, Talks, open_peer

    from isogloss.models.chat_saving import load_chat
    from isogloss.train.chat import chat_loss

    ours, processor = load_chat(world.model)
    batch = make_batches(world, stage, ours, processor, settings)[0]
    model, processor = open_peer(world.model, FROZEN[stage])
    talks = talks_of(world, stage, settings, settings.conversations)[: settings.conversations]
    read = Talks(talks, processor, model.config.image_seq_length)
    collate = Collate(processor, [])
    padded = collate([read[number] for number in range(len(read))])
    with torch.no_grad():
        torch.testing.assert_close(chat_loss(ours, batch).total, model.eval()(**padded).loss, rtol=1e-4, atol=1e-4)
    if collate.learnt != [int((batch.labels != -100).sum())]:
        raise ValueError("the two sides learn different tokens")


def settings_of(asked: argparse.Namespace, stage: str) -> Any:
    """What both sides of a stage agree on."""
    from chat_isogloss import FROZEN
    from chat_peer import Settings

    from isogloss.train.process import computes_bfloat16

    bfloat16 = asked.precision == "bfloat16" or (asked.precision == "auto" and computes_bfloat16())
    # One more than is timed, since the end of the last one is never seen.
    steps = asked.warmup + asked.rounds * asked.steps + 1
    return Settings(steps, asked.conversations, FROZEN[stage], 1e-3, 0.0, (0.9, 0.999), 1e-8, 0.03, 1.0, bfloat16)


def measure(asked: argparse.Namespace, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What each side needed in each round."""
    # Every process begins as one that has imported all of it and done nothing yet.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["chat_isogloss", "chat_peer"])
    ours, theirs = context.Pipe()
    maker = context.Process(target=make, args=(folder, theirs))
    maker.start()
    world = ours.recv()
    maker.join()
    for stage in ("align", "instruct"):
        check_sides(world, settings_of(asked, stage), stage)
    sides = {side: context.Pipe() for side in asked.side or SIDES}
    for number, (side, (_, pipe)) in enumerate(sides.items()):
        settings = settings_of(asked, SIDES[side][1])
        one = (side, world, settings, folder / f"run {number}", asked.threads, pipe)
        context.Process(target=run_side, args=one, daemon=True).start()
        pipe.close()  # of which the process has its own, and whose end is told when that one fails
    pipes = {side: mine for side, (mine, _) in sides.items()}
    for pipe in pipes.values():
        pipe.recv()
        take(pipe, asked.warmup)
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in pipes}
    for number in range(asked.rounds):
        for side in list(pipes) if number % 2 == 0 else reversed(list(pipes)):
            found[side].append(take(pipes[side], asked.steps))
            rate = found[side][-1]["tokens"] / found[side][-1]["processor_seconds"]
            print(f"round {number + 1}/{asked.rounds}  {side}: {rate:.0f} tokens a second", file=sys.stderr)
    for pipe in pipes.values():
        pipe.send(None)
    return found


def take(pipe: Connection, steps: int) -> dict[str, Any]:
    """Have a side take some steps, and return what it needed for them."""
    pipe.send(steps)
    return pipe.recv()


def summary(found: Mapping[str, list[dict[str, Any]]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every side's figures, and the ratios: the median over rounds, and the least and the greatest."""
    figures: dict[str, Any] = {}
    for side, rounds in found.items():
        tokens = [one["tokens"] for one in rounds]
        figures[side] = {"peak_mb": max(one["peak_mb"] for one in rounds), "tokens": tokens}
        for measure, rate in RATES.items():
            figures[side][rate] = statistics.median(one["tokens"] / one[measure] for one in rounds)
            figures[side][measure] = [one[measure] for one in rounds]
    ratios: dict[str, Any] = {}
    for name, slow, fast in RATIOS:
        if slow in found and fast in found:
            ratios[name] = {measure: _ratio(found[slow], found[fast], measure) for measure in MEASURES}
            ratios[name]["memory"] = figures[slow]["peak_mb"] / figures[fast]["peak_mb"]
    return figures, ratios


def _ratio(slow: list[dict[str, Any]], fast: list[dict[str, Any]], measure: str) -> dict[str, float]:
    each = [
        (after["tokens"] / after[measure]) / (before["tokens"] / before[measure])
        for before, after in zip(slow, fast, strict=True)
    ]
    return over_rounds(each)


def show(figures: Mapping[str, Any], ratios: Mapping[str, Any]) -> None:
    """Both as tables."""
    table = Table("side", "tokens of loss a second", "of the processor", "peak MB", title_justify="left")
    for side, one in figures.items():
        rates = (f"{one[rate]:.0f}" for rate in RATES.values())
        table.add_row(side, *rates, f"{one['peak_mb']:.0f}")
    Console().print(table)
    table = Table("times as fast", "by the clock", "by processor time", "least", "greatest", title_justify="left")
    for name, one in ratios.items():
        spent = one["processor_seconds"]
        medians = (f"{one[measure]['median']:.2f}" for measure in MEASURES)
        table.add_row(name, *medians, f"{spent['least']:.2f}", f"{spent['greatest']:.2f}")
    Console().print(table)


def main() -> None:
    """Measure, print and save."""
    asked = read_arguments()
    session = Session(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(asked, Path(folder))
    figures, ratios = summary(found)
    show(figures, ratios)
    precision = "bfloat16" if settings_of(asked, "align").bfloat16 else "float32"
    counts = {"conversations_per_step": asked.conversations, "rounds": asked.rounds, "steps": asked.steps}
    results = {**counts, "warmup": asked.warmup, "sides": figures, "ratios": ratios}
    session.save(asked.out, PACKAGES, precision, results)


if __name__ == "__main__":
    main()
