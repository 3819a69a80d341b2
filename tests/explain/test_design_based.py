"""Documents read with known probabilities: right whatever the classifier does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain import design_based_regression

TRUTH = np.array([1.0, -0.5])


def draw(seed: int, model: str, measured: str, rows: int = 2000) -> pd.DataFrame:
    """A predicted covariate or outcome whose errors go with the outcome; called documents are read more often."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    x = (rng.random(rows) < 1 / (1 + np.exp(0.5 - 0.5 * z))).astype(float)
    level, noise = 0.5 + TRUTH[0] * x + TRUTH[1] * z, rng.normal(size=rows)
    y = level + noise if model == "linear" else (rng.random(rows) < 1 / (1 + np.exp(-level))).astype(float)
    if measured == "x":
        odd = np.tanh(noise) if model == "linear" else y - 0.5
        guess = (rng.random(rows) < np.where(x == 1, 0.8, 0.15) + 0.05 * odd).astype(float)
    elif model == "linear":
        guess = 0.7 * y + 0.3 * x + 0.3 * rng.normal(size=rows)
    else:
        guess = np.where(rng.random(rows) < 0.15 + 0.1 * x, 1 - y, y)
    probability = 0.25 * np.where(guess > 0.5, 1.5, 0.7)
    frame = pd.DataFrame({"y": y, "x": x, "z": z, "guess": guess, "pi": probability})
    frame.loc[rng.random(rows) >= probability, measured] = np.nan
    return frame


def estimate(frame: pd.DataFrame, model: str, measured: str, **options):
    return design_based_regression(
        frame,
        outcome="y",
        regressors=["x", "z"],
        predictions={measured: "guess"},
        probability="pi",
        model=model,
        **options,
    )


@pytest.mark.parametrize("model", ["linear", "logistic"])
@pytest.mark.parametrize("measured", ["x", "y"])
def test_intervals_cover_with_differential_error_and_are_narrower_than_reading_alone(model, measured):
    """Of 150 draws at 95%, 89.5% to 99% is what chance allows (two-sided, 1 in 100), of each coefficient."""
    hits, naive, widths = [], [], []
    for seed in range(150):
        result = estimate(draw(seed, model, measured), model, measured)
        lower, upper = result.corrected.confidence_interval().T
        hits.append((lower <= TRUTH) & (upper >= TRUTH))
        lower, upper = result.naive.confidence_interval().T
        naive.append((lower <= TRUTH) & (upper >= TRUTH))
        widths.append(result.corrected.standard_error / result.others[0].standard_error)
    assert (np.mean(hits, axis=0) >= 0.895).all()
    assert (np.mean(hits, axis=0) <= 0.995).all()
    assert np.mean(naive, axis=0).min() < 0.75
    assert np.mean(widths, axis=0).max() < 1.0


def test_where_everything_was_read_it_is_least_squares_on_the_truth():
    frame = draw(0, "linear", "x")
    frame["x"] = (np.random.default_rng(1).random(len(frame)) < 0.4).astype(float)
    result = estimate(frame.assign(pi=1.0), "linear", "x")
    columns = np.column_stack([frame["x"], frame["z"], np.ones(len(frame))])
    expected = np.linalg.lstsq(columns, frame["y"].to_numpy(), rcond=None)[0][:2]
    assert result.corrected.value == pytest.approx(expected, rel=1e-10)
    assert result.others[0].value == pytest.approx(expected, rel=1e-10)


def test_effects_and_clusters_enter():
    frame = draw(0, "linear", "x")
    rng = np.random.default_rng(2)
    group = rng.integers(0, 25, len(frame))
    frame = frame.assign(group=group, y=frame["y"] + 3 * rng.normal(size=25)[group])
    result = estimate(frame, "linear", "x", effects=["group"], cluster="group")
    assert result.corrected.clusters == 25
    assert result.corrected.value == pytest.approx(TRUTH, abs=0.35)


def test_few_documents_read_are_said():
    frame = draw(0, "linear", "x")
    frame.loc[frame.index[frame["x"].notna()][30:], "x"] = np.nan
    result = estimate(frame, "linear", "x")
    assert "W439" in [finding.code for finding in result.corrected.findings]


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (lambda f: f.assign(pi=0.0), DataError, "Row 1: the probability of being read is 0"),
        (lambda f: f.assign(x=np.nan), DataError, "No document was read"),
        (
            lambda f: f.assign(x=f["x"].astype(object).where(f.index != 2, "unsure")),
            DataError,
            "The table of documents, row 3, column 'x': 'unsure' is not a number",
        ),
        (lambda f: f.drop(columns="guess"), DataError, "no column 'guess'"),
        (lambda f: f.assign(z=1.0), EstimationError, "'z' is collinear with the effects"),
        (lambda f: f.assign(z=f["guess"] * 2), EstimationError, "'z' is collinear with 'x'"),
    ],
)
def test_bad_input_is_one_line(change, kind, said):
    with pytest.raises(kind, match=said) as caught:
        estimate(change(draw(0, "linear", "x")), "linear", "x")
    assert "\n" not in str(caught.value)


def test_nothing_predicted_is_refused():
    with pytest.raises(SettingsError, match="neither the outcome nor a regressor"):
        design_based_regression(
            draw(0, "linear", "x"), outcome="y", regressors=["z"], predictions={}, probability=0.5
        )


def test_where_few_are_read_each_variable_keeps_its_own_prediction():
    """Too few for a regression on all that is known: then a classifier's own predictions are what is corrected."""
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=300), rng.normal(size=300)
    frame = pd.DataFrame(
        {"y": a - b + 0.1 * rng.normal(size=300), "a": a, "b": b, "guess a": a, "guess b": b}
    )
    frame.loc[30:, ["a", "b"]] = np.nan
    result = design_based_regression(
        frame,
        outcome="y",
        regressors=["a", "b"],
        predictions={"a": "guess a", "b": "guess b"},
        probability=0.1,
    )
    # The guesses are the truth, so that nothing is left to correct: the estimate is that of all documents.
    assert result.corrected.value == pytest.approx(result.naive.value, rel=1e-9)
    assert result.corrected.standard_error == pytest.approx(result.naive.standard_error, rel=1e-9)


def test_what_was_read_in_few_clusters_is_known_from_few():
    frame = draw(1, "linear", "y")
    frame = frame.assign(country=np.arange(len(frame)) % 100)
    frame.loc[frame["country"] >= 8, "y"] = np.nan
    result = estimate(frame, "linear", "y", cluster="country")
    assert (result.naive.clusters, result.naive.degrees_of_freedom) == (100, 99)
    for found in (result.corrected, *result.others):
        assert (found.clusters, found.degrees_of_freedom) == (8, 7)
        assert "W401" in [finding.code for finding in found.findings]
