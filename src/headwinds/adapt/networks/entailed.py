"""The network of zero-shot by entailment: whether a text entails what is said of each label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from headwinds.adapt.networks.generator import mask_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class EntailmentScorer(nn.Module):
    """Log-odds of entailment, shape (texts, labels); a text of several windows entails what any of them does.

    `batch.marks`, shape (texts, labels - 1), says with which of a text's windows its second label begins, its third.
    """

    def __init__(self, encoder: PreTrainedModel, labels: int, entailment: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.labels = labels
        self.entailment = entailment

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return log-odds in float32."""
        if batch.marks is None:
            raise ValueError("the batch does not say which label a window asks for")
        arguments: dict[str, Any] = {"input_ids": batch.input_ids, "attention_mask": mask_of(batch)}
        if batch.types is not None:
            arguments["token_type_ids"] = batch.types
        logits = self.encoder(**arguments).logits.float()
        own = logits[:, self.entailment]
        others = torch.cat([logits[:, : self.entailment], logits[:, self.entailment + 1 :]], dim=1)
        odds = own - torch.logsumexp(others, dim=1)
        first = torch.searchsorted(batch.owner, torch.arange(len(batch.rows), device=batch.owner.device))
        place = torch.arange(len(odds), device=batch.owner.device) - first[batch.owner]
        label = (place.unsqueeze(1) >= batch.marks[batch.owner]).sum(dim=1)
        found = odds.new_full((len(batch.rows) * self.labels,), float("-inf"))
        scattered: torch.Tensor = found.scatter_reduce(0, batch.owner * self.labels + label, odds, "amax")
        return scattered.view(len(batch.rows), self.labels)
