"""What is written is not waited for until it is on the disk: of that every test would see only the time.

No test can take the power away; tests/artifacts simulates that, and there the calls are the real ones, as they are in every
process that a test starts.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from headwinds.artifacts.filesystem import RealFileSystem, use_file_system

gc.set_threshold(
    50_000, 20, 100
)  # collecting among all that the libraries made took a sixteenth of the processor's time


class Unwaiting(RealFileSystem):
    """The operating system's calls without fsync; what is not there is an error all the same."""

    @staticmethod
    def _sync(path: Path, flags: int) -> None:
        os.close(os.open(path, flags))


@pytest.fixture(autouse=True, scope="session")
def unwaiting():
    with use_file_system(Unwaiting()):
        yield
