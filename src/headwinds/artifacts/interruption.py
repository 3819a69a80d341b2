"""Signals that stop a run at a safe point: what was done is kept, and the same command goes on from there."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from headwinds.errors import Interrupted

_received: list[int] = []


@contextmanager
def graceful_stop() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into a request that `raise_if_stopped` honours; a second signal stops at once.

    The handlers of before are put back at the end. A request that comes after the last safe point of the block lets it
    finish. Outside the main thread, where Python allows no handlers, and within another such block, it changes nothing.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is _note:
        yield
        return
    _received.clear()
    previous = {number: signal.signal(number, _note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        _received.clear()


def stop_requested() -> bool:
    """Whether a signal asked to stop."""
    return bool(_received)


def request_stop(number: int) -> None:
    """Ask to stop as that signal would: for a process that is told of it by another, and gets no signal itself."""
    _received.append(number)


def raise_if_stopped() -> None:
    """Raise if a signal asked to stop; to be called where the work done so far is kept.

    Raises
    ------
    Interrupted
        With exit code 130 after SIGINT and 143 after SIGTERM.
    """
    if _received:
        raise _interrupted(_received[0])


def _note(number: int, _: FrameType | None) -> None:
    _received.append(number)
    if len(_received) > 1:
        raise _interrupted(number)


def _interrupted(number: int) -> Interrupted:
    error = Interrupted(
        f"Stopped by {signal.Signals(number).name}; what was done is kept.",
        remedy="Run the same command again to go on.",
    )
    error.exit_code = 128 + number
    return error
