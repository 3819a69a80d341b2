"""The network of multiple choice: each window is a question with one of its choices, and gets one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from headwinds.adapt.networks.text import encoder_states

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch

NO_CHOICE = -1e4


class ChoiceClassifier(nn.Module):
    """Logits of each choice of each question; the windows of a question are its choices, in order."""

    def __init__(self, encoder: PreTrainedModel, *, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(int(encoder.config.hidden_size), 1)

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits in float32, shape (questions, most choices); `NO_CHOICE` where a question has fewer."""
        states = (encoder_states(self.encoder, batch) if states is None else states).float()
        if batch.attention_mask is None:
            pooled = states.mean(dim=1)
        else:
            mask = batch.attention_mask.to(states.dtype).unsqueeze(-1)
            pooled = (states * mask).sum(dim=1) / mask.sum(dim=1)
        logits = self.head(self.dropout(pooled)).float().squeeze(-1)
        questions = len(batch.rows)
        first = torch.searchsorted(batch.owner, torch.arange(questions, device=batch.owner.device))
        place = torch.arange(len(logits), device=batch.owner.device) - first[batch.owner]
        table = logits.new_full((questions, int(place.max()) + 1), NO_CHOICE)
        filled: torch.Tensor = table.index_put((batch.owner, place), logits)
        return filled
