"""The page: whole, self-contained, escaped, and honest about what is missing."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

from PIL import Image
from report.reading import Elements, part, report, rewrite, whole_and_alone
from report.synthetic import FOURTEEN, LABELS, build_experiment

from isogloss.languages import language
from isogloss.report import write_report


def test_the_page_is_in_the_folder_whole_and_alone(finished: Path) -> None:
    assert write_report(finished) == finished / "report.html"
    html = (finished / "report.html").read_text(encoding="utf-8")
    assert Elements(html).named("h1") == [({}, "Parallel multilingual CLIP on emoji")]
    assert len(whole_and_alone(html)) == 9


def test_every_claim_stands_with_its_verdict(finished: Path) -> None:
    page = Elements(report(finished))
    assert page.named("p", **{"class": "verdict"})[0][1] == "Two of the three claims hold; one does not."
    states = [text for have, text in page.named("span") if have.get("class", "").startswith("state")]
    assert states == ["✓ holds", "✗ does not hold", "✓ holds"]
    claims = json.loads((finished / "results.json").read_text())["claims"]
    texts = [text for _, text in page.named("span")]
    assert all(claim["claim"] in texts and claim["measured"] in texts for claim in claims)


def test_text_is_escaped_wherever_it_comes_from(experiment: Path) -> None:
    evil = '<script>alert("x")</script>'
    saved = json.loads((experiment / "experiment.json").read_text())
    saved["languages"]["tr"]["endonym"] = evil
    saved["arms"][0]["label"] = evil
    rewrite(experiment / "experiment.json", **saved | {"title": evil, "command": evil, "machine": {evil: evil}})
    rewrite(experiment / "seed-0" / "parallel" / "recipe.json", **{evil: [evil]})
    gallery = experiment / "seed-0" / "parallel" / "evaluation" / "gallery.json"
    answers = json.loads(gallery.read_text())
    answers[0] |= {"query": evil, "key": evil, "found": [{"key": evil, "score": 0.5}]}
    gallery.write_text(json.dumps(answers))
    html = report(experiment)
    page = Elements(html)
    assert not page.named("script")
    assert page.named("h1") == [({}, evil)]
    assert html.count("&lt;script&gt;") >= 8


def test_figures_name_every_language_in_its_own_script_and_direction(finished: Path) -> None:
    html = report(finished)
    page = Elements(html)
    figures = Elements(part(html, "accuracy") + part(html, "ranks"))
    for tag in FOURTEEN:
        one = language(tag)
        labels = figures.named("text", lang=tag, direction=one.direction)
        # Three panels of accuracy and one of ranks.
        assert [text for _, text in labels] == [one.endonym] * 4
        assert page.named("bdi", lang=tag, dir=one.direction)
    assert {have["lang"] for have, _ in page.named("bdi", dir="rtl")} == {"ar", "fa"}


def test_figures_are_described_and_hold_a_mark_for_every_measurement(finished: Path) -> None:
    page = Elements(report(finished))
    drawings = [have for have, _ in page.named("svg", role="img") if "height" in have]
    assert all(have["aria-label"] for have in drawings)
    # Averages: 3 panels, 5 groups, 4 arms; accuracy: 3 panels and ranks: 1, 14 languages, 2 arms.
    spots = [have for have, _ in page.named("g") if have.get("class", "").startswith("spot")]
    assert len(spots) == 3 * 5 * 4 + 4 * 14 * 2
    said = [text for _, text in page.named("title")]
    results = json.loads((finished / "results.json").read_text())
    value, low, high = results["languages"]["fa"]["parallel"]["accuracy@5"]
    assert f"Persian, Parallel: {value:.3f} ({low:.3f}–{high:.3f})" in said


def test_languages_come_by_group_and_best_first(finished: Path) -> None:
    results = json.loads((finished / "results.json").read_text())["languages"]
    saved = json.loads((finished / "experiment.json").read_text())["languages"]
    groups = ["trained", "family seen", "script seen", "family unseen"]
    expected = sorted(
        results,
        key=lambda tag: (groups.index(saved[tag]["group"]), -results[tag]["parallel"]["accuracy@1"][0]),
    )
    labels = Elements(part(report(finished), "accuracy")).named("text")
    assert [have["lang"] for have, _ in labels if "lang" in have] == expected * 3


def test_the_table_has_every_figure_both_ways_with_its_interval_and_seeds(finished: Path) -> None:
    table = part(report(finished), "table")
    results = json.loads((finished / "results.json").read_text())["languages"]
    for scores in results.values():
        for arm in LABELS:
            for measure in (scores[arm], scores[arm]["image_to_caption"]):
                value, low, high = measure["accuracy@10"]
                seeds = measure["seeds"]["accuracy@10"]
                low, high, least, most = (
                    f"{each:.3f}".removeprefix("0") for each in (low, high, min(seeds), max(seeds))
                )
                cell = f"<b>{value:.3f}</b><small>{low}–{high}</small><small>seeds {least}–{most}</small>"
                assert cell in table


def test_the_gallery_rings_the_right_picture_and_no_other(finished: Path) -> None:
    html = report(finished)
    pages = Elements(html)
    names = dict(
        zip(
            [have["id"] for have, _ in pages.named("symbol")],
            [have["href"] for have, _ in pages.named("image")],
            strict=True,
        )
    )
    cards = re.findall(r'<article class="card">.*?</article>', html, flags=re.S)
    assert len(cards) == 42
    for card in cards:
        wanted = re.search(r'class="wanted">.*?href="#(picture-\d+)"', card, flags=re.S)
        assert wanted
        for item in re.findall(r"<li.*?</li>", card, flags=re.S):
            assert ('class="right"' in item) == (f'href="#{wanted[1]}"' in item)
    for uri in names.values():
        with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as picture:
            assert max(picture.size) <= 112


def test_failures_are_in_the_gallery(finished: Path) -> None:
    cards = re.findall(r'<article class="card">.*?</article>', report(finished), flags=re.S)
    strips = [strip for card in cards for strip in card.split('<div class="strip">')[1:]]
    missed = [strip for strip in strips if 'class="right"' not in strip]
    assert missed
    assert all(int(re.search(r"rank (\d+)", strip)[1]) > 5 for strip in missed)  # type: ignore[index]


def test_a_picture_that_is_gone_is_shown_by_its_name(experiment: Path) -> None:
    shutil.rmtree(experiment / "data" / "pictures")
    page = Elements(report(experiment))
    assert not page.named("image")
    assert "sunflower" in [text for _, text in page.named("span", **{"class": "tile absent"})]


def test_without_the_dataset_the_rest_is_told(experiment: Path) -> None:
    shutil.rmtree(experiment / "data")
    html = report(experiment)
    assert "The dataset does not lie beside this experiment" in html
    assert "1f33b" in html


def test_missing_parts_are_left_out_and_said(tmp_path: Path) -> None:
    folder = build_experiment(tmp_path / "demo", ablations=False, validation=False, queries=0)
    html = report(folder)
    assert "No validation loss was recorded." in html
    assert 'id="gallery"' not in html
    assert "no text stage" not in html
    assert "seeds ." not in html


def test_an_ablation_may_have_fewer_seeds(experiment: Path) -> None:
    shutil.rmtree(experiment / "seed-1" / "parallel_no_text_stage")
    assert "Parallel, no text stage" in report(experiment)


def test_recipes_and_their_differences(finished: Path) -> None:
    html = report(finished)
    page = Elements(html)
    paths = [text for _, text in page.named("code") if "." in text]
    assert {"data.languages", "model.text"} <= set(paths)
    assert "optimiser.learning_rate" not in paths
    assert len(page.named("summary")) == 1 + len(LABELS) + 1
    assert "isogloss demo --seeds 2" in html
    assert "5 min 42 s" in html


def test_a_single_run_shares_its_experiments_languages_and_pictures(finished: Path) -> None:
    html = report(finished / "seed-0" / "parallel")
    page = Elements(html)
    assert page.named("h1") == [({}, "Parallel")]
    assert "family unseen" in html
    assert page.named("image")
    # One arm: accuracy at three k and ranks, in 14 languages.
    assert html.count('<g class="spot arm-b">') == 4 * 14


def test_a_run_by_itself_needs_no_experiment(finished: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(finished / "seed-1" / "parallel", tmp_path / "mine"))
    page = Elements(report(run))
    assert page.named("h1") == [({}, "mine")]
    assert [text for _, text in page.named("text", lang="fa", direction="rtl")] == ["فارسی"] * 4


def test_a_run_finds_the_dataset_that_its_recipe_names(finished: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(finished / "seed-1" / "parallel", tmp_path / "mine"))
    rewrite(run / "recipe.json", data={"dataset": str(finished / "data")})
    assert Elements(report(run)).named("image")


def test_a_run_without_evaluation_has_its_curves(finished: Path) -> None:
    html = report(finished / "seed-0" / "text")
    assert 'id="training"' in html
    assert 'id="accuracy"' not in html
    assert len(Elements(html).named("path", **{"class": "curve arm-b"})) == 2


def test_the_page_says_what_it_was_made_from(finished: Path, experiment: Path) -> None:
    said = "Written by isogloss from what was saved, and from the dataset’s tables and pictures; no model was asked"
    assert said in Elements(report(finished)).named("footer")[0][1]
    shutil.rmtree(experiment / "data")
    without = Elements(report(experiment)).named("footer")[0][1]
    assert without.startswith("Written by isogloss from what was saved; no model was asked")


def test_the_floor_of_the_parallel_loss_is_half_a_logarithm(finished: Path) -> None:
    """Its other half, of captions that look for their picture, can fall to nought."""
    for folder in (finished, finished / "seed-0" / "parallel"):
        words = re.sub(r"\s+", " ", part(report(folder), "training"))
        assert "half the logarithm of" in words
        assert "the logarithm of" not in words.replace("half the logarithm of", "")
