"""Processes of their own for several runs at a time, which stop when the process that started them does."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection

from isogloss.errors import UserError

# glibc gives large blocks back to the system at once and asks for them anew in every step; kept, they make a small
# model's step about 1.3 times faster on a processor.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**30)}


def keep_memory() -> None:
    """Let processes that are started from now on keep the memory that they free, and tokenizers leave them the cores."""
    os.environ.update({name: value for name, value in _KEEP_MEMORY.items() if name not in os.environ})
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def workers(jobs: int) -> Generator[ProcessPoolExecutor]:
    """So many processes; when the block fails, or this process dies, those that train save a checkpoint and all end.

    Each holds one end of a pipe whose other end is here, and which closes by wish or by death.

    Raises:
        UserError: the system killed one of them.
    """
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with, initargs=(theirs,))
    try:
        yield pool
    except BrokenProcessPool as error:
        ours.close()
        raise UserError(
            "A run was ended by the system, most often for lack of memory; "
            + ("run the command again with --jobs 1." if jobs > 1 else "free some and run the command again.")
        ) from error
    except BaseException:
        ours.close()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()


def _end_with(pipe: Connection) -> None:
    # Ctrl-C reaches every process of a terminal; outside of training, which has its own way, the pipe's end says it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_terminate_after, args=(pipe,), daemon=True).start()


def _terminate_after(pipe: Connection) -> None:
    try:
        pipe.recv()  # nothing is ever sent
    except (EOFError, OSError):
        while True:  # the first is taken by a run that trains, which then saves and returns
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
