"""How many labels, drawn where, bring an index to a wanted standard error: before they are paid for.

The variance of a cell is a part that labels do not touch (which passages were sampled, how the truth of a cell that borrows
scatters) and, for each stratum, a part that falls as A (1/n - 1/N) with its labels. The fewest labels under a bound on the
sum are in proportion to the root of A (Neyman 1934), between what is labelled already and the whole stratum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.result import Result, number
from headwinds.errors import EstimationError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.settings import EstimatorSettings

LEAST_LABELS = 30
LEAST_POSITIVES = 10


@dataclass(frozen=True, slots=True)
class LabelPlan(Result):
    """Labels by stratum that bring a standard error to its target.

    Attributes
    ----------
    table
        One row a stratum: `stratum`, `passages` of the population, `labelled` now, `needed` in all, `additional`.
    target
        The wanted standard error.
    now, forecast
        Standard errors with the labels that there are (NaN where there are none), and with those of the plan.
    floor
        What would be left if every passage were read.
    of
        In words: of what.
    """

    table: pd.DataFrame
    target: float
    now: float
    forecast: float
    floor: float
    of: str
    findings: tuple[Finding, ...] = ()

    @property
    def additional(self) -> int:
        """How many labels are still to be made."""
        return int(self.table["additional"].sum())

    def summary(self) -> str:
        """How many labels, where, and what they bring."""
        lines = [
            f"{self.additional:,} more labels bring {self.of} to a standard error of {number(self.forecast, 4)} "
            f"(wanted {number(self.target, 4)}, now {number(self.now, 4)}; with every passage read {number(self.floor, 4)})."
        ]
        lines += [
            f"{row.stratum}: {row.additional:,} more, {row.needed:,} in all, of {row.passages:,} passages"
            for row in self.table.itertuples()
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """Labels now and in the plan, by stratum."""
        from headwinds.drawing.paired_bars import draw_paired_bars

        return draw_paired_bars(self.table, name="stratum", bars=("labelled", "needed"))


@dataclass(frozen=True, slots=True)
class AssumedStratum:
    """What is assumed of a stratum before anything is labelled.

    Attributes
    ----------
    passages
        Of the population.
    prevalence
        Share that has the label.
    true_positive_rate, false_positive_rate
        Share of those with (without) the label that the classifier flags.
    scored
        How many of the passages are sampled and scored; 0 for all.
    labelled
        How many are labelled already.
    """

    name: str
    passages: int
    prevalence: float
    true_positive_rate: float
    false_positive_rate: float
    scored: int = 0
    labelled: int = 0

    def __post_init__(self) -> None:
        for name in ("prevalence", "true_positive_rate", "false_positive_rate"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise SettingsError(
                    f"{name} = {value} of stratum '{self.name}': expected a share from 0 to 1."
                )
        if not 0 < self.prevalence < 1:
            raise SettingsError(
                f"prevalence = {self.prevalence} of stratum '{self.name}' leaves nothing to estimate.",
                remedy="Assume a share above 0 and below 1.",
            )
        _check_counts(self)

    @property
    def spread(self) -> float:
        """Variance of the label between passages."""
        return self.prevalence * (1 - self.prevalence)

    @property
    def explained(self) -> float:
        """Share of it that the flag explains."""
        gap = self.true_positive_rate - self.false_positive_rate
        flagged = self.false_positive_rate + self.prevalence * gap
        mixed = flagged * (1 - flagged)
        return min(max(self.spread * gap**2 / mixed, 0.0), 1.0) if mixed > 0 else 0.0


@dataclass(frozen=True, slots=True)
class AssumedScores:
    """What is assumed of a stratum's grades before any is given.

    Attributes
    ----------
    passages, scored, labelled
        As of `AssumedStratum`.
    standard_deviation
        Of the grades between passages, in the units of their scale.
    correlation
        Of the predicted with the true grades; 0 if there are no predictions.
    """

    name: str
    passages: int
    standard_deviation: float
    correlation: float
    scored: int = 0
    labelled: int = 0

    def __post_init__(self) -> None:
        if not (self.standard_deviation > 0 and math.isfinite(self.standard_deviation)):
            raise SettingsError(
                f"standard_deviation = {self.standard_deviation} of stratum '{self.name}': expected a number above 0."
            )
        if not -1 < self.correlation < 1:
            raise SettingsError(
                f"correlation = {self.correlation} of stratum '{self.name}': expected above -1 and below 1.",
                remedy="Scores that are always right leave nothing to label.",
            )
        _check_counts(self)

    @property
    def spread(self) -> float:
        """Variance of the grade between passages."""
        return self.standard_deviation**2

    @property
    def explained(self) -> float:
        """Share of it that the predicted grade explains."""
        return self.correlation**2


def _check_counts(one: AssumedStratum | AssumedScores) -> None:
    for name, low, high in (
        ("passages", 2, 10**12),
        ("scored", 0, one.passages),
        ("labelled", 0, one.passages),
    ):
        value = getattr(one, name)
        if not low <= value <= high:
            raise SettingsError(f"{name} = {value} of stratum '{one.name}': expected from {low} to {high:,}.")


def plan_labels(
    frame: Frame,
    cells: Cells,
    standard_error: float,
    *,
    label: str | None = None,
    settings: EstimatorSettings | None = None,
) -> LabelPlan:
    """From a pilot: labels for the difference estimator until the root mean square standard error of the cells is reached.

    New labels are taken to look like the pilot's and to be spread over a stratum's periods as they are now. Which pool
    corrects which cell is taken to stay; more labels let more cells correct themselves, which is not counted.

    Parameters
    ----------
    label
        One label; None plans for all of them, each stratum taking what its most demanding label needs.

    Raises
    ------
    SettingsError
        If there is no such label, or the wanted standard error is no positive number.
    EstimationError
        If the pilot gives no variance, or no number of labels reaches the target: what is in the way is said.
    """
    import numpy as np

    from headwinds.measure.decomposition import decompose
    from headwinds.measure.label_kinds import span_of
    from headwinds.measure.pools import sums
    from headwinds.measure.settings import EstimatorSettings

    if label is not None and label not in frame.label_names:
        raise SettingsError(f"there is no label '{label}'; the labels are {', '.join(frame.label_names)}.")
    parts = decompose(frame, cells, settings or EstimatorSettings())
    names = parts.parts.coarse_names
    home = parts.parts.coarse_of_stratum
    size = np.array([parts.parts.stratum_size[home == place].sum() for place in range(len(names))])
    labelled = np.bincount(home[frame.stratum_code[frame.gold_rows]], minlength=len(names)).astype(np.float64)
    coarse = parts.pools.coarse[parts.pool]
    moving = np.zeros((len(names), *parts.value.shape))
    for place in range(len(names)):
        here = (coarse == place)[:, None]
        moving[place] = sums(parts.cell, np.where(here, parts.correction + parts.counted, 0.0), len(cells))
        moving[place] += parts.slope_error**2 @ (parts.slope_stratum == place)
    fixed = sums(parts.cell, parts.sampling, len(cells))
    moving, fixed = span_of(frame) ** 2 * moving, span_of(frame) ** 2 * fixed
    known = np.isfinite(parts.value) & np.isfinite(fixed) & np.isfinite(moving).all(axis=0)
    found = []
    for column in [frame.label_names.index(label)] if label is not None else range(len(frame.label_names)):
        rows = known[:, column]
        if not rows.any():
            raise EstimationError(
                f"the pilot gives no variance of '{frame.label_names[column]}' in any cell.",
                remedy="Label more for the pilot, or plan from assumed rates.",
            )
        gap = np.maximum(1 / np.maximum(labelled, 1) - 1 / size, 1e-300)
        slope = np.where(labelled < size, moving[:, rows, column].mean(axis=1) / gap, 0.0)
        found.append((frame.label_names[column], slope, float(fixed[rows, column].mean())))
    where = " and ".join(cells.keys)
    what = f"'{label}'" if label is not None else "every label"
    words = f"the {'mean score' if frame.kind == 'score' else 'share'} of {what}" + (
        f" by {where} (root mean square over {len(cells)} cells)" if where else ""
    )
    sampled = np.bincount(home[frame.stratum_code], minlength=len(names)).astype(np.float64)
    return _solve(found, names, size, labelled, standard_error, words, floor=0.0, limit=sampled)


def plan_labels_from_rates(
    strata: Sequence[AssumedStratum] | Sequence[AssumedScores], standard_error: float
) -> LabelPlan:
    """From assumed error rates (of grades, from an assumed correlation): labels for one share over all strata, sizes known.

    A flag with true-positive rate t and false-positive rate f explains rho squared = p (1-p) (t-f)^2 / (q (1-q)) of a
    label's variance, q being the share flagged; labels need only estimate the rest (double sampling with regression,
    Cochran 1977, section 12.6).

    Raises
    ------
    SettingsError
        If there is no stratum, a name stands twice, or the wanted standard error is no positive number.
    EstimationError
        If no number of labels reaches the target.
    """
    import numpy as np

    names = tuple(one.name for one in strata)
    if not names or len(set(names)) < len(names):
        raise SettingsError("a plan needs at least one stratum, each with a name of its own.")
    size = np.array([one.passages for one in strata], dtype=np.float64)
    scored = np.array([one.scored or one.passages for one in strata], dtype=np.float64)
    share = size / size.sum()
    spread = np.array([one.spread for one in strata])
    explained = np.array([one.explained for one in strata])
    graded = isinstance(strata[0], AssumedScores)
    slope = share**2 * spread * (1 - explained)
    fixed = float((share**2 * spread * explained * (1 / scored - 1 / size)).sum())
    labelled = np.array([one.labelled for one in strata], dtype=np.float64)
    plan = _solve(
        [("", slope, fixed)],
        names,
        size,
        labelled,
        standard_error,
        "the mean score" if graded else "the share",
        floor=LEAST_LABELS,
        limit=scored,
    )
    rare = [
        name
        for name, need, one in zip(names, plan.table["needed"], strata, strict=True)
        if isinstance(one, AssumedStratum)
        and need * min(one.prevalence, 1 - one.prevalence) < LEAST_POSITIVES
    ]
    if not rare:
        return plan
    note = Finding(
        "W344",
        f"In {', '.join(rare)} the planned labels would hold fewer than {LEAST_POSITIVES} positives (or negatives): the "
        "prediction is not used there, and the forecast is too good.",
        "Draw where the score is high (a stratum by score), or label more there.",
    )
    return LabelPlan(plan.table, plan.target, plan.now, plan.forecast, plan.floor, plan.of, (note,))


def _solve(
    wanted: list[tuple[str, NDArray[np.float64], float]],
    names: Sequence[str],
    size: NDArray[np.float64],
    labelled: NDArray[np.float64],
    standard_error: float,
    words: str,
    *,
    floor: float,
    limit: NDArray[np.float64] | None = None,
) -> LabelPlan:
    """The fewest labels for each label's variance, and of each stratum the most that any label asks for."""
    import numpy as np
    import pandas as pd

    if not (standard_error > 0 and math.isfinite(standard_error)):
        raise SettingsError(
            f"standard_error = {standard_error} cannot be reached: expected a number above 0."
        )
    most = size if limit is None else limit
    least = np.maximum(labelled, np.minimum(floor, most))
    need = least.copy()
    for name, slope, fixed in wanted:
        lowest = fixed + float((slope * (1 / most - 1 / size)).sum())
        if lowest > standard_error**2:
            whose = f" of '{name}'" if name else ""
            raise EstimationError(
                f"no number of labels brings the standard error{whose} to {standard_error:.4g}: with every passage at hand "
                f"read, {math.sqrt(lowest):.4g} would be left, since only some passages are sampled and cells differ.",
                remedy="Sample more passages, measure by wider cells, or ask for less.",
            )
        need = np.maximum(need, np.ceil(_fewest(slope, fixed, size, least, most, standard_error**2) - 1e-6))

    def error(labels: NDArray[np.float64]) -> float:
        if (labels <= 0).any():
            return float("nan")
        return max(
            math.sqrt(max(fixed + float((slope * (1 / labels - 1 / size)).sum()), 0.0))
            for _, slope, fixed in wanted
        )

    table = pd.DataFrame(
        {
            "stratum": list(names),
            "passages": np.round(size).astype(np.int64),
            "labelled": labelled.astype(np.int64),
            "needed": need.astype(np.int64),
            "additional": (need - labelled).astype(np.int64),
        }
    )
    return LabelPlan(table, standard_error, error(labelled), error(need), error(most), words)


def _fewest(
    slope: NDArray[np.float64],
    fixed: float,
    size: NDArray[np.float64],
    least: NDArray[np.float64],
    most: NDArray[np.float64],
    variance: float,
) -> NDArray[np.float64]:
    import numpy as np

    root = np.sqrt(slope)

    def labels(scale: float) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.clip(root * scale, np.maximum(least, 1e-9), most)
        return found

    def reached(scale: float) -> bool:
        return fixed + float((slope * (1 / labels(scale) - 1 / size)).sum()) <= variance

    low, high = 0.0, float((most / np.maximum(root, 1e-300)).max(initial=1.0))
    if root.max(initial=0.0) <= 0 or reached(0.0):
        return least
    high = min(high, float(most.max()) / float(root[root > 0].min()) * 2)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return labels(high)
