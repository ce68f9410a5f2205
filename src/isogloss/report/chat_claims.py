"""What was to be reached with English pairs alone, asked of a chat experiment's figures, each with the interval that decides."""

from collections.abc import Mapping, Sequence

from isogloss.report.chat_content import ChatContent, Figures
from isogloss.report.judged import JudgedClaim, State, percent, state_of_all
from isogloss.report.words import number, spelled

# In percent: of the exactness in English, and of replies in the language that was asked for, said before anything was
# measured.
RELATIVE, FIDELITY = 95.0, 99.0
# The greatest share of translated instructions that the latter may cost.
SHARE = 0.01


def claims(content: ChatContent) -> list[JudgedClaim]:
    """Whether each claim holds.

    A claim on all languages holds when the whole interval of each is at or above the bound, and does not hold when that of
    one is below it; it is undecided where neither is the case, and where nothing was measured. Exactness is always judged
    with English pairs alone, and then with the share of translated instructions that the main arm states. A claim with at
    most some share is judged by the smallest such share with which it holds, or else by the greatest.
    """
    found: list[JudgedClaim] = []
    over = (
        f"intervals over pictures and {content.seeds} seeds"
        if content.seeds > 1
        else "one seed; intervals over pictures"
    )
    little = _little(content)
    main = content.scores[content.main.name]
    others = [tag for tag in content.others if tag in main]
    if others and "en" in main and "exact" in main["en"].measures:
        exact = (
            f"Descriptions of unseen pictures are exactly right at least {number(RELATIVE)} % as often as in English, in each "
            f"of the {spelled(len(others))} languages that had no captions"
        )
        stated = content.translated_share
        alone = [each for share, each in little if not share]
        if alone:
            state, measured = _exactness(content, alone[0])
            found.append(JudgedClaim(f"{exact}, with English pairs alone.", state, f"{measured}; {over}"))
        else:
            nothing = "nothing was measured with English pairs alone"
            found.append(JudgedClaim(f"{exact}, with English pairs alone.", "undecided", nothing))
        more = [one for one in little if one[0]]
        if stated != 0:
            state, measured = _exactness(content, main)
            told = "" if stated is None else f", with {number(100 * stated)} % of the instructions in these"
            found.append(JudgedClaim(f"{exact}{told}.", state, f"{measured}; {over}"))
        elif more:
            share, state, measured = _first([(share, *_exactness(content, each)) for share, each in more])
            told = f", with at most {number(100 * SHARE)} % of the instructions in these"
            found.append(JudgedClaim(f"{exact}{told}.", state, f"with {number(100 * share)} %: {measured}; {over}"))
    claim = (
        f"At least {number(FIDELITY)} % of the replies are in the language that was asked for, in each language, with at most "
        f"{number(100 * SHARE)} % of the instructions translated."
    )
    if not little:
        found.append(JudgedClaim(claim, "undecided", f"nothing was measured with at most {number(100 * SHARE)} %"))
    else:
        share, state, measured = _first([(share, *_fidelity(content, each)) for share, each in little])
        found.append(JudgedClaim(claim, state, f"with {number(100 * share)} %: {measured}; {over}"))
    return found


def _little(content: ChatContent) -> list[tuple[float, Mapping[str, Figures]]]:
    """What was measured with English pairs and a small enough share of translated instructions, the smallest first.

    That is, the main arm, other pivots with instructions, and the curve of all languages; of equal shares the first of
    these.
    """
    found: dict[float, Mapping[str, Figures]] = {}
    if content.translated_share is not None:
        found[content.translated_share] = content.scores[content.main.name]
    for arm in content.arms:
        if arm.experiment == "pivot" and arm.instructed and arm.share is not None and arm.name in content.scores:
            found.setdefault(arm.share, content.scores[arm.name])
    for point in (point for curve in content.curves if curve.taught is None for point in curve.points):
        found.setdefault(point.share, point.figures)
    return sorted(((share, each) for share, each in found.items() if share <= SHARE), key=lambda one: one[0])


def _first(judged: Sequence[tuple[float, State, str]]) -> tuple[float, State, str]:
    """The smallest share with which it holds, or else the greatest that was tried."""
    return next((one for one in judged if one[1] == "holds"), judged[-1])


def _exactness(content: ChatContent, figures: Mapping[str, Figures]) -> tuple[State, str]:
    values = {tag: figures[tag].measures.get("relative_exact") for tag in content.others if tag in figures}
    state, words = state_of_all(values, RELATIVE, content.languages)
    english = figures["en"].measures.get("exact") if "en" in figures else None
    return state, f"{words}; English itself is at {percent(english)}" if english else words


def _fidelity(content: ChatContent, figures: Mapping[str, Figures]) -> tuple[State, str]:
    values = {tag: each.measures.get("fidelity") for tag, each in figures.items()}
    return state_of_all(values, FIDELITY, content.languages)
