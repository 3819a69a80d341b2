"""Metrics as the card and the page show them: in one order, with three digits, and in words where nothing is defended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.registry import get_task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headwinds.contracts import Interval


def shown_order(metrics: Iterable[str], main_metric: str) -> list[str]:
    """Names of metrics: the main one, those of the whole, those of single labels such as ``f1[security]``."""
    names = [name for name in metrics if name != main_metric]
    return [
        main_metric,
        *(name for name in names if "[" not in name),
        *(name for name in names if "[" in name),
    ]


def shown_name(metric: str) -> str:
    """The name in words; a label in brackets is left as its user wrote it."""
    return metric if "[" in metric else metric.replace("_", " ")


def shown_number(value: float) -> str:
    """Three digits, or that there is none."""
    return "not available" if value != value else f"{value:.3f}"


def shown_interval(item: Interval) -> str:
    """The bounds of an interval, or that there are none."""
    if item.lower != item.lower:
        return "not available"
    return f"{shown_number(item.lower)} to {shown_number(item.upper)}"


def told_mistakes(task: str, count: int, how: str = "wrong") -> str:
    """How many predictions of a task are wrong; of a text that was written none can say so, but how far it is."""
    if task == "code-generation":
        return f"{count:,} problems are solved by no program"
    if writes(get_task(task)):
        return f"{count:,} texts are far from every reference (chrF below 40)"
    return f"{count:,} examples are {how}"
