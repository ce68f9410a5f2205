"""Conversations that training leaves out or cuts: how many, and why."""

import re
import warnings
from dataclasses import dataclass, field

from isogloss.data.tables import many
from isogloss.errors import UserError

Place = tuple[str, int]

# What differs between two reasons of one kind: names and numbers.
_PARTICULAR = re.compile(r"'.*'|[0-9][0-9,]*")


@dataclass
class Unfit:
    """What one process left out or cut, told as it is met: the 1st, 10th, 100th … of each kind.

    Attributes:
        places: the conversations by kind of reason, each by its part and row.
        first_refused: what is wrong with the first that cannot be trained on at all.
    """

    places: dict[str, set[Place]] = field(default_factory=dict[str, set[Place]])
    first_refused: UserError | None = None

    def refuse(self, place: Place, error: UserError) -> None:
        """One that cannot be trained on, whose error may have the reason as its cause."""
        self.first_refused = self.first_refused or error
        self._note(place, str(error.__cause__ or error), "left out", str(error))

    def leave_out(self, place: Place, reason: str) -> None:
        """One that has no room."""
        self._note(place, reason, "left out", reason)

    def cut(self, place: Place, reason: str) -> None:
        """One that loses its last turns."""
        self._note(place, reason, "cut after a reply", reason)

    def _note(self, place: Place, reason: str, what: str, example: str) -> None:
        places = self.places.setdefault(_PARTICULAR.sub("…", reason), set())
        known = place in places
        places.add(place)
        count = len(places)
        if not known and set(str(count)[1:]) <= {"0"} and str(count)[0] == "1":
            so_far = f"{many(count, 'conversation')} {'was' if count == 1 else 'were'} {what} so far"
            warnings.warn(f"{so_far}. {example}", stacklevel=2)
