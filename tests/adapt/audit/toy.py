"""A toy of private training: logistic regression whose canary row is in or out, trained many times over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from headwinds.adapt.audit.membership import epsilon_lower_bound
from headwinds.adapt.training.private import PrivacySpent, private_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS, WIDTH = 8, 4


def canary_score(spent: PrivacySpent, *, inside: bool, seed: int) -> float:
    """Train once from zero; how far the weights moved along the canary's own direction."""
    features = torch.zeros(spent.rows, WIDTH)
    features[:, 0] = 1.0
    features[-1] = torch.tensor(
        [0.0, 0.0, 0.0, 10.0]
    )  # nobody else has this direction; its gradient is clipped
    weight = torch.nn.Parameter(torch.zeros(WIDTH))

    present = torch.ones(spent.rows)
    present[-1] = float(inside)

    def gradients(chosen: Sequence[int]) -> tuple[torch.Tensor, ...]:
        rows = torch.tensor(chosen)
        with torch.no_grad():
            errors = present[rows] * (torch.sigmoid(features[rows] @ weight) - 1.0)
            return (errors.unsqueeze(1) * features[rows],)

    private_steps([weight], gradients, spent, learning_rate=0.1, seed=seed)
    return float(weight.detach()[3])


def observed_lower_bound(spent: PrivacySpent, *, trainings: int, seed: int) -> float:
    """An attacker's lower bound of epsilon: half of the trainings choose the threshold, the other half are judged."""
    scores = {
        inside: np.array(
            [canary_score(spent, inside=inside, seed=seed + 2 * n + inside) for n in range(trainings)]
        )
        for inside in (True, False)
    }
    half = trainings // 2
    cuts = np.quantile(
        np.concatenate([scores[True][:half], scores[False][:half]]), np.linspace(0.02, 0.98, 49)
    )
    gaps = [(scores[True][:half] > cut).mean() - (scores[False][:half] > cut).mean() for cut in cuts]
    cut = cuts[int(np.argmax(gaps))]
    hits, alarms = int((scores[True][half:] > cut).sum()), int((scores[False][half:] > cut).sum())
    return epsilon_lower_bound(hits, trainings - half, alarms, trainings - half, delta=spent.delta)
