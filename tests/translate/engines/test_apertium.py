"""Apertium as it is installed: no caption knows of another, and what is not there is named with its package."""

import os
import random
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from translate.alive import alive
from translate.fake_apertium import fake_apertium

from isogloss.errors import UserError
from isogloss.languages import Language, language
from isogloss.translate.engine import Engine
from isogloss.translate.engines import choose_engine, open_engine
from isogloss.translate.engines.apertium import Apertium, _cased

ENGLISH = language("en")
TARGETS = [language(tag) for tag in ("es", "ca", "gl")]
WORDS = (
    *(
        "a",
        "the",
        "an",
        "this",
        "no",
        "dog",
        "cat",
        "man",
        "woman's",
        "running",
        "red",
        "big",
        "house",
        "of",
        "in",
        "on",
    ),
    *(
        "with",
        "two",
        "beach",
        "street",
        "sat",
        "park",
        "horse",
        "riding",
        "near",
        "small",
        "white",
        "plate",
        "Mr",
        "New",
    ),
    *(
        "York",
        "in spite of",
        "rain",
        "as well as",
        "each other",
        "more than",
        "John",
        "Madrid",
        "he",
        "they",
        "are",
        "is",
    ),
    *("was", "not", "to", "from", "sky", "3", "5.5", "100%", "U.S.", "etc.", "don't", "who", "which", "light"),
)
# What means something to a program of the pipeline, or to a text format.
STRANGE = (
    *(
        "a [cat] in {boxes}",
        "^a$ / @ \\ <b>dog</b> *star #1 a+b a_b",
        "fish ~ and chips",
        "~",
        ".",
        "...",
        "a dog . . .",
        "Mr",
    ),
    *(
        "a photo of Dr.",
        "e.g",
        "the U.S.A",
        "😀 a dog in 東京",
        "ﷺ",
        "the cat’s “toy”",
        "«a dog»",
        "&amp; &lt;",
        "a\\",
        "[]",
        ".[]",
    ),
    *(
        "^dog<n><sg>$",
        "http://x.y/z?a=b",
        "x@y.com",
        "\u200d",
        "e\u0301",
        "a dog?",
        "a dog!",
        "(a dog)",
        "-",
        "1",
        "* *",
        "#",
    ),
)


def made_up(count: int) -> list[str]:
    """Bits of sentences that go on in the next one, most of them without an end."""
    chance = random.Random(0)
    found = [" ".join(chance.choices(WORDS, k=chance.randint(1, 9))) for _ in range(count)]
    return [text + chance.choice(("", "", ".", "?", ",", ":", " of", " in")) for text in found]


@pytest.fixture(scope="module")
def apertium() -> Engine:
    return open_engine(choose_engine("apertium"))


def texts(engine: Engine, captions: list[str], target: Language) -> list[str]:
    return [one.text for one in engine.translate(captions, ENGLISH, target)]


@pytest.mark.parametrize(("target", "count"), zip(TARGETS, (1000, 200, 200), strict=True))
def test_a_thousand_captions_each_as_if_it_were_alone(apertium: Engine, target: Language, count: int) -> None:
    """In another order and in other company every caption comes out the same, as do some that are asked for by themselves."""
    captions = [*STRANGE, *made_up(count - len(STRANGE))]
    found = dict(zip(captions, texts(apertium, captions, target), strict=True))
    mixed = random.Random(1).sample(captions, count)
    for part in (mixed[: count // 3], mixed[count // 3 : -3], *([caption] for caption in mixed[-3:])):
        assert texts(apertium, part, target) == [found[caption] for caption in part]


def test_captions_come_out_as_apertium_itself_gives_them(apertium: Engine) -> None:
    """Of a text of its own, but for spaces around it and the case of the first letter."""
    captions = [*STRANGE[::4], *made_up(4)]
    found = texts(apertium, captions, TARGETS[0])
    for caption, translation in zip(captions, found, strict=True):
        command = ["apertium", "-u", "eng-spa"]
        alone = subprocess.run(command, input=caption, capture_output=True, text=True, check=True).stdout.strip()
        assert translation.casefold() == alone.casefold()


def test_translations_are_translations(apertium: Engine) -> None:
    assert [texts(apertium, ["a black dog"], target) for target in TARGETS] == [
        ["un perro negro"],
        ["un gos negre"],
        ["un can negro"],
    ]
    back = apertium.translate(["un perro negro"], TARGETS[0], ENGLISH)
    assert [(one.text, one.score, one.complete) for one in back] == [("a black dog", None, True)]


@pytest.mark.parametrize(
    ("caption", "translation"),
    [
        ("a dog", "un perro"),
        ("A dog.", "Un perro."),
        ("a dog.", "un perro."),
        ("A dog", "Un perro"),
        ("a dog?", "un perro?"),
        ("“a dog”", "“un perro”"),
        ("3 dogs", "3 perros"),
        ("a xyzzyq", "un xyzzyq"),
    ],
)
def test_case_and_final_punctuation_stay_and_unknown_words_bear_no_mark(
    apertium: Engine, caption: str, translation: str
) -> None:
    assert texts(apertium, [caption], TARGETS[0]) == [translation]


@pytest.mark.parametrize(
    ("text", "translation", "wanted"),
    [
        ("a dog", "Un perro", "un perro"),
        ("A dog", "un gos", "Un gos"),
        ("“a dog” 3", "“Un perro” 3", "“un perro” 3"),
        ("3 dogs", "Perros 3", "perros 3"),
        ("to the beach", "A la playa", "a la playa"),
        ("a Madrid street", "Madrid calle", "Madrid calle"),
        ("a nasa rocket", "NASA", "NASA"),
        ("狗 Dog", "Perro", "Perro"),
        ("12", "Doce", "Doce"),
        ("a dog", "12", "12"),
        ("a dog", "", ""),
    ],
)
def test_the_first_letter_has_the_case_of_the_text_s_unless_it_is_a_name_s(
    text: str, translation: str, wanted: str
) -> None:
    assert _cased(text, translation) == wanted


def test_modes_are_found_by_language_and_variants_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake_apertium(tmp_path / "bin")), prepend=":")
    engine = open_engine(choose_engine("apertium"))
    assert isinstance(engine, Apertium)
    assert engine.modes == ("en-gl", "eng-cat", "eng-cat_valencia", "eng-spa", "spa-eng", "spa-eng_US")
    spanish, catalan, galician = TARGETS
    found = [engine._direction(*pair) for pair in ((ENGLISH, catalan), (ENGLISH, galician), (spanish, ENGLISH))]
    assert found == ["eng-cat", "en-gl", "spa-eng"]
    chosen = open_engine(choose_engine("apertium:eng-cat_valencia"))
    assert (engine.name, chosen.name) == ("apertium", "apertium:eng-cat_valencia")
    chosen.check(ENGLISH, catalan)
    with pytest.raises(
        UserError, match="mode 'eng-cat_valencia' does not translate from English to Spanish; leave it out"
    ):
        chosen.check(ENGLISH, spanish)
    with pytest.raises(UserError, match="There is no mode of Apertium 'eng-cta'; did you mean 'eng-cat'"):
        open_engine(choose_engine("apertium:eng-cta"))


def test_without_the_program_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        UserError, match=r"not installed; .*`apt install apertium apertium-eng-spa`.*--engine table:FILE"
    ):
        open_engine(choose_engine("apertium"))


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("eo", r"no English → Esperanto here; install it, as in `apt install apertium-eo-en`.*--engine table:FILE"),
        ("is", r"`apt install apertium-isl-eng`"),
        ("ja", r"no English → Japanese here; Debian has no package for the pair, so choose another engine.*table:FILE"),
    ],
)
def test_without_the_pair_its_package_is_named(apertium: Engine, target: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        apertium.check(ENGLISH, language(target))


def test_one_caption_at_which_the_pipeline_breaks_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "if b'poison' in texts: sys.exit(1)\nif b'cut' in texts: texts = texts[:texts.index(b'cut')]"
    monkeypatch.setenv("PATH", str(fake_apertium(tmp_path / "bin", body)), prepend=":")
    engine = open_engine(choose_engine("apertium"))
    captions = [f"Caption {number}" for number in range(20)]
    captions[7], captions[15] = "Some poison", "Is cut"
    found = texts(engine, captions, TARGETS[0])
    assert found == ["" if number in (7, 15) else caption.upper() for number, caption in enumerate(captions)]


def test_a_mode_that_does_not_work_is_no_table_of_empty_captions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(fake_apertium(tmp_path / "bin", "sys.exit(1)")), prepend=":")
    engine = open_engine(choose_engine("apertium"))
    with pytest.raises(UserError, match=re.escape("Apertium's mode 'eng-spa' does not work; try it with `echo dog |")):
        texts(engine, ["a dog", "a cat"], TARGETS[0])


def survivors(log: Path) -> list[int]:
    """Those of the processes that go on after a moment, which even a killed one takes to end."""
    found = [int(number) for number in log.read_text(encoding="utf-8").split()]
    assert len(found) >= 2
    for _ in range(1000):
        found = [process for process in found if alive(process)]
        if found:
            time.sleep(0.01)
    return found


# A pipeline of which one program spins, as apertium-tagger can, and that is the child of a shell.
SPINNING = """if b'spin' in texts.lower():
    import os, subprocess
    child = subprocess.Popen([sys.executable, '-SE', '-c', 'while True: pass'])
    open({log!r}, 'a').write(f'{{os.getpid()}} {{child.pid}}\\n')
    child.wait()"""


def test_a_pipeline_that_hangs_is_ended_with_all_its_children_and_costs_one_caption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "processes"
    monkeypatch.setenv("PATH", str(fake_apertium(tmp_path / "bin", SPINNING.format(log=str(log)))), prepend=":")
    monkeypatch.setattr("isogloss.translate.engines.apertium._START", 0.5)
    found = texts(open_engine(choose_engine("apertium")), ["a dog", "to spin", "a cat"], TARGETS[0])
    assert found == ["a DOG", "", "a CAT"]
    assert survivors(log) == []


def test_ctrl_c_ends_a_pipeline_with_all_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "processes"
    monkeypatch.setenv("PATH", str(fake_apertium(tmp_path / "bin", SPINNING.format(log=str(log)))), prepend=":")
    engine = open_engine(choose_engine("apertium"))

    def press() -> None:
        while not log.exists() or not log.read_text(encoding="utf-8").endswith("\n"):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)  # of the process, not of this thread

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        texts(engine, ["to spin"], TARGETS[0])
    thread.join()
    assert survivors(log) == []
