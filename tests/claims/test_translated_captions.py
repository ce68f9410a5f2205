"""From English captions alone to a model that finds pictures in four languages: table, translation, training, evaluation.

The translator is Apertium, a real one, which calls a square "plaza", so that the captions are as machine translation has
them. The test's captions are translated in the same way; the pictures of the test show combinations of colour, size and
place that were not trained. Chance finds 5 of 28 among the first five.
"""

import csv
from itertools import product
from pathlib import Path
from textwrap import dedent

import pytest
from cli.program import Program
from train.squares import COLOURS, PLACES, SIZES, TEST, VALIDATION, picture

from isogloss.data.dataset import Dataset
from isogloss.data.validate import validate
from isogloss.saved import read_object

TRANSLATED = ("es", "ca", "gl")
CHANCE = 5 / TEST


def write_captions(folder: Path) -> None:
    """English sentences about the squares, a row each."""
    meanings = sorted(product(SIZES, COLOURS, PLACES), key=lambda meaning: hash_of(meaning))
    with (folder / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("image", "caption", "split"))
        for number, (size, colour, place) in enumerate(meanings):
            name = f"{size}-{colour}-{place}.png".replace(" ", "-")
            (folder / name).write_bytes(picture(size, colour, place))
            split = "test" if number < TEST else "validation" if number < TEST + VALIDATION else "train"
            rows.writerow((name, f"A {size} {colour} square at the {place}", split))


def hash_of(meaning: tuple[str, str, str]) -> int:
    """An order that mixes what the squares look like, the same whenever it is asked for."""
    return sum(ord(letter) * 31**place for place, letter in enumerate("-".join(meaning))) * 2654435761 % 2**32


RECIPES = {
    "text": """
        from train.recipes import text_recipe
        recipe = text_recipe("squares", steps=20)
        """,
    "parallel": """
        from pathlib import Path
        from train.recipes import learning_recipe
        recipe = learning_recipe(
            Path("squares"), Path("text/model"), ("en", "es", "ca", "gl"), steps=200, validate_every=100, log_every=50
        )
        """,
}


@pytest.mark.usefixtures("processor_only")
def test_english_captions_translated_by_apertium_train_a_model_for_four_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isogloss: Program
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made").mkdir()
    write_captions(tmp_path / "made")
    for name, text in RECIPES.items():
        (tmp_path / f"{name}.py").write_text(dedent(text))

    for command in (
        "data table made/captions.csv squares --split split --jobs 1",
        f"translate squares --from en --to {','.join(TRANSLATED)} --engine apertium",
        "train text.py --run text",
        "train parallel.py --run run",
        "evaluate run",
    ):
        ended = isogloss(*command.split())
        assert ended.code == 0, f"{command}: {ended.errors}"

    dataset = Dataset.open("squares")
    validate(dataset)
    assert dataset.languages == ("ca", "en", "es", "gl")
    for tag in TRANSLATED:
        captions = dataset.captions(tag)
        assert set(captions["source"].to_pylist()) == {"apertium"}
        assert captions["original"].to_pylist() == [0] * captions.num_rows
        assert captions.num_rows > 0.95 * len(dataset.images()), "nearly all are kept"
    figures = read_object(Path("run", "evaluation", "test.json"))["languages"]
    assert set(figures) == {"en", *TRANSLATED}
    for tag, found in figures.items():
        accuracy, low, _ = found["caption_to_image"]["accuracy@5"]
        assert accuracy > 0.7, (tag, accuracy)
        assert low > 2 * CHANCE, (tag, low)
