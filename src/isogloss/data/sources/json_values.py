"""The entries of a JSON file one after the other, however large the file is."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from isogloss.data.sources.rows import TableFile
from isogloss.errors import UserError

# Characters that are read at once, and that one entry may have; what is longer has lost a quotation mark.
_PIECE, LONGEST = 1 << 20, 1 << 26
_SPACE = " \t\r\n"


def json_values(file: TableFile) -> Iterator[Any]:
    """The elements of a file that is one array, or the values of one that has several, one after the other.

    Raises:
        UserError: the file is missing, is no UTF-8 or no JSON, or is cut short; entries before the fault come first.
    """
    with closing(file.text(_PIECE)) as pieces:
        yield from _Values(file.path, pieces).read()


class _Values:
    """What of a text was read and is no value yet."""

    def __init__(self, path: str, pieces: Iterator[str]) -> None:
        self._path, self._pieces = path, pieces
        self._text, self._place = "", 0
        self._count = 0
        self._decoder = json.JSONDecoder()

    def read(self) -> Iterator[Any]:
        inside = self._next() == "["
        if inside:
            self._place += 1
        while (sign := self._next()) and not (inside and sign == "]"):
            yield self._value()
            self._count += 1
            if inside and self._next() not in (",", "]"):
                raise self._damaged("a comma or the end of the list is missing")
            if inside and self._next() == ",":
                self._place += 1
        if inside and not sign:
            raise self._damaged("the end of the list is missing")
        if inside:
            self._place += 1
            if self._next():
                raise self._damaged("something stands after the end of the list")

    def _next(self) -> str:
        """The next sign that is no white space; nothing at the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in _SPACE:
                self._place += 1
            if self._place < len(self._text) or not self._more():
                return self._text[self._place : self._place + 1]

    def _value(self) -> Any:
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
            except RecursionError:
                raise self._damaged("lists within lists go too deep") from None
            except ValueError as error:
                if len(self._text) - self._place > LONGEST or not self._more():
                    raise self._damaged(str(error).split(":")[0]) from None
                continue
            if end < len(self._text) or not self._more():  # a number may go on in the next piece
                self._place = end
                return value

    def _more(self) -> bool:
        """Read on, twice as much as what is waiting, so that a long entry is not gone through for every piece of it."""
        wanted = len(self._text) - self._place
        found: list[str] = []
        while not found or sum(map(len, found)) < wanted:
            piece = next(self._pieces, "")
            if not piece:
                break
            found.append(piece)
        if found:
            self._text, self._place = self._text[self._place :] + "".join(found), 0
        return bool(found)

    def _damaged(self, reason: str) -> UserError:
        return UserError(
            f"{self._path} is no JSON after its first {self._count:,} entries ({reason}); restore it, or write it as JSON "
            "lines, of which each stands by itself."
        )
