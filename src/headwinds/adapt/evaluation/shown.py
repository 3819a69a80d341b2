"""Metrics as the card and the page show them: in one order, with three digits, and in words where nothing is defended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.registry import get_task
from headwinds.phrases.catalogue import COMMA, WRITTEN, marks, spoken, written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headwinds.adapt.evaluation.task_evaluation import TaskEvaluation
    from headwinds.contracts import Finding, Interval


LINE = re.compile(r"line \d+")
TESTS = "test"
"""The column by which the test of an update is told apart: one value a file."""
NOTHING = ("none", "no answer", "nothing more", "passes its tests")
"""What tasks say where nothing was true or given."""


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


def shown_label(text: str, labels: Iterable[str]) -> str:
    """What was true or given: as it is, but that nothing was is said in the language that is spoken, if it is no label."""
    return text if text in set(labels) or text not in NOTHING else written(text)


def shown_value(column: str, value: str) -> tuple[str, str]:
    """A column by which a metric is told apart, and one of its values: a user's, but for the tests of an update."""
    own = column == TESTS and value.startswith(("old: ", "new: "))
    return (written(column), written(value)) if own else (column, value)


def shown_place(name: str) -> str:
    """The name of an example; one without a name of its own is called by its line."""
    path, comma, line = name.rpartition(COMMA)
    return f"{path}{marks(spoken())[1]}{written(line)}" if comma and LINE.fullmatch(line) else name


def shown_number(value: float) -> str:
    """Three digits, or that there is none."""
    return "not available" if value != value else f"{value:.3f}"


def shown_interval(item: Interval) -> str:
    """The bounds of an interval, or that there are none."""
    if item.lower != item.lower:
        return "not available"
    return f"{shown_number(item.lower)} to {shown_number(item.upper)}"


def told_finding(finding: Finding) -> str:
    """A finding in the language that is spoken."""
    return str(finding.in_language(spoken(), WRITTEN))


def told_draws(evaluation: TaskEvaluation) -> str:
    """What each draw of the bootstrap took: whole groups, or examples where each is a group of its own."""
    if evaluation.groups == evaluation.examples:
        return "examples drawn one by one"
    return f"{evaluation.groups:,} groups drawn whole"


def told_unbounded(evaluation: TaskEvaluation) -> tuple[str, ...]:
    """Why metrics of single labels have no interval, where W204 does not say it of those of the whole."""
    told = any(finding.code == "W204" for finding in evaluation.findings)
    bare = any(
        item.value == item.value and item.lower != item.lower
        for name, item in evaluation.metrics.items()
        if "[" in name
    )
    if told or not bare:
        return ()
    return (
        "No interval is given where every draw of the test gives the same value, as where no example of a label is wrong: "
        "it says that the test is small, and not that the value is sure.",
    )


def told_none_wrong(task: str, metrics: Iterable[str]) -> str:
    """What is said where no prediction is listed as wrong."""
    if "spearman" in metrics:
        return "Of pairs with a score none is right or wrong: how they are ordered is what counts."
    if task == "code-generation":
        return "Every problem is solved by some program."
    if writes(get_task(task)):
        return "No text is far from every reference (chrF below 40)."
    return "No example is wrong."


def told_mistakes(task: str, count: int, how: str = "wrong") -> str:
    """How many predictions of a task are wrong; of a text that was written none can say so, but how far it is."""
    if task == "code-generation":
        return f"{count:,} {'problem is' if count == 1 else 'problems are'} solved by no program"
    if writes(get_task(task)):
        return (
            f"{count:,} {'text is' if count == 1 else 'texts are'} far from every reference (chrF below 40)"
        )
    return f"{count:,} {'example is' if count == 1 else 'examples are'} {how}"
