"""The fixtures of training; the processor alone is used."""

import pytest
from train.fixtures import dataset, processor_only, text_tower

__all__ = ["dataset", "processor_only", "text_tower"]


@pytest.fixture(autouse=True)
def _on_the_processor(processor_only: None) -> None:
    """Every test of training."""
