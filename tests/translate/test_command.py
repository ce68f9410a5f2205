"""`isogloss translate`, as it is typed."""

import sys
from pathlib import Path

import pytest
from cli.program import Program
from data.small_dataset import everything, make
from translate.made_up_engine import Backwards

from isogloss.data.dataset import Dataset
from isogloss.data.validate import validate
from isogloss.errors import UserError
from isogloss.translate.engines import ENGINES

ENGLISH = [("a", "a dog"), ("a", "a cat"), ("b", "a dog"), ("b", "a bee")]
TRANSLATIONS = "en,es,ca\na dog,un perro,un gos\na cat,un gato,\na bee,a bee in English,una abella\n"


def lines(output: str) -> list[list[str]]:
    """The cells of every line of a table."""
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines() if line.startswith("│")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "dataset", {"a": "train", "b": "test"}, {"en": ENGLISH}).root


@pytest.fixture
def engine(tmp_path: Path) -> str:
    (tmp_path / "captions.csv").write_text(TRANSLATIONS, encoding="utf-8")
    return f"table:{tmp_path / 'captions.csv'}"


def test_several_languages_with_commas_and_as_words(isogloss: Program, root: Path, engine: str) -> None:
    for languages in (["es,ca"], ["es", "ca"], ["spa_Latn,", "ca,es"]):
        done = isogloss("translate", root, "--to", *languages, "--engine", engine, "--no-checks")
        assert done.code == 0, done.errors
        assert lines(done.output) == [["es", "4", "0", "0", ""], ["ca", "3", "1", "0", "empty 1"]]
    dataset = Dataset.open(root)
    validate(dataset)
    assert dataset.captions("es")["text"].to_pylist() == ["un perro", "un gato", "un perro", "a bee in English"]
    assert dataset.captions("ca")["original"].to_pylist() == [0, 0, 1]
    assert set(dataset.captions("ca")["source"].to_pylist()) == {"table:captions.csv"}


def test_a_second_engine_says_that_the_first_one_stays(
    isogloss: Program, root: Path, engine: str, tmp_path: Path
) -> None:
    (tmp_path / "others.csv").write_text(TRANSLATIONS.replace("un perro", "un can"), encoding="utf-8")
    for which, stays in (
        (engine, ""),
        (f"table:{tmp_path / 'others.csv'}", "4 translations of table:captions.csv stay"),
    ):
        done = isogloss("translate", root, "--to", "es", "--engine", which, "--no-checks")
        assert done.code == 0, done.errors
        assert ("beside them" in done.output, stays in done.output) == (bool(stays), True)
    assert Dataset.open(root).captions("es").num_rows == 8
    assert isogloss("data", "remove", root, "--language", "es", "--source", "table:captions.csv").code == 0
    assert "un can" in Dataset.open(root).captions("es")["text"].to_pylist()


def test_checks_throw_away_and_say_why(isogloss: Program, root: Path, engine: str) -> None:
    done = isogloss("translate", root, "--to", "es", "--engine", engine)
    assert done.code == 0, done.errors
    ((tag, kept, rejected, waiting, why),) = lines(done.output)
    assert (tag, kept, rejected, waiting) == ("es", "3", "1", "0")
    assert why in ("copy of the source 1", "wrong language 1")
    done = isogloss("translate", root, "--to", "es", "--engine", engine, "--skip", "copy of the source, wrong language")
    assert lines(done.output) == [["es", "4", "0", "0", ""]]
    done = isogloss("translate", root, "--to", "es", "--engine", engine, "--skip", "lenght")
    assert (done.code, done.sentence) == (2, "isogloss: There is no check 'lenght'; did you mean 'length'?")


def test_a_table_that_was_corrected_is_read_again(isogloss: Program, root: Path, engine: str, tmp_path: Path) -> None:
    isogloss("translate", root, "--to", "es", "--engine", engine, "--no-checks")
    (tmp_path / "captions.csv").write_text(TRANSLATIONS.replace("a bee in English", "una abeja"), encoding="utf-8")
    isogloss("translate", root, "--to", "es", "--engine", engine, "--no-checks")
    assert Dataset.open(root).captions("es")["text"].to_pylist() == ["un perro", "un gato", "un perro", "una abeja"]


def test_a_dry_run_tells_and_writes_nothing(
    isogloss: Program, root: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(root)
    done = isogloss("translate", root, "--to", "es,ca", "--engine", engine, "--dry-run", "--limit", "2")
    assert done.code == 0, done.errors
    assert lines(done.output) == [[tag, "4", "3", "2", "10", "$0.00", "1 s"] for tag in ("es", "ca")]
    assert "Time: es measured on 2 captions; ca measured on 2 captions." in done.output
    assert everything(root) == before
    monkeypatch.setenv("COLUMNS", "60")
    assert "…" not in isogloss("translate", root, "--to", "es,ca", "--engine", engine, "--dry-run").output


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Name the languages to translate into with --to, as in --to es,ja,hi."),
        ("--to , --engine table", "Name the languages to translate into with --to, as in --to es,ja,hi."),
        (
            "--to es",
            f"Name what translates with --engine: {', '.join(ENGINES)}; docs/guides/translate.md says which suits.",
        ),
        ("--to es --engine tabel", "There is no engine 'tabel'; did you mean 'table'?"),
        ("--to es,en --engine {table}", "--to names en, which the captions are translated from; leave it out."),
        ("--to klingon --engine {table}", "There is no language 'klingon'; did you mean "),
        ("--to es --from ja --engine {table}", "There is no caption table for the language 'ja'; did you mean 'en'?"),
        ("--to es --engine table:nowhere.csv", "There is no file nowhere.csv; name the table"),
        ("--to es --engine {table} --on mars", "There is no place to translate 'mars'; there is local, ray."),
        ("--to es --engine {table} --split tset", "There is no split 'tset'; did you mean 'test'?"),
        ("--to es --engine {table} --limit -1", "limit is -1; give a number of captions, or 0 for all."),
        ("--to es --engine {table} --beams 0", "beams is 0; give a whole number of at least 1."),
        ("--too es --engine {table}", "There is no option '--too'; did you mean '--to'?"),
        ("--form en --to es", "There is no option '--form'; did you mean '--from'?"),
        ("--to es,ja --engine {table}", "captions.csv has no column 'ja' (Japanese); its columns are en, es, ca"),
    ],
)
def test_mistakes_are_told_in_one_sentence_before_any_work(
    typed: str, sentence: str, isogloss: Program, root: Path, engine: str
) -> None:
    before = everything(root)
    done = isogloss("translate", root, *typed.replace("{table}", engine).split())
    assert (done.code, done.output) == (2, "")
    assert done.errors.count("\n") == 1 and done.errors.startswith("isogloss: ") and sentence in done.errors, (
        done.errors
    )
    assert everything(root) == before


def test_an_engine_that_is_paid_for_says_what_it_will_charge(
    isogloss: Program, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costly = Backwards(price=20_000.0, name="costly")
    monkeypatch.setattr("isogloss.translate.several.open_engine", lambda choice: costly)
    done = isogloss("translate", root, "--to", "es,ca", "--engine", "apertium", "--dry-run")
    assert [line[4:6] for line in lines(done.output)] == [["15", "$0.30"], ["15", "$0.30"]]
    assert "es assumed (5,000 characters/s)" in done.output
    assert costly.calls == []
    done = isogloss("translate", root, "--to", "es,ca", "--engine", "apertium", "--no-checks")
    assert done.errors.startswith("30 characters are translated, for about $0.60.\n")
    assert [line[0] for line in lines(done.output)] == ["es", "ca"]


def test_what_is_done_is_told_where_a_later_language_fails(
    isogloss: Program, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(call: int) -> None:
        if call == 2:  # the first of the second language
            raise UserError("out of credit; pay.")

    engine = Backwards(before=fail)
    monkeypatch.setattr("isogloss.translate.several.open_engine", lambda choice: engine)
    done = isogloss("translate", root, "--to", "es,ca", "--engine", "apertium", "--no-checks")
    assert (done.code, done.sentence) == (2, "isogloss: out of credit; pay.")
    assert lines(done.output) == [["es", "4", "0", "0", ""]]


def test_an_option_that_an_engine_does_not_take_pays_for_nothing_anew(
    isogloss: Program, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costly = Backwards(price=20.0, name="costly")
    monkeypatch.setattr("isogloss.translate.several.open_engine", lambda choice: costly)
    for name, asked in (("google", 3), ("google --beams 4", 3), ("ctranslate2", 3), ("ctranslate2 --beams 4", 6)):
        done = isogloss("translate", root, "--to", "es", "--no-checks", "--engine", *name.split())
        assert done.code == 0, done.errors
        assert len(costly.asked) == asked


def test_without_the_package_of_the_checks_it_is_said_before_any_work_how_to_get_it(
    isogloss: Program, root: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("isogloss.translate.quality")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lingua", None)
    before = everything(root)
    done = isogloss("translate", root, "--to", "es", "--engine", engine)
    assert (done.code, done.output) == (2, "")
    assert done.errors == (
        "isogloss: The checks of translations need the package lingua; install it with `pip install "
        '"isogloss[translate]"`, or leave them out with --no-checks.\n'
    )
    assert everything(root) == before
    assert isogloss("translate", root, "--to", "es", "--engine", engine, "--no-checks").code == 0
