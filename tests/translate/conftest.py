"""The program, in the tests' own process."""

from cli.program import isogloss

__all__ = ["isogloss"]
