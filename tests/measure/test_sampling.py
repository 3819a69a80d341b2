"""Every passage is drawn as often as is recorded, and gold drawn actively still gives unbiased shares."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.errors import DataError, HeadwindsError, MismatchError, SettingsError
from headwinds.measure.cells import make_cells
from headwinds.measure.estimators import difference
from headwinds.measure.frame import Population, make_frame
from headwinds.measure.sampling.allocation import allocate, proportional_probabilities
from headwinds.measure.sampling.designs import draw_proportional, draw_simple, draw_stratified, draw_two_phase
from headwinds.measure.sampling.rounds import combine_rounds, largest_probability
from headwinds.measure.sampling.strata import join_strata, score_strata, screen_strata, uncertainty

DRAWS = 1200
STRATUM = ("a",) * 12 + ("b",) * 20 + ("c",) * 8
SIZE = np.random.default_rng(0).uniform(0.2, 3, len(STRATUM))
EARLIER = np.isin(np.arange(len(STRATUM)), [1, 15, 33])


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: draw_simple(40, 9, seed=seed),
        lambda seed: draw_simple(40, 9, seed=seed, already=EARLIER),
        lambda seed: draw_stratified(STRATUM, 14, seed=seed, spread=SIZE),
        lambda seed: draw_stratified(STRATUM, 14, seed=seed, already=EARLIER, allocation="equal"),
        lambda seed: draw_proportional(SIZE, 11, seed=seed),
        lambda seed: draw_proportional(SIZE, 30, seed=seed, already=EARLIER),
        lambda seed: draw_proportional(SIZE, 11, seed=seed, selection="poisson", largest=0.4),
    ],
    ids=[
        "simple",
        "simple later",
        "stratified",
        "equal later",
        "systematic",
        "systematic later",
        "poisson",
    ],
)
def test_every_passage_is_drawn_as_often_as_is_recorded(draw):
    often, recorded, sizes = np.zeros(40), np.zeros(40), []
    for seed in range(DRAWS):
        one = draw(seed)
        often[one.rows] += 1
        recorded += np.where(one.already, 0.0, one.inclusion_probability)
        sizes.append(len(one))
        assert not one.already[one.rows].any()
    chance = recorded / DRAWS
    error = np.sqrt(np.maximum(chance * (1 - chance), 1e-12) / DRAWS)
    assert (np.abs(often / DRAWS - chance) < 4.5 * error + 1e-9).all()
    if "poisson" not in one.design:
        assert len(set(sizes)) == 1
        assert chance.sum() == pytest.approx(sizes[0])


def test_a_draw_within_a_draw_expands_every_passage_to_one():
    expanded = np.zeros(40)
    for seed in range(DRAWS):
        first = draw_simple(40, 25, seed=seed)
        one = draw_two_phase(first, draw_proportional(SIZE[first.rows], 9, seed=seed + 10**6))
        assert len(one) == 9
        expanded[one.rows] += 1 / one.inclusion_probability[one.rows]
    assert (np.abs(expanded / DRAWS - 1) < 5 * np.sqrt(12 / DRAWS)).all()
    assert expanded.mean() / DRAWS == pytest.approx(1, abs=0.02)


def test_neyman_gives_more_to_where_labels_vary_and_never_more_than_there_are():
    size, spread = np.array([1000.0, 1000, 5]), np.array([0.1, 0.4, 0.4])
    each = allocate(100, size, spread)
    assert each.sum() == 100
    assert each[1] == pytest.approx(4 * each[0], abs=2)
    assert each[2] >= 2
    assert (allocate(2005, size, spread) == size).all()


def test_where_nothing_is_known_of_strata_the_draw_is_proportional_and_says_how_few_the_smallest_gets():
    stratum = ("rare",) * 50 + ("rest",) * 950
    found = draw_stratified(stratum, 100, seed=0)
    assert found.design == "stratified, proportional allocation"
    assert [item.code for item in found.findings] == ["N328"]
    assert "rare gets the fewest, 5 of 100" in found.summary()
    known = draw_stratified(stratum, 100, seed=0, spread=np.ones(1000))
    assert known.design == "stratified, neyman allocation"
    assert not known.findings
    assert not draw_stratified(stratum, 100, seed=0, allocation="equal").findings


@pytest.mark.parametrize("seed", range(30))
def test_any_allocation_adds_up_within_its_bounds(seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(0, 60, rng.integers(1, 9)).astype(float)
    least = np.minimum(2, size).sum()
    count = int(rng.integers(least, size.sum() + 1))
    for allocation in ("neyman", "proportional", "equal"):
        each = allocate(count, size, rng.uniform(0, 1, len(size)), allocation=allocation)
        assert each.sum() == count
        assert (each <= size).all()
        assert (each >= np.minimum(2, size)).all()


def test_probabilities_add_up_to_the_number_drawn_under_their_cap():
    chance = proportional_probabilities(SIZE, 20, largest=0.7)
    assert chance.sum() == pytest.approx(20)
    assert chance.max() <= 0.7
    below = chance < 0.7 - 1e-9
    assert np.ptp(chance[below] / SIZE[below]) < 1e-12


def world(seed=2, size=3000):
    """A classifier that is too sure, in a corpus where that matters."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.4, 1.6, size)
    truth = rng.random(size) < np.clip(0.1 + 0.7 * score, 0, 1)
    return score, truth


def active_rounds(score, truth, seed, counts=(60, 60, 60), model=None):
    """Rounds in which each next one is drawn by a model that was refitted on all labels so far."""
    rng = np.random.default_rng(seed)
    rows, chance = np.array([], dtype=int), np.array([])
    for number, count in enumerate(counts):
        already = np.zeros(len(score), dtype=bool)
        already[rows] = True
        belief = score
        if number:
            # The refit: a label pulls what is thought of passages with a like score, and strongly.
            near = np.abs(score[:, None] - score[rows][None, :]) < 0.03
            belief = (score + near @ truth[rows] * 3) / (1 + 3 * near.sum(axis=1))
        drawn = draw_proportional(
            uncertainty(belief[:, None], mix=0.3),
            count,
            seed=int(rng.integers(2**31)),
            already=already,
            largest=1.0 if not number else largest_probability(len(rows), count),
        )
        rows, chance = combine_rounds(rows, chance, drawn)
    return rows, chance


def test_shares_from_actively_drawn_rounds_are_unbiased_and_the_naive_mean_is_not():
    score, truth = world()
    weighted, naive = [], []
    for seed in range(500):
        rows, chance = active_rounds(score, truth, seed)
        assert len(set(rows.tolist())) == 180
        weighted.append((truth[rows] / chance).sum() / len(truth))
        naive.append(truth[rows].mean())
    error = np.std(weighted) / np.sqrt(len(weighted))
    assert abs(np.mean(weighted) - truth.mean()) < 3.5 * error
    assert error < 0.002
    assert abs(np.mean(naive) - truth.mean()) > 0.03


@pytest.mark.slow
def test_intervals_from_actively_drawn_gold_cover():
    score, truth = world(size=4000)
    hits, misses = [], []
    for seed in range(400):
        rows, chance = active_rounds(score, truth, seed, counts=(250, 250))
        frame = make_frame(
            document_ids=np.arange(len(score)).astype(str),
            strata=np.full(len(score), "all"),
            keys={},
            weight=np.ones(len(score)),
            probability=score[:, None],
            label=score[:, None] > 0.5,
            gold_rows=rows,
            gold_labels=truth[rows][:, None],
            inclusion_probability=chance,
            label_names=("driver",),
            population=Population(np.array(["all"]), {}, np.array([float(len(score))])),
        )
        made = difference.estimate(frame, make_cells(frame, ()))
        hits.append(made.lower[0] <= truth.mean() <= made.upper[0])
        misses.append(made.value[0] - truth.mean())
    assert 0.925 <= np.mean(hits) <= 0.975
    assert abs(np.mean(misses)) < 3.5 * np.std(misses) / np.sqrt(len(misses)) + 0.002


def test_two_simple_rounds_are_one_simple_sample():
    first = draw_stratified(STRATUM, 8, seed=1)
    already = np.zeros(40, dtype=bool)
    already[first.rows] = True
    second = draw_stratified(STRATUM, 10, seed=2, already=already)
    rows, chance = combine_rounds(
        first.rows, first.inclusion_probability[first.rows], second, stratum=STRATUM
    )
    names = np.array(STRATUM)
    for row, one in zip(rows, chance, strict=True):
        assert one == pytest.approx((names[rows] == names[row]).sum() / (names == names[row]).sum())


def test_poisson_rounds_are_combined_whatever_number_they_drew():
    score, truth = world()
    means, numbers = [], []
    for seed in range(300):
        first = draw_simple(len(score), 100, seed=seed)
        already = np.zeros(len(score), dtype=bool)
        already[first.rows] = True
        second = draw_proportional(
            0.01 + score**4,
            100,
            seed=seed,
            already=already,
            largest=largest_probability(100, 100),
            selection="poisson",
        )
        assert second.inclusion_probability[~already].max() == pytest.approx(0.5)  # the cap binds
        rows, chance = combine_rounds(first.rows, first.inclusion_probability[first.rows], second)
        means.append((truth[rows] / chance).sum() / len(truth))
        numbers.append(len(second))
    assert min(numbers) < 100 < max(numbers)
    error = np.std(means) / np.sqrt(len(means))
    assert abs(np.mean(means) - truth.mean()) < 3.5 * error


def test_strata_follow_keys_screens_and_scores():
    assert join_strata([["a", "b"], [1990, 2000]]) == ("a / 1990", "b / 2000")
    assert screen_strata(["A digital age", "Peace"], ["digit", "cyber"]) == ("screen", "none")
    names = score_strata(np.random.default_rng(0).beta(0.3, 2, 5000), 4)
    assert sorted(set(names)) == [f"score {place} of 4" for place in range(1, 5)]
    assert set(score_strata(np.array([0.0, 0.0, 1.0]), 3)) == {"score 1 of 2", "score 2 of 2"}


def test_the_same_seed_draws_the_same_passages_and_another_seed_others():
    one, same, other = (draw_proportional(SIZE, 11, seed=seed) for seed in (5, 5, 6))
    assert one.rows.tolist() == same.rows.tolist() != other.rows.tolist()


def test_a_draw_shows_itself():
    one = draw_stratified(STRATUM, 14, seed=3, spread=SIZE, already=EARLIER)
    assert one.table["drawn"].sum() == 14
    assert one.table["labelled"].sum() == 3
    assert "14 passages of 40" in one.summary()
    assert len(one.plot().axes) == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: draw_simple(10, 11, seed=0), SettingsError, "n = 11 cannot be drawn"),
        (lambda: draw_simple(10, 0, seed=0), SettingsError, "n = 0"),
        (lambda: draw_simple(0, 1, seed=0), DataError, "no passage"),
        (lambda: draw_stratified(STRATUM, 5, seed=0), SettingsError, "too few for 3 strata"),
        (
            lambda: draw_stratified(STRATUM, 9, seed=0, allocation="best"),
            SettingsError,
            "allocation = 'best'",
        ),
        (lambda: draw_stratified(STRATUM, 9, seed=0, spread=SIZE[:3]), MismatchError, "spread"),
        (lambda: draw_proportional(np.array([1.0, 0.0]), 1, seed=0), DataError, "size 0.0"),
        (lambda: draw_proportional(SIZE, 41, seed=0), SettingsError, "n = 41"),
        (lambda: draw_proportional(SIZE, 30, seed=0, largest=0.5), SettingsError, "at most 0.5"),
        (lambda: draw_proportional(SIZE, 3, seed=0, selection="pps"), SettingsError, "selection = 'pps'"),
        (
            lambda: draw_two_phase(draw_simple(40, 9, seed=0), draw_simple(40, 9, seed=0)),
            MismatchError,
            "second phase",
        ),
        (lambda: uncertainty(np.ones((3, 1)), mix=0), SettingsError, "mix"),
        (lambda: score_strata(np.array([0.5, 2.0]), 2), DataError, "outside"),
        (lambda: score_strata(np.array([0.5, 0.2]), 1), SettingsError, "score_bins = 1"),
        (lambda: screen_strata(["a"], [" "]), SettingsError, "no word"),
        (
            lambda: combine_rounds(np.array([1]), np.array([0.2]), draw_simple(40, 5, seed=0)),
            MismatchError,
            "do not agree",
        ),
        (
            lambda: combine_rounds(
                np.array([1, 15, 33]), np.array([0.2, 0, 0.1]), draw_simple(40, 5, seed=0, already=EARLIER)
            ),
            DataError,
            "earlier passage 1",
        ),
        (
            lambda: combine_rounds(
                np.array([1, 15, 33]),
                np.array([0.2, 0.1, 0.1]),
                draw_proportional(SIZE, 35, seed=0, already=EARLIER),
            ),
            DataError,
            "can be combined",
        ),
    ],
)
def test_an_impossible_draw_is_one_line(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert isinstance(caught.value, HeadwindsError)
    assert "\n" not in str(caught.value)
