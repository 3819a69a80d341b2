"""Start the processes of a training, follow them, and end them: the one that a user started never computes and never hangs.

Each process prepares the same training and goes through the same loop; the first writes the ordinary state. What they have
to say (progress, epochs, errors) comes through pipes, so that one line is told and not one a process. Their ends hang on
each other: if one goes, all go; if this process goes, they see the pipe closed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import connection as pipes
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

from headwinds.adapt.training.device import choose_device
from headwinds.adapt.training.progress import Silent, watch
from headwinds.adapt.training.together import Seat, Together, joined
from headwinds.artifacts.interruption import raise_if_stopped, request_stop, stop_requested
from headwinds.compute.capacity import usable_cores
from headwinds.errors import HeadwindsError, SettingsError, TrainingError

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.loop import AfterEpoch
    from headwinds.adapt.training.progress import Progress

Connection = Any  # multiprocessing's, whose name differs by system
Work = Callable[[Together], None]

LOOK = 0.2
TIME_TO_SPEAK = 1.0
"""Seconds after the first sign of trouble in which the others may say what it is."""


@dataclass(slots=True)
class _Member:
    """A process, and what is known of it."""

    number: int
    process: Any
    pipe: Connection
    done: bool = False
    refused: HeadwindsError | None = None
    failed: str = ""
    failed_at: float = 0.0
    open: bool = True


def require_room(settings: TuneSettings) -> None:
    """Refuse more processes than there is something for each of them to compute on.

    Raises
    ------
    SettingsError
        There are fewer cores, or fewer GPUs.
    """
    if settings.processes == 1:
        return
    import torch

    on_gpu = choose_device(settings.device) == "cuda"
    there = torch.cuda.device_count() if on_gpu else usable_cores()
    if settings.processes > there:
        raise SettingsError(
            f"processes = {settings.processes}, but this machine has {there} "
            f"{'GPU' if on_gpu else 'core'}{'' if there == 1 else 's'} to train on.",
            remedy=f"Set processes to at most {there}; the model is the same up to rounding and the draws of dropout.",
        )


def train_on_processes(
    work: Work, settings: TuneSettings, *, title: str, quiet: bool, after_epoch: AfterEpoch | None
) -> None:
    """Let `settings.processes` processes do `work`, which must be something that another process can be told of.

    `after_epoch` is told of every epoch that the first process reports; what it raises ends them all.

    Raises
    ------
    TrainingError
        One of them was ended from outside.
    Interrupted
        A signal came; the state is saved.
    HeadwindsError
        What one of them refused.
    """
    import torch

    context = multiprocessing.get_context("spawn")
    size, device = settings.processes, choose_device(settings.device)
    threads = max(1, torch.get_num_threads() // size)
    members: list[_Member] = []
    with TemporaryDirectory(prefix="headwinds-") as folder:
        try:
            for number in range(size):
                ours, theirs = context.Pipe()
                seat = Seat(number, size, Path(folder) / "meeting", device, threads, settings.sharding)
                process = context.Process(target=take_seat, args=(seat, work, theirs), daemon=True)
                with _without_main():
                    process.start()
                theirs.close()
                members.append(_Member(number, process, ours))
            _follow(members, title, quiet, after_epoch)
        finally:
            for member in members:
                member.process.kill()
                member.process.join()
                member.pipe.close()


@contextmanager
def _without_main() -> Iterator[None]:
    """A process that is started runs the script again that it was started from; here there is nothing for it to run."""
    held = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = held


def _follow(members: list[_Member], title: str, quiet: bool, after_epoch: AfterEpoch | None) -> None:
    """Hear the processes until all are done, or one is not.

    Raises
    ------
    HeadwindsError
        See `train_on_processes`.
    """
    asked, deadline = False, float("inf")
    with ExitStack() as stack:
        progress: Progress = Silent()
        while not all(member.done for member in members):
            if stop_requested() and not asked:
                asked = True
                _send(members[0].pipe, signal.SIGTERM.value)
            pipes.wait([member.pipe for member in members if member.open], timeout=LOOK)
            for member in members:
                for kind, *held in _messages(member):
                    if kind == "total":
                        progress = stack.enter_context(watch(title, held[0], quiet=quiet))
                    elif kind == "progress":
                        progress.update(*held)
                    elif kind == "epoch" and after_epoch is not None:
                        after_epoch(*held)
            if any(member.refused or member.failed or _gone(member) for member in members):
                deadline = min(deadline, time.monotonic() + TIME_TO_SPEAK)
            if any(member.refused for member in members) or time.monotonic() > deadline:
                break
    if not all(member.done for member in members):
        _tell(members)


def _messages(member: _Member) -> Iterator[tuple[Any, ...]]:
    """What a process said since it was last heard."""
    try:
        while member.open and member.pipe.poll():
            kind, *held = member.pipe.recv()
            if kind == "done":
                member.done = True
            elif kind == "refused":
                [member.refused] = held
            elif kind == "failed":
                member.failed_at, member.failed = held
            else:
                yield kind, *held
    except (EOFError, OSError):
        member.open = False


def _gone(member: _Member) -> bool:
    """Whether a process ended without a word."""
    silent = not (member.done or member.refused or member.failed)
    return silent and not member.open


def _tell(members: list[_Member]) -> None:
    """Raise what is wrong: what a process refused; else that one is gone; else where one failed."""
    for member in members:
        if member.refused is not None:
            raise_if_stopped()  # with the exit code of the signal that this process got
            raise member.refused
    for member in members:
        if _gone(member):
            member.process.join(TIME_TO_SPEAK)
            code = member.process.exitcode
            how = f" by {signal.Signals(-code).name}" if code is not None and code < 0 else ""
            raise TrainingError(
                f"Process {member.number + 1} of the {len(members)} that trained together was ended{how}.",
                remedy="The last good state is kept: run the same command again to go on. If memory was short, lower "
                "batch_tokens or processes.",
            )
    first = min((member for member in members if member.failed), key=lambda member: member.failed_at)
    raise RuntimeError(f"One of the {len(members)} processes failed:\n{first.failed}")


def _send(pipe: Connection, message: object) -> bool:
    try:
        pipe.send(message)
    except OSError:
        return False
    return True


def take_seat(seat: Seat, work: Work, pipe: Connection) -> None:
    """What each of the processes does; `pipe` leads to the one that started it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # they reach the process that was started, which decides
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)  # the libraries' last words, when others are gone, are none for a user
    threading.Thread(target=_hear, args=(pipe,), daemon=True).start()

    def tell(*message: object) -> None:
        _send(pipe, message)

    try:
        with joined(seat):
            work(Together(seat, tell))
        tell("done")
    except HeadwindsError as error:
        tell("refused", error)
    except BaseException:  # whatever it is, it is told where it is seen
        tell("failed", time.monotonic(), traceback.format_exc())
    os._exit(0)  # libraries may wait for others at their end


def _hear(pipe: Connection) -> None:
    """The one message is a stop; where the pipe ends, the process that started this one is no more."""
    try:
        while True:
            request_stop(pipe.recv())
    except (EOFError, OSError):
        os._exit(1)
