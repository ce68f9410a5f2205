"""A job does what is not done yet, and makes the tables of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from data.small_dataset import caption_table, everything, make, rewrite
from translate.made_up_engine import CATALAN, ENGLISH, SPANISH, Backwards, backwards
from translate.test_outcome import Judged

from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS, read_table
from isogloss.data.validate import validate
from isogloss.data.writing import write_captions
from isogloss.errors import UserError
from isogloss.translate.engine import BusyError, Engine, Translation
from isogloss.translate.job import Job, translate
from isogloss.translate.outcome import REJECTED
from isogloss.translate.runner import run_locally

SPLITS = {"a": "train", "b": "test", "c": "train", "d": "train"}
ENGLISH_CAPTIONS = [("a", "an ant"), ("a", "another  ant"), ("b", "a bee"), ("c", "an ant"), ("d", "a dog")]
HUMAN = [("a", "una hormiga"), ("b", "una abeja")]
LINES = {"an ant", "another ant", "a bee", "a dog"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "dataset", SPLITS, {"en": ENGLISH_CAPTIONS, "es": HUMAN}).root


def job(root: Path, engine: Backwards, **options: Any) -> Job:
    return Job(Dataset.open(root), ENGLISH, options.pop("target", SPANISH), engine.name, **options)


def rows(root: Path, language: str = "es") -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in Dataset.open(root).captions(language).to_pylist()]


def test_each_different_caption_is_translated_once_and_makes_its_rows(root: Path) -> None:
    engine = Backwards()
    assert isinstance(engine, Engine)
    result = translate(job(root, engine), engine)
    assert sorted(engine.asked) == sorted(LINES)
    assert [len(call) for call in engine.calls] == [2, 2]
    assert (result.captions, dict(result.rejected), result.waiting) == (5, {}, 0)
    assert rows(root) == [
        ("a", "una hormiga", "test", None, None),
        ("a", "tna na", engine.name, 0.5, 0),
        ("a", "tna rehtona", engine.name, 0.5, 1),
        ("b", "una abeja", "test", None, None),
        ("b", "eeb a", engine.name, 0.5, 0),
        ("c", "tna na", engine.name, 0.5, 0),
        ("d", "god a", engine.name, 0.5, 0),
    ]
    dataset = Dataset.open(root)
    validate(dataset)
    assert dataset.information["languages"]["es"] == {"captions": 7, "images": 4}
    assert read_table(root / "rejected" / "es.parquet", REJECTED).num_rows == 0


def test_a_new_language_becomes_a_table(root: Path) -> None:
    engine = Backwards()
    translate(job(root, engine, target=CATALAN), engine)
    assert Dataset.open(root).languages == ("ca", "en", "es")
    assert [row[1] for row in rows(root, "ca")] == [backwards(" ".join(text.split())) for _, text in ENGLISH_CAPTIONS]


def test_the_same_job_again_does_nothing_and_changes_nothing(root: Path) -> None:
    engine = Backwards()
    translate(job(root, engine), engine)
    before, again = everything(root), Backwards()
    translate(job(root, again), again)
    assert again.calls == []
    assert everything(root) == before


def test_captions_that_come_and_go(root: Path) -> None:
    engine = Backwards()
    translate(job(root, engine), engine)
    now = [("b", "a bee"), ("c", "a cat"), ("d", "a dog"), ("d", "a bee")]
    rewrite(Dataset.open(root), "en", caption_table(now))
    later = Backwards()
    translate(job(root, later), later)
    assert later.asked == ["a cat"]
    made = [row for row in rows(root) if row[2] == engine.name]
    assert [(key, text, place) for key, text, _, _, place in made] == [
        ("b", "eeb a", 0),
        ("c", "tac a", 0),
        ("d", "god a", 0),
        ("d", "eeb a", 1),
    ]


def test_another_engine_or_edition_has_its_own_memory(root: Path) -> None:
    for engine, edition, count in (
        (Backwards(), "", 9),
        (Backwards(name="other"), "", 12),
        (Backwards(), "beams=4", 12),
    ):
        translate(job(root, engine, edition=edition), engine)
        assert sorted(engine.asked) == sorted(LINES)
        assert len(rows(root)) == (7 if engine.name == "backwards:1/2" and not edition else count)


def test_a_limit_is_of_different_captions_in_all(root: Path) -> None:
    for _ in range(2):
        engine = Backwards()
        result = translate(job(root, engine, limit=2), engine)
        assert (result.captions, result.waiting) == (3, 2)
    assert engine.calls == []
    assert {row[1] for row in rows(root) if row[2] == engine.name} == {"tna na", "tna rehtona"}
    translate(job(root, engine), engine)
    assert sorted(engine.asked) == ["a bee", "a dog"]
    with pytest.raises(UserError, match="limit is -1; give a number"):
        job(root, engine, limit=-1)


def test_a_split_alone(root: Path) -> None:
    engine = Backwards()
    result = translate(job(root, engine, split="test"), engine)
    assert (engine.asked, result.captions, result.waiting) == (["a bee"], 1, 0)
    with pytest.raises(UserError, match="no split 'tset'; did you mean 'test'"):
        translate(job(root, engine, split="tset"), engine)


def test_a_split_alone_leaves_the_others_as_they_are(root: Path) -> None:
    def no_bees(sources: Any, translations: Any, source: Any, target: Any) -> list[Judged]:
        return [Judged("not an ant" if "ant" not in text else None, 0.25) for text in sources]

    def thrown() -> list[str]:
        return read_table(root / "rejected" / "es.parquet", REJECTED)["key"].to_pylist()

    engine = Backwards()
    translate(job(root, engine), engine, judge=no_bees)
    assert thrown() == ["b", "d"]
    train = [row for row in rows(root) if row[2] == engine.name]
    # Another way to translate has a memory of its own, in which the train split is not.
    result = translate(job(root, engine, edition="beams=4", split="test"), engine)
    own = [row for row in rows(root) if row[2] == engine.name]
    assert (result.captions, thrown()) == (1, ["d"])
    assert [row for row in own if row in train] == train and [row[1] for row in own if row not in train] == ["eeb a"]


def test_what_is_rejected_goes_aside(root: Path) -> None:
    def judge(sources: Any, translations: Any, source: Any, target: Any) -> list[Judged]:
        return [Judged("not an ant" if "ant" not in text else None, 0.25) for text in sources]

    engine = Backwards()
    result = translate(job(root, engine), engine, judge=judge)
    assert (result.captions, dict(result.rejected), result.waiting) == (3, {"not an ant": 2}, 0)
    assert [row[1:4] for row in rows(root) if row[2] == engine.name] == [
        ("tna na", engine.name, 0.25),
        ("tna rehtona", engine.name, 0.25),
        ("tna na", engine.name, 0.25),
    ]
    thrown = read_table(root / "rejected" / "es.parquet", REJECTED).to_pylist()
    assert thrown == [
        {"key": key, "text": text, "translation": backwards(text), "source": engine.name, "reason": "not an ant"}
        for key, text in (("b", "a bee"), ("d", "a dog"))
    ]
    translate(job(root, engine), engine)
    assert read_table(root / "rejected" / "es.parquet", REJECTED).num_rows == 0
    assert len(rows(root)) == 7


def test_captions_that_change_while_translations_are_judged(root: Path) -> None:
    """Rows are those of the captions as they are when the table is written."""

    def judge(sources: Any, translations: Any, source: Any, target: Any) -> list[Judged]:
        now = [("a", "a bee"), ("b", "a cat"), ("b", "an ant"), ("c", "a bee")]
        write_captions(root, "en", caption_table(now))
        return [Judged("not an ant" if "ant" not in text else None, 0.25) for text in sources]

    engine = Backwards()
    result = translate(job(root, engine), engine, judge=judge)
    assert (result.captions, dict(result.rejected), result.waiting) == (1, {"not an ant": 2}, 1)
    assert [row for row in rows(root) if row[2] == engine.name] == [("b", "tna na", engine.name, 0.25, 1)]
    validate(Dataset.open(root))


def test_the_same_engine_from_another_language_takes_its_rows_and_keeps_both_memories(root: Path) -> None:
    rewrite(Dataset.open(root), "ca", caption_table([("a", "una formiga"), ("b", "una abella")]))
    for source, made in ((ENGLISH, 5), (CATALAN, 2), (ENGLISH, 5)):
        engine = Backwards()
        translate(Job(Dataset.open(root), source, SPANISH, engine.name), engine)
        assert len([row for row in rows(root) if row[2] == engine.name]) == made
    assert engine.calls == [], "what was translated before comes back by itself"


def test_what_killed_jobs_left_half_written_goes(root: Path) -> None:
    left = [root / ".x.0a.partial", *(root / name / ".es.parquet.0a.partial" for name in ("captions", "rejected"))]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    engine = Backwards()
    translate(job(root, engine), engine)
    assert not [path for path in left if path.exists()]


def test_where_nothing_is_kept_no_table_appears(root: Path) -> None:
    engine = Backwards()
    result = translate(
        job(root, engine, target=CATALAN), engine, judge=lambda sources, *_: [Judged("bad", 0)] * len(sources)
    )
    assert (result.captions, dict(result.rejected)) == (0, {"bad": 5})
    assert Dataset.open(root).languages == ("en", "es")


@pytest.mark.parametrize("error", [UserError("out of credit"), KeyboardInterrupt(), MemoryError("out of memory")])
def test_an_error_leaves_everything_so_far(root: Path, error: BaseException) -> None:
    def fail(call: int) -> None:
        if call:
            raise error

    before = everything(root / "captions")
    engine = Backwards(before=fail)
    with pytest.raises(type(error)):
        translate(job(root, engine), engine)
    assert everything(root / "captions") == before
    assert not (root / "rejected").exists()
    after = Backwards()
    translate(job(root, after), after)
    assert sorted(engine.asked + after.asked) == sorted(LINES)
    assert len(rows(root)) == 7


def test_an_engine_that_is_busy_is_asked_again(root: Path) -> None:
    refused: list[int] = []

    def busy(call: int) -> None:
        if len(refused) < 2:
            refused.append(call)
            raise BusyError("busy", 0.0)

    engine = Backwards(before=busy)
    # The first wait is half a second at least.
    chunks = [["an ant"]]
    found = list(run_locally(chunks, lambda: engine, ENGLISH, SPANISH))
    assert found == [(["an ant"], [Translation("tna na", 0.5)])]
    assert refused == [0, 0]


def test_an_engine_that_is_paid_for_is_written_at_once(root: Path) -> None:
    def killed(call: int) -> None:
        parts = len(list((root / "translation").rglob("part-*.parquet")))
        assert parts == call

    engine = Backwards(price=20.0, before=killed)
    translate(job(root, engine), engine, write_every=1000)
    assert len(engine.calls) == 2


def test_a_runner_may_give_chunks_back_in_any_order(root: Path) -> None:
    def elsewhere(chunks: Iterable[list[str]], open_engine: Any, source: Any, target: Any) -> Iterator[Any]:
        engine = open_engine()
        done = [(chunk, engine.translate(chunk, source, target)) for chunk in chunks]
        yield from reversed(done)

    here, there = Backwards(), Backwards()
    translate(job(root, here), here, run=elsewhere, open_engine=lambda: there)
    assert (here.calls, sorted(there.asked)) == ([], sorted(LINES))
    assert len(rows(root)) == 7


def test_an_engine_that_loses_a_text_is_no_quiet_loss(root: Path) -> None:
    class Losing(Backwards):
        def translate(self, *arguments: Any) -> list[Translation]:
            return super().translate(*arguments)[1:]

    engine = Losing()
    with pytest.raises(RuntimeError, match="backwards:1/2 gave 1 translations for 2 texts"):
        translate(job(root, engine), engine)


def test_what_cannot_be_a_job(root: Path) -> None:
    with pytest.raises(UserError, match="from en into en itself"):
        job(root, Backwards(), target=ENGLISH)
    engine = Backwards()
    unknown = Job(Dataset.open(root), CATALAN, SPANISH, engine.name)
    with pytest.raises(UserError, match="no caption table for the language 'ca'"):
        translate(unknown, engine)


def test_captions_keep_their_columns(root: Path) -> None:
    engine = Backwards()
    translate(job(root, engine), engine)
    assert Dataset.open(root).captions("es").schema == CAPTIONS


@pytest.mark.parametrize("human", [[], HUMAN])
def test_a_language_of_which_nothing_is_kept_is_no_language(tmp_path: Path, human: list[tuple[str, str]]) -> None:
    captions = {"en": ENGLISH_CAPTIONS} | ({"es": human} if human else {})
    root = make(tmp_path / "dataset", SPLITS, captions).root
    before = everything(root / "captions")
    engine = Backwards()

    def refuse(sources: Any, translations: Any, source: Any, target: Any) -> list[Judged]:
        return [Judged("refused", 0.0) for _ in translations]

    for judge in (refuse, None, refuse):  # none is written, and one that was written goes
        result = translate(job(root, engine), engine, judge=judge)
        assert result.captions == (0 if judge else 5)
        assert (everything(root / "captions") == before) == bool(judge)
        assert ("es" in Dataset.open(root).information["languages"]) == bool(human or not judge)
        validate(Dataset.open(root))
    assert result.rejected == {"refused": 5}
    assert len(engine.asked) == len(LINES)
