"""Translations that fail in known ways are thrown away, and those of people are kept."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from translate.human_captions import LANGUAGES, captions

from isogloss.data.worlds.emoji_names import LANGUAGES as EMOJI_LANGUAGES
from isogloss.data.worlds.emoji_names import names
from isogloss.errors import UserError
from isogloss.languages import language
from isogloss.translate.engine import Translation
from isogloss.translate.quality import REASONS, Checks, judge

ENGLISH = language("en")
ALL = Checks()


def reasons(sources: Sequence[str], texts: Sequence[str], tag: str, checks: Checks = ALL) -> list[str | None]:
    translations = [Translation(text) for text in texts]
    return [verdict.reason for verdict in judge(sources, translations, ENGLISH, language(tag), checks)]


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en"])
def test_captions_of_people_are_kept(tag: str) -> None:
    sources, texts = captions(tag)
    found = Counter(reasons(sources, texts, tag))
    assert found[None] >= 0.98 * len(texts)
    assert all(found[name] <= 0.01 * len(texts) for name in REASONS), found


@pytest.mark.parametrize("tag", [tag for tag in EMOJI_LANGUAGES if tag not in ("en", "hi")])
def test_names_of_people_are_kept(tag: str) -> None:
    english, own = names("en"), names(tag)
    # Some, by chance: lingua takes its time.
    some = [one for one in own if one in english and hashlib.sha256(one.encode()).digest()[0] < 48]
    found = Counter(reasons([english[one] for one in some], [own[one] for one in some], tag))
    assert found[None] >= 0.975 * len(some), found


@pytest.mark.parametrize("tag", ["es", "de", "hi", "zh"])
def test_copies_and_other_languages_are_thrown_away(tag: str) -> None:
    sources, texts = captions(tag)
    for wrong in (sources, captions("fr")[1]):
        spoilt = [other if row % 10 == 0 else text for row, (text, other) in enumerate(zip(texts, wrong, strict=True))]
        found = reasons(sources, spoilt, tag)[::10]
        assert sum(reason is not None for reason in found) >= 0.95 * len(found), Counter(found)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a laughing man", "ha ha ha ha ha"),
        ("a laughing man", "hahahahaha"),
        ("a dog on a sofa", "un perro en un sofá sofá sofá sofá sofá"),
        ("the target", "的的的的"),
        ("a woman by the sea", "海のそばの女性の女性の女性の女性の"),
        ("a dog in the park", "un perro en el parque, un perro en el parque, un perro en el parque, un perro"),
        ("a dog in the park", "Un perro en el parque. Un perro en el parque."),
        ("a loud sound", "aaaaaaaaaaaaaa"),
    ],
)
def test_loops_are_thrown_away(source: str, text: str) -> None:
    checks = Checks(skip=("wrong script", "wrong language"))
    assert reasons([source, "a cat"], [text, "un gato"], "es", checks) == ["repetition", None]
    # As what the source says itself, it is kept.
    assert reasons([text], [text], "es", Checks(skip=("copy of the source", "wrong script", "wrong language"))) == [
        None
    ]


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("id", "Orang-orang berjalan-jalan di taman"),
        ("es", "Una barca muy, muy, muy pequeña"),
        ("ja", "キラキラした星とワンワン鳴く犬"),
        ("tr", "Yavaş yavaş yürüyen bir kaplumbağa"),
        ("de", "Die, die die Hunde füttern, sitzen im Zoo"),
    ],
)
def test_what_languages_double_is_kept(tag: str, text: str) -> None:
    assert reasons(["Something that is said in other words"], [text], tag) == [None]


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("es", "I'm sorry, but I can't assist with that."),
        ("es", "Lo siento, pero no puedo traducir este texto."),
        ("es", "Claro, aquí tienes la traducción: un perro"),
        ("es", "Spanish: un perro corre"),
        ("es", "Un perro corre. (Nota: «correr» puede ser también «ejecutar»)"),
        ("fr", "Désolé, mais je ne peux pas traduire ce texte."),
        ("fr", "Voici la traduction : un chien court"),
        ("fr", "En tant que modèle de langage, je ne vois pas d’images."),
        ("de", "Es tut mir leid, aber ich kann diesen Text nicht übersetzen."),
        ("de", "Hier ist die Übersetzung: Ein Hund rennt"),
        ("it", "Mi dispiace, ma non posso tradurre questo testo."),
        ("pt", "Desculpe, mas não posso ajudar com isso."),
        ("ru", "Извините, но я не могу перевести этот текст."),
        ("tr", "Üzgünüm, ancak bu metni çeviremem."),
        ("id", "Maaf, saya tidak dapat menerjemahkan teks ini."),
        ("zh", "很抱歉，我无法翻译这段文字。"),
        ("zh", "翻译：一只狗在跑"),
        ("ja", "申し訳ありませんが、この文章は翻訳できません。"),
        ("ja", "以下は日本語への翻訳です。犬が走る"),
        ("ko", "죄송하지만 이 문장을 번역할 수 없습니다."),
        ("hi", "मुझे खेद है, मैं इसका अनुवाद नहीं कर सकता।"),
        ("bn", "আমি দুঃখিত, আমি এটি অনুবাদ করতে পারছি না।"),
        ("ar", "عذرًا، لا أستطيع ترجمة هذا النص."),
        ("fa", "متأسفم، اما نمی‌توانم این متن را ترجمه کنم."),
    ],
)
def test_refusals_are_thrown_away(tag: str, text: str) -> None:
    assert reasons(["A dog runs along the beach"], [text], tag) == ["refusal"]


def test_what_the_source_says_is_no_refusal() -> None:
    found = reasons(
        ['A sign: "I\'m sorry, but I cannot help you"'], ["Un letrero: «Lo siento, pero no puedo ayudarte»"], "es"
    )
    assert found == [None]


@pytest.mark.parametrize(
    "text",
    ["un <unk> corre", "un perro</s>", "__spa_Latn__ un perro", "un *skateboarder salta", "un perro\nque corre",
     "un perro &amp; un gato", "**un perro**", "un perro {name}", "un perro \ufffd", "▁un perro"],
)  # fmt: skip
def test_what_an_engine_leaves_is_thrown_away(text: str) -> None:
    assert reasons(["a dog & a cat run"], [text], "es") == ["leftovers"]


def test_leftovers_of_the_source_are_kept() -> None:
    assert reasons(["a #dog* at <b>home"], ["un #perro* en <b>casa"], "es") == ["leftovers"]
    assert reasons(["the #dog hashtag"], ["la etiqueta #dog"], "es") == [None]


def test_empty_and_unfinished_translations_are_thrown_away() -> None:
    given_ = [Translation(" … "), Translation("un perro que", complete=False), Translation("un perro", score=0.7)]
    found = judge(["a dog"] * 3, given_, ENGLISH, language("es"))
    assert [verdict.reason for verdict in found] == ["empty", "truncated", None]
    assert found[0].score == found[1].score == 0 < found[2].score <= 0.7


def test_a_missing_full_stop_and_a_dangling_word_break_off() -> None:
    sources, texts = captions("es")
    rows = [row for row, source in enumerate(sources) if source.endswith(".")]
    cut = [texts[row].rsplit(" ", 1)[0] if number == 7 else texts[row] for number, row in enumerate(rows)]
    only = Checks(skip=tuple(name for name in REASONS[1:] if name != "truncated"))
    found = reasons([sources[row] for row in rows], cut, "es", only)
    assert [number for number, reason in enumerate(found) if reason] == [7]

    rows = [row for row, source in enumerate(sources) if not source.endswith(".")]
    cut = ["Hay una taza roja sobre la" if number == 7 else texts[row] for number, row in enumerate(rows)]
    found = reasons([sources[row] for row in rows], cut, "es", only)
    assert [number for number, reason in enumerate(found) if reason] == [7]


def test_a_translation_may_end_as_rarely_as_its_source_does() -> None:
    """As in a catalogue where nearly every caption ends with a number."""
    sources = [
        *(f"a red shoe in room {number}" for number in range(2000)),
        "emoji of a red shoe",
        "a red shoe in room 7",
    ]
    texts = [
        *(f"un zapato rojo en la sala {number}" for number in range(2000)),
        "emoji de un zapato rojo",
        "un zapato rojo en la",
    ]
    only = Checks(skip=tuple(name for name in REASONS[1:] if name != "truncated"))
    found = reasons(sources, texts, "es", only)
    assert (found[-2:], set(found[:-2])) == ([None, "truncated"], {None})


def test_lengths_are_judged_by_their_own_pair_and_only_if_known() -> None:
    sources, texts = captions("zh")
    long = [text * 3 if row == 5 else text for row, text in enumerate(texts)]
    only = Checks(skip=tuple(name for name in REASONS[1:] if name != "length"))
    assert reasons(sources, long, "zh", only)[5] == "length"
    assert reasons(sources[:99], long[:99], "zh", only) == [None] * 99


def test_scripts() -> None:
    sources = ["a dog runs", "a STOP sign", "OK", "a dog", "Berlin at night"]
    texts = ["chien", "STOP का चिह्न", "OK", "собака", "Berlin में रात"]
    assert reasons(sources, texts, "hi") == ["wrong script", None, None, "wrong script", None]


def test_a_language_that_lingua_lacks_is_told_from_the_source() -> None:
    sources = ["A man and a woman are sitting on the bench", "A dog is running along the beach at night"]
    texts = ["The people who are resting there look at the water", "Un can corre pola praia durante a noite"]
    assert reasons(sources, texts, "gl") == ["wrong language", None]


def test_every_check_can_be_left_out_and_an_unknown_one_is_named() -> None:
    source = "A dog runs along the beach"
    assert reasons([source], [source], "es", Checks(skip=REASONS[1:])) == [None]
    with pytest.raises(UserError, match="did you mean 'leak'"):
        Checks(skip=("leek",))
    with pytest.raises(UserError, match="2 captions but 1 translations"):
        judge(["a", "b"], [Translation("a")], ENGLISH, language("es"))


def test_no_captions() -> None:
    assert judge([], [], ENGLISH, language("es")) == []


@pytest.mark.parametrize(("tag", "wanted"), [("es", [2, 2, 1]), ("ka", None)])
def test_how_far_the_check_of_the_language_is_shows(
    tag: str, wanted: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the script alone tells, nothing is asked and nothing shown."""
    monkeypatch.setattr("isogloss.translate.quality.identification.PART", 2)
    seen: dict[tuple[str, int], list[int]] = {}

    @contextmanager
    def shown(name: str, total: int) -> Generator[Callable[[int], None]]:
        yield seen.setdefault((name, total), []).append

    judge(["a dog"] * 5, [Translation("un perro")] * 5, ENGLISH, language(tag), shown=shown)
    assert seen == ({(f"en → {tag}, language", 5): wanted} if wanted else {})


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.text(), st.text(), st.none() | st.floats(0, 1)), max_size=5),
    st.sampled_from(["es", "ja", "hi", "th", "gl"]),
)
def test_any_text_gets_a_verdict(rows: list[tuple[str, str, float | None]], tag: str) -> None:
    found = judge([row[0] for row in rows], [Translation(row[1], row[2]) for row in rows], ENGLISH, language(tag))
    assert all(verdict.reason in (*REASONS, None) and 0 <= verdict.score <= 1 for verdict in found)
    assert all((verdict.score == 0) >= (verdict.reason is not None) for verdict in found)
