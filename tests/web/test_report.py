"""The report in a real browser: every width, light and dark, no request, every script drawn."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from report.synthetic import FOURTEEN, MANY, build_experiment

from isogloss.languages import language
from isogloss.report import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PHONE, DESK = 390, 1280
# Milliseconds: a browser on a machine that is busy with training takes its time.
PATIENCE = 180_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine, from ISOGLOSS_CHROMIUM or by one of its usual names."""
    named = os.environ.get("ISOGLOSS_CHROMIUM")
    path = named or next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail("There is no Chromium here; install it (Debian: chromium) or set ISOGLOSS_CHROMIUM to its path.")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=PATIENCE)
        yield opened
        opened.close()


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


def visit(browser: Browser, report: Path, width: int, scheme: Literal["light", "dark"]) -> tuple[Page, list[str]]:
    """Open a page; the list fills with whatever goes wrong: requests, messages on the console, errors."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    wrong: list[str] = []
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else wrong.append(asked.url))
    page.on("requestfailed", lambda failed: wrong.append(failed.url[:200]))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(report.as_uri())
    files = page.evaluate(
        """performance.getEntriesByType('resource').map(entry => entry.name)
            .filter(name => !name.startsWith('data:'))"""
    )
    wrong.extend(files)
    return page, wrong


def outside(page: Page, width: int) -> list[str]:
    """What is wider than a page and lies in no box that scrolls by itself."""
    return page.evaluate(
        """width => [...document.querySelectorAll('body *')].filter(element => {
            const box = element.getBoundingClientRect();
            const sticksOut = box.width > 0 && (box.right > width + 1 || box.left < -1);
            return sticksOut && !element.closest('.scroll, pre');
        }).map(element => element.outerHTML.slice(0, 120))""",
        width,
    )


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
    page, wrong = visit(browser, reports[name], width, scheme)
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert outside(page, width) == []
    page.context.close()


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


def contrast(one: str, other: str) -> float:
    """The contrast of two colours "rgb(r, g, b)" by WCAG 2.2, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out_in_both_themes(
    browser: Browser, reports: dict[str, Path], scheme: Literal["light", "dark"]
) -> None:
    page, _ = visit(browser, reports["demo"], DESK, scheme)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (contrast(paper, "rgb(255, 255, 255)") < 2) == (scheme == "light")

    def colours(selector: str, what: str) -> set[str]:
        return set(page.locator(selector).evaluate_all(f"all => all.map(one => getComputedStyle(one).{what})"))

    for selector in ("h1", ".lede", ".soft", "figcaption", ".measured", ".state", "td", "small"):
        assert all(contrast(paper, colour) >= 4.5 for colour in colours(selector, "color")), selector
    for selector in ("svg text.endonym", "svg text.note", "svg text.tick"):
        assert all(contrast(paper, colour) >= 4.5 for colour in colours(selector, "fill")), selector
    marks = colours(".spot", "stroke")
    assert len(marks) == 4
    assert all(contrast(paper, colour) >= 3 for colour in marks)
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
