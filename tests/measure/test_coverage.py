"""Ninety-five percent intervals cover ninety-five times in a hundred: no less, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.measure import aggregate_over, change, estimate_shares, make_frame
from headwinds.measure.cells import make_cells
from headwinds.measure.estimators import classify_and_count, difference, labelled_only, small_area
from measure.populations import draw, make_world

DRAWS = 400
OF_THE_NAIVE = 60  # what misses the share nearly always needs no more
SIZES = {"strict": 1500, "none": 12_000}
PREVALENCE = {"strict": 0.35, "none": 0.12}
SAMPLED = {"strict": 10_000, "none": 1500}


def simulate(world, gold, estimators, *, by=(), draws=DRAWS, seed=1, **options):
    """Coverage and mean width of each estimator over seeded draws."""
    rng = np.random.default_rng(seed)
    truth = world.share(by_year=bool(by))
    hits = {name: [] for name in estimators}
    widths = {name: [] for name in estimators}
    for number in range(draws):
        frame = draw(world, rng, SAMPLED, gold, **options)
        cells = make_cells(frame, by)
        for name, estimate in estimators.items():
            if name == "naive" and number >= OF_THE_NAIVE:
                continue
            result = estimate(frame, cells)
            hits[name].append((result.lower <= truth) & (truth <= result.upper))
            widths[name].append(result.upper - result.lower)
    return {name: (np.mean(hits[name]), np.mean(widths[name])) for name in estimators}


@pytest.mark.parametrize("known", [True, False], ids=["known sizes", "estimated sizes"])
def test_corrected_intervals_cover_and_classify_and_count_does_not(known):
    world = make_world(PREVALENCE, SIZES, seed=3)
    found = simulate(
        world,
        {"strict": 150, "none": 200},
        {
            "difference": difference.estimate,
            "gold": labelled_only.estimate,
            "naive": classify_and_count.estimate,
        },
        known=known,
    )
    assert 0.92 <= found["difference"][0] <= 0.98
    assert 0.92 <= found["gold"][0] <= 0.98
    assert found["naive"][0] < 0.5
    assert found["difference"][1] < 0.85 * found["gold"][1]


def test_pooled_year_cells_cover_where_the_error_is_constant():
    world = make_world(PREVALENCE, SIZES, years=10, seed=4)
    found = simulate(world, {"strict": 150, "none": 200}, {"difference": difference.estimate}, by=("year",))
    assert 0.92 <= found["difference"][0] <= 0.98


def test_a_rare_stratum_is_covered_with_a_width_neither_zero_nor_absurd():
    sizes = {"strict": 1500, "none": 40_000}
    world = make_world({"strict": 0.35, "none": 0.001}, sizes, seed=5)
    none = world.stratum == "none"
    rng = np.random.default_rng(6)
    rare = np.zeros(none.sum(), dtype=bool)
    rare[rng.permutation(none.sum())[:80]] = True
    world.truth[none] = rare
    truth = world.share()[0]
    hits, widths, zeros = [], [], 0
    for _ in range(DRAWS):
        frame = draw(world, rng, SAMPLED, {"strict": 300, "none": 555})
        result = difference.estimate(frame, make_cells(frame, ()))
        hits.append(result.lower[0] <= truth <= result.upper[0])
        widths.append(result.upper[0] - result.lower[0])
        zeros += not frame.gold_labels[frame.strata[frame.gold_rows] == "none"].any()
        assert result.variance[0] > (0.5 / 555**2) * 0.9
    assert zeros > 80
    assert 0.92 <= np.mean(hits) <= 0.985
    assert 0.002 < np.mean(widths) < 0.03
    assert np.max(widths) < 0.04


def test_the_mean_of_cells_of_which_some_borrow_the_gold_of_others_is_as_uncertain_as_it_says():
    """Half of the cells have thirty gold passages and correct themselves; theirs are half of the pool of the rest."""
    rng = np.random.default_rng(8)
    year = np.repeat(np.arange(20), 300)
    chance = np.clip(0.3 + 0.08 * rng.standard_normal(20), 0.1, 0.6)[year]
    truth = rng.random(len(year)) < chance
    score = np.clip(0.3 + 0.3 * truth + 0.2 * rng.standard_normal(len(year)), 0, 1)
    hits, missed, said, pooled = [], [], [], set()
    for _ in range(200):
        gold = rng.choice(len(year), 600, replace=False)
        frame = make_frame(
            document_ids=np.arange(len(year)),
            strata=np.full(len(year), "all"),
            keys={"year": year},
            weight=np.ones(len(year)),
            probability=score[:, None],
            label=score[:, None] > 0.5,
            gold_rows=gold,
            gold_labels=truth[gold][:, None],
            inclusion_probability=np.full(600, 0.1),
            label_names=("label",),
        )
        index = difference.estimate(frame, make_cells(frame, ("year",)))
        pooled |= set(index.pooled)
        whole = aggregate_over(index, "year", "equal")
        hits.append(whole.lower[0] <= truth.mean() <= whole.upper[0])
        missed.append(whole.value[0] - truth.mean())
        said.append(whole.variance[0])
    assert len(pooled) == 2
    assert 0.92 <= np.mean(hits) <= 0.99
    assert 0.87 < np.sqrt(np.mean(said)) / np.std(missed) < 1.15


@pytest.mark.parametrize("scored", [1.0, 0.5], ids=["all scored", "half scored"])
def test_small_cells_beside_large_ones_are_covered_and_do_not_weaken_a_slope(scored):
    """A mean of few scores says less of its cell's share than a mean of many: one slope for both had covered 84 to 93%."""
    rng = np.random.default_rng(9)
    entity, period = (part.ravel() for part in np.mgrid[:30, :8])
    small = entity % 2 == 1
    size = np.where(small, 40, 500)
    passages = np.repeat(np.arange(240), size)
    hits, off = {difference: [], small_area: []}, {difference: [], small_area: []}
    slopes = {difference: [], small_area: []}
    for _ in range(10):
        chance = np.clip(
            0.3 + 0.08 * rng.standard_normal(30)[entity] + 0.08 * rng.standard_normal(240), 0.02, 0.9
        )
        truth = rng.random(len(passages)) < chance[passages]
        score = 1 / (1 + np.exp(-(1.2 * (2 * truth - 1) + 1.3 * rng.standard_normal(len(truth)))))
        share = np.bincount(passages, weights=truth) / size
        rows = np.flatnonzero(rng.random(len(truth)) < scored)
        gold = rng.choice(len(rows), 3000, replace=False)
        cell, found = passages[rows], truth[rows]
        frame = make_frame(
            document_ids=rows,
            strata=np.full(len(rows), "all"),
            keys={"entity": entity[cell], "period": period[cell]},
            weight=np.full(len(rows), len(truth) / len(rows)),
            probability=score[rows][:, None],
            label=score[rows][:, None] > 0.5,
            gold_rows=gold,
            gold_labels=found[gold][:, None],
            inclusion_probability=np.full(3000, 3000 / len(truth)),
            label_names=("label",),
        )
        cells = make_cells(frame, ("entity", "period"))
        for estimator in hits:
            index = estimator.estimate(frame, cells, minimum_passages=2)
            inside = (index.lower <= share) & (share <= index.upper)
            hits[estimator].append([inside[small].mean(), inside[~small].mean()])
            off[estimator].append(
                [np.mean((index.value - share)[small] ** 2), np.mean(index.variance[small])]
            )
            within = index.value - np.bincount(entity, weights=index.value)[entity] / 8
            slopes[estimator].append(within[small] @ share[small] / (within[small] @ within[small]))
    for estimator, found in hits.items():
        few, many = np.mean(found, axis=0)
        assert 0.925 <= few <= 0.98
        assert 0.925 <= many <= 0.985
        missed, said = np.sqrt(np.mean(off[estimator], axis=0))
        assert 0.9 < said / missed < 1.15
        assert 0.85 < np.mean(slopes[estimator]) < 1.15


def test_a_change_between_periods_is_not_known_where_next_to_nothing_was_seen_of_it():
    """Most passages are in a stratum with almost no label, whose share rises between the periods of the design."""
    rng = np.random.default_rng(7)
    strata = np.repeat(["none", "strict"], [9000, 1000])
    year = np.tile(np.arange(2000, 2010), 1000)
    period = np.where(year < 2005, "a", "b")
    chance = np.where(strata == "strict", 0.4, np.where(period == "a", 0.0005, 0.006))
    design = np.array([f"{one} / {two}" for one, two in zip(strata, period, strict=True)])
    hits, widths = [], []
    for _ in range(150):
        truth = rng.random(len(year)) < chance
        score = np.clip(0.2 + 0.5 * truth + 0.1 * rng.standard_normal(len(year)), 0, 1)
        rows, inclusion = [], []
        for name in np.unique(design):
            here = np.flatnonzero(design == name)
            rows.append(rng.choice(here, 150, replace=False))
            inclusion.append(np.full(150, 150 / len(here)))
        gold = np.concatenate(rows)
        frame = make_frame(
            document_ids=np.arange(len(year)),
            strata=design,
            keys={"year": year},
            weight=np.ones(len(year)),
            probability=score[:, None],
            label=score[:, None] > 0.5,
            gold_rows=gold,
            gold_labels=truth[gold][:, None],
            inclusion_probability=np.concatenate(inclusion),
            label_names=("label",),
        )
        cells = make_cells(frame, ("year",))
        index = estimate_shares(frame, cells)
        assert index.method == "small-area"  # of the other stratum, where much was seen
        made = change(index, "year", (2000, 2004), (2005, 2009))
        rose = truth[year >= 2005].mean() - truth[year < 2005].mean()
        hits.append(made.lower[0] <= rose <= made.upper[0])
        widths.append(made.upper[0] - made.lower[0])
    assert np.mean(hits) >= 0.92
    assert 0.01 < np.mean(widths) < 0.065
