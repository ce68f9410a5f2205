"""Visiting pages in a real browser: what goes wrong on them, what sticks out, and what is hard to read."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PHONE, DESK = 390, 1280
# Widths and schemes in which pages are seen.
SEEN = (*itertools.product([PHONE, DESK], ["light", "dark"]), (320, "light"), (800, "light"))
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


def unfit(browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]) -> list[str]:
    """What a page that is to fit its width and to ask for nothing does wrong."""
    page, wrong = visit(browser, file, width, scheme)
    wide = page.evaluate("document.documentElement.scrollWidth")
    found = [*wrong, *outside(page, width), *([f"{wide} pixels wide"] if wide > width else [])]
    page.context.close()
    return found


def paper(page: Page) -> str:
    """The colour of the page."""
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def contrasts(page: Page, selector: str, what: str = "color") -> list[float]:
    """The contrasts of the page with every colour of what a selector finds."""
    colours = set(page.locator(selector).evaluate_all(f"all => all.map(one => getComputedStyle(one).{what})"))
    return [contrast(paper(page), colour) for colour in colours]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours "rgb(r, g, b)" by WCAG 2.2, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
