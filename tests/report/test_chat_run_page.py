"""The page of a chat run: what its evaluation, its replies and its logs tell, and nothing of an experiment."""

import json
import re
import shutil
from pathlib import Path

import pytest
from evaluate.chat_fixtures import make_run
from report.chat_synthetic import build_chat_run
from report.reading import Elements, part, report, rewrite, whole_and_alone

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.world import build_shapes
from isogloss.errors import UserError
from isogloss.evaluate.chat_run import evaluate_chat
from isogloss.evaluate.replies import ANSWERS, DESCRIPTIONS, read_replies, replies_file
from isogloss.report import write_report
from isogloss.report.chat_run import EXAMPLES

LANGUAGES = ("en", "ja", "de", "hi")
PICTURES = 8


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("world") / "shapes"
    return build_shapes(root, pictures={"train": 4, "test": PICTURES}, size=32, languages=LANGUAGES)


@pytest.fixture(scope="module")
def whole(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of everything; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "talk"
    return build_chat_run(folder, world, languages=LANGUAGES, instructed={"ja": 0.01, "de": 0.01}, pairs=True)


@pytest.fixture(scope="module")
def html(whole: Path) -> str:
    """Its page."""
    return report(whole)


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy of the run."""
    return Path(shutil.copytree(whole, tmp_path / "talk"))


def plain(text: str) -> str:
    return text.replace("\N{WORD JOINER}", "").replace("\xa0", " ")


def ledes(html: str) -> list[str]:
    return [plain(text) for have, text in Elements(html).named("p") if have.get("class") == "lede"]


def test_the_page_has_what_the_run_has_and_nothing_of_an_experiment(whole: Path, html: str) -> None:
    assert whole_and_alone(html) == [
        "scenes",
        "languages",
        "pairs",
        "answers",
        "training",
        "measured",
        "recipes",
        "repeat",
    ]
    page = Elements(html)
    assert page.named("h1")[0][1] == "talk"
    assert page.named("p", **{"class": "kicker"})[0][1] == "isogloss · run"
    for name in ("verdict", "caveat"):
        assert not page.named("p", **{"class": name})
    assert "None" not in re.sub(r"<[^>]+>", " ", html)
    assert not re.search(r'<dl class="facts">\s*</dl>', html)
    assert not (whole / "result.svg").exists()
    assert f"isogloss report {whole}" in part(html, "repeat")


def test_it_says_what_was_learnt_what_was_asked_and_what_came_of_it(html: str) -> None:
    assert ledes(html) == [
        "A chat model learnt what pictures show from texts about them in English, and from 1 % of those in German and "
        "Japanese.",
        "Of the test split it then described 8 pictures in four languages and answered 8 questions in four languages.",
    ]
    found = plain(Elements(html).named("p", **{"class": "prose"})[0][1])
    assert "98.0 % (96.0–100.0) in English; in the three other languages between 90.0 % (88.0–92.0) in" in found
    assert "or a part" in part(html, "languages")


@pytest.mark.parametrize(
    ("instructed", "said"),
    [
        ({}, "texts about them in English alone."),
        ({"ja": 1.0}, "texts about them in English and Japanese."),
        ({"ja": 0.5, "de": 0.01}, "texts about them in English, and from a part of those in German and Japanese."),
    ],
)
def test_languages_that_it_learnt_from_whole_or_in_part(
    world: Dataset, tmp_path: Path, instructed: dict[str, float], said: str
) -> None:
    html = report(build_chat_run(tmp_path / "talk", world, languages=LANGUAGES, instructed=instructed))
    assert ledes(html)[0] == f"A chat model learnt what pictures show from {said}"
    groups = re.findall(r'<th class="sticky" scope="rowgroup">(trained|family \w+)</th>', part(html, "languages"))
    assert groups[0] == "trained" and len(groups) == 3


def test_a_few_pictures_with_every_reply_about_them(whole: Path, html: str) -> None:
    scenes = Elements(part(html, "scenes"))
    assert len({have["src"] for have, _ in scenes.named("img")}) == len(scenes.named("img")) == EXAMPLES
    assert not scenes.named("span", **{"class": "absent"})
    said = {(have["lang"], text) for have, text in scenes.named("p") if have.get("class") == "said"}
    rows = read_replies(replies_file(whole, DESCRIPTIONS, "test")).to_pylist()
    assert said <= {(row["asked"], row["reply"]) for row in rows}
    signs = [have["aria-label"] for have, _ in scenes.named("span") if have.get("role") == "img"]
    assert len(signs) == EXAMPLES * len(LANGUAGES)
    right = signs.count("right")
    assert 0 < right < len(signs)
    assert f"Of the {len(signs)} replies here {right} are right." in scenes.named("p", **{"class": "lead"})[0][1]
    assert len(scenes.named("p", **{"class": "meant"})) == signs.count("wrong")


def test_figures_averages_and_curves_are_those_that_were_saved(whole: Path, html: str) -> None:
    saved = json.loads((whole / "evaluation/test.json").read_text())
    for name in ("languages", "averages"):
        for figures in saved[name].values():
            value, low, high = (f"{100 * number:.1f}" for number in figures["exact"])
            assert f"<b>{value}</b><small>{low}–{high}</small>" in part(html, "languages")
    assert "of the test_pairs split" in part(html, "pairs")
    training = Elements(part(html, "training"))
    assert [text for _, text in training.named("h3")] == ["align", "instruct"]
    curves = [have["aria-label"] for have, _ in training.named("svg") if "aria-label" in have]
    assert [one.split(" over")[0] for one in curves] == ["Training loss", "Validation loss"] * 2
    assert "<dt>dtype</dt><dd>float32</dd>" in re.sub(r"\s*\n\s*", "", part(html, "measured"))
    assert re.search(r"<dt>align training steps</dt><dd>\s*150\s*</dd>", part(html, "recipes"))


def test_where_more_than_one_description_is_right_none_is_called_wrong(world: Dataset, tmp_path: Path) -> None:
    html = report(build_chat_run(tmp_path / "talk", world, languages=LANGUAGES, one_right=False))
    scenes = Elements(part(html, "scenes"))
    assert {have["aria-label"] for have, _ in scenes.named("span") if have.get("role") == "img"} == {"right"}
    who = [text for have, text in scenes.named("p") if have.get("class") == "who"]
    assert not [text for text in who if "wrong" in text]
    references = [text for text in who if text.endswith("· a reference")]
    assert len(references) == len(scenes.named("p", **{"class": "meant"})) > 0
    found = Elements(html).named("p", **{"class": "prose"})[0][1]
    assert "exactly right" not in found and "in the language that was asked for" in found


def test_a_run_that_learnt_from_all_languages_that_it_was_asked_in(world: Dataset, tmp_path: Path) -> None:
    html = report(build_chat_run(tmp_path / "talk", world, languages=("en", "ja"), instructed={"ja": 1.0}))
    found = plain(Elements(html).named("p", **{"class": "prose"})[0][1])
    assert found.startswith(
        "Descriptions are exactly right in 98.0 % (96.0–100.0) in English; 90.0 % (88.0–92.0) in Japanese."
    )
    assert "All replies are in the language that was asked for." in found
    assert "family unseen" not in part(html, "languages")


def test_a_run_that_was_asked_questions_alone_shows_these(world: Dataset, tmp_path: Path) -> None:
    html = report(build_chat_run(tmp_path / "talk", world, languages=("en", "ja"), described=False))
    assert whole_and_alone(html) == ["scenes", "answers", "training", "measured", "recipes", "repeat"]
    assert ledes(html)[1] == "Of the test split it then answered 8 questions in two languages."
    who = [text for have, text in Elements(part(html, "scenes")).named("p") if have.get("class") == "who"]
    assert who.count("en?") == who.count("ja?") == EXAMPLES


def test_what_is_gone_since_is_left_out(run: Path) -> None:
    rewrite(run / "evaluation/test.json", dataset=str(run / "nowhere"), answers={}, averages={})
    (run / "evaluation/test_pairs.json").unlink()
    for stage in ("align", "instruct"):
        (run / stage / "metrics.jsonl").unlink()
    html = report(run)
    assert whole_and_alone(html) == ["scenes", "languages", "measured", "recipes", "repeat"]
    assert len(Elements(html).named("span", **{"class": "absent"})) == EXAMPLES
    replies_file(run, DESCRIPTIONS, "test").unlink()
    assert whole_and_alone(report(run))[0] == "languages"


def test_another_split_is_told_where_the_test_was_not_evaluated(run: Path) -> None:
    (run / "evaluation/test.json").rename(run / "evaluation/validation.json")
    (run / "evaluation/test_pairs.json").unlink()
    for kind in (DESCRIPTIONS, ANSWERS):
        replies_file(run, kind, "test").rename(replies_file(run, kind, "validation"))
    html = report(run)
    assert "Pictures of the validation split" in html and "Pictures of the test split" not in html


def test_a_run_that_was_not_evaluated_says_what_to_do(run: Path) -> None:
    shutil.rmtree(run / "evaluation")
    with pytest.raises(UserError) as told:
        write_report(run)
    assert str(told.value) == (
        f"{run} was not evaluated yet, so there is nothing to report; run `isogloss evaluate {run}` first."
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"languages": {}, "answers": {}}, "'languages' and 'answers' are empty"),
        ({"languages": {"en": {"exact": [1, 2]}}}, "not a value with its interval"),
        ({"how": 3}, "wrong kind"),
    ],
)
def test_damage_is_told_in_a_sentence(run: Path, fields: dict[str, object], said: str) -> None:
    rewrite(run / "evaluation/test.json", **fields)
    with pytest.raises(UserError, match=said) as told:
        write_report(run)
    assert "\n" not in str(told.value)


def test_text_is_escaped_wherever_it_comes_from(run: Path) -> None:
    evil = '<script>alert("x")</script>'
    rewrite(run / "evaluation/test.json", how={evil: evil})
    rewrite(run / "recipe.json", evil=evil)
    html = report(run)
    assert not Elements(html).named("script")
    assert html.count("&lt;script&gt;") >= 3


def test_the_page_of_what_an_evaluation_writes(world: Dataset, tmp_path: Path) -> None:
    run = make_run(tmp_path / "made", world.root)
    evaluate_chat(run, languages=("en", "ja"), pictures=2, quiet=True)
    html = report(run)
    assert whole_and_alone(html) == ["scenes", "languages", "answers", "measured", "recipes", "repeat"]
    assert len(Elements(part(html, "scenes")).named("img")) == 2
    assert "By kind of question" in part(html, "answers")
    assert "None" not in re.sub(r"<[^>]+>", " ", html)
