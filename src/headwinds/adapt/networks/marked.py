"""The network of tasks about marked places of a text: the states at the marks, side by side, and one linear layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from headwinds.adapt.networks.text import encoder_states

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class MarkedClassifier(nn.Module):
    """Logits of each label for each text, from the states at its marks (Baldini Soares et al. 2019, "entity start").

    Each text has one window. `batch.marks` says which of its tokens are marked.
    """

    def __init__(self, encoder: PreTrainedModel, labels: int, *, marks: int, dropout: float) -> None:
        super().__init__()
        width = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head_dense = nn.Linear(marks * width, width)
        self.head = nn.Linear(width, labels)

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits in float32, shape (texts, labels)."""
        if batch.marks is None:
            raise ValueError("The batch has no marks.")
        states = (encoder_states(self.encoder, batch) if states is None else states).float()
        texts = torch.arange(len(states), device=states.device).unsqueeze(1)
        marked = states[texts, batch.marks].flatten(1)
        hidden = torch.tanh(self.head_dense(self.dropout(marked)))
        logits: torch.Tensor = self.head(self.dropout(hidden)).float()
        return logits


def initialise_marked_head(network: MarkedClassifier, targets: torch.Tensor, *, seed: int) -> None:
    """Small random weights from `seed`; the bias at the log of each label's share among `targets`, (texts, labels)."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in (network.head_dense, network.head):
            layer.weight.normal_(0.0, 0.02, generator=generator)
            layer.bias.zero_()
        shares = (targets.sum(dim=0) + 1).log()
        network.head.bias.copy_(shares - shares.mean())
