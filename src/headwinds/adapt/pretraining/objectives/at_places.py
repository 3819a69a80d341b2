"""The output layer where something is asked, and nowhere else: the vocabulary is the widest matrix of a small model.

In the examples of `transformers` a masked language model computes the whole vocabulary at every token, though a third or a
seventh of them are asked for.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def logits_at(model: Any, places: torch.Tensor, **inputs: torch.Tensor | None) -> torch.Tensor:
    """The model's logits at flat `places` of its input alone, shape (places, vocabulary).

    Any model of `transformers` that is a body and an output layer will do: what the layer is given is cut down on the way.
    """

    def cut(_: nn.Module, __: Any, output: Any) -> Any:
        states = output.last_hidden_state
        output.last_hidden_state = states.flatten(0, 1).index_select(0, places).unsqueeze(0)
        return output

    hook = model.base_model.register_forward_hook(cut)
    try:
        logits: torch.Tensor = model(**inputs).logits
    finally:
        hook.remove()
    return logits.squeeze(0)


def token_losses(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Minus the log-probability of each wanted token, shape (tokens,), in float32."""
    losses: torch.Tensor = _TokenLoss.apply(logits, wanted)  # type: ignore[no-untyped-call]
    return losses


class _TokenLoss(torch.autograd.Function):
    """Two passes over the logits: one forward, one back in the place of the first."""

    @staticmethod
    def forward(context: Any, logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        logs = torch.log_softmax(logits, dim=-1, dtype=torch.float32)
        context.save_for_backward(logs, wanted)
        context.kind = logits.dtype
        return -logs.gather(1, wanted.unsqueeze(1)).squeeze(1)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        logs, wanted = context.saved_tensors
        found = logs.exp_().mul_(gradient.unsqueeze(1))
        found.scatter_add_(1, wanted.unsqueeze(1), -gradient.unsqueeze(1))
        return found.to(context.kind), None
