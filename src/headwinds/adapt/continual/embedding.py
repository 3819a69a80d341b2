"""Where a fitted model sees texts: the mean of its encoder's token states, one vector a text, of length 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.adapt.prediction import SCORING_TOKENS, make_predictor
from headwinds.adapt.training.batches import collate, plan_batches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.fitted_model import FittedModel


def embed(model: FittedModel, encoded: EncodedTexts) -> NDArray[np.float64]:
    """Shape (texts, width); the same texts have the same vectors, whatever stands beside them, up to rounding."""
    import numpy as np
    import torch
    from torch.nn import functional

    from headwinds.adapt.networks.text import encoder_states, mean_of_tokens

    network = model.network
    encoder = getattr(network, "body", network.encoder)
    predictor = make_predictor(
        network, model.tokenizer, max_tokens=model.facts.max_tokens, precision="float32"
    )
    found: NDArray[np.float64] = np.zeros((len(encoded), int(encoder.config.hidden_size)))
    padding = int(model.tokenizer.pad_token_id or 0)
    rows = np.arange(len(encoded))
    with torch.inference_mode():
        for chosen in plan_batches(encoded, rows, batch_tokens=SCORING_TOKENS):
            batch = collate(encoded, chosen, padding_id=padding)
            added = network.added(batch)
            states = (
                encoder_states(encoder, batch, added)
                if predictor.packed is None
                else predictor.packed(batch.input_ids, batch.attention_mask, types=batch.types, added=added)
            )
            pooled = functional.normalize(mean_of_tokens(states.float(), batch), dim=-1)
            found[chosen] = pooled.numpy()
    return found
