"""The program, for the tests of commands that need no run."""

from cli.program import isogloss

__all__ = ["isogloss"]
