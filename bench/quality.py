"""What the checks of translations throw away: of human captions, which are right, and of captions that are spoilt.

python bench/quality.py            the half of the captions that no threshold was chosen on
python bench/quality.py --chosen   the half that thresholds were chosen on
python bench/quality.py --speed    captions per CPU second, and memory

Prints the tables of docs/results/translation_quality.md.
"""

import argparse
import hashlib
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from isogloss.data.worlds.emoji_names import LANGUAGES as EMOJI_LANGUAGES
from isogloss.data.worlds.emoji_names import names
from isogloss.languages import language
from isogloss.translate.engine import Translation
from isogloss.translate.quality import REASONS, Checks
from isogloss.translate.quality.judge import evidence
from isogloss.translate.quality.pairs import Fails, Pairs

# In place of this folder, whose translate.py would hide the tests of the same name.
sys.path.remove(str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from translate.human_captions import LANGUAGES as HUMAN_LANGUAGES
from translate.human_captions import captions

ENGLISH = language("en")
UNSPACED = ("ja", "zh")
# A job is mostly right: this share of captions is spoilt at a time.
SPOILT = 0.1
Aligned = Mapping[str, tuple[list[str], list[str]]]


def drawn(text: str, salt: str) -> float:
    """A number in 0…1 that follows from a text."""
    return int.from_bytes(hashlib.sha256(f"{salt}{text}".encode()).digest()[:4], "big") / 2**32


def emoji() -> Aligned:
    """The names of emoji: English, and the language's."""
    english = names("en")
    return {
        tag: ([english[one] for one in own if one in english], [own[one] for one in own if one in english])
        for tag in EMOJI_LANGUAGES
        if tag != "en" and (own := names(tag))
    }


def human() -> Aligned:
    """Captions by hand and by a grammar: English, and the language's."""
    return {tag: captions(tag) for tag in HUMAN_LANGUAGES if tag != "en"}


def half(aligned: Aligned, chosen: bool) -> Aligned:
    """One half of the captions, by the English text."""
    return {
        tag: tuple(list(side) for side in zip(*(row for row in zip(*sides, strict=True) if (drawn(row[0], "half") < 0.5) == chosen), strict=True))
        for tag, sides in aligned.items()
    }  # fmt: skip


def failing(sources: Sequence[str], texts: Sequence[str], tag: str) -> Mapping[str, Fails]:
    """Which translations fail, by reason."""
    checks = Checks()
    return evidence(Pairs(sources, texts, ENGLISH, language(tag)), [Translation(text) for text in texts], checks)[0]


def looped(text: str, tag: str) -> str:
    """A text whose end comes over and over."""
    return text + text[-2:] * 8 if tag in UNSPACED else text + (" " + " ".join(text.split()[-2:])) * 8


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table of Markdown."""
    print("\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)) + "\n")


def false_rejections(aligned: Aligned) -> None:
    """Prints what is thrown away of captions that are right, in per cent."""
    asked = [name for name in REASONS if name not in ("empty", "meaning")]
    rows: list[list[str]] = []
    for tag, (sources, texts) in aligned.items():
        fails = failing(sources, texts, tag)
        every = np.logical_or.reduce(list(fails.values()))
        rates = [100 * float(each.mean()) for each in [*(fails[name] for name in asked), every]]
        rows.append([tag, str(len(texts)), *(f"{rate:.2f}" if rate else "0" for rate in rates)])
    table(["language", "captions", *asked, "together"], rows)


def true_rejections(aligned: Aligned) -> None:
    """Prints what is thrown away of captions that were spoilt, in per cent."""
    ways: dict[str, Callable[[str, str, str], str]] = {
        "copy of the source": lambda source, text, tag: source,
        "cut at half": lambda source, text, tag: text[: len(text) // 2].rstrip(),
        "looped": lambda source, text, tag: looped(text, tag),
    }
    texts_of = {tag: dict(zip(*sides, strict=True)) for tag, sides in aligned.items()}
    rows: list[list[str]] = []
    for tag, (sources, texts) in aligned.items():
        some = np.array([drawn(source, "spoilt") < SPOILT for source in sources])

        def rejected(spoil: Callable[[str, str], str], tag: str = tag, some: Fails = some) -> float:
            sources, texts = aligned[tag]
            spoilt = [spoil(*row) if bad else row[1] for *row, bad in zip(sources, texts, some, strict=True)]
            changed = some & (np.array(spoilt, dtype=object) != np.array(texts, dtype=object))
            fails = failing(sources, spoilt, tag)
            return 100 * float(np.logical_or.reduce(list(fails.values()))[changed].mean())

        rates = [
            f"{rejected(lambda source, text, way=way, tag=tag: way(source, text, tag)):.1f}" for way in ways.values()
        ]
        others = {
            other: rejected(lambda source, text, other=other: texts_of[other].get(source, text))
            for other in aligned
            if other != tag
        }
        worst = sorted(others, key=lambda other: others[other])[:2]
        mean = sum(others.values()) / len(others)
        rows.append(
            [tag, str(int(some.sum())), *rates, f"{mean:.1f}", ", ".join(f"{one} {others[one]:.1f}" for one in worst)]
        )
    table(["language", "spoilt", *ways, "another language's", "the two found least"], rows)


def speed(captions_: int) -> None:
    """Prints captions per CPU second, check by check, and the memory of the process."""
    for tag in ("es", "hi", "ja"):
        sources, texts = captions(tag)
        times = -(-captions_ // len(sources))
        # No two captions are alike, as in a job.
        sources = [f"{text} {number}" for number in range(times) for text in sources][:captions_]
        texts = [f"{text} {number}" for number in range(times) for text in texts][:captions_]
        pairs, translations = Pairs(sources, texts, ENGLISH, language(tag)), [Translation(text) for text in texts]
        seen = [time.process_time()]
        for name in REASONS:
            evidence(pairs, translations, Checks(skip=tuple(other for other in REASONS[1:] if other != name)))
            seen.append(time.process_time())
        seconds = ", ".join(f"{name} {b - a:.1f}" for name, (a, b) in zip(REASONS, pairwise(seen), strict=True))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{tag}: {captions_ / (seen[-1] - seen[0]):,.0f} captions per CPU second, {memory:.2f} GiB at most; seconds: {seconds}"
        )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--chosen", action="store_true", help="the half that thresholds were chosen on")
    parser.add_argument("--speed", type=int, nargs="?", const=200_000, help="time this many captions instead")
    arguments = parser.parse_args()
    if arguments.speed:
        speed(arguments.speed)
        return
    for name, aligned in (("Emoji names", emoji()), ("Captions", human())):
        print(f"## {name}\n")
        false_rejections(half(aligned, arguments.chosen))
        true_rejections(half(aligned, arguments.chosen))


if __name__ == "__main__":
    main()
