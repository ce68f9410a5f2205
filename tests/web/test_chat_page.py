"""The pages of a chat experiment and of a chat run in a real browser: every width, light and dark, every script and direction."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser
from report.chat_synthetic import SAID, SCENES, TEN, TWELVE, build_chat_experiment, build_chat_run
from web.visiting import DESK, PHONE, SEEN, browser, contrasts, unfit, visit

from isogloss.data.worlds.shapes.world import build_shapes
from isogloss.languages import language
from isogloss.report import write_report

__all__ = ["browser"]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all experiments in twelve languages, two of them written from right to left."""
    folder = tmp_path_factory.mktemp("runs") / "chat"
    return write_report(build_chat_experiment(folder, languages=TWELVE, exact={"ja": 0.90}, fidelity={"de": 0.985}))


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run in ten languages."""
    root = tmp_path_factory.mktemp("runs")
    world = build_shapes(root / "shapes", pictures={"train": 2, "test": 6}, size=48, languages=TEN)
    shares = {tag: 0.01 for tag in TEN if tag != "en"}
    return write_report(build_chat_run(root / "talk", world, languages=TEN, instructed=shares, pairs=True))


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_it_fits_its_width_and_asks_for_nothing(
    browser: Browser, page_file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    assert unfit(browser, page_file, width, scheme) == []


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_the_page_of_a_run_fits_too(
    browser: Browser, run_file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    assert unfit(browser, run_file, width, scheme) == []


@pytest.mark.parametrize("width", [320, PHONE, 800, DESK])
def test_labels_of_axes_do_not_touch(browser: Browser, page_file: Path, width: int) -> None:
    page, _ = visit(browser, page_file, width, "light")
    touching = page.evaluate(
        """() => [...document.querySelectorAll('.panel > svg')].flatMap(svg => {
            const boxes = [...svg.querySelectorAll(':scope > text')].filter(text => text.getBoundingClientRect().width)
                .map(text => [text.textContent, text.getBoundingClientRect()]);
            return boxes.flatMap(([one, a], place) => boxes.slice(place + 1)
                .filter(([, b]) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom - 2 && b.top + 2 < a.bottom - 2)
                .map(([other]) => `${one} / ${other}`));
        })"""
    )
    assert touching == []
    page.context.close()


def test_replies_are_set_in_their_direction(browser: Browser, page_file: Path) -> None:
    page, _ = visit(browser, page_file, DESK, "light")
    said = page.locator(".said").evaluate_all(
        "all => all.map(one => [one.lang, one.textContent, getComputedStyle(one).direction])"
    )
    assert {tag for tag, _, _ in said} == set(TWELVE)
    for tag, text, direction in said:
        right_to_left = tag in SAID and text == SAID[tag]
        assert direction == ("rtl" if right_to_left else "ltr"), (tag, text)
    meant = page.locator(".meant").evaluate_all("all => all.map(one => [one.lang, getComputedStyle(one).direction])")
    assert all(direction == language(tag).direction for tag, direction in meant)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_drawn_and_marks_are_seen(
    browser: Browser, page_file: Path, scheme: Literal["light", "dark"]
) -> None:
    page, _ = visit(browser, page_file, DESK, scheme)
    page.locator("#scenes details").evaluate_all("all => all.forEach(one => one.open = true)")
    widths = page.locator(".scene img").evaluate_all("all => all.map(one => [one.naturalWidth, one.clientWidth])")
    assert len(widths) == len(SCENES)
    assert all(natural > 0 and shown > 100 for natural, shown in widths)
    for selector in (".sign.holds", ".sign.fails", ".state.undecided", ".who"):
        found = contrasts(page, selector)
        assert found and min(found) >= 4.5, selector
    page.context.close()


def test_the_figure_for_elsewhere_is_drawn_within_its_size(browser: Browser, page_file: Path) -> None:
    page, wrong = visit(browser, page_file.with_name("result.svg"), DESK, "dark")
    size, boxes = page.evaluate(
        """() => [document.documentElement.viewBox.baseVal.width,
            [...document.querySelectorAll('text, use')].map(each => each.getBoundingClientRect())
                .filter(box => box.width).map(box => [box.left, box.right, box.top, box.bottom])]"""
    )
    height = page.evaluate("document.documentElement.viewBox.baseVal.height")
    assert wrong == []
    assert len(boxes) > 2 * 3 * len(TWELVE)
    assert all(0 <= left < right <= size and 0 <= top < bottom <= height for left, right, top, bottom in boxes)
    page.context.close()
