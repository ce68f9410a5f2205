"""What was to be reached with English captions alone, asked of a paint experiment's figures, each with its interval."""

from isogloss.report.judged import JudgedClaim, percent, state_of, state_of_all
from isogloss.report.paint_content import PaintContent
from isogloss.report.words import number, spelled

# In percent, said before anything was measured: attributes and whole scenes that are right in English, and how far above
# chance each other language is, of how far English is.
ATTRIBUTES, ALL_RIGHT, RELATIVE = 97.0, 90.0, 90.0


def claims(content: PaintContent) -> list[JudgedClaim]:
    """Whether each claim holds of the main arm; none where nothing reads what was painted.

    A claim on all languages holds when the whole interval of each is at or above the bound, and does not hold when that of
    one is below it; it is undecided where neither is the case.
    """
    over = (
        f"intervals over prompts and {content.seeds} seeds" if content.seeds > 1 else "one seed; intervals over prompts"
    )
    main, found = content.main.name, list[JudgedClaim]()
    english = content.measure("en", main, "attributes")
    if "en" in content.trained and english:
        claim = f"Of the colours, shapes and relations of unseen scenes at least {number(ATTRIBUTES)} % are right in English."
        found.append(JudgedClaim(claim, state_of(english, ATTRIBUTES), f"{percent(english)}; {over}"))
        whole = content.measure("en", main, "all_right")
        if whole:
            claim = f"In English at least {number(ALL_RIGHT)} % of the pictures have everything right."
            found.append(JudgedClaim(claim, state_of(whole, ALL_RIGHT), f"{percent(whole)}; {over}"))
    others = [tag for tag in content.others if tag in content.scores[main]]
    if others and english and content.chance is not None:
        values = {tag: content.measure(tag, main, "relative_attributes") for tag in others}
        which = "the other language" if len(others) == 1 else f"each of the {spelled(len(others))} other languages"
        claim = (
            f"In {which}, which no caption was in, attributes are at least {number(RELATIVE)} % as far above chance as in "
            "English."
        )
        state, measured = state_of_all(values, RELATIVE, content.languages)
        found.append(JudgedClaim(claim, state, f"{measured}; English itself is at {percent(english)}; {over}"))
    return found
