"""The Ray cluster that a job runs on: one that is there already, or one of this machine that ends with this process."""

import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import ray
import ray.data
from ray._private import worker as ray_driver

from isogloss.errors import UserError

_HOST_AND_PORT = re.compile(r"\[?([^/\[\]]+)\]?:(\d+)")
# Seconds; Ray itself tries for two minutes.
_REACHED = 10.0


def connect() -> None:
    """Be connected: to the cluster that RAY_ADDRESS names or that `ray start` began here, or else to one that is started.

    Ray ends what it starts here together with this process, however that ends.

    Raises:
        UserError: RAY_ADDRESS names no cluster that can be reached.
    """
    _keep_quiet()
    if ray.is_initialized():
        return
    address = os.environ.get("RAY_ADDRESS", "")
    named = _HOST_AND_PORT.fullmatch(address)
    try:
        if named:
            socket.create_connection((named[1], int(named[2])), _REACHED).close()
        with _handler_of_termination(), _silent_start():
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, OverflowError, ValueError, RuntimeError) as error:
        if not address:
            raise
        raise UserError(
            f"There is no Ray cluster to be reached at {address}, which RAY_ADDRESS names ({error}); correct it, or unset it "
            "to translate on this machine."
        ) from error


def _keep_quiet() -> None:
    """Draw no bars and print no lines of Ray Data's, whose log file stays; nor Ray's own, which go to standard output."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.CRITICAL)
    # There is no public way to keep the notes on a worker that died out of what this program prints.
    ray_driver._worker_logs_enabled = False  # pyright: ignore[reportPrivateUsage]


@contextmanager
def _handler_of_termination() -> Generator[None]:
    """Keep what this process does when it is terminated, in whose place Ray puts its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _silent_start() -> Generator[None]:
    """Keep Ray's core from writing past Python to standard error: of each pool of workers it warns what cannot happen here.

    That it was told to be silent it writes too, so that the stream itself leads nowhere for so long.
    """
    setting = "RAY_BACKEND_LOG_LEVEL"
    if setting in os.environ:
        yield
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.environ[setting] = "fatal"
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
        del os.environ[setting]
