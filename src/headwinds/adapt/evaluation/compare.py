"""Systems side by side on the same passages: metrics a label, bootstrap intervals by document, paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation import metrics
from headwinds.adapt.evaluation.intervals import (
    NONE_BELOW,
    few_clusters,
    percentile_interval,
    with_width,
)
from headwinds.contracts import Difference, Evaluation, Finding, Interval, LabelEvaluation, SystemEvaluation

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

METRICS = ("precision", "recall", "f1", "average_precision", "expected_calibration_error")
COMPARED = ("f1", "average_precision")
REPLICATES = 1000
WORST_ERRORS_A_LABEL = 6


@dataclass(frozen=True, slots=True)
class TestPassages:
    """Passages held out from fitting; `truth` has shape (passages, labels), `fold` says whose test passage each is."""

    passage_ids: tuple[str, ...]
    document_ids: NDArray[np.str_]
    texts: tuple[str, ...]
    label_names: tuple[str, ...]
    truth: NDArray[np.bool_]
    fold: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SystemPredictions:
    """One system on the test passages; `probability` is None where the system only says yes or no."""

    system: str
    probability: NDArray[np.float64] | None
    label: NDArray[np.bool_]


def compare(
    passages: TestPassages,
    systems: Sequence[SystemPredictions],
    *,
    seed: int,
    provenance: Mapping[str, str],
) -> Evaluation:
    """Evaluate `systems`, the tuned model first, with 95% bootstrap intervals that draw documents.

    Differences are paired: both systems are judged on the same draws.
    """
    import numpy as np

    drawn = metrics.document_weights(passages.document_ids, replicates=REPLICATES, seed=seed)
    weights = np.vstack([np.ones((1, len(passages.passage_ids))), drawn])
    values = {system.system: _all_metrics(passages, system, weights) for system in systems}
    documents = len(np.unique(passages.document_ids))
    evaluations = tuple(
        _system_evaluation(system.system, passages, values[system.system], documents) for system in systems
    )
    first = systems[0].system
    differences = tuple(
        Difference(
            first,
            other.system,
            name,
            _interval(_macro(values[first][name]) - _macro(values[other.system][name]), documents),
        )
        for other in systems[1:]
        for name in COMPARED
        if other.probability is not None or name == "f1"
    )
    tuned = systems[0]
    if tuned.probability is None:
        raise ValueError("the first system must give probabilities")
    return Evaluation(
        systems=evaluations,
        differences=differences,
        reliability=_reliability(passages, tuned.probability),
        errors=_worst_errors(passages, tuned.probability, tuned.label),
        passages=len(passages.passage_ids),
        documents=documents,
        folds=len(np.unique(passages.fold)),
        findings=(*_findings(passages, differences, documents), *few_clusters(documents)),
        provenance=dict(provenance),
    )


def _all_metrics(
    passages: TestPassages, system: SystemPredictions, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Every metric, shape (labels, 1 + replicates); column 0 is the plain value."""
    import numpy as np

    table = {name: np.full((len(passages.label_names), len(weights)), np.nan) for name in METRICS}
    for label in range(len(passages.label_names)):
        truth = passages.truth[:, label]
        counts = metrics.count(truth, system.label[:, label], weights)
        table["precision"][label] = metrics.precision(counts)
        table["recall"][label] = metrics.recall(counts)
        table["f1"][label] = metrics.f1(counts)
        if system.probability is not None:
            probability = system.probability[:, label]
            table["average_precision"][label] = metrics.average_precision_by_fold(
                truth, probability, weights, passages.fold
            )
            table["expected_calibration_error"][label] = metrics.expected_calibration_error(
                truth, probability, weights
            )
    return table


def _system_evaluation(
    system: str, passages: TestPassages, values: dict[str, NDArray[np.float64]], documents: int
) -> SystemEvaluation:
    labels = tuple(
        LabelEvaluation(
            label=name,
            positives=int(passages.truth[:, index].sum()),
            metrics=with_width({metric: _interval(values[metric][index], documents) for metric in METRICS}),
        )
        for index, name in enumerate(passages.label_names)
    )
    macro = with_width({metric: _interval(_macro(values[metric]), documents) for metric in METRICS})
    return SystemEvaluation(system, labels, macro)


def _macro(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over labels; a replicate in which a label is undefined is itself undefined."""
    mean: NDArray[np.float64] = values.mean(axis=0)
    return mean


def _interval(values: NDArray[np.float64], documents: int) -> Interval:
    """The interval of the replicates around the plain value, which stands first."""
    return percentile_interval(float(values[0]), values[1:], documents)


def _reliability(passages: TestPassages, probability: NDArray[np.float64]) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    rows = []
    for label, name in enumerate(passages.label_names):
        bins = metrics.calibration_bin(probability[:, label])
        for index in np.unique(bins):
            members = bins == index
            rows.append(
                {
                    "label": name,
                    "lower": float(index / metrics.CALIBRATION_BINS),
                    "upper": float((index + 1) / metrics.CALIBRATION_BINS),
                    "mean_probability": float(probability[members, label].mean()),
                    "observed_share": float(passages.truth[members, label].mean()),
                    "passages": int(members.sum()),
                }
            )
    return pa.Table.from_pylist(rows)


def _worst_errors(
    passages: TestPassages, probability: NDArray[np.float64], given: NDArray[np.bool_]
) -> pa.Table:
    """Of each label the surest misses and the surest false alarms, the first of every label and kind before the second."""
    import numpy as np
    import pyarrow as pa

    ranked: list[tuple[int, int, bool, int]] = []
    for label in range(len(passages.label_names)):
        truth = passages.truth[:, label]
        distance = np.abs(truth - probability[:, label])
        for missed in (True, False):
            wrong = np.flatnonzero((truth != given[:, label]) & (truth == missed))
            surest = wrong[np.argsort(-distance[wrong], kind="stable")][: WORST_ERRORS_A_LABEL // 2]
            ranked += [(rank, label, missed, int(index)) for rank, index in enumerate(surest)]
    rows = [
        {
            "passage_id": passages.passage_ids[index],
            "label": passages.label_names[label],
            "gold": bool(passages.truth[index, label]),
            "probability": float(probability[index, label]),
            "text": passages.texts[index],
        }
        for _, label, _, index in sorted(ranked, key=lambda one: (one[0], one[1], not one[2]))
    ]
    columns = [
        ("passage_id", pa.string()),
        ("label", pa.string()),
        ("gold", pa.bool_()),
        ("probability", pa.float64()),
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([*columns, ("text", pa.string())]))


def _findings(
    passages: TestPassages, differences: Sequence[Difference], documents: int
) -> tuple[Finding, ...]:
    found = [
        Finding(
            "W201",
            f"Gold positives of label {name}: {int(passages.truth[:, index].sum())}; its metrics are rough.",
            "Label more passages of it before resting on its index alone.",
        )
        for index, name in enumerate(passages.label_names)
        if passages.truth[:, index].sum() < 60
    ]
    found += [
        Finding(
            "W681",
            f"The model's macro {item.metric.replace('_', ' ')} cannot be compared with that of {item.second}: a label has "
            "no positives, so that it has no score.",
            "Compare label by label, or label more passages.",
        )
        for item in differences
        if item.interval.lower != item.interval.lower and documents >= NONE_BELOW
    ]
    found += [_not_above(item) for item in differences if item.interval.lower <= 0]
    return tuple(found)


def _not_above(item: Difference) -> Finding:
    metric, interval = item.metric.replace("_", " "), item.interval
    by_how_much = (
        f"difference {interval.value:.3f}, 95% interval {interval.lower:.3f} to {interval.upper:.3f}."
    )
    if interval.upper < 0:
        return Finding(
            "W202",
            f"The model's macro {metric} is below that of {item.second}: {by_how_much}",
            "A simpler classifier serves better here. Label more passages, or tune another checkpoint.",
        )
    return Finding(
        "W202",
        f"The model's macro {metric} is not clearly above {item.second}: {by_how_much}",
        "A simpler classifier may serve as well.",
    )
