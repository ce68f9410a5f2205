"""Which float type a served model computes in, and that it does."""

from pathlib import Path

import pytest
import torch
from serve.test_chat import SHORT
from serve.tiny_talker import picture, save_talker

from isogloss.errors import UserError
from isogloss.serve.chat import Chat
from isogloss.serve.chat_loading import open_chat
from isogloss.serve.float_type import choose_float_type


@pytest.mark.parametrize(
    ("asked", "device", "computes", "wanted"),
    [
        ("auto", "cpu", True, torch.float32),
        ("auto", "cuda:1", True, torch.bfloat16),
        ("auto", "cuda", False, torch.float32),
        ("bfloat16", "cpu", False, torch.bfloat16),
        ("float32", "cuda", True, torch.float32),
    ],
)
def test_the_type_that_suits_the_device_unless_one_is_asked_for(
    asked: str, device: str, computes: bool, wanted: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: computes)
    assert choose_float_type(asked, device) == wanted


def test_another_type_is_refused() -> None:
    with pytest.raises(UserError, match="There is no float type 'float64'"):
        choose_float_type("float64", "cpu")


def test_a_model_of_either_type_talks_in_either(tmp_path: Path) -> None:
    run = save_talker(tmp_path)
    whole = open_chat(str(run), device="cpu")[0]
    (tmp_path / "half").mkdir()
    half, processor = open_chat(str(run), device="cpu", dtype="bfloat16")
    assert {value.dtype for value in half.parameters()} == {torch.bfloat16}
    half.save_pretrained(tmp_path / "half" / "model")
    processor.save_pretrained(tmp_path / "half" / "model")
    again = open_chat(str(tmp_path / "half" / "model"), device="cpu")[0]
    assert {value.dtype for value in again.parameters()} == {torch.float32}, "it is fast on a processor"
    for name, value in again.named_parameters():
        assert torch.equal(value, whole.get_parameter(name).bfloat16().float()), name
    chat = Chat.load(str(run), device="cpu", dtype="bfloat16", generation=SHORT)
    assert chat.ask("a cat", images=[picture()]) and chat.ask("and it?")
