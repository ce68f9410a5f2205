"""The fixtures of runs; the processor alone is used, because a GPU's sums have no fixed order."""

from train.fixtures import dataset, processor_only, text_tower

__all__ = ["dataset", "processor_only", "text_tower"]
