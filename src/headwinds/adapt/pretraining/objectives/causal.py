"""Causal language modelling: the next token from those before it (Radford et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from headwinds.adapt.pretraining.objectives.at_places import states_at, token_losses
from headwinds.adapt.pretraining.objectives.attention_inside import inside_pieces
from headwinds.adapt.pretraining.objectives.contract import Exercise, Losses
from headwinds.adapt.pretraining.packing import Layout

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.objectives.contract import Vocabulary
    from headwinds.adapt.pretraining.packing import Rows
    from headwinds.adapt.pretraining.settings import PretrainSettings


@dataclass(frozen=True, slots=True)
class Causal:
    """Ask at each token for the one after it in the same document."""

    name: str = "causal"
    loader: str = "AutoModelForCausalLM"
    compares: bool = False
    least_tokens: int = 1

    def layout(self, vocabulary: Vocabulary, settings: PretrainSettings) -> Layout:
        """Documents one after the other, each closed by the token that ends a text."""
        return Layout(settings.sequence_tokens, None, vocabulary.names["eos"])

    def ask(self, rows: Rows, vocabulary: Vocabulary, settings: PretrainSettings, *, seed: int) -> Exercise:
        """Nothing is drawn: everything but a row's last token is asked for."""
        import numpy as np

        wanted = np.full_like(rows.tokens, -1)
        same = rows.pieces[:, 1:] == rows.pieces[:, :-1]
        wanted[:, :-1] = np.where(same, rows.tokens[:, 1:], -1)
        return Exercise(rows.tokens, rows.pieces, rows.positions, wanted, rows.documents, seed)

    def network(self, models: dict[str, Any]) -> nn.Module:
        """A decoder with the layer that gives the next token."""
        return CausalNetwork(models["model"])


class CausalNetwork(nn.Module):
    """Losses of next tokens."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, exercise: Exercise) -> Losses:
        """Return the losses in float32."""
        flat = torch.from_numpy(exercise.wanted).flatten()
        places = torch.nonzero(flat >= 0).squeeze(1)
        states = states_at(
            self.model,
            places,
            input_ids=torch.from_numpy(exercise.tokens).long(),
            position_ids=torch.from_numpy(exercise.positions).long(),
            attention_mask=inside_pieces(exercise.pieces, causal=True),
        )
        layer = self.model.get_output_embeddings()
        return Losses(*token_losses(layer, states, flat[places].long()), places)
