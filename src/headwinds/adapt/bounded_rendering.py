"""A template of a checkpoint rendered within bounds of time and memory.

The sandbox of jinja keeps a template from files and from Python's objects; it does not keep it from looping for ever or from
doubling a text forty times. So it is rendered in a thread that is ended when its time is over, and with a bound on what
memory the process may take meanwhile. Multiplications and powers are refused beforehand: one such step alone can outlast
everything, and nothing can interrupt it.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from headwinds.errors import CheckpointError

try:
    import resource
except ImportError:  # where there is no such bound, time alone is bounded
    resource = None  # type: ignore[assignment]

SECONDS = 10.0
BYTES = 1 << 30
REFUSED = frozenset({"*", "**"})
_ONE = threading.Lock()  # the bound on memory is one of the whole process


class _Ended(BaseException):
    """Raised within a rendering whose time is over; no template can catch it."""


@lru_cache(maxsize=16)
def check_template(template: str) -> None:
    """Refuse a template that multiplies or takes powers.

    Raises
    ------
    CheckpointError
        It does, or it cannot be taken apart.
    """
    from jinja2 import Environment, TemplateError

    try:
        tokens = list(Environment().lex(template))  # noqa: S701 - nothing is rendered
    except TemplateError as error:
        raise CheckpointError(
            f"The chat template of this checkpoint is no template: {error}.",
            remedy="Name another checkpoint.",
        ) from error
    if any(kind == "operator" and sign in REFUSED for _, kind, sign in tokens):
        raise CheckpointError(
            "The chat template of this checkpoint multiplies, which no conversation needs and which can take for ever.",
            remedy="Take the template out of its folder to use the plain one, or name another checkpoint.",
        )


def rendered_within(render: Callable[[], str], *, seconds: float = SECONDS, memory: int = BYTES) -> str:
    """What `render` gives, computed in a thread.

    Raises
    ------
    CheckpointError
        It takes more than `seconds`, or about `memory` bytes more than the process has.
    Exception
        What `render` raises.
    """
    found: list[str] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.append(render())
        except BaseException as error:
            failed.append(error)

    with _ONE, _bounded(memory):
        thread = threading.Thread(target=work, name="headwinds-template", daemon=True)
        thread.start()
        thread.join(seconds)
        late = thread.is_alive()
        while thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Ended)
            )
            thread.join(0.05)
    if late:
        raise CheckpointError(
            f"The chat template of this checkpoint takes more than {seconds:g} seconds for a conversation.",
            remedy="Take the template out of its folder to use the plain one, or name another checkpoint.",
        )
    if failed and isinstance(failed[0], MemoryError | RecursionError):
        raise CheckpointError(
            f"The chat template of this checkpoint takes more than {memory >> 20:,} MB for a conversation, or calls itself "
            "without an end.",
            remedy="Take the template out of its folder to use the plain one, or name another checkpoint.",
        ) from failed[0]
    if failed:
        raise failed[0]
    return found[0]


@contextmanager
def _bounded(memory: int) -> Iterator[None]:
    """No more address space than there is and so many bytes."""
    size = Path("/proc/self/statm")
    if resource is None or not size.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = int(size.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") + memory
    known = [one for one in (most, *before) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(known), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
