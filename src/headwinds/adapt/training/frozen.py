"""The lowest layers, where they stay as they are, computed once and not at every step.

Half of the layers frozen is half of the forward pass, and the embeddings' lookup, spared in every epoch. It holds where
nothing below is random: no dropout inside the encoder. The states are kept in the precision that the model computes in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from headwinds.adapt.packed import pack
from headwinds.adapt.training.batches import collate, plan_batches
from headwinds.adapt.training.device import device_of
from headwinds.adapt.training.precision import tensor_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch
    from headwinds.adapt.training.precision import Precision

LARGEST = 2 << 30  # bytes of states that are kept in memory
COMPUTED_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class FrozenStates:
    """Output of the frozen layers for every window, shape (length, width) each."""

    windows: tuple[torch.Tensor, ...]
    first_window: tuple[int, ...]
    layers: int

    def states(self, batch: Batch) -> torch.Tensor:
        """The padded states of a batch, shape (windows, length, width)."""
        chosen = [
            window
            for row in batch.rows
            for window in self.windows[self.first_window[row] : self.first_window[row + 1]]
        ]
        return torch.nn.utils.rnn.pad_sequence(chosen, batch_first=True)

    def whole(self, encoder: PreTrainedModel) -> bool:
        """Whether no layer is trained, so that these are the encoder's last hidden states."""
        return self.layers == int(encoder.config.num_hidden_layers)

    def upper(self, encoder: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """The encoder's last hidden state, from the layers that are trained alone."""
        model: Any = encoder
        states, bias = self.states(batch), None
        if batch.attention_mask is not None:
            bias = torch.zeros(batch.attention_mask.shape, dtype=states.dtype, device=states.device)
            bias.masked_fill_(batch.attention_mask == 0, torch.finfo(states.dtype).min)
            bias = bias[:, None, None, :]
        for layer in model.encoder.layer[self.layers :]:
            states = layer(states, bias)
        return states


def freeze_states(
    network: Any, encoded: EncodedTexts, settings: TuneSettings, precision: Precision
) -> FrozenStates | None:
    """Compute the frozen layers for all texts; None where nothing is frozen or it would not be exact or not fit.

    Encoders of the BERT architecture only; others compute their frozen layers at every step.
    """
    encoder: PreTrainedModel = network.encoder
    if getattr(network, "head_shapes_in", None) is not None:
        return None  # what comes to the word embeddings is learnt, so that no layer's states stay as they are
    dtype = tensor_type(precision)
    tokens = sum(len(window) for window in encoded.windows)
    size = tokens * encoder.config.hidden_size * (2 if precision == "bfloat16" else 4)
    layers = min(settings.frozen_layers, int(encoder.config.num_hidden_layers))
    if layers < 1 or settings.encoder_dropout > 0 or size > LARGEST:
        return None
    packed = pack(encoder, dtype)
    if packed is None:
        return None
    lower = replace(packed, layers=packed.layers[:layers])
    windows: list[torch.Tensor] = [torch.empty(0)] * len(encoded.windows)
    with torch.inference_mode():
        for rows in plan_batches(encoded, _all_rows(encoded), batch_tokens=COMPUTED_TOKENS):
            batch = collate(encoded, rows, padding_id=0).to(device_of(encoder))
            states = lower(batch.input_ids, batch.attention_mask, types=batch.types)
            places = [place for row in rows for place in range(*encoded.first_window[[row, row + 1]])]
            for place, state in zip(places, states, strict=True):
                windows[place] = state[: len(encoded.windows[place])].clone()
    # Clones made under inference mode cannot be saved for a backward pass; plain copies can.
    plain = tuple(torch.empty_like(window).copy_(window) for window in windows)
    return FrozenStates(plain, tuple(int(first) for first in encoded.first_window), layers)


def forward_of(module: Any, frozen: FrozenStates | None) -> Callable[[Batch], torch.Tensor]:
    """The module's forward pass, by the kept states where there are any."""
    if frozen is None:
        whole: Callable[[Batch], torch.Tensor] = module
        return whole
    kept = frozen

    def forward(batch: Batch) -> torch.Tensor:
        logits: torch.Tensor = module(batch, kept.upper(module.encoder, batch))
        return logits

    return forward


def _all_rows(encoded: EncodedTexts) -> Any:
    import numpy as np

    return np.arange(len(encoded))
