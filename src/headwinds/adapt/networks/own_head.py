"""The network of an imported text classifier: the checkpoint with its own classifier, as it came or trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from headwinds.adapt.networks.generator import mask_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class OwnHead(nn.Module):
    """Logits of each label for each text; of a text that needs several windows the mean of theirs."""

    own_head = True

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder

    @property
    def body(self) -> Any:
        """What sees the texts: the checkpoint without its classifier."""
        return self.encoder.base_model

    def switch_off_dropout(self) -> None:
        """As in networks of ours: whatever layers drop, by a module of their own or by a share that they hold."""
        for module in self.encoder.modules():
            for name, value in list(vars(module).items()):
                if isinstance(value, float) and ("drop" in name or isinstance(module, nn.Dropout)):
                    setattr(module, name, 0.0)

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits in float32, shape (texts, labels)."""
        arguments: dict[str, Any] = {"input_ids": batch.input_ids, "attention_mask": mask_of(batch)}
        if batch.types is not None:
            arguments["token_type_ids"] = batch.types
        logits: torch.Tensor = self.encoder(**arguments).logits.float()
        if len(batch.rows) == len(logits):
            return logits
        texts = len(batch.rows)
        total = logits.new_zeros(texts, logits.shape[1]).index_add_(0, batch.owner, logits)
        number = logits.new_zeros(texts, 1).index_add_(0, batch.owner, logits.new_ones(len(logits), 1))
        return total / number
