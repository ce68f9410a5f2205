"""A chat experiment, or a chat run, in words: what was done, what came of it, and what did not."""

from collections.abc import Mapping, Sequence
from statistics import mean

from isogloss.report.chat_claims import FIDELITY
from isogloss.report.chat_content import ChatArm, ChatContent, Figures, Point, ShareCurve
from isogloss.report.content import named
from isogloss.report.judged import percent, state_of
from isogloss.report.measures import Interval
from isogloss.report.words import listed, number, spelled, unbroken


def done(content: ChatContent) -> list[str]:
    """What was done, in at most three sentences."""
    if not content.experiment:
        return [unbroken(sentence) for sentence in (_learnt(content), _asked(content))]
    names = _names(content.trained)
    count = content.scores[content.main.name]
    pictures = max((figures.captions or 0 for figures in count.values()), default=0)
    asked = f" {pictures:,}" if pictures else ""
    first = (
        f"A chat model learnt what pictures show from captions in {listed(names)} alone, and was then asked in "
        f"{spelled(len(count))} language{'' if len(count) == 1 else 's'} about{asked} pictures that it had not seen."
    )
    return [unbroken(sentence) for sentence in (first, _taught(content), _beside(content)) if sentence]


def _learnt(content: ChatContent) -> str:
    """What a run learnt from."""
    trained, taught, share = _names(content.trained), content.main.taught, content.main.share
    alone = " alone" if len(trained) == 1 and not taught else ""
    parts = [f"texts about them in {listed(trained)}{alone}"] if trained else []
    if taught:
        part = f"{number(100 * share)} %" if share else "a part"
        parts.append(f"{part} of {'those' if trained else 'the texts about them'} in {_whose(content, taught)}")
    return f"A chat model learnt what pictures show from {', and from '.join(parts)}."


def _asked(content: ChatContent) -> str:
    """What a run was evaluated by."""

    def told(figures: Mapping[str, Figures], one: str, many: str) -> str:
        counts = {each.captions or 0 for each in figures.values()}
        most = f"{'up to ' if len(counts) > 1 else ''}{max(counts):,} {one if max(counts) == 1 else many}"
        return f"{most} in {spelled(len(figures))} language{'' if len(figures) == 1 else 's'}"

    described, answered = content.scores[content.main.name], content.answers.get(content.main.name)
    parts = [f"described {told(described, 'picture', 'pictures')}"] if described else []
    parts += [f"answered {told(answered, 'question', 'questions')}"] if answered else []
    return f"Of the {content.split} split it then {' and '.join(parts)}."


def found(content: ChatContent) -> str:
    """What came of it, with each share of translated instructions of a pivot.

    From the best and the worst of the languages that had no captions.
    """
    pivots = [arm for arm in content.beside if arm.experiment == "pivot" and arm.name in content.scores]
    return unbroken(" ".join(sentence for arm in pivots for sentence in _found(content, arm)))


def _found(content: ChatContent, arm: ChatArm) -> list[str]:
    exact = _ranked(content, arm.name, "exact", content.others)
    told = [
        f"{percent(value)} in {content.languages[tag].name}"
        for tag in content.trained
        if (value := content.measure(tag, arm.name, "exact"))
    ]
    if exact:
        worst, best = exact[0], exact[-1]
        between = f"{percent(worst[0])} in {worst[1]}"
        if len(exact) > 1:
            between = f"between {between} and {percent(best[0])} in {best[1]}"
        told.append(f"in the {_other(content)} {between}" if told else between)
    first = "Descriptions are" if arm == content.main else f"With “{arm.label}” they are"
    sentences = [f"{first} exactly right in {'; '.join(told)}."] if told and content.one_right else []
    fidelity = _ranked(content, arm.name, "fidelity", content.others or content.trained)
    if fidelity:
        least, where = fidelity[0]
        sentences.append(
            "All replies are in the language that was asked for."
            if least.value >= 100
            else f"Replies are in the language that was asked for least often in {where}: {percent(least)} are."
        )
    return sentences


def enough(content: ChatContent, curve: ShareCurve) -> str:
    """From which share on the replies are in the language asked for, in a sentence or two."""
    tags = [curve.taught] if curve.taught else list(content.others)
    points = [point for point in curve.points if all(tag in point.figures for tag in tags)]
    if not points:
        return ""
    # The first share of which it holds and of all greater ones too.
    first = None
    for point in reversed(points):
        if not all(state_of(point.figures[tag].measures.get("fidelity"), FIDELITY) == "holds" for tag in tags):
            break
        first = point
    if first is None:
        where = "at no share that was tried"
    elif not first.share:
        where = "without any translated instruction"
    else:
        size = f" ({first.conversations:,} conversations)" if first.conversations is not None else ""
        where = f"from {number(100 * first.share)} % of the instructions{size} on"
    at_least = f"at least {number(FIDELITY)} % of the replies are in the language that was asked for"
    if not curve.taught:
        return f"With all languages taught, {at_least}, in each and by its whole interval, {where}."
    taught = content.languages[curve.taught].name
    rest = [value.value for tag in content.others if (value := _fidelity(points[-1], tag)) and tag != curve.taught]
    others = (
        f" At {number(100 * points[-1].share)} % the mean of the {spelled(len(rest))} others is {mean(rest):.1f} %."
        if rest
        else ""
    )
    return f"With {taught} alone taught, {at_least} in {taught}, by its whole interval, {where}.{others}"


def compared(content: ChatContent, one: ChatArm, other: ChatArm) -> str:
    """One arm against another in the languages that had no captions, in a sentence.

    An arm with native pairs is compared in their languages alone.
    """
    tags = [tag for tag in content.others if other.experiment != "native" or not other.taught or tag in other.taught]
    pairs = [
        (content.languages[tag].name, ours, theirs)
        for tag in tags
        if (ours := content.measure(tag, one.name, "exact")) and (theirs := content.measure(tag, other.name, "exact"))
    ]
    if not pairs:
        return ""
    apart = [(name, ours.value > theirs.value) for name, ours, theirs in pairs if ours.apart(theirs)]
    parts = [
        f"the intervals lie apart in favour of “{arm.label}” in {listed(names)}"
        for arm, first in ((one, True), (other, False))
        if (names := [name for name, ahead in apart if ahead == first])
    ]
    overlap = len(pairs) - len(apart)
    if overlap:
        parts.append(f"{'they' if parts else 'the intervals'} overlap in {spelled(overlap) if parts else 'all'}")
    ours, theirs = mean(ours.value for _, ours, _ in pairs), mean(theirs.value for *_, theirs in pairs)
    where = f"in {pairs[0][0]}" if len(pairs) == 1 else f"on average over {_count(content, len(pairs))} languages"
    return unbroken(
        f"Exactly right {where}: {ours:.1f}\N{NO-BREAK SPACE}% with “{one.label}”, "
        f"{theirs:.1f}\N{NO-BREAK SPACE}% with “{other.label}”; {'; '.join(parts)}."
    )


def comparisons(content: ChatContent) -> list[str]:
    """The main arm against all others, but native pairs, which had no translation, against English pairs alone."""
    pairs = [
        ((content.english or content.main) if arm.experiment == "native" else content.main, arm)
        for arm in content.beside[1:]
    ]
    return [sentence for one, other in pairs if (sentence := compared(content, one, other))]


def _fidelity(point: Point, tag: str) -> Interval | None:
    return point.figures[tag].measures.get("fidelity") if tag in point.figures else None


def _ranked(content: ChatContent, arm: str, name: str, tags: Sequence[str]) -> list[tuple[Interval, str]]:
    """A measure in some languages, the least first."""
    values = [(value, content.languages[tag].name) for tag in tags if (value := content.measure(tag, arm, name))]
    return sorted(values, key=lambda pair: (pair[0].value, pair[1]))


def _taught(content: ChatContent) -> str:
    share, taught = content.translated_share, [tag for tag in content.main.taught if tag not in content.trained]
    if share is None:
        return ""
    if not share or not taught:
        more = [arm for arm in content.beside[1:] if arm.experiment == "pivot" and arm.share]
        told = [f"{number(100 * (arm.share or 0))} % of them in {_whose(content, arm.taught)} too" for arm in more]
        also = f"; {'another' if len(told) == 1 else 'others'} of its kind had {listed(told)}" if told else ""
        return f"None of its instructions was translated{also}."
    return (
        f"So that it would reply in the language of a question, {number(100 * share)} % of its instructions came in "
        f"{_whose(content, taught)} too."
    )


def _whose(content: ChatContent, taught: Sequence[str]) -> str:
    others = [tag for tag in taught if tag not in content.trained]
    return listed(_names(others)) if len(others) < 4 else f"{spelled(len(others))} other languages"


def _beside(content: ChatContent) -> str:
    """What else was tried, by its kind."""
    kinds = {arm.experiment for arm in content.beside[1:]}
    native = dict.fromkeys(tag for arm in content.beside[1:] if arm.experiment == "native" for tag in arm.taught)
    told = {
        "native": f"models that learnt from pairs in {_whose(content, list(native))} at equal cost",
        "translated": "English descriptions that were translated afterwards",
    }
    parts = [words for kind, words in told.items() if kind in kinds]
    shares = sorted({point.share for curve in content.curves for point in curve.points})
    if len(shares) > 1:
        parts.append(
            f"models with {number(100 * shares[0])} to {number(100 * shares[-1])} % of the instructions translated"
        )
    return f"Beside it stand {listed(parts)}." if parts else ""


def _count(content: ChatContent, count: int) -> str:
    return f"the {spelled(count)} other" if count == len(content.others) else spelled(count)


def _other(content: ChatContent) -> str:
    return "other language" if len(content.others) == 1 else f"{spelled(len(content.others))} other languages"


def _names(tags: Sequence[str]) -> list[str]:
    return [named(tag).name for tag in tags]
