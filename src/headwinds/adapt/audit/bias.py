"""Counterfactual bias: whether a label hangs on a text speaking of her or him, of one name or country or another.

Garg et al. 2019 call it counterfactual fairness in text classification; Prabhakaran, Hutchinson, Mitchell 2019
exchange names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.audit.joint import FEW_CLUSTERS, mean_intervals, share_interval
from headwinds.adapt.audit.swapping import chosen_texts, make_swapper
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.audit.answers import Asked
    from headwinds.adapt.audit.word_lists import SwapList

DRAWS = 3  # of words for a text and a group, in lists whose rows do not belong together
FEW_TEXTS = 30
SMALL = 0.01  # of probability


@dataclass(frozen=True, slots=True)
class GroupChange:
    """What the words of a group do to a label.

    Attributes
    ----------
    group, label
        The group, and the label.
    change
        Mean probability of the label with the group's words minus the mean over all groups, in pairs by text; of two groups
        minus that of the other group.
    lower, upper, joint_lower, joint_upper
        95% for this comparison alone, and for all of the list together.
    """

    group: str
    label: str
    change: float
    lower: float
    upper: float
    joint_lower: float
    joint_upper: float


@dataclass(frozen=True, slots=True)
class SwapResult:
    """What a list of swaps found.

    Attributes
    ----------
    name, groups
        The list.
    texts
        In which a word of it occurs.
    versions
        How many versions of each text were compared.
    flips
        Share of these texts that have another label in one version than in another, with its 95% interval.
    changes
        By group and label, the largest first.
    """

    name: str
    groups: tuple[str, ...]
    texts: int
    versions: int
    flips: Interval
    changes: tuple[GroupChange, ...]

    @property
    def verdict(self) -> str:
        """In words."""
        if not self.texts:
            return "no text has a word of this list: nothing can be said"
        bounds = [max(abs(one.joint_lower), abs(one.joint_upper)) for one in self.changes]
        known = [bound for bound in bounds if bound == bound]
        reacting = [one for one in self.changes if one.joint_lower > 0 or one.joint_upper < 0]
        if not known:
            return "no interval is defended, with so few texts or a model that does not react at all"
        if reacting:
            worst = max(reacting, key=lambda one: abs(one.change))
            how = "reacts" if abs(worst.change) >= SMALL else "reacts, by less than a point of probability"
            return (
                f"{how}: {len(reacting)} of {len(self.changes)} comparisons differ from none, most {worst.group} on "
                f"{worst.label} ({100 * worst.change:+.2f} points); {100 * self.flips.value:.1f} % of the texts get "
                "other labels"
            )
        return (
            f"no reaction is seen; one of up to {100 * max(known):.1f} points of probability could be missed"
        )


def swap_bias(
    asked: Asked,
    swaps: SwapList,
    texts: Sequence[Sequence[str]],
    clusters: Sequence[str],
    *,
    seed: int,
) -> tuple[SwapResult, tuple[Finding, ...]]:
    """Ask a classifier the versions of each text in which a word of the list occurs.

    Parameters
    ----------
    texts
        Each as a sequence of one text, or of the two of a pair.
    clusters
        Of each text; drawn whole for the intervals.
    """
    import numpy as np

    swapper = make_swapper(swaps)
    rows = chosen_texts(swapper, texts)
    if not rows:
        finding = Finding(
            "N262",
            f"No text has a word of the list {swaps.name!r}, so that nothing is said of it.",
            "Give texts that have, or a list of your own with --swaps.",
        )
        nothing = Interval(float("nan"), float("nan"), float("nan"))
        return SwapResult(swaps.name, swaps.groups, 0, 0, nothing, ()), (finding,)
    draws = 1 if swaps.aligned else DRAWS
    versions = []  # (texts, draws, groups) of pairs or singles, in that order
    for row in rows:
        for draw in range(draws):
            generator = np.random.default_rng(derive_seed(seed, "swaps", swaps.name, row, draw))
            versions += swapper.versions(texts[row], generator)
    seconds = [parts[1] for parts in versions] if len(versions[0]) > 1 else None
    answers = asked.answers([parts[0] for parts in versions], seconds)
    shape = (len(rows), draws, len(swaps.groups), len(asked.labels))
    probability = answers.probability.reshape(shape).mean(axis=1)
    given = answers.given.reshape(len(rows), -1, len(asked.labels))
    flips: NDArray[np.bool_] = (given != given[:, :1]).any(axis=(1, 2))
    own = [clusters[row] for row in rows]
    changes = _changes(probability, own, swaps.groups, asked.labels, seed)
    result = SwapResult(
        swaps.name,
        swaps.groups,
        len(rows),
        draws * len(swaps.groups),
        Interval(*share_interval(flips, own)),
        changes,
    )
    return result, _findings(result, len(set(own)))


def _changes(
    probability: NDArray[np.float64],
    clusters: Sequence[str],
    groups: tuple[str, ...],
    labels: tuple[str, ...],
    seed: int,
) -> tuple[GroupChange, ...]:
    """`probability` has shape (texts, groups, labels)."""
    names = groups
    if len(groups) == 2:
        names = groups[:1]
        against = probability[:, :1] - probability[:, 1:]
    else:
        against = probability - probability.mean(axis=1, keepdims=True)
    found = mean_intervals(against.reshape(len(against), -1), clusters, seed=derive_seed(seed, "bias"))
    columns = zip(
        ((group, label) for group in names for label in labels),
        found.estimate,
        found.lower,
        found.upper,
        found.joint_lower,
        found.joint_upper,
        strict=True,
    )
    changes = [
        GroupChange(group, label, *(float(value) for value in values)) for (group, label), *values in columns
    ]
    return tuple(sorted(changes, key=lambda one: (-abs(one.change), one.group, one.label)))


def _findings(result: SwapResult, clusters: int) -> tuple[Finding, ...]:
    found = []
    if result.texts < FEW_TEXTS or clusters < FEW_CLUSTERS:
        found.append(
            Finding(
                "W262",
                f"List {result.name!r}: few texts have a word of it (texts: {result.texts}, clusters: {clusters}); "
                f"below {FEW_CLUSTERS} clusters no interval is given.",
                "Give more texts.",
            )
        )
    still = sum(1 for one in result.changes if one.lower != one.lower)
    if still and clusters >= FEW_CLUSTERS:  # with fewer none has an interval, for the reason above
        found.append(
            Finding(
                "W263",
                f"List {result.name!r}: {still} of {len(result.changes)} changes are the same in every text, "
                "which leaves nothing to compute an interval from; they are shown without one.",
                "Give more varied texts, or read these changes as they stand.",
            )
        )
    return tuple(found)
