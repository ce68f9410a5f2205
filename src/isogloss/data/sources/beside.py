"""Conversations that stand beside the one picture that they are about, as isogloss itself exports them."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa

from isogloss.data.conversation_tables import CONVERSATIONS, table_path
from isogloss.data.conversations import Conversation, fault
from isogloss.data.sources.growing import growing
from isogloss.data.sources.llava import TWICE
from isogloss.data.sources.llava_entry import Entry, read_entry
from isogloss.data.sources.reading import SKIPPED
from isogloss.data.sources.source import Skipped
from isogloss.languages import LANGUAGES

UNKNOWN_LANGUAGE = "conversation in no known language"


def read_beside(entries: Any, key: str, language: str = "") -> Iterator[str | Skipped]:
    """The conversations about a picture, each as a line of JSON, or why one cannot be used.

    Args:
        entries: what a source has in place of them, of whatever kind.
        key: of the picture.
        language: of entries that name none.
    """
    for entry in entries if isinstance(entries, list | tuple) else ():
        if not isinstance(entry, Mapping) or not {"conversations", "messages"} & set(entry):
            continue  # what others call conversations is none of ours
        found = read_entry(dict(entry))
        tag = str(entry.get("language") or language)
        if tag not in LANGUAGES:
            yield Skipped(UNKNOWN_LANGUAGE, key, language=tag)
        elif not isinstance(found, Entry):
            yield Skipped(found.reason, key, language=tag, detail=found.detail)
        elif (why := fault(Conversation(found.identity, tag, (key,), found.turns)))[0]:
            yield Skipped(
                why[0], key, language=tag, text=found.turns[0].text[:1000] if found.turns else "", detail=why[1]
            )
        else:
            score = entry.get("score")
            yield json.dumps(
                {
                    "language": tag,
                    "key": found.identity or key,
                    "roles": [turn.role for turn in found.turns],
                    "texts": [turn.text for turn in found.turns],
                    "source": str(entry.get("source") or ""),
                    "score": score if isinstance(score, float) else None,
                }
            )


class Beside:
    """The tables of the conversations of an import, which grow by the pictures of one part after the other.

    folder: of the dataset that is being made; source: of conversations that name none; stack: closes the tables.
    """

    def __init__(self, folder: Path, source: str, stack: ExitStack) -> None:
        self._folder, self._source, self._stack = folder, source, stack
        self._write: dict[str, Callable[[pa.Table], None]] = {}
        self._keys: set[tuple[str, str, str]] = set()
        self.counts: dict[str, Counter[str]] = {}

    def add(self, pictures: Sequence[str], told: Sequence[Sequence[str]]) -> pa.Table:
        """Take the conversations about some pictures, and return those that cannot be, as SKIPPED.

        told: of each picture, as `read_beside` gives them; those that are alike are one.
        """
        rows: dict[str, list[dict[str, Any]]] = {}
        twice: list[dict[str, str]] = []
        for picture, lines in zip(pictures, told, strict=True):
            for row in map(json.loads, dict.fromkeys(lines)):
                language, source = row.pop("language"), row["source"] or self._source
                if (language, row["key"], source) in self._keys:
                    named = {"reason": TWICE, "key": row["key"], "file": picture, "language": language}
                    twice.append({**named, "text": row["texts"][0][:1000], "detail": f"of '{source}'"})
                    continue
                self._keys.add((language, row["key"], source))
                rows.setdefault(language, []).append({**row, "images": [picture], "source": source, "split": None})
        for language, some in rows.items():
            if language not in self._write:
                path = table_path(self._folder, language)
                path.parent.mkdir(exist_ok=True)
                self._write[language] = self._stack.enter_context(growing(path, CONVERSATIONS))
                self.counts[language] = Counter(conversations=0, turns=0, images=0)
            self._write[language](pa.Table.from_pylist(some, CONVERSATIONS))
            self.counts[language].update(
                conversations=len(some),
                turns=sum(len(one["texts"]) for one in some),
                images=len({one["images"][0] for one in some}),
            )
        return pa.Table.from_pylist(twice, SKIPPED)
