"""From growth, an index and two spans to everything that can be said of the headwinds: power first, then the attribution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Graph, Indicator
from headwinds.contracts.result import Result
from headwinds.errors import EstimationError, MismatchError, SettingsError
from headwinds.explain.attribution.bootstrap import DRAWS
from headwinds.explain.attribution.design import AttributionDesign, lags_of, make_attribution_design
from headwinds.explain.attribution.headwinds import shapley_attribution
from headwinds.explain.attribution.levels_and_returns import levels_and_returns
from headwinds.explain.attribution.mechanisms import mechanism_attribution
from headwinds.explain.attribution.order import order_findings
from headwinds.explain.attribution.power import MOST_WRONG_SIGNS, AttributionPower, attribution_power
from headwinds.explain.graph.effects import PathEffects, path_effects
from headwinds.explain.graph.identify import Identification, identify
from headwinds.explain.graph.read import essay_graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.explain.attribution.design import Channel, Span
    from headwinds.explain.attribution.result import Attribution

TECHNOLOGY = "technology"


@dataclass(frozen=True, slots=True)
class SlowdownAttribution(Result):
    """What goes with a slowdown, each way that we know to ask, and what cannot be told.

    Attributes
    ----------
    design
        The rows behind it.
    power
        Computed first; it decides whether single headwinds are shown.
    headwinds
        Exact Shapley values of the headwinds.
    levels_returns, mechanisms, paths
        Other readings of the same change; None where the data do not allow one, with a finding that says why.
    identification
        What the graph lets data say.
    acknowledged
        Whether single headwinds are shown although their signs cannot be told.
    """

    design: AttributionDesign
    power: AttributionPower
    headwinds: Attribution
    levels_returns: Attribution | None
    mechanisms: Attribution | None
    paths: PathEffects | None
    identification: Identification
    acknowledged: bool
    findings: tuple[Finding, ...]

    @property
    def table(self) -> pd.DataFrame:
        """The parts by exact Shapley values, with the probability of a wrong sign of each headwind."""
        wrong = self.power.table.set_index("name")["wrong_sign"]
        return self.headwinds.table.assign(wrong_sign=self.headwinds.table["name"].map(wrong))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by its name, for a study or a report."""
        found = {
            "power": self.power.table,
            "headwinds": self.table,
            "identification": self.identification.table,
        }
        if self.levels_returns is not None:
            found["levels_and_returns"] = self.levels_returns.table
        if self.mechanisms is not None:
            found["mechanisms"] = self.mechanisms.table
        if self.paths is not None:
            found["paths"] = self.paths.table
            found["edges"] = self.paths.edges
        return found

    def summary(self) -> str:
        """Power, then the attribution, then what must be known of it."""
        return "\n".join(
            [self.power.summary(), self.headwinds.summary(), *(str(one) for one in self.findings)]
        )

    def plot(self) -> Figure:
        """From growth before to growth after."""
        return self.headwinds.plot()


def attribute_slowdown(
    outcome: pd.DataFrame,
    indicator: Indicator,
    *,
    before: Span,
    after: Span,
    graph: Graph | None = None,
    technology: pd.DataFrame | str | None = None,
    channel: Channel | None = None,
    lag: int | None = None,
    controls: Mapping[str, pd.DataFrame] | None = None,
    clusters: Mapping[str, str] | None = None,
    borders: Sequence[int] = (),
    assumed: float | None = None,
    acknowledge: bool = False,
    outcome_node: str = "growth",
    outcome_words: str = "growth",
    persistent: bool = True,
    half_panel: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
) -> SlowdownAttribution:
    """Attribute the change of mean growth between two spans to the headwinds of a graph, power first.

    Parameters
    ----------
    outcome
        Columns `entity`, `period`, `value`: growth in % per year, a row an entity and year.
    indicator
        Keys (entity, period), in any names; its labels are those of the graph's nodes.
    before, after
        (first, last) year of levels of each: growth of first + 1, ..., last belongs to it.
    graph
        None takes the founding essay's. Its nodes with an edge into growth, but technology, are the headwinds.
    technology
        A table like `outcome` (taken to have no error) or a label of the index. None takes the label that the graph's node
        "technology" names if the index has it, and else leaves technology out.
    channel
        How headwinds touch growth: "growth" by themselves, "technology" only by weakening it, "both". None takes
        "technology" where technology is a table, and else "growth".
    lag
        Years by which all indices precede growth; None takes each edge's own lag.
    controls
        Other series that growth goes with, by name, as tables like `outcome`.
    clusters
        The cluster of each entity; None for the entity itself.
    borders
        Last years that the first span may have, as the interval of a break's date gives them; carried to the intervals.
    assumed
        Size of each headwind's part for the power; None divides the whole change among them.
    acknowledge
        True shows single headwinds even where their signs cannot be told, and says so.
    persistent, half_panel
        How the slopes of the graph's edges are estimated, for the mechanisms and the paths: beside each node's own past, and
        without the bias of short panels; see `path_effects`. `identify` takes nodes as `persistent` too.
    draws, seed
        Of the cluster bootstrap.

    Returns
    -------
    SlowdownAttribution
        Where the estimate of some headwind would have the wrong sign with a probability above 10 %, single headwinds are
        given only as bands that hold for all at once, beside their joint part.

    Raises
    ------
    SettingsError, DataError, MismatchError, EstimationError
        See `make_attribution_design`, `growth_equation`.
    """
    graph = graph or essay_graph()
    if outcome_node not in graph.names:
        raise SettingsError(
            f"outcome_node = {outcome_node!r} is no node; there are {', '.join(graph.names)}."
        )
    lags = lags_of(graph, outcome_node)
    names = [name for name in graph.names if name in lags and name not in (TECHNOLOGY, outcome_node)]
    headwinds = {name: graph.node(name).label for name in names}
    present = set(indicator.labels)
    missing = [name for name in names if headwinds[name] not in present]
    if missing:
        raise MismatchError(
            f"The index has no label {headwinds[missing[0]]!r} for the graph's node {missing[0]!r}; it has "
            f"{', '.join(sorted(present))}.",
            remedy="Measure it, name it in the node's label, or leave it out of the graph.",
        )
    if technology is None and TECHNOLOGY in graph.names and graph.node(TECHNOLOGY).label in present:
        technology = graph.node(TECHNOLOGY).label
    if channel is None:
        channel = "growth" if technology is None or isinstance(technology, str) else "technology"
    design = make_attribution_design(
        outcome,
        indicator,
        before=before,
        after=after,
        headwinds=headwinds,
        technology=technology,
        channel=channel,
        lag=lags if lag is None else lag,
        controls=controls,
        clusters=clusters,
        outcome_words=outcome_words,
    )
    power = attribution_power(design, assumed=assumed)
    show = power.rankable or acknowledge
    findings: list[Finding] = []
    if acknowledge and not power.rankable:
        findings.append(
            Finding(
                "W446",
                "Single headwinds are shown because it was asked for, although the estimate of some would have the wrong "
                f"sign more than {MOST_WRONG_SIGNS:.0%} of the time.",
                "Do not rank them.",
            )
        )
    if design.without_value:
        findings.append(
            Finding("N450", f"Entity-years in the spans without growth, left out: {design.without_value}.")
        )
    if design.dropped:
        findings.append(
            Finding(
                "N448", f"{design.dropped} entity-years have growth and no usable index, and are left out."
            )
        )
    shares = shapley_attribution(design, draws=draws, seed=seed, borders=borders, show_single=show)
    findings += order_findings(shares)
    levels: Attribution | None = None
    try:
        levels = levels_and_returns(design, draws=draws, seed=seed, show_single=show)
    except EstimationError as error:
        findings.append(Finding("N449", f"No levels and returns: {error.message}"))
    measured = {outcome_node, *design.names}
    mechanisms: Attribution | None = None
    paths: PathEffects | None = None
    if all(name in measured for name in graph.names):
        try:
            mechanisms = mechanism_attribution(
                design, graph, outcome=outcome_node, draws=draws, seed=seed, show_single=show,
                persistent=persistent, half_panel=half_panel,
            )  # fmt: skip
        except EstimationError as error:
            findings.append(Finding("N449", f"No mechanisms: {error.message}"))
        if TECHNOLOGY in graph.names:
            try:
                paths = path_effects(
                    design, graph, target=outcome_node, draws=draws, seed=seed, show_single=show,
                    persistent=persistent, half_panel=half_panel,
                )  # fmt: skip
            except (EstimationError, SettingsError) as error:  # no way, or more than can be listed
                findings.append(Finding("N449", f"No paths: {error.message}"))
    else:
        lost = [name for name in graph.names if name not in measured]
        findings.append(Finding("N449", f"No mechanisms and paths: {', '.join(lost)} is not measured."))
    result = SlowdownAttribution(
        design=design,
        power=power,
        headwinds=shares,
        levels_returns=levels,
        mechanisms=mechanisms,
        paths=paths,
        identification=identify(graph, persistent=persistent),
        acknowledged=acknowledge and not power.rankable,
        findings=(),
    )
    return replace(result, findings=tuple(findings))
