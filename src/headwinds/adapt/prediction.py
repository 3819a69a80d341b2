"""Predictions of a fitted model: one code path for evaluation, for scoring a corpus and for serving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.encoding import EncodedTexts, encode_texts
from headwinds.adapt.training.batches import collate, plan_batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

    from headwinds.adapt.fitted_model import FittedModel
    from headwinds.adapt.packed import PackedEncoder
    from headwinds.adapt.tasks.classifier import TextClassifier
    from headwinds.adapt.training.batches import Batch
    from headwinds.adapt.training.precision import Precision

SCORING_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Predictor:
    """A classifier packed for scoring.

    `packed` is None for architectures that are not packed; they compute by their own forward under autocast.
    """

    module: TextClassifier
    packed: PackedEncoder | None
    tokenizer: PreTrainedTokenizerBase
    max_tokens: int
    precision: Precision


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of some texts.

    Attributes
    ----------
    probability, label
        Shape (texts, labels): calibrated probability, and whether it reaches the label's threshold.
    tokens
        Shape (texts,): tokens of each text.
    read_share
        Shape (texts,): share of each text that was read; windows cover a text whole, so 1.
    """

    probability: NDArray[np.float64]
    label: NDArray[np.bool_]
    tokens: NDArray[np.int64]
    read_share: NDArray[np.float64]


def make_predictor(
    module: TextClassifier, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int, precision: Precision
) -> Predictor:
    """Pack a classifier, in evaluation mode, for scoring."""
    import torch

    from headwinds.adapt.packed import pack

    module.eval()
    packed = pack(module.encoder, torch.bfloat16 if precision == "bfloat16" else torch.float32)
    return Predictor(module, packed, tokenizer, max_tokens, precision)


def predict(model: FittedModel, texts: Sequence[str], *, predictor: Predictor | None = None) -> Predictions:
    """Probabilities and labels of `texts`; pass a `predictor` to pack the model only once."""
    import numpy as np

    facts = model.facts
    if predictor is None:
        predictor = make_predictor(
            model.module, model.tokenizer, max_tokens=facts.max_tokens, precision=facts.precision
        )
    encoded = encode_texts(predictor.tokenizer, texts, max_tokens=facts.max_tokens)
    logits = predict_logits(predictor, encoded)
    probability = facts.calibration.probability(logits)
    return Predictions(
        probability, facts.calibration.decide(probability), encoded.tokens, np.ones(len(encoded))
    )


def predict_logits(
    predictor: Predictor, encoded: EncodedTexts, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Logits of the encoded texts in `rows` (all if None), shape (rows, labels).

    Batches are a function of the texts' lengths alone, so the same texts give the same bits.
    """
    import numpy as np
    import torch

    rows = np.arange(len(encoded)) if rows is None else rows
    place = np.full(len(encoded), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    result = np.empty((len(rows), predictor.module.head.out_features))
    padding_id = int(predictor.tokenizer.pad_token_id or 0)
    with torch.inference_mode():
        for chosen in plan_batches(encoded, rows, batch_tokens=SCORING_TOKENS):
            batch = collate(encoded, chosen, padding_id=padding_id)
            result[place[chosen]] = _forward(predictor, batch).double().numpy()
    return result


def _forward(predictor: Predictor, batch: Batch) -> torch.Tensor:
    from headwinds.adapt.training.precision import autocast

    if predictor.packed is None:
        with autocast("cpu", predictor.precision):
            logits: torch.Tensor = predictor.module(batch)
            return logits
    pooled: torch.Tensor = predictor.module(batch, predictor.packed(batch.input_ids, batch.attention_mask))
    return pooled
