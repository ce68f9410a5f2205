"""Every model's own names for languages are found, and what it lacks is said with the nearest that it has."""

import pytest
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M_100
from transformers.models.mbart50.tokenization_mbart50 import FAIRSEQ_LANGUAGE_CODES as MBART_50
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB_200

from isogloss.errors import UserError
from isogloss.languages import LANGUAGES, language
from isogloss.translate.codes import nearest, read_codes

WORDS = ["▁dog", "<s>", "</s>", "__", "en", "▁<2", "<unk>", "abc_Xy"]


def test_nllb_has_all_of_flores() -> None:
    codes = read_codes([*WORDS, *NLLB_200], model="nllb")
    assert codes.family == "NLLB-200"
    known = {tag for tag, one in LANGUAGES.items() if one.flores}
    # FLORES-200 has Santali in another script than the tokenizer says, and two more than the tokenizer.
    assert known - set(codes.targets) <= {"ar-Latn", "min-Arab"}
    for tag, token in codes.targets.items():
        assert token == language(tag).flores or (tag, token) == ("sat", "sat_Beng")


@pytest.mark.parametrize(
    ("family", "tokens", "absent"),
    [
        ("M2M-100", [f"__{code}__" for code in M2M_100["m2m100"]], {"__fy__"}),
        ("mBART-50", MBART_50, set[str]()),
    ],
)
def test_all_codes_of_a_family_mean_a_language(family: str, tokens: list[str], absent: set[str]) -> None:
    codes = read_codes([*WORDS, *tokens], model="model")
    assert codes.family == family
    assert set(tokens) - set(codes.targets.values()) == absent  # of languages that have no row here
    assert codes.sources == codes.targets


def test_names_that_differ_from_bcp_47() -> None:
    m2m = read_codes([f"__{code}__" for code in M2M_100["m2m100"]], model="m2m").targets
    assert [m2m[tag] for tag in ("nso", "fil", "nb", "zh", "he")] == ["__ns__", "__tl__", "__no__", "__zh__", "__he__"]
    madlad = read_codes(["<2en>", "<2iw>", "<2no>", "<2fil>", "<2zh>", "<2zh_Hant>", "<2kaa>"], model="madlad")
    assert madlad.family == "MADLAD-400"
    assert [madlad.targets[tag] for tag in ("he", "nb", "fil", "zh")] == ["<2iw>", "<2no>", "<2fil>", "<2zh>"]
    assert madlad.targets["zh-Hant"] == "<2zh_Hant>"


def test_where_the_tokens_stand() -> None:
    en, es = language("en"), language("es")
    nllb = read_codes(["eng_Latn", "spa_Latn"], model="nllb")
    assert (nllb.before_text(es), nllb.before_source(en, es), nllb.before_target(es)) == (
        "",
        ["eng_Latn"],
        ["spa_Latn"],
    )
    madlad = read_codes(["<2en>", "<2es>"], model="madlad")
    assert (madlad.before_text(es), madlad.before_source(en, es), madlad.before_target(es)) == ("<2es> ", [], [])
    roa = read_codes([">>spa<<", ">>fra<<"], model="opus-mt-en-roa")
    assert (roa.before_text(es), roa.before_source(en, es), roa.before_target(es)) == ("", [">>spa<<"], [])
    pair = read_codes(WORDS, model="Helsinki-NLP/opus-mt-en-es")
    assert (pair.before_text(es), pair.before_source(en, es), pair.before_target(es)) == ("", [], [])


@pytest.mark.parametrize(
    ("model", "source", "target", "tokens", "sources", "targets"),
    [
        ("Helsinki-NLP/opus-mt-en-es", None, None, [], {"en"}, {"es"}),
        ("models/mine", "eng", "jpn", [], {"en"}, {"ja"}),
        ("Helsinki-NLP/opus-mt-tc-big-en-zle", None, None, [">>rus<<", ">>ukr<<"], {"en"}, {"ru", "uk"}),
        ("x", "fr+fr_BE+pt_br", "en", [], {"fr", "pt"}, {"en"}),
        ("Helsinki-NLP/opus-mt-tc-bible-big-ine-deu_eng_nld", None, None, [], None, {"de", "en", "nl"}),
        ("x", "mul", "en", [], None, {"en"}),
        ("x", "en", "zho", [">>cmn<<", ">>cmn_Hant<<", ">>cmn_Hans<<", ">>lzh<<"], {"en"}, {"zh", "zh-Hant"}),
    ],
)
def test_pairs_of_opus(
    model: str, source: str | None, target: str | None, tokens: list[str], sources: set[str] | None, targets: set[str]
) -> None:
    codes = read_codes([*WORDS, *tokens], model=model, source_lang=source, target_lang=target)
    assert codes.family == "OPUS-MT"
    assert (None if codes.sources is None else set(codes.sources)) == sources
    assert set(codes.targets) == targets
    if "zh" in targets:
        assert codes.targets["zh"] == ">>cmn_Hans<<"


def test_a_model_that_names_no_languages() -> None:
    with pytest.raises(UserError, match="my-model does not tell which languages it translates"):
        read_codes(WORDS, model="my-model")
    with pytest.raises(UserError, match="translates into 'qaa', which is no language known here"):
        read_codes(WORDS, model="x", source_lang="en", target_lang="qaa")


@pytest.mark.parametrize(
    ("tag", "known", "expected"),
    [
        ("gl", ["en", "ja", "pt", "ro", "es"], "es"),
        ("sr-Latn", ["en", "ru", "hr", "zh"], "hr"),
        ("yue", ["ja", "en", "zh", "vi"], "zh"),
        ("xh", ["en", "zu", "ja"], "zu"),
        ("eu", ["ja", "es", "ru"], "es"),
    ],
)
def test_the_nearest(tag: str, known: list[str], expected: str) -> None:
    assert nearest(language(tag), known).tag == expected
