"""A paint run, or an experiment on paint models, in words."""

from isogloss.report.judged import percent
from isogloss.report.measures import Interval
from isogloss.report.paint_content import PaintArm, PaintContent
from isogloss.report.words import listed, number, spelled, unbroken

_KINDS = {
    "layers": "models that read other states, or other text models",
    "little": "models that saw a few captions of other languages too",
    "translated": "prompts that were put into English first",
}


def done(content: PaintContent) -> list[str]:
    """What was done, in at most two sentences."""
    names = listed(_names(content, content.trained))
    scores = content.scores.get(content.main.name, {})
    first = f"A paint model learnt from pictures with captions in {names}"
    if len(content.trained) == 1:
        first += " alone"
    if not scores:
        return [f"{first}. It was not evaluated yet."]
    count = max((figures.pictures or 0 for figures in scores.values()), default=0)
    many = f"{count:,} prompts" if count != 1 else "one prompt"
    where = "one language" if len(scores) == 1 else f"{spelled(len(scores))} languages"
    sentences = [
        f"{first}. It then painted {many} of the {content.split} split in {where}, from the same noise in each."
    ]
    kinds = [words for kind, words in _KINDS.items() if content.of(kind)]
    if kinds:
        sentences.append(f"Beside it stand {listed(kinds)}.")
    return [unbroken(sentence) for sentence in sentences]


def found(content: PaintContent) -> str:
    """What came of it: attributes and whole scenes that are right, in English and in the languages that no caption was in."""
    main = content.main
    sentences: list[str] = []
    for name, what in (("attributes", "Attributes are right"), ("all_right", "Everything is right")):
        told = [
            f"{percent(value)} in {content.languages[tag].name}"
            for tag in content.trained
            if tag in content.languages and (value := content.measure(tag, main.name, name))
        ]
        ranked = _ranked(content, main, name)
        if ranked:
            worst, best = ranked[0], ranked[-1]
            between = f"{percent(worst[0])} in {worst[1]}"
            if len(ranked) > 1:
                between = f"between {between} and {percent(best[0])} in {best[1]}"
            told.append(f"in the {_other(len(ranked))} {between}" if told else between)
        if told:
            sentences.append(f"{what}: {'; '.join(told)}.")
    if sentences and content.chance is not None:
        sentences.append(
            f"Perfect pictures of other prompts would have {number(round(content.chance, 1))} % of the attributes right."
        )
    return unbroken(" ".join(sentences))


def compared(content: PaintContent) -> list[str]:
    """The other arms of the pivot, and translation, against the main arm, in a sentence each."""
    sentences: list[str] = []
    for arm in content.of("pivot", "translated"):
        ours, theirs = (content.mean("unseen", name, "all_right") for name in (content.main.name, arm.name))
        if arm.name == content.main.name or ours is None or theirs is None:
            continue
        apart = "and the intervals lie apart" if ours.apart(theirs) else "and the intervals overlap"
        sentences.append(
            unbroken(
                f"Over the languages that no caption was in, everything is right in {percent(ours)} with "
                f"“{content.main.label}” and in {percent(theirs)} with “{arm.label}”, {apart}."
            )
        )
    return sentences


def _ranked(content: PaintContent, arm: PaintArm, name: str) -> list[tuple[Interval, str]]:
    """A measure in the languages that no caption was in, the least first."""
    values = [
        (value, content.languages[tag].name)
        for tag in content.others
        if (value := content.measure(tag, arm.name, name))
    ]
    return sorted(values, key=lambda pair: (pair[0].value, pair[1]))


def _other(count: int) -> str:
    return "other language" if count == 1 else f"{spelled(count)} other languages"


def _names(content: PaintContent, tags: tuple[str, ...]) -> list[str]:
    return [content.languages[tag].name if tag in content.languages else tag for tag in tags]
