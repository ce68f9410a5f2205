"""What replies are worth, language by language over all seeds: the figures that results.json holds of a chat model."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float

from isogloss.evaluate.captions import cider
from isogloss.evaluate.chrf import chrf, chrf_signature, corpus_chrf
from isogloss.evaluate.exact import exact
from isogloss.evaluate.fidelity import Verdict, Vocabulary, reply_languages
from isogloss.evaluate.statistics import interval, resampled_means
from isogloss.evaluate.tokenisation import all_words, tokenisation
from isogloss.languages import language

# The share of right attributes of each reply, given pictures' keys, the language that was asked for, and replies.
Attributes = Callable[[Sequence[str], str, Sequence[str]], Float[np.ndarray, " reply"]]

# A reply is one of its language, its instruction and its picture's key, by which those of all seeds are put in one order.
_ORDER = ("asked", "language", "instruction", "key")


@dataclass(frozen=True)
class _Asked:
    """What all seeds were asked in one language, and what each replied.

    keys: [reply]. references: [reply][reference]. replies: [seed][reply].
    """

    keys: list[str]
    references: list[list[str]]
    replies: list[list[str]]


def summarise(
    seeds: Sequence[pa.Table],
    *,
    candidates: Sequence[str] = (),
    vocabulary: Vocabulary | None = None,
    attributes: Attributes | None = None,
    fold_case: bool = False,
    relative_to: str = "en",
    groups: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """The figures of one arm: of each language that was asked for, and how they were measured.

    Those in brackets are [value, low, high]: the mean over replies and seeds, with its 95 % interval over pictures and
    seeds, both drawn anew, the same for all languages.

    - `exact`: the share of replies that are one of their references, both normalised (`exact.normalised`);
    - `fidelity`: the share that surely is in the language asked for; `unsure`: the share of which nothing sure can be
      told, which is no part of the former; `replied`: the number of replies by language, "unsure" and "other" among
      them, where other is a script that no candidate has;
    - `cider`: from 0 to 10, with the references of all replies in the language as the corpus; None for one reply;
    - `chrf`: the mean of the replies' own; `corpus_chrf`: over all replies as one text, a mean over seeds, as papers
      report it;
    - `attributes`: the share of right attributes, where they can be read;
    - `relative_exact`: `exact` as a multiple of that of `relative_to`, where that was asked for; None where that, or
      too many of its draws, may be 0.

    Args:
        seeds: of each, replies as in `replies.REPLIES`; all were asked the same.
        candidates: languages that a reply could be in; none for those that were asked for.
        vocabulary: all words of each of them, where the world is closed (`fidelity.reply_languages`).
        attributes: reads them out of the replies about some pictures in one language.
        fold_case: whether capitals are as small letters in `exact`.
        relative_to: a tag.
        groups: languages by the name of their average, of which `averages` has the `languages` and every measure with
            its interval; one of which a language was not asked for is left out.

    Raises:
        UserError: a package that measures is not installed.
        ValueError: there is no reply, or the seeds were asked different things.
    """
    asked = _by_language(seeds)
    among = tuple(candidates) or tuple(asked)
    measured: dict[str, dict[str, Float[np.ndarray, "seed reply"]]] = {}
    rows: dict[str, dict[str, Any]] = {}
    for tag, each in asked.items():
        verdicts = [reply_languages(replies, among, vocabulary) for replies in each.replies]
        measured[tag] = _measures(tag, each, verdicts, attributes, fold_case)
        rows[tag] = {
            "captions": len(each.keys),
            "replied": _replied(verdicts),
            "corpus_chrf": float(np.mean([corpus_chrf(replies, each.references) for replies in each.replies])),
        }
    pictures = [np.array(each.keys) for each in asked.values()]
    numbers = np.unique(np.concatenate(pictures), return_inverse=True)[1]
    averages: dict[str, dict[str, Any]] = {
        name: {"languages": list(tags)} for name, tags in (groups or {}).items() if tags and set(tags) <= set(asked)
    }
    owners = np.split(numbers, np.cumsum([len(each) for each in pictures])[:-1])
    for name in next(iter(measured.values())):
        draws = resampled_means([measured[tag][name] for tag in asked], owners)
        for tag, own in zip(asked, draws.T, strict=True):
            rows[tag][name] = [float(measured[tag][name].mean()), *interval(own)]
        for each in averages.values():
            drawn = draws[:, [list(asked).index(tag) for tag in each["languages"]]].mean(axis=1)
            value = float(np.mean([measured[tag][name].mean() for tag in each["languages"]]))
            each[name] = [value, *interval(drawn)]
        if name == "exact" and relative_to in asked:
            _relate(rows, draws, list(asked), relative_to)
    for tag, each in asked.items():
        if len(each.keys) == 1:
            rows[tag]["cider"] = None
    for each in averages.values():
        if any(rows[tag]["cider"] is None for tag in each["languages"]):
            each["cider"] = None
    how = {
        "exact": f"NFC, no white space around, no punctuation at the end, {'folded' if fold_case else 'the same'} case",
        "fidelity": {
            "candidates": list(among),
            "lingua": version("lingua-language-detector"),
            "words_known": vocabulary is not None,
        },
        "cider": f"CIDEr-D, sigma 6, {tokenisation()}",
        "chrf": chrf_signature(),
    }
    found = {"seeds": len(seeds), "relative_to": relative_to, "how": how, "languages": rows}
    return found | ({"averages": averages} if groups else {})


def _by_language(seeds: Sequence[pa.Table]) -> dict[str, _Asked]:
    """The replies by the language that was asked for, in one order for all seeds."""
    if not seeds or not seeds[0].num_rows:
        raise ValueError("there is no reply to summarise")
    ordered = [table.sort_by([(name, "ascending") for name in _ORDER]) for table in seeds]
    first = ordered[0].select([*_ORDER, "references"])
    for other in ordered[1:]:
        if not first.equals(other.select(first.column_names)):
            raise ValueError(f"seeds of {first.num_rows} and {other.num_rows} replies that were not asked the same")
    tags: list[str] = first["asked"].to_pylist()
    found: dict[str, _Asked] = {}
    for tag in dict.fromkeys(tags):
        start, count = tags.index(tag), tags.count(tag)
        own = first.slice(start, count)
        replies = [table["reply"].slice(start, count).to_pylist() for table in ordered]
        found[tag] = _Asked(own["key"].to_pylist(), own["references"].to_pylist(), replies)
    return found


def _measures(
    tag: str,
    asked: _Asked,
    verdicts: Sequence[Sequence[Verdict]],
    attributes: Attributes | None,
    fold_case: bool,
) -> dict[str, Float[np.ndarray, "seed reply"]]:
    """Of every measure that is a mean over replies, its value for each reply of each seed."""
    own = language(tag).tag
    references = [all_words(each, tag) for each in asked.references]
    found = {
        "exact": [exact(replies, asked.references, fold_case=fold_case) for replies in asked.replies],
        "fidelity": [np.array([verdict.language == own for verdict in each]) for each in verdicts],
        "unsure": [np.array([verdict.by == "unsure" for verdict in each]) for each in verdicts],
        "cider": [cider(all_words(replies, tag), references) for replies in asked.replies],
        "chrf": [chrf(replies, asked.references) for replies in asked.replies],
    }
    if attributes is not None:
        found["attributes"] = [attributes(asked.keys, tag, replies) for replies in asked.replies]
    return {name: np.stack(each).astype(np.float64) for name, each in found.items()}


def _replied(verdicts: Sequence[Sequence[Verdict]]) -> dict[str, int]:
    """How many replies of all seeds are in each language, the most frequent first."""
    counts = Counter(
        verdict.language or ("unsure" if verdict.by == "unsure" else "other") for each in verdicts for verdict in each
    )
    return dict(counts.most_common())


def _relate(
    rows: Mapping[str, dict[str, Any]], draws: Float[np.ndarray, "resample language"], tags: list[str], other: str
) -> None:
    """Set `relative_exact`, whose interval is over the same draws in both languages."""
    whole, below = rows[other]["exact"][0], draws[:, tags.index(other)]
    for tag, means in zip(tags, draws.T, strict=True):
        sure = whole > 0 and bool((below > 0).all())
        rows[tag]["relative_exact"] = [rows[tag]["exact"][0] / whole, *interval(means / below)] if sure else None
