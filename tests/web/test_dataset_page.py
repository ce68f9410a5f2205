"""The page of a dataset in a real browser: every width, light and dark, every script, right to left from the right."""

from pathlib import Path
from typing import Literal

import pytest
from data.scripts import COLOURS, build
from playwright.sync_api import Browser
from web.visiting import DESK, PHONE, browser, contrast, contrasts, outside, paper, visit

from isogloss.data.inventory import take_inventory
from isogloss.report.dataset import write_dataset_page

__all__ = ["browser"]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = build(tmp_path_factory.mktemp("scripts") / "dogs")
    (dataset.root / "images" / "002.jpg").unlink()
    path = dataset.root.with_name("page.html")
    write_dataset_page(dataset, take_inventory(dataset, 40), path)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, PHONE, DESK])
def test_it_fits_its_width_asks_for_nothing_and_can_be_read(
    browser: Browser, shown: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page, wrong = visit(browser, shown, width, scheme)
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert outside(page, width) == []
    assert (contrast(paper(page), "rgb(255, 255, 255)") < 2) == (scheme == "light")
    for selector in (".told p", ".told dt", ".about", "td", ".endonym", "small", ".warned"):
        assert all(each >= 4.5 for each in contrasts(page, selector)), selector
    page.context.close()


def test_captions_stand_on_the_side_of_their_script(browser: Browser, shown: Path) -> None:
    page, _ = visit(browser, shown, PHONE, "light")
    for tag in COLOURS:
        gaps = page.locator(f".told p[lang={tag}]:visible").evaluate_all(
            """all => all.map(one => {
                const range = document.createRange();
                range.selectNodeContents(one);
                const [text, box] = [range.getClientRects()[0], one.getBoundingClientRect()];
                return [text.left - box.left, box.right - text.right];
            })"""
        )
        assert gaps, tag
        for left, right in gaps:
            assert (abs(right) < 1) if tag in ("ar", "fa", "ur") else (abs(left) < 1), tag
    page.context.close()


def test_every_script_is_drawn(browser: Browser, shown: Path) -> None:
    """A letter without a glyph is drawn as a box, which is as wide as that of any letter without one."""
    page, _ = visit(browser, shown, DESK, "light")
    box, *widths = page.evaluate(
        """texts => texts.map(text => {
            const span = document.createElement('span');
            span.textContent = text;
            document.body.append(span);
            return span.getBoundingClientRect().width;
        })""",
        ["\U000f0000", *(text[0] for text in COLOURS.values())],
    )
    assert all(abs(width - box) > 0.01 for width in widths), dict(zip(COLOURS, widths, strict=True))
    page.context.close()


def test_pictures_are_drawn_small_and_a_missing_one_is_noted(browser: Browser, shown: Path) -> None:
    page, _ = visit(browser, shown, DESK, "light")
    sizes = page.locator(".sample img").evaluate_all(
        "all => all.map(one => [one.naturalWidth, one.getBoundingClientRect().width])"
    )
    assert len(sizes) == 39
    assert all(0 < natural <= 320 and 20 < drawn <= 200 for natural, drawn in sizes)
    assert page.locator(".sample .absent").count() == 1
    page.context.close()
