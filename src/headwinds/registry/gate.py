"""The gate before production, as a file that a person can read: which tests, and what a candidate must not do worse at.

metric = "macro_f1"
largest_loss = 0.02

[[tests]]
path = "frozen-2015.csv"
role = "old"
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from headwinds.contracts.suggestions import nearest
from headwinds.errors import SettingsError

ROLES = ("old", "new")
FLOORS = ("floor", "slice_floor")


@dataclass(frozen=True, slots=True)
class FrozenTest:
    """Labelled rows that no model was or will be fitted to.

    Attributes
    ----------
    path
        A labelled file; relative to the gate's own file.
    role
        "old": what the model in production was judged on, where the candidate must not forget; "new": what it was made for.
    group, slices
        Columns: drawn together for the intervals; by whose values the metric is told apart.
    sha256
        Of the file, so that it stays frozen; empty: not asked.
    """

    path: Path
    role: str
    group: str = ""
    slices: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """What a candidate must pass.

    Attributes
    ----------
    tests
        At least one.
    metric
        By which versions are compared; empty: the task's main one. Higher is better.
    largest_loss
        The lower end of the 95% interval of candidate minus production, in pairs, must not be below minus this on old tests.
    smallest_gain
        The difference on new tests must be at least this.
    floor
        The metric itself must be at least this on every test; by default not asked, for some metrics are below 0.
    slice_floor, smallest_slice
        So must it in every slice of at least so many examples; smaller ones are told and not judged.
    largest_calibration_error
        Expected calibration error on every test; 1: not asked.
    largest_milliseconds
        For one row alone, the 95th percentile over rows of the tests, on this machine; 0: not asked.
    seed
        Of the bootstrap.
    """

    tests: tuple[FrozenTest, ...]
    metric: str = ""
    largest_loss: float = 0.02
    smallest_gain: float = 0.0
    floor: float = -math.inf
    slice_floor: float = -math.inf
    smallest_slice: int = 30
    largest_calibration_error: float = 0.15
    largest_milliseconds: float = 0.0
    seed: int = 0


def read_gate(path: Path) -> Gate:
    """Read a gate from TOML.

    Raises
    ------
    SettingsError
        The file is none, a key is not known, or a value cannot be used; each is named.
    """
    if not path.is_file():
        raise SettingsError(f"There is no gate {path}.", remedy="Check the path.")
    try:
        content = tomllib.loads(
            path.read_text(encoding="utf-8-sig")
        )  # some editors put a mark before the text
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(
            f"{path} is no gate: {error}.", remedy="It is a TOML file with [[tests]]."
        ) from error
    tests = content.pop("tests", None)
    if not isinstance(tests, list) or not tests or not all(isinstance(one, dict) for one in tests):
        raise SettingsError(
            f"{path} names no [[tests]].", remedy='Give at least one, with path and role = "new".'
        )
    _known(path, content, [one.name for one in fields(Gate)])
    values: dict[str, Any] = {}
    defaults = {one.name: one.default for one in fields(Gate) if one.name != "tests"}
    for name, value in content.items():
        values[name] = (
            _floor(path, name, value) if name in FLOORS else _value(path, name, value, defaults[name])
        )
    return Gate(tests=tuple(_test(path, one) for one in tests), **values)


def _test(path: Path, plain: dict[str, Any]) -> FrozenTest:
    _known(path, plain, [one.name for one in fields(FrozenTest)])
    for name in ("path", "role", "group", "sha256"):
        if not isinstance(plain.get(name, ""), str):
            raise SettingsError(f"{path}: {name} of a test is no text.", remedy="Put it in quotes.")
    if not plain.get("path") or plain.get("role") not in ROLES:
        raise SettingsError(
            f"{path}: a test has no path, or its role is not old or new.", remedy="Give it both."
        )
    slices = plain.get("slices", [])
    if not isinstance(slices, list) or not all(isinstance(one, str) for one in slices):
        raise SettingsError(
            f"{path}: slices of a test is no list of columns.", remedy='For instance ["region"].'
        )
    return FrozenTest(
        (path.parent / plain["path"]).resolve(),
        plain["role"],
        plain.get("group", ""),
        tuple(slices),
        plain.get("sha256", ""),
    )


def _value(path: Path, name: str, value: Any, default: Any) -> Any:
    if isinstance(default, str):
        if isinstance(value, str):
            return value
    elif (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 <= value <= 1e6
    ):
        if isinstance(default, float):
            return float(value)
        if isinstance(value, int):
            return value
    raise SettingsError(
        f"{path}: {name} = {value!r} cannot be used.", remedy=f"Something like {default!r}, and not below 0."
    )


def _floor(path: Path, name: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise SettingsError(f"{path}: {name} = {value!r} cannot be used.", remedy="Something like 0.5.")


def _known(path: Path, content: dict[str, Any], known: list[str]) -> None:
    for name in content:
        if name not in known:
            raise SettingsError(
                f"{path} has an unknown key {name!r}.",
                remedy=nearest(name, known).lstrip() or f"Known: {', '.join(known)}.",
            )
