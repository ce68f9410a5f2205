"""What machines can do: a table of accelerators by their makers' data sheets, and this machine by measurement."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from isogloss.train.process import computes_bfloat16

# The share of a measured product of large matrices that whole steps reached (docs/results/estimate.md: 0.50 to 0.78). Of what
# a data sheet promises, less is reached.
MEASURED_SHARE = 0.6
# Long enough that calling it takes no noticeable share, short enough to wait for.
_MATRIX, _COPY, _REPEATS = 2048, 2**27, 3


@dataclass(frozen=True)
class Device:
    """A machine's limits.

    Args:
        bfloat16, float32: operations a second of dense matrix products; None where it has none in hardware.
        bandwidth: of its memory, bytes a second.
        memory: bytes.
        source: of these figures.
    """

    name: str
    bfloat16: float | None
    float32: float
    bandwidth: float
    memory: float
    source: str


# Matrix products are dense (data sheets like to give twice that, for sparse ones), and in bfloat16 summed up in float32.
# Those in float32 are without TF32, which PyTorch leaves off unless told otherwise.
DEVICES = (
    Device("H200 SXM", 989e12, 67e12, 4.8e12, 141e9, "NVIDIA H200 data sheet"),
    Device("H100 SXM", 989e12, 67e12, 3.35e12, 80e9, "NVIDIA H100 data sheet"),
    Device("A100 80 GB SXM", 312e12, 19.5e12, 2.039e12, 80e9, "NVIDIA A100 data sheet"),
    Device("L4", 121e12, 30.3e12, 0.3e12, 24e9, "NVIDIA L4 data sheet"),
    Device("RTX 4090", 165.2e12, 82.6e12, 1.008e12, 24e9, "NVIDIA Ada GPU architecture, appendix A"),
)


def this_machine(clock: Callable[[], float] = time.perf_counter) -> Device:
    """What PyTorch makes of this machine now, beside whatever else runs on it: a matrix product and a copy of memory.

    Args:
        clock: in seconds; `time.process_time` leaves out what other work takes, where one thread computes.
    """
    cuda = torch.cuda.is_available()
    place = torch.device("cuda" if cuda else "cpu")

    def products(kind: torch.dtype) -> float:
        matrix = torch.ones(_MATRIX, _MATRIX, dtype=kind, device=place)
        return 2 * _MATRIX**3 / _fastest(lambda: matrix @ matrix, clock, cuda)

    block, target = (torch.ones(_COPY // 4, device=place) for _ in range(2))
    name = torch.cuda.get_device_name() if cuda else f"{platform.machine()}, {torch.get_num_threads()} threads"
    return Device(
        name=f"this machine ({name})",
        bfloat16=products(torch.bfloat16) if computes_bfloat16() else None,
        float32=products(torch.float32),
        bandwidth=2 * _COPY / _fastest(lambda: target.copy_(block), clock, cuda),
        memory=torch.cuda.mem_get_info()[1] if cuda else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        source=f"measured: a product of {_MATRIX} × {_MATRIX} matrices, a copy of {_COPY // 2**20} MiB",
    )


def _fastest(work: Callable[[], object], clock: Callable[[], float], cuda: bool) -> float:
    """The least seconds of a few repetitions: what disturbs them only ever makes them longer."""
    seconds: list[float] = []
    for _ in range(1 + _REPEATS):  # the first one warms up
        started = clock()
        work()
        if cuda:
            torch.cuda.synchronize()
        seconds.append(clock() - started)
    return min(seconds[1:])
