"""One run of a study at a time. The kernel drops the lock when its holder dies, even by kill -9."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headwinds.errors import BusyError, StorageError

LOCK = ".lock"
SECONDS_BETWEEN_TRIES = 0.1


@contextmanager
def study_lock(directory: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of a study's directory.

    Raises
    ------
    BusyError
        Another process still holds it after `wait` seconds; its number, host and start are told.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = open(directory / LOCK, "a+", encoding="utf-8")  # noqa: SIM115 - closed below; closing it drops the lock
    except OSError as error:
        raise StorageError(f"{directory} cannot be used: {(error.strerror or 'refused').lower()}.") from error
    with file:
        deadline = time.monotonic() + wait
        while not _try_lock(file.fileno()):
            if time.monotonic() >= deadline:
                raise BusyError(
                    f"{directory} is in use by {_holder(directory)}.", remedy="Wait for it, or stop it."
                )
            time.sleep(SECONDS_BETWEEN_TRIES)
        file.truncate(0)
        started = time.strftime("%Y-%m-%d %H:%M:%S")
        file.write(json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": started}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(directory: Path) -> str:
    try:
        holder = json.loads((directory / LOCK).read_text(encoding="utf-8"))
        return f"process {holder['process']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
