"""Which machine translations are thrown away, and why: each way to fail is a file."""

from isogloss.translate.quality.judge import REASONS, Checks, Verdict, judge

__all__ = ["REASONS", "Checks", "Verdict", "judge"]
