"""Models fitted once a session, and an empty registry a test."""

from __future__ import annotations

import pytest

from headwinds.doors.registering import open_registry
from registry.fitted import make_fitted


@pytest.fixture(scope="session")
def fitted(tmp_path_factory):
    return make_fitted(tmp_path_factory.mktemp("fitted"))


@pytest.fixture
def registry(tmp_path):
    opened = open_registry(tmp_path / "registry")
    yield opened
    opened.engine.dispose()
