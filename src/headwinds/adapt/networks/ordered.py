"""The network of ordered labels: one logit a step from a label to the next, and the labels' probabilities from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from headwinds.adapt.networks.text import Pooling, TextClassifier

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class OrderedClassifier(TextClassifier):
    """Log probabilities of `labels` ordered labels for each text.

    The head has an output less than there are labels: output k is the log-odds that a text is above label k if it is at
    least label k (CORN; Shi, Cao, Raschka 2021, sec. 3.2; the continuation ratio of statistics). Probabilities of being
    above a label are products of these, so they never rise from one label to the next.
    """

    def __init__(
        self, encoder: PreTrainedModel, labels: int, *, dropout: float, pooling: Pooling = "mean"
    ) -> None:
        super().__init__(encoder, labels - 1, dropout=dropout, pooling=pooling)

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return log probabilities in float32, shape (texts, labels)."""
        return log_shares(super().forward(batch, states))


def log_shares(steps: torch.Tensor) -> torch.Tensor:
    """Log probability of each label from the log-odds of each step: (texts, labels - 1) to (texts, labels)."""
    up, stay = nn.functional.logsigmoid(steps), nn.functional.logsigmoid(-steps)
    reached = nn.functional.pad(torch.cumsum(up, dim=-1), (1, 0))
    return reached + nn.functional.pad(stay, (0, 1))


def initialise_steps(network: OrderedClassifier, classes: torch.Tensor, *, seed: int) -> None:
    """Small random weights from `seed`; each bias at the log-odds of its step among `classes`, shape (texts,)."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.arange(len(network.head.bias))
    reached = (classes[:, None] >= steps).sum(dim=0) + 1.0
    above = (classes[:, None] > steps).sum(dim=0) + 0.5
    with torch.no_grad():
        network.head.weight.normal_(0.0, 0.02, generator=generator)
        network.head.bias.copy_(torch.logit(above / reached))
