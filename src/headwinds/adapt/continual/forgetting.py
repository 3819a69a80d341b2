"""What an update forgot and what it gained: both versions on every frozen test, with intervals, in pairs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.continual.preparing import UpdateFiles
from headwinds.adapt.evaluation.intervals import REPLICATES, percentile_interval
from headwinds.adapt.evaluation.metrics import document_weights
from headwinds.adapt.evaluation.shown import TESTS
from headwinds.adapt.evaluation.task_evaluation import evaluate_model, read_interval
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.prediction import predict_examples
from headwinds.adapt.tuning_data import test_data
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.write import write_json
from headwinds.contracts import Finding, Interval
from headwinds.contracts.result import Result, number
from headwinds.errors import MismatchError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.adapt.fitted_model import FittedModel
    from headwinds.adapt.tuning_data import TestData

FILE = "forgetting.json"
SMALLEST = 30


@dataclass(frozen=True, slots=True)
class TestChange:
    """One test: its role, "old" or "new", and the metric before, after, and after less before in pairs."""

    __test__ = False  # for pytest, which collects what is named so

    test: str
    role: str
    examples: int
    before: Interval
    after: Interval
    difference: Interval


@dataclass(frozen=True, slots=True)
class ForgettingReport(Result):
    """What an update did on every test.

    Attributes
    ----------
    metric
        By which the versions are compared.
    tests
        One a file.
    average_final
        Mean over all tests of the metric after the update.
    backward_transfer
        Mean over the old tests of after less before (Lopez-Paz, Ranzato 2017, sec. 2); below 0 it is forgetting.
    findings
        What to weigh.
    """

    metric: str
    tests: tuple[TestChange, ...]
    average_final: Interval
    backward_transfer: Interval
    findings: tuple[Finding, ...] = field(default=())

    @property
    def table(self) -> pd.DataFrame:
        """One row a test: `test`, `role`, `examples`, and value and bounds of `before`, `after` and `difference`."""
        import pandas as pd

        rows = []
        for one in self.tests:
            row: dict[str, Any] = {"test": one.test, "role": one.role, "examples": one.examples}
            for name in ("before", "after", "difference"):
                item = getattr(one, name)
                row |= {name: item.value, f"{name}_lower": item.lower, f"{name}_upper": item.upper}
            rows.append(row)
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """A line a test, then the means."""
        shown = self.metric.replace("_", " ")
        lines = [
            f"{one.role} test {one.test} ({one.examples:,} examples): {shown} {number(one.before.value)} before, "
            f"{_shown(one.after)} after; difference {_shown(one.difference)}."
            for one in self.tests
        ]
        lines.append(f"Mean over all tests after the update: {_shown(self.average_final)}.")
        if any(one.role == "old" for one in self.tests):
            lines.append(
                f"Backward transfer, the mean change on old tests (below 0 it is forgetting): "
                f"{_shown(self.backward_transfer)}."
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The change on every test, with its interval."""
        import pandas as pd

        from headwinds.drawing.intervals import draw_intervals

        rows = [{"name": f"{one.test} ({one.role})", **asdict(one.difference)} for one in self.tests]
        return draw_intervals(
            pd.DataFrame(rows), axis=f"change of {self.metric.replace('_', ' ')} by the update, 95% interval"
        )


def measure_forgetting(
    old: FittedModel,
    new: FittedModel,
    tests: Sequence[tuple[str, Path]],
    folder: Path,
    *,
    files: UpdateFiles,
    seed: int,
    trained_on: Any = None,
) -> ForgettingReport:
    """Test both versions on every file; write the report, and the test of the new version on all of them together.

    `trained_on` are the examples that the new one learnt from, to look for test texts among them.

    Raises
    ------
    DataError, MismatchError
        A test cannot be read, or has labels that the new version does not know.
    """
    import numpy as np

    task, labels = new.task, new.facts.labels
    data: list[TestData] = []
    everything = []
    for _, path in tests:
        rows = read_rows(path, task, encoding=files.encoding)
        data.append(test_data(task, rows, labels, files.group, ()))
        everything += rows
    changes, draws, metric = [], [], ""
    for number_of, ((role, path), one) in enumerate(zip(tests, data, strict=True)):
        metric, values, drawn = _compared(old, new, one, seed=derive_seed(seed, "forgetting", number_of))
        groups = len(set(one.groups))
        intervals = {name: percentile_interval(values[name], drawn[name], groups) for name in values}
        changes.append(TestChange(path.name, role, len(one.examples.ids), **intervals))
        draws.append((role, values, drawn, groups))
    average = _mean([(values["after"], drawn["after"], groups) for _, values, drawn, groups in draws])
    moved = _mean(
        [
            (values["difference"], drawn["difference"], groups)
            for role, values, drawn, groups in draws
            if role == "old"
        ]
    )
    whole = test_data(task, everything, labels, files.group, ())
    names = np.repeat([f"{role}: {path.name}" for role, path in tests], [len(one.groups) for one in data])
    columns = {TESTS: tuple(str(name) for name in names)}
    tested = evaluate_model(
        new, whole.examples, whole.groups, folder, seed=seed, columns=columns, trained_on=trained_on
    )
    findings = (*_findings(changes), *tested.findings)
    found = ForgettingReport(metric, tuple(changes), average, moved, findings)
    write_json(folder / FILE, asdict(found), allow_missing=True)
    return found


def read_report(folder: Path) -> ForgettingReport:
    """Read what `measure_forgetting` wrote; equal to what it returned."""
    plain = json.loads((folder / FILE).read_text(encoding="utf-8"))
    tests = tuple(
        TestChange(
            one["test"],
            one["role"],
            one["examples"],
            *(read_interval(one[name]) for name in ("before", "after", "difference")),
        )
        for one in plain["tests"]
    )
    return ForgettingReport(
        plain["metric"],
        tests,
        read_interval(plain["average_final"]),
        read_interval(plain["backward_transfer"]),
        tuple(Finding(**item) for item in plain["findings"]),
    )


def _compared(
    old: FittedModel, new: FittedModel, data: TestData, *, seed: int
) -> tuple[str, dict[str, float], dict[str, NDArray[np.float64]]]:
    """The metric, its values before, after and their difference, and the same of each draw of whole groups."""
    import numpy as np

    weights = np.ones((1, len(data.groups)))
    if len(set(data.groups)) > 1:
        weights = np.vstack([weights, document_weights(data.groups, replicates=REPLICATES, seed=seed)])
    metric, after = _values(new, data, weights)
    try:
        old.task.check_labels(data.examples, old.facts.labels)
        _, before = _values(old, data, weights)
    except MismatchError:  # it does not know the labels of this test
        before = np.full(len(weights), np.nan)
    each = {"before": before, "after": after, "difference": after - before}
    return (
        metric,
        {name: float(item[0]) for name, item in each.items()},
        {n: item[1:] for n, item in each.items()},
    )


def _values(
    model: FittedModel, data: TestData, weights: NDArray[np.float64]
) -> tuple[str, NDArray[np.float64]]:
    """Accuracy where the task has it, else its main metric."""
    predictions = predict_examples(model, data.examples)
    found = model.task.metrics(predictions, data.examples, model.facts.labels, weights)
    metric = "accuracy" if "accuracy" in found else model.task.main_metric
    return metric, found[metric]


def _mean(parts: Sequence[tuple[float, NDArray[np.float64], int]]) -> Interval:
    """Of tests that are drawn each by itself; as wide as the one with the fewest groups asks for."""
    import numpy as np

    if not parts:
        return Interval(float("nan"), float("nan"), float("nan"))
    value = float(np.mean([one for one, _, _ in parts]))
    if min(len(drawn) for _, drawn, _ in parts) == 0:
        return Interval(value, float("nan"), float("nan"))
    drawn = np.mean([drawn for _, drawn, _ in parts], axis=0)
    return percentile_interval(value, drawn, min(groups for _, _, groups in parts))


def _findings(changes: Sequence[TestChange]) -> tuple[Finding, ...]:
    found = [
        Finding(
            "W240",
            f"Test {one.test} has {one.examples} examples: its intervals are rough.",
            f"Freeze at least {SMALLEST}.",
        )
        for one in changes
        if one.examples < SMALLEST
    ]
    found += [
        Finding(
            "W241",
            f"The update forgot on test {one.test}: the change is {_shown(one.difference)}.",
            "Give it more old rows (--old, update.memory), or choose strategy replay-distillation or joint.",
        )
        for one in changes
        if one.role == "old" and one.difference.upper < 0
    ]
    found += [
        Finding("N242", f"The old model does not know all labels of test {one.test}: it has no value before.")
        for one in changes
        if one.before.value != one.before.value
    ]
    return tuple(found)


def _shown(item: Interval) -> str:
    if item.value != item.value:
        return "not available"
    if item.lower != item.lower:
        return f"{item.value:.3f}"
    return f"{item.value:.3f} [{item.lower:.3f}, {item.upper:.3f}]"
