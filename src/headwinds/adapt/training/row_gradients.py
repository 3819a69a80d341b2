"""The gradient of every row by itself, of a batch's rows at once: private training clips each before it adds them.

A linear layer's gradient is what came back to its outputs times what went in, summed over a row's tokens (Goodfellow 2015;
Opacus does the same). So one pass back to the layer's outputs is enough for all rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

    from headwinds.adapt.training.batches import Batch


def linear_row_gradients(
    layer: nn.Linear, summed_loss: Callable[[Batch], torch.Tensor], batch: Batch
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradients of each row's loss by the layer's weight and bias: shapes (rows, outputs, inputs) and (rows, outputs).

    `summed_loss` gives the sum of the rows' own losses. It calls the layer once, with inputs of shape (windows, ..., inputs)
    or (rows, ..., inputs); no row may see another.
    """
    import torch

    seen: list[torch.Tensor] = []

    def keep(_: nn.Module, entering: tuple[torch.Tensor, ...], leaving: torch.Tensor) -> None:
        seen.extend((entering[0].detach(), leaving))

    handle = layer.register_forward_hook(keep)
    try:
        loss = summed_loss(batch)
    finally:
        handle.remove()
    entering, leaving = seen
    (back,) = torch.autograd.grad(loss, leaving)
    count, rows = len(entering), len(batch.rows)
    entering, back = entering.reshape(count, -1, entering.shape[-1]), back.reshape(count, -1, back.shape[-1])
    weight, bias = torch.bmm(back.transpose(1, 2), entering), back.sum(dim=1)
    if count == rows:
        return weight, bias
    return (
        weight.new_zeros(rows, *weight.shape[1:]).index_add_(0, batch.owner, weight),
        bias.new_zeros(rows, *bias.shape[1:]).index_add_(0, batch.owner, bias),
    )
