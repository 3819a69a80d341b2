"""The network of in-context learning: how likely a decoder holds each label's words to go on from a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from headwinds.adapt.networks.gaps import logits_at

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class ContinuationScorer(nn.Module):
    """Mean log-probability of the tokens of each label, shape (texts, labels); less what a text without content gets.

    A text has a window a label and, where `content_free`, as many again, of the same prompt with a text without content.
    """

    def __init__(self, encoder: PreTrainedModel, labels: int, *, content_free: bool) -> None:
        super().__init__()
        self.encoder = encoder
        self.labels = labels
        self.content_free = content_free

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return scores in float32."""
        if batch.learnt is None:
            raise ValueError("the batch does not say which tokens are those of the labels")
        counts = batch.learnt.sum(dim=1)
        order = torch.argsort(batch.learnt, dim=1, descending=True, stable=True)[:, : int(counts.max())]
        wanted = batch.input_ids.gather(1, order)
        # What follows a token is told by the output of the one before it.
        logs = torch.log_softmax(logits_at(self.encoder, batch, (order - 1).clamp(min=0)), dim=-1)
        own = logs.gather(2, wanted.unsqueeze(-1)).squeeze(-1)
        present = torch.arange(order.shape[1], device=order.device).unsqueeze(0) < counts.unsqueeze(1)
        scores = (own * present).sum(dim=1) / counts
        scores = scores.view(len(batch.rows), -1)
        if self.content_free:
            return scores[:, : self.labels] - scores[:, self.labels :]
        return scores
