"""How attention is computed on a processor: as plain matrix products for short sequences, fused for long ones."""

from pathlib import Path

import pytest
import torch

from isogloss.train.process import LONG_SEQUENCE, attention, attention_over, start_process
from isogloss.train.training import Training


def fused() -> bool:
    return torch.backends.cuda.flash_sdp_enabled()  # which is asked for processors too


@pytest.mark.parametrize(("tokens", "expected"), [(LONG_SEQUENCE - 1, False), (LONG_SEQUENCE, True)])
def test_long_sequences_are_read_by_the_fused_kernel(tmp_path: Path, tokens: int, expected: bool) -> None:
    accelerator = start_process(Training(precision="bfloat16"), tmp_path)
    with attention(accelerator):
        assert not fused()
        with attention_over(tokens):
            assert fused() is expected
        assert not fused()
    assert fused()
