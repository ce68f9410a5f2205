"""The page of a chat experiment: whole, escaped, in every script, and plain about what does not hold or is missing."""

import base64
import json
import re
import shutil
import xml.etree.ElementTree as ET
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from report.chat_synthetic import SAID, SCENES, TEN, build_chat_experiment, picture_bytes
from report.reading import Elements, part, report, rewrite, whole_and_alone
from rich.console import Console

from isogloss.data.worlds.shapes.grammar import caption
from isogloss.errors import UserError
from isogloss.languages import language
from isogloss.report import write_report
from isogloss.report.chat_summary import print_chat_summary


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment of all arms in which Japanese is below its claim and German undecided; not to be changed."""
    return build_chat_experiment(
        tmp_path_factory.mktemp("runs") / "chat", exact={"ja": 0.90, "de": 0.93}, fidelity={"de": 0.985}
    )


@pytest.fixture(scope="module")
def html(whole: Path) -> str:
    """Its page."""
    return report(whole)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of the experiment."""
    return Path(shutil.copytree(whole, tmp_path / "chat"))


def change(folder: Path, name: str, *path: Any, to: Any) -> None:
    """Change a field of a JSON file, given by its place."""
    saved = json.loads((folder / name).read_text())
    inner = saved
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    (folder / name).write_text(json.dumps(saved))


def told(folder: Path) -> str:
    """What the terminal is told."""
    written = StringIO()
    print_chat_summary(folder, Console(file=written, width=200, markup=False, emoji=False, highlight=False))
    return written.getvalue()


def test_the_page_is_whole_and_its_contents_lead_to_its_sections(html: str) -> None:
    assert whole_and_alone(html) == [
        "scenes",
        "languages",
        "pairs",
        "shares",
        "arms",
        "answers",
        "table",
        "measured",
        "recipes",
        "repeat",
    ]


def test_what_was_done_is_told_in_three_sentences_and_what_came_of_it_in_figures(html: str) -> None:
    page = Elements(html)
    assert [text for have, text in page.named("p") if have.get("class") == "lede"] == [
        "A chat model learnt what pictures show from captions in English alone, and was then asked in ten languages "
        "about 500 pictures that it had not seen.",
        "So that it would reply in the language of a question, 1 % of its instructions came in nine other languages too.",
        "Beside it stand models that learnt from pairs in nine other languages at equal cost, English descriptions "
        "that were translated afterwards and models with 0 to 100 % of the instructions translated.",
    ]
    result = page.named("p", **{"class": "prose"})[0][1].replace("\N{WORD JOINER}", "").replace("\xa0", " ")
    assert (
        "98.0 % (96.0–100.0) in English; in the nine other languages between 90.0 % (88.0–92.0) in Japanese" in result
    )
    assert "asked for least often in German: 98.5 % (96.5–100.0) are." in result


def test_claims_stand_with_their_verdicts_in_words_and_signs(html: str) -> None:
    page = Elements(html)
    verdict = page.named("p", **{"class": "verdict"})[0][1]
    assert verdict == "Of the three claims, two do not hold and one is undecided."
    states = [text for have, text in page.named("span") if have.get("class", "").startswith("state")]
    assert states == ["✗ does not hold", "✗ does not hold", "? undecided"]
    measured = [text.replace("\xa0", " ") for have, text in page.named("span") if have.get("class") == "measured"]
    assert measured[0].startswith("Clearly reached in 0 of 9 languages; clearly missed in ")
    assert "clearly missed in Japanese; the least is Japanese with 91.8 % (89.8–93.8)" in measured[1]
    assert "English itself is at 98.0 % (96.0–100.0); intervals over pictures and 3 seeds" in measured[1]
    assert "not decided in German" in measured[2]


def test_every_reply_is_there_in_its_script_with_a_sign_and_what_would_be_right(whole: Path, html: str) -> None:
    scenes = Elements(part(html, "scenes"))
    saved = json.loads((whole / "results.json").read_text())["examples"]
    replies = [reply for example in saved for reply in example["replies"].values()]
    signs = [have["aria-label"] for have, _ in scenes.named("span") if have.get("role") == "img"]
    assert signs == ["right" if reply["right"] else "wrong" for reply in replies]
    assert "wrong" in signs
    marks = [text for have, text in scenes.named("span") if have.get("role") == "img"]
    assert marks == ["✓" if reply["right"] else "✗" for reply in replies]
    said = [text for have, text in scenes.named("p") if have.get("class") == "said"]
    assert said == [reply["text"] for reply in replies]
    meant = [text for have, text in scenes.named("p") if have.get("class") == "meant"]
    assert meant == [reply["reference"] for reply in replies if not reply["right"]]
    assert all(caption(SCENES[0], tag) in said + meant for tag in TEN)
    right = signs.count("right")
    assert f"Of the {len(signs)} replies here {right} are right" in scenes.named("p", **{"class": "lead"})[0][1]


def test_small_pictures_are_in_the_page_as_they_were_drawn(whole: Path, html: str) -> None:
    sources = [have["src"] for have, _ in Elements(part(html, "scenes")).named("img")]
    drawn = [(whole / "examples" / f"{place}.png").read_bytes() for place in range(len(SCENES))]
    assert [base64.b64decode(source.removeprefix("data:image/png;base64,")) for source in sources] == drawn


def test_large_pictures_are_made_smaller_and_missing_or_damaged_ones_named(folder: Path) -> None:
    (folder / "examples" / "0.png").write_bytes(picture_bytes(600))
    (folder / "examples" / "1.png").write_bytes(picture_bytes(20)[:100])
    (folder / "examples" / "2.png").unlink()
    scenes = part(report(folder), "scenes")
    sources = [have["src"] for have, _ in Elements(scenes).named("img")]
    assert len(sources) == len(SCENES) - 2
    assert sources[0].startswith("data:image/webp;base64,")
    absent = [text for have, text in Elements(scenes).named("span") if have.get("class") == "absent"]
    assert absent == [SCENES[1].key, SCENES[2].key]


def test_languages_of_right_to_left_scripts_are_set_so(tmp_path: Path) -> None:
    html = report(build_chat_experiment(tmp_path / "chat", languages=("en", "ar", "fa"), beside=False, curves=False))
    page = Elements(html)
    for tag in SAID:
        labels = [have for have, _ in page.named("text", lang=tag)]
        assert labels
        assert {have["direction"] for have in labels} == {"rtl"}
        assert {have["dir"] for have, _ in page.named("bdi", lang=tag)} == {"rtl"}
    meant = [have["dir"] for have, _ in page.named("p", **{"class": "meant"}) if have["lang"] in SAID]
    assert set(meant) == {"rtl"}


def test_every_figure_of_every_arm_is_in_the_tables(whole: Path, html: str) -> None:
    saved = json.loads((whole / "results.json").read_text())
    for section, kind in (("table", "languages"), ("answers", "answers")):
        found = part(html, section)
        for arm in saved["arms"].values():
            for figures in arm.get(kind, {}).values():
                for name, factor, form in (("exact", 100, "%.1f"), ("fidelity", 100, "%.1f"), ("cider", 1, "%.2f")):
                    value, low, high = (form % (factor * number) for number in figures[name])
                    assert f"<b>{value}</b><small>{low}–{high}</small>" in found
    for curve in saved["curves"].values():
        for point in curve:
            assert f"<b>{100 * point['languages']['ja']['exact'][0]:.1f}</b>" in part(html, "shares")
    groups = re.findall(r'<th class="sticky" scope="rowgroup">(trained|family \w+)</th>', part(html, "languages"))
    assert groups == ["trained", "family seen", "family unseen"]
    assert "Indo-European" in part(html, "languages")
    assert "Japonic" in part(html, "languages")
    assert "en 8" in re.sub(r"\s+", " ", part(html, "languages"))


def test_several_pivots_and_arms_of_one_native_language_each(folder: Path) -> None:
    saved = json.loads((folder / "results.json").read_text())
    experiment = json.loads((folder / "experiment.json").read_text())
    experiment["arms"] = {
        "english": experiment["arms"]["english"],
        "pivot": experiment["arms"]["pivot"] | {"label": "English pairs, 1 % translated"},
        "native-es": {"label": "Pairs in es", "experiment": "native", "share": None, "languages_taught": ["es"]},
        "native-ja": {"label": "Pairs in ja", "experiment": "native", "share": None, "languages_taught": ["ja"]},
        "translated": experiment["arms"]["translated"] | {"label": "Described in English, then translated afterwards"},
    }
    low = {tag: {**figures, "fidelity": [0.2, 0.1, 0.3]} for tag, figures in saved["languages"].items()}
    arms = (
        saved["arms"]
        | {"english": {"languages": low}}
        | dict.fromkeys(("native-es", "native-ja"), saved["arms"]["native"])
    )
    rewrite(folder / "experiment.json", arms=experiment["arms"])
    rewrite(folder / "results.json", arms=arms, languages=low, translated_share=0.0, curves={})
    html = report(folder)
    page = Elements(html)
    ledes = [text for have, text in page.named("p") if have.get("class") == "lede"]
    assert (
        ledes[1]
        == "None of its instructions was translated; another of its kind had 1 % of them in nine other languages too."
    )
    assert ledes[2].startswith("Beside it stand models that learnt from pairs in Spanish and Japanese at equal cost")
    claims = [text for _, text in page.named("span") if text.startswith(("Descriptions of unseen", "At least 99 %"))]
    assert [claim.rsplit(", with ", 1)[1] for claim in claims] == [
        "English pairs alone.",
        "at most 1 % of the instructions in these.",
        "at most 1 % of the instructions translated.",
    ]
    # Native pairs are marked in their own language alone, but their other figures are in the table.
    arms_section = Elements(part(html, "arms"))
    titles = [text for _, text in arms_section.named("title") if "Pairs in es" in text]
    assert [title.split(",")[0] for title in titles] == ["Spanish", "Spanish"]
    assert part(html, "table").count("Pairs in es") == len(TEN)
    assert "with “Pairs in es”; the intervals lie apart in favour of “English pairs” in Spanish." in part(html, "arms")
    figure = ET.fromstring((folder / "result.svg").read_text(encoding="utf-8"))
    names = [each for each in figure.iter("{http://www.w3.org/2000/svg}text") if each.get("class") == "name"]
    assert len(names) == 5
    assert len({each.get("y") for each in names}) == 2  # lines


def test_averages_state_their_languages_and_leave_native_pairs_out(whole: Path, html: str) -> None:
    saved = json.loads((whole / "results.json").read_text())
    averages = saved["arms"]["pivot"]["averages"]
    assert averages["unseen"]["languages"] == [tag for tag in TEN if tag != "en"]
    table = part(html, "table").split("On average")[1]
    for name, each in averages.items():
        assert f'scope="rowgroup" rowspan="4">{name}<small>{" ".join(each["languages"])}</small>' in table
        for found in (table, part(html, "languages").split("On average")[1]):
            value, low, high = (f"{100 * number:.1f}" for number in each["exact"])
            assert f"<b>{value}</b><small>{low}–{high}</small>" in found
    assert "Native pairs" not in table
    assert table.count("Translated replies") == len(averages)


def test_pairs_that_were_never_shown_have_figures_of_their_own(whole: Path, html: str) -> None:
    pairs = part(html, "pairs")
    assert "of the test_pairs split" in pairs
    saved = json.loads((whole / "results.json").read_text())["pairs"]
    for each in (*saved["languages"].values(), *saved["averages"].values()):
        value, low, high = (f"{100 * number:.1f}" for number in each["exact"])
        assert f"<b>{value}</b><small>{low}–{high}</small>" in pairs
    titles = [text for _, text in Elements(pairs).named("title")]
    assert any(title.startswith("Japanese, A little translated: 45.0") for title in titles), titles[:3]


def test_settings_recipes_and_the_command_are_told(html: str) -> None:
    for text in ("CIDEr-D, sigma 6, jieba 0.42", "nrefs:var|case:mixed|nc:6|nw:0", "2.1.1"):
        assert text in part(html, "measured")
    recipes = part(html, "recipes")
    assert "lm_shapes" in recipes
    assert re.search(r"<dt>align training steps</dt><dd>\s*150\s*</dd>", recipes)
    assert "instruct.languages" in recipes  # which differ between the arms
    assert "isogloss demo chat --folder runs/demo-chat" in part(html, "repeat")
    assert "12 min 34 s" in part(html, "repeat")


def test_an_experiment_of_the_pivot_alone_has_a_page_without_the_rest(tmp_path: Path) -> None:
    folder = build_chat_experiment(tmp_path / "chat", beside=False, pairs=False, curves=False, seeds=1, examples=0)
    saved = json.loads((folder / "results.json").read_text())
    del saved["arms"], saved["how"]
    (folder / "results.json").write_text(json.dumps(saved))
    shutil.rmtree(folder / "seed-0")
    page = Elements(report(folder))
    assert [have["id"] for have, _ in page.named("section")] == ["languages", "repeat"]
    assert (
        page.named("p", **{"class": "caveat"})[0][1] == "One seed: nothing is known of how much another would differ."
    )
    assert page.named("p", **{"class": "verdict"})[0][1] == "Of the three claims, two hold and one is undecided."
    assert len([have for have, _ in page.named("p") if have.get("class") == "lede"]) == 2


def test_measures_that_are_not_there_are_dashes(folder: Path) -> None:
    for tag in TEN:
        for name in ("relative_exact", "cider", "attributes"):
            change(folder, "results.json", "languages", tag, name, to=None)
    html = report(folder)
    assert "right attributes, %</p>" not in part(html, "languages")
    assert part(html, "languages").count('<td class="number soft">–</td>') == 3 * len(TEN)
    states = [text for have, text in Elements(html).named("span") if have.get("class", "").startswith("state")]
    assert states[1] == "? undecided"


def test_text_is_escaped_wherever_it_comes_from(folder: Path) -> None:
    evil = '<script>alert("x")</script>'
    arms = json.loads((folder / "experiment.json").read_text())["arms"]
    arms["pivot"]["label"] = evil
    rewrite(folder / "experiment.json", title=evil, command=evil, arms=arms, machine={evil: evil})
    rewrite(folder / "results.json", split=evil, how={evil: evil})
    for field in ("text", "reference"):
        change(folder, "results.json", "examples", 0, "replies", "hi", field, to=evil)
    html = report(folder)
    assert not Elements(html).named("script")
    assert html.count("&lt;script&gt;") >= 10
    assert "<script" not in (folder / "result.svg").read_text(encoding="utf-8")


@pytest.mark.usefixtures("html")
def test_the_figure_for_elsewhere_is_an_image_that_needs_nothing_beside_it(whole: Path) -> None:
    text = (whole / "result.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    labels = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    # The rows are named in the first panel alone.
    assert all(labels.count(language(tag).endonym) == 1 for tag in TEN)
    assert {"exactly right, %", "in the language asked for, %", "Native pairs"} <= set(labels)
    places = {each.get("id") for each in root.iter() if each.get("id")}
    uses = {each.get("href", "").removeprefix("#") for each in root.iter("{http://www.w3.org/2000/svg}use")}
    assert uses == {f"mark-{letter}" for letter in "abcde"}
    assert uses <= places
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_terminal_is_told_the_same(whole: Path) -> None:
    text = told(whole).replace("\xa0", " ")
    assert re.search(r"ja │ Japanese +│ family unseen │ +90\.0 % \(88\.0–92\.0\)", text)
    assert re.search(r"ja │ +90\.0 % \(88\.0–92\.0\) │ +81\.0 % .* │ +63\.0 % .* │ +72\.0 % .* │ +87\.3 %", text)
    assert "Of the three claims, two do not hold and one is undecided." in text
    assert "- does not hold: Descriptions" in text
    assert "\N{WORD JOINER}" not in text


@pytest.mark.parametrize(
    ("name", "path", "value", "message"),
    [
        ("results.json", ("languages",), {}, "'languages' is empty"),
        ("results.json", ("languages", "xx"), {"exact": [1, 1, 1]}, "does not list the language 'xx'"),
        ("results.json", ("languages", "ja", "exact"), [1, 2], "not a value with its interval"),
        ("results.json", ("languages", "ja", "exact"), float("nan"), "not a value with its interval"),
        ("results.json", ("curves", "many", 0, "share"), 30, "not from 0 to 1"),
        ("results.json", ("examples", 0, "replies"), [], "wrong kind"),
        ("experiment.json", ("arms",), {}, "no arm of the experiment 'pivot'"),
        ("experiment.json", ("seeds",), [], "wrong kind"),
    ],
)
def test_damaged_fields_are_told_in_a_sentence(
    folder: Path, name: str, path: tuple[Any, ...], value: object, message: str
) -> None:
    change(folder, name, *path, to=value)
    (folder / "report.html").unlink(missing_ok=True)
    with pytest.raises(UserError) as told:
        write_report(folder)
    assert message in str(told.value)
    assert "\n" not in str(told.value)
    assert not (folder / "report.html").exists()


def test_missing_results_are_told_in_a_sentence(folder: Path) -> None:
    (folder / "results.json").unlink()
    with pytest.raises(UserError, match=r"results\.json is missing"):
        write_report(folder)


def test_answers_are_told_by_the_kind_of_question_where_they_are_known(html: str, folder: Path) -> None:
    table = html[html.index("By kind of question") : html.index("</table>", html.index("By kind of question"))]
    assert re.findall(r'<th class="number" scope="col">(\w+)</th>', table) == ["colour", "count"]
    assert (
        table.count("<b>75.0</b><small>50.0–87.5</small>") == table.count("<b>25.0</b><small>12.5–37.5</small>") == 10
    )
    saved = json.loads((folder / "results.json").read_text())
    for one in saved["arms"]["pivot"]["answers"].values():
        del one["kinds"]
    (folder / "results.json").write_text(json.dumps(saved))
    assert "By kind of question" not in report(folder)


def test_nothing_is_cut_off_in_a_narrow_terminal(whole: Path) -> None:
    written = StringIO()
    print_chat_summary(whole, Console(file=written, width=80, markup=False, emoji=False, highlight=False))
    assert "…" not in written.getvalue()
