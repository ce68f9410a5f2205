"""What the commands print is what their functions return, in any script and however narrow the terminal."""

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cli.program import Program
from data.miniature_font import miniature_font
from data.small_dataset import make as small_dataset
from rich.cells import cell_len
from train.squares import TEST, VALIDATION, squares

from isogloss.data.dataset import Dataset
from isogloss.data.validate import validate
from isogloss.data.worlds.emoji_names import LANGUAGES
from isogloss.serve.search import search

# Of Arabic, Hebrew, Japanese, Chinese and Hindi; the model knows none of them.
QUERIES = ("كلب أحمر", "כלב", "赤い犬", "狗", "कुत्ता")


def lines(output: str) -> list[list[str]]:
    """The cells of every line of a table."""
    return [[cell.strip() for cell in line.strip().split("│")[1:-1]] for line in output.splitlines() if "│" in line]


@pytest.fixture
def run(parallel: Path, tmp_path: Path) -> Path:
    """A copy that nobody has evaluated or searched."""
    shutil.copytree(parallel, tmp_path / "run", ignore=shutil.ignore_patterns("evaluation", "embeddings"))
    return tmp_path / "run"


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return miniature_font(tmp_path_factory.mktemp("font") / "miniature.ttf")


def test_emoji_are_drawn_and_checked(isogloss: Program, font: Path, tmp_path: Path) -> None:
    made = isogloss("data", "emoji", tmp_path / "emoji", "--font", font, "--size", "16")
    assert made.code == 0, made.errors
    dataset = Dataset.open(tmp_path / "emoji")
    validate(dataset)
    assert set(dataset.images()["width"].to_pylist()) == {16}
    assert f"{tmp_path / 'emoji'}: train 5, test 3" in made.output
    assert lines(made.output) == [[tag, "8", "8"] for tag in sorted(LANGUAGES)]
    checked = isogloss("data", "check", tmp_path / "emoji")
    assert (checked.code, checked.output) == (0, made.output)


def test_a_damaged_dataset_does_not_pass(isogloss: Program, tmp_path: Path) -> None:
    root = squares(tmp_path / "squares").root
    file = next((root / "images").iterdir())
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    done = isogloss("data", "check", root)
    assert (done.code, done.output) == (2, "")
    assert re.match(rf"isogloss: 1 of 144 pictures in {root} cannot be used.*{file.stem}", done.sentence)


def test_a_language_that_was_added_as_a_file_is_counted(isogloss: Program, tmp_path: Path) -> None:
    root = squares(tmp_path / "squares").root
    added = squares(tmp_path / "more", ("qac",), captions=2).captions("qac").slice(0, 11)
    pq.write_table(added, root / "captions" / "qac.parquet")
    done = isogloss("data", "check", root)
    assert done.code == 0, done.errors
    assert lines(done.output) == [*([tag, "144", "144"] for tag in ("en", "qaa", "qab")), ["qac", "11", "6"]]


def test_conversations_are_counted_beside_captions(isogloss: Program, tmp_path: Path) -> None:
    root = squares(tmp_path / "squares").root
    key = Dataset.open(root).images()["key"][0].as_py()
    talk = [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "A square."}]
    (tmp_path / "talks.json").write_text(json.dumps([{"id": "talk", "image": key, "conversations": talk}]))
    added = isogloss("data", "add", root, "--language", "es", "--table", tmp_path / "talks.json")
    assert added.code == 0, added.errors
    done = isogloss("data", "check", root)
    assert done.code == 0, done.errors
    assert lines(done.output) == [*([tag, "144", "144"] for tag in ("en", "qaa", "qab")), ["es", "1", "1"]]


@pytest.mark.parametrize(
    ("typed", "split", "images", "languages"),
    [
        ("", "test", TEST, ["en", "qaa", "qab"]),
        ("--split validation --languages qab en --sources test", "validation", VALIDATION, ["qab", "en"]),
    ],
)
def test_evaluation_prints_what_it_saves(
    typed: str, split: str, images: int, languages: list[str], run: Path, isogloss: Program
) -> None:
    done = isogloss("evaluate", run, *typed.split())
    assert (done.code, done.errors) == (0, "")
    assert f"{run}: caption→image among {images} pictures ({split})" in done.output
    saved = json.loads((run / "evaluation" / f"{split}.json").read_text())["languages"]
    expected: list[list[str]] = []
    for tag in languages:
        found = saved[tag]["caption_to_image"]
        low, middle, high = found["rank_quartiles"]
        accuracies = ["{:.3f} [{:.3f}, {:.3f}]".format(*found[f"accuracy@{k}"]) for k in (1, 5, 10)]
        expected.append([tag, str(images), *accuracies, f"{low:g} / {middle:g} / {high:g}"])
    assert lines(done.output) == expected


@pytest.mark.parametrize(
    ("split", "told"),
    [
        (
            "test",
            "Only 28 pictures are searched, so guessing alone reaches an accuracy@10 of 0.36; import with --test 0.2",
        ),
        (
            "validation",
            "Only 16 pictures are searched, so guessing alone reaches an accuracy@10 of 0.62; import with --v",
        ),
        ("train", None),
    ],
)
def test_evaluation_on_few_pictures_says_what_guessing_reaches(
    split: str, told: str | None, run: Path, isogloss: Program
) -> None:
    done = isogloss("evaluate", run, "--split", split, "--languages", "en")
    said = [line for line in done.output.splitlines() if line.startswith("Only")]
    assert (len(said), done.code) == (0 if told is None else 1, 0), done.errors
    assert all(told and line.startswith(told) and line.endswith(" for more.") for line in said)


def test_evaluation_on_another_dataset(run: Path, isogloss: Program, tmp_path: Path) -> None:
    squares(tmp_path / "more", ("en", "qac"), captions=2)
    done = isogloss("evaluate", run, "--dataset", tmp_path / "more", "--languages", "qac")
    assert done.code == 0, done.errors
    ((tag, captions, *_),) = lines(done.output)
    assert (tag, captions) == ("qac", str(2 * TEST))
    assert (run / "evaluation" / "more-test.json").exists()


def test_the_report_says_where_it_is(run: Path, isogloss: Program) -> None:
    isogloss("evaluate", run)
    done = isogloss("report", run)
    assert (done.code, done.output, done.errors) == (0, f"{run / 'report.html'}\n", "")
    assert "<html" in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("query", ["small red upper left", *QUERIES])
def test_search_prints_what_it_finds_whatever_the_script(query: str, run: Path, isogloss: Program) -> None:
    done = isogloss("search", run, query, "--top", "3")
    assert (done.code, done.errors) == (0, "")
    found = search(run, query, top=3)
    assert lines(done.output) == [[f"{one.score:.3f}", one.key, one.name, one.location] for one in found]
    assert all(one.name for one in found)


@pytest.mark.parametrize("names", ["qac", "qad"])
def test_names_in_wide_letters_and_from_right_to_left(names: str, run: Path, isogloss: Program, tmp_path: Path) -> None:
    """Made-up words in katakana (two columns a letter) and in Arabic letters stand in columns all the same."""
    root = squares(tmp_path / "more", ("en", "qaa", "qab", "qac", "qad")).root
    done = isogloss("search", run, "red", "--dataset", root, "--names", names, "--split", "validation", "--top", "20")
    assert done.code == 0
    captions = Dataset.open(root).split("validation", (names,)).captions[names]
    assert sorted(line[2] for line in lines(done.output)) == sorted(captions.texts.to_pylist())
    assert len({cell_len(line) for line in done.output.splitlines()}) == 1, done.output


def test_names_are_printed_as_they_are(run: Path, isogloss: Program, tmp_path: Path) -> None:
    """Square brackets and colons are text, and no colour, link or emoji of the terminal."""
    texts = ("[/] dog", "[red]dog[/red]", ":dog: dog", "[link=x]dog", "a \\[dog]")
    root = small_dataset(
        tmp_path / "[bold]data", dict.fromkeys("abcde", "test"), {"en": list(zip("abcde", texts, strict=True))}
    ).root
    done = isogloss("search", run, "dog", "--dataset", root)
    assert done.code == 0, done.errors
    assert {line[2] for line in lines(done.output)} == set(texts)
    assert {line[3] for line in lines(done.output)} == {str(root / "images" / f"{key}.png") for key in "abcde"}
    assert f"{root}: test 5\n" in isogloss("data", "check", root).output


def test_nothing_is_cut_off_in_a_narrow_terminal(
    run: Path, dataset: Path, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe counts as 80 columns, and a file whose name is cut off cannot be opened."""
    monkeypatch.setenv("COLUMNS", "80")
    place = tmp_path / ("of-a-long-name-" * 4) / "squares"
    shutil.copytree(dataset, place)
    shown = isogloss("search", run, "red", "--dataset", place)
    columns = zip(*lines(shown.output), strict=True)
    found = search(run, "red", dataset=str(place))
    assert "".join(list(columns)[3]) == "".join(one.location for one in found)
    for done in (shown, isogloss("evaluate", run), isogloss("data", "check", place)):
        assert done.code == 0, done.errors
        assert "…" not in done.output
