"""Agreement of the readers of a project, label by label, with intervals where they are defined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from headwinds.annotate.events import Event, current
from headwinds.annotate.reliability import (
    MISSING,
    Level,
    cohen_kappa,
    coincidences,
    krippendorff_alpha,
    pair_tables,
    resampled,
)
from headwinds.annotate.scheme import Scheme, values
from headwinds.contracts.finding import Finding
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

FEWEST_DOCUMENTS = 10
MOST_UNDEFINED = 0.05
DRAWS = 1000
ALL_CLASSES = "(all labels)"


@dataclass(frozen=True, slots=True)
class Agreement(Result):
    """How far readers of the same passages agree.

    Attributes
    ----------
    table
        One row a label, measure and group of readers: `label`, `measure` ("Krippendorff's alpha", "Cohen's kappa"),
        `readers`, `passages` (read by at least two of them), `given` (share of readings that gave the label), `identical`
        (share of pairs of readings that are the same), `value`, `lower`, `upper`. What is undefined is NaN, and
        `findings` say why.
    """

    table: pd.DataFrame
    level: float
    findings: tuple[Finding, ...] = ()

    def summary(self) -> str:
        """Each label's alpha in words, with its interval."""
        rows = self.table[self.table["measure"] == "Krippendorff's alpha"]
        lines = [
            f"{row.label}: alpha {number(row.value)}, {self.level:.0%} interval {number(row.lower)} to {number(row.upper)}, "
            f"passages read by two or more: {row.passages} ({row.readers})"
            for row in rows.itertuples()
        ]
        return "\n".join(
            [*(lines or ["No passage was read by two."]), *(str(finding) for finding in self.findings)]
        )

    def plot(self) -> Figure:
        """Alpha of each label with its interval."""
        from headwinds.drawing.intervals import draw_intervals

        rows = self.table[self.table["measure"] == "Krippendorff's alpha"].rename(columns={"label": "name"})
        return draw_intervals(rows, axis="Krippendorff's alpha")


def agreement(
    scheme: Scheme,
    events: Sequence[Event],
    documents: Mapping[int, str],
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Agreement:
    """Agreement by label: Krippendorff's alpha of all readers, and Cohen's kappa of each two.

    Parameters
    ----------
    events
        Every event; the last reading of each reader counts, adjudications do not.
    documents
        The document of each item: intervals resample documents.
    """
    import pandas as pd

    readings = _readings(scheme, events)
    items = [item for item, by_reader in readings.items() if len(by_reader) >= 2]
    names = sorted({name for item in items for name in readings[item]})
    place = {document: row for row, document in enumerate(dict.fromkeys(documents[item] for item in items))}
    clusters = [place[documents[item]] for item in items]
    rows: list[dict[str, object]] = []
    findings: list[Finding] = []
    for label, matrix, categories in _matrices(scheme, readings, items, names):
        metric: Level = "ordinal" if scheme.kind == "graded" else "nominal"
        groups: list[tuple[str, str, NDArray[np.float64], Callable[..., NDArray[np.float64]]]] = [
            ("Krippendorff's alpha", ", ".join(names), coincidences(matrix, categories), krippendorff_alpha)
        ]
        for first, second in combinations(range(len(names)), 2):
            tables = pair_tables(matrix[:, first], matrix[:, second], categories)
            groups.append(("Cohen's kappa", f"{names[first]}, {names[second]}", tables, cohen_kappa))
        for measure, who, tables, statistic in groups:
            row, found = _row(label, measure, who, tables, statistic, metric, clusters, level, draws, seed)
            if row["passages"]:
                rows.append(row)
                findings += found
    columns = ["label", "measure", "readers", "passages", "given", "identical", "value", "lower", "upper"]
    return Agreement(pd.DataFrame(rows, columns=columns), level, tuple(findings))


def _readings(scheme: Scheme, events: Sequence[Event]) -> dict[int, dict[str, tuple[int, ...]]]:
    """By item and reader a number a label; who was unsure has not read."""
    return {
        item: {
            name: values(scheme, event.answer) for name, event in by_reader.items() if event.kind != "unsure"
        }
        for item, by_reader in current(events).items()
    }


def _matrices(
    scheme: Scheme,
    readings: Mapping[int, Mapping[str, tuple[int, ...]]],
    items: Sequence[int],
    names: Sequence[str],
) -> list[tuple[str, NDArray[np.int64], int]]:
    """For each label the categories by passage and reader; for classes first the one matrix of all of them."""
    import numpy as np

    if not items:
        return []
    numbers = np.full((len(items), len(names), len(scheme.labels)), MISSING, dtype=np.int64)
    for row, item in enumerate(items):
        for column, name in enumerate(names):
            if name in readings[item]:
                numbers[row, column] = readings[item][name]
    found: list[tuple[str, NDArray[np.int64], int]] = []
    if scheme.kind == "multi-class":
        classes = np.where(numbers[:, :, 0] == MISSING, MISSING, numbers.argmax(axis=2))
        found.append((ALL_CLASSES, classes, len(scheme.labels)))
    categories = scheme.grades + 1 if scheme.kind == "graded" else 2
    found += [(label, numbers[:, :, place], categories) for place, label in enumerate(scheme.labels)]
    return found


def _row(
    label: str,
    measure: str,
    who: str,
    tables: NDArray[np.float64],
    statistic: Callable[..., NDArray[np.float64]],
    metric: Level,
    clusters: Sequence[int],
    level: float,
    draws: int,
    seed: int,
) -> tuple[dict[str, object], list[Finding]]:
    import numpy as np

    paired = tables.sum(axis=(1, 2)) > 0
    table = tables.sum(axis=0)
    passages, total = int(paired.sum()), float(table.sum())
    given = (table.sum(axis=0) + table.sum(axis=1)) / 2
    value = float(statistic(table, metric)) if total else float("nan")
    same = float(np.trace(table) / total) if total else float("nan")
    lower = upper = float("nan")
    what = f"{measure} of {label} ({who})"
    found: list[Finding] = []
    cluster = np.unique(np.array(clusters, dtype=np.int64)[paired], return_inverse=True)[1]
    documents = int(cluster.max()) + 1 if passages else 0
    if passages and value != value:
        found.append(
            Finding(
                "W371",
                f"{what} is not available: every reading of {passages} passages is the same category.",
                "Draw passages in which the label is likelier.",
            )
        )
    elif documents < FEWEST_DOCUMENTS:
        found.append(
            Finding(
                "W372",
                f"{what} has no interval: only {documents} documents were read by two.",
                f"Read passages of at least {FEWEST_DOCUMENTS} documents twice.",
            )
        )
    elif same == 1:
        found.append(
            Finding(
                "N371",
                f"{what} has no interval: no disagreement was seen in {passages} passages, which a true rate of "
                f"up to {1 - 0.05 ** (1 / documents):.1%} of documents would also give.",
            )
        )
    else:
        drawn = statistic(resampled(tables[paired], cluster, draws=draws, seed=seed), metric)
        defined = drawn[~np.isnan(drawn)]
        if len(defined) < (1 - MOST_UNDEFINED) * draws:
            found.append(
                Finding(
                    "W373",
                    f"{what} has no interval: {1 - len(defined) / draws:.0%} of resamples leave it undefined.",
                    "Read more passages twice; the label is rare in them.",
                )
            )
        else:
            lower, upper = (float(end) for end in np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]))
    row: dict[str, object] = {
        "label": label,
        "measure": measure,
        "readers": who,
        "passages": passages,
        "given": float(1 - given[0] / total) if total and label != ALL_CLASSES else float("nan"),
        "identical": same,
        "value": value,
        "lower": lower,
        "upper": upper,
    }
    return row, found
