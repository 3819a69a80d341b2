"""How well a classifier does, label by label, with intervals, beside honest baselines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95% interval; NaN bounds where none is defended."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class LabelEvaluation:
    """One label under one system.

    `metrics` has the keys precision, recall, f1, average_precision, expected_calibration_error. A metric that the system
    does not define (keywords give no probability) is NaN throughout.
    """

    label: str
    positives: int
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class SystemEvaluation:
    """All labels under one system; `macro` holds the unweighted mean over labels of each metric."""

    system: str
    labels: tuple[LabelEvaluation, ...]
    macro: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Difference:
    """`first` minus `second` in a metric, bootstrapped in pairs on the same documents."""

    first: str
    second: str
    metric: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The test of a classifier on passages that took no part in fitting it.

    Attributes
    ----------
    systems
        The tuned model first, then the baselines, all on the same splits.
    differences
        Tuned model minus each baseline, for macro F1 and macro average precision.
    reliability
        Columns `label`, `lower`, `upper` (edges of the bin of predicted probability), `mean_probability`,
        `observed_share`, `passages`.
    errors
        The worst errors in text: columns `passage_id`, `label`, `gold` (bool), `probability`, `text`, worst first.
    passages, documents
        How many were tested.
    folds
        Number of cross-fitting folds; every gold passage is tested once, by a model that saw none of its document.
    """

    systems: tuple[SystemEvaluation, ...]
    differences: tuple[Difference, ...]
    reliability: pa.Table
    errors: pa.Table
    passages: int
    documents: int
    folds: int
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
