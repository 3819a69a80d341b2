"""Labels with an order: their probabilities, what is given, how it is scored, and where the order comes from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import cohen_kappa_score
from torch.nn import functional

from headwinds.adapt.evaluation.ordinal import mean_absolute_error, quadratic_weighted_kappa
from headwinds.adapt.networks.ordered import log_shares
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.label_order import ordered_labels
from headwinds.adapt.tasks.registry import get_task
from headwinds.errors import SettingsError

TASK = get_task("ordinal-classification")
NAMES = ("high", "low", "middle")


def examples_of(labels):
    return TASK.read(
        [Row(f"row {n}", {"text": "a text", "label": label}) for n, label in enumerate(labels)], labelled=True
    )


def settings(**changes):
    return TuneSettings(task="ordinal-classification", **changes)


def test_the_probabilities_are_the_products_of_the_steps():
    steps = torch.tensor([[0.3, -1.2, 2.0], [40.0, 40.0, -40.0]], dtype=torch.float64)
    up = torch.sigmoid(steps)
    by_hand = torch.stack(
        [1 - up[:, 0], up[:, 0] * (1 - up[:, 1]), up[:, 0] * up[:, 1] * (1 - up[:, 2]), up.prod(dim=1)], dim=1
    )
    assert torch.allclose(log_shares(steps).exp(), by_hand, atol=1e-12)
    assert torch.allclose(log_shares(steps).exp().sum(dim=1), torch.ones(2, dtype=torch.float64))
    assert torch.isfinite(log_shares(1000 * steps)).all()


def test_the_likelihood_is_the_sum_of_the_conditional_cross_entropies():
    """Shi, Cao, Raschka (2021), sec. 3.3: step k is learnt from the examples that are at least label k."""
    generator = torch.Generator().manual_seed(0)
    steps = torch.randn(50, 4, generator=generator, dtype=torch.float64)
    classes = torch.randint(0, 5, (50,), generator=generator)
    total = 0.0
    for step in range(4):
        at_least = classes >= step
        total += functional.binary_cross_entropy_with_logits(
            steps[at_least, step], (classes[at_least] > step).double(), reduction="sum"
        )
    ours = functional.cross_entropy(log_shares(steps), classes, reduction="sum")
    assert float(ours) == pytest.approx(float(total), rel=1e-12)


def test_what_is_given_has_the_least_expected_distance():
    generator = np.random.default_rng(1)
    shares = generator.dirichlet(np.full(5, 0.5), size=200)
    names = tuple("12345")
    found = TASK.decode(list(np.log(shares)), None, None, names, {"temperature": 1.0})
    distance = np.abs(np.arange(5)[:, None] - np.arange(5)[None, :])
    expected = shares @ distance
    given = np.array([names.index(item["label"]) for item in found])
    assert np.allclose(expected[np.arange(200), given], expected.min(axis=1))
    assert (given != shares.argmax(axis=1)).any()  # the likeliest label is another thing


def test_kappa_is_that_of_scikit_learn_for_every_weighting():
    generator = np.random.default_rng(2)
    truth, given = generator.integers(0, 5, 80), generator.integers(0, 5, 80)
    given = np.where(generator.random(80) < 0.5, truth, given)
    weights = generator.integers(0, 3, (4, 80)).astype(float)
    ours = quadratic_weighted_kappa(truth, given, weights)
    error = mean_absolute_error(truth, given, weights)
    for row, own in enumerate(weights.astype(int)):
        one, other = np.repeat(truth, own), np.repeat(given, own)
        assert ours[row] == pytest.approx(cohen_kappa_score(one, other, weights="quadratic"), abs=1e-12)
        assert error[row] == pytest.approx(np.abs(one - other).mean())
    assert 0.2 < ours.mean() < 0.8


def test_kappa_is_not_available_where_all_are_one_label():
    same = np.array([2, 2, 2])
    assert np.isnan(quadratic_weighted_kappa(same, same, np.ones((1, 3)))).all()


def test_numbers_go_by_their_size():
    labels = TASK.labels(examples_of([10, 2, "-1", "2.5", 10]))
    assert ordered_labels(TASK, labels, settings()) == ("-1", "2", "2.5", "10")


def test_names_go_as_they_are_set_or_as_the_codebook_has_them():
    chosen = settings(label_order="low; middle; high")
    assert ordered_labels(TASK, NAMES, chosen) == ("low", "middle", "high")
    assert ordered_labels(TASK, NAMES, settings(), ("low", "middle", "other", "high")) == (
        "low",
        "middle",
        "high",
    )


@pytest.mark.parametrize(
    ("order", "codebook", "says"),
    [
        ("", (), "nothing says which is lower"),
        ("", ("low", "high"), "nothing says which is lower"),
        ("low;high", (), "leaves out 'middle'"),
        ("low;middle;high;highest", (), "names 'highest', which no training example has"),
        ("low;middle;high;low", (), "names a label twice"),
    ],
)
def test_an_order_that_is_not_one_is_refused(order, codebook, says):
    with pytest.raises(SettingsError, match=says):
        ordered_labels(TASK, NAMES, settings(label_order=order), codebook)


def test_an_order_is_refused_where_labels_have_none():
    with pytest.raises(SettingsError, match="labels of text-classification have no order"):
        ordered_labels(get_task("text-classification"), NAMES, TuneSettings(label_order="low;middle;high"))


def test_a_far_miss_costs_more_than_a_near_one():
    names = ("low", "middle", "high")
    examples = examples_of(["low", "low", "high"])
    predictions = [{"label": name, "probability": 0.6} for name in ("middle", "high", "high")]
    mistakes = TASK.mistakes(predictions, examples, names)
    assert [(one.row, one.given) for one in mistakes] == [(0, "middle"), (1, "high")]
    assert mistakes[1].cost == pytest.approx(2 * mistakes[0].cost)


def test_answers_are_withheld_by_the_probability_of_what_is_given():
    generator = np.random.default_rng(3)
    classes = generator.integers(0, 3, 400)
    logs = np.log(np.where(np.arange(3) == classes[:, None], 0.9, 0.05))
    wrong = generator.random(400) < 0.3
    logs[wrong] = np.log([0.35, 0.3, 0.35])
    names = ("low", "middle", "high")
    examples = examples_of([names[number] for number in classes])
    decoder = TASK.fit_decoder(list(logs), examples, np.arange(400), None, names, settings(abstain_risk=0.05))
    found = TASK.decode(list(logs), examples, None, names, decoder)
    withheld = np.array([item["abstained"] for item in found])
    assert (withheld == wrong).all()
