"""The engine of Transformers: its batches say what one text at a time says, and language models are asked in words."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from translate.engines.conftest import Saved
from translate.engines.greedy import greedy
from translate.engines.tiny_language_model import save_chat
from translate.engines.tiny_translators import CAPTIONS, FRENCH, SPANISH, UNSEEN

from isogloss.errors import UserError
from isogloss.languages import language
from isogloss.translate.engine import Engine
from isogloss.translate.engines import EngineChoice, open_engine
from isogloss.translate.engines.transformers import TransformersEngine

EN, ES, FR = (language(tag) for tag in ("en", "es", "fr"))
TEXTS = [*CAPTIONS, *UNSEEN]


def opened(folder: Path, beams: int = 1) -> TransformersEngine:
    engine = open_engine(EngineChoice("transformers", str(folder), device="cpu", beams=beams))
    assert isinstance(engine, TransformersEngine)
    return engine


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_chat(tmp_path_factory.mktemp("chat") / "tiny-instruct")


@pytest.mark.parametrize(("family", "beams"), [("opus", 1), ("m2m", 1), ("nllb", 1), ("madlad", 1), ("m2m", 3)])
def test_a_batch_says_what_each_text_says(family: str, beams: int, saved: Saved) -> None:
    engine = replace(opened(saved(family), beams), longest=lambda _: 64)
    for target in (ES, FR):
        expected = greedy(saved(family), family, TEXTS, target.tag, longest=64, beams=beams)
        found = engine.translate(TEXTS, EN, target)
        assert [one.text for one in found] == [one.text for one in expected]
        assert [one.complete for one in found] == [one.complete for one in expected]
        assert [one.score for one in found] == pytest.approx([one.score for one in expected], rel=1e-3)


def test_a_language_model_is_asked_in_words(chat: Path) -> None:
    engine = opened(chat)
    assert isinstance(engine, Engine)
    assert engine.name == "transformers:tiny-instruct"
    engine.check(EN, FR)
    assert [one.text for one in engine.translate(CAPTIONS, EN, ES)] == SPANISH
    found = engine.translate(CAPTIONS[::-1], EN, FR)
    assert [one.text for one in found] == FRENCH[::-1]
    assert all(one.complete and one.score is not None and one.score > 0.8 for one in found)


def test_padding_and_batches_change_no_reply(chat: Path) -> None:
    engine = replace(opened(chat), longest=lambda _: 20)
    whole = engine.translate(TEXTS, EN, ES)
    alone = replace(engine, tokens=1).translate(TEXTS, EN, ES)
    assert [one.text for one in whole] == [one.text for one in alone]
    assert [one.score for one in whole] == pytest.approx([one.score for one in alone], rel=1e-3)
    cut = replace(engine, longest=lambda _: 3).translate(TEXTS, EN, ES)
    assert not any(one.complete for one in cut)


def test_what_cannot_be_loaded(tmp_path: Path, saved: Saved) -> None:
    choice = partial(EngineChoice, "transformers", device="cpu")
    with pytest.raises(UserError, match="`hf download isogloss-tests/absent --local-dir FOLDER`.*transformers:FOLDER"):
        open_engine(choice("isogloss-tests/absent"))
    with pytest.raises(UserError, match="no precision 'int8'; choose float32, float16, bfloat16, or the engine ctrans"):
        open_engine(choice(str(saved("opus")), precision="int8"))
    with pytest.raises(UserError, match="has no chat template, so it was not trained to follow instructions"):
        open_engine(choice(str(save_chat(tmp_path / "base", template=False))))
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    (encoder / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(UserError, match="is a vit, which writes no text"):
        open_engine(choice(str(encoder)))
    damaged = Path(shutil.copytree(saved("opus"), tmp_path / "damaged"))
    (damaged / "model.safetensors").write_bytes((damaged / "model.safetensors").read_bytes()[:500])
    with pytest.raises(UserError, match="holds no translation model that can be loaded"):
        open_engine(choice(str(damaged)))
    with pytest.raises(UserError, match="does not translate into Basque \\(eu\\); the nearest that it has is"):
        opened(saved("m2m")).check(EN, language("eu"))
