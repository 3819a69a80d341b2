"""The network of tasks that say something of each token: an encoder, word shapes where they help, one linear layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from headwinds.adapt.networks.text import encoder_states

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class TokenClassifier(nn.Module):
    """Outputs of each token of each window.

    With `shapes` the network learns a vector for each word shape, which comes to the word embeddings and to the head: an
    encoder that was pretrained on lower-cased text then sees capitals and digits all the same. The vectors start at zero,
    so training starts from the encoder as it is.
    """

    def __init__(self, encoder: PreTrainedModel, outputs: int, *, dropout: float, shapes: int = 0) -> None:
        super().__init__()
        width = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, outputs)
        self.shapes = shapes
        # Named as parts of the head: they are new, and learn at its rate.
        self.head_shapes_in = nn.Embedding(shapes, width) if shapes else None
        self.head_shapes_out = nn.Embedding(shapes, outputs) if shapes else None
        for table in (self.head_shapes_in, self.head_shapes_out):
            if table is not None:
                nn.init.zeros_(table.weight)

    def added(self, batch: Batch) -> torch.Tensor | None:
        """What comes to the word embeddings, shape (windows, length, width)."""
        if self.head_shapes_in is None or batch.shapes is None:
            return None
        vectors: torch.Tensor = self.head_shapes_in(batch.shapes)
        return vectors

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits in float32, shape (windows, length, outputs)."""
        if states is None:
            states = encoder_states(self.encoder, batch, self.added(batch))
        logits: torch.Tensor = self.head(self.dropout(states.float())).float()
        if self.head_shapes_out is not None and batch.shapes is not None:
            logits = logits + self.head_shapes_out(batch.shapes)
        return logits


def initialise_token_head(network: TokenClassifier, shares: NDArray[np.float64], *, seed: int) -> None:
    """Small random weights from `seed`; the bias at the log of each output's share among the training tokens."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        network.head.weight.normal_(0.0, 0.02, generator=generator)
        logs = torch.from_numpy(shares).log()
        network.head.bias.copy_(logs - logs.mean())
