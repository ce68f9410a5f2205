"""The command `isogloss chat`: once, through a pipe, and in a real terminal."""

import codecs
import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.program import Program, isogloss
from serve.test_chat import anew
from serve.tiny_classifiers import LABELS, picture_classifier, text_classifier
from serve.tiny_talker import picture, save_picture, save_talker
from transformers.utils import logging

from isogloss.data.conversations import Turn
from isogloss.models.chat_saving import load_chat

__all__ = ["isogloss"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with a chat model, and pictures beside it."""
    folder = tmp_path_factory.mktemp("run")
    for number, name in enumerate("ab"):
        save_picture(folder / f"{name}.png", number)
    return save_talker(folder)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """As the program is, which says so before it imports Transformers; in this process that was done before."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    yield
    if shown:
        logging.enable_progress_bar()


def piped(monkeypatch: pytest.MonkeyPatch, *lines: str | bytes) -> None:
    text = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text), encoding="utf-8"))


def test_one_question(run: Path, isogloss: Program) -> None:
    talker = load_chat(run / "model")
    first, second = run.parent / "a.png", run.parent / "b.png"
    for model in (run, run / "model"):
        done = isogloss("chat", model, first, second, "--prompt", "a cat", "--reply-in", "ja", "--max-tokens", "12")
        assert (done.code, done.errors) == (0, "")
        wanted = anew(
            talker, (Turn("user", "<image>\n<image>\na cat\n日本語で答えてください。"),), [picture(0), picture(1)]
        )
        assert done.output == f"{wanted}\n"


def test_a_conversation_through_a_pipe(run: Path, isogloss: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    talker = load_chat(run / "model")
    piped(monkeypatch, "a cat", "", f"/image {run.parent / 'b.png'}", "a dog", "/reset", "  猫  ", "/quit", "not read")
    done = isogloss("chat", run, run.parent / "a.png", "--max-tokens", "12")
    assert (done.code, done.errors) == (0, "")
    first = anew(talker, (Turn("user", "<image>\na cat"),), [picture(0)])
    turns = (Turn("user", "<image>\na cat"), Turn("assistant", first), Turn("user", "<image>\na dog"))
    second = anew(talker, turns, [picture(0), picture(1)])
    third = anew(talker, (Turn("user", "<image>\n猫"),), [picture(0)])
    assert done.output == f"{first}\n{second}\n{third}\n"


def test_what_goes_wrong_in_a_conversation_does_not_end_it(
    run: Path, isogloss: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, "/imgae x", "/image none.png", "x" * 600, b"a \xff cat", "/help")
    done = isogloss("chat", run, run.parent / "a.png", "--max-tokens", "12")
    assert done.code == 2
    told = done.errors.splitlines()
    assert told[0] == "isogloss: There is no command '/imgae'; did you mean '/image'?"
    assert told[1] == "isogloss: There is no picture none.png; name one that is there."
    assert re.fullmatch(r"isogloss: The prompt and its pictures take 6\d\d tokens, .* fewer pictures\.", told[2])
    assert told[3].startswith("/image  show a picture")
    # The picture that was not shown because the prompt had no room is shown with the next one.
    wanted = anew(load_chat(run / "model"), (Turn("user", "<image>\na \ufffd cat"),), [picture(0)])
    assert done.output == f"{wanted}\n"


def test_what_is_left_out_is_told(run: Path, isogloss: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, *(letter * 165 for letter in "abcd"))
    done = isogloss("chat", run, "--max-tokens", "5")
    assert done.code == 0 and len(done.output.splitlines()) == 4
    told = "The conversation is longer than the 512 tokens that the model reads: its oldest"
    assert done.errors.splitlines() == [f"{told} exchange is left out.", f"{told} 2 exchanges are left out."]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{run}", "none.png"], "There is no picture none.png; name one that is there."),
        (["{run}", "{cut}"], r".*cut.png is not a picture that can be decoded \(.*\); show another."),
        (["./nowhere"], "There is no folder ./nowhere; name a finished run, a saved model, or one of the Hub."),
        (["nobody/nothing"], "The chat model 'nobody/nothing' is no folder here and neither in the local cache .*"),
        (["{run}/.."], ".* holds no saved model; name .*, such as runs/demo-chat/seed-0/stated."),
        (["{run}/../parts/vit"], ".* holds no chat model, but one of the kind vit; name the folder of a finished run."),
        (["{run}", "--reply-in", "tlh"], ".*tlh.*"),
        (["{run}", "--top-p", "2"], "top_p is 2; give a number above 0 and at most 1."),
        (["{run}", "--device", "tpu"], "There is no device 'tpu'; choose auto, cpu, cuda .*"),
        (["{run}", "--quantise", "8bit", "--device", "cpu"], "8bit needs a GPU, and the model is to run on cpu; .*"),
        (["{run}", "--quantise", "2bit"], "There is no kind of quantisation '2bit'; did you mean .*"),
        (["{run}", "--text-limits", "toxic=1"], "--text-limits are those of a classifier; name it with --text-safety."),
        (["./nowhere", "--prompt", " "], "The prompt is empty; ask something, in any language."),
        (["{run}", "--prompt", " "], "The prompt is empty; ask something, in any language."),
        (["{run}", "--promt", "a"], "There is no option '--promt'; did you mean '--prompt'\\?"),
    ],
)
def test_mistakes_are_told_in_a_sentence(run: Path, isogloss: Program, words: list[str], sentence: str) -> None:
    cut = run.parent / "cut.png"
    cut.write_bytes((run.parent / "a.png").read_bytes()[:60])
    done = isogloss("chat", *(word.format(run=run, cut=cut) for word in words))
    assert (done.code, done.output) == (2, "")
    assert re.fullmatch(f"isogloss: {sentence}", done.sentence), done.errors


def test_classifiers_refuse(run: Path, isogloss: Program, tmp_path: Path) -> None:
    text, pictures = text_classifier(tmp_path / "text"), picture_classifier(tmp_path / "pictures")
    low = ",".join(f"{label}=0.001" for label in LABELS)
    asked = ("chat", run, run.parent / "a.png", "--prompt", "a cat", "--max-tokens", "4")
    done = isogloss(*asked, "--text-safety", text, "--text-limits", low)
    assert done.code == 2 and done.sentence.startswith("isogloss: This prompt is refused, because ")
    done = isogloss(*asked, "--picture-safety", pictures, "--picture-limits", low)
    assert done.code == 2 and done.sentence.startswith("isogloss: This picture is refused, because ")
    high = f"{LABELS[0]}=1"
    done = isogloss(*asked, "--picture-safety", pictures, "--picture-limits", high)
    assert (done.code, done.errors) == (0, "") and done.output.strip()


def heard(terminal: int, wanted: str, after: str = "") -> str:
    """What a terminal shows until it shows something."""
    end = time.monotonic() + 120
    letters = codecs.getincrementaldecoder("utf-8")("replace")  # a letter's bytes may come one by one
    while not re.search(wanted, after):
        assert time.monotonic() < end, after
        if select.select([terminal], [], [], 1)[0]:
            try:
                after += letters.decode(os.read(terminal, 65536))
            except OSError:  # its other end is closed
                break
    assert re.search(wanted, after), after
    return after


def test_ctrl_c_stops_the_reply_and_not_the_program(tmp_path: Path) -> None:
    """In a real terminal, which sends the signal itself."""
    run = save_talker(tmp_path, max_position_embeddings=100_000)
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "isogloss.cli", "chat", str(run), "--max-tokens", "50000"]
    program = subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, close_fds=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        env={**os.environ, "TERM": "dumb", "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    os.close(theirs)
    try:
        heard(ours, r"> $")
        os.write(ours, "猫\n".encode())
        shown = heard(ours, r"猫\r\n.{20}")
        os.write(ours, b"\x03")
        shown = heard(ours, r"\n> $", shown)
        assert "Traceback" not in shown and program.poll() is None
        again, presses = "", 0
        while not again.endswith("> ") and presses < 60:  # with nothing to stop, a new line
            # The prompt is shown a moment before anything is read, and an interrupt in between waits for the next key.
            os.write(ours, b"\x03")
            presses += 1
            while not again.endswith("> ") and select.select([ours], [], [], 2)[0]:
                again += os.read(ours, 65536).decode()
        assert again.endswith("> ") and program.poll() is None
        os.write(ours, b"/quit\n")
        heard(ours, r"quit")
        assert program.wait(60) == 0
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGKILL)
            program.wait()
        os.close(ours)
