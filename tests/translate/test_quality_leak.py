"""Words that Apertium moved between lines are found, and the lexicon that finds them counts rightly."""

import random
import shutil
import subprocess
from collections import Counter

import numpy as np
from translate.human_captions import captions

from isogloss.languages import language
from isogloss.translate.quality.leak import leaks
from isogloss.translate.quality.lexicon import CAPTIONS, learn
from isogloss.translate.quality.pairs import Pairs

SURE, LIFT = 0.9, 3.0


def found(sources: list[str], texts: list[str], tag: str) -> list[int]:
    pairs = Pairs(sources, texts, language("en"), language(tag))
    lexicon = learn(pairs.source_words, pairs.text_words, len(pairs.vocabulary), SURE, LIFT)
    return np.flatnonzero(leaks(pairs, lexicon)).tolist()


def test_a_word_that_moved_is_found_in_both_captions() -> None:
    for tag in ("es", "de", "zh"):
        sources, texts = captions(tag)
        assert found(sources, texts, tag) == []
        assert found(sources[:300], [*texts[1:300], texts[0]], tag)  # all moved by one


def test_names_and_numbers_need_no_lexicon() -> None:
    sources = ["a bus to Boston", "a dog", "a cat", "bus 42", "two dogs"]
    assert found(sources, ["un autobús a", "Boston un perro", "un gato", "autobús", "42 dos perros"], "es") == [
        0,
        1,
        3,
        4,
    ]
    assert found(sources, ["un autobús a Boston", "un perro", "un gato", "autobús 42", "2 perros"], "es") == []


def test_real_leaks_of_apertium() -> None:
    assert shutil.which("apertium"), "the tests need apertium and its pair eng-spa"
    draw = random.Random(1)
    nouns = ["dog", "cat", "horse", "car", "house", "boat", "child", "man", "woman", "table", "bench", "train", "bird"]
    adjectives = ["red", "black", "white", "yellow", "green", "blue", "old", "young", "big", "small", "wooden", "happy"]
    sources: list[str] = []
    for _ in range(1500):
        # Apertium reads "is red / Dog …" as a red dog, unless a full stop is between.
        stop = "" if draw.random() < 0.1 else "."
        sources.append(f"The {draw.choice(adjectives)} {draw.choice(nouns)} is {draw.choice(adjectives)}{stop}")
        sources.append(f"{draw.choice(nouns).capitalize()} {draw.choice(['on the beach', 'at night', 'in the park'])}.")
    leaky, safe = (_apertium(sources, end) for end in ("\n", ".\n\n"))
    # A leak as far as it can be known: a caption has a word that it has not when it is translated by itself, and a
    # neighbour lacks it that has it then.
    bags = [[Counter(text.lower().replace(".", "").split()) for text in side] for side in (leaky, safe)]
    more = [set(a - b) for a, b in zip(*bags, strict=True)]
    less = [set(b - a) for a, b in zip(*bags, strict=True)]
    leaked = {row for row in range(1, len(sources)) if (more[row] & less[row - 1]) or (more[row - 1] & less[row])}
    seen = set(found(sources, leaky, "spa"))
    both = leaked | {row - 1 for row in leaked}
    assert len(leaked) > 50
    assert len(leaked & seen) >= 0.8 * len(leaked)
    assert len(seen - both) <= 0.01 * len(sources)
    assert len(found(sources, safe, "spa")) <= 0.01 * len(sources)


def _apertium(sources: list[str], end: str) -> list[str]:
    """Captions as Apertium translates them: by lines, or each as a sentence that ends."""
    text = subprocess.run(
        ["apertium", "-u", "eng-spa"],
        input="".join(one + end for one in sources),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = text.split("\n")[: len(sources) * end.count("\n")]
    return lines[:: end.count("\n")]


def test_the_lexicon_is_what_counting_gives() -> None:
    sources, texts = (side[:200] for side in captions("es"))
    pairs = Pairs(sources, texts, language("en"), language("es"))
    size = len(pairs.vocabulary)
    lexicon = learn(pairs.source_words, pairs.text_words, size, SURE, LIFT)
    left = [set(pairs.source_words.of(row)) for row in range(200)]
    right = [set(pairs.text_words.of(row)) for row in range(200)]
    for word in range(size):
        rows = [row for row in range(200) if word in right[row]]
        if len(rows) < CAPTIONS:
            assert lexicon.origin[word] == -1
            continue
        together = Counter(one for row in rows for one in left[row])
        linked: set[int] = set()
        dice: dict[int, float] = {}
        for one, count in together.items():
            of_one = sum(one in side for side in left)
            if count >= 2:
                dice[one] = 2 * count / (of_one + len(rows))
                if count / len(rows) >= LIFT * (of_one / 200):
                    linked.add(one)
        best = max(dice.values())
        origin = int(lexicon.origin[word])
        if origin >= 0:
            assert dice[origin] == best and origin in linked and together[origin] >= SURE * len(rows)
        else:
            assert not any(
                dice[one] == best and one in linked and together[one] >= SURE * len(rows) for one in linked
            ) or (sum(value == best for value in dice.values()) > 1)
        assert {one for one in range(size) if lexicon.goes_with(one, word)} == linked
