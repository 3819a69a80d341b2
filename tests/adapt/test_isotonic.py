"""Isotonic calibration: monotone, the same wherever it is applied, honest about few examples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.isotonic import IsotonicRegression

from adapt.audit.conftest import make_rows, write_rows
from headwinds.adapt.audit.explanation import attributions
from headwinds.adapt.evaluation.calibration import calibration_of, fit_calibration
from headwinds.adapt.evaluation.isotonic import FEWEST, apply_isotonic, fit_isotonic, uncalibrated_findings
from headwinds.adapt.evaluation.metrics import expected_calibration_error
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.prediction import predict
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.one_label import calibrated_shares, decode_one_label, fit_shares, likeliest
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import MismatchError, SettingsError

ISOTONIC = TuneSettings(calibration="isotonic")


def bent(count: int, seed: int):
    """Logits whose probability is far from logistic in them, so that no slope or temperature mends it."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, count)
    truth = generator.random(count) < np.where(logits > 0, 0.9, 0.3) * expit(3 * logits) + 0.05
    return logits, truth


def test_it_is_the_isotonic_regression_of_scikit_learn_between_laplaces_bounds():
    logits, truth = bent(400, 1)
    share = expit(logits)
    [knots] = fit_isotonic(share[:, None], truth[:, None])
    fresh = np.linspace(0, 1, 1001)
    least = 1 / 402
    theirs = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(share, truth)
    ours = apply_isotonic(fresh[:, None], [knots])[:, 0]
    assert ours == pytest.approx(theirs.predict(fresh), abs=1e-12)
    assert (np.diff(ours) >= 0).all()
    assert ours.min() >= least
    assert ours.max() <= 1 - least
    again = json.loads(json.dumps([knots]))
    assert (apply_isotonic(fresh[:, None], again)[:, 0] == ours).all()


def test_of_several_labels_it_mends_what_a_slope_cannot():
    logits, truth = bent(2000, 2)
    fresh, fresh_truth = bent(20_000, 3)
    error = {}
    for isotonic in (False, True):
        found = fit_calibration(logits[:, None], truth[:, None], isotonic=isotonic)
        share = found.probability(fresh[:, None])[:, 0]
        error[isotonic] = expected_calibration_error(fresh_truth, share, np.ones((1, len(fresh))))[0]
    assert error[True] < 0.6 * error[False]


def three_classes(count: int, seed: int):
    generator = np.random.default_rng(seed)
    classes = generator.choice(3, count, p=[0.6, 0.3, 0.1])
    logits = generator.normal(0, 1, (count, 3)) + 2.0 * np.eye(3)[classes] + np.array([0.0, 0.0, 2.5])
    return logits, classes


def test_of_one_label_the_shares_sum_to_one_and_a_moved_prior_is_mended():
    """As resampling moves it: one temperature cannot take back a constant that was added to one label."""
    logits, classes = three_classes(3000, 4)
    fresh, fresh_classes = three_classes(20_000, 5)
    frequency = np.bincount(fresh_classes, minlength=3) / len(fresh)
    far = {}
    for settings in (TuneSettings(), ISOTONIC):
        shares = calibrated_shares(fresh, fit_shares(logits, classes, settings))
        assert shares.sum(axis=1) == pytest.approx(np.ones(len(fresh)), abs=1e-12)
        far[settings.calibration] = np.abs(shares.mean(axis=0) - frequency).max()
    assert far["temperature"] > 0.1
    assert far["isotonic"] < 0.03


def test_equal_shares_go_by_the_logit():
    shares, logits = np.array([[0.4, 0.4, 0.2]]), np.array([[1.0, 1.5, 3.0]])
    assert likeliest(shares, logits).tolist() == [1]
    [(best, own, name)] = decode_one_label(
        [[1.0, 1.5, -9.0]],
        [("a", "b", "c")],
        {"temperature": 1.0, "isotonic": [[[0.0, 1.0], [0.4, 0.4]], [[0.0, 1.0], [0.4, 0.4]], None]},
    )
    assert (best, name) == (1, "b")
    assert own[0] == own[1]


def test_a_label_with_few_examples_keeps_its_temperature_and_that_is_told():
    generator = np.random.default_rng(6)
    classes = np.repeat([0, 1, 2], [200, FEWEST, FEWEST - 1])
    logits = generator.normal(0, 1, (len(classes), 3)) + np.eye(3)[classes]
    decoder = fit_shares(logits, classes, ISOTONIC)
    assert [one is None for one in decoder["isotonic"]] == [False, False, True]
    mapped = apply_isotonic(softmax(logits / decoder["temperature"], axis=1), decoder["isotonic"])
    assert (mapped[:, 2] == softmax(logits / decoder["temperature"], axis=1)[:, 2]).all()
    [finding] = uncalibrated_findings([decoder], ["many", "enough", "few"])
    assert finding.code == "W203"
    assert finding.sentence.startswith("1 of 3 labels")
    assert finding.sentence.endswith(": few.")
    assert uncalibrated_findings([fit_shares(logits, classes, TuneSettings())], ["a", "b", "c"]) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "question-answering"}, "those of question-answering have none"),
        ({"task": "multiple-choice"}, "those of multiple-choice have none"),
        ({"method": "zero-shot"}, "no labelled validation examples"),
        ({"method": "cloze", "learn_from_labels": False}, "no labelled validation examples"),
        ({"abstain_risk": 0.1}, "cannot be set with abstain_risk = 0.1"),
        ({"method": "head", "private_epsilon": 1.0}, "expected 'temperature' with private_epsilon"),
    ],
)
def test_where_there_is_nothing_to_fit_it_on_it_is_refused(changes, said):
    with pytest.raises(SettingsError, match=said):
        TuneSettings(calibration="isotonic", **changes)


@pytest.fixture(scope="module", params=["label", "labels", "ordered", "bytes"])
def tuned(request, tiny_checkpoint: Path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("isotonic")
    several = request.param == "labels"
    files = LabelledFiles(
        write_rows(folder / "train.csv", make_rows(150, seed=1, several=several)),
        write_rows(folder / "validation.csv", make_rows(240, seed=2, several=several)),
        write_rows(folder / "test.csv", make_rows(60, seed=3, several=several)),
    )
    chosen = TuneSettings(
        task="ordinal-classification" if request.param == "ordered" else "text-classification",
        checkpoint=str(tiny_checkpoint),
        epochs=2,
        learning_rate=3e-3,
        batch_tokens=512,
        calibration="isotonic",
        label_order="divide;driver;security" if request.param == "ordered" else "",
        scoring_precision="int8" if request.param == "bytes" else "auto",
    )
    return tune_files(files, chosen, folder / "out", quiet=True)


def test_the_test_the_prediction_and_the_score_go_through_the_same_knots(tuned):
    model = load_model(tuned.folder)
    knots = model.facts.decoder["isotonic"]
    assert all(one is not None for one in knots)
    assert all((np.diff(one[1]) >= 0).all() and (np.diff(one[0]) > 0).all() for one in knots)
    lines = (tuned.folder.parent / "evaluation" / "predictions.jsonl").read_text().splitlines()
    tested = np.array([json.loads(line)["probabilities"] for line in lines])
    texts = [row["text"] for row in make_rows(60, seed=3, several="slope" in model.facts.decoder)]
    scored = predict(model, texts)
    assert scored.probability == pytest.approx(tested, abs=1e-6)
    if "slope" in model.facts.decoder:
        assert calibration_of(model.facts.decoder).isotonic
    else:
        assert tested.sum(axis=1) == pytest.approx(np.ones(60))
    assert tuned.evaluation is not None
    assert "W203" not in {one.code for one in tuned.evaluation.findings}


def test_gradients_are_refused_and_occlusion_explains(tuned):
    model = load_model(tuned.folder)
    text = "technology raises growth. peace is our aim"
    with pytest.raises(MismatchError, match=r"this model's are isotonic.*occlusion"):
        attributions(model, text, "driver")
    assert np.isfinite(attributions(model, text, "driver", method="occlusion").output)
