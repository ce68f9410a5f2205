"""What belongs to the process and not to a run: seed, device, process group, precision, and being asked to stop."""

import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState
from accelerate.tracking import get_available_trackers
from accelerate.utils import LoggerType, set_seed
from torch.nn.attention import SDPBackend, sdpa_kernel

from isogloss.errors import UserError, unknown
from isogloss.train.training import Training

# Tokens from which on PyTorch's fused attention on a processor in bfloat16 is faster than plain matrix products. With 8 heads
# of 32 and the mask of packed rows it was 0.68 times as fast at 96 tokens, 1.48 times at 192 and 1.68 times at 512.
LONG_SEQUENCE = 192
# What `accelerate launch` says of a model that is to be shared out. One process saves and validates alone, and looks at no
# picture where it has none, so that the others would wait for its share for ever.
_SHARDING = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "Accelerate's parallelism_config",
}
_AS_PYTORCH_CHOOSES = (
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.EFFICIENT_ATTENTION,
    SDPBackend.CUDNN_ATTENTION,
    SDPBackend.MATH,
)


def computes_bfloat16() -> bool:
    """Whether this machine multiplies bfloat16 matrices in hardware, on its GPU or else its processor."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # PyTorch has no public question for it.
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # pyright: ignore[reportPrivateUsage]


def start_process(training: Training, folder: Path) -> Accelerator:
    """Set the seed, the device, the process group, the precision and the trackers: the one place that does.

    Raises:
        UserError: a tracker is not known or not installed, or a launcher wants to share the model out among processes.
    """
    for name, kind in _SHARDING.items():
        if os.environ.get(name, "").lower() in ("1", "true"):
            raise UserError(
                f"{kind} shares a model out among processes, and each of them has to hold the whole of it here; launch with "
                "--multi_gpu and without it, and for less memory set gradient_checkpointing, micro_batches or lora.rank, where "
                "a recipe has them."
            )
    for tracker in training.trackers:
        if tracker not in LoggerType.list():
            raise unknown("tracker", tracker, LoggerType.list())
        if tracker not in map(str, get_available_trackers()):
            raise UserError(
                f"The tracker '{tracker}' is not installed; install its package or leave it out of trackers."
            )
    set_seed(training.seed)
    # A process trains several runs, each in its own precision, and Accelerate else holds the first one's for all.
    AcceleratorState._reset_state()  # pyright: ignore[reportPrivateUsage]
    bfloat16 = training.precision == "bfloat16" or (training.precision == "auto" and computes_bfloat16())
    return Accelerator(
        mixed_precision="bf16" if bfloat16 else "no",
        log_with=list(training.trackers) or None,
        project_dir=str(folder),
        # Frozen parameters are in no graph, and data-parallel training has to expect that.
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )


def seed_step(seed: int, step: int, process: int) -> None:
    """Dropout and masking are functions of the step too, so that a resumed run repeats them."""
    torch.manual_seed((seed * 1_000_003 + step) * 1_009 + process)


@contextmanager
def attention(accelerator: Accelerator) -> Generator[None]:
    """How attention is computed: as PyTorch chooses, but on a processor in bfloat16.

    There its fused kernel, backwards above all, takes up to four times as long as plain matrix products for captions of
    some ten tokens, as long for pictures of 197, and is the faster one only for longer sequences (`attention_over`).
    """
    if accelerator.device.type == "cpu" and accelerator.mixed_precision == "bf16":
        with sdpa_kernel(SDPBackend.MATH):
            yield
    else:
        yield


@contextmanager
def attention_over(tokens: int) -> Generator[None]:
    """Within `attention`, how it is computed over sequences of so many tokens: as PyTorch chooses where they are long.

    In packed rows the conversations are kept apart by a mask, which plain matrix products pay for in full.
    """
    if tokens < LONG_SEQUENCE:
        yield
    else:
        with sdpa_kernel(list(_AS_PYTORCH_CHOOSES)):
            yield


@contextmanager
def interruption() -> Generator[Callable[[], bool]]:
    """Whether Ctrl-C or a termination was asked for since; a second Ctrl-C ends at once."""
    if threading.current_thread() is not threading.main_thread():  # where Python sets no handlers, as in a web app
        yield lambda: False
        return
    asked: list[int] = []

    def note(number: int, frame: Any) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in numbers]
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def default_signals(worker: int) -> None:
    """In a process that prepares batches: what it inherited would swallow the signal that ends it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def any_process(accelerator: Accelerator, flag: bool) -> bool:
    """Whether any process has the flag: all have to stop at one step, or they would wait for each other for ever."""
    if accelerator.num_processes == 1:
        return flag
    flags: Any = accelerator.reduce(torch.tensor(int(flag), device=accelerator.device), "sum")
    return bool(flags)
