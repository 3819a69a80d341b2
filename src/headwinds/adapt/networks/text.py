"""The network of text classification: an encoder, one linear layer, and what is pooled over the tokens between them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch

Pooling = Literal["mean", "normalised-mean", "smooth-maximum"]


class TextClassifier(nn.Module):
    """Logits of each label for each text.

    The tokens of all windows of a text are pooled together, so a text that needs several windows is read whole. Pooling
    "mean" gives the mean of the token states to the head, "normalised-mean" the same scaled to length 1.
    "smooth-maximum" gives each token to the head and takes the log of the mean of the exponentials: a label that a few
    words of a long passage carry is not drowned by the rest (multiple-instance pooling; Wang, Li and Metze 2019 compare
    such functions).
    """

    def __init__(
        self, encoder: PreTrainedModel, labels: int, *, dropout: float, pooling: Pooling = "mean"
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, labels)
        self.pooling: Pooling = pooling

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings of texts."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits in float32, shape (texts, labels).

        `states` are the encoder's last hidden states of the batch's windows, where they are known already.
        """
        states = (encoder_states(self.encoder, batch) if states is None else states).float()
        if self.pooling in ("mean", "normalised-mean"):
            pooled = mean_of_tokens(states, batch)
            if self.pooling == "normalised-mean":
                pooled = nn.functional.normalize(pooled, dim=-1)
            logits: torch.Tensor = self.head(self.dropout(pooled))
            return logits
        return smooth_maximum(self.head(self.dropout(states)).float(), batch)


def encoder_states(encoder: PreTrainedModel, batch: Batch, added: torch.Tensor | None = None) -> torch.Tensor:
    """The encoder's last hidden state of the batch's windows; `added` comes to the word embeddings."""
    arguments: dict[str, torch.Tensor | None] = {"attention_mask": batch.attention_mask}
    if batch.types is not None:
        arguments["token_type_ids"] = batch.types
    if added is None:
        arguments["input_ids"] = batch.input_ids
    else:
        arguments["inputs_embeds"] = encoder.get_input_embeddings()(batch.input_ids) + added
    states: torch.Tensor = encoder(**arguments).last_hidden_state
    return states[:, -batch.input_ids.shape[1] :]  # without the states of learnt tokens before the text


def mean_of_tokens(states: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean over the unpadded tokens of each text; states (windows, length, width) to (texts, width)."""
    if batch.attention_mask is None:
        sums = states.sum(dim=1)
        counts = states.new_full((len(states), 1), states.shape[1])
    else:
        mask = batch.attention_mask.to(states.dtype).unsqueeze(-1)
        sums = (states * mask).sum(dim=1)
        counts = mask.sum(dim=1)
    if len(batch.rows) == len(states):
        return sums / counts
    texts = len(batch.rows)
    total = states.new_zeros(texts, states.shape[-1]).index_add_(0, batch.owner, sums)
    number = states.new_zeros(texts, 1).index_add_(0, batch.owner, counts)
    return total / number


def smooth_maximum(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Log of the mean of exponentials over a text's unpadded tokens; (windows, length, labels) to (texts, labels)."""
    if batch.attention_mask is None:
        counts = logits.new_full((len(logits),), logits.shape[1])
    else:
        logits = logits.masked_fill(batch.attention_mask.unsqueeze(-1) == 0, float("-inf"))
        counts = batch.attention_mask.sum(dim=1).to(logits.dtype)
    sums = torch.logsumexp(logits, dim=1)
    if len(batch.rows) == len(logits):
        return sums - counts.log().unsqueeze(-1)
    texts, labels = len(batch.rows), logits.shape[-1]
    owner = batch.owner.unsqueeze(-1).expand(-1, labels)
    top = logits.new_full((texts, labels), float("-inf")).scatter_reduce(0, owner, sums.detach(), "amax")
    total = logits.new_zeros(texts, labels).index_add(0, batch.owner, (sums - top[batch.owner]).exp())
    number = logits.new_zeros(texts).index_add(0, batch.owner, counts)
    return total.log() + top - number.log().unsqueeze(-1)


def initialise_head(head: nn.Linear, targets: torch.Tensor, *, seed: int) -> None:
    """Small random weights from `seed`; the bias at the log-odds of each label's share among `targets`.

    Starting at the base rates spares the first steps, which would otherwise be spent on learning that labels are rare.
    """
    generator = torch.Generator().manual_seed(seed)
    share = targets.mean(dim=0).clamp(0.5 / len(targets), 1 - 0.5 / len(targets))
    with torch.no_grad():
        head.weight.normal_(0.0, 0.02, generator=generator)
        head.bias.copy_(torch.logit(share))


def trainable_parameters(module: TextClassifier, *, frozen_layers: int) -> dict[str, nn.Parameter]:
    """Freeze the lowest layers and the embeddings as asked; return what is left to train, by name."""
    own_head = getattr(module, "own_head", False)  # a whole checkpoint, whose layers are one step further in
    body = f"{module.encoder.base_model_prefix}." if own_head else ""
    if frozen_layers >= 0:
        for name, parameter in module.encoder.named_parameters():
            if name.startswith(f"{body}embeddings") or _layer_number(name) in range(frozen_layers):
                parameter.requires_grad_(False)
    # A pooler on the first token is not read by the mean of tokens: without a gradient it must not decay either. (A
    # checkpoint's own classifier reads it.)
    for name, parameter in module.encoder.named_parameters():
        if name.startswith("pooler") and not own_head:
            parameter.requires_grad_(False)
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def _layer_number(name: str) -> int | None:
    parts = name.split(".")
    for before, after in pairwise(parts):
        if before in ("layer", "layers", "h", "block") and after.isdigit():
            return int(after)
    return None
