"""Replies of a chat model: isogloss beside `generate` of Transformers' LLaVA, on the same weights, pictures and prompts.

python bench/chat_generation.py                on one processor core
python bench/chat_generation.py --rounds 15    for firmer ratios

The sides take turns call by call, and the one that begins changes; what they wrote is compared. `bench/README.md` says what
is compared.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_results import MEASURES, Session, Watch, over_rounds, parser
from rich.console import Console
from rich.table import Table

PACKAGES = ("isogloss", "torch", "transformers", "tokenizers", "numpy")
QUESTION = "What is in the picture?"


def read_arguments() -> argparse.Namespace:
    """The command line."""
    found = parser(__doc__, "docs/results/bench_chat_generation.json", rounds=9)
    found.add_argument("--tokens", type=int, default=32, help="of a reply")
    found.add_argument("--batch", type=int, default=8, help="prompts that are replied to at once")
    return found.parse_args()


@dataclass(frozen=True)
class Case:
    """What both sides do.

    Args:
        ours, theirs: do it, and return what was written.
        before: what has to be done before each call of ours, and is not timed.
        tokens: that are written.
    """

    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    tokens: int
    before: Callable[[], None] = lambda: None


def build_cases(folder: Path, tokens: int, batch: int) -> dict[str, Case]:
    """All that is timed."""
    import torch
    from chat_world import make_world
    from PIL import Image
    from transformers import LlavaForConditionalGeneration

    from isogloss.data.dataset import Dataset
    from isogloss.data.images import Pictures
    from isogloss.models.image_processor import picture_size
    from isogloss.serve.chat import Chat
    from isogloss.serve.generation import Generation

    world = make_world(folder, pictures=batch, conversations=batch)
    chat = Chat.load(str(world.model), device="cpu", generation=Generation(max_tokens=tokens))
    model, processor = chat.model, chat.processor
    llava: Any = LlavaForConditionalGeneration.from_pretrained(world.model).eval()
    # Random weights end a reply whenever they like.
    for settings in (model.generation_config, llava.generation_config):
        settings.suppress_tokens = sorted({*settings.suppress_tokens, settings.eos_token_id})
    dataset = Dataset.open(world.dataset)
    size = picture_size(processor.image_processor)
    pixels = Pictures(dataset, dataset.split("train", ()), size).batch(torch.arange(batch).numpy())
    pictures = [Image.fromarray(one.transpose(1, 2, 0)) for one in pixels]
    first = [(one.turns[0].role, one.turns[0].text) for one in world.instruct]

    def inputs(conversations: list[list[tuple[str, str]]], shown: list[Image.Image]) -> dict[str, Any]:
        said = [[{"role": role, "content": text} for role, text in one] for one in conversations]
        texts = [
            processor.tokenizer.apply_chat_template(one, tokenize=False, add_generation_prompt=True) for one in said
        ]
        return dict(processor(text=texts, images=shown, padding=True, return_tensors="pt"))

    def written(whole: Any, count: int) -> list[Any]:
        return whole[:, -count:].tolist()

    def replies(count: int) -> Case:
        read = inputs([[one] for one in first[:count]], pictures[:count])
        options: dict[str, Any] = {**read, "max_new_tokens": tokens, "do_sample": False}
        return Case(
            lambda: written(model.generate(**options), tokens),
            lambda: written(llava.generate(**options), tokens),
            count * tokens,
        )

    said: list[tuple[str, str]] = []

    def talk() -> None:
        """The first turn, whose reply is read again in the second."""
        chat.reset()
        chat.generation = Generation(max_tokens=tokens)
        chat.ask(QUESTION, images=pictures[:1])
        said[:] = [(turn.role, turn.text) for turn in chat.turns]
        chat.generation = Generation(max_tokens=1)

    def again() -> str:
        return chat.ask(QUESTION)

    def anew() -> str:
        read = inputs([[*said, ("user", QUESTION)]], pictures[:1])
        one = llava.generate(**read, max_new_tokens=1, do_sample=False)[:, -1:]
        return processor.tokenizer.decode(one[0], skip_special_tokens=True).lstrip()

    return {
        "one reply": replies(1),
        f"{batch} replies at once": replies(batch),
        "first word of the second turn": Case(again, anew, 1, talk),
    }


def measure(cases: Mapping[str, Case], rounds: int) -> dict[str, dict[str, list[dict[str, float]]]]:
    """What each side needed, case by case and round by round; the first round, which is not kept, warms up.

    Raises:
        ValueError: the sides write different things.
    """
    found: dict[str, dict[str, list[dict[str, float]]]] = {case: {"isogloss": [], "llava": []} for case in cases}
    for number in range(rounds + 1):
        for name, case in cases.items():
            case.before()
            sides = [("isogloss", case.ours), ("llava", case.theirs)]
            told: list[Any] = []
            for side, run in sides if number % 2 == 0 else reversed(sides):
                watch = Watch()
                told.append(run())
                spent = watch.spent()
                if number:
                    found[name][side].append(spent)
            if told[0] != told[1]:
                raise ValueError(f"{name}: the two sides write different things")
            print(f"round {number}/{rounds}  {name}", file=sys.stderr)
    return found


def summary(found: Mapping[str, Mapping[str, list[dict[str, float]]]], tokens: Mapping[str, int]) -> dict[str, Any]:
    """Each case's figures and ratios: the median over rounds, and the least and the greatest."""
    figures: dict[str, Any] = {}
    for case, sides in found.items():
        one: dict[str, Any] = {"tokens": tokens[case], "rounds": sides, "times as fast": {}}
        for measure in MEASURES:
            each = [
                theirs[measure] / ours[measure] for ours, theirs in zip(sides["isogloss"], sides["llava"], strict=True)
            ]
            one["times as fast"][measure] = over_rounds(each)
        for side, rounds in sides.items():
            one[side] = {measure: statistics.median(spent[measure] for spent in rounds) for measure in MEASURES}
        figures[case] = one
    return figures


def show(figures: Mapping[str, Any]) -> None:
    """All as a table."""
    table = Table("case", "isogloss, ms", "LLaVA, ms", "times as fast", "by processor time", "least", "greatest")
    for case, one in figures.items():
        times = (f"{1000 * one[side]['seconds']:.1f}" for side in ("isogloss", "llava"))
        ratios = one["times as fast"]
        medians = (f"{ratios[measure]['median']:.2f}" for measure in MEASURES)
        bounds = (f"{ratios['processor_seconds'][which]:.2f}" for which in ("least", "greatest"))
        table.add_row(case, *times, *medians, *bounds)
    Console().print(table)


def main() -> None:
    """Measure, print and save."""
    asked = read_arguments()
    session = Session(asked.threads)

    import torch

    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        cases = build_cases(Path(folder), asked.tokens, asked.batch)
        found = measure(cases, asked.rounds)
    figures = summary(found, {name: case.tokens for name, case in cases.items()})
    show(figures)
    session.save(asked.out, PACKAGES, "float32", {"rounds": asked.rounds, "cases": figures})


if __name__ == "__main__":
    main()
