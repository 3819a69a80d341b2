"""Contrastive training: examples of one class are drawn together, others apart, many pairs in one batch.

Every pair of a batch counts, so a batch of b texts costs b passes through the encoder and gives b (b - 1) / 2 pairs; nothing
that grows with the square of the examples is ever made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from headwinds.adapt.networks.text import encoder_states, mean_of_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class Embedder(nn.Module):
    """Mean of the token states of each text, scaled to length 1; shape (texts, width)."""

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return embeddings in float32."""
        return nn.functional.normalize(
            mean_of_tokens(encoder_states(self.encoder, batch).float(), batch), dim=-1
        )


def supervised_contrastive_loss(
    embeddings: torch.Tensor, classes: torch.Tensor, *, temperature: float
) -> torch.Tensor:
    """Khosla et al. (2020), eq. 2: each text's positives against all others of the batch, mean over texts with positives.

    `embeddings` has shape (texts, width) and length 1, `classes` shape (texts,).
    """
    similarity = embeddings @ embeddings.T / temperature
    itself = torch.eye(len(classes), dtype=torch.bool)
    similarity = similarity.masked_fill(itself, float("-inf"))
    positive = (classes[:, None] == classes[None, :]) & ~itself
    count = positive.sum(dim=1)
    logs = torch.log_softmax(similarity, dim=1).masked_fill(~positive, 0.0)
    each = -logs.sum(dim=1) / count.clamp(min=1)
    return each[count > 0].sum() / max(int((count > 0).sum()), 1)


def plan_class_batches(
    classes: NDArray[np.int64],
    rows: NDArray[np.int64],
    *,
    batch_texts: int,
    together: int,
    batches: int,
    generator: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """Batches of `batch_texts` rows that hold `together` examples of each class they hold (all, if it has fewer).

    Classes take turns in random order, and so do the examples of each, so that all are seen about equally often.
    """
    import numpy as np

    members = {int(name): rows[classes[rows] == name] for name in np.unique(classes[rows])}
    queues: dict[int, list[int]] = {name: [] for name in members}
    turn: list[int] = []
    planned = []
    for _ in range(batches):
        chosen: list[int] = []
        used: set[int] = set()
        while len(chosen) < batch_texts and len(used) < len(members):
            if not turn:
                turn = generator.permutation(list(members)).tolist()
            name = turn.pop()
            if name in used:
                continue
            used.add(name)
            wanted = min(together, len(members[name]))
            if len(queues[name]) < wanted:
                queues[name] = generator.permutation(members[name]).tolist()
            chosen += [queues[name].pop() for _ in range(wanted)]
        planned.append(np.array(chosen, dtype=np.int64))
    return planned
