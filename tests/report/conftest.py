"""One small report, rendered once."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import synthetic


@pytest.fixture(scope="session")
def made():
    return synthetic.content()


@pytest.fixture(scope="session")
def few(made):
    """The same with few figures, for what hangs on none of them."""
    return replace(made, indicators=(), passages=())


@pytest.fixture(scope="session")
def files(made):
    from headwinds.report import render_report

    return render_report(made)


@pytest.fixture(scope="session")
def page(files):
    return files["report.html"].decode("utf-8")
