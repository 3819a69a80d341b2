"""Progress that a person can read: a bar in a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from headwinds.phrases.catalogue import say


class Progress(Protocol):
    """What a loop tells whoever watches it."""

    def update(self, done: int, message: str) -> None:
        """Say that `done` units of the total are done."""


@dataclass(slots=True)
class Silent:
    """Says nothing."""

    def update(self, done: int, message: str) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Lines:
    """A plain line at most every `seconds`, for logs."""

    title: str
    total: int
    seconds: float = 15.0
    _start: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)
    _found: int | None = None

    def update(self, done: int, message: str) -> None:
        """Print a line if enough time has passed."""
        if self._found is None:
            self._found = (
                done - 1
            )  # what an earlier run had done already tells nothing of the speed of this one
        now = time.monotonic()
        if now - self._last < self.seconds:
            return
        self._last = now
        left = (now - self._start) / (done - self._found) * (self.total - done)
        told = f", {message}" if message else ""
        sys.stderr.write(say(f"  {self.title}: {done:,} of {self.total:,}{told}, {left:.0f} s left") + "\n")
        sys.stderr.flush()


@contextmanager
def watch(title: str, total: int, *, quiet: bool = False) -> Iterator[Progress]:
    """Give a loop something to report to: a `rich` bar on a terminal, lines in a log, nothing if `quiet`."""
    if quiet:
        yield Silent()
        return
    if not sys.stderr.isatty():
        yield Lines(title, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[message]}"),
    )
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say(title), total=total, message="")

        class Terminal:
            def update(self, done: int, message: str) -> None:
                bar.update(task, completed=done, message=say(message))

        yield Terminal()
