"""A pytest plugin that notes what is compared with `pytest.approx`: in which test, ours, the published, the tolerance.

python -m pytest -p scripts.docs_site.comparisons --comparisons FILE tests/replications
"""

from __future__ import annotations

import inspect
import json
import linecache
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

_rows: list[dict[str, Any]] = []
_running: dict[str, str] = {}
_approx = pytest.approx


class Compared:
    """What `pytest.approx` gives, with its comparisons noted."""

    __array_ufunc__ = None  # numpy leaves the comparison to us
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expected: Any, rel: Any = None, abs: Any = None, nan_ok: bool = False) -> None:  # noqa: A002
        self._real = _approx(expected, rel=rel, abs=abs, nan_ok=nan_ok)
        self._expected, self._tolerance = expected, {"rel": rel, "abs": abs}
        caller = inspect.stack()[1]
        self._where = linecache.getline(caller.filename, caller.lineno).strip()
        names = caller.frame.f_locals
        self._about = next((names[key] for key in ("name", "span") if isinstance(names.get(key), str)), "")

    def __eq__(self, actual: object) -> bool:
        same = bool(self._real == actual)
        _rows.append(
            {
                "test": _running.get("test", ""),
                "line": self._where,
                "about": self._about,
                "ours": numbers(actual),
                "published": numbers(self._expected),
                "tolerance": {name: value for name, value in self._tolerance.items() if value is not None},
                "same": same,
            }
        )
        return same

    def __repr__(self) -> str:
        return repr(self._real)


def numbers(value: Any) -> list[float]:
    """The numbers of a scalar or a sequence; what is not a finite number is left out."""
    values = value.tolist() if hasattr(value, "tolist") else value
    flat = values if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    return [float(one) for one in flat if isinstance(one, (int, float)) and math.isfinite(one)]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Ask for the file."""
    parser.addoption("--comparisons", required=True, help="where the comparisons are written")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note."""
    pytest.approx = Compared  # type: ignore[assignment]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Know which test it is."""
    _running["test"] = item.nodeid


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write what was noted."""
    pytest.approx = _approx
    Path(config.getoption("--comparisons")).write_text(json.dumps(_rows), encoding="utf-8")
