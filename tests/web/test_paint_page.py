"""The page of a paint experiment in a real browser: every width, light and dark, every script and direction."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser
from report.chat_synthetic import SAID, TWELVE
from report.paint_synthetic import build_paint_experiment
from web.visiting import DESK, SEEN, browser, contrasts, unfit, visit

from isogloss.report import write_report

__all__ = ["browser"]

EXAMPLES = 4


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all experiments in twelve languages, two of them written from right to left."""
    folder = tmp_path_factory.mktemp("runs") / "paint"
    levels = {"ja": 0.8, "de": 0.915}
    return write_report(build_paint_experiment(folder, languages=TWELVE, levels=levels, examples=EXAMPLES))


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_it_fits_its_width_and_asks_for_nothing(
    browser: Browser, page_file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    assert unfit(browser, page_file, width, scheme) == []


def test_prompts_are_set_in_their_direction(browser: Browser, page_file: Path) -> None:
    page, _ = visit(browser, page_file, DESK, "light")
    said = page.locator(".said").evaluate_all(
        "all => all.map(one => [one.lang, one.textContent, getComputedStyle(one).direction])"
    )
    assert {tag for tag, _, _ in said} == set(TWELVE)
    for tag, text, direction in said:
        assert direction == ("rtl" if tag in SAID else "ltr"), (tag, text)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_drawn_and_signs_are_seen(
    browser: Browser, page_file: Path, scheme: Literal["light", "dark"]
) -> None:
    page, _ = visit(browser, page_file, DESK, scheme)
    page.locator("#pictures details").evaluate_all("all => all.forEach(one => one.open = true)")
    sizes = page.locator(".painted img").evaluate_all(
        "all => all.map(one => [one.naturalWidth, one.clientWidth, one.clientHeight])"
    )
    assert len(sizes) == EXAMPLES * (1 + len(TWELVE))
    assert all(natural > 0 and width > 90 and abs(width - height) < 3 for natural, width, height in sizes)
    for selector in (".sign.holds", ".sign.fails", ".painted .who", ".painted .real p"):
        found = contrasts(page, selector)
        assert found and min(found) >= 4.5, selector
    page.context.close()
