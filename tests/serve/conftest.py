"""Models fitted once a session, in a registry with one of them in production, and a server of it."""

from __future__ import annotations

import pytest

from headwinds.doors.registering import add_model, open_registry, promote_model
from registry.fitted import make_fitted
from serve.servers import served


@pytest.fixture(scope="session")
def fitted(tmp_path_factory):
    return make_fitted(tmp_path_factory.mktemp("fitted"))


@pytest.fixture(scope="session")
def gate(tmp_path_factory, fitted):
    path = tmp_path_factory.mktemp("gate") / "gate.toml"
    path.write_text(
        "largest_calibration_error = 1\nlargest_loss = 1.0\nsmallest_gain = 0.0\n"
        f'[[tests]]\npath = "{fitted.test}"\nrole = "old"\n'
    )
    return path


def make_registry(folder, fitted, gate):
    registry = open_registry(folder / "registry")
    add_model(registry, "speeches", fitted.good, licence="CC0")
    promote_model(registry, "speeches", gate)
    return registry


@pytest.fixture(scope="module")
def server(tmp_path_factory, fitted, gate):
    folder = tmp_path_factory.mktemp("served")
    make_registry(folder, fitted, gate).engine.dispose()
    with served(folder, "--registry", "registry", token="a-key-of-the-test-0123") as running:
        yield running
