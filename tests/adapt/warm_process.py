"""Processes that begin with the heavy libraries imported: forked from one that has imported them and done nothing else.

A Python that works with models imports for four seconds before it does anything, and the tests start dozens. One that is
started here is as fresh as any other: what it is forked from has run no operation, read no model, drawn no number and has
one thread. Program, arguments, folder, environment and streams are its own, and it ends as Python ends. What it starts by
this module is forked from where it was. What a test says about imports, or about what the environment does to them
(PYTHONHASHSEED, OMP_NUM_THREADS), it says with `subprocess`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import IO

_inherited: socket.socket | None = None
"""In a process that was started here: the way to its provider, which it may ask for others."""
LARGEST_ORDER = 100_000
"""Bytes: within what a socket takes in one piece."""
LIBRARIES = (
    "matplotlib.pyplot",
    "optuna",
    "pandas",
    "pyarrow.parquet",
    "safetensors.torch",
    "scipy.stats",
    "sklearn.linear_model",
    "torch",
    "transformers.models.bert.modeling_bert",
    "uvicorn",
)


@dataclass
class Warm:
    """A running process, with what tests ask of `subprocess.Popen`."""

    pid: int
    stdin: IO[str] | None
    stdout: IO[str] | None
    told: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code (of a signal less than zero), or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """If it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """As a service is ended."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would end it."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Our ends of its streams."""
        for stream in (self.stdin, self.stdout):
            if stream:
                stream.close()

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self.told], [], [], seconds)[0]:
            self.returncode = int(_line(self.told))
            os.close(self.told)
        return self.returncode


def start(
    *program: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[str] | None = None,
    stderr: int | IO[str] | None = None,
) -> Warm:
    """What `python *program` does: a file, ``-m MODULE`` or ``-c TEXT``, with arguments.

    `stdin` and `stdout` may be ``subprocess.PIPE``.
    """
    environment = dict(os.environ if env is None else env)
    paths = [*environment.get("PYTHONPATH", "").split(os.pathsep), *sys.path]
    order = {
        "program": program,
        "cwd": str(cwd or Path.cwd()),
        "env": environment,
        "path": list(dict.fromkeys(filter(None, paths))),
    }
    sent = json.dumps(order).encode()
    if len(sent) > LARGEST_ORDER:
        raise ValueError(f"an order of {len(sent)} bytes")
    ours: list[IO[str] | None] = []
    theirs: list[int] = []  # copies, which are closed here
    for stream, given in enumerate((stdin, stdout, stderr)):
        own, other = _ends(stream, given)
        ours.append(own)
        theirs.append(other)
    told, telling = os.pipe()
    try:
        socket.send_fds(_provider(), [sent], [*theirs, telling, _provider().fileno()])
    finally:
        for handle in (*theirs, telling):
            os.close(handle)
    return Warm(int(_line(told)), ours[0], ours[1], told)


def run(
    *program: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Wait for it; with what it wrote."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        code = start(*program, cwd=cwd, env=env, stdout=out, stderr=errors).wait()
        out.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(program, code, out.read(), errors.read())


def get_ready() -> None:
    """Import what others are forked from, so that the first of them does not wait for it."""
    _provider()


def _ends(stream: int, given: int | IO[str] | None) -> tuple[IO[str] | None, int]:
    """Of a stream the end that stays here, if any, and the one that is sent."""
    if given == subprocess.PIPE:
        reading, writing = os.pipe()
        return (os.fdopen(writing, "w"), reading) if stream == 0 else (os.fdopen(reading), writing)
    if given == subprocess.DEVNULL:
        return None, os.open(os.devnull, os.O_RDWR)
    if given is None:
        return None, os.dup(stream)
    return None, os.dup(given if isinstance(given, int) else given.fileno())


def _line(handle: int) -> str:
    found = b""
    while not found.endswith(b"\n"):
        piece = os.read(handle, 1)
        if not piece:
            raise RuntimeError(f"a process could not be started or followed; it said {found!r}")
        found += piece
    return found.decode()


@cache
def _provider() -> socket.socket:
    """To the process that those of this worker are forked from; it ends with the tests, and is no child of theirs."""
    if _inherited is not None:
        return _inherited
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.run(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=True,
        )
    return ours


def _provide(connection: socket.socket) -> None:
    """Fork a process an order, until nobody asks any more; returns in the processes that are asked for, ready to begin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: whoever asks decides
    signal.signal(signal.SIGCHLD, _bury)
    while True:
        sent, handles, _, _ = socket.recv_fds(connection, LARGEST_ORDER, 5)
        if not sent:
            os._exit(0)
        if os.fork() == 0:
            connection.close()
            _follow(*handles)
            _become(json.loads(sent))
            return
        for handle in handles:
            os.close(handle)


def _bury(*_: object) -> None:
    """Of those that followed a process to its end."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _follow(stdin: int, stdout: int, stderr: int, told: int, provider: int) -> None:
    """Fork once more: the child goes on, its parent tells its number and later how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    child = os.fork()
    if child == 0:
        for stream, handle in enumerate((stdin, stdout, stderr)):
            os.dup2(handle, stream)
            os.close(handle)
        os.close(told)
        _inherit(provider)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for handle in (stdin, stdout, stderr, provider):
        os.close(handle)  # so that a pipe ends with the child
    os.write(told, f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _inherit(provider: int) -> None:
    """Be the module that the program imports, if it does, so that it does not look for a provider of its own."""
    global _inherited
    os.set_inheritable(provider, False)
    _inherited = socket.socket(fileno=provider)
    sys.modules["adapt.warm_process"] = sys.modules["__main__"]


def _become(order: dict[str, object]) -> None:
    os.chdir(str(order["cwd"]))
    os.environ.clear()
    os.environ.update(order["env"])  # type: ignore[call-overload]
    sys.path[:] = ["", *order["path"]]  # type: ignore[misc]
    sys.argv[:] = order["program"]  # type: ignore[misc]
    for handle, name in enumerate(
        ("stdin", "stdout", "stderr")
    ):  # what is known of the streams is of other ones
        old = getattr(sys, name)
        new = open(  # noqa: SIM115 - they end with the process
            handle, "w" if handle else "r", 1 if handle == 2 else -1, old.encoding, old.errors, closefd=False
        )
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def _begin() -> None:
    """What Python does with its arguments; errors and exit codes go their way."""
    kind, *rest = sys.argv
    if kind == "-m":
        sys.argv[:] = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.argv[:] = ["-c", *rest[1:]]
        sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), vars(sys.modules["__main__"]))
    else:
        runpy.run_path(kind, run_name="__main__")


def _import() -> None:
    """What the work of Headwinds imports when it needs it, in one place; nothing of it is used."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is shared with those that are forked stays so


if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    _import()
    _provide(socket.socket(fileno=int(sys.argv[1])))
    _begin()
