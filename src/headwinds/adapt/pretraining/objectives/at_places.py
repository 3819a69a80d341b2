"""The output layer where something is asked, and nowhere else: the vocabulary is the widest matrix of a small model.

In the examples of `transformers` a masked language model computes the whole vocabulary at every token, though a third or a
seventh of them are asked for. Here the body's states are cut down to the places first, and then layer, loss and gradient
are one step over a few places at a time, so that their logits never leave the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

LOGITS_TOGETHER = 4_000_000  # numbers of the output layer at once


def states_at(model: Any, places: torch.Tensor, **inputs: Any) -> torch.Tensor:
    """What the output layer is given at flat `places` of the model's input, shape (places, width).

    Any model of `transformers` that is a body and an output layer will do: between the two the states are cut down, and
    the last matrix stands aside.
    """

    def cut(_: nn.Module, __: Any, output: Any) -> Any:
        states = output.last_hidden_state
        output.last_hidden_state = states.flatten(0, 1).index_select(0, places).unsqueeze(0)
        return output

    hook = model.base_model.register_forward_hook(cut)
    try:
        with _standing_aside(model.get_output_embeddings()):
            states: torch.Tensor = model(**inputs).logits
    finally:
        hook.remove()
    return states.squeeze(0)


def token_losses(layer: Any, states: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Minus the log-probability of each wanted token: the sum, through which gradients flow, and each, shape (tokens,)."""
    bias = getattr(layer, "bias", None)
    total, each = _OutputLosses.apply(states, layer.weight, bias, wanted)  # type: ignore[no-untyped-call]
    return total, each


@contextmanager
def _standing_aside(layer: Any) -> Iterator[None]:
    """Let a layer give back what it is given."""
    layer.forward = lambda states: states
    try:
        yield
    finally:
        del layer.forward


class _OutputLosses(torch.autograd.Function):
    """Output layer and cross-entropy together; gradients are made on the way forward, of a sum of losses."""

    @staticmethod
    def forward(
        context: Any,
        states: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        wanted: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else states.dtype
        with torch.autocast("cpu", enabled=False):
            learns = any(context.needs_input_grad)
            matrix, shift = weight.to(kind), None if bias is None else bias.to(kind)
            given = states.to(kind)
            each = states.new_empty(len(states), dtype=torch.float32)
            of_states = torch.empty_like(given) if learns else None
            of_weight = torch.zeros_like(weight, dtype=torch.float32) if learns else None
            of_bias = torch.zeros_like(bias, dtype=torch.float32) if learns and bias is not None else None
            together = max(64, LOGITS_TOGETHER // len(weight))
            for start in range(0, len(states), together):
                part = slice(start, start + together)
                target = wanted[part].unsqueeze(1)
                logits = nn.functional.linear(given[part], matrix, shift)
                logs = torch.log_softmax(logits, dim=-1, dtype=torch.float32)
                each[part] = -logs.gather(1, target).squeeze(1)
                if of_states is None or of_weight is None:
                    continue
                slope = logs.exp_()
                slope.scatter_add_(1, target, torch.full_like(target, -1.0, dtype=torch.float32))
                if of_bias is not None:
                    of_bias += slope.sum(dim=0)
                slope = slope.to(kind)
                torch.matmul(slope, matrix, out=of_states[part])
                of_weight += slope.T @ given[part]
        context.save_for_backward(of_states, of_weight, of_bias)
        context.kinds = states.dtype, weight.dtype
        context.mark_non_differentiable(each)
        return each.sum(), each

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor, _: Any) -> tuple[torch.Tensor | None, ...]:
        of_states, of_weight, of_bias = context.saved_tensors
        scaled = (of_states * gradient.to(of_states.dtype)).to(context.kinds[0])
        return scaled, of_weight * gradient, None if of_bias is None else of_bias * gradient, None
