"""An engine that needs no model: it writes words backwards, and notes what it was asked."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isogloss.errors import UserError
from isogloss.languages import Language, language
from isogloss.translate.engine import Translation

ENGLISH, SPANISH, CATALAN = language("en"), language("es"), language("ca")


def backwards(text: str) -> str:
    return text[::-1]


@dataclass
class Backwards:
    """seconds: for a call; log: a file that gets every text that it was asked for; before: called before each call."""

    texts_per_call: int = 2
    price: float = 0.0
    name: str = "backwards:1/2"
    seconds: float = 0.0
    log: Path | None = None
    before: Callable[[int], None] = lambda call: None
    calls: list[list[str]] = field(default_factory=list[list[str]])

    def check(self, source: Language, target: Language) -> None:
        if target.tag == "ja":
            raise UserError("backwards has no Japanese; choose another language.")

    def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
        self.before(len(self.calls))
        assert texts and all(text and "\n" not in text for text in texts) and len(texts) <= self.texts_per_call
        self.calls.append(list(texts))
        if self.log:
            with self.log.open("a", encoding="utf-8") as file:
                file.writelines(f"{text}\n" for text in texts)
        time.sleep(self.seconds)
        return [Translation(backwards(text), 0.5) for text in texts]

    @property
    def asked(self) -> list[str]:
        return [text for call in self.calls for text in call]
