"""A slope on shares that a classifier counted: covered where assumptions hold, refused or said where they do not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from explain.classified import ClassifiedWorld
from headwinds.errors import DataError, EstimationError, MismatchError, SettingsError
from headwinds.explain import regress_with_classifier
from headwinds.explain.measured import corrected_estimate
from headwinds.explain.measured.classifier import METHODS, classifier_regression

DRAWS = 100
SHORT = {method: shape for shape, method in METHODS.items()}


def drawn(world: ClassifiedWorld, draws: int = DRAWS, **options):
    """Coverage and refusal of each estimator, and how often each test rejects, over seeded draws."""
    hits: dict[str, list[bool]] = {}
    rejected: dict[str, list[bool]] = {}
    for seed in range(draws):
        design, cells = world.draw(seed).prepared()
        exact = dataclasses.replace(design, variance=np.zeros_like(design.variance))
        result = classifier_regression(
            design,
            cells,
            "growth",
            1,
            draws=60,
            seed=seed,
            naive=corrected_estimate(exact, "growth", 1),
            **options,
        )
        for estimate in (result.naive, result.corrected, *result.others):
            name = SHORT.get(estimate.method, "naive")
            reach = stats.t.ppf(0.975, estimate.degrees_of_freedom) * estimate.standard_error[0]
            hits.setdefault(name, []).append(bool(abs(estimate.value[0] - world.slope) <= reach))
        for test in result.checks.itertuples():
            rejected.setdefault(test.error_rates_change_with, []).append(test.rejected)
    return {name: np.mean(found) for name, found in hits.items()}, {
        name: np.mean(found) for name, found in rejected.items()
    }


def test_modelled_rates_cover_where_the_naive_slope_does_not_and_no_test_cries_wolf():
    """Of 100 draws at 95%, 88% to 100% is what chance allows (two-sided, 1 in 100); a test at 5% rejects 0 to 12%."""
    covered, rejected = drawn(ClassifiedWorld(), refuse=False)
    assert 0.88 <= covered["smooth"] <= 1
    assert 0.88 <= covered["within"] <= 1
    assert 0.88 <= covered["constant"] <= 0.99
    assert covered["naive"] < 0.5
    assert max(rejected.values()) <= 0.12


def test_rates_that_drift_with_the_share_are_followed_and_constant_ones_refused():
    covered, rejected = drawn(ClassifiedWorld(drift=0.3), refuse=False)
    assert 0.88 <= covered["smooth"] <= 0.995
    assert covered["constant"] < 0.1
    assert rejected["share"] > 0.84


def test_rates_that_differ_by_country_need_those_within_effects_which_are_the_default():
    tables = ClassifiedWorld(entities=10, periods=8).draw(0).tables()
    assert regress_with_classifier(*tables, draws=20).corrected.method == METHODS["within"]
    covered, rejected = drawn(ClassifiedWorld(by_entity=0.08, audited=4000), draws=50, refuse=False)
    assert 0.86 <= covered["within"] <= 1
    assert covered["smooth"] < 0.8
    assert rejected["entity"] > 0.9


def test_errors_that_go_with_the_outcome_are_refused_by_all():
    world = ClassifiedWorld(differential=0.08)
    outcome, shares, audit = world.draw(2).tables()
    result = regress_with_classifier(outcome, shares, audit)
    assert np.isfinite(result.naive.value).all()
    for estimate in (result.corrected, *result.others):
        assert np.isnan(estimate.value).all()
        assert np.isnan(estimate.standard_error).all()
        assert "W437" in [finding.code for finding in estimate.findings]
    assert "design_based_regression" in result.summary()


def test_a_refusal_of_constant_rates_leaves_those_that_are_modelled():
    outcome, shares, audit = ClassifiedWorld(drift=0.3, audited=4000).draw(0).tables()
    result = regress_with_classifier(outcome, shares, audit)
    constant = result.others[-1]
    assert constant.method == "constant error rates"
    assert np.isnan(constant.value).all()
    assert "W436" in [finding.code for finding in constant.findings]
    assert np.isfinite(result.corrected.standard_error).all()


def test_tables_and_arrays_give_the_same_numbers():
    found = ClassifiedWorld().draw(3)
    by_table = regress_with_classifier(*found.tables(), draws=40, seed=5)
    design, cells = found.prepared()
    by_array = classifier_regression(design, cells, "growth", 1, draws=40, seed=5)
    assert by_table.corrected.value == pytest.approx(by_array.corrected.value, rel=1e-12)
    for one, two in zip(by_table.estimates, by_array.estimates, strict=True):
        assert one.value == pytest.approx(two.value, rel=1e-10)


def test_the_same_seed_gives_the_same_bytes():
    tables = ClassifiedWorld(entities=15, periods=8).draw(0).tables()
    one, two = (regress_with_classifier(*tables, draws=40, seed=9).table.to_csv() for _ in range(2))
    assert one == two
    assert one != regress_with_classifier(*tables, draws=40, seed=10).table.to_csv()


def test_another_unit_of_the_outcome_and_another_first_year_change_nothing_else():
    outcome, shares, audit = ClassifiedWorld(entities=15, periods=8).draw(0).tables()
    plain = regress_with_classifier(outcome, shares, audit, draws=40).table
    scaled = regress_with_classifier(
        outcome.assign(value=100 * outcome["value"] + 7, period=outcome["period"] + 50),
        shares.assign(period=shares["period"] + 50),
        audit.assign(period=audit["period"] + 50),
        draws=40,
    ).table
    assert scaled["value"].to_numpy() == pytest.approx(100 * plain["value"].to_numpy(), rel=1e-8)
    assert scaled["standard_error"].to_numpy() == pytest.approx(
        100 * plain["standard_error"].to_numpy(), rel=1e-6
    )


def test_all_documents_read_by_a_perfect_classifier_leave_nothing_to_correct():
    outcome, shares, audit = ClassifiedWorld(true=0.999, false=0.001, audited=4000).draw(0).tables()
    perfect = audit[audit["predicted"] == audit["true"]]
    result = regress_with_classifier(
        outcome, shares, perfect, documents_are="all", error_rates="constant", audit_is_inside=False
    )
    assert result.corrected.value == pytest.approx(result.naive.value, rel=1e-6)
    as_sample = regress_with_classifier(
        outcome, shares, perfect, error_rates="constant", audit_is_inside=False
    )
    assert as_sample.corrected.value[0] > result.corrected.value[0] * 1.02  # few documents weaken the slope


def test_two_labels_enter_together():
    world = ClassifiedWorld(entities=30, audited=3000)
    first, second = world.draw(0), world.draw(1)
    outcome, shares, audit = first.tables()
    _, more_shares, more_audit = second.tables()
    outcome = outcome.assign(value=first.outcome.ravel() - 2 * second.share.ravel())
    result = regress_with_classifier(
        outcome,
        pd.concat([shares.assign(label="a"), more_shares.assign(label="b")]),
        pd.concat([audit.assign(label="a"), more_audit.assign(label="b")]),
        error_rates="constant",
    )
    table = result.corrected.table.set_index("name")
    assert (abs(table["value"] - [3, -2]) < 3 * table["standard_error"]).all()
    assert set(result.checks["label"]) == {"a", "b"}


def test_a_control_that_is_known_takes_its_part():
    found = ClassifiedWorld().draw(0)
    outcome, shares, audit = found.tables()
    known = np.random.default_rng(0).normal(size=len(outcome))
    outcome = outcome.assign(known=known, value=outcome["value"] + 0.5 * known)
    result = regress_with_classifier(outcome, shares, audit, controls=["known"], error_rates="constant")
    table = result.corrected.table.set_index("name")
    assert table.loc["known", "value"] == pytest.approx(0.5, abs=3 * table.loc["known", "standard_error"])
    assert table.loc["label", "value"] == pytest.approx(3, abs=3 * table.loc["label", "standard_error"])


def test_too_few_labels_are_an_error_or_an_interval_that_is_not_given():
    outcome, shares, audit = ClassifiedWorld(audited=40).draw(0).tables()
    with pytest.raises(
        EstimationError, match=r"audited documents are positive in truth, expected 10 or more"
    ):
        regress_with_classifier(outcome, shares, audit[audit["true"] == 0])
    result = regress_with_classifier(outcome, shares, audit)
    shown = [*result.corrected.findings, *result.others[0].findings]
    assert "W438" in [finding.code for finding in shown] or np.isnan(result.corrected.standard_error).any()


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (
            lambda o, s, a: (o, s.assign(predicted=s["predicted"] + 1), a),
            DataError,
            "expected a share in \\[0, 1\\]",
        ),
        (lambda o, s, a: (o, s.assign(documents=0), a), DataError, "documents is 0, expected 1 or more"),
        (lambda o, s, a: (o, s, a.assign(true=2)), DataError, "true is 2, expected 0 or 1"),
        (lambda o, s, a: (o, s.drop(columns="documents"), a), DataError, "no column 'documents'"),
        (lambda o, s, a: (o, pd.concat([s, s.head(1)]), a), DataError, "E000 2000 stands twice"),
        (lambda o, s, a: (o, s, a.assign(entity="ZZZ")), MismatchError, "ZZZ .* have no predicted share"),
        (lambda o, s, a: (o.assign(period=1900), s, a), MismatchError, "share no entity-year"),
        (lambda o, s, a: (o[o["entity"] == "E000"], s, a), EstimationError, "Entities: 1, periods: 8"),
        (lambda o, s, a: (o, s.assign(period=s["period"] + 0.5), a), DataError, "is no whole period"),
    ],
)
def test_bad_input_is_one_line(change, kind, said):
    tables = ClassifiedWorld(entities=10, periods=8).draw(0).tables()
    with pytest.raises(kind, match=said) as caught:
        regress_with_classifier(*change(*tables))
    assert "\n" not in str(caught.value)


def test_a_setting_that_is_none_is_named():
    tables = ClassifiedWorld(entities=10, periods=8).draw(0).tables()
    with pytest.raises(SettingsError, match="'wiggly', expected 'within', 'smooth', 'constant'"):
        regress_with_classifier(*tables, error_rates="wiggly")


def test_a_cell_of_one_document_is_left_out_and_counted():
    outcome, shares, audit = ClassifiedWorld(entities=10, periods=8).draw(0).tables()
    shares.loc[0, "documents"] = 1
    audit = audit[(audit["entity"] != "E000") | (audit["period"] != 2000)]
    result = regress_with_classifier(outcome, shares, audit)
    assert result.corrected.observations == 79
    assert "N435" in [finding.code for finding in result.findings]
