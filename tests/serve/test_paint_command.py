"""The command `isogloss paint`: files that appear whole, say what they are, and are not painted twice."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cli.program import Program, isogloss
from filelock import FileLock
from PIL import Image
from safetensors.torch import load_file, save_file
from serve.test_chat_terminal import quiet
from serve.tiny_classifiers import LABELS, picture_classifier, text_classifier
from serve.tiny_painter import STRANGE, save_painter, save_ranker
from train.commands import start

from isogloss.serve.paint import Painter
from isogloss.serve.ranking import Ranker

__all__ = ["isogloss", "quiet"]

FEW = ("--steps", "2", "--device", "cpu")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs of a painter and of a ranker."""
    folder = tmp_path_factory.mktemp("made")
    save_painter(folder)
    save_ranker(folder)
    return folder


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were painted each time that any were."""
    counts: list[int] = []
    painted = Painter.paint_rectangle

    def counting(self: Painter, prompts: Any, seeds: Any, *rest: Any) -> Any:
        counts.append(len(prompts) * len(seeds))
        return painted(self, prompts, seeds, *rest)

    monkeypatch.setattr(Painter, "paint_rectangle", counting)
    return counts


def contents(folder: Path) -> dict[str, bytes]:
    """The pictures of a folder; anything else but its lock is one too many."""
    found = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and file.name != ".lock"}
    assert all(name.endswith(".png") and not name.startswith(".") for name in found), found.keys()
    return found


def test_pictures_say_what_they_are(made: Path, isogloss: Program, tmp_path: Path) -> None:
    prompt, out = "un círculo  rojo\tच्छि", tmp_path / "out"
    asked = ("--count", "2", "--seed", "5", "--guidance", "1.5", "--size", "10x6", "--negative", "a dog")
    done = isogloss("paint", made / "run", prompt, "--out", out, *asked, *FEW)
    assert done.code == 0, done.errors
    files = [Path(line) for line in done.output.splitlines()]
    assert [file.parent for file in files] == [out, out] and set(contents(out)) == {file.name for file in files}
    for seed, file in zip((5, 6), files, strict=True):
        assert re.fullmatch(rf"un-círculo-rojo-च्छि-{seed}-[0-9a-f]{{8}}\.png", file.name)
        with Image.open(file) as picture:
            picture.load()
            assert (picture.size, picture.mode, picture.info["Description"]) == ((10, 6), "RGB", "un círculo rojo च्छि")
            said = json.loads(picture.info["isogloss"])
            wanted = Painter.open(str(made / "run"), device="cpu", batch=2)
            (again,) = wanted.paint(
                said["prompt"], steps=said["steps"], guidance=said["guidance"], negative=said["negative"],
                size=(said["width"], said["height"]), seed=said["seed"],
            )  # fmt: skip
            assert max(abs(one - other) for one, other in zip(picture.tobytes(), again.tobytes(), strict=True)) <= 1
        assert said["scheduler"] == "FlowMatchEulerDiscreteScheduler" and said["model"] == str(made / "run")


def test_the_same_command_paints_nothing_twice(
    made: Path, isogloss: Program, tmp_path: Path, counted: list[int]
) -> None:
    out = tmp_path / "out"
    (tmp_path / "prompts.txt").write_text("\ufeffa cat\n\n  un gato \na cat\n猫\n", encoding="utf-8")
    asked = ("paint", made / "run", "--prompts", tmp_path / "prompts.txt", "--out", out, "--count", "3", *FEW)
    first = isogloss(*asked, "--batch", "2")
    assert first.code == 0, first.errors
    assert "painting: 12 of 12 steps" in first.errors
    assert counted == [2, 1] * 3
    whole = contents(out)
    names = [Path(line).name for line in first.output.splitlines()]
    assert len(whole) == 9 and [name.split("-")[0] for name in names] == ["a"] * 3 + ["un"] * 3 + ["猫"] * 3

    counted.clear()
    assert isogloss(*asked, "--batch", "2") == type(first)(0, first.output, "")
    assert counted == [] and contents(out) == whole

    (out / names[1]).unlink()
    (out / names[5]).write_bytes(whole[names[5]][:-20])
    shutil.copyfile(out / names[7], out / names[8])  # whole, and of another seed
    (out / ".a-cat.png.0123abcd.partial").write_bytes(b"half")
    done = isogloss(*asked, "--batch", "2")
    assert (done.code, counted) == (0, [2, 1, 1])
    assert contents(out) == whole, "what is painted together is the same, so that every byte is"

    for changed in (["--steps", "3"], ["--guidance", "2"], ["--negative", "x"], ["--seed", "9"], ["--size", "10"]):
        assert isogloss(*asked, *changed).code == 0
    assert len(contents(out)) == 6 * 9 and whole.items() <= contents(out).items()


def test_a_model_that_was_trained_anew_paints_anew(made: Path, isogloss: Program, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(made / "run", run)
    asked = ("paint", run, "a cat", "--out", tmp_path / "out", *FEW)
    assert isogloss(*asked).output == isogloss(*asked[:1], run / "model", *asked[2:]).output
    weights = run / "model" / "adapter" / "diffusion_pytorch_model.safetensors"
    save_file({name: value + 0.1 for name, value in load_file(weights).items()}, weights, metadata={"format": "pt"})
    os.utime(weights, ns=(1, 1))
    assert isogloss(*asked).code == 0
    assert len(contents(tmp_path / "out")) == 2


def test_the_best_of_many(made: Path, isogloss: Program, tmp_path: Path, counted: list[int]) -> None:
    out = tmp_path / "out"
    asked = ("paint", made / "run", "un gato", "--out", out, "--count", "2", "--best-of", "5", "--batch", "5", *FEW)
    done = isogloss(*asked, "--ranker", made / "ranker")
    assert done.code == 0, done.errors
    candidates = sorted(contents(out / "candidates"), key=lambda name: int(name.split("-")[2]))
    pictures = [Image.open(out / "candidates" / name).convert("RGB") for name in candidates]
    best = Ranker.open(str(made / "ranker" / "model"), device="cpu").best("un gato", pictures, 2)
    assert done.output.splitlines() == [f"{out / candidates[place]}\t{score:.3f}" for place, score in best]
    assert contents(out) == {candidates[place]: contents(out / "candidates")[candidates[place]] for place, _ in best}
    assert isogloss(*asked, "--ranker", made / "ranker" / "model").output == done.output
    assert counted == [5]


def test_a_run_that_is_stopped_keeps_its_pictures_and_goes_on(made: Path, isogloss: Program, tmp_path: Path) -> None:
    """By Ctrl-C and then by kill -9, which no program hears."""
    asked = (
        "paint",
        made / "run",
        "a cat",
        "--count",
        "5",
        "--batch",
        "1",
        "--steps",
        "250",
        "--device",
        "cpu",
        "--out",
    )
    assert isogloss(*asked, tmp_path / "whole").code == 0
    whole, out = contents(tmp_path / "whole"), tmp_path / "out"
    for number, signal_ in ((1, signal.SIGINT), (3, signal.SIGKILL)):
        process = start(*asked, out)
        wait_for_pictures(process, out, number)
        os.killpg(process.pid, signal_)
        _, errors = process.communicate(timeout=240)
        there = {file.name: file.read_bytes() for file in out.glob("*.png")}
        assert number <= len(there) < 5 and there.items() <= whole.items()
        if signal_ == signal.SIGINT:
            assert process.returncode == 130 and "Traceback" not in errors
            assert errors.splitlines()[-1].startswith(
                "isogloss: stopped; what is finished is saved, and the same command"
            )
            assert contents(out) == there
    assert isogloss(*asked, out).code == 0
    assert contents(out) == whole


def wait_for_pictures(process: subprocess.Popen[str], out: Path, count: int) -> None:
    while process.poll() is None and len(list(out.glob("*.png"))) < count:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()


def test_classifiers_refuse(made: Path, isogloss: Program, tmp_path: Path) -> None:
    text, pictures = text_classifier(tmp_path / "text"), picture_classifier(tmp_path / "pictures")
    low = ",".join(f"{label}=0.001" for label in LABELS)
    asked = ("paint", made / "run", "a cat", "--out", tmp_path / "out", *FEW)
    done = isogloss(*asked, "--text-safety", text, "--text-limits", low)
    assert done.code == 2 and done.sentence.startswith("isogloss: This prompt is refused, because ")
    assert not (tmp_path / "out").exists()
    looked_at = ("--picture-safety", pictures, "--picture-limits", low)
    for _ in range(2):  # the second time, what is there was painted without the check
        done = isogloss(*asked, *looked_at)
        assert (done.code, done.output) == (2, "")
        assert done.sentence.startswith("'a cat', seed 0: The picture that was drawn is refused, because ")
        assert isogloss(*asked).output.splitlines() == [
            str(tmp_path / "out" / name) for name in contents(tmp_path / "out")
        ]
    done = isogloss(*asked, "--picture-safety", pictures, "--picture-limits", f"{LABELS[0]}=1")
    assert done.code == 0 and len(done.output.splitlines()) == 1


def test_what_is_not_read_is_told(made: Path, isogloss: Program, tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text(
        f"a cat\n{STRANGE['Thai']}\n" + "the cat sat on the mat and " * 3, encoding="utf-8"
    )
    done = isogloss("paint", made / "run", "--prompts", tmp_path / "prompts", "--out", tmp_path / "out", *FEW)
    assert done.code == 0 and len(done.output.splitlines()) == 3
    told = [line for line in done.errors.splitlines() if line.startswith("'")]
    assert len(told) == 2
    assert told[0].startswith(f"'{STRANGE['Thai']}': The text model has no tokens for '{STRANGE['Thai']}' (Thai), so")
    assert re.search(r"longer than the 12 tokens .* read up to 'the cat .*', and '.* left out\.$", told[1])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{run}"], "The prompt is empty; say what to paint, in any language."),
        (["{run}", "a\x1bcat"], r"The prompt has the control character \(U\+001B\) at place 2; leave it out."),
        (["{run}", "a", "--steps", "0"], "steps is 0; give a whole number of at least 1."),
        (["{run}", "a", "--steps", "2000"], "steps is 2,000, and the model was trained with 1,000; .*"),
        (["{run}", "a", "--guidance", "1e9"], "guidance is 1e\\+09; give a number from 0 to 100, such as 4."),
        (["{run}", "a", "--count", "0"], "count is 0; give a whole number of at least 1."),
        (["{run}", "a", "--batch", "0"], "batch is 0; give a whole number of at least 1."),
        (["{run}", "a", "--seed", "-3"], "seed is -3; give a whole number from 0 to .*"),
        (["{run}", "a", "--size", "8x"], "size is '8x'; give a side in pixels, such as 64, or .*"),
        (["{run}", "a", "--size", "0"], "size is 0x0; give a width and a height of 1 to 8,192 pixels."),
        (["{latent}", "a", "--size", "9"], "size is 9x9, and the model paints in steps of 2 pixels; .*"),
        (["{run}", "a", "--prompts", "x"], "A prompt is given and a file of prompts too; leave one of them out."),
        (["{run}", "--prompts", "x.txt"], "There is no file x.txt; name one with a prompt on each line."),
        (["{run}", "--prompts", "{made}"], ".* cannot be read .*; name a file with a prompt on each line."),
        (["{run}", "--prompts", "{blank}"], ".* holds no prompt; write one on each line."),
        (
            ["{run}", "--prompts", "{control}"],
            r"Line 2 of .* cannot be painted: The prompt has the control character .*",
        ),
        (["{run}", "--prompts", "{latin}"], ".* is not UTF-8 text; save it as such."),
        (["{run}", "a", "--out", "{blank}"], ".* is a file; name a folder with --out."),
        (["{run}", "a", "--scheduler", "ddmi"], "There is no scheduler of Diffusers 'ddmi'; did you mean .*"),
        (["{run}", "a", "--scheduler", "DDIM"], "The scheduler DDIMScheduler is not for flow matching.*"),
        (["{run}", "a", "--best-of", "3"], "best_of needs a ranker .*"),
        (["{run}", "a", "--best-of", "3", "--ranker", "{run}"], ".* holds no saved model; .*"),
        (["{run}", "a", "--ranker", "{made}/ranker"], "best_of is 1 and count 1, so that the ranker has no choice; .*"),
        (["{run}", "a", "--device", "tpu"], "There is no device 'tpu'; choose auto, cpu, cuda .*"),
        (
            ["{run}", "a", "--text-limits", "x=1"],
            "--text-limits are those of a classifier; name it with --text-safety.",
        ),
        (["./nowhere", "a"], "There is no folder ./nowhere; name a finished run, a saved model, or one of the Hub."),
        (["nobody/nothing", "a"], "The paint model 'nobody/nothing' is no folder here and neither .*"),
        (["{made}", "a"], ".* holds no paint model; name the folder of a finished run of a paint recipe."),
        (["{made}/ranker", "a"], ".* holds no paint model; name the folder of a finished run of a paint recipe."),
        (
            ["{narrow}", "a"],
            "The parts of .* do not fit: the UNet's cross attention is 12 wide and the adapter was made for 16.*",
        ),
        (["{run}", "a", "--stpes", "3"], "There is no option '--stpes'; did you mean '--steps'\\?"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    made: Path, isogloss: Program, tmp_path: Path, words: list[str], sentence: str
) -> None:
    places = {name: tmp_path / name for name in ("blank", "control", "latin", "narrow", "latent")}
    places["blank"].write_text(" \n\n")
    places["control"].write_text("a cat\na \x00 dog\n")
    places["latin"].write_bytes("un niño".encode("latin-1"))
    if "{latent}" in words:
        save_painter(places["latent"], latent=True)
        places["latent"] = places["latent"] / "run"
    if "{narrow}" in words:
        put_together(made / "run" / "model", places["narrow"])
    chosen = [word.format(run=made / "run", made=made, **places) for word in words]
    done = isogloss("paint", *chosen, *(() if "--out" in words else ("--out", tmp_path / "out")))
    assert (done.code, done.output) == (2, "")
    assert re.fullmatch(f"isogloss: {sentence}", done.sentence), done.errors
    assert not (tmp_path / "out").exists()


def put_together(model: Path, folder: Path) -> None:
    """A model with the adapter of another one, which is wider."""
    from isogloss.models.adapter import Adapter, build_adapter

    shutil.copytree(model, folder)
    code = (folder / "adapter" / "adapter.py").read_bytes()
    shutil.rmtree(folder / "adapter")
    build_adapter(Adapter("both", queries=3), 16, 16).save_pretrained(folder / "adapter")
    (folder / "adapter" / "adapter.py").write_bytes(code)


def test_two_at_a_time_are_refused(made: Path, isogloss: Program, tmp_path: Path) -> None:
    with FileLock(tmp_path / ".lock"):
        done = isogloss("paint", made / "run", "a", "--out", tmp_path, *FEW)
    assert done.code == 2 and done.sentence.startswith("isogloss: Another process is painting into ")
