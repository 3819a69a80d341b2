"""The encoder packed for scoring: weights laid out once for the processor, fewer passes over memory.

`transformers` computes query, key and value apart, activations in passes of their own, and lays every weight out anew at
each call. Here the three projections are one product, the activation is fused into it, and the layout is kept. The
result equals the unpacked encoder up to the rounding of the chosen precision (a test says so).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TYPICAL_TOKENS = 2048

Mix = Callable[["torch.Tensor", "torch.Tensor", "torch.Tensor | None"], "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class PackedLinear:
    """``activation(x @ weight.T + bias)``, by oneDNN with a kept layout where the build of torch has it."""

    weight: torch.Tensor
    bias: torch.Tensor
    activation: str
    reordered: bool

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Apply to states of shape (tokens, width)."""
        if self.reordered:
            algorithm = "none" if self.activation == "gelu" else ""
            fused: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
                states, self.weight, self.bias, self.activation, [], algorithm
            )
            return fused
        product = functional.linear(states, self.weight, self.bias)
        return functional.gelu(product) if self.activation == "gelu" else product


@dataclass(frozen=True, slots=True)
class PackedLayer:
    """One transformer layer."""

    projections: PackedLinear
    attention_output: PackedLinear
    attention_norm: tuple[torch.Tensor, torch.Tensor]
    expansion: PackedLinear
    contraction: PackedLinear
    output_norm: tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class PackedEncoder:
    """A BERT encoder ready to compute; made by `pack`."""

    words: torch.Tensor
    positions: torch.Tensor
    second_type: torch.Tensor
    embedding_norm: tuple[torch.Tensor, torch.Tensor]
    layers: tuple[PackedLayer, ...]
    heads: int
    epsilon: float

    def __call__(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        types: torch.Tensor | None = None,
        added: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the last hidden state, shape (windows, length, width), in the packed precision.

        `types` is 1 for tokens of the second text of a pair; `added`, of the shape of the result, comes to the word
        embeddings.
        """
        width = self.words.shape[1]
        states = functional.layer_norm(
            self.embed(input_ids, types, added), (width,), *self.embedding_norm, self.epsilon
        )
        if states.dtype == torch.float32:
            return self._through_layers(states, attention_mask, mix_by_softmax)
        return fast_or_safe(lambda mix: self._through_layers(states, attention_mask, mix))

    def embed(
        self, input_ids: torch.Tensor, types: torch.Tensor | None, added: torch.Tensor | None
    ) -> torch.Tensor:
        """The sum of the embeddings before its normalisation, shape (windows, length, width)."""
        states = functional.embedding(input_ids, self.words) + self.positions[: input_ids.shape[1]]
        if types is not None:
            states = states + types.unsqueeze(-1) * self.second_type
        return states if added is None else states + added.to(states.dtype)

    def read_by_head(self, attention_mask: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor | None:
        """The mask once for every head, shape (windows * heads, length, 1): 1 for tokens, 0 for padding."""
        if attention_mask is None:
            return None
        windows, length = attention_mask.shape
        read = attention_mask.to(dtype).view(windows, 1, length, 1)
        return read.expand(windows, self.heads, length, 1).reshape(-1, length, 1)

    def _through_layers(
        self, states: torch.Tensor, attention_mask: torch.Tensor | None, mix: Mix
    ) -> torch.Tensor:
        windows, length, width = states.shape
        states = states.view(-1, width)
        read = self.read_by_head(attention_mask, states.dtype)
        for layer in self.layers:
            mixed = self.attend(layer.projections(states), windows, length, read, mix)
            states = functional.layer_norm(
                layer.attention_output(mixed).add_(states), (width,), *layer.attention_norm, self.epsilon
            )
            inner = layer.contraction(layer.expansion(states))
            states = functional.layer_norm(inner.add_(states), (width,), *layer.output_norm, self.epsilon)
        return states.view(windows, length, width)

    def attend(
        self, projected: torch.Tensor, windows: int, length: int, read: torch.Tensor | None, mix: Mix
    ) -> torch.Tensor:
        """Attention from the three projections side by side, shape (windows * length, 3 * width)."""
        size = self.words.shape[1] // self.heads
        split = projected.view(windows, length, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        query, key, value = split.reshape(3, windows * self.heads, length, size)
        mixed = mix(torch.bmm(query, key.transpose(1, 2)), value, read)
        return mixed.view(windows, self.heads, length, size).transpose(1, 2).reshape(windows * length, -1)


def fast_or_safe(through_layers: Callable[[Mix], torch.Tensor]) -> torch.Tensor:
    """By exponents, and once more by softmax where a score was beyond what an exponent can hold."""
    found = through_layers(mix_by_exponents)
    return found if bool(torch.isfinite(found).all()) else through_layers(mix_by_softmax)


def mix_by_softmax(scores: torch.Tensor, value: torch.Tensor, read: torch.Tensor | None) -> torch.Tensor:
    """``softmax(scores) @ value`` over the tokens that are read, shape of `value`; `read` is 1 for them, 0 for padding."""
    if read is not None:
        scores = scores.masked_fill(read.transpose(1, 2) == 0, torch.finfo(scores.dtype).min)
    return torch.bmm(torch.softmax(scores, dim=-1), value)


def mix_by_exponents(scores: torch.Tensor, value: torch.Tensor, read: torch.Tensor | None) -> torch.Tensor:
    """The same without taking the largest score out first, and with the sum made by the product itself.

    PyTorch's softmax in bfloat16 takes up to seven times as long as the exponent where a length is no multiple of 32, and
    so does the addition of a mask. Not finite where a score is beyond 88: the caller looks.
    """
    ones = torch.ones_like(value[..., :1]) if read is None else read
    values = torch.cat([value if read is None else value * read, ones], dim=-1)
    mixed = torch.bmm(scores.exp_(), values)
    return mixed[..., :-1] / mixed[..., -1:]


def pack(encoder: PreTrainedModel, dtype: torch.dtype) -> PackedEncoder | None:
    """Pack an encoder of the BERT architecture; None for any other, which then computes by its own `forward`."""
    config = encoder.config
    plain = getattr(config, "position_embedding_type", "absolute") == "absolute" and not getattr(
        config, "is_decoder", False
    )
    if hasattr(encoder, "peft_config") or hasattr(encoder, "bottlenecks"):
        return None  # an adapter that is not merged computes by its own forward
    if not hasattr(encoder, "embeddings"):
        return None  # a whole model with its output layer
    if config.model_type != "bert" or config.hidden_act != "gelu" or not plain:
        return None
    model: Any = encoder
    embeddings = model.embeddings
    with torch.inference_mode():
        positions = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        return PackedEncoder(
            words=embeddings.word_embeddings.weight.detach().to(dtype),
            positions=positions.to(dtype),
            second_type=_second_type(embeddings.token_type_embeddings.weight).to(dtype),
            embedding_norm=_norm(embeddings.LayerNorm, dtype),
            layers=tuple(
                _pack_layer(layer, config.num_attention_heads, dtype) for layer in model.encoder.layer
            ),
            heads=config.num_attention_heads,
            epsilon=config.layer_norm_eps,
        )


def _second_type(types: torch.Tensor) -> torch.Tensor:
    """What a token of the second text differs by from one of the first."""
    return types[1] - types[0] if len(types) > 1 else torch.zeros_like(types[0])


def _pack_layer(layer: Any, heads: int, dtype: torch.dtype) -> PackedLayer:
    weight, bias = joined_projections(layer, heads)
    return PackedLayer(
        projections=_linear(weight, bias, dtype),
        attention_output=_linear(
            layer.attention.output.dense.weight, layer.attention.output.dense.bias, dtype
        ),
        attention_norm=_norm(layer.attention.output.LayerNorm, dtype),
        expansion=_linear(layer.intermediate.dense.weight, layer.intermediate.dense.bias, dtype, "gelu"),
        contraction=_linear(layer.output.dense.weight, layer.output.dense.bias, dtype),
        output_norm=_norm(layer.output.LayerNorm, dtype),
    )


def joined_projections(layer: Any, heads: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of query, key and value side by side, the query scaled as the attention wants it."""
    own = layer.attention.self
    scale = (own.query.weight.shape[0] // heads) ** -0.5
    weight = torch.cat([own.query.weight * scale, own.key.weight, own.value.weight])
    bias = torch.cat([own.query.bias * scale, own.key.bias, own.value.bias])
    return weight, bias


def _linear(
    weight: torch.Tensor, bias: torch.Tensor, dtype: torch.dtype, activation: str = "none"
) -> PackedLinear:
    weight, bias = weight.detach().to(dtype).contiguous(), bias.detach().to(dtype).contiguous()
    if (
        weight.device.type != "cpu"
        or dtype != torch.bfloat16
        or not hasattr(torch.ops.mkldnn, "_linear_pointwise")
    ):
        return PackedLinear(weight, bias, activation, reordered=False)
    try:
        laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, TYPICAL_TOKENS)
    except RuntimeError:  # a build of torch without oneDNN for this processor
        return PackedLinear(weight, bias, activation, reordered=False)
    return PackedLinear(laid_out, bias, activation, reordered=True)


def _norm(module: Any, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    return module.weight.detach().to(dtype), module.bias.detach().to(dtype)
