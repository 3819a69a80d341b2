"""One run of a study at a time. The kernel drops the lock when its holder dies, even by kill -9.

Scope: processes of one machine that use this lock (flock is advisory; over a network file system it holds only as far as
that one supports it). A child that a holder forked shares the lock until it ends too.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from headwinds.artifacts.storage import storage_error
from headwinds.errors import BusyError

LOCK = ".lock"
SECONDS_BETWEEN_TRIES = 0.1


@contextmanager
def study_lock(directory: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of a study's directory, which is made if need be.

    Parameters
    ----------
    wait
        Seconds to wait for another holder to end.

    Raises
    ------
    BusyError
        Another process still holds it after `wait` seconds; its number, host and start are told.
    StorageError
        The directory cannot be made or written, or its file system knows no locks.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = open(directory / LOCK, "a+", encoding="utf-8")  # noqa: SIM115 - closed below; closing it drops the lock
    except OSError as error:
        raise storage_error(error, directory / LOCK) from error
    with file:
        _acquire(file, directory, wait)
        _sign(file)
        try:
            yield
        finally:
            with suppress(OSError):
                file.truncate(0)


def _acquire(file: TextIO, directory: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    while not _try_lock(file.fileno(), directory):
        left = deadline - time.monotonic()
        if left <= 0:
            raise BusyError(
                f"The study in {directory} is being run by {_holder(directory)}.",
                remedy="Wait for it, or stop it.",
            )
        time.sleep(min(SECONDS_BETWEEN_TRIES, left))


def _try_lock(descriptor: int, directory: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise storage_error(error, directory / LOCK) from error
    return True


def _sign(file: TextIO) -> None:
    """Say who holds it: a courtesy to whoever waits, which a full disk may refuse without harm."""
    holder = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    with suppress(OSError):
        file.truncate(0)
        file.write(json.dumps(holder))
        file.flush()


def _holder(directory: Path) -> str:
    try:
        holder = json.loads((directory / LOCK).read_text(encoding="utf-8"))
        return f"process {holder['process']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
