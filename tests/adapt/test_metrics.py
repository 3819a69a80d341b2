"""Metrics agree with an outside authority, weight as a bootstrap must, and say nothing where nothing is defined."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from headwinds.adapt.evaluation import metrics


@pytest.mark.parametrize("seed", range(5))
def test_metrics_equal_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    truth = generator.random(300) < 0.2
    score = np.round(
        np.clip(0.4 * truth + generator.random(300) * 0.6, 0, 1), 2
    )  # rounded: ties must agree too
    given = score > 0.5
    ones = np.ones((1, 300))
    counts = metrics.count(truth, given, ones)
    expected = precision_recall_fscore_support(truth, given, average="binary")
    assert metrics.precision(counts)[0] == pytest.approx(expected[0], abs=1e-12)
    assert metrics.recall(counts)[0] == pytest.approx(expected[1], abs=1e-12)
    assert metrics.f1(counts)[0] == pytest.approx(expected[2], abs=1e-12)
    assert metrics.average_precision(truth, score, ones)[0] == pytest.approx(
        average_precision_score(truth, score), abs=1e-12
    )


def test_a_weight_of_two_counts_a_passage_twice() -> None:
    generator = np.random.default_rng(1)
    truth, score = generator.random(60) < 0.4, generator.random(60)
    weights = generator.integers(0, 4, size=60)
    repeated = np.repeat(np.arange(60), weights)
    weighted = metrics.average_precision(truth, score, weights[None, :].astype(float))
    plain = metrics.average_precision(truth[repeated], score[repeated], np.ones((1, len(repeated))))
    assert weighted[0] == pytest.approx(plain[0], abs=1e-12)


def test_a_shift_between_the_folds_models_changes_no_ranking() -> None:
    generator = np.random.default_rng(2)
    truth, score, fold = generator.random(90) < 0.4, generator.random(90), np.arange(90) % 3
    weights = np.vstack([np.ones(90), generator.integers(0, 3, size=90)]).astype(float)
    plain = metrics.average_precision_by_fold(truth, score, weights, fold)
    shifted = metrics.average_precision_by_fold(truth, score + 10.0 * fold, weights, fold)
    each = [average_precision_score(truth[fold == one], score[fold == one]) for one in range(3)]
    assert plain[0] == pytest.approx(np.mean(each), abs=1e-12)
    np.testing.assert_allclose(plain, shifted, atol=1e-12)


def test_a_fold_without_positives_is_left_out_of_the_mean() -> None:
    truth, fold = np.array([True, False, False, False]), np.array([0, 0, 1, 1])
    score = np.array([0.9, 0.1, 0.9, 0.1])
    assert metrics.average_precision_by_fold(truth, score, np.ones((1, 4)), fold)[0] == 1.0
    assert np.isnan(metrics.average_precision_by_fold(~truth & truth, score, np.ones((1, 4)), fold)[0])


def test_undefined_is_not_zero() -> None:
    nothing = np.zeros(10, dtype=bool)
    ones = np.ones((1, 10))
    counts = metrics.count(nothing, nothing, ones)
    assert np.isnan(metrics.precision(counts)[0])
    assert np.isnan(metrics.recall(counts)[0])
    assert np.isnan(metrics.f1(counts)[0])
    assert np.isnan(metrics.average_precision(nothing, np.linspace(0, 1, 10), ones)[0])


def test_calibration_error_is_zero_for_honest_probabilities_and_large_for_boasts() -> None:
    truth = np.tile([True, False, False, False], 250)
    ones = np.ones((1, 1000))
    assert metrics.expected_calibration_error(truth, np.full(1000, 0.25), ones)[0] == pytest.approx(
        0, abs=1e-12
    )
    assert metrics.expected_calibration_error(truth, np.full(1000, 0.95), ones)[0] == pytest.approx(
        0.70, abs=1e-12
    )


def test_one_long_name_takes_no_room_in_the_other_rows() -> None:
    """An array of texts holds each as wide as the longest: 2,000 rows with one name of 100,000 characters took 800 MB."""
    import tracemalloc

    names = [str(number % 40) for number in range(2000)]
    names[0] = "x" * 100_000
    tracemalloc.start()
    weights = metrics.document_weights(names, replicates=20, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
    assert (weights[:, 1] == weights[:, 41]).all()


def test_bootstrap_draws_whole_documents() -> None:
    documents = np.array(["a", "a", "b", "c", "c", "c"])
    weights = metrics.document_weights(documents, replicates=200, seed=0)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert set(np.unique(weights[:, [0, 2, 3]].sum(axis=1))) == {3.0}


def test_bootstrap_interval_of_recall_covers_at_its_rate() -> None:
    """400 samples with a recall of 0.7 known: the 95% interval covers it between 92% and 98% of the time."""
    generator = np.random.default_rng(3)
    covered = 0
    for sample in range(400):
        truth = generator.random(400) < 0.5
        given = truth & (generator.random(400) < 0.7)
        weights = metrics.document_weights(np.arange(400).astype(str), replicates=200, seed=sample)
        recall = metrics.recall(metrics.count(truth, given, weights))
        lower, upper = np.quantile(recall, [0.025, 0.975])
        covered += lower <= 0.7 <= upper
    assert 0.92 <= covered / 400 <= 0.98


def test_the_baselines_cut_is_the_best_of_all_that_can_be_made() -> None:
    from headwinds.adapt.evaluation.baselines import best_cuts

    generator = np.random.default_rng(6)
    for _ in range(100):
        score, truth = np.round(generator.random(9), 1), generator.random(9) < 0.4
        if truth.any():
            found = best_cuts(score[:, None], truth[:, None])[0]
            made = {cut: metrics.f1(metrics.count(truth, score >= cut, np.ones((1, 9))))[0] for cut in score}
            assert made[found] == pytest.approx(max(made.values()), abs=1e-12)


def test_a_bootstrap_of_many_examples_is_drawn_in_parts_and_gives_the_same(monkeypatch) -> None:
    """A million test rows with two hundred draws at once would be several gigabytes."""
    from headwinds.adapt.evaluation import intervals

    right = np.random.default_rng(3).random(50) < 0.7
    names = [f"group {number // 2}" for number in range(50)]
    sizes = []

    def accuracy(weights):
        sizes.append(weights.size)
        return {"accuracy": weights @ right / weights.sum(axis=1)}

    monkeypatch.setattr(intervals, "REPLICATES", 210)
    whole = intervals.bootstrap(accuracy, names, seed=1)
    sizes.clear()
    monkeypatch.setattr(intervals, "LARGEST_WEIGHTS", 600)
    assert intervals.bootstrap(accuracy, names, seed=1)["accuracy"].value == whole["accuracy"].value
    assert max(sizes) <= 600
    monkeypatch.setattr(intervals, "FEWEST_REPLICATES", 210)
    assert intervals.bootstrap(accuracy, names, seed=1) == whole


def test_intervals_of_few_groups_cover_nearly_at_their_rate_and_of_four_there_is_none() -> None:
    """Of seven groups the middle 95% of the draws held the truth in 84 of 100 samples."""
    from headwinds.adapt.evaluation.intervals import bootstrap, few_clusters

    generator = np.random.default_rng(5)
    names = [f"group {number}" for number in range(7)]
    covered = 0
    for sample in range(300):
        values = generator.normal(size=7)
        found = bootstrap(lambda weights, own=values: {"mean": weights @ own / 7}, names, seed=sample)["mean"]
        covered += found.lower <= 0 <= found.upper
    assert 0.89 <= covered / 300 <= 0.98
    none = bootstrap(lambda weights: {"mean": weights @ np.arange(4.0) / 4}, names[:4], seed=0)["mean"]
    assert (none.value, np.isnan(none.lower), np.isnan(none.upper)) == (1.5, True, True)
    assert [len(few_clusters(count)) for count in (4, 7, 10)] == [1, 1, 0]


def test_a_metric_that_every_draw_gives_alike_has_no_interval() -> None:
    """A model that is right 97 times in 100 makes no error in 30 rows two times in five: 1.0 to 1.0 would be wrong then."""
    from headwinds.adapt.evaluation.intervals import bootstrap, with_width

    right, some = np.ones(30), np.arange(30) < 20

    def accuracy(weights):
        return {name: weights @ mask / weights.sum(axis=1) for name, mask in (("all", right), ("some", some))}

    drawn = bootstrap(accuracy, [str(row) for row in range(30)], seed=0)
    told = with_width(drawn)
    assert (told["all"].value, np.isnan(told["all"].lower), np.isnan(told["all"].upper)) == (1, True, True)
    assert told["some"] == drawn["some"]
