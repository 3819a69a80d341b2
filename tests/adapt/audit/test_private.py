"""Private training of a head: epsilon agrees with other accountants, the noise is there, what is not covered is said."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.stats import norm
from transformers import BertConfig, BertModel

from adapt.audit.conftest import fit, make_rows, write_rows
from adapt.audit.toy import ROWS, observed_lower_bound
from headwinds.adapt.audit.answers import ask
from headwinds.adapt.encoding import EncodedTexts
from headwinds.adapt.fitted_model import read_facts
from headwinds.adapt.learning_curve import learning_curve
from headwinds.adapt.networks.text import TextClassifier
from headwinds.adapt.predicting import evaluate_file
from headwinds.adapt.seeds import tune_seeds
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.losses import ClassTargets, classification_loss
from headwinds.adapt.training.accountant import least_noise, spent_epsilon
from headwinds.adapt.training.batches import collate
from headwinds.adapt.training.private import plan_privacy, told_together
from headwinds.adapt.training.row_gradients import linear_row_gradients
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import SettingsError

# By Google's dp-accounting 0.6.0: noise, sample rate, steps, delta, privacy loss distributions, Rényi.
OTHER_ACCOUNTANT = [
    (1.0, 0.01, 1000, 1e-5, 1.8282436455855091, 2.101366525420273),
    (2.0, 0.1, 200, 1e-5, 3.3596607440700863, 3.6797458455819205),
    (0.8, 0.05, 50, 1e-6, 5.321358959047814, 6.183933691926403),
    (4.0, 0.5, 60, 1e-5, 4.387357065371531, 4.765219091042402),
]


@pytest.mark.parametrize(("noise", "rate", "steps", "delta", "distributions", "renyi"), OTHER_ACCOUNTANT)
def test_epsilon_is_that_of_an_independent_accountant(noise, rate, steps, delta, distributions, renyi):
    given = {"noise": noise, "sample_rate": rate, "steps": steps, "delta": delta}
    assert spent_epsilon("prv", **given) == pytest.approx(distributions, rel=0.01)
    assert spent_epsilon("rdp", **given) == pytest.approx(renyi, rel=0.01)


def test_without_sampling_epsilon_is_that_of_the_gaussian_mechanism():
    noise, steps, delta = 6.0, 20, 1e-5
    mu = np.sqrt(steps) / noise  # Dong, Roth, Su 2022, corollary 3.3 and corollary 2.13

    def excess(epsilon: float) -> float:
        return norm.cdf(-epsilon / mu + mu / 2) - np.exp(epsilon) * norm.cdf(-epsilon / mu - mu / 2) - delta

    exact = brentq(excess, 1e-6, 50)
    assert spent_epsilon("prv", noise=noise, sample_rate=1.0, steps=steps, delta=delta) == pytest.approx(
        exact, rel=0.01
    )
    assert spent_epsilon("rdp", noise=noise, sample_rate=1.0, steps=steps, delta=delta) > exact


def test_the_plan_spends_at_most_what_is_given_and_more_privacy_takes_more_noise():
    plans = [
        plan_privacy(500, epsilon=epsilon, delta=1e-5, clip=1.0, batch=50, epochs=5) for epsilon in (0.5, 8.0)
    ]
    for plan, epsilon in zip(plans, (0.5, 8.0), strict=True):
        assert 0.9 * epsilon < plan.epsilon <= epsilon
        assert plan.epsilon <= plan.epsilon_renyi
        assert plan.steps == 50
    assert plans[0].noise > plans[1].noise
    longer = {"noise": plans[1].noise, "sample_rate": plans[1].sample_rate, "steps": 4 * plans[1].steps}
    assert spent_epsilon("prv", **longer, delta=1e-5) > 8.0


def test_the_noise_is_the_one_that_opacus_finds():
    from opacus.accountants.utils import get_noise_multiplier

    for epsilon, delta, rate, steps in ((0.5, 1e-5, 0.1, 50), (4.0, 1e-5, 1.0, 1), (0.01, 1e-4, 0.4, 5)):
        asked = {"target_epsilon": epsilon, "target_delta": delta, "sample_rate": rate, "steps": steps}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = get_noise_multiplier(**asked, accountant="prv")
        assert least_noise(epsilon, delta, rate, steps) == theirs


@pytest.mark.parametrize("pooling", ["mean", "normalised-mean", "smooth-maximum"])
@pytest.mark.parametrize("several", [True, False])
def test_gradients_of_many_rows_at_once_are_those_of_each_row_alone(pooling, several):
    """Of texts of many lengths, one of them in two windows and one in three, from states that are known."""
    generator = torch.Generator().manual_seed(0)
    lengths = (3, 9, 5, 9, 1, 4, 7)
    windows = [np.arange(1, length + 1, dtype=np.int32) for length in lengths]
    encoded = EncodedTexts(windows, np.array([0, 1, 3, 4, 7]), np.array([3, 14, 1, 13]))
    states = [torch.randn(n, 6, generator=generator) for n in lengths]
    config = BertConfig(
        vocab_size=6, hidden_size=6, num_hidden_layers=1, num_attention_heads=1, intermediate_size=6
    )
    network = TextClassifier(BertModel(config), 3, dropout=0.0, pooling=pooling).eval()
    truth = torch.randint(2, (4, 3), generator=generator).float() if several else torch.tensor([2, 0, 1, 1])
    targets = ClassTargets(truth, focal_gamma=1.5)

    def summed_loss(batch):
        own = [states[n] for row in batch.rows for n in range(*encoded.first_window[[row, row + 1]])]
        logits = network(batch, torch.nn.utils.rnn.pad_sequence(own, batch_first=True))
        return classification_loss(logits, torch.from_numpy(batch.rows), targets) * len(batch.rows)

    together = linear_row_gradients(network.head, summed_loss, collate(encoded, np.arange(4), padding_id=0))
    for row in range(4):
        loss = summed_loss(collate(encoded, np.array([row]), padding_id=0))
        alone = torch.autograd.grad(loss, [network.head.weight, network.head.bias])
        for many, one in zip(together, alone, strict=True):
            torch.testing.assert_close(many[row], one, rtol=1e-5, atol=1e-6)


def test_an_attack_with_a_canary_does_not_find_more_than_epsilon():
    spent = plan_privacy(ROWS, epsilon=1.0, delta=1e-3, clip=1.0, batch=ROWS, epochs=4)
    assert observed_lower_bound(spent, trainings=240, seed=1000) <= spent.epsilon


@pytest.mark.slow
def test_in_twenty_of_twenty_runs_the_canary_shows_no_more_than_epsilon():
    spent = plan_privacy(ROWS, epsilon=1.0, delta=1e-3, clip=1.0, batch=ROWS // 2, epochs=4)
    assert spent.sample_rate == 0.5
    bounds = [observed_lower_bound(spent, trainings=40, seed=10_000 * run) for run in range(1, 21)]
    assert max(bounds) <= spent.epsilon


def test_the_attack_finds_a_training_whose_noise_is_missing():
    spent = plan_privacy(ROWS, epsilon=1.0, delta=1e-3, clip=1.0, batch=ROWS, epochs=4)
    assert observed_lower_bound(replace(spent, noise=1e-3), trainings=240, seed=2000) > 2 * spent.epsilon


@pytest.fixture(scope="module")
def private(tmp_path_factory, audit_checkpoint):
    folder = tmp_path_factory.mktemp("private")
    chosen = {
        "method": "head",
        "private_epsilon": 8.0,
        "epochs": 40,
        "head_learning_rate": 5e-2,
        "private_delta": 1e-3,
    }
    return fit(folder, audit_checkpoint, several=False, pooling="mean", **chosen), folder


def test_a_private_head_learns_and_says_what_it_spent_and_what_is_not_covered(private, tmp_path):
    model, folder = private
    spent = model.facts.decoder["privacy"]
    assert 7 < spent["epsilon"] <= 8
    assert (spent["accountant"], spent["rows"], spent["secret"]) == (
        "prv",
        model.facts.training_examples,
        True,
    )
    assert "validation rows" in spent["not_covered"]
    rows = make_rows(120, seed=8, several=False)
    answers = ask(model).answers([row["text"] for row in rows])
    right = [
        model.facts.labels[n] == row["label"]
        for n, row in zip(answers.probability.argmax(axis=1), rows, strict=True)
    ]
    assert np.mean(right) > 0.5  # a third is guessing
    evaluate_file(folder / "run", folder / "train.csv", tmp_path)
    card = next(tmp_path.rglob("card.md")).read_text(encoding="utf-8")
    assert (
        f"Epsilon {spent['epsilon']:.2f} at delta 0.001 for one training row, by the accountant prv." in card
    )
    assert "Not covered: validation rows" in card
    history = json.loads((folder / "run" / "model" / "history.json").read_text())
    assert history == {"best_validation_score": None, "epochs": []}


def test_noise_is_new_each_time_unless_it_is_asked_to_be_reproducible(tmp_path, audit_checkpoint):
    common = {"method": "head", "private_epsilon": 8.0, "epochs": 2, "private_delta": 1e-3, "pooling": "mean"}

    def weights(name: str, **settings: object) -> np.ndarray:
        folder = tmp_path / name
        folder.mkdir()
        return (
            fit(folder, audit_checkpoint, several=False, **common, **settings)
            .network.head.weight.detach()
            .numpy()
        )

    first = weights("one", private_reproducible=True)
    assert np.array_equal(first, weights("two", private_reproducible=True))
    assert not np.array_equal(weights("three"), weights("four"))


def test_with_almost_no_privacy_budget_the_weights_are_noise(tmp_path, audit_checkpoint):
    model = fit(
        tmp_path, audit_checkpoint, several=False, method="head", private_epsilon=0.01, private_delta=1e-4, epochs=2,
        pooling="mean",
    )  # fmt: skip
    spent = model.facts.decoder["privacy"]
    assert spent["noise"] > 50
    assert spent["epsilon"] <= 0.01


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "full"}, "method = 'full'"),
        ({"class_weights": "balanced"}, "class_weights = 'balanced'"),
        ({"resampling": "balanced"}, "resampling = 'balanced'"),
        ({"calibration": "isotonic"}, "calibration = 'isotonic'"),
        ({"augment": "easy"}, "augment = 'easy'"),
        ({"task": "named-entity-recognition"}, "task = 'named-entity-recognition'"),
        ({"private_delta": 0.0}, "private_delta"),
        ({"private_clip": 0.0}, "private_clip"),
        ({"private_epsilon": 1000.0}, "private_epsilon = 1000.0.*at most 50"),
    ],
)
def test_what_would_break_the_promise_is_refused(changes, said):
    with pytest.raises(SettingsError, match=said):
        TuneSettings(**{"method": "head", "private_epsilon": 1.0, **changes})


def test_a_delta_that_gives_a_row_away_is_refused():
    with pytest.raises(SettingsError, match="not below 1 / 50"):
        plan_privacy(50, epsilon=1.0, delta=0.02, clip=1.0, batch=10, epochs=1)


@pytest.fixture(scope="module")
def private_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("private-files")
    return LabelledFiles(
        write_rows(folder / "train.csv", make_rows(150, seed=1, several=False)),
        test=write_rows(folder / "test.csv", make_rows(40, seed=2, several=False)),
    )


def test_models_of_the_same_rows_say_what_they_spent_together(private_files, tmp_path, audit_checkpoint):
    """By hand: two like trainings are one of twice the steps, and no more than the sum of both."""
    private = {"method": "head", "private_epsilon": 2.0, "private_delta": 1e-3, "epochs": 2}
    private |= {"private_batch": 1000}  # every row in every step: one plan for all sizes
    chosen = TuneSettings(checkpoint=str(audit_checkpoint), **private)
    found = tune_seeds(private_files, chosen, (0, 1), tmp_path / "seeds", quiet=True)
    one = read_facts(found.models[0].folder).decoder["privacy"]
    twice = spent_epsilon(
        "prv", **{name: one[name] for name in ("noise", "sample_rate", "delta")}, steps=2 * one["steps"]
    )
    told = json.loads((tmp_path / "seeds" / "seeds.json").read_text())["privacy"]
    assert told == {"models": 2, "epsilon": pytest.approx(twice, rel=1e-3), "delta": 1e-3}
    assert one["epsilon"] < told["epsilon"] <= 2 * one["epsilon"]
    assert [item.code for item in found.findings] == ["W224"]
    assert f"together they spent {told['epsilon']:.2f} at delta 0.001" in str(found.findings[0])
    found = learning_curve(private_files, chosen, (0.5, 1.0), tmp_path / "curve", quiet=True)
    curve = json.loads((tmp_path / "curve" / "learning-curve.json").read_text())["privacy"]
    assert curve["models"] == 2
    assert 2.0 < curve["epsilon"] <= 4.0
    assert [item.code for item in found.findings] == ["W224"]


def test_of_one_private_model_and_of_others_nothing_is_added_up(private):
    decoder = private[0].facts.decoder
    total, findings = told_together([decoder])
    assert (total.epsilon, findings) == (pytest.approx(decoder["privacy"]["epsilon"]), ())
    assert told_together([{}, {}]) == (None, ())
