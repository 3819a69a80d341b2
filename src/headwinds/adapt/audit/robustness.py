"""What changes that should not matter do to a model: its main metric before and after, in pairs, and labels that flip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.audit.joint import FEW_CLUSTERS, REPLICATES, joint_intervals, share_interval
from headwinds.adapt.audit.perturbations import editors, perturbed_rows, same_text
from headwinds.adapt.evaluation.metrics import document_weights
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding, Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.audit.answers import Asked
    from headwinds.adapt.tasks.contract import Row


@dataclass(frozen=True, slots=True)
class Perturbed:
    """What one change does.

    Attributes
    ----------
    name
        Of the change; `perturbations.MEANINGS` says what it is.
    changed
        Share of the texts that it changes at all.
    before, after, difference
        The main metric; NaN without labels.
    lower, upper, joint_lower, joint_upper
        95% of the difference alone, and of all changes together.
    flips
        Share of all texts whose prediction is another one, with its 95% interval.
    """

    name: str
    changed: float
    before: float
    after: float
    difference: float
    lower: float
    upper: float
    joint_lower: float
    joint_upper: float
    flips: Interval


@dataclass(frozen=True, slots=True)
class Robustness:
    """All changes, the worst first."""

    metric: str
    texts: int
    changes: tuple[Perturbed, ...]

    @property
    def verdict(self) -> str:
        """In words."""
        applied = [one for one in self.changes if one.changed > 0]
        if not applied:
            return "no change applies to these texts"
        worst = applied[0]
        falls = [one for one in applied if one.joint_upper < 0]
        name = self.metric.replace("_", " ")
        if worst.difference != worst.difference:
            return f"worst is {worst.name}: {100 * worst.flips.value:.1f} % of the predictions are others"
        if falls:
            return (
                f"worst is {worst.name}: {name} {worst.before:.3f} to {worst.after:.3f}; {len(falls)} of {len(applied)} "
                "changes cost something for sure"
            )
        return (
            f"no change costs for sure; worst is {worst.name}: {name} {worst.before:.3f} to {worst.after:.3f}"
        )


def robustness_of(
    asked: Asked,
    rows: Sequence[Row],
    clusters: Sequence[str],
    *,
    labelled: bool,
    paraphrase: str = "",
    seed: int,
) -> tuple[Robustness, tuple[Finding, ...]]:
    """Predict rows before and after each change; without labels only the flips are counted."""
    import numpy as np

    task, labels = asked.model.task, asked.labels
    before = asked.predictions(rows)
    weights = np.ones((1, len(rows)))
    if labelled and len(set(clusters)) > 1:
        drawn = document_weights(clusters, replicates=REPLICATES, seed=derive_seed(seed, "robustness"))
        weights = np.vstack([weights, drawn])

    def metric(kept: Sequence[Row], predictions: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        if not labelled:
            return np.full(len(weights), np.nan)
        found = task.metrics(predictions, task.read(kept, labelled=True), labels, weights)
        values: NDArray[np.float64] = found[task.main_metric]
        return values

    plain = metric(rows, before)
    names, after, flips, changed = [], [], [], []
    for name, editor in editors(paraphrase).items():
        made = perturbed_rows(rows, editor, seed=derive_seed(seed, "perturbed", name))
        predictions = asked.predictions(made)
        names.append(name)
        after.append(metric(made, predictions))
        flips.append([_given(one) != _given(other) for one, other in zip(before, predictions, strict=True)])
        changed.append(float(np.mean([not same_text(a, b) for a, b in zip(rows, made, strict=True)])))
    differences = np.array(after).T - plain[:, None]
    joint = joint_intervals(
        differences[0],
        differences[1:] if len(differences) > 1 else np.full((2, len(names)), np.nan),
        len(set(clusters)),
    )
    found = [
        Perturbed(
            name=name,
            changed=changed[place],
            before=float(plain[0]),
            after=float(after[place][0]),
            difference=float(joint.estimate[place]),
            lower=float(joint.lower[place]),
            upper=float(joint.upper[place]),
            joint_lower=float(joint.joint_lower[place]),
            joint_upper=float(joint.joint_upper[place]),
            flips=Interval(*share_interval(np.array(flips[place]), clusters)),
        )
        for place, name in enumerate(names)
    ]
    found.sort(
        key=lambda one: (one.difference if one.difference == one.difference else 0.0, -one.flips.value)
    )
    findings = _findings(found, labelled, len(set(clusters)))
    return Robustness(task.main_metric, len(rows), tuple(found)), findings


def _given(prediction: Mapping[str, Any]) -> Any:
    """What a prediction says, without how sure it is."""
    for name in ("labels", "label", "tags"):
        if name in prediction:
            return prediction[name]
    return [span["label"] for span in prediction.get("spans", ())]  # their places move with the text


def _findings(found: Sequence[Perturbed], labelled: bool, clusters: int) -> tuple[Finding, ...]:
    idle = [one.name for one in found if one.changed == 0]
    findings = []
    if idle:
        findings.append(Finding("N267", f"Changes that change none of these texts: {', '.join(idle)}."))
    if not labelled:
        findings.append(
            Finding(
                "W267",
                "The rows have no labels, so that predictions are compared with each other and not with the truth.",
                "Give labelled rows to see what the metric loses.",
            )
        )
    elif clusters < FEW_CLUSTERS:
        findings.append(
            Finding(
                "W265",
                f"Clusters of the changed texts: {clusters}. With fewer than {FEW_CLUSTERS} no interval of what the metric "
                "loses is defended.",
                "Give more clusters, or read the differences as a description.",
            )
        )
    return tuple(findings)
