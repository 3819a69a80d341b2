"""Limits of settings: what a value may be, and the one sentence that refuses another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from headwinds.contracts.suggestions import nearest
from headwinds.errors import SettingsError


def require(condition: bool, name: str, value: object, expected: str) -> None:
    """Raise a `SettingsError` that names the setting, its value and what was expected, unless `condition` holds."""
    if not condition:
        raise SettingsError(f"{name} = {value!r} cannot be used: expected {expected}.")


def require_each(settings: object, names: Iterable[str], holds: Callable[[Any], bool], expected: str) -> None:
    """As `require`, for the value of each of these settings."""
    for name in names:
        value = getattr(settings, name)
        require(holds(value), name, value, expected)


def require_one_of(settings: object, known: Mapping[str, Collection[str]]) -> None:
    """Each of these settings is one of the names that it may have, the nearest of which is told; "" stands for none."""
    for name, names in known.items():
        value = getattr(settings, name)
        if value in names:
            continue
        none = ', or ""' if "" in names else ""
        raise SettingsError(
            f"{name} = {value!r} cannot be used: expected one of {', '.join(filter(None, names))}{none}.",
            remedy=nearest(str(value), filter(None, names)).lstrip(),
        )


def above_zero(value: float) -> bool:
    """Whether a number is above 0."""
    return value > 0


def at_least_zero(value: float) -> bool:
    """Whether a number is 0 or more."""
    return value >= 0


def share_below_one(value: float) -> bool:
    """Whether a number is a share of at least 0 and below 1."""
    return 0 <= value < 1
