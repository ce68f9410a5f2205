"""Launchers that share a model out among processes are refused, in a sentence, before anything is built."""

from pathlib import Path

import pytest

from isogloss.errors import UserError
from isogloss.train.process import start_process
from isogloss.train.training import Training


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ACCELERATE_USE_FSDP", "FSDP"),
        ("ACCELERATE_USE_DEEPSPEED", "DeepSpeed"),
        ("ACCELERATE_USE_MEGATRON_LM", "Megatron-LM"),
        ("ACCELERATE_USE_PARALLELISM_CONFIG", "Accelerate's parallelism_config"),
    ],
)
def test_a_model_that_would_be_shared_out(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "true")
    with pytest.raises(UserError, match=rf"^{kind} shares a model out .* launch with --multi_gpu and without it"):
        start_process(Training(), tmp_path)
    monkeypatch.setenv(name, "false")
    assert start_process(Training(), tmp_path).num_processes == 1
