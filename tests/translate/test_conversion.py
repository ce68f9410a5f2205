"""A checkpoint is converted once, in a process of its own, and what is kept is whole, whatever ends the conversion."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from translate.engines.tiny_translators import CAPTIONS, SPANISH, save_madlad, save_opus

from isogloss.errors import UserError
from isogloss.languages import language
from isogloss.translate.conversion import cache_folder, convert, converted, keep
from isogloss.translate.engines import EngineChoice, open_engine


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ISOGLOSS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ctranslate2"


@pytest.fixture(scope="module")
def opus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_opus(tmp_path_factory.mktemp("opus") / "tiny-opus")


def test_an_engine_converts_by_itself_and_once(opus: Path, cache: Path) -> None:
    choice = EngineChoice("ctranslate2", str(opus), device="cpu")
    found = open_engine(choice).translate(CAPTIONS, language("en"), language("es"))
    assert [one.text for one in found] == SPANISH
    [kept] = [folder for folder in cache.iterdir() if folder.is_dir()]
    assert kept.name.startswith("tiny-opus-") and kept.name.endswith("-int8")
    written = (kept / "model.bin").stat()
    open_engine(choice)
    assert (kept / "model.bin").stat().st_mtime_ns == written.st_mtime_ns
    # What is kept stands by itself.
    moved = shutil.move(kept, cache.parent / "elsewhere")
    assert converted(Path(moved), "elsewhere", "float32") == Path(moved)
    again = open_engine(EngineChoice("ctranslate2", str(moved))).translate(CAPTIONS, language("en"), language("es"))
    assert again == found


def test_a_changed_checkpoint_is_another(opus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def note(_: Path, kept: Path, precision: str) -> None:
        made.append(kept.name)
        kept.mkdir(parents=True)
        (kept / "model.bin").touch()

    monkeypatch.setattr("isogloss.translate.conversion._run", note)
    copy = Path(shutil.copytree(opus, tmp_path / "copy"))
    converted(copy, "a/b", "int8")
    converted(copy, "a/b", "int8")
    assert len(made) == 1 and made[0].startswith("a--b-")
    converted(copy, "a/b", "float32")
    os.utime(copy / "model.safetensors", ns=(1, 1))
    converted(copy, "a/b", "int8")
    assert len(set(made)) == len(made) == 3


def test_a_killed_conversion_leaves_nothing_half(opus: Path, cache: Path) -> None:
    kept = cache / "tiny-int8"
    command = [sys.executable, "-m", "isogloss.translate.conversion", str(opus), str(kept), "int8"]
    process = subprocess.Popen(command, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    while not list(cache.glob(".tiny-int8.*.partial")):
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert not kept.exists()
    assert list(cache.glob(".tiny-int8.*.partial"))
    keep(opus, kept, "int8")  # the lock went with its holder
    assert (kept / "model.bin").is_file()
    assert not list(cache.glob(".tiny-int8.*"))


def test_two_conversions_at_a_time_make_one(opus: Path, cache: Path) -> None:
    command = [sys.executable, "-m", "isogloss.translate.conversion", str(opus), str(cache / "tiny"), "int8"]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    for process in processes:
        assert process.stderr is not None
        process.stderr.close()
    assert [path.name for path in cache.iterdir() if path.is_dir()] == ["tiny"]


def test_what_cannot_be_converted(opus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(name: str, file: str, **fields: object) -> Path:
        folder = Path(shutil.copytree(opus, tmp_path / name))
        path = folder / file
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **fields}), encoding="utf-8")
        return folder

    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty holds no model: it has neither a model.bin"):
        converted(tmp_path / "empty", "x", "int8")
    with pytest.raises(UserError, match="of the type 'bert'.*--engine transformers:"):
        converted(other("bert", "config.json", model_type="bert"), "x", "int8")
    with pytest.raises(UserError, match="has a vocabulary for either side"):
        converted(other("sides", "tokenizer_config.json", separate_vocabs=True), "x", "int8")
    short = Path(shutil.copytree(opus, tmp_path / "short"))
    weights = load_file(short / "model.safetensors")
    del weights["model.decoder.layers.1.fc2.weight"]
    save_file(weights, short / "model.safetensors", {"format": "pt"})
    # In a process of its own, whose sentence reaches the user.
    with pytest.raises(UserError, match=r"short lacks 1 of its weights, the first of them model.decoder.layers.1.fc2"):
        converted(short, "x", "int8")
    assert not [path for path in cache_folder().iterdir() if path.is_dir()]
    damaged = Path(shutil.copytree(opus, tmp_path / "damaged"))
    (damaged / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(UserError, match="damaged cannot be converted for CTranslate2 \\(.*\\); fetch the model again"):
        converted(damaged, "x", "int8")


def test_a_vocabulary_with_a_gap(tmp_path: Path) -> None:
    checkpoint = save_madlad(tmp_path / "madlad")
    file = checkpoint / "tokenizer.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["model"]["vocab"][40] = content["model"]["vocab"][41]
    file.write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "converted").mkdir()
    with pytest.raises(UserError, match="a vocabulary that CTranslate2 numbers otherwise, from the token 4[01] on"):
        convert(checkpoint, tmp_path / "converted", "float32")


def test_the_cache_has_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ISOGLOSS_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "isogloss" / "ctranslate2"
