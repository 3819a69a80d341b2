"""Attention as two batched matrix products, which on a CPU is twice as fast as the fused kernel for short texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NAME = "headwinds_products"


def register_attention() -> str:
    """Make the attention known to `transformers` and return its name for `attn_implementation`."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    AttentionInterface.register(NAME, attention_by_products)
    AttentionMaskInterface.register(NAME, eager_mask)
    return NAME


def attention_by_products(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Scaled dot-product attention (Vaswani et al. 2017, eq. 1).

    Shapes: query, key, value (batch, heads, length, head size); `attention_mask` additive and broadcastable to
    (batch, heads, length, length). Returns (batch, length, heads, head size).
    """
    import torch

    # Autocast would lift the softmax to float32, a pass over memory that short texts do not need.
    with torch.autocast(query.device.type, enabled=False):
        key, value = key.to(query.dtype), value.to(query.dtype)  # learnt keys before the text stay float32
        scale = scaling if scaling is not None else query.shape[-1] ** -0.5
        scores = torch.matmul(query * scale, key.transpose(-1, -2))
        if attention_mask is not None:
            # The lowest float32 is minus infinity in bfloat16, and a token that may look nowhere (padding beyond a
            # sliding window) would then have no softmax: it looks everywhere instead, and nobody at it.
            lowest = torch.finfo(scores.dtype).min
            scores = scores + attention_mask.to(scores.dtype).clamp_min(lowest)
        weights = torch.softmax(scores, dim=-1)
        if dropout > 0 and module.training:
            weights = torch.nn.functional.dropout(weights, dropout)
        return torch.matmul(weights, value).transpose(1, 2).contiguous(), None
