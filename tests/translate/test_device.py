"""A device that is not there is told before a model is loaded."""

import pytest

from isogloss.errors import UserError
from isogloss.translate.device import choose_device


@pytest.mark.parametrize(
    ("asked", "gpus", "expected"),
    [("auto", 0, "cpu"), ("auto", 2, "cuda"), ("cpu", 2, "cpu"), ("cuda", 1, "cuda"), ("cuda:1", 2, "cuda:1")],
)
def test_devices_that_are_there(asked: str, gpus: int, expected: str) -> None:
    assert choose_device(asked, gpus, "PyTorch") == expected


@pytest.mark.parametrize(
    ("asked", "gpus", "message"),
    [
        ("cuda", 0, "There is no device 'cuda': PyTorch sees no GPU here"),
        ("cuda:1", 1, "sees one GPU here"),
        ("cuda:2", 2, "sees 2 GPUs, counted from 0 here"),
        ("gpu", 2, "There is no device 'gpu'; choose auto, cpu, cuda"),
        ("cuda:", 2, "There is no device 'cuda:'; choose"),
    ],
)
def test_devices_that_are_not(asked: str, gpus: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_device(asked, gpus, "PyTorch")
