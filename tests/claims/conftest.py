"""The program, and the fixtures of runs; the processor alone is used, because a GPU's sums have no fixed order."""

from cli.program import isogloss
from train.fixtures import dataset, english_only, parallel, processor_only, text_tower

__all__ = ["dataset", "english_only", "isogloss", "parallel", "processor_only", "text_tower"]
