"""An engine that workers elsewhere can import: slow, it writes words backwards and notes who did it."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from translate.made_up_engine import backwards

from isogloss.errors import UserError
from isogloss.languages import Language
from isogloss.translate.engine import BusyError, Translation

BUSY, OUT_OF_ORDER, DEADLY = "a caption for which it is busy", "a caption that is refused", "a caption that kills"


@dataclass
class Slow:
    """log: a file that gets the process and the text of everything that is asked; seconds: for a call."""

    log: Path
    seconds: float = 0.0
    name: str = "slow"
    texts_per_call: int = 5
    price: float = 0.0
    busy: bool = True

    def check(self, source: Language, target: Language) -> None:
        pass

    def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
        if BUSY in texts and self.busy:
            self.busy = False
            raise BusyError("slow is busy", 0.0)
        if OUT_OF_ORDER in texts:
            raise UserError("slow is out of order; mend it.")
        with self.log.open("a", encoding="utf-8") as file:
            file.write("".join(f"{os.getpid()}\t{text}\n" for text in texts))
        if DEADLY in texts:
            os._exit(1)
        time.sleep(self.seconds)
        return [Translation(backwards(text), 0.5) for text in texts]

    def asked(self) -> list[tuple[int, str]]:
        """Which process was asked for which text, so far."""
        noted = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return [(int(process), text) for process, _, text in (line.partition("\t") for line in noted)]
