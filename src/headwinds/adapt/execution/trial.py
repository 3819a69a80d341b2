"""One trial: does this code pass these tests? Both run confined, and neither can say more than its verdict."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from headwinds.adapt.execution.confinement import unconfinable
from headwinds.errors import SettingsError

PROGRAM = Path(__file__).with_name("confined.py")
OUTCOMES = ("passed", "failed", "error", "ended", "memory", "time")


@dataclass(frozen=True, slots=True)
class ExecutionLimits:
    """What one trial may take: seconds in all, bytes of memory of each of its two processes."""

    seconds: float = 5.0
    memory_bytes: int = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a trial.

    Attributes
    ----------
    outcome
        "passed"; "failed" (an assertion does not hold), "error" (anything else was raised), "ended" (the code ended its own
        process), "memory", "time".
    detail
        The message of what was raised, at most 500 characters; it may quote the code's own words.
    seconds
        On the clock, starting both processes included.
    """

    outcome: str
    detail: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every test held."""
        return self.outcome == "passed"


def require_confinement() -> None:
    """Refuse where foreign code cannot be contained.

    Raises
    ------
    SettingsError
        What this machine lacks.
    """
    missing = unconfinable()
    if missing:
        raise SettingsError(
            f"Generated code cannot be run safely here: {missing}.",
            remedy="Run the tests on Linux 5.13 or newer; generating needs none of it.",
        )


def try_code(code: str, tests: str, limits: ExecutionLimits | None = None) -> Verdict:
    """Run `tests` (Python with assertions) on what `code` defines.

    Every name that the code defines at its top is known to the tests. They run in another process, so values pass between
    the two as copies: numbers, texts, containers; an object of the code's own classes stays there and is handed back as
    it is. So neither an exit code nor a printed word nor an object that equals everything passes for an answer.

    Raises
    ------
    SettingsError
        This machine cannot confine a process.

    Examples
    --------
    >>> try_code("def double(x): return 2 * x", "assert double(4) == 8").outcome
    'passed'
    >>> try_code("import os; os._exit(0)", "assert True").outcome
    'ended'
    """
    require_confinement()
    limits = limits or ExecutionLimits()
    started = time.monotonic()
    to_candidate, from_candidate, verdict = os.pipe(), os.pipe(), os.pipe()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        candidate = (to_candidate[0], from_candidate[1])
        tester = (from_candidate[0], to_candidate[1], verdict[1])
        try:
            processes.append(_start("candidate", candidate, code, limits))
            processes.append(_start("tester", tester, tests, limits))
        finally:
            for handle in (*candidate, *tester):
                os.close(handle)
        found = _read_verdict(verdict[0], started + limits.seconds)
    finally:
        os.close(verdict[0])
        for process in processes:
            process.kill()
            process.wait()
    outcome, detail = found
    return Verdict(outcome, detail, time.monotonic() - started)


def _start(
    role: str, handles: tuple[int, ...], source: str, limits: ExecutionLimits
) -> subprocess.Popen[bytes]:
    reader, writer, *more = handles
    seconds = max(1, int(limits.seconds + 1))
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(PROGRAM), role]
        + [str(item) for item in (reader, writer, seconds, limits.memory_bytes, *more)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=handles,
        cwd="/",
        env={},
        start_new_session=True,
    )
    if process.stdin is not None:
        # A process that could not confine itself is gone, and no verdict will come.
        with contextlib.suppress(BrokenPipeError), process.stdin as stream:
            stream.write(json.dumps(source).encode() + b"\n")
    return process


def _read_verdict(handle: int, deadline: float) -> tuple[str, str]:
    received = b""
    verdict = select.poll()
    verdict.register(handle, select.POLLIN)
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not verdict.poll(1000 * left):
            return "time", ""
        piece = os.read(handle, 65536)
        if not piece:
            break
        received += piece
    if not received:
        return "error", "The tests' process ended without a verdict."
    outcome, detail = json.loads(received)
    return outcome, detail
