"""Replaced-token detection: a small network fills gaps, a larger one tells which tokens it put there (Clark et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from headwinds.adapt.pretraining.objectives.at_places import token_losses
from headwinds.adapt.pretraining.objectives.contract import Exercise, Losses
from headwinds.adapt.pretraining.objectives.masked import choose, cover, inputs_of, masked_states
from headwinds.adapt.pretraining.packing import Layout

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.objectives.contract import Vocabulary
    from headwinds.adapt.pretraining.packing import Rows
    from headwinds.adapt.pretraining.settings import PretrainSettings

SHARE = 0.15
WEIGHT = 50.0  # of the detection beside the filling (Clark et al. 2020, sec. 2)


@dataclass(frozen=True, slots=True)
class Replaced:
    """Fill gaps plausibly, and find what was filled; every token teaches something."""

    name: str = "replaced"
    loader: str = "AutoModelForPreTraining"
    compares: bool = False
    least_tokens: int = 1

    def layout(self, vocabulary: Vocabulary, settings: PretrainSettings) -> Layout:
        """As for masked language modelling."""
        return Layout(settings.sequence_tokens, vocabulary.names["cls"], vocabulary.names["sep"])

    def ask(self, rows: Rows, vocabulary: Vocabulary, settings: PretrainSettings, *, seed: int) -> Exercise:
        """Of every row the same number of tokens, all of them covered."""
        import numpy as np

        generator = np.random.default_rng(seed)
        chosen = choose(rows, settings.mask_share or SHARE, generator)
        tokens = cover(rows.tokens, chosen, vocabulary, generator, always=True)
        wanted = np.where(chosen, rows.tokens, -1).astype(np.int32)
        return Exercise(
            tokens,
            rows.pieces,
            rows.positions,
            wanted,
            rows.documents,
            seed,
            originals=rows.tokens,
            words=~rows.special,
        )

    def network(self, models: dict[str, Any]) -> nn.Module:
        """The network that fills and the one that tells; they share their embeddings."""
        return ReplacedNetwork(models["model"], models["generator"])


class ReplacedNetwork(nn.Module):
    """Losses of the gaps, and beside them of "is this the token that stood here?" for every token of a text."""

    def __init__(self, model: Any, generator: Any) -> None:
        super().__init__()
        self.model = model
        self.generator = generator

    def forward(self, exercise: Exercise) -> Losses:
        """Return both losses in float32."""
        if exercise.originals is None or exercise.words is None:
            raise ValueError("The exercise does not say what stood there.")
        states, wanted, places = masked_states(self.generator, exercise)
        layer = self.generator.get_output_embeddings()
        with torch.no_grad():
            put = _draw(layer(states), exercise.seed)
        tokens = torch.from_numpy(exercise.originals).flatten().clone()
        tokens[places] = put.to(tokens.dtype)
        is_other = (tokens != torch.from_numpy(exercise.originals).flatten()).float()
        read = tokens.view(exercise.tokens.shape).numpy()
        told = self.model(**inputs_of(self.model, read, exercise)).logits.float().flatten()
        words = torch.nonzero(torch.from_numpy(exercise.words).flatten()).squeeze(1)
        detection = nn.functional.binary_cross_entropy_with_logits(
            told[words], is_other[words], reduction="none"
        )
        return Losses(*token_losses(layer, states, wanted), places, detection, words, WEIGHT)


def _draw(logits: torch.Tensor, seed: int) -> torch.Tensor:
    """One token of each distribution, by the largest of the logits with Gumbel noise."""
    generator = torch.Generator().manual_seed(seed % 2**63)
    uniform = torch.rand(logits.shape, generator=generator).clamp_(1e-9, 1 - 1e-7)
    return (logits.float() - (-uniform.log_()).log_()).argmax(dim=-1)
