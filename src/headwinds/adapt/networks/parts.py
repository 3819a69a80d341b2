"""The network of sentence similarity: each part of an example is a vector of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from headwinds.adapt.networks.text import encoder_states

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class PartEmbedder(nn.Module):
    """Mean of the token states of each part of an example, scaled to length 1, side by side.

    `batch.marks`, shape (examples, parts - 1), says with which of an example's windows its second part begins, its third.
    """

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return vectors in float32, shape (examples, parts * width)."""
        if batch.marks is None:
            raise ValueError("The batch does not say where parts begin.")
        states = (encoder_states(self.encoder, batch) if states is None else states).float()
        if batch.attention_mask is None:
            sums = states.sum(dim=1)
            counts = states.new_full((len(states), 1), states.shape[1])
        else:
            mask = batch.attention_mask.to(states.dtype).unsqueeze(-1)
            sums, counts = (states * mask).sum(dim=1), mask.sum(dim=1)
        examples, parts = len(batch.rows), batch.marks.shape[1] + 1
        first = torch.searchsorted(batch.owner, torch.arange(examples, device=batch.owner.device))
        place = torch.arange(len(states), device=batch.owner.device) - first[batch.owner]
        part = (place.unsqueeze(1) >= batch.marks[batch.owner]).sum(dim=1)
        target = batch.owner * parts + part
        total = states.new_zeros(examples * parts, states.shape[-1]).index_add(0, target, sums)
        number = states.new_zeros(examples * parts, 1).index_add(0, target, counts)
        vectors = nn.functional.normalize(total / number, dim=-1)
        return vectors.view(examples, -1)
