"""Workers of this machine that begin where the heavy libraries are imported, which takes longer than what they do in a test.

Each is the program that every worker is, in a process of its own; tests/compute and the command line of tests/study start
cold ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from adapt.warm_process import Warm, get_ready, start
from headwinds.compute import local
from headwinds.compute.worker import ONE_THREAD


def _program(handle: int) -> Warm:
    return start("-m", "headwinds.compute.worker", "0", stdin=handle, env=os.environ | ONE_THREAD)


@contextmanager
def warm_workers() -> Iterator[None]:
    """Within it, in this process and in those that it forks, every worker begins warm."""
    get_ready()
    with patch.object(local, "_program", _program):
        yield
