"""The result in words: honest about what does not hold and about intervals that overlap."""

from collections.abc import Iterable
from datetime import datetime

from isogloss.evaluate.retrieval import telling_cutoff
from isogloss.report.content import Content
from isogloss.report.measures import Interval, cutoffs

_WORDS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def number(value: float) -> str:
    """A number as a reader wants it: whole ones whole, others with three significant digits at least."""
    if abs(value - round(value)) < 1e-9:
        return f"{round(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"


def listed(words: Iterable[str]) -> str:
    """Words as a sentence has them: "a, b and c"."""
    *rest, last = list(words) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def share_text(share: Interval) -> str:
    """A share with its interval, such as "0.312 (0.291–0.333)"."""
    if share.low is None or share.high is None:
        return f"{share.value:.3f}"
    return f"{share.value:.3f} ({share.low:.3f}–{share.high:.3f})"


def when(created: str) -> str:
    """A moment as a reader writes it; what is no ISO 8601 stays as it is."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    return f"{moment.day} {moment:%B %Y}, {moment:%H:%M %Z}".strip()


def duration(seconds: float) -> str:
    """Seconds as hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def rank_text(quartiles: Interval) -> str:
    """A median rank between its quartiles, such as "4 (1–17)"."""
    if quartiles.low is None or quartiles.high is None:
        return number(quartiles.value)
    return f"{number(quartiles.value)} ({number(quartiles.low)}–{number(quartiles.high)})"


def verdict(content: Content) -> str:
    """How many of the claims hold, in one sentence; empty where none was stated."""
    total, holding = len(content.claims), sum(claim.holds for claim in content.claims)
    if not total:
        return ""
    if total == 1:
        return "The claim holds." if holding else "The claim does not hold."
    if holding == total:
        return f"{'Both' if total == 2 else f'All {spelled(total)}'} claims hold."
    if not holding:
        return f"None of the {spelled(total)} claims holds."
    hold, do = "holds" if holding == 1 else "hold", "does" if total - holding == 1 else "do"
    some = f"{spelled(holding).capitalize()} of the {spelled(total)} claims {hold}"
    return f"{some}; {spelled(total - holding)} {do} not."


def extent(content: Content) -> str:
    """How large the experiment is, in a line."""
    counts = {
        f"{content.split} picture": content.pictures,
        "language": len(content.languages),
        "step": content.steps,
        "seed": len(content.seeds),
    }
    parts = [f"{count:,} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count]
    if content.scores:
        parts.append(f"ranges in brackets are 95 % bootstrap intervals over {resampled(content)}")
    return " · ".join(parts)


def resampled(content: Content) -> str:
    """What the bootstrap draws."""
    return "pictures and seeds" if len(content.seeds) > 1 else "pictures"


def standfirst(content: Content) -> list[str]:
    """The result in a few sentences, from averages and languages; none where nothing was evaluated."""
    if not content.scores:
        return []
    if len(content.arms) == 1:
        return [unbroken(sentence) for sentence in (_range(content),) if sentence]
    return [unbroken(sentence) for sentence in (_unseen(content), _ahead(content)) if sentence]


def _unseen(content: Content) -> str:
    """The mean over the unseen languages by both arms."""
    average = next((average for average in content.averages if average.name == "unseen"), None)
    first, second = content.compared
    if not average or first.name not in average.arms or second.name not in average.arms:
        return ""
    ours, theirs = average.arms[second.name].accuracy, average.arms[first.name].accuracy
    k = _largest(content, set(ours) & set(theirs))
    if not k:
        return ""
    among = f"is among the first {spelled(k)}" if k > 1 else "comes first"
    of = f" of {content.pictures:,}" if content.pictures else ""
    ratio = f" {ours[k].value / theirs[k].value:.2f} times as often," if theirs[k].value > 0 else ""
    apart = "and the intervals lie apart" if ours[k].apart(theirs[k]) else "but the intervals overlap"
    count = len(average.languages)
    where = f"{spelled(count)} languages" if count > 1 else "one language"
    return (
        f"In the {where} never seen beside a picture, the right picture {among}{of} for {_percent(ours[k])} "
        f"of captions with {second.label}, for {_percent(theirs[k])} with {first.label}:{ratio} {apart}."
    )


def _ahead(content: Content) -> str:
    """In how many languages the second arm is ahead at the smallest k, and where it is behind."""
    first, second = content.compared
    pairs = [
        (language, theirs, ours)
        for language in content.languages.values()
        if (theirs := content.measure(language.tag, first.name))
        and (ours := content.measure(language.tag, second.name))
    ]
    k = min(cutoffs([measure for _, *both in pairs for measure in both]), default=0)
    pairs = [pair for pair in pairs if k in pair[1].accuracy and k in pair[2].accuracy]
    if not k or not pairs or not _largest(content, {k}):
        return ""
    ahead = [pair for pair in pairs if pair[2].accuracy[k].value > pair[1].accuracy[k].value]
    apart = [pair for pair in ahead if pair[2].accuracy[k].apart(pair[1].accuracy[k])]
    behind = [pair[0].name for pair in pairs if pair not in ahead]
    if not ahead:
        return f"At accuracy@{k} {second.label} is ahead in none of the {spelled(len(pairs))} languages."
    if len(ahead) == 1:
        clearly = "with intervals that do not overlap" if apart else "with intervals that overlap"
    else:
        where = "each" if len(apart) == len(ahead) else spelled(len(apart)) if apart else "none"
        clearly = f"in {where} of them with intervals that do not overlap"
    tail = f" It is not ahead in {listed(behind)}." if 0 < len(behind) <= 6 else ""
    counts = f"{spelled(len(ahead))} of {spelled(len(pairs))} language{'' if len(pairs) == 1 else 's'}"
    return f"At accuracy@{k} {second.label} is ahead in {counts}, {clearly}.{tail}"


def _range(content: Content) -> str:
    """A single run: the best and the worst language at the largest k that tells something."""
    arm = content.arms[0].name
    found = [
        (language, measure)
        for language in content.languages.values()
        if (measure := content.measure(language.tag, arm))
    ]
    k = _largest(content, cutoffs([measure for _, measure in found]))
    ranked = sorted(
        (measure.accuracy[k].value, language.name, measure) for language, measure in found if k in measure.accuracy
    )
    if not ranked:
        return ""
    worst, best = ranked[0], ranked[-1]
    if len(ranked) == 1:
        return f"Accuracy@{k} in {best[1]} is {share_text(best[2].accuracy[k])}."
    return (
        f"Over {spelled(len(ranked))} languages, accuracy@{k} of caption → image goes from "
        f"{share_text(worst[2].accuracy[k])} in {worst[1]} to {share_text(best[2].accuracy[k])} in {best[1]}."
    )


def _largest(content: Content, among: Iterable[int]) -> int:
    """The largest k whose accuracy@k tells something among the pictures that were searched; 0 where none does."""
    return max(among, default=0) if content.pictures is None else telling_cutoff(content.pictures, among) or 0


def unbroken(sentence: str) -> str:
    """The sentence with ranges that a line's end cannot part."""
    return sentence.replace("–", "\N{WORD JOINER}–\N{WORD JOINER}")


def _percent(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return f"{100 * interval.value:.1f}\N{NO-BREAK SPACE}%"
    return f"{100 * interval.value:.1f}\N{NO-BREAK SPACE}% ({100 * interval.low:.1f}–{100 * interval.high:.1f})"


def spelled(count: int) -> str:
    """A count as a sentence has it: small ones in words."""
    return _WORDS[count] if 0 < count < len(_WORDS) else f"{count:,}"
