"""Does one entity carry the estimate? The attribution without each cluster in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.result import number
from headwinds.errors import EstimationError
from headwinds.explain.attribution.growth_equation import growth_equation
from headwinds.explain.attribution.headwinds import shapley_attribution, shapley_parts
from headwinds.explain.attribution.result import JOINT
from headwinds.explain.attribution.weighted import weighted_estimates
from headwinds.explain.stress.result import StressTest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign

FAR = 1.0


def leave_one_out(
    design: AttributionDesign, *, part: str = JOINT, draws: int = 199, seed: int = 0
) -> StressTest:
    """Leave out one cluster after the other.

    The verdict is good if the sign never changes and nobody's absence moves the part by more than one standard error.
    """
    import numpy as np
    import pandas as pd

    weights = np.ones((design.clusters, design.clusters)) - np.eye(design.clusters)
    slopes = weighted_estimates(growth_equation(design), weights)
    parts, _ = shapley_parts(design, slopes, weights, None, None)
    value = chosen_part(design, parts, part)
    whole = shapley_attribution(design, draws=draws, seed=seed).table.set_index("name").loc[part]
    estimate, error = float(whole["value"]), float(whole["standard_error"])
    moved = value - estimate
    names = cluster_names(design)
    order = np.argsort(-np.abs(moved), kind="stable")
    table = pd.DataFrame(
        {
            "name": [f"without {names[place]}" for place in order],
            "value": value[order],
            "lower": np.nan,
            "upper": np.nan,
            "moved": moved[order],
        }
    )
    lost = [names[place] for place in order if not np.isfinite(value[place])]
    turned = [
        names[place]
        for place in order
        if np.isfinite(value[place]) and np.sign(value[place]) != np.sign(estimate)
    ]
    far = float(np.abs(moved[order[0]])) / error if np.isfinite(moved[order[0]]) else float("nan")
    if turned:
        verdict = f"it changes its sign without {', '.join(turned[:3])}" + (
            f", or any of {len(turned) - 3} others" if len(turned) > 3 else ""
        )
    elif len(lost) == len(names):
        verdict = "it is not identified without any of them, so that nothing can be said"
    else:
        verdict = (
            f"leaving out {names[order[0]]} moves it most, by {number(moved[order[0]])} ({number(far, 1)} standard "
            "errors), and nobody's absence turns its sign"
        )
    if 0 < len(lost) < len(names):
        verdict += f"; without {', '.join(lost[:3])} it is not identified" + (
            f", nor without any of {len(lost) - 3} others" if len(lost) > 3 else ""
        )
    return StressTest(
        table,
        "leave one out",
        part,
        estimate,
        f"{design.outcome_words}, points",
        not turned and not lost and far <= FAR,
        verdict,
    )


def chosen_part(design: AttributionDesign, parts: NDArray[np.float64], part: str) -> NDArray[np.float64]:
    """One headwind's part, or the sum of all, from parts of all variables: shape (draws,)."""
    first = int(design.has_technology)
    if part == JOINT:
        joint: NDArray[np.float64] = parts[:, first : first + len(design.headwinds)].sum(axis=1)
        return joint
    if part not in design.headwinds:
        raise EstimationError(f"{part!r} is no headwind; there are {', '.join(design.headwinds)}.")
    single: NDArray[np.float64] = parts[:, design.names.index(part)]
    return single


def cluster_names(design: AttributionDesign) -> list[str]:
    """Of each cluster its entity, or the first of them and how many more."""
    members: dict[int, set[int]] = {}
    for cluster, entity in zip(design.cluster.tolist(), design.entity.tolist(), strict=True):
        members.setdefault(cluster, set()).add(entity)
    names = []
    for cluster in range(design.clusters):
        first, *more = sorted(members[cluster])
        names.append(design.entities[first] + (f" and {len(more)} more" if more else ""))
    return names
