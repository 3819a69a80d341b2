"""Losses and their gradients against the closed form; what the weights promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.losses import ClassTargets, balanced, classification_loss

ROWS = torch.arange(6)
BALANCED = TuneSettings(class_weights="balanced")


def logits(labels: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(6, labels, generator=generator, dtype=torch.float64).requires_grad_()


def test_binary_cross_entropy_and_its_gradient_are_the_closed_form():
    """d/dz of the mean of -y log p - (1 - y) log(1 - p) is (p - y) / n."""
    z = logits(3)
    truth = torch.tensor(np.random.default_rng(0).integers(0, 2, (6, 3)), dtype=torch.float64)
    loss = classification_loss(z, ROWS, ClassTargets(truth, 0.0))
    loss.backward()
    p = 1 / (1 + np.exp(-z.detach().numpy()))
    y = truth.numpy()
    assert loss.item() == pytest.approx(np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)), rel=1e-12)
    np.testing.assert_allclose(z.grad.numpy(), (p - y) / p.size, rtol=1e-10)


def test_cross_entropy_and_its_gradient_are_the_closed_form():
    z = logits(4)
    truth = torch.tensor([0, 1, 2, 3, 1, 1])
    loss = classification_loss(z, ROWS, ClassTargets(truth, 0.0))
    loss.backward()
    values = z.detach().numpy()
    p = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    y = np.eye(4)[truth.numpy()]
    assert loss.item() == pytest.approx(-np.mean(np.log((p * y).sum(axis=1))), rel=1e-12)
    np.testing.assert_allclose(z.grad.numpy(), (p - y) / 6, rtol=1e-10, atol=1e-15)


def test_balanced_weights_give_every_class_the_same_total():
    truth = torch.tensor([0, 0, 0, 0, 1, 2])
    weight = balanced(ClassTargets(truth, 0.0), np.arange(6), 3, BALANCED).weight
    totals = [float(weight[truth[truth == name]].sum()) for name in range(3)]
    assert totals == pytest.approx([2.0, 2.0, 2.0])
    several = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    assert balanced(ClassTargets(several, 0.0), np.arange(4), 1, BALANCED).weight.tolist() == [3.0]
    assert balanced(ClassTargets(truth, 0.0), np.arange(6), 3, TuneSettings()).weight is None


@pytest.mark.parametrize("several", [False, True])
def test_balanced_weights_do_not_hang_on_rows_that_validate_or_test(several):
    learnt = np.array([0, 2, 3, 5])
    weights = []
    for aside in (0, 1):
        classes = torch.tensor([0, aside, 0, 1, aside, 0])
        truth = torch.nn.functional.one_hot(classes, 2).float() if several else classes
        weights.append(balanced(ClassTargets(truth, 0.0), learnt, 2, BALANCED).weight.tolist())
    assert weights[0] == weights[1] == pytest.approx([1 / 3, 3] if several else [2 / 3, 2])


@pytest.mark.parametrize("several", [False, True])
def test_focal_loss_takes_weight_from_what_is_right(several):
    """An example that is right with p = 0.99 loses far more of its loss than one at p = 0.5."""
    sure, unsure = np.log(0.99 / 0.01), 0.0
    if several:
        z, truth = torch.tensor([[sure], [unsure]]), torch.ones(2, 1)
    else:
        z, truth = torch.tensor([[sure, 0.0], [unsure, 0.0]]), torch.zeros(2, dtype=torch.int64)
    plain, focal = (
        [
            float(classification_loss(z[[row]], torch.tensor([row]), ClassTargets(truth, gamma)))
            for row in range(2)
        ]
        for gamma in (0.0, 2.0)
    )
    assert focal[0] / plain[0] == pytest.approx(0.01**2, rel=1e-3)
    assert focal[1] / plain[1] == pytest.approx(0.5**2, rel=1e-3)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("truth", [torch.tensor([0]), torch.tensor([[1.0, 0.0]])])
def test_focal_loss_of_what_is_wholly_sure_has_a_gradient(gamma, truth):
    """In float32 1 - p is nothing from a logit of 17 on, where a power below 1 has no slope."""
    z = torch.tensor([[40.0, -40.0]], requires_grad=True)
    classification_loss(z, torch.arange(1), ClassTargets(truth, gamma)).backward()
    assert torch.isfinite(z.grad).all()
