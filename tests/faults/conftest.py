"""The fixtures of runs; the processor alone is used, because a GPU's sums have no fixed order."""

from train.fixtures import dataset, english_only, parallel, processor_only, text_tower

__all__ = ["dataset", "english_only", "parallel", "processor_only", "text_tower"]
