"""Reading a written page, and changing what it is written from."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from isogloss.report import write_report


class Elements(HTMLParser):
    """Every element of a page as (name, attributes, the text directly in it)."""

    VOID = frozenset({"meta", "link", "br", "img", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[int] = []
        self.feed(html)
        assert not self._open, f"unclosed: {[self.found[place][0] for place in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.found.append((tag, {name: value or "" for name, value in attrs}, []))
        if tag not in self.VOID:
            self._open.append(len(self.found) - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that is closed at once."""
        self.found.append((tag, {name: value or "" for name, value in attrs}, []))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        place = self._open.pop()
        assert self.found[place][0] == tag, f"<{self.found[place][0]}> closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        """Give text to the innermost element."""
        if self._open:
            self.found[self._open[-1]][2].append(data)

    def named(self, name: str, **attributes: str) -> list[tuple[dict[str, str], str]]:
        """(attributes, text) of the elements of a name with these attributes."""
        return [
            (have, "".join(text))
            for tag, have, text in self.found
            if tag == name and all(have.get(key) == value for key, value in attributes.items())
        ]


def report(folder: Path) -> str:
    """The page of a folder."""
    return write_report(folder).read_text(encoding="utf-8")


def part(html: str, section: str) -> str:
    """One section of a page."""
    return re.search(f'<section id="{section}">.*?</section>', html, flags=re.S)[0]  # type: ignore[index]


def rewrite(path: Path, **fields: Any) -> None:
    """Change fields of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | fields), encoding="utf-8")


def write(path: Path, content: Any) -> None:
    """Write a JSON file, and the folder around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def whole_and_alone(html: str) -> list[str]:
    """Check what all pages promise, and return their sections."""
    page = Elements(html)
    anchors = [have["href"].removeprefix("#") for have, _ in page.named("a") if have["href"].startswith("#")]
    assert anchors == [have["id"] for have, _ in page.named("section")]
    identifiers = [have["id"] for _, have, _ in page.found if "id" in have]
    assert len(identifiers) == len(set(identifiers))
    assert {have["href"].removeprefix("#") for have, _ in page.named("use")} <= set(identifiers)
    for tag, have, _ in page.found:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form"}
        assert not [name for name in have if name.startswith("on")]
        for name in ("src", "href", "srcset", "action", "poster", "data"):
            if name in have and tag != "a":
                assert have[name].startswith(("data:", "#")), (tag, name, have[name][:80])
        assert tag != "img" or have["alt"]
    assert "url(" not in html and "@import" not in html
    return anchors
