"""Effects along the ways of a graph, and what could refute one: right where the truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from explain.attribution.world import indicator
from headwinds.contracts import Edge, Node
from headwinds.errors import MismatchError, SettingsError
from headwinds.explain.attribution.design import make_attribution_design
from headwinds.explain.attribution.reshaped import take_rows
from headwinds.explain.attribution.structural import node_equation
from headwinds.explain.graph import build_graph, essay_graph
from headwinds.explain.graph.effects import path_effects
from headwinds.explain.graph.refute import refute_edge
from headwinds.explain.graph.sensitivity import partial_r_squared, proportional_selection, robustness_value

DIRECT, INTO, OUT, BACK = 0.8, 0.5, -0.6, 0.3


def panel(
    seed: int,
    *,
    units: int = 120,
    years: int = 20,
    hidden: float = 0.0,
    noise: float = 0.0,
    direct: float = DIRECT,
    lasting: float = 0.0,
    rise: float = 0.0,
    together: float = 0.0,
    told: bool = True,
):
    """technology -> adaptability -> growth, growth -> adaptability a year later; `hidden` moves both mediators.

    `lasting` is how much of each node is what it was a year before; from mid-sample on technology rests `rise` higher.
    `together` is the correlation of the errors of the driver and of adaptability in one cell; `told` if the index says so.
    """
    generator = np.random.default_rng(seed)
    technology = generator.normal(size=(units, years))
    growth, adaptability, social = (np.zeros((units, years)) for _ in range(3))
    effect = generator.normal(size=(units, 4))
    for year in range(years):
        common = hidden * generator.normal(size=units)
        past = growth[:, year - 1] if year else 0.0
        technology[:, year] += (1 - lasting) * rise * (year > 9)
        if year:
            technology[:, year] += lasting * technology[:, year - 1]
        adaptability[:, year] = (
            effect[:, 0] + INTO * technology[:, year] + BACK * past + common + generator.normal(size=units)
        )
        social[:, year] = effect[:, 1] + 0.2 * technology[:, year] + common + generator.normal(size=units)
        if year:
            growth[:, year] = (
                effect[:, 2] + direct * technology[:, year - 1] + OUT * adaptability[:, year - 1]
                + generator.normal(size=units)
            )  # fmt: skip
            for node in (adaptability, social, growth):
                node[:, year] += lasting * node[:, year - 1]
    names = [f"C{number:03d}" for number in range(units)]
    cells = [(name, 2000 + year) for name in names for year in range(years)]
    seen = {
        "driver": technology, "adaptability": adaptability, "social": social,
    }  # fmt: skip
    errors = {name: noise * generator.normal(size=block.shape) for name, block in seen.items()}
    errors["adaptability"] *= np.sqrt(1 - together**2)
    errors["adaptability"] += together * errors["driver"]
    index = indicator(cells, {name: (block + errors[name]).ravel() for name, block in seen.items()}, noise**2)
    if together and told:
        index = replace(index, label_correlation=np.array([[1, together, 0], [together, 1, 0], [0, 0, 1.0]]))
    outcome = pd.DataFrame(
        {
            "entity": [cell[0] for cell in cells],
            "period": [cell[1] for cell in cells],
            "value": growth.ravel(),
        }
    )
    return make_attribution_design(
        outcome[outcome["period"] > 2000], index, before=(2000, 2009), after=(2009, 2019),
        headwinds=("adaptability", "social"), technology="driver", channel="growth",
    )  # fmt: skip


def graph():
    essay = essay_graph()
    left = ("technology", "adaptability", "social", "growth")
    return build_graph(
        [node for node in essay.nodes if node.name in left],
        [edge for edge in essay.edges if {edge.source, edge.target} <= set(left)],
    )


def row(result, name):
    return result.table.set_index("name").loc[name]


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_direct_indirect_and_feedback_effects_are_found_also_through_an_index_with_noise(noise):
    result = path_effects(panel(1, units=300, noise=noise), graph(), draws=99)
    total = DIRECT + INTO * OUT
    expected = {
        "technology > growth": DIRECT,
        "technology > adaptability > growth": INTO * OUT,
        "technology > social > growth": 0.0,
        "all feedback": total * BACK * OUT,
        "total": total * (1 + BACK * OUT),
    }
    for name, truth in expected.items():
        found = row(result, name)
        assert found["value"] == pytest.approx(truth, abs=4 * found["standard_error"] + 0.01), name
        assert found["standard_error"] < 0.05


@pytest.mark.parametrize("together", [0.8, -0.8])
def test_errors_of_a_cause_and_its_effect_in_one_cell_that_go_together_make_no_way_stronger(together):
    """They stand in the same year's cell: the driver's slope into adaptability holds their covariance itself."""
    told, untold = (
        path_effects(panel(1, units=300, noise=0.4, together=together, told=said), graph(), draws=99).edges
        for said in (True, False)
    )
    for edges, right in ((told, True), (untold, False)):
        edge = edges.set_index(["source", "target"]).loc[("technology", "adaptability")]
        assert (abs(edge["value"] - INTO) < 4 * edge["standard_error"]) == right
    back = told.set_index(["source", "target"])["value"]
    assert back["technology", "growth"] == pytest.approx(DIRECT, abs=0.06)
    assert back["adaptability", "growth"] == pytest.approx(OUT, abs=0.06)


def test_where_nodes_last_their_own_pasts_are_held_fixed_and_slopes_are_right():
    """Of four panels. With parents alone the slope takes over what lasts in growth itself: 0.95 where 0.8 is true."""
    designs = [panel(seed, lasting=0.5) for seed in range(4)]
    found = {
        persistent: [path_effects(one, graph(), draws=50, persistent=persistent) for one in designs]
        for persistent in (True, False)
    }
    halves = [path_effects(one, graph(), draws=50, half_panel=True) for one in designs]
    plain, halved = (
        pd.DataFrame([one.edges.set_index("source").loc["growth"] for one in results])
        for results in (found[True], halves)
    )
    assert plain["value"].mean() > BACK + 0.02  # round a feedback the bias is of order 1 in the years
    assert halved["value"].mean() == pytest.approx(BACK, abs=0.015)
    assert sum((plain["lower"] <= BACK) & (plain["upper"] >= BACK)) <= 1
    assert sum((halved["lower"] <= BACK) & (halved["upper"] >= BACK)) == 4
    assert halved["standard_error"].mean() < 1.5 * plain["standard_error"].mean()
    assert "of adaptability by up to 0." in next(
        str(one) for one in found[True][0].findings if one.code == "N452"
    )
    assert {"N452", "N454"} & {one.code for one in halves[0].findings} == {"N454"}
    slopes = {
        persistent: np.mean([row(result, "technology > growth")["value"] for result in results])
        for persistent, results in found.items()
    }
    assert slopes[True] == pytest.approx(DIRECT, abs=0.05)
    assert slopes[False] > DIRECT + 0.1
    assert "N451" in {finding.code for finding in found[False][0].findings}
    assert "N451" not in {finding.code for finding in found[True][0].findings}
    assert "its value of the period before says, which is held fixed" in found[True][0].summary()
    tested = refute_edge(designs[0], graph(), "technology", repeats=20)
    assert tested.estimate == pytest.approx(row(found[True][0], "technology > growth")["value"], rel=1e-12)
    assert tested.table["survives"].all()


def test_intervals_of_the_indirect_effect_cover_as_often_as_they_say():
    """Of 80 at 95 %, between 70 and 79 is what chance allows (two-sided, 1 in 100)."""
    hits = []
    for seed in range(80):
        found = row(
            path_effects(panel(seed, units=50, years=15), graph(), draws=99, seed=seed), "all indirect"
        )
        hits.append(found["lower"] <= INTO * OUT <= found["upper"])
    assert 70 <= sum(hits) <= 79


def test_ways_add_up_to_the_total():
    table = path_effects(panel(0, units=40), graph(), draws=50).table.set_index("effect")["value"]
    parts = table["direct"] + table["all indirect"] + table["all feedback"]
    assert table["total"] == pytest.approx(parts, abs=1e-12)
    assert table["indirect"].sum() == pytest.approx(table["all indirect"], abs=1e-12)


def test_two_ways_through_one_mediator_have_names_of_their_own_and_it_does_not_move_together_with_itself():
    plain = graph()
    twice = build_graph([*plain.nodes], [*plain.edges, Edge("adaptability", "growth", 2, "assumed")])
    result = path_effects(panel(1, units=40), twice, draws=50)
    names = result.table["name"].tolist()
    assert len(set(names)) == len(names)
    assert "technology > adaptability > growth (lags 0, 2)" in names
    assert "W445" not in {finding.code for finding in result.findings}


def test_mediators_that_move_together_are_said_not_to_be_separable():
    told = {
        finding.code for finding in path_effects(panel(0, units=60, hidden=1.0), graph(), draws=50).findings
    }
    assert "W445" in told
    told = {finding.code for finding in path_effects(panel(0, units=60), graph(), draws=50).findings}
    assert "W445" not in told


def test_a_node_without_an_index_is_named():
    with pytest.raises(MismatchError, match="'innovation' is not measured"):
        path_effects(panel(0, units=20), essay_graph(), draws=50)


def test_a_graph_of_too_many_ways_is_refused_before_anything_is_estimated():
    names = [f"n{number}" for number in range(14)]
    edges = [Edge(a, b, lag, "assumed") for a in names for b in names for lag in (1, 2) if a != b]
    made = build_graph([Node(name, name, name) for name in names], edges)
    for horizon, said in (
        (None, "too many ways from n0 to n1 to try: 14 nodes, 364 edges"),
        (40, "at most 10000"),
    ):
        with pytest.raises(SettingsError, match=said):
            path_effects(panel(0, units=5), made, source="n0", target="n1", horizon=horizon, draws=50)


def test_unknown_ends_are_refused():
    design = panel(0, units=20)
    with pytest.raises(SettingsError, match="source = 'steam' is no node"):
        path_effects(design, graph(), source="steam", draws=50)
    with pytest.raises(SettingsError, match="no way from social to technology"):
        path_effects(design, graph(), source="social", target="technology", draws=50)


def test_what_is_there_survives_refutation_and_what_is_not_does_not():
    there = refute_edge(panel(0), graph(), "technology", repeats=40)
    assert there.table["survives"].all()
    assert there.findings == ()
    absent = refute_edge(panel(1, direct=0.0), graph(), "social", repeats=40)
    lost = set(absent.table.loc[~absent.table["survives"], "name"])
    assert {"placebo treatment", "robustness value"} <= lost
    assert "W447" in {finding.code for finding in absent.findings}
    assert "no more than chance" in absent.summary()


def test_an_edge_that_is_not_in_the_graph_cannot_be_refuted():
    with pytest.raises(SettingsError, match="no edge from 'social' to 'technology'"):
        refute_edge(panel(0, units=20), graph(), "social", "technology")


def test_of_two_edges_between_the_same_nodes_the_one_that_is_asked_for_is_tested():
    """Adaptability moves growth at once, not two years later: the second edge finds nothing, and it says which it is."""
    plain = graph()
    twice = build_graph([*plain.nodes], [*plain.edges, Edge("adaptability", "growth", 2, "assumed")])
    first = next(edge.lag for edge in plain.edges if (edge.source, edge.target) == ("adaptability", "growth"))
    design = panel(1, units=60)
    with pytest.raises(
        SettingsError, match=f"2 edges from 'adaptability' to 'growth', at lags {first}, 2; one"
    ):
        refute_edge(design, twice, "adaptability")
    with pytest.raises(
        SettingsError, match=f"no edge from 'adaptability' to 'growth' at lag 5; .* {first}, 2"
    ):
        refute_edge(design, twice, "adaptability", lag=5)
    found = {lag: refute_edge(design, twice, "adaptability", lag=lag, repeats=20) for lag in (first, 2)}
    assert found[first].estimate == pytest.approx(OUT, abs=0.1)
    assert found[2].estimate == pytest.approx(0.0, abs=0.1)
    assert not found[2].table["survives"].all()
    assert "adaptability (lag 2)" in found[2].summary()


def test_repeats_too_few_to_show_anything_are_refused():
    with pytest.raises(SettingsError, match="repeats = 19 cannot be used: expected 20 or more"):
        refute_edge(panel(0, units=20), graph(), "technology", repeats=19)


def test_the_robustness_value_is_that_of_the_published_example():
    """Cinelli and Hazlett (2020), table 1: Darfur, directly harmed, t 4.18445 with 783 degrees of freedom."""
    assert robustness_value(4.18445, 783) == pytest.approx(0.139, abs=5e-4)
    assert robustness_value(4.18445, 783, size=0.05) == pytest.approx(0.076, abs=5e-4)
    assert partial_r_squared(4.18445, 783) == pytest.approx(0.022, abs=5e-4)
    assert robustness_value(1.0, 783, size=0.05) == 0.0


@pytest.mark.parametrize(
    ("t", "freedom", "known"),
    [(1 / 0.3, 7, 0.227807), (6.0, 7, None), (20.0, 12, None), (2.9, 9, None), (4.2, 783, None)],
)
def test_the_robustness_value_is_the_weakest_confounder_that_takes_significance_away(t, freedom, known):
    """By search over all that explain at most r of cause and outcome, with the adjusted t of Cinelli and Hazlett (2020)."""
    critical = student.ppf(0.975, freedom - 1)

    def least(r):
        outcome = np.linspace(0, r, 20_001)  # of the cause more is always worse
        moved = t / np.sqrt(freedom) - np.sqrt(outcome * r / (1 - r))
        return np.min(moved * np.sqrt((freedom - 1) * (1 - r) / (1 - outcome)))

    low, high = 0.0, 1 - 1e-9
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if least(middle) <= critical else (middle, high)
    assert robustness_value(t, freedom, size=0.05) == pytest.approx(high, rel=1e-5)
    assert known is None or high == pytest.approx(
        known, rel=1e-5
    )  # (t^2 / 7 - 2.4469^2 / 6) / (1 + t^2 / 7), by hand


@pytest.mark.parametrize(("into", "hidden", "rest"), [(0.5, 0.8, 0.0), (0.5, -0.3, 0.5), (1.2, 0.3, 1.0)])
def test_proportional_selection_is_exact_where_the_true_effect_is_zero(into, hidden, rest):
    """X = into W + hidden U + v and Y = W + U + rest: delta is hidden / into (Oster 2019, assumption 2)."""
    observed, unobserved, own = 1.5, 0.7, 1.1
    cause = into**2 * observed + hidden**2 * unobserved + own
    outcome = observed + unobserved + rest
    together = into * observed + hidden * unobserved
    moments = np.array([[cause, into * observed], [into * observed, observed]])
    both = np.array([together, observed])
    medium = np.linalg.solve(moments, both)
    delta = proportional_selection(
        short=together / cause, medium=float(medium[0]), short_r_squared=together**2 / cause / outcome,
        medium_r_squared=float(medium @ both / outcome), cause_variance=cause,
        cause_left=cause - into**2 * observed, outcome_variance=outcome, most=(observed + unobserved) / outcome,
    )  # fmt: skip
    assert delta == pytest.approx(hidden / into, rel=1e-9)


def test_a_node_may_be_called_as_what_refutation_makes_up():
    design, own = panel(0, units=20), graph()
    names = tuple("made-up" if name == "social" else name for name in design.names)
    renamed = build_graph(
        [replace(node, name="made-up") if node.name == "social" else node for node in own.nodes],
        [
            replace(
                edge,
                source="made-up" if edge.source == "social" else edge.source,
                target="made-up" if edge.target == "social" else edge.target,
            )
            for edge in own.edges
        ],
    )
    found = refute_edge(replace(design, names=names), renamed, "adaptability", repeats=20)
    assert found.table.equals(refute_edge(design, own, "adaptability", repeats=20).table)


def test_of_two_clusters_a_standard_error_is_not_available_and_never_zero():
    design = panel(0, units=2)
    found = refute_edge(design, graph(), "adaptability", repeats=20)
    assert np.isnan(found.standard_error)
    assert "W441" in {finding.code for finding in found.findings}


def test_where_years_are_missing_it_is_said_on_how_few_rows_an_equation_rests():
    design = panel(0, units=40)
    kept = np.random.default_rng(0).random(len(design.outcome)) < 0.6
    found = path_effects(take_rows(design, kept), graph(), draws=60)
    fewest = len(node_equation(take_rows(design, kept), graph(), "adaptability", own_past=True).rows)
    assert found.fewest == fewest < found.observations / 2
    assert f"the equation of the fewest rests on {fewest} of them" in found.summary()


def test_a_graph_of_things_that_were_not_measured_is_refused():
    rain = [Node("rain", "Rain", "rain"), Node("growth", "Growth", "growth")]
    made = build_graph(rain, [Edge("rain", "growth", 1, "assumed")])
    with pytest.raises(MismatchError, match="'rain' is not measured"):
        path_effects(panel(0, units=20), made, source="rain", draws=50)
