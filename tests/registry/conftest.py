"""Models fitted once a session, and an empty registry a test, on every database that this machine has."""

from __future__ import annotations

import pytest

from headwinds.doors.registering import open_registry
from registry.cluster import STORES, Cluster
from registry.fitted import make_fitted


@pytest.fixture(scope="session")
def fitted(tmp_path_factory):
    return make_fitted(tmp_path_factory.mktemp("fitted"))


@pytest.fixture(scope="session")
def cluster():
    made = Cluster()
    yield made
    made.remove()


@pytest.fixture(params=STORES)
def database(request):
    """Of the index: "" for the file in the registry's folder, or the URL of an empty PostgreSQL database."""
    return request.getfixturevalue("cluster").database() if request.param == "postgresql" else ""


@pytest.fixture
def registry(tmp_path, database):
    opened = open_registry(tmp_path / "registry", database=database)
    yield opened
    opened.engine.dispose()
