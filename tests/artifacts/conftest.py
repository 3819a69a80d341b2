"""Here the disk is waited for, as users wait for it."""

from __future__ import annotations

import pytest

from headwinds.artifacts.filesystem import RealFileSystem, use_file_system


@pytest.fixture(autouse=True)
def waiting():
    with use_file_system(RealFileSystem()):
        yield
