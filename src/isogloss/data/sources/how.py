"""How a source becomes a dataset, whatever the source."""

from dataclasses import dataclass

from isogloss.errors import UserError


@dataclass(frozen=True)
class Import:
    """How a source becomes a dataset, whatever the source.

    Args:
        name: of the dataset; empty for that of its folder.
        validation: the share of pictures that is held out where the source has no splits of its own; by the hash of their
            bytes, so that the same picture under two names never stands on both sides.
        test: the same for the test.
        decoded: decode every picture to see whether it is whole, and not only those that do not end as they should.
        jobs: processes that read; 0 for one on each core.
    """

    name: str = ""
    validation: float = 0.05
    test: float = 0.05
    decoded: bool = False
    jobs: int = 0

    def __post_init__(self) -> None:
        for name in ("validation", "test"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name} is {getattr(self, name)}; give a share between 0 and 1.")
        if self.validation + self.test > 1:
            raise UserError(
                f"validation and test hold out {self.validation + self.test:g} of the pictures; keep some to train on."
            )
        if self.jobs < 0:
            raise UserError(f"jobs is {self.jobs}; give a whole number of at least 1, or 0 for one on each core.")

    def splits(self) -> dict[str, float]:
        return {"validation": self.validation, "test": self.test}
