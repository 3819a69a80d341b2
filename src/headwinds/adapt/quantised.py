"""The encoder in eight-bit integers for scoring: most products between bytes, their ranges learnt from random tokens.

A few channels of a BERT encoder carry values many times the others', and they do so whatever is read (Bondarenko, Nagel,
Blankevoort 2021). The range of each channel is therefore looked up once, on seeded random tokens: it needs no data, is the
same for every batch, and so a text's prediction does not depend on the texts beside it. A channel's range is folded into
the weights that read it, so that one step size serves all channels (as in SmoothQuant: Xiao et al. 2023). The attention
stays in bfloat16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from headwinds.adapt.packed import (
    Mix,
    PackedEncoder,
    PackedLayer,
    PackedLinear,
    fast_or_safe,
    joined_projections,
    pack,
)
from headwinds.adapt.training.precision import choose_precision, tensor_type

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MARGIN = (
    2.0  # how far beyond what random tokens show a channel's range goes; what lies outside is held at its end
)
LOOKED_AT = (16, 128)  # windows and tokens
LEAST_GELU = -0.17  # the smallest value of the activation
STEPS = 127.0
CENTRE = 128
TYPICAL_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class ByteLinear:
    """``activation(x @ weight.T + bias)`` of unsigned bytes x, whose value is ``(x - zero) * step``.

    `beside` is the type of what is not in bytes.
    """

    weight: torch.Tensor
    weight_steps: torch.Tensor
    weight_zeros: torch.Tensor
    bias: torch.Tensor
    step: float
    zero: int
    beside: torch.dtype

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Return floating-point numbers, shape (tokens, outputs)."""
        return self._product(states, 1.0, 0, self.beside, "none")

    def activated(self, states: torch.Tensor, step: float, zero: int) -> torch.Tensor:
        """Return bytes of the activated product, in steps of `step` from `zero`."""
        return self._product(states, step, zero, torch.uint8, "gelu")

    def _product(
        self, states: torch.Tensor, step: float, zero: int, dtype: torch.dtype, activation: str
    ) -> torch.Tensor:
        found: torch.Tensor = torch.ops.onednn.qlinear_pointwise(
            states,
            self.step,
            self.zero,
            self.weight,
            self.weight_steps,
            self.weight_zeros,
            self.bias,
            step,
            zero,
            dtype,
            activation,
            [],
            "none" if activation == "gelu" else "",
        )
        return found


@dataclass(frozen=True, slots=True)
class ByteNorm:
    """A layer normalisation whose result is in units of a byte's steps; `steps` are the channels' step sizes."""

    weight: torch.Tensor
    bias: torch.Tensor
    steps: torch.Tensor
    epsilon: float

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Normalise states of shape (tokens, width)."""
        return functional.layer_norm(states, (len(self.steps),), self.weight, self.bias, self.epsilon)


@dataclass(frozen=True, slots=True)
class ByteLayer:
    """One transformer layer; `expanded_step` and `expanded_zero` are of the activation's bytes."""

    projections: ByteLinear
    attention_output: PackedLinear
    attention_norm: ByteNorm
    expansion: ByteLinear
    expanded_step: float
    expanded_zero: int
    contraction: ByteLinear
    output_norm: ByteNorm


@dataclass(frozen=True, slots=True)
class QuantisedEncoder:
    """A BERT encoder ready to compute; made by `quantise`."""

    plain: PackedEncoder
    embedding_norm: ByteNorm
    layers: tuple[ByteLayer, ...]

    def __call__(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        types: torch.Tensor | None = None,
        added: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the last hidden state, shape (windows, length, width); see `PackedEncoder`."""
        states = self.plain.embed(input_ids, types, added)
        return fast_or_safe(lambda mix: self._through_layers(states, attention_mask, mix))

    def _through_layers(
        self, embedded: torch.Tensor, attention_mask: torch.Tensor | None, mix: Mix
    ) -> torch.Tensor:
        windows, length, width = embedded.shape
        read = self.plain.read_by_head(attention_mask, embedded.dtype)
        norm, states = self.embedding_norm, embedded.view(-1, width)
        for layer in self.layers:
            units = norm(states)
            mixed = self.plain.attend(layer.projections(to_bytes(units)), windows, length, read, mix)
            states = torch.addcmul(layer.attention_output(mixed), units, norm.steps)
            norm = layer.attention_norm
            units = norm(states)
            inner = layer.expansion.activated(to_bytes(units), layer.expanded_step, layer.expanded_zero)
            states = torch.addcmul(layer.contraction(inner), units, norm.steps)
            norm = layer.output_norm
        return norm(states).mul_(norm.steps).view(windows, length, width)


def to_bytes(units: torch.Tensor) -> torch.Tensor:
    """Numbers in units of a step to unsigned bytes around 128; what lies beyond the range is held at its end."""
    return units.round().add_(CENTRE).clamp_(1, 255).to(torch.uint8)


def can_quantise() -> bool:
    """Say whether this processor multiplies bytes at once (VNNI) and this build of torch knows how.

    Without VNNI the sums of products of bytes overflow, or are slower than what they replace.
    """
    fast = torch.cpu.get_capabilities().get("avx512_vnni", False)
    return bool(fast) and hasattr(torch.ops.onednn, "qlinear_pointwise")


def quantise(encoder: PreTrainedModel) -> QuantisedEncoder | None:
    """Quantise an encoder of the BERT architecture; None for any other, or on a processor without the instructions."""
    plain = pack(encoder, tensor_type(choose_precision("auto")))
    if plain is None or not can_quantise():
        return None
    model: Any = encoder
    with torch.inference_mode():
        extremes = extremes_of(model)
        layers, entering = [], model.embeddings.LayerNorm
        for layer, packed in zip(model.encoder.layer, plain.layers, strict=True):
            layers.append(_layer(layer, packed, entering, plain, extremes))
            entering = layer.output.LayerNorm
        first = _norm(model.embeddings.LayerNorm, extremes, plain)
        return QuantisedEncoder(plain, first, tuple(layers))


def extremes_of(model: Any) -> dict[Any, torch.Tensor]:
    """The largest absolute value of each channel after every normalisation and activation, on random tokens."""
    found: dict[Any, torch.Tensor] = {}
    seen = [model.embeddings.LayerNorm]
    for layer in model.encoder.layer:
        seen += [layer.attention.output.LayerNorm, layer.intermediate, layer.output.LayerNorm]

    def look(module: Any, _: Any, output: torch.Tensor) -> None:
        found[module] = output.float().abs().flatten(0, -2).amax(dim=0)

    hooks = [module.register_forward_hook(look) for module in seen]
    try:
        generator = torch.Generator().manual_seed(0)
        windows, length = LOOKED_AT
        shape = (windows, min(length, model.config.max_position_embeddings))
        model(input_ids=torch.randint(model.config.vocab_size, shape, generator=generator))
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _layer(
    layer: Any, packed: PackedLayer, entering: Any, plain: PackedEncoder, extremes: dict[Any, torch.Tensor]
) -> ByteLayer:
    weight, bias = joined_projections(layer, plain.heads)
    norm, expansion, contraction = (
        layer.attention.output.LayerNorm,
        layer.intermediate.dense,
        layer.output.dense,
    )
    beside = plain.words.dtype
    step = (float(extremes[layer.intermediate].max()) - LEAST_GELU) / (2 * STEPS + 1)
    zero = round(-LEAST_GELU / step)
    return ByteLayer(
        projections=_linear(weight, bias, range_of(entering, extremes), beside),
        attention_output=packed.attention_output,
        attention_norm=_norm(norm, extremes, plain),
        expansion=_linear(expansion.weight, expansion.bias, range_of(norm, extremes), beside),
        expanded_step=step,
        expanded_zero=zero,
        contraction=_linear(contraction.weight, contraction.bias, None, beside, step, zero),
        output_norm=_norm(layer.output.LayerNorm, extremes, plain),
    )


def range_of(module: Any, extremes: dict[Any, torch.Tensor]) -> torch.Tensor:
    """With a margin, yet no further than a normalised value can go: the square root of the width."""
    weight, bias = module.weight.float().abs(), module.bias.float().abs()
    found = torch.minimum(MARGIN * extremes[module], bias + len(weight) ** 0.5 * weight)
    return found.clamp_min(torch.finfo(torch.float32).tiny ** 0.5)


def _norm(module: Any, extremes: dict[Any, torch.Tensor], plain: PackedEncoder) -> ByteNorm:
    beside = plain.words.dtype
    steps = range_of(module, extremes) / STEPS
    weight, bias = (module.weight.float() / steps), (module.bias.float() / steps)
    return ByteNorm(weight.to(beside), bias.to(beside), steps.to(beside), plain.epsilon)


def _linear(
    weight: torch.Tensor,
    bias: torch.Tensor,
    ranges: torch.Tensor | None,
    beside: torch.dtype,
    step: float = 1 / STEPS,
    zero: int = CENTRE,
) -> ByteLinear:
    weight = weight.detach().float() * (1 if ranges is None else ranges)
    weight_steps = weight.abs().amax(dim=1) / STEPS
    weight_steps = torch.where(weight_steps > 0, weight_steps, torch.ones_like(weight_steps))
    whole = (weight / weight_steps[:, None]).round().clamp(-STEPS, STEPS).to(torch.int8)
    laid_out = torch.ops.onednn.qlinear_prepack(whole, [TYPICAL_TOKENS, whole.shape[1]])
    zeros = torch.zeros(len(whole), dtype=torch.int64)
    return ByteLinear(laid_out, weight_steps, zeros, bias.detach().float(), step, zero, beside)
