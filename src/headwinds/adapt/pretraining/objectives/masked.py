"""Masked language modelling: some tokens are covered, and told from the rest (Devlin et al. 2019)."""

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
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.pretraining.objectives.contract import Vocabulary
    from headwinds.adapt.pretraining.packing import Rows
    from headwinds.adapt.pretraining.settings import PretrainSettings

SHARE = 0.3  # more than the 0.15 of 2019, as Wettig, Gao, Zhong and Chen (2023) find best for small budgets
COVERED, SWAPPED = 0.8, 0.1  # of the asked: [MASK], another token, itself
FROM_PADDING = (
    "roberta",
    "xlm-roberta",
    "camembert",
)  # positions begin after the number of the padding token


@dataclass(frozen=True, slots=True)
class Masked:
    """Cover tokens, other ones at every step."""

    name: str = "masked"
    loader: str = "AutoModelForMaskedLM"
    compares: bool = False
    least_tokens: int = 1

    def layout(self, vocabulary: Vocabulary, settings: PretrainSettings) -> Layout:
        """Every piece is a text: [CLS] ... [SEP]."""
        return Layout(settings.sequence_tokens, vocabulary.names["cls"], vocabulary.names["sep"])

    def ask(self, rows: Rows, vocabulary: Vocabulary, settings: PretrainSettings, *, seed: int) -> Exercise:
        """Of every row the same number of tokens."""
        import numpy as np

        generator = np.random.default_rng(seed)
        chosen = choose(rows, settings.mask_share or SHARE, generator)
        tokens = cover(rows.tokens, chosen, vocabulary, generator)
        wanted = np.where(chosen, rows.tokens, -1).astype(np.int32)
        return Exercise(tokens, rows.pieces, rows.positions, wanted, rows.documents, seed)

    def network(self, models: dict[str, Any]) -> nn.Module:
        """A model with its masked-language-model head."""
        return MaskedNetwork(models["model"])


class MaskedNetwork(nn.Module):
    """Losses of covered tokens."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, exercise: Exercise) -> Losses:
        """Return the losses in float32."""
        states, wanted, places = masked_states(self.model, exercise)
        return Losses(*token_losses(self.model.get_output_embeddings(), states, wanted), places)


def masked_states(model: Any, exercise: Exercise) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the output layer is given at what is asked, what is wanted there, and the flat places."""
    flat = torch.from_numpy(exercise.wanted).flatten()
    places = torch.nonzero(flat >= 0).squeeze(1)
    states = states_at(model, places, **inputs_of(model, exercise.tokens, exercise))
    return states, flat[places].long(), places


def inputs_of(model: Any, tokens: NDArray[np.int32], exercise: Exercise) -> dict[str, Any]:
    """What an encoder is given: tokens, places that begin anew with each piece, a mask that keeps to it."""
    kind = model.config.model_type
    inputs: dict[str, Any] = {"input_ids": torch.from_numpy(tokens).long()}
    if kind != "distilbert":
        positions = torch.from_numpy(exercise.positions).long()
        inputs["position_ids"] = positions + (model.config.pad_token_id + 1 if kind in FROM_PADDING else 0)
    mask = inside_pieces(exercise.pieces)
    if kind == "modernbert":
        window = int(model.config.sliding_window)
        near = inside_pieces(exercise.pieces, window=window)
        inputs["attention_mask"] = {"full_attention": mask, "sliding_attention": near}
    else:
        inputs["attention_mask"] = mask
    return inputs


def choose(rows: Rows, share: float, generator: np.random.Generator) -> NDArray[np.bool_]:
    """A share of each row's tokens, none of them special; at least one."""
    import numpy as np

    keys = generator.random(rows.tokens.shape, dtype=np.float32)
    keys[rows.special] = 2.0
    length = keys.shape[1]
    count = max(1, round(share * length))
    limit = np.partition(keys, count - 1, axis=1)[:, count - 1 : count]
    chosen: NDArray[np.bool_] = (keys <= limit) & (keys < 1.0)
    return chosen


def cover(
    tokens: NDArray[np.int32],
    chosen: NDArray[np.bool_],
    vocabulary: Vocabulary,
    generator: np.random.Generator,
    *,
    always: bool = False,
) -> NDArray[np.int32]:
    """The tokens with chosen ones covered; with `always` by [MASK] alone."""
    import numpy as np

    found = tokens.copy()
    if always:
        found[chosen] = vocabulary.names["mask"]
        return found
    draw = generator.random(tokens.shape, dtype=np.float32)
    found[chosen & (draw < COVERED)] = vocabulary.names["mask"]
    swapped = chosen & (draw >= COVERED) & (draw < COVERED + SWAPPED)
    found[swapped] = generator.choice(vocabulary.ordinary, int(swapped.sum()))
    return found
