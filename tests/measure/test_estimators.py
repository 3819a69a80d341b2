"""Every estimator covers where its assumption holds, is found out where it fails, and says what it cannot do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headwinds.errors import DataError, EstimationError, HeadwindsError, SettingsError
from headwinds.measure import (
    assumption,
    choose_estimator,
    combine_fits,
    estimate_fits,
    estimate_shares,
    get_estimator,
    make_cells,
    make_frame,
)
from headwinds.measure.estimators.labelled_only import estimate as labelled_only
from headwinds.measure.estimators.prediction_powered import estimate as prediction_powered
from headwinds.measure.gold_draws import gold_draws
from headwinds.measure.pooling_tests import pooling_rejections
from headwinds.measure.quantification.rate_tests import rate_rejections
from headwinds.measure.registry import CONSTANT_ERROR, ESTIMATORS
from measure.populations import draw as draw_strata
from measure.populations import make_world
from measure.worlds import World, draw, flat, rising, scattered

SMALL = {"passages": 2000, "gold": 400}
FAST = tuple(name for name in CONSTANT_ERROR if name != "kernel-density")


def simulate(world, by, names, *, draws, seed=1, **options):
    """Coverage and mean width of each estimator; truth is that of each draw's own population."""
    rng = np.random.default_rng(seed)
    found = {name: [] for name in names}
    for _ in range(draws):
        drawn = draw(world, rng)
        cells = make_cells(drawn.frame, by)
        size = np.bincount(cells.code)
        truth = np.concatenate([np.bincount(cells.code, weights=column) / size for column in drawn.truth.T])
        for name in names:
            some = {"on_drift": "ignore"} if name in CONSTANT_ERROR else {}
            result = estimate_shares(drawn.frame, cells, name, **some, **options)
            inside = (result.lower <= truth) & (truth <= result.upper)
            found[name].append(
                [np.mean(inside[~np.isnan(result.lower)]), np.nanmean(result.upper - result.lower)]
            )
    return {name: np.mean(values, axis=0) for name, values in found.items()}


@pytest.mark.slow
def test_under_label_shift_estimators_of_constant_error_cover_and_are_narrower_than_the_design():
    found = simulate(
        World(rising(0.15, 0.5), **SMALL), ("group",), (*FAST, "error-curve", "difference"), draws=150
    )
    for name, (covered, width) in found.items():
        assert 0.917 <= covered <= 0.983, name
        assert width <= 1.02 * found["difference"][1] or name == "error-curve"


@pytest.mark.slow
def test_kernel_densities_cover_under_label_shift():
    found = simulate(
        World(rising(0.15, 0.5), passages=1000, gold=300), (), ("kernel-density",), draws=100, seed=2
    )
    assert 0.89 <= found["kernel-density"][0] <= 0.995


def test_where_errors_drift_rates_are_rejected_and_the_default_still_covers():
    world = World(flat(0.3), lambda year, group, country, share: 1.0 * (year >= 5), passages=3000, gold=600)
    rng = np.random.default_rng(3)
    rejected = [
        bool(rate_rejections(drawn.frame, make_cells(drawn.frame, ("year",))))
        for drawn in (draw(world, rng) for _ in range(40))
    ]
    assert np.mean(rejected) > 0.8
    found = simulate(world, ("year",), ("auto", "adjusted-count", "labelled-only"), draws=150, seed=4)
    assert found["adjusted-count"][0] < 0.5
    assert 0.92 <= found["auto"][0] <= 0.975
    assert found["auto"][1] < 0.8 * found["labelled-only"][1]


def test_rates_that_are_equal_are_rejected_about_as_rarely_as_said():
    rng = np.random.default_rng(5)
    world = World(rising(0.15, 0.5), **SMALL)
    rejected = [
        bool(rate_rejections(drawn.frame, make_cells(drawn.frame, ("year",))))
        for drawn in (draw(world, rng) for _ in range(200))
    ]
    assert 0.005 <= np.mean(rejected) <= 0.10


def test_thin_cells_whose_errors_differ_are_covered_and_small_areas_are_narrower_than_a_shared_correction():
    world = World(
        scattered(0.3, 0.08, 0.08),
        lambda year, group, country, share: 0.8 * np.sin(7.0 * country + year),
        passages=6000,
        gold=600,
    )
    found = simulate(world, ("country", "year"), ("small-area", "difference"), draws=40, seed=6)
    assert 0.925 <= found["small-area"][0] <= 0.975
    assert 0.925 <= found["difference"][0] <= 0.975
    assert found["small-area"][1] < 0.9 * found["difference"][1]


@pytest.mark.parametrize(
    ("world", "least", "most"),
    [
        (World(flat(0.3)), 0.01, 0.105),
        (
            World(
                scattered(0.3, 0.08, 0.08),
                lambda year, group, country, share: 0.8 * np.sin(7.0 * country + year),
            ),
            0.8,
            0.98,
        ),
    ],
    ids=["alike", "different"],
)
def test_cells_that_need_different_corrections_are_found_and_others_as_rarely_as_said(world, least, most):
    """Two hundred cells with three gold labels each, at a nominal 5%."""
    rng = np.random.default_rng(14)
    rejected = [
        bool(pooling_rejections(frame, make_cells(frame, ("country", "year"))))
        for frame in (draw(world, rng).frame for _ in range(150))
    ]
    assert least <= np.mean(rejected) <= most


@pytest.mark.parametrize("name", CONSTANT_ERROR)
def test_estimators_of_rates_have_intervals_where_strata_have_rates_of_their_own(name):
    """Every year holds passages of two strata, and each stratum is taught by its own gold."""
    world = make_world({"strict": 0.35, "none": 0.12}, {"strict": 1500, "none": 6000}, years=5, seed=3)
    rng = np.random.default_rng(16)
    hits = []
    for _ in range(8):
        frame = draw_strata(world, rng, {"strict": 1500, "none": 1500}, {"strict": 150, "none": 200})
        index = estimate_shares(frame, make_cells(frame, ("year",)), name, on_drift="ignore")
        assert not np.isnan(index.lower).any()
        assert not np.isnan(index.audit_factor).any()
        hits.append((index.lower <= world.share(by_year=True)) & (world.share(by_year=True) <= index.upper))
    assert np.mean(hits) >= 0.8


@pytest.mark.slow
def test_gold_chosen_by_uncertainty_with_known_probabilities_gives_unbiased_narrow_intervals():
    found = simulate(
        World(flat(0.3), design="active", **SMALL), (), ("auto", "labelled-only"), draws=250, seed=7
    )
    assert 0.917 <= found["auto"][0] <= 0.983
    assert found["auto"][1] < 0.7 * found["labelled-only"][1]


@pytest.mark.slow
def test_documents_that_were_drawn_whole_count_as_one_draw():
    world = World(flat(0.3), document_effect=1.0, design="documents", passages=3000, gold=400)
    found = simulate(world, (), ("auto", "adjusted-count"), draws=250, seed=8)
    for covered, _ in found.values():
        assert 0.917 <= covered <= 0.983
    drawn = draw(world, np.random.default_rng(8)).frame
    unsaid = replace(drawn, gold_draw=None)
    draws, together = gold_draws(unsaid)
    assert together
    assert len(np.unique(draws)) == 40
    one_by_one = draw(replace(world, design="simple"), np.random.default_rng(8)).frame
    assert not gold_draws(one_by_one)[1]


@pytest.mark.parametrize(
    "name", ["difference", "small-area", "labelled-only", "expectation-maximisation", "adjusted-count"]
)
def test_classes_cover_and_add_up_to_one(name):
    world = World(flat(0.4), kind="multi-class", passages=2000, gold=400)
    found = simulate(world, ("group",), (name,), draws=150, seed=9)
    # The classes of a cell and the cells of a draw go together: a wider band than for independent intervals.
    assert 0.92 <= found[name][0] <= (0.975 if name != "small-area" else 0.99)
    drawn = draw(world, np.random.default_rng(9)).frame
    cells = make_cells(drawn, ("year",))
    result = estimate_shares(drawn, cells, name)
    assert result.value.reshape(3, -1).sum(axis=0) == pytest.approx(1.0, abs=1e-9)


def test_graded_labels_are_measured_in_their_units():
    drawn = draw(World(flat(0.4), kind="score", passages=2000, gold=400), np.random.default_rng(10)).frame
    frame = graded(drawn, low=-10.0, high=30.0)
    cells = make_cells(drawn, ("group",))
    unit, scaled = estimate_shares(drawn, cells), estimate_shares(frame, make_cells(frame, ("group",)))
    assert scaled.value == pytest.approx(-10 + 40 * unit.value)
    assert scaled.lower == pytest.approx(-10 + 40 * unit.lower)
    assert scaled.variance == pytest.approx(1600 * unit.variance)
    with pytest.raises(SettingsError, match="graded labels have none"):
        estimate_shares(frame, cells, "adjusted-count", on_drift="ignore")


def graded(drawn, *, low, high, **changed):
    """The same frame, made from scores on another scale."""
    span = high - low
    given = {
        "document_ids": drawn.document_ids,
        "strata": drawn.strata,
        "keys": drawn.keys,
        "weight": drawn.weight,
        "probability": low + span * drawn.probability,
        "label": drawn.label,
        "gold_rows": drawn.gold_rows,
        "gold_labels": low + span * drawn.gold_labels,
        "inclusion_probability": drawn.inclusion_probability,
        "label_names": drawn.label_names,
        "population": drawn.population,
        "kind": "score",
        "value_range": (low, high),
    }
    return make_frame(**{**given, **changed})


def test_an_estimator_whose_assumption_is_rejected_refuses_and_the_default_takes_over():
    world = World(flat(0.3), lambda year, group, country, share: 1.2 * (year >= 5))
    frame = draw(world, np.random.default_rng(11)).frame
    cells = make_cells(frame, ("year",))
    for name in CONSTANT_ERROR:
        with pytest.raises(EstimationError, match=r"assumes that .* and the gold rejects it"):
            get_estimator(name)(frame, cells)
        took = estimate_shares(frame, cells, name)
        assert took.method == choose_estimator(frame, cells)[0]
        assert [finding.code for finding in took.findings][:2] == ["W321", "N321"]
    warned = get_estimator("adjusted-count")(frame, cells, on_drift="warn")
    assert "W321" in {finding.code for finding in warned.findings}


def test_the_default_says_why_and_what_it_assumes():
    frame = draw(World(flat(0.3)), np.random.default_rng(12)).frame
    whole, thin = make_cells(frame, ("year",)), make_cells(frame, ("country", "year"))
    assert choose_estimator(frame, whole)[0] == "difference"
    assert choose_estimator(frame, thin)[0] == "small-area"
    for cells in (whole, thin):
        said = str(estimate_shares(frame, cells).findings[0])
        assert choose_estimator(frame, cells)[1] in said
        assert "It assumes that" in said
    # A study has several indices; what is said of one names its keys.
    mixed = {one.code: one.sentence for one in estimate_shares(frame, thin).findings}["N325"]
    assert " cells by country, year mix what their own gold says" in mixed
    for name in ESTIMATORS:
        assert assumption(name)
        assert len(assumption(name)) < 220


def test_cross_fitted_lambda_is_tuned_on_other_gold():
    frame = draw(World(flat(0.3), **SMALL), np.random.default_rng(13)).frame
    cells = make_cells(frame, ())
    one, two = prediction_powered(frame, cells), prediction_powered(frame, cells, folds=0)
    assert one.value[0] != two.value[0]
    assert one.value[0] == pytest.approx(two.value[0], abs=2e-3)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_the_order_of_the_gold_changes_nothing(name):
    drawn = draw(World(flat(0.3), **SMALL), np.random.default_rng(13)).frame
    mixed = np.random.default_rng(1).permutation(len(drawn.gold_rows))
    names = ("document_ids", "strata", "keys", "weight", "probability", "label", "label_names", "population")
    given = {one: getattr(drawn, one) for one in names}
    of_gold = ("gold_rows", "gold_labels", "inclusion_probability")
    frames = [
        make_frame(**given, **{one: getattr(drawn, one)[order] for one in of_gold})
        for order in (slice(None), mixed)
    ]
    one, two = (estimate_shares(frame, make_cells(frame, ("year",)), estimator=name) for frame in frames)
    assert one.value.tobytes() == two.value.tobytes()
    assert one.covariance.tobytes() == two.covariance.tobytes()


def test_of_every_fifth_document_read_whole_each_fold_still_tunes_on_other_gold():
    rng = np.random.default_rng(0)
    document = np.repeat(np.arange(200), 8)
    score = rng.beta(0.5, 0.5, len(document))
    read = np.flatnonzero(document % 5 == 0)
    labels = rng.random(len(document)) < score
    frame = make_frame(
        document_ids=np.char.zfill(document.astype(str), 4),
        strata=np.full(len(document), "all"),
        keys={},
        weight=np.ones(len(document)),
        probability=score[:, None],
        label=(score > 0.5)[:, None],
        gold_rows=read,
        gold_labels=labels[read][:, None],
        inclusion_probability=np.full(len(read), 0.2),
        label_names=("tech",),
    )
    cells = make_cells(frame, ())
    assert prediction_powered(frame, cells).variance[0] < 0.7 * labelled_only(frame, cells).variance[0]


@pytest.mark.parametrize("held", [False, True])
def test_labels_that_are_all_alike_in_the_gold_give_honest_intervals_or_one_line(held):
    frame = draw(World(flat(0.3), **SMALL), np.random.default_rng(14)).frame
    frame = replace(frame, gold_labels=np.full_like(frame.gold_labels, held))
    cells = make_cells(frame, ("group",))
    for name in ESTIMATORS:
        some = {"on_drift": "ignore"} if name in CONSTANT_ERROR else {}
        result = estimate_shares(frame, cells, name, **some)
        if name in (*CONSTANT_ERROR, "error-curve"):
            assert np.isnan(result.value).all()
            assert sum(finding.code == "W322" for finding in result.findings) == 1
        elif name != "classify-and-count":
            assert (result.upper - result.lower > 0.01).all()
            assert (result.variance > 0).all()
            assert "N304" in {finding.code for finding in result.findings}


def test_a_cell_whose_gold_is_all_alike_has_an_interval_with_a_width():
    frame = draw(World(flat(0.3), **SMALL), np.random.default_rng(15)).frame
    here = frame.keys["group"][frame.gold_rows] == "G0"
    truth = frame.gold_labels.copy()
    truth[here] = False
    frame = replace(frame, gold_labels=truth)
    cells = make_cells(frame, ("group",))
    for name in ("labelled-only", "difference", "prediction-powered"):
        result = estimate_shares(frame, cells, name)
        assert result.upper[0] > 0.01
        assert result.variance[0] > 0


def one_line(problem: HeadwindsError) -> str:
    text = str(problem)
    assert "\n" not in text
    assert problem.remedy
    return text


def test_classes_that_do_not_add_up_are_refused_in_one_line():
    drawn = draw(World(flat(0.4), kind="multi-class", **SMALL), np.random.default_rng(16)).frame
    given = {
        name: getattr(drawn, name)
        for name in (
            "document_ids",
            "strata",
            "keys",
            "weight",
            "probability",
            "label",
            "gold_rows",
            "gold_labels",
            "inclusion_probability",
            "label_names",
        )
    }
    off = drawn.probability.copy()
    off[7] = [0.5, 0.3, 0.1]
    with pytest.raises(DataError, match=r"row 7 add up to 0\.9000, expected 1 \(such rows: 1\)") as refused:
        make_frame(**{**given, "probability": off}, kind="multi-class")
    one_line(refused.value)
    two = drawn.gold_labels.copy()
    two[3] = [True, True, False]
    with pytest.raises(DataError, match="holds 2 classes, expected one") as refused:
        make_frame(**{**given, "gold_labels": two}, kind="multi-class")
    one_line(refused.value)
    with pytest.raises(SettingsError, match="there is no kind of labels 'classes'"):
        make_frame(**given, kind="classes")


def test_scores_outside_their_scale_are_refused_in_one_line():
    drawn = draw(World(flat(0.4), kind="score", **SMALL), np.random.default_rng(17)).frame
    wrong = 4.0 * drawn.gold_labels
    wrong[2] = 5.0
    with pytest.raises(DataError, match=r"gold score of 'label 0' in row 2 is 5\.0") as refused:
        graded(drawn, low=0.0, high=4.0, gold_labels=wrong)
    one_line(refused.value)
    with pytest.raises(SettingsError, match="is empty"):
        graded(drawn, low=0.0, high=4.0, value_range=(4.0, 4.0))


def test_gold_labels_that_are_missing_are_not_taken_for_true():
    drawn = draw(World(flat(0.4), **SMALL), np.random.default_rng(18)).frame
    truth = drawn.gold_labels.astype(float)
    truth[5] = np.nan
    with pytest.raises(DataError, match="gold label of 'label 0'") as refused:
        make_frame(
            document_ids=drawn.document_ids,
            strata=drawn.strata,
            keys=drawn.keys,
            weight=drawn.weight,
            probability=drawn.probability,
            label=drawn.label,
            gold_rows=drawn.gold_rows,
            gold_labels=truth,
            inclusion_probability=drawn.inclusion_probability,
            label_names=drawn.label_names,
        )
    one_line(refused.value)


def test_kernel_densities_refuse_gold_that_was_drawn_unequally():
    frame = draw(World(flat(0.3), design="active", **SMALL), np.random.default_rng(19)).frame
    with pytest.raises(EstimationError, match="equally likely to be drawn"):
        get_estimator("kernel-density")(frame, make_cells(frame, ()), on_drift="ignore")


def test_the_same_frame_gives_the_same_bytes():
    frame = draw(World(flat(0.3), **SMALL), np.random.default_rng(20)).frame
    cells = make_cells(frame, ("group",))
    for name in ESTIMATORS:
        some = {"on_drift": "ignore"} if name in CONSTANT_ERROR else {}
        first, second = (estimate_shares(frame, cells, name, **some) for _ in range(2))
        assert first.value.tobytes() == second.value.tobytes()
        assert first.lower.tobytes() == second.lower.tobytes()


def test_what_is_refused_for_one_fit_is_not_used_for_the_others():
    """Of three fits one drifts: its rates are refused, and all are estimated by the default, like with like."""
    first = draw(World(flat(0.3), **SMALL), np.random.default_rng(12)).frame
    moved = np.where(first.keys["year"] >= 2005, 4.0, 0.0)[:, None]
    odds = np.exp(moved) * first.probability / (1 - first.probability)
    drifted = replace(first, probability=odds / (1 + odds), label=odds > 1)
    cells = make_cells(first, ("year",))
    alone = [estimate_shares(frame, cells, "adjusted-count").method for frame in (first, drifted)]
    assert alone == ["adjusted-count", "difference"]
    fits = estimate_fits([first, drifted, first], cells, "adjusted-count")
    assert [fit.method for fit in fits] == ["difference"] * 3
    made = combine_fits(fits)
    codes = [finding.code for finding in made.findings]
    assert codes.count("W321") == 1
    assert np.nanmax(made.layers[:, 2]) > 0
    assert [fit.method for fit in estimate_fits([first, first], cells, "adjusted-count")] == [
        "adjusted-count"
    ] * 2


def test_a_fit_whose_scores_do_not_vary_is_combined_with_others():
    first = draw(World(flat(0.3), **SMALL), np.random.default_rng(13)).frame
    flat_one = replace(first, probability=np.full_like(first.probability, 0.3))
    cells = make_cells(first, ())
    assert {fit.method for fit in estimate_fits([first, flat_one], cells)} == {"difference"}


def test_a_plain_count_must_be_shown_to_be_right():
    """Its errors nearly cancel: no test finds it off, and the gold does not show that it is right, until there is much."""
    rng = np.random.default_rng(15)
    world = World(flat(0.3), lambda year, group, country, share: np.full(len(year), -0.082), passages=6000)
    little = [draw(world, rng).frame for _ in range(40)]
    codes = [
        {
            finding.code
            for finding in estimate_shares(frame, make_cells(frame, ()), "classify-and-count").findings
        }
        for frame in little
    ]
    assert np.mean(["W327" in one for one in codes]) <= 0.15
    assert np.mean(["W353" in one or "W327" in one for one in codes]) == 1.0
    sure = draw(World(flat(0.3), passages=6000), rng).frame
    truth = sure.label.copy()
    truth[sure.gold_rows] = sure.gold_labels
    right = replace(sure, label=truth)
    said = estimate_shares(right, make_cells(right, ()), "classify-and-count").findings
    assert not {"W327", "W353"} & {finding.code for finding in said}


def test_an_index_says_how_the_errors_of_its_labels_go_together():
    """Of classes of which exactly one holds, what one is given too much another lacks."""
    rng = np.random.default_rng(4)
    cell = np.repeat(np.arange(12), 200)
    truth = np.eye(3, dtype=bool)[(rng.random(len(cell))[:, None] > np.array([0.4, 0.75])).sum(axis=1)]
    odds = np.exp(1.5 * (truth + rng.standard_normal(truth.shape)))
    score = odds / odds.sum(axis=1, keepdims=True)
    share = np.array([truth[cell == one].mean(axis=0) for one in range(12)])
    off, said = [], []
    for _ in range(60):
        gold = np.concatenate([200 * one + rng.choice(200, 40, replace=False) for one in range(12)])
        frame = make_frame(
            document_ids=np.arange(len(cell)),
            strata=np.full(len(cell), "all"),
            keys={"cell": cell},
            weight=np.ones(len(cell)),
            probability=score,
            label=score > 0.5,
            gold_rows=gold,
            gold_labels=truth[gold],
            inclusion_probability=np.full(len(gold), 0.2),
            label_names=("a", "b", "c"),
        )
        index = get_estimator("difference")(frame, make_cells(frame, ("cell",)))
        off.append(index.value.reshape(3, 12) - share.T)
        said.append(index.label_correlation)
    errors = np.concatenate(off, axis=1)
    assert np.abs(np.mean(said, axis=0) - np.corrcoef(errors)).max() < 0.08
    assert np.corrcoef(errors)[0, 1] < -0.3
