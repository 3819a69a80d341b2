"""Gaps between groups of a column: how well a model does for each, and how often it gives each label."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.audit.joint import FEW_CLUSTERS, REPLICATES, joint_intervals
from headwinds.adapt.evaluation.metrics import document_weights
from headwinds.adapt.numbered import numbered
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.fitted_model import FittedModel

FEW_ROWS = 30
POSITIVE = "share given"


@dataclass(frozen=True, slots=True)
class GroupGap:
    """One quantity in one group, and its gap to all rows outside of the group.

    Attributes
    ----------
    column, group, quantity
        Where, and of what: a metric of the task, or the share of texts that a label is given to.
    rows
        In the group.
    value, gap
        In the group; and minus the value outside of it.
    lower, upper, joint_lower, joint_upper
        95% of the gap alone, and of all gaps of the column together.
    """

    column: str
    group: str
    quantity: str
    rows: int
    value: float
    gap: float
    lower: float
    upper: float
    joint_lower: float
    joint_upper: float

    @property
    def shown(self) -> str:
        """The quantity in words; a label stays as its user wrote it."""
        return self.quantity if self.quantity.startswith(POSITIVE) else self.quantity.replace("_", " ")


@dataclass(frozen=True, slots=True)
class GroupResult:
    """The gaps of one column."""

    column: str
    gaps: tuple[GroupGap, ...]

    @property
    def verdict(self) -> str:
        """In words."""
        apart = [one for one in self.gaps if one.joint_lower > 0 or one.joint_upper < 0]
        known = [one for one in self.gaps if one.joint_lower == one.joint_lower]
        if not known:
            return "no interval is defended: too few rows, or nothing differs"
        if not apart:
            widest = max(max(abs(one.joint_lower), abs(one.joint_upper)) for one in known)
            return f"no gap is seen; one of up to {widest:.3f} could be missed"
        worst = max(apart, key=lambda one: abs(one.gap))
        return (
            f"{len(apart)} of {len(self.gaps)} gaps differ from none, the widest {worst.group}: {worst.shown} "
            f"{worst.value:.3f}, {worst.gap:+.3f} against the rest"
        )


def group_gaps(
    model: FittedModel,
    predictions: Sequence[Mapping[str, Any]],
    examples: Any,
    column: str,
    groups: Sequence[str],
    clusters: Sequence[str],
    *,
    labelled: bool,
    seed: int,
) -> tuple[GroupResult, tuple[Finding, ...]]:
    """Gaps of every group of a column; without labels only of the shares of texts that each label is given to."""
    import numpy as np

    names, owner = numbered(groups)
    members = np.array([owner == number for number in range(len(names))], dtype=float)
    ones = np.ones((1, len(owner)))
    replicates = REPLICATES if len(set(clusters)) > 1 else 0
    weights = (
        document_weights(clusters, replicates=replicates, seed=derive_seed(seed, "groups"))
        if replicates
        else ones
    )

    def quantities(weighting: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        found = {}
        if labelled:
            with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", RuntimeWarning
                )  # a draw may have nobody of a small group: NaN then
                all_of_them = model.task.metrics(predictions, examples, model.facts.labels, weighting)
            wanted = dict.fromkeys(("accuracy", model.task.main_metric))
            found = {name: all_of_them[name] for name in wanted if name in all_of_them}
        return found | _shares(predictions, model.facts.labels, weighting)

    gaps: list[tuple[str, str, int, float]] = []
    estimates: list[float] = []
    drawn, fewest = [], []
    for number, name in enumerate(names):
        inside, outside = quantities(ones * members[number]), quantities(ones * (1 - members[number]))
        many_in = quantities(weights * members[number])
        many_out = quantities(weights * (1 - members[number]))
        counts = [
            len({clusters[row] for row in np.flatnonzero(members[number] == side).tolist()})
            for side in (1, 0)
        ]
        for quantity, value in inside.items():
            gaps.append((str(name), quantity, int(members[number].sum()), float(value[0])))
            estimates.append(float(value[0] - outside[quantity][0]))
            fewest.append(min(counts))
            if min(counts) < FEW_CLUSTERS:
                drawn.append(np.full(len(weights), np.nan))
                continue
            draws = _widened(many_in[quantity], counts[0], seed, name) - _widened(
                many_out[quantity], counts[1], seed, f"not {name}"
            )
            drawn.append(draws)
    joint = joint_intervals(np.array(estimates), np.array(drawn).T, np.array(fewest))
    columns = (joint.estimate, joint.lower, joint.upper, joint.joint_lower, joint.joint_upper)
    found = tuple(
        GroupGap(column, *gap, *(float(values[place]) for values in columns))
        for place, gap in enumerate(gaps)
    )
    return GroupResult(column, found), _findings(column, names, members, owner, clusters)


def _widened(draws: NDArray[np.float64], clusters: int, seed: int, name: str) -> NDArray[np.float64]:
    """Draws of a share; where all are the same (nobody, or everybody), with the spread of two more of each kind.

    A bootstrap of nothing but zeros has no width, and a group where nobody has a label is not one where nobody could have
    it (Agresti, Coull 1998, sec. 3).
    """
    import numpy as np

    known = draws[np.isfinite(draws)]
    if not len(known) or known.std() > 1e-12 or not 0 <= known[0] <= 1:
        return draws
    share = (known[0] * clusters + 2) / (clusters + 4)
    generator = np.random.default_rng(derive_seed(seed, "widened", name))
    return draws + generator.normal(0.0, np.sqrt(share * (1 - share) / clusters), len(draws))


def _shares(
    predictions: Sequence[Mapping[str, Any]], labels: tuple[str, ...], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """The share of texts that each label is given to; nothing for tasks whose predictions are no labels."""
    import numpy as np

    if not predictions or not ({"label", "labels"} & set(predictions[0])):
        return {}
    given = [set(item["labels"] if "labels" in item else (item["label"],)) for item in predictions]
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            f"{POSITIVE} {name}": weights
            @ np.array([name in own for own in given], dtype=float)
            / weights.sum(axis=1)
            for name in labels
        }


def _findings(
    column: str,
    names: Sequence[str],
    members: NDArray[np.float64],
    owner: NDArray[np.int64],
    clusters: Sequence[str],
) -> tuple[Finding, ...]:
    found = []
    small = [
        f"{name} ({int(own.sum())})" for name, own in zip(names, members, strict=True) if own.sum() < FEW_ROWS
    ]
    if small:
        found.append(
            Finding(
                "W264",
                f"{column}: groups with fewer than {FEW_ROWS} rows: {', '.join(small[:10])}"
                f"{' and more' if len(small) > 10 else ''}; they are in the table.",
                "Read their gaps as rough; give more rows or join groups.",
            )
        )
    few = [
        str(name)
        for number, name in enumerate(names)
        if len({clusters[row] for row in (owner == number).nonzero()[0]}) < FEW_CLUSTERS
    ]
    if few:
        found.append(
            Finding(
                "W265",
                f"{column}: groups in fewer than {FEW_CLUSTERS} clusters: {', '.join(few[:5])}"
                f"{' and more' if len(few) > 5 else ''}; no interval of theirs is defended.",
                "Give more clusters, or read these gaps as a description.",
            )
        )
    if len(names) < 2:
        found.append(
            Finding("W266", f"{column} has one value ({names[0]}), so that there is nothing to compare.")
        )
    return tuple(found)
