"""The network of tasks that write: a pretrained model with its own output layer; what comes out are losses of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class Generator(nn.Module):
    """Losses of each token that is to be written, shape (tokens, 2), the texts of a batch one after the other.

    The first is minus the log-probability of the token, the second the mean of this over the vocabulary, from which label
    smoothing is made. A vocabulary is large: probabilities of all its tokens never leave the network.
    """

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder_only = not encoder.config.is_encoder_decoder

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Losses of what the batch says is to be written."""
        logits, wanted = self._decoder(batch) if self.decoder_only else self._encoder_decoder(batch)
        flat = wanted.reshape(-1)
        losses: torch.Tensor = _TokenLosses.apply(logits.reshape(len(flat), -1), flat)  # type: ignore[no-untyped-call]
        return losses[flat >= 0]

    def _encoder_decoder(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        wanted = written_of(batch)
        start = torch.full_like(wanted[:, :1], int(self.encoder.config.decoder_start_token_id))
        before = torch.cat([start, wanted[:, :-1].clamp(min=0)], dim=1)
        logits = self.encoder(
            input_ids=batch.input_ids,
            attention_mask=mask_of(batch),
            decoder_input_ids=before,
            use_cache=False,
        ).logits
        return logits, wanted

    def _decoder(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        ids, mask, wanted = join_read_and_written(batch)
        logits = self.encoder(input_ids=ids, attention_mask=mask, use_cache=False).logits
        # Learnt tokens before the text have outputs too; and what follows a token is given by its own output.
        logits = logits[:, -ids.shape[1] :][:, :-1]
        return logits, wanted[:, 1:]


def written_of(batch: Batch) -> torch.Tensor:
    """What the batch says is to be written."""
    if batch.written is None:
        raise ValueError("nothing is to be written in this batch")
    return batch.written


def mask_of(batch: Batch) -> torch.Tensor:
    """The mask of what is read; ones where nothing is padded."""
    return torch.ones_like(batch.input_ids) if batch.attention_mask is None else batch.attention_mask


def join_read_and_written(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What is read with what is written after it, padded at the end: (ids, mask, wanted), of one shape.

    `wanted` is the token itself where it is to be learnt, -1 where it is read alone.
    """
    written, mask = written_of(batch), mask_of(batch)
    ids = torch.cat([batch.input_ids, written.clamp(min=0)], dim=1)
    present = torch.cat([mask > 0, written >= 0], dim=1)
    read_alone = torch.full_like(batch.input_ids, -1)
    if batch.learnt is not None:
        read_alone = torch.where(batch.learnt > 0, batch.input_ids, read_alone)
    wanted = torch.cat([read_alone, written], dim=1)
    order = torch.argsort((~present).to(torch.int8), dim=1, stable=True)[:, : int(present.sum(dim=1).max())]
    present = present.gather(1, order)
    ids, wanted = ids.gather(1, order), wanted.gather(1, order)
    return ids * present, present.to(mask.dtype), torch.where(present, wanted, torch.full_like(wanted, -1))


class _TokenLosses(torch.autograd.Function):
    """(-log p of the token, mean of -log p over the vocabulary) of logits (tokens, vocabulary); 0 where nothing is wanted.

    Logits are the largest numbers of a small model: here they are passed over once forward and once back.
    """

    @staticmethod
    def forward(context: Any, logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        logs = torch.log_softmax(logits, dim=-1, dtype=torch.float32)
        context.save_for_backward(logs, wanted)
        context.kind = logits.dtype
        own = logs.gather(1, wanted.clamp(min=0).unsqueeze(1)).squeeze(1)
        return -torch.stack([own, logs.mean(dim=-1)], dim=1) * (wanted >= 0).unsqueeze(1)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        logs, wanted = context.saved_tensors
        gradient = gradient * (wanted >= 0).unsqueeze(1)
        own, smooth = gradient[:, :1], gradient[:, 1:]
        # The probabilities are of no other use, so they take the place of their logarithms.
        found = logs.exp_().mul_(own + smooth).sub_(smooth / logs.shape[-1])
        found.scatter_add_(1, wanted.clamp(min=0).unsqueeze(1), -own)
        return found.to(context.kind), None
