"""Bottleneck adapters: a small network after each sub-layer of an encoder whose own weights stay as they are."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

# What ends the attention and the feed-forward sub-layer, in the names of the common architectures: BERT and its kin,
# DistilBERT, ModernBERT, T5, BART and Pegasus, Llama and its kin, GPT-2, GPT-NeoX.
ENDS = (
    ("attention.output.dense", "output.dense"),
    ("attention.out_lin", "ffn.lin2"),
    ("attn.Wo", "mlp.Wo"),
    ("Attention.o", "DenseReluDense.wo"),
    ("attn.out_proj", "fc2"),
    ("attn.o_proj", "down_proj"),
    ("attn.c_proj", "mlp.c_proj"),
    ("attention.dense", "dense_4h_to_h"),
)
NAME = "bottleneck"


class AdaptedLinear(nn.Module):
    """What a linear layer gives, and what a bottleneck makes of it: ``h + up(gelu(down(h)))``, h = linear(x).

    Houlsby et al. (2019), fig. 2: it stands before the residual connection. `up` starts at zero, so that the network starts
    as the pretrained one.
    """

    def __init__(self, linear: nn.Module, width: int, states: int) -> None:
        super().__init__()
        self.linear = linear
        self.bottleneck = nn.ModuleDict({"down": nn.Linear(states, width), "up": nn.Linear(width, states)})

    @property
    def weight(self) -> torch.Tensor:
        """Of the linear layer: T5 looks at its type of number."""
        found: torch.Tensor = self.linear.weight  # type: ignore[assignment]
        return found

    def forward(self, entering: torch.Tensor) -> torch.Tensor:
        """As the linear layer, shape (..., states)."""
        given: torch.Tensor = self.linear(entering)
        inner = nn.functional.gelu(self.bottleneck["down"](given))
        changed: torch.Tensor = given + self.bottleneck["up"](inner)
        return changed


def sublayer_ends(encoder: nn.Module) -> list[str]:
    """Names of the layers that end a sub-layer; empty for an architecture whose names are not known."""
    names = [name for name, _ in encoder.named_modules()]
    for attention, inner in ENDS:
        found = [name for name in names if name.endswith((attention, inner))]
        kinds = {name.endswith(attention) for name in found}
        if kinds == {True, False}:
            return found
    return []


def add_bottlenecks(encoder: Any, names: list[str], width: int, *, seed: int = 0) -> None:
    """Put a bottleneck after each of the layers of those names, and freeze all else of the encoder.

    `encoder.bottlenecks` says the width; what packs encoders for scoring looks there.
    """
    generator = torch.Generator().manual_seed(seed)
    for parameter in encoder.parameters():
        parameter.requires_grad_(False)
    for name in names:
        parent = encoder.get_submodule(name.rpartition(".")[0])
        adapted = AdaptedLinear(encoder.get_submodule(name), width, int(encoder.config.hidden_size))
        with torch.no_grad():
            for kind, value in adapted.bottleneck.named_parameters():
                if kind == "down.weight":
                    value.normal_(0.0, 0.02, generator=generator)
                else:
                    value.zero_()
        adapted.train(encoder.training)
        setattr(parent, name.rpartition(".")[2], adapted)
    encoder.bottlenecks = width


def bottleneck_weights(encoder: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of all bottlenecks, by their names in the encoder."""
    return {
        name: value.detach().clone().contiguous()
        for name, value in encoder.named_parameters()
        if f".{NAME}." in name
    }
