"""The report in a real browser: every width, light and dark, no request, every script drawn."""

import itertools
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser
from report.synthetic import FOURTEEN, MANY, build_experiment
from web.visiting import DESK, PHONE, browser, contrast, contrasts, paper, unfit, visit

from isogloss.languages import language
from isogloss.report import write_report

__all__ = ["browser"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three pages: fourteen languages, more than sixty with three seeds, and a single run."""
    root = tmp_path_factory.mktemp("runs")
    demo = build_experiment(root / "demo")
    return {
        "demo": write_report(demo),
        "many": write_report(build_experiment(root / "many", languages=MANY, seeds=3, queries=2)),
        "run": write_report(demo / "seed-0" / "parallel"),
    }


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        *itertools.product(["demo"], [PHONE, DESK], ["light", "dark"]),
        ("demo", 320, "light"),
        ("demo", 700, "light"),
        ("many", PHONE, "dark"),
        ("many", DESK, "light"),
        ("run", PHONE, "light"),
        ("run", DESK, "dark"),
    ],
)
def test_it_fits_its_width_and_asks_for_nothing(
    browser: Browser, reports: dict[str, Path], name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    assert unfit(browser, reports[name], width, scheme) == []


@pytest.mark.parametrize("name", ["demo", "many"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_labels_of_figures_are_whole_and_apart(
    browser: Browser, reports: dict[str, Path], name: str, width: int
) -> None:
    page, _ = visit(browser, reports[name], width, "light")
    tags = FOURTEEN if name == "demo" else MANY
    shown = page.evaluate(
        """() => [...document.querySelectorAll('#ranks text.endonym')].map(label => {
            const box = label.getBoundingClientRect();
            const note = label.nextElementSibling;
            return {text: label.textContent, left: box.left, right: box.right, width: box.width,
                    plot: label.ownerSVGElement.getBoundingClientRect().left,
                    size: parseFloat(getComputedStyle(label).fontSize)};
        })"""
    )
    assert {label["text"] for label in shown} == {language(tag).endonym for tag in tags}
    for label in shown:
        assert label["width"] > 5, label
        assert label["left"] >= 0, label
        assert label["right"] <= label["plot"], label
        assert label["size"] >= 12, label
    page.context.close()


def test_right_to_left_text_is_set_from_right_to_left(browser: Browser, reports: dict[str, Path]) -> None:
    page, _ = visit(browser, reports["demo"], PHONE, "light")
    for tag in ("ar", "fa"):
        texts = page.locator(f"bdi[lang={tag}]")
        assert texts.count() > 3
        assert set(texts.evaluate_all("all => all.map(one => getComputedStyle(one).direction)")) == {"rtl"}
        labels = page.locator(f"svg text[lang={tag}]")
        assert labels.count() == 4
        assert set(labels.evaluate_all("all => all.map(one => getComputedStyle(one).direction)")) == {"rtl"}
    assert set(page.locator("bdi[lang=ja]").evaluate_all("all => all.map(one => getComputedStyle(one).direction)")) == {
        "ltr"
    }
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out_in_both_themes(
    browser: Browser, reports: dict[str, Path], scheme: Literal["light", "dark"]
) -> None:
    page, _ = visit(browser, reports["demo"], DESK, scheme)
    assert (contrast(paper(page), "rgb(255, 255, 255)") < 2) == (scheme == "light")
    for selector in ("h1", ".lede", ".soft", "figcaption", ".measured", ".state", "td", "small"):
        assert all(each >= 4.5 for each in contrasts(page, selector)), selector
    for selector in ("svg text.endonym", "svg text.note", "svg text.tick"):
        assert all(each >= 4.5 for each in contrasts(page, selector, "fill")), selector
    marks = contrasts(page, ".spot", "stroke")
    assert len(marks) == 4
    assert min(marks) >= 3
    page.context.close()


def test_panels_lie_side_by_side_on_a_desk_and_below_each_other_on_a_phone(
    browser: Browser, reports: dict[str, Path]
) -> None:
    for width, rows in ((DESK, 1), (PHONE, 3)):
        page, _ = visit(browser, reports["demo"], width, "light")
        tops = page.locator("#accuracy .panel").evaluate_all(
            "all => all.map(one => Math.round(one.getBoundingClientRect().top))"
        )
        assert (len(tops), len(set(tops))) == (3, rows)
        page.context.close()


def test_recipes_unfold_without_a_script(browser: Browser, reports: dict[str, Path]) -> None:
    page, wrong = visit(browser, reports["demo"], PHONE, "light")
    recipe = page.locator("#recipes details", has_text="Parallel").first
    assert not recipe.locator("pre").is_visible()
    recipe.locator("summary").click()
    assert recipe.locator("pre").is_visible()
    assert '"learning_rate"' in recipe.locator("pre").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert wrong == []
    page.context.close()


def test_every_thumbnail_is_drawn(browser: Browser, reports: dict[str, Path]) -> None:
    page, _ = visit(browser, reports["demo"], DESK, "light")
    boxes = page.locator("#gallery .tile svg").evaluate_all(
        "all => all.map(one => one.querySelector('use').getBoundingClientRect().width)"
    )
    assert len(boxes) == 42 * 11
    assert min(boxes) > 20
    page.context.close()
