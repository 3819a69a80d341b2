"""The test of a model in words, a line each: what verbs print, and what its summary says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.shown import told_mistakes, told_none_wrong
from headwinds.adapt.held_out import held_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.adapt.evaluation.task_evaluation import Slice, TaskEvaluation
    from headwinds.contracts import Interval


def with_bounds(item: Interval, *, form: str = ".4f") -> str:
    """A metric with its interval, as far as either is there, in digits of a form; "+.4f" of a difference."""
    shown = _shown(item.value, form)
    return f"{shown} [{item.lower:{form}}, {item.upper:{form}}]" if item.lower == item.lower else shown


def _shown(value: float, form: str = ".4f") -> str:
    return "not available" if value != value else f"{value:{form}}"


def worst_lines(slices: Sequence[Slice]) -> list[str]:
    """The worst slice of each column; slices come with the worst first."""
    lines = []
    for column in dict.fromkeys(one.column for one in slices):
        worst = next(one for one in slices if one.column == column)
        lines.append(f"Worst {column}: {worst.value} (examples: {worst.examples:,}), {_shown(worst.metric)}.")
    return lines


def evaluation_lines(evaluation: TaskEvaluation) -> list[str]:
    """The metrics of all examples, the main one first; those of single labels are in the table."""
    others = [name for name in evaluation.metrics if name != evaluation.main_metric and "[" not in name]
    names = [evaluation.main_metric, *sorted(others)]
    lines = []
    for name in names:
        item = evaluation.metrics[name]
        bare = " (no interval)" if item.value == item.value and item.lower != item.lower else ""
        lines.append(f"{name.replace('_', ' ')}: {with_bounds(item)}{bare}")
    drawn = (
        "examples drawn one by one"
        if evaluation.groups == evaluation.examples
        else f"{evaluation.groups:,} groups drawn"
    )
    tested = f"Tested on {evaluation.examples:,} examples (95% intervals, {drawn})."
    lines += [
        f"{told_mistakes(evaluation.task, evaluation.mistakes)}: errors.jsonl has them, the costliest first."
        if evaluation.mistakes
        else told_none_wrong(evaluation.task, evaluation.metrics)
    ]
    for name in [name for name in names if name in evaluation.differences]:
        value = with_bounds(evaluation.differences[name], form="+.4f")
        lines.append(f"Minus the other model, {name.replace('_', ' ')}: {value}")
    lines += worst_lines(evaluation.slices)
    return [
        tested,
        *held_lines(evaluation.held_out),
        *lines,
        *(str(finding) for finding in evaluation.findings),
    ]
