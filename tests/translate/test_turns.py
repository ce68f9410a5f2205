"""Conversations are translated turn by turn: pictures stay where they stood, and one bad text sets the whole aside."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cli.program import Program
from data.small_dataset import CAPTIONS_OF, SPLITS, everything, make
from data.spoken import ANT, BEE, BOTH, TALK, conversation
from hypothesis import given
from hypothesis import strategies as st
from translate.made_up_engine import CATALAN, ENGLISH, Backwards

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import conversation_languages, table_of
from isogloss.data.conversations import IMAGE, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.validate import validate
from isogloss.data.writing import write_conversations
from isogloss.errors import UserError
from isogloss.translate.job import Job, translate
from isogloss.translate.outcome import Unjudged
from isogloss.translate.turns import cut, spoken_texts

LIST = conversation("list", f"Count:\n{IMAGE}\nand {IMAGE}!", "1. one ant\n\n  - two  bees \n3. 44", images=("a", "c"))
MADE = (ANT, BEE, BOTH, TALK, LIST)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = make(tmp_path / "dataset", SPLITS, CAPTIONS_OF).root
    write_conversations(folder, "en", MADE, source="made up")
    return folder


def job(root: Path, engine: Backwards, **options: Any) -> Job:
    return Job(Dataset.open(root), ENGLISH, CATALAN, engine.name, what="conversations", **options)


texts = st.lists(st.sampled_from([IMAGE, "\n", " ", "a dog", "1. ", "- ", "#", "7", "é", "\t", "犬。", ">"])).map(
    "".join
)


@given(texts)
def test_the_pieces_of_a_turn_make_it_up_and_hide_no_marker(text: str) -> None:
    pieces = cut(text)
    assert "".join(piece for piece, _ in pieces) == text
    for piece, spoken in pieces:
        if spoken:
            assert IMAGE not in piece and "\n" not in piece and piece == piece.strip() and any(map(str.isalpha, piece))
        else:
            assert piece == IMAGE or not any(sign.isalpha() for sign in piece)


def test_every_text_is_translated_once_and_everything_else_stays(root: Path) -> None:
    engine = Backwards()
    result = translate(job(root, engine), engine)
    assert (result.captions, dict(result.rejected), result.waiting, dict(result.beside)) == (5, {}, 0, {})
    assert Counter(engine.asked).most_common(1)[0][1] == 1
    found = list(read_conversations(root, "ca"))
    assert [(one.key, one.images) for one in found] == [(one.key, one.images) for one in MADE]
    assert found[0].turns[0] == Turn("user", f"{IMAGE}\n?ti si tahW")
    assert found[-1].turns == (
        Turn("user", f":tnuoC\n{IMAGE}\ndna {IMAGE}!"),
        Turn("assistant", "1. tna eno\n\n  - seeb owt \n3. 44"),
    )
    table = read_conversations(root, "ca").table
    assert set(table["source"].to_pylist()) == {engine.name} and set(table["score"].to_pylist()) == {0.5}
    validate(Dataset.open(root))
    assert "ca" not in Dataset.open(root).languages, "captions are another job"


def test_the_same_job_again_does_nothing_and_captions_share_the_memory(root: Path) -> None:
    write_conversations(root, "en", [*MADE, conversation("c", "Hello!", "a cat")], source="made up")
    engine = Backwards()
    translate(job(root, engine), engine)
    before, again = everything(root), Backwards()
    translate(job(root, again), again)
    assert (again.calls, everything(root)) == ([], before)
    captions = Backwards()
    translate(replace(job(root, captions), what="captions"), captions)
    assert "a cat" in engine.asked and sorted(captions.asked) == ["a bee", "a dog", "an ant", "another ant"]


def test_one_bad_text_sets_the_conversation_aside_with_the_reason(root: Path) -> None:
    engine = Backwards()

    def judge(sources: Any, translations: Any, source: Any, target: Any) -> Any:
        return [Unjudged("too rude" if text == "One." else None, 0.25) for text in sources]

    result = translate(job(root, engine), engine, judge=judge)
    assert (result.captions, dict(result.rejected)) == (4, {"too rude": 1})
    assert read_conversations(root, "ca").keys == ["bee", "both", "talk", "list"]
    aside = pq.read_table(root / "rejected" / "conversations" / "ca.parquet").to_pylist()
    assert aside == [{"key": "ant", "text": "One.", "translation": ".enO", "source": engine.name, "reason": "too rude"}]
    result = translate(job(root, engine), engine)
    assert (result.captions, dict(result.rejected)) == (5, {})
    assert pq.read_table(root / "rejected" / "conversations" / "ca.parquet").num_rows == 0


def test_a_marker_that_an_engine_makes_up_is_no_picture(root: Path) -> None:
    write_conversations(root, "en", [conversation("k", "Hello", IMAGE[::-1])], source="made up")
    engine = Backwards()
    result = translate(job(root, engine), engine)
    assert (result.captions, dict(result.rejected)) == (0, {"picture in a reply": 1})
    assert conversation_languages(root) == ("en",)


def test_what_is_not_translated_yet_waits(root: Path) -> None:
    engine = Backwards()
    result = translate(job(root, engine, limit=3), engine)
    assert len(engine.asked) == 3 and result.captions + result.waiting == 5 and result.waiting


def test_a_split_alone_leaves_the_others_as_they_are(root: Path) -> None:
    def rude(text: str) -> Any:
        def judge(sources: Any, translations: Any, source: Any, target: Any) -> Any:
            return [Unjudged("too rude" if one == text else None) for one in sources]

        return judge

    aside = root / "rejected" / "conversations" / "ca.parquet"
    engine = Backwards()
    result = translate(job(root, engine, split="test"), engine)
    assert (read_conversations(root, "ca").keys, result.waiting) == (["bee"], 0)
    result = translate(job(root, engine, split="train"), engine, judge=rude("One."))
    assert (read_conversations(root, "ca").keys, result.captions) == (["bee", "both", "talk", "list"], 3)
    result = translate(job(root, engine, split="test"), engine, judge=rude("A bee."))
    assert (read_conversations(root, "ca").keys, result.captions) == (["both", "talk", "list"], 0)
    assert pq.read_table(aside)["key"].to_pylist() == ["ant", "bee"]
    # Another way to translate has a memory of its own, in which the train split is not.
    translate(job(root, engine, edition="beams=4", split="test"), engine)
    assert read_conversations(root, "ca").keys == ["both", "talk", "list", "bee"]
    assert pq.read_table(aside)["key"].to_pylist() == ["ant"]
    translate(job(root, engine), engine)
    assert read_conversations(root, "ca").keys == ["ant", "bee", "both", "talk", "list"]
    validate(Dataset.open(root))


def test_two_engines_stand_beside_each_other(root: Path) -> None:
    translate(job(root, Backwards()), Backwards())
    other = Backwards(name="other")
    assert dict(translate(job(root, other), other).beside) == {"backwards:1/2": 5}
    assert len(read_conversations(root, "ca", sources=["other"])) == 5


def test_texts_of_an_empty_table() -> None:
    assert spoken_texts(table_of([], "en", "made up")).to_pylist() == []


def test_killed_it_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    many = [conversation(f"{n}", f"{IMAGE}\nquestion {n}", f"answer {n}", images=("a",)) for n in range(300)]
    roots = [make(tmp_path / name, SPLITS, {}).root for name in ("whole", "out")]
    for root in roots:
        write_conversations(root, "en", many, source="made up")
    engine = Backwards(texts_per_call=20)
    translate(job(roots[0], engine), engine)
    script = (
        "from translate.made_up_engine import *\nfrom pathlib import Path\n"
        "from isogloss.data.dataset import Dataset\nfrom isogloss.translate.job import Job, translate\n"
        f"engine = Backwards(texts_per_call=20, seconds=0.05, log=Path({str(tmp_path / 'log')!r}))\n"
        f"job = Job(Dataset.open({str(roots[1])!r}), ENGLISH, CATALAN, engine.name, what='conversations')\n"
        "translate(job, engine, write_every=0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    log = tmp_path / "log"
    kills = 0
    for wanted in (40, 250):
        process = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL)
        while process.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < wanted):
            time.sleep(0.005)
        kills += process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert conversation_languages(roots[1]) == ("en",)
    assert kills == 2
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, stderr=subprocess.DEVNULL)
    whole, out = (list(read_conversations(root, "ca")) for root in roots)
    assert whole == out and len(out) == 300
    asked = Counter(log.read_text().splitlines())
    assert len(asked) == 600 and sum(asked.values()) <= 600 + 2 * 2 * 20


def test_the_command_takes_whatever_there_is(isogloss: Program, root: Path, tmp_path: Path) -> None:
    words = sorted({text for texts in CAPTIONS_OF["en"] for text in texts[1:] if text})
    pieces = [piece for one in MADE for turn in one.turns for piece, spoken in cut(turn.text) if spoken]
    rows = [f'"{text}","{text.upper()} ES"' for text in dict.fromkeys([*words, *(" ".join(p.split()) for p in pieces)])]
    (tmp_path / "words.csv").write_text("en,es\n" + "\n".join(rows) + "\n", encoding="utf-8")
    engine = f"table:{tmp_path / 'words.csv'}"
    done = isogloss("translate", root, "--to", "es", "--engine", engine, "--no-checks")
    assert done.code == 0, done.errors
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.output.splitlines() if line[:1] == "│"]
    assert cells == [["es", "5", "0", "0", ""], ["es conversations", "5", "0", "0", ""]]
    assert read_conversations(root, "es")[1].turns[1] == Turn("assistant", "A BEE. ES")
    dry = isogloss("translate", root, "--to", "es", "--engine", engine, "--what", "conversations", "--dry-run")
    assert dry.code == 0 and "es conversations" in dry.output and "│ es  " not in dry.output
    wrong = isogloss("translate", root, "--to", "es", "--engine", engine, "--what", "conversation")
    assert wrong.code == 2 and "did you mean 'conversations'?" in wrong.errors


def test_a_folder_without_conversations_says_so(tmp_path: Path, isogloss: Program) -> None:
    root = make(tmp_path / "dataset", SPLITS, CAPTIONS_OF).root
    (tmp_path / "words.csv").write_text("en,fr\na,b\n")
    asked = isogloss(
        "translate", root, "--to", "fr", "--engine", f"table:{tmp_path / 'words.csv'}", "--what", "conversations"
    )
    assert asked.code == 2 and "There is no table of conversations for the language 'en'" in asked.errors
    with pytest.raises(UserError, match="no table of conversations"):
        Job(Dataset.open(root), ENGLISH, CATALAN, "e", what="conversations").pending()
