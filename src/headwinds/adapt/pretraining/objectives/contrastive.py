"""Contrastive learning of whole texts: the two parts of a piece find each other among those of other documents.

Covered tokens pull an encoder that was made to compare texts away from what it is good at. Here it goes on with just that,
and learns a domain without labels: parts of one text are near each other (Logeswaran and Lee 2018; Giorgi et al. 2021). The
loss is that of van den Oord et al. (2018, eq. 4), over both parts of every pair, other texts of the same document left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from headwinds.adapt.pretraining.objectives.contract import Exercise, Losses
from headwinds.adapt.pretraining.objectives.masked import inputs_of
from headwinds.adapt.pretraining.packing import Layout, piece_begins, piece_positions

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.objectives.contract import Vocabulary
    from headwinds.adapt.pretraining.packing import Rows
    from headwinds.adapt.pretraining.settings import PretrainSettings

TEMPERATURE = 0.05  # of the cosines, as Gao, Yao and Chen (2021, app. B)
PART_TOKENS = 16  # the shortest part, with the tokens before and after it
MIDDLE = (1 / 3, 2 / 3)  # where a piece may be cut


@dataclass(frozen=True, slots=True)
class Contrastive:
    """Cut pieces in two, at another place in every step, and ask which parts belong together."""

    name: str = "contrastive"
    loader: str = "AutoModel"
    compares: bool = True
    least_tokens: int = 2 * PART_TOKENS - 2

    def layout(self, vocabulary: Vocabulary, settings: PretrainSettings) -> Layout:
        """As for masked language modelling."""
        return Layout(settings.sequence_tokens, vocabulary.names["cls"], vocabulary.names["sep"])

    def ask(self, rows: Rows, vocabulary: Vocabulary, settings: PretrainSettings, *, seed: int) -> Exercise:
        """The pieces that are long enough, each as two texts; `wanted` has the number of a pair at the first token of both.

        The two words at the cut give way to the tokens that end a text and begin one.
        """
        import numpy as np

        generator = np.random.default_rng(seed)
        shape = rows.tokens.shape
        begins = piece_begins(rows.pieces).ravel()
        starts = np.flatnonzero(begins)
        sizes = np.diff(np.append(starts, begins.size))
        long = sizes >= 2 * PART_TOKENS
        starts, sizes = starts[long], sizes[long]
        lowest = np.maximum(PART_TOKENS, np.ceil(MIDDLE[0] * sizes)).astype(np.int64)
        highest = np.minimum(sizes - PART_TOKENS, np.floor(MIDDLE[1] * sizes)).astype(np.int64)
        cuts = starts + generator.integers(lowest, highest, endpoint=True)
        tokens = rows.tokens.ravel().copy()
        tokens[cuts - 1], tokens[cuts] = vocabulary.names["sep"], vocabulary.names["cls"]
        begins[cuts] = True
        pieces = np.cumsum(begins).astype(np.int32).reshape(shape)
        wanted = np.full(tokens.size, -1, dtype=np.int32)
        wanted[starts] = wanted[cuts] = np.arange(len(cuts))
        return Exercise(
            tokens.reshape(shape),
            pieces,
            piece_positions(pieces),
            wanted.reshape(shape),
            rows.documents,
            seed,
        )

    def network(self, models: dict[str, Any]) -> nn.Module:
        """The encoder alone."""
        return ContrastiveNetwork(models["model"])


class ContrastiveNetwork(nn.Module):
    """Losses of telling the other part of a text from all that the same rows hold of other documents."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, exercise: Exercise) -> Losses:
        """Return the losses in float32."""
        states = self.model(**inputs_of(self.model, exercise.tokens, exercise)).last_hidden_state
        wanted = torch.from_numpy(exercise.wanted).flatten()
        places = torch.nonzero(wanted >= 0).squeeze(1)
        pieces = torch.from_numpy(exercise.pieces).flatten().long()
        pieces = pieces - pieces[0]
        vectors = piece_means(states.flatten(0, 1).float(), pieces)[pieces[places]]
        documents = torch.from_numpy(exercise.documents).flatten()[places]
        each, candidates = pair_losses(vectors, wanted[places], documents)
        return Losses(each.sum(), each.detach(), places, guessed=candidates.log())


def pair_losses(
    vectors: torch.Tensor, pairs: torch.Tensor, documents: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Minus the log-probability of the other text of a pair, and the number of texts it was looked for in; shape (texts,).

    Every number of `pairs` stands there twice. Texts of the same document are no candidates, the other one excepted.
    """
    unit = nn.functional.normalize(vectors, dim=-1)
    other = pairs.unsqueeze(1) == pairs.unsqueeze(0)
    other.fill_diagonal_(False)
    kept = other | (documents.unsqueeze(1) != documents.unsqueeze(0))
    near = (unit @ unit.T / TEMPERATURE).masked_fill(~kept, float("-inf"))
    return near.logsumexp(dim=1) - near[other], kept.sum(dim=1)


def piece_means(states: torch.Tensor, pieces: torch.Tensor) -> torch.Tensor:
    """Mean state of each piece, shape (pieces, width)."""
    count = int(pieces.max()) + 1
    sums = states.new_zeros(count, states.shape[1]).index_add(0, pieces, states)
    sizes = torch.bincount(pieces, minlength=count).clamp(min=1)
    return sums / sizes.unsqueeze(1)
