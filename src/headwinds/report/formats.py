"""Values as a reader sees them. What is not available says so; it never reads 0 or nan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headwinds.contracts.result import LARGE
from headwinds.report.cells import Cell, Kind

if TYPE_CHECKING:
    from headwinds.report.messages import Messages

MINUS = "\N{MINUS SIGN}"
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


def show(value: Cell, kind: Kind, messages: Messages) -> str:
    """One value in the words and digits of the page."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return messages("not_available")
    if kind == "yes_no":
        return messages("yes" if value else "no")
    if kind in ("text", "key") or isinstance(value, str):
        return str(value)
    if kind == "integer":
        return _minus(f"{round(value):,}")  # as sentences tell it
    if kind == "share":
        return _share(float(value))
    if kind == "probability" and 0 < value < 0.005:
        return f"<{THIN_SPACE}0.01"
    if kind in ("metric", "probability"):
        return _minus(f"{value:.2f}")
    return _number(float(value))


def show_interval(value: Cell, lower: Cell, upper: Cell, kind: Kind, messages: Messages) -> str:
    """A value with its 95% interval in brackets; says so where either is not available."""
    if _missing(value):
        return messages("not_available")
    shown = show(value, kind, messages)
    if _missing(lower) or _missing(upper):
        return f"{shown} ({messages('interval_not_available')})"
    return f"{shown} [{show(lower, kind, messages)}, {show(upper, kind, messages)}]"


def _missing(value: Cell) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _minus(text: str) -> str:
    """A true minus sign, and none before a number that rounds to zero."""
    if text.startswith("-"):
        return MINUS + text[1:] if any(digit in text for digit in "123456789") else text[1:]
    return text


def _share(value: float) -> str:
    percent = 100 * value
    digits = 1 if abs(percent) >= 1 or percent == 0 else 2
    return f"{_minus(f'{percent:.{digits}f}')}{THIN_SPACE}%"


def _number(value: float) -> str:
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-4:
        return _minus(f"{value:.2e}")
    if size < 0.01:  # two digits that say something
        return _minus(f"{value:.{1 - math.floor(math.log10(size))}f}")
    if size < 100:
        return _minus(f"{value:.3f}")
    return _minus(f"{value:,.1f}" if size < LARGE else f"{value:,.0f}")
