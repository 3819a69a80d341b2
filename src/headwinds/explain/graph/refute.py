"""Attempts to refute the estimate of an edge: what should find nothing, what should change nothing, what would undo it.

Placebo: the cause's histories are dealt to other entities, so there is nothing to find. Random common cause: one more
regressor, persistent and made up. Subset: four fifths of the clusters. Confounding: how strong an unobserved common cause
would have to be (Cinelli and Hazlett 2020; Oster 2019). To survive is not to be right: each could only have shown the
estimate wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Edge, Finding, Graph, Node
from headwinds.contracts.limits import require
from headwinds.contracts.result import Result, number
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.attribution.bootstrap import FEW_CLUSTERS
from headwinds.explain.attribution.reshaped import dealt, with_control
from headwinds.explain.attribution.structural import NodeEquation, node_equation
from headwinds.explain.attribution.weighted import weighted_estimates
from headwinds.explain.graph.sensitivity import partial_r_squared, proportional_selection, robustness_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign

REPEATS = 100
LEAST_REPEATS = 20  # with fewer no estimate is rarer than 5 %
PERSISTENCE = 0.8
SUBSET = 0.8
NO_SPREAD = 1e-9
"""Of an estimate: a standard error below it is no uncertainty but rounding."""


@dataclass(frozen=True, slots=True)
class Refutations(Result):
    """What the attempts found.

    Attributes
    ----------
    table
        A row an attempt: `name`, `value` (mean over repeats, or the measure), `lower`, `upper` (95 % of the repeats; NaN
        where there are none), `survives`, `verdict`.
    estimate, standard_error
        Of the edge from `source` to `target` at `lag` (periods).
    """

    table: pd.DataFrame
    estimate: float
    standard_error: float
    source: str
    target: str
    lag: int
    clusters: int
    findings: tuple[Finding, ...]

    def summary(self) -> str:
        """Each attempt's verdict."""
        lines = [
            f"{self.target} is associated with {self.source} (lag {self.lag}) by {number(self.estimate)} (standard error "
            f"{number(self.standard_error)}, {self.clusters} clusters). Attempts to refute it:"
        ]
        lines += [f"{row.name}: {row.verdict}" for row in self.table.itertuples()]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The estimate beside what the repeated attempts gave."""
        import pandas as pd

        from headwinds.drawing.intervals import draw_intervals

        reach = 1.96 * self.standard_error
        own = {
            "name": "estimate",
            "value": self.estimate,
            "lower": self.estimate - reach,
            "upper": self.estimate + reach,
        }
        repeated = self.table[self.table["lower"].notna()]
        shown = pd.concat(
            [pd.DataFrame([own]), repeated[["name", "value", "lower", "upper"]]], ignore_index=True
        )
        return draw_intervals(shown, axis=f"{self.target} per unit of {self.source}, and 95 % of the repeats")


def refute_edge(
    design: AttributionDesign,
    graph: Graph,
    source: str,
    target: str = "growth",
    *,
    lag: int | None = None,
    outcome: str = "growth",
    persistent: bool = True,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Refutations:
    """Try to refute the direct effect of one node on another.

    Parameters
    ----------
    lag
        Of the edge, in periods; needed where the two nodes have more than one edge. The others stay in the equation.
    persistent
        Whether the target's own past is held fixed too; see `path_effects`, whose slope of the edge is the one tested.

    Raises
    ------
    SettingsError
        The graph has no such edge, or several and no lag is given, or its source is the outcome (whose histories make the
        rows and cannot be dealt).
    """
    import numpy as np
    import pandas as pd

    require(repeats >= LEAST_REPEATS, "repeats", repeats, f"{LEAST_REPEATS} or more")
    edges = graph.between(source, target)
    if not edges or source == outcome:
        raise SettingsError(f"The graph has no edge from {source!r} to {target!r} whose source is an index.")
    edge = _edge_at(edges, lag)
    place = graph.into(target).index(edge)
    own = node_equation(design, graph, target, outcome, own_past=persistent)
    estimate = float(own.fit.value[place])
    error = float(np.sqrt(own.fit.covariance[place, place]))
    if not error > NO_SPREAD * abs(estimate):
        # Of two clusters the one's deviations are the other's with another sign, and cancel.
        error = float("nan")
    generator = np.random.default_rng(seed)
    placebo = _placebo(design, graph, source, target, outcome, place, repeats, generator, persistent)
    common = _random_cause(design, graph, edge, outcome, place, repeats, generator, persistent)
    subset = _subsets(own, place, repeats, generator)
    reach = 1.96 * error
    # The estimate is one of the deals itself, so that chance alone passes in no more than 5 %.
    as_large = int((np.abs(placebo) >= abs(estimate)).sum())
    beyond = (as_large + 1) / (len(placebo) + 1)
    extreme = beyond <= 0.05
    rows = [
        _repeated(
            "placebo treatment", placebo, extreme,
            f"dealt to other entities, as large an estimate comes up in {as_large} of {len(placebo)} repeats"
            + ("" if extreme else ": what was found is no more than chance finds"),
        ),
        _repeated(
            "random common cause", common, bool(np.abs(np.mean(common) - estimate) < max(0.1 * reach, 1e-12)),
            f"a made-up regressor moves the estimate from {number(estimate)} to {number(float(common.mean()))} on average",
        ),
        _repeated(
            "four fifths of the clusters", subset, bool((np.sign(subset) == np.sign(estimate)).mean() >= 0.95),
            f"the sign is that of the whole in {(np.sign(subset) == np.sign(estimate)).mean():.0%} of the subsets",
        ),
        *_confounding(own, place),
    ]  # fmt: skip
    lost = [str(row["name"]) for row in rows if not row["survives"]]
    findings = []
    if design.clusters < FEW_CLUSTERS:
        findings.append(
            Finding("W441", f"{design.clusters} clusters: intervals are too narrow.", "Take more entities.")
        )
    if lost:
        findings.append(
            Finding(
                "W447",
                f"The estimate of {source} on {target} (lag {edge.lag}) does not survive: {', '.join(lost)}.",
                "Do not build on it.",
            )
        )
    return Refutations(
        pd.DataFrame(rows), estimate, error, source, target, edge.lag, design.clusters, tuple(findings)
    )


def _edge_at(edges: Sequence[Edge], lag: int | None) -> Edge:
    """The edge of this lag, or the only one there is."""
    lags = ", ".join(str(edge.lag) for edge in edges)
    source, target = edges[0].source, edges[0].target
    if lag is None and len(edges) > 1:
        raise SettingsError(
            f"The graph has {len(edges)} edges from {source!r} to {target!r}, at lags {lags}; one is tested at a time.",
            remedy="Set lag to the one to test.",
        )
    found = [edge for edge in edges if lag is None or edge.lag == lag]
    if not found:
        raise SettingsError(
            f"The graph has no edge from {source!r} to {target!r} at lag {lag}; there is one at lag {lags}.",
            remedy="Set lag to one that the graph has.",
        )
    return found[0]


def _repeated(name: str, values: NDArray[np.float64], survives: bool, verdict: str) -> dict[str, object]:
    import numpy as np

    lower, upper = (float(one) for one in np.quantile(values, [0.025, 0.975]))
    return {
        "name": name, "value": float(values.mean()), "lower": lower, "upper": upper, "survives": survives,
        "verdict": verdict,
    }  # fmt: skip


def _placebo(
    design: AttributionDesign,
    graph: Graph,
    source: str,
    target: str,
    outcome: str,
    place: int,
    repeats: int,
    generator: np.random.Generator,
    persistent: bool,
) -> NDArray[np.float64]:
    import numpy as np

    variable = design.names.index(source)
    found = []
    for _ in range(repeats):
        try:
            moved = dealt(design, [variable], generator)
            other = node_equation(moved, graph, target, outcome, own_past=persistent)
        except EstimationError:  # the deal left too few rows
            continue
        found.append(float(other.fit.value[place]))
    values: NDArray[np.float64] = np.array([value for value in found if np.isfinite(value)])
    if len(values) < repeats / 2:
        raise EstimationError(
            "The panel has so many gaps that histories cannot be dealt to other entities.",
            remedy="Take entities with the same years.",
        )
    return values


def _random_cause(
    design: AttributionDesign,
    graph: Graph,
    edge: Edge,
    outcome: str,
    place: int,
    repeats: int,
    generator: np.random.Generator,
    persistent: bool,
) -> NDArray[np.float64]:
    import numpy as np

    name = "made-up"
    while name in design.names or name in graph.names:
        name += "-cause"
    lag = design.lags[design.names.index(edge.source)]
    more = Graph(
        graph.title, (*graph.nodes, Node(name, name, name)),
        (*graph.edges, Edge(name, edge.target, edge.lag, "assumed")),
    )  # fmt: skip
    first = int(design.year.min())
    length = int(design.year.max()) - first + 1
    found = []
    for _ in range(min(repeats, 50)):
        path = generator.standard_normal((len(design.entities), length))
        for year in range(1, length):
            path[:, year] = PERSISTENCE * path[:, year - 1] + np.sqrt(1 - PERSISTENCE**2) * path[:, year]
        made = with_control(design, name, path[design.entity, design.year - first], lag=lag)
        other = node_equation(made, more, edge.target, outcome, own_past=persistent)
        found.append(float(other.fit.value[place]))
    return np.array(found)


def _subsets(
    own: NodeEquation, place: int, repeats: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    import numpy as np

    clusters = own.equation.clusters
    kept = max(2, round(SUBSET * clusters))
    weights = np.zeros((repeats, clusters))
    for draw in range(repeats):
        weights[draw, generator.choice(clusters, size=kept, replace=False)] = 1.0
    values = weighted_estimates(own.equation, weights)[:, place]
    whole = values[np.isfinite(values)]
    return np.asarray(whole if len(whole) else [np.nan], dtype=np.float64)


def _confounding(own: NodeEquation, place: int) -> list[dict[str, object]]:
    """Strengths at which an unobserved common cause would undo the naive estimate; the observed ones beside it."""
    import numpy as np

    regressors, outcome = own.equation.regressors, own.equation.outcome
    freedom = max(own.fit.freedom, 2)
    inverse = np.linalg.inv(regressors.T @ regressors)
    value = inverse @ (regressors.T @ outcome)
    residual = outcome - regressors @ value
    t = value / np.sqrt(residual @ residual / freedom * np.diag(inverse))
    strength = robustness_value(float(t[place]), freedom)
    significant = robustness_value(float(t[place]), freedom, size=0.05)
    others = [other for other in range(len(value)) if other != place]
    told = {"lower": np.nan, "upper": np.nan}
    # A node's own past is no measure of what another cause can do.
    causes = [other for other in others if other < len(own.edges)]
    strongest = max((partial_r_squared(float(t[other]), freedom) for other in causes), default=0.0)
    rows: list[dict[str, object]] = [
        {
            "name": "robustness value", "value": strength, **told, "survives": significant > strongest,
            "verdict": (
                f"a common cause that explains {strength:.1%} of what is left of both would bring the estimate to zero, "
                f"{significant:.1%} would make it insignificant; the strongest observed cause explains {strongest:.1%} "
                "of the outcome"
            ),
        }
    ]  # fmt: skip
    if others:
        cause = regressors[:, place]
        left = cause - regressors[:, others] @ np.linalg.lstsq(regressors[:, others], cause, rcond=None)[0]
        short = float(cause @ outcome / (cause @ cause))
        total = float(outcome @ outcome)
        delta = proportional_selection(
            short=short,
            medium=float(value[place]),
            short_r_squared=short**2 * float(cause @ cause) / total,
            medium_r_squared=1 - float(residual @ residual) / total,
            cause_variance=float(cause @ cause) / len(cause),
            cause_left=float(left @ left) / len(cause),
            outcome_variance=total / len(cause),
        )
        rows.append(
            {
                "name": "proportional selection", "value": delta, **told, "survives": abs(delta) >= 1 or delta < 0,
                "verdict": (
                    f"unobserved causes would have to be selected on {number(delta, 2)} times as strongly as the observed "
                    "ones to bring it to zero (R squared at most 1.3 times the present one)"
                    if delta >= 0
                    else f"holding the observed fixed moves it away from zero, so that unobserved causes would have to work "
                    f"the other way, {number(-delta, 2)} times as strongly, to bring it there"
                ),
            }
        )  # fmt: skip
    return rows
