"""CTranslate2 says what Transformers says with the same weights, and what cannot be done is said before any work."""

from dataclasses import replace
from pathlib import Path

import pytest
from translate.engines.conftest import Saved
from translate.engines.greedy import greedy
from translate.engines.tiny_translators import CAPTIONS, FRENCH, SAVED, SPANISH, UNSEEN, save_opus

from isogloss.errors import UserError
from isogloss.languages import language
from isogloss.translate.engine import Engine
from isogloss.translate.engines import EngineChoice, open_engine
from isogloss.translate.engines.ctranslate2 import CTranslate2Engine

EN, ES, FR = (language(tag) for tag in ("en", "es", "fr"))


def opened(folder: Path, **options: str | int) -> CTranslate2Engine:
    engine = open_engine(EngineChoice("ctranslate2", str(folder), device="cpu", **{"precision": "float32", **options}))  # pyright: ignore[reportArgumentType]
    assert isinstance(engine, CTranslate2Engine)
    return engine


@pytest.mark.parametrize("family", SAVED)
def test_the_same_weights_say_the_same(family: str, saved: Saved, converted: Saved) -> None:
    engine = replace(opened(converted(family)), longest=lambda _: 64)
    texts = [*CAPTIONS, *UNSEEN]
    for target in (ES, FR):
        expected = greedy(saved(family), family, texts, target.tag, longest=64)
        found = engine.translate(texts, EN, target)
        assert [one.text for one in found] == [one.text for one in expected]
        assert [one.complete for one in found] == [one.complete for one in expected]
        assert [one.score for one in found] == pytest.approx([one.score for one in expected], rel=1e-4)
        # They were taught the captions, so each language's token reached the model.
        assert [one.text for one in found[: len(CAPTIONS)]] == (SPANISH if target is ES else FRENCH)


@pytest.mark.parametrize("family", ["opus", "nllb", "madlad"])
def test_int8_says_what_was_learnt(family: str, converted: Saved) -> None:
    found = opened(converted(family), precision="int8").translate(CAPTIONS, EN, ES)
    assert [one.text for one in found] == SPANISH


@pytest.mark.parametrize("family", ["opus", "m2m"])
def test_beams(family: str, saved: Saved, converted: Saved) -> None:
    engine = replace(opened(converted(family), beams=4), longest=lambda _: 64)
    expected = greedy(saved(family), family, CAPTIONS, "es", longest=64, beams=4)
    found = engine.translate(CAPTIONS, EN, ES)
    assert [one.text for one in found] == [one.text for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], rel=1e-3)


def test_the_order_and_the_batch_change_nothing(converted: Saved) -> None:
    engine = replace(opened(converted("nllb"), threads=2), longest=lambda _: 64)
    texts = [*CAPTIONS, *UNSEEN] * 9
    whole = engine.translate(texts, EN, ES)
    small = replace(engine, tokens=1).translate(texts[::-1], EN, ES)[::-1]
    assert [one.text for one in whole] == [one.text for one in small]
    assert [one.score for one in whole] == pytest.approx([one.score for one in small], rel=1e-4)
    assert engine.translate([], EN, ES) == []


def test_a_loop_is_cut_in_proportion_to_its_source(converted: Saved) -> None:
    engine = replace(opened(converted("opus")), longest=lambda pieces: pieces // 2)
    pieces = len(engine.pieces.cut([CAPTIONS[0]])[0])
    [cut] = engine.translate([CAPTIONS[0]], EN, ES)
    assert not cut.complete and cut.text and SPANISH[0].startswith(cut.text[:-2])
    assert len(engine.pieces.cut([cut.text])[0]) <= pieces // 2 + 2


def test_a_source_of_any_length_and_letters(converted: Saved) -> None:
    engine = opened(converted("opus"))
    [long, strange] = engine.translate(["dogs play " * 600, "🙂\u200d☃"], EN, ES)
    assert not long.complete  # of the source only the beginning is read
    assert long.text and isinstance(strange.text, str)


def test_the_job_sees_an_engine(converted: Saved) -> None:
    engine = opened(converted("m2m"))
    assert isinstance(engine, Engine)
    assert (engine.name, engine.price) == ("ctranslate2:m2m", 0.0)
    assert engine.texts_per_call >= 1


@pytest.mark.parametrize(
    ("family", "source", "target", "message"),
    [
        ("nllb", "en", "br", "does not translate into Breton \\(br\\); the nearest that it has is Welsh"),
        ("m2m", "eu", "es", "does not translate from Basque \\(eu\\); the nearest that it has is Spanish"),
        ("madlad", "en", "pt", "does not translate into Portuguese \\(pt\\); the nearest that it has is Spanish"),
        (
            "opus",
            "en",
            "gl",
            "\\(OPUS-MT\\) does not translate into Galician \\(gl\\); the nearest that it has is Spanish",
        ),
        ("opus", "de", "es", "does not translate from German \\(de\\); the nearest that it has is English"),
    ],
)
def test_a_language_that_the_model_lacks(family: str, source: str, target: str, message: str, converted: Saved) -> None:
    with pytest.raises(UserError, match=message):
        opened(converted(family)).check(language(source), language(target))


def test_a_pair_is_told_by_the_folder(tmp_path: Path) -> None:
    from isogloss.translate.conversion import convert

    checkpoint = save_opus(tmp_path / "opus-mt-en-roa", "en", "roa")
    folder = tmp_path / "opus-mt-en-roa-converted"
    folder.mkdir()
    convert(checkpoint, folder, "float32")
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(UserError, match="does not tell which languages it translates"):
        opened(folder)
    (tmp_path / "converted").mkdir()
    renamed = folder.rename(tmp_path / "converted" / "opus-mt-en-roa")
    engine = opened(renamed)
    engine.check(EN, FR)
    with pytest.raises(UserError, match="from German"):
        engine.check(language("de"), FR)


def test_what_is_not_there(tmp_path: Path, converted: Saved) -> None:
    with pytest.raises(UserError, match="`hf download isogloss-tests/absent --local-dir FOLDER`.*ctranslate2:FOLDER"):
        open_engine(EngineChoice("ctranslate2", "isogloss-tests/absent"))
    with pytest.raises(UserError, match="nowhere is no folder"):
        open_engine(EngineChoice("ctranslate2", "./nowhere"))
    with pytest.raises(UserError, match="does not compute in float16 on this cpu; choose one of float32, int8"):
        opened(converted("opus"), precision="float16")
    with pytest.raises(UserError, match="There is no device 'cuda:1': CTranslate2 sees no GPU here"):
        open_engine(EngineChoice("ctranslate2", str(converted("opus")), device="cuda:1"))
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in converted("opus").iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    (damaged / "model.bin").write_bytes((damaged / "model.bin").read_bytes()[:1000])
    with pytest.raises(UserError, match="CTranslate2 cannot open .*damaged"):
        opened(damaged)
