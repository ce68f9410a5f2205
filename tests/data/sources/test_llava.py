"""Files of conversations, as clean or dirty as they come, become a dataset folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.program import Program
from data.small_dataset import everything
from data.sources.pictures import noise, saved

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.data.sources.llava import Llava
from isogloss.data.validate import validate
from isogloss.errors import UserError

ALONE = Import(jobs=1, validation=0, test=0)


def said(*texts: str) -> list[dict[str, str]]:
    return [{"from": ("human", "gpt")[n % 2], "value": text} for n, text in enumerate(texts)]


def entry(identity: Any, picture: Any, *texts: str) -> dict[str, Any]:
    return {"id": identity, "image": picture, "conversations": said(*texts)}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "coco").mkdir(parents=True)
    for seed, name in enumerate(("a.png", "coco/b.png", "c.png", "d.jpg", "d.png")):
        (folder / name).write_bytes(saved(noise(seed=seed), "JPEG" if name.endswith("jpg") else "PNG"))
    return folder


def write(folder: Path, rows: Any, name: str = "llava.json", encoding: str = "utf-8") -> Path:
    path = folder / name
    text = "\n".join(map(json.dumps, rows)) if name.endswith("jsonl") else json.dumps(rows)
    path.write_text(text, encoding=encoding)
    return path


def read(path: Path, pictures: Path, root: Path, how: Import = ALONE) -> list[Conversation]:
    dataset = import_source(Llava.open(str(path), images=str(pictures)), root, how)
    validate(dataset)
    return list(read_conversations(root, "en"))


def rejected(root: Path) -> list[tuple[str, str]]:
    table = pq.read_table(root / "rejected.parquet")
    return sorted(zip(table["reason"].to_pylist(), table["key"].to_pylist(), strict=True))


def test_conversations_stand_beside_pictures_that_stay_where_they_are(tmp_path: Path, pictures: Path) -> None:
    rows = [
        entry("1", "a.png", "<image>\nWhat?", "An ant.", "Sure?", "Yes."),
        entry(2, "coco/b.png", "What?\n<image>", "A bee."),
        entry("two", ["a.png", "./coco/b.png"], "<image><image>\nWhich?", "The ant."),
        {"id": "talk", "conversations": said("Hello", "Good day")},
        {"id": "none", "image": "", "conversations": said("Hello", "Hi")},
    ]
    found = read(write(tmp_path, rows), pictures, tmp_path / "out")
    assert [(one.key, one.images) for one in found] == [
        *(("1", ("a",)), ("2", ("coco/b",)), ("two", ("a", "coco/b")), ("talk", ()), ("none", ())),
    ]
    assert found[0].turns == (
        *(Turn("user", "<image>\nWhat?"), Turn("assistant", "An ant.")),
        *(Turn("user", "Sure?"), Turn("assistant", "Yes.")),
    )
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.images()["file"].to_pylist() == [str(pictures / "a.png"), str(pictures / "coco/b.png")]
    assert dataset.information["conversations"] == {"en": {"conversations": 5, "turns": 12, "images": 2}}
    assert dataset.information["description"] == "2 pictures and 5 conversations of llava.json."
    assert dataset.languages == () and rejected(tmp_path / "out") == []
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize("name", ["m.json", "m.jsonl", "m.parquet"])
def test_messages_with_parts(tmp_path: Path, pictures: Path, name: str) -> None:
    rows = [
        {
            "id": "parts",
            "images": ["a.png", "c.png"],
            "messages": [
                {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
                {
                    "role": "user",
                    "content": [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "Which?"}],
                },
                {"role": "assistant", "content": [{"type": "text", "text": "The cat."}]},
            ],
        }
    ]
    if name.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    else:
        write(tmp_path, rows, name)
    (found,) = read(tmp_path / name, pictures, tmp_path / "out")
    assert found.images == ("a", "c")
    assert found.turns == (
        *(Turn("system", "Be kind."), Turn("user", "<image>\n<image>\nWhich?"), Turn("assistant", "The cat.")),
    )


def test_parts_that_name_their_pictures(tmp_path: Path, pictures: Path) -> None:
    shown = [{"type": "image_url", "image_url": {"url": "c.png"}}, {"type": "image", "image": "a.png"}]
    message = {"role": "user", "content": [*shown, {"type": "text", "text": "Which?"}]}
    rows = [{"messages": [message, {"role": "assistant", "content": "The cat."}]}]
    (found,) = read(write(tmp_path, rows), pictures, tmp_path / "out")
    assert (found.key, found.images) == ("row-1", ("c", "a"))


def test_dirty_entries_are_left_out_with_their_reasons(tmp_path: Path, pictures: Path) -> None:
    (pictures / "broken.png").write_bytes(b"<html>")
    good = entry("good", "a.png", "<image>\nWhat?", "An ant.")
    rows = [
        good,
        good,
        entry("gone", "gone.png", "<image>\nWhat?", "Nothing."),
        entry("broken", ["a.png", "broken.png"], "<image><image>\nWhat?", "Nothing."),
        entry("outside", "../llava.json", "<image>\nWhat?", "Nothing."),
        entry("no picture", None, "<image>\nWhat?", "An ant."),
        entry("no marker", "a.png", "What?", "An ant."),
        entry("two markers", "a.png", "<image>\n<image>", "An ant."),
        entry("in reply", "a.png", "What?", "<image>"),
        entry("empty", "a.png", "<image>\nWhat?", " \n"),
        {"id": "twice", "conversations": [*said("Hello"), *said("Hello", "Hi")]},
        entry("no reply", None, "Hello"),
        entry("shown last", ["a.png", "c.png"], "<image>", "Hi", "<image>\nWho?"),
        {"id": "first", "conversations": [{"from": "gpt", "value": "Hi"}, *said("Hello")]},
        {"id": "role", "conversations": [{"from": "tool", "value": "Hi"}]},
        {"id": "null", "conversations": [{"from": "human", "value": None}]},
        {"id": "half", "conversations": said("\ud83d", "Hi")},
        {"id": "nameless", "image": [3], "conversations": said("<image>", "Hi")},
        {"id": "nothing", "text": "Hello"},
        {"id": "empty list", "conversations": []},
        "a text",
    ]
    found = read(write(tmp_path, rows), pictures, tmp_path / "out")
    assert [one.key for one in found] == ["good"]
    assert rejected(tmp_path / "out") == sorted(
        [
            ("conversation that is listed twice", "good"),
            ("missing picture", "gone"),
            ("picture that was left out", "gone"),
            ("not a picture", "broken"),
            ("picture that was left out", "broken"),
            ("picture outside the folder", "../llava"),
            ("picture that was left out", "outside"),
            ("marker without a picture", "no picture"),
            ("picture without a marker", "no marker"),
            ("marker without a picture", "two markers"),
            ("picture in a reply", "in reply"),
            ("empty turn", "empty"),
            ("turns of one side in a row", "twice"),
            ("no reply at the end", "no reply"),
            ("no reply at the end", "shown last"),
            ("assistant speaks first", "first"),
            ("unknown role", "role"),
            ("turn that is not text", "null"),
            ("turn that is not Unicode", "half"),
            ("picture without a name", "nameless"),
            ("row without a conversation", "nothing"),
            ("conversation without turns", "empty list"),
            ("row without a conversation", ""),
        ]
    )


def test_a_greeting_before_and_a_question_after_all_exchanges_are_left_out(tmp_path: Path, pictures: Path) -> None:
    greeting = {"from": "gpt", "value": "Hi! I look at pictures."}
    exchange = said("<image>\nWhat?", "An ant.")
    more = said("Sure?", "Yes.")
    after = said("And the other?")
    conversations = [
        [greeting, *exchange],
        [*exchange, *more, *after],
        [greeting, *exchange, *after],
        [{"from": "system", "value": "Be kind."}, greeting, *exchange],
    ]
    rows = [{"id": n, "image": "a.png", "conversations": one} for n, one in enumerate(conversations)]
    found = read(write(tmp_path, rows), pictures, tmp_path / "out")
    first = (Turn("user", "<image>\nWhat?"), Turn("assistant", "An ant."))
    assert [one.turns for one in found] == [
        first,
        (*first, Turn("user", "Sure?"), Turn("assistant", "Yes.")),
        first,
        (Turn("system", "Be kind."), *first),
    ]
    assert rejected(tmp_path / "out") == []


@pytest.mark.parametrize("greetings", [1, 2])
def test_no_exchange_is_made_of_turns_that_are_none(tmp_path: Path, pictures: Path, greetings: int) -> None:
    greeting = [{"from": "gpt", "value": "Hi!"}] * greetings
    rows = [
        entry("good", "a.png", "<image>", "An ant."),
        {"id": "bad", "conversations": [*greeting, *said("Who?", "I.")[:greetings]]},
    ]
    assert [one.key for one in read(write(tmp_path, rows), pictures, tmp_path / "out")] == ["good"]
    assert rejected(tmp_path / "out") == [("assistant speaks first", "bad")]


def test_ids_that_several_have_and_names_that_differ_in_the_ending(tmp_path: Path, pictures: Path) -> None:
    rows = [
        entry("x", "d.jpg", "<image>\nWhat?", "A dog."),
        entry("x", "d.png", "<image>\nWhat?", "A deer."),
        entry("x#2", "d.jpg", "<image>\nWhat?", "It is a dog."),
        entry("x", "./d.jpg", "<image>\nWho?", "A dog."),
    ]
    found = read(write(tmp_path, rows), pictures, tmp_path / "out")
    assert len({one.key for one in found}) == 4
    assert [one.images for one in found] == [("d",), ("d.png",), ("d",), ("d",)]
    files = dict(zip(*Dataset.open(tmp_path / "out").images(columns=["key", "file"]).to_pydict().values(), strict=True))
    assert files == {"d": str(pictures / "d.jpg"), "d.png": str(pictures / "d.png")}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_a_byte_order_mark_and_strange_line_ends(tmp_path: Path, pictures: Path, encoding: str, name: str) -> None:
    path = write(tmp_path, [entry("1", "a.png", "<image>\r\nWh\u0007at?\u2028Cafe\u0301?", "Yes")], name, encoding)
    (found,) = read(path, pictures, tmp_path / "out")
    assert found.turns[0].text == "<image>\nWhat?\nCafé?"


def test_a_line_that_is_no_json_is_left_out_and_an_array_that_is_cut_short_is_refused(
    tmp_path: Path, pictures: Path
) -> None:
    good = entry("1", "a.png", "<image>\nWhat?", "An ant.")
    (tmp_path / "x.jsonl").write_text(json.dumps(good) + "\n{'id': 2}\n[]\n")
    assert [one.key for one in read(tmp_path / "x.jsonl", pictures, tmp_path / "lines")] == ["1"]
    assert rejected(tmp_path / "lines") == [("row that cannot be read", "")] * 2
    (tmp_path / "x.json").write_text(json.dumps([good, good])[:-20])
    with pytest.raises(UserError, match="x.json is no JSON after its first 1 entries"):
        read(tmp_path / "x.json", pictures, tmp_path / "array")
    assert not (tmp_path / "array").exists() and not list(tmp_path.glob(".array*"))


def test_text_alone_needs_no_picture(tmp_path: Path) -> None:
    rows = [{"id": n, "conversations": said("Hello", f"Hi {n}")} for n in range(200)]
    import_source(
        Llava.open(str(write(tmp_path, rows)), language="de"), tmp_path / "out", Import(validation=0.2, test=0.1)
    )
    validate(Dataset.open(tmp_path / "out"))
    assert conversation_languages(tmp_path / "out") == ("de",)
    sizes = [len(read_conversations(tmp_path / "out", "de", split)) for split in ("train", "validation", "test")]
    assert sum(sizes) == 200 and sizes[1] in range(20, 61) and sizes[2] in range(5, 41)


def test_nothing_that_can_be_used_is_told_and_leaves_nothing(tmp_path: Path, pictures: Path) -> None:
    path = write(tmp_path, [entry("gone", "gone.png", "<image>\nWhat?", "Nothing.")])
    with pytest.raises(UserError, match=r"llava.json has no .*\(picture that was left out: 1, missing picture: 1"):
        read(path, pictures, tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))
    with pytest.raises(UserError, match="There is no folder .*nowhere; name the folder of the pictures with --images"):
        Llava.open(str(path), images=str(tmp_path / "nowhere"))


def test_conversations_of_one_picture_lie_in_one_split(tmp_path: Path, pictures: Path) -> None:
    for seed in range(60):
        (pictures / f"{seed}.png").write_bytes(saved(noise(seed=seed), "PNG"))
    (pictures / "copy.png").write_bytes((pictures / "7.png").read_bytes())
    rows = [entry(str(n), f"{n % 60}.png", "<image>\nWhat?", f"Answer {n}.") for n in range(180)]
    chain = [entry(f"pair {n}", [f"{n}.png", f"{n + 1}.png"], "<image><image>", "Both.") for n in range(20)]
    rows += [*chain, entry("copy", "copy.png", "<image>\nWhat?", "Seven.")]
    found = read(write(tmp_path, rows), pictures, tmp_path / "out", Import(jobs=1, validation=0.3, test=0.3))
    assert len(found) == 201
    splits = dict(
        zip(*Dataset.open(tmp_path / "out").images(columns=["key", "split"]).to_pydict().values(), strict=True)
    )
    assert len({splits[str(n)] for n in range(21)} | {splits["copy"]}) == 1
    counts = Counter(splits[str(n)] for n in range(21, 60))
    assert len(counts) == 3, "pictures that nothing binds are spread"
    for split in ("train", "validation", "test"):
        told = read_conversations(tmp_path / "out", "en", split)
        assert {splits[key] for one in told for key in one.images} <= {split}


def test_imported_again_nothing_is_read(tmp_path: Path, pictures: Path) -> None:
    path = write(tmp_path, [entry("1", "a.png", "<image>\nWhat?", "An ant.")])
    read(path, pictures, tmp_path / "out")
    before = everything(tmp_path / "out")
    (pictures / "a.png").unlink()
    import_source(Llava.open(str(path), images=str(pictures)), tmp_path / "out", ALONE)
    assert everything(tmp_path / "out") == before
    write(tmp_path, [entry("2", "c.png", "<image>\nWhat?", "A cat.")])
    with pytest.raises(UserError, match="exists already and is left as it is"):
        import_source(Llava.open(str(path), images=str(pictures)), tmp_path / "out", ALONE)


def test_killed_at_any_moment_it_makes_the_same_folder(tmp_path: Path, pictures: Path) -> None:
    for seed in range(40):
        (pictures / f"{seed}.png").write_bytes(saved(noise(seed=seed), "PNG"))
    rows = [entry(str(n), f"{n % 40}.png", "<image>\nWhat?", f"Answer {n}.") for n in range(2_000)]
    path = write(tmp_path, rows)
    read(path, pictures, tmp_path / "whole")
    root = tmp_path / "out"
    script = (
        "from isogloss.data.sources.llava import Llava\n"
        "from isogloss.data.sources.importing import Import, import_source\n"
        f"source = Llava.open({str(path)!r}, images={str(pictures)!r})\n"
        f"import_source(source, {str(root)!r}, Import(jobs=1, validation=0, test=0, name='whole'))"
    )
    command = [sys.executable, "-c", script]
    stages = (
        lambda: (tmp_path / ".out.import").exists(),
        lambda: list(tmp_path.glob(".out.*.partial/conversations/en.parquet")),
    )
    kills = 0
    for reached in stages:
        process = subprocess.Popen(command)
        while process.poll() is None and not reached():
            time.sleep(0.005)
        kills += process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not root.exists()
    assert kills == 2
    subprocess.run(command, check=True)
    assert list(read_conversations(root, "en")) == list(read_conversations(tmp_path / "whole", "en"))
    validate(Dataset.open(root))
    assert not list(tmp_path.glob(".out*"))


def test_the_command_says_what_became_of_it(isogloss: Program, tmp_path: Path, pictures: Path) -> None:
    rows = [entry("1", "a.png", "<image>\nWhat?", "An ant."), entry("2", "gone.png", "<image>", "Nothing.")]
    path = write(tmp_path, rows)
    shown = isogloss("data", "llava", str(path), str(tmp_path / "out"), "--images", str(pictures), "--language", "fr")
    assert shown.code == 0, shown.errors
    for words in ("conversations", "fr", "missing picture", "picture that was left out", "rejected.parquet"):
        assert words in shown.output
    assert "No picture has a caption" not in shown.output
    again = isogloss("data", "llava", str(path), str(tmp_path / "out"), "--images", str(pictures), "--language", "fr")
    assert "it was imported before, and nothing was read" in again.output
    other = isogloss("data", "llava", str(path), str(tmp_path / "out"), "--images", str(pictures))
    assert other.code == 2 and "exists already" in other.errors
