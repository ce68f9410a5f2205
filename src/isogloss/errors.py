"""What a user can mend is said in one sentence."""

from collections.abc import Iterable
from difflib import get_close_matches

# How alike names are that one may have meant, as difflib counts it; so many others are listed where none is.
_NEAR, _FEW = 0.5, 12


class UserError(Exception):
    """A mistake the user can mend; its message says in one sentence what is wrong and what to do.

    The command line prints the message alone and exits with code 2.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that is not known, with the nearest known one, or all where they are few and none is near.

    >>> str(unknown("recipe", "clip_emojy", ["clip_emoji", "text_emoji"]))
    "There is no recipe 'clip_emojy'; did you mean 'clip_emoji'?"
    """
    names = sorted(known)
    if not names:
        return UserError(f"There is no {kind} '{name}', and none is known here.")
    near = get_close_matches(name, names, n=1, cutoff=_NEAR if 1 < len(names) <= _FEW else 0.0)
    if near:
        return UserError(f"There is no {kind} '{name}'; did you mean '{near[0]}'?")
    return UserError(f"There is no {kind} '{name}'; there is {', '.join(names)}.")
