"""The network of cloze: a model with its own output layer, which is asked for the word in the gap alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from headwinds.adapt.networks.generator import mask_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


def logits_at(encoder: PreTrainedModel, batch: Batch, places: torch.Tensor) -> torch.Tensor:
    """Logits of the vocabulary at some tokens alone, shape (windows, places, vocabulary); `places` (windows, places).

    The states are picked before the output layer, which is the largest of a small model.
    """

    def pick(_: nn.Module, __: Any, outputs: Any) -> Any:
        states = outputs.last_hidden_state
        outputs.last_hidden_state = states.gather(1, places.unsqueeze(-1).expand(-1, -1, states.shape[-1]))
        return outputs

    arguments: dict[str, Any] = {"input_ids": batch.input_ids, "attention_mask": mask_of(batch)}
    if batch.types is not None:
        arguments["token_type_ids"] = batch.types
    hook = encoder.base_model.register_forward_hook(pick)
    try:
        logits: torch.Tensor = encoder(**arguments).logits
    finally:
        hook.remove()
    return logits.float()


class GapClassifier(nn.Module):
    """Logits of each label: the mean of its words' logits in the gap, and over a text's windows, minus an offset.

    `head_words`, shape (labels, words), are tokens, -1 where a label has no more; `head_offset`, shape (labels,), is what
    the pattern alone says (Zhao et al. 2021).
    """

    head_words: torch.Tensor
    head_offset: torch.Tensor

    def __init__(self, encoder: PreTrainedModel, labels: int, words: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("head_words", torch.full((labels, words), -1, dtype=torch.int64))
        self.register_buffer("head_offset", torch.zeros(labels))

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def vocabulary(self, batch: Batch) -> torch.Tensor:
        """Log-probabilities of all words in each text's gap, shape (texts, vocabulary); the mean over windows."""
        return torch.log_softmax(self._of_texts(self._logits(batch), batch), dim=-1)

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits in float32, shape (texts, labels)."""
        known = self.head_words >= 0
        words = self._logits(batch)[:, self.head_words.clamp(min=0)] * known
        return self._of_texts(words.sum(dim=-1) / known.sum(dim=-1), batch) - self.head_offset

    def _logits(self, batch: Batch) -> torch.Tensor:
        if batch.learnt is None:
            raise ValueError("the batch does not say where the gap is")
        return logits_at(self.encoder, batch, batch.learnt.argmax(dim=1, keepdim=True))[:, 0]

    @staticmethod
    def _of_texts(values: torch.Tensor, batch: Batch) -> torch.Tensor:
        texts = len(batch.rows)
        if texts == len(values):
            return values
        total = values.new_zeros(texts, values.shape[-1]).index_add(0, batch.owner, values)
        return total / torch.bincount(batch.owner, minlength=texts).unsqueeze(1)
