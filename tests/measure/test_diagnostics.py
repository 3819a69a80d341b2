"""Each diagnostic is silent where nothing is wrong, as often as it promises, and speaks where something is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headwinds.contracts.stratum_names import joined_stratum
from headwinds.errors import DataError, EstimationError, MismatchError, SettingsError
from headwinds.measure.cells import make_cells
from headwinds.measure.diagnostics.calibration import calibration_by
from headwinds.measure.diagnostics.look_ahead import look_ahead, pretraining_end
from headwinds.measure.diagnostics.outside import outside_training
from headwinds.measure.diagnostics.placebo import placebo_labels
from headwinds.measure.diagnostics.rates import rates_by, weighted_share
from headwinds.measure.diagnostics.run import run_diagnostics
from headwinds.measure.diagnostics.seeds import seed_spread
from headwinds.measure.diagnostics.threshold import threshold_sensitivity
from headwinds.measure.diagnostics.wording import wording_sensitivity
from headwinds.measure.drift import RATES, drift_tests
from headwinds.measure.estimators import difference
from headwinds.measure.frame import make_frame
from headwinds.measure.pools import coarse_strata
from measure.indicators import make_indicator

YEARS = 3


def make(rng, *, size=1500, gold=450, rates=((0.8, 0.8, 0.8), (0.1, 0.1, 0.1)), gap=(0.0, 0.0, 0.0)):
    """Calibrated scores in three years (but for `gap`), decisions with given rates by year."""
    year = rng.integers(0, YEARS, size)
    score = rng.beta(1.2, 2, size)
    truth = rng.random(size) < np.clip(score + np.array(gap)[year], 0, 1)
    chance = np.where(truth, np.array(rates[0])[year], np.array(rates[1])[year])
    rows = rng.permutation(size)[:gold]
    return make_frame(
        document_ids=np.arange(size).astype(str),
        strata=np.full(size, "all"),
        keys={"year": 2000 + year},
        weight=np.ones(size),
        probability=score[:, None],
        label=(rng.random(size) < chance)[:, None],
        gold_rows=rows,
        gold_labels=truth[rows][:, None],
        inclusion_probability=np.full(gold, gold / size),
        label_names=("tech",),
    )


def rejections(draws, **options):
    rng = np.random.default_rng(1)
    found = {name: [] for name in (*RATES, "calibration")}
    for _ in range(draws):
        frame = make(rng, **options)
        for test in drift_tests(frame, "year", quantities=RATES):
            found[test.quantity].append(test.p_value < 0.05)
        table = calibration_by(frame, "year").table
        found["calibration"].append(bool((table["adjusted"] < 0.05).any()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def read_in_documents(seed):
    """Calibrated scores whose errors go together in documents, sixty of which were read whole; nothing drifts."""
    rng = np.random.default_rng(seed)
    document = np.repeat(np.arange(600), 10)
    score = np.where(rng.random(6000) < 0.5, 0.3, 0.7)
    # Half of each document's labels are dealt from one number: their mean stays the score.
    common = rng.random(600)[document]
    truth = np.where(rng.random(6000) < 0.5, common, rng.random(6000)) < score
    read = np.flatnonzero(np.isin(document, rng.choice(600, 60, replace=False)))
    return make_frame(
        document_ids=document.astype(str),
        strata=np.full(6000, "all"),
        keys={"group": np.array(["a", "b", "c"])[document % 3]},
        weight=np.ones(6000),
        probability=score[:, None],
        label=(score > 0.5)[:, None],
        gold_rows=read,
        gold_labels=truth[read][:, None],
        inclusion_probability=np.full(len(read), 0.1),
        label_names=("tech",),
    )


def test_where_whole_documents_were_read_tests_count_documents():
    """Counting passages they reject four and three times in ten. Of 40 draws at 5 %, 8 are what chance allows."""
    calibration, drift = 0, 0
    for seed in range(40):
        frame = read_in_documents(seed)
        calibration += bool((calibration_by(frame, "group").table["adjusted"] < 0.05).any())
        drift += bool(drift_tests(frame, "group")[0].p_value < 0.05)
    assert calibration <= 8
    assert drift <= 8
    whole = rates_by(frame, "group").table
    apart = rates_by(replace(frame, gold_draw=np.arange(len(frame.gold_rows))), "group").table
    assert whole["value"].tolist() == apart["value"].tolist()
    assert (whole["upper"] - whole["lower"]).mean() > 1.1 * (apart["upper"] - apart["lower"]).mean()


def in_forty_documents(seed, doubt, truth):
    """Four hundred documents of eight passages, forty read whole; how sure the scores are goes with documents."""
    rng = np.random.default_rng(seed)
    document = np.repeat(np.arange(400), 8)
    score = 1 / (1 + np.exp(2 - doubt * rng.normal(size=400)[document] - 0.2 * rng.normal(size=3200)))
    read = np.flatnonzero(np.isin(document, rng.permutation(400)[:40]))
    return make_frame(
        document_ids=document.astype(str),
        strata=np.full(3200, "all"),
        keys={"group": np.where(document % 2, "a", "b")},
        weight=np.ones(3200),
        probability=score[:, None],
        label=(score > 2)[:, None],
        gold_rows=read,
        gold_labels=truth(rng, document[read], score[read])[:, None],
        inclusion_probability=np.full(len(read), 0.1),
        label_names=("tech",),
    )


def test_passages_of_documents_read_whole_are_not_called_unlike_the_gold_for_that():
    """Counting passages one draw in six warned where nothing differs; of 60 at 1 %, 2 are what chance allows."""
    frames = [in_forty_documents(seed, 1.5, lambda rng, _, p: rng.random(len(p)) < p) for seed in range(60)]
    assert sum(bool(outside_training(frame, seed=seed).findings) for seed, frame in enumerate(frames)) <= 2


def test_errors_that_stand_in_two_documents_tell_nothing_of_drift():
    """Sixteen errors, but two draws: too few. As many draws as errors are enough."""
    few, many = (
        in_forty_documents(
            0, 1.0, lambda rng, document, p, step=step: np.isin(document, np.unique(document)[::step])
        )
        for step in (20, 4)
    )
    assert few.gold_labels.sum() == 16
    assert all(np.isnan(test.p_value) for test in drift_tests(few, "group"))
    assert not any(np.isnan(test.p_value) for test in drift_tests(many, "group"))


def test_where_whole_documents_were_read_placebos_deal_documents_and_halves_hold_whole_ones():
    """Scores that go with documents and say nothing, words that a document has to itself: both looked like findings."""
    known, flagged = 0, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        frame = read_in_documents(seed)
        said = np.clip(rng.normal(0.5, 0.2, 600), 0.01, 0.99)[frame.document_code]
        table = placebo_labels(replace(frame, probability=said[:, None]), shuffles=100, seed=seed).table
        known += bool(table["p_value"][0] <= 0.025)
        if seed < 4:
            texts = [
                " ".join([*(f"w{word}" for word in rng.integers(0, 300, 20)), f"d{code}", f"d{code}e"])
                for code in frame.document_code.tolist()
            ]
            flagged.append(outside_training(frame, texts, seed=seed).table["value"][0])
    assert known <= 3
    assert np.mean(flagged) < 0.03


@pytest.mark.slow
def test_tests_of_rates_and_calibration_reject_one_time_in_twenty_where_nothing_drifts():
    # 800 draws: three standard errors are 2.3 points.
    for name, share in rejections(800).items():
        assert 0.02 <= share <= 0.08, name


def test_a_drift_of_the_rates_is_found():
    found = rejections(60, rates=((0.9, 0.75, 0.6), (0.05, 0.12, 0.2)))
    assert found[RATES[0]] > 0.8
    assert found[RATES[1]] > 0.8


def test_a_group_whose_probabilities_are_off_is_found():
    assert rejections(60, gap=(0.0, 0.0, 0.2))["calibration"] > 0.8
    frame = make(np.random.default_rng(2), gap=(0.0, 0.0, 0.25))
    said = calibration_by(frame, "year").findings
    assert [finding.code for finding in said] == ["W345"]
    assert "2002" in said[0].sentence


def test_rates_stand_beside_their_intervals_and_drift_is_said():
    frame = make(np.random.default_rng(3), rates=((0.9, 0.7, 0.5), (0.1, 0.1, 0.1)))
    found = rates_by(frame, "year")
    table = found.table.set_index(["rate", "group"])
    assert table.loc[("true-positive rate", "2000"), "value"] == pytest.approx(0.9, abs=0.1)
    assert (
        (found.table["lower"] <= found.table["value"]) & (found.table["value"] <= found.table["upper"])
    ).all()
    assert [finding.code for finding in found.findings] == ["W352"]


def test_wilsons_interval_is_the_published_one():
    # Newcombe (1998, Statistics in Medicine 17), table I: 81 of 263, method 3: 0.2553 to 0.3662.
    share, lower, upper = weighted_share(np.arange(263) < 81, np.ones(263), 0.95)
    assert (round(lower, 4), round(upper, 4)) == (0.2553, 0.3662)
    assert share == 81 / 263
    assert all(np.isnan(weighted_share(np.array([], dtype=bool), np.array([]), 0.95)))


def test_the_threshold_matters_where_scores_lie_in_the_middle_and_not_where_they_are_sure():
    frame = make(np.random.default_rng(4))
    sure = replace(frame, probability=np.where(frame.probability > 0.5, 0.99, 0.01))
    for one, expected in ((frame, ["W346"]), (sure, [])):
        whole = difference.estimate(one, make_cells(one, ()))
        found = threshold_sensitivity(one, whole)
        assert [finding.code for finding in found.findings] == expected
        assert (np.diff(found.table["value"]) <= 0).all()


def test_shuffled_labels_are_told_apart_from_real_ones_and_scores_of_noise_are_not():
    rng = np.random.default_rng(5)
    alarms, middles = [], []
    for _ in range(200):
        frame = make(rng, size=600, gold=200)
        noise = replace(frame, probability=rng.random(frame.probability.shape))
        found = placebo_labels(noise, shuffles=200)
        alarms.append(bool(found.findings))
        middles.append(found.table["placebo"][0])
    # One-sided at 2.5%: scores of noise pass for real ones one time in forty.
    assert 0.93 <= np.mean(alarms) <= 1.0
    assert 0.49 < np.mean(middles) < 0.51
    real = placebo_labels(frame)
    assert real.findings == ()
    assert real.table["value"][0] > real.table["upper"][0]
    same = placebo_labels(frame)
    assert same.table.equals(real.table)


def test_years_that_the_checkpoint_may_have_read_past_are_marked():
    years = np.array([2019, 2021, 2022, 2023])
    found = look_ahead(years, np.ones(4), "sentence-transformers/all-MiniLM-L6-v2")
    assert found.table["value"].tolist() == [1, 1, 0, 0]
    assert [finding.code for finding in found.findings] == ["W350"]
    assert look_ahead(years, np.ones(4), "default", "2018").findings == ()
    assert [finding.code for finding in look_ahead(years, np.ones(4), "my/model").findings] == ["N345"]
    assert pretraining_end("FacebookAI/roberta-base") == "2019-07"
    with pytest.raises(SettingsError, match="pretraining_until"):
        pretraining_end("default", "last year")


def texts_of(rng, count, words=400, offset=0, mean=60):
    pool = np.array([f"word{number}" for number in range(offset, offset + words)])
    chance = 1 / np.arange(1, words + 1)
    return [" ".join(rng.choice(pool, rng.poisson(mean) + 1, p=chance / chance.sum())) for _ in range(count)]


@pytest.mark.slow
def test_passages_like_the_gold_are_flagged_at_the_stated_rate_and_no_warning_comes():
    rng = np.random.default_rng(6)
    shares, warned = [], []
    for seed in range(40):
        frame = make(rng, size=1600, gold=500)
        found = outside_training(frame, texts_of(rng, 1600), by="year", seed=seed)
        shares.append(found.table["value"][0])
        warned.append(bool(found.findings))
    assert 0.005 <= np.mean(shares) <= 0.0125
    assert np.mean(warned) <= 0.07
    assert found.table["group"].tolist() == ["all", "2000", "2001", "2002"]


def test_passages_of_another_kind_are_flagged_and_their_year_is_named():
    rng = np.random.default_rng(7)
    frame = make(rng, size=1600, gold=500)
    texts = texts_of(rng, 1600)
    strange = [
        row for row in np.flatnonzero(frame.keys["year"] == 2001) if row not in set(frame.gold_rows.tolist())
    ][:150]
    for row, text in zip(strange, texts_of(rng, 150, offset=1000), strict=True):
        texts[row] = text
    found = outside_training(frame, texts, by="year")
    assert [finding.code for finding in found.findings] == ["W351"]
    assert "2001" in found.findings[0].sentence
    assert found.table.set_index("group").loc["2001", "value"] > 0.25


def test_too_little_gold_to_know_what_is_strange_is_said():
    frame = make(np.random.default_rng(8), gold=50)
    assert [finding.code for finding in outside_training(frame).findings] == ["N346"]


def test_a_seed_that_matters_is_said():
    base = make_indicator(countries=3, years=4, labels=1)
    rng = np.random.default_rng(9)

    def fits(scale):
        error = np.sqrt(base.variance)
        return [
            replace(base, value=base.value + scale * error * rng.standard_normal(len(base))) for _ in range(4)
        ]

    assert [finding.code for finding in seed_spread(fits(1.0)).findings] == ["W348"]
    assert seed_spread(fits(0.1)).findings == ()
    with pytest.raises(EstimationError, match="at least two"):
        seed_spread(fits(1.0)[:1])


def test_a_wording_that_moves_the_index_is_said():
    frame = make(np.random.default_rng(10))
    cells = make_cells(frame, ("year",))
    index = difference.estimate(frame, cells)
    near = np.clip(frame.probability + 0.01, 0, 1)

    def blind(one, where):
        """An estimator that believes its scores, so that another wording moves it."""
        made = difference.estimate(frame, where)
        return replace(made, value=made.value + float(one.probability.mean() - frame.probability.mean()))

    found = wording_sensitivity(frame, cells, index, {"near": near}, difference.estimate)
    assert found.findings == ()
    assert found.table["correlation"][0] > 0.9
    far = wording_sensitivity(frame, cells, index, {"far": np.clip(frame.probability + 0.3, 0, 1)}, blind)
    assert [finding.code for finding in far.findings] == ["W347"]
    with pytest.raises(MismatchError, match="'short'"):
        wording_sensitivity(frame, cells, index, {"short": near[:3]}, difference.estimate)
    with pytest.raises(DataError, match="'wild'"):
        wording_sensitivity(frame, cells, index, {"wild": near + 1}, difference.estimate)


def test_all_are_asked_by_default_and_each_shows_itself():
    frame = make(np.random.default_rng(11))
    found = run_diagnostics(
        frame,
        keys=("year",),
        texts=texts_of(np.random.default_rng(0), len(frame)),
        period="year",
        checkpoint="default",
        fits=[make_indicator(), make_indicator(seed=1)],
        wordings={"other": frame.probability},
    )
    names = {one.name for one in found}
    assert {"rates-by-period", "rates-by-year", "calibration-by-year", "threshold", "placebo"} <= names
    assert {"outside", "look-ahead", "seeds", "wording"} <= names
    for one in found:
        assert {"name", "value", "lower", "upper"} <= set(one.table.columns)
        assert one.question in one.summary()
    assert len(found[0].plot().axes) == 1


def test_an_unknown_key_or_quantity_is_one_line():
    frame = make(np.random.default_rng(12))
    with pytest.raises(SettingsError, match="no key 'region'"):
        calibration_by(frame, "region")
    with pytest.raises(SettingsError, match="no key 'region'"):
        rates_by(frame, "region")
    with pytest.raises(SettingsError, match="no drift test of 'mood'"):
        drift_tests(frame, quantities=("mood",))
    with pytest.raises(SettingsError, match="rate = 0"):
        outside_training(frame, rate=0)
    with pytest.raises(MismatchError, match="2 texts"):
        outside_training(frame, ["a", "b"])


def test_a_stratum_is_compared_over_its_periods_and_not_with_another_whose_name_begins_alike():
    """As a corpus with the columns industry and decade has them: two industries, both "Food / ..."."""
    frame = make(np.random.default_rng(3))
    names = [
        joined_stratum([f"Food / {kind}", year])
        for kind in ("Beverages", "Tobacco")
        for year in ("1990", "2000")
    ]
    code = np.arange(len(frame.strata)) % 4
    frame = replace(frame, strata=np.array(names)[code], stratum_names=tuple(names), stratum_code=code)
    assert coarse_strata(frame)[1] == ("Food / Beverages", "Food / Tobacco")
    tests = drift_tests(frame)
    assert {test.stratum for test in tests} == {"Food / Beverages", "Food / Tobacco"}
    assert {test.groups for test in tests} == {("1990", "2000")}
