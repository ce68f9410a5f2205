"""Which letter, and so which colour and shape in the page, stands for which arm."""

from collections.abc import Sequence

from isogloss.report.content import Arm

# More marks than these would need more colours than can be told apart.
_LETTERS = "abcdef"
# The filled mark: a single arm has no other to be told from.
_ALONE = "b"


def marked(arms: Sequence[Arm]) -> list[tuple[str, Arm]]:
    """Every arm with its letter; after the sixth, letters come again."""
    if len(arms) == 1:
        return [(_ALONE, arms[0])]
    return [(_LETTERS[place % len(_LETTERS)], arm) for place, arm in enumerate(arms)]
