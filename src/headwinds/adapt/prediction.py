"""Predictions of a fitted model: one code path for evaluation, for scoring a corpus and for serving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_texts
from headwinds.adapt.labelled_files import require_whole_characters
from headwinds.adapt.prompts.forms import prompted
from headwinds.adapt.tasks.contract import Row, writes
from headwinds.adapt.tasks.text_classification import require_as_learnt, truth_of_predictions
from headwinds.adapt.training.batches import collate, plan_batches
from headwinds.adapt.training.device import device_of
from headwinds.adapt.watching import Unwanted
from headwinds.adapt.writing import predict_written
from headwinds.errors import CheckpointError, DataError, MismatchError, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

    from headwinds.adapt.fitted_model import FittedModel
    from headwinds.adapt.openvino_encoder import OpenVinoEncoder
    from headwinds.adapt.packed import PackedEncoder
    from headwinds.adapt.quantised import QuantisedEncoder
    from headwinds.adapt.training.batches import Batch
    from headwinds.adapt.training.precision import PredictingPrecision

SCORING_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Predictor:
    """A network packed for scoring.

    `packed` is None for architectures that are not packed; they compute by their own forward under autocast.
    """

    network: Any
    packed: PackedEncoder | QuantisedEncoder | OpenVinoEncoder | None
    tokenizer: PreTrainedTokenizerBase
    max_tokens: int
    precision: PredictingPrecision


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
    network: Any, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int, precision: PredictingPrecision
) -> Predictor:
    """Pack a network, in evaluation mode, for scoring.

    Where "int8" or "openvino-int8" cannot be had,
    for the architecture or the processor, it is bfloat16 or float32, whichever the processor is
    made for; the predictor says which it took.
    """
    from headwinds.adapt.packed import pack
    from headwinds.adapt.quantised import quantise
    from headwinds.adapt.training.precision import choose_precision, tensor_type

    network.eval()
    if precision == "openvino-int8":
        from headwinds.adapt.openvino_encoder import compile_encoder

        compiled = compile_encoder(network.encoder)
        if compiled is not None:
            return Predictor(network, compiled, tokenizer, max_tokens, precision)
        precision = choose_precision("auto")
    if precision == "int8":
        quantised = quantise(network.encoder)
        if quantised is not None:
            return Predictor(network, quantised, tokenizer, max_tokens, precision)
        precision = choose_precision("auto")
    packed = pack(network.encoder, tensor_type(precision))
    return Predictor(network, packed, tokenizer, max_tokens, precision)


def predictor_of(model: FittedModel) -> Predictor:
    """The predictor of a fitted model, as its facts say: the same wherever it predicts."""
    facts = model.facts
    return make_predictor(
        model.network, model.tokenizer, max_tokens=facts.max_tokens, precision=facts.precision
    )


def predict(model: FittedModel, texts: Iterable[str], *, predictor: Predictor | None = None) -> Predictions:
    """Probabilities and labels of `texts`; pass a `predictor` to pack the model only once.

    Raises
    ------
    MismatchError
        The model does not say which labels a text has, or is the name of a folder.
    DataError
        What is given is a single text or a table, or one of the texts is none or empty.
    """
    import numpy as np

    if isinstance(model, str | PathLike):
        raise MismatchError(
            f"model is {type(model).__name__}, expected a fitted model.",
            remedy="Load it: headwinds.load_model(folder).",
        )
    facts = model.facts
    texts = _several_texts(texts)
    if not prompted(model.task):
        require_as_learnt(None, facts.decoder)
    if not texts:
        none = np.zeros((0, len(facts.labels)))
        return Predictions(none, none > 0, np.zeros(0, dtype=np.int64), np.ones(0))
    if predictor is None:
        predictor = predictor_of(model)
    asked: Any = None
    if prompted(model.task):
        rows = [Row(f"text {number + 1}", {"text": text}) for number, text in enumerate(texts)]
        asked = model.task.read(rows, labelled=False)
        encoded = model.task.encode(asked, predictor.tokenizer, max_tokens=facts.max_tokens)
    else:
        encoded = encode_texts(predictor.tokenizer, texts, max_tokens=facts.max_tokens)
    logits = predict_logits(predictor, encoded)
    if model.task.classifies and "temperature" in facts.decoder:  # one label a text, not any number of them
        found = model.task.decode(list(logits), asked, encoded, facts.labels, facts.decoder)
        shares = np.array([item["probabilities"] for item in found], dtype=np.float64)
        given = truth_of_predictions(found, facts.labels)
        return Predictions(shares.reshape(given.shape), given, encoded.tokens, np.ones(len(encoded)))
    probability = facts.calibration.probability(logits)
    return Predictions(
        probability, facts.calibration.decide(probability), encoded.tokens, np.ones(len(encoded))
    )


def _several_texts(texts: Iterable[str]) -> list[str]:
    """The texts in a list; a single one would be read letter by letter, a table column by column."""
    if isinstance(texts, str | bytes | Mapping) or hasattr(texts, "columns"):
        raise DataError(
            f"texts is {type(texts).__name__}, expected a list of texts.",
            remedy="Put a single text in brackets; of a table give one column.",
        )
    several = list(texts)
    for number, text in enumerate(several, start=1):
        if not isinstance(text, str):
            raise DataError(f"text {number} is {quoted(text)}, expected a text.", remedy="Leave it out.")
        require_whole_characters(f"text {number}", {"text": text})
    return several


def predict_examples(
    model: FittedModel, examples: Any, *, predictor: Predictor | None = None
) -> list[dict[str, Any]]:
    """Predictions of a model of any task, one for each example, with the share of its text that was read."""
    facts = model.facts
    if writes(model.task):
        return predict_written(model, examples)
    if predictor is None:
        predictor = predictor_of(model)
    encoded = model.task.encode(examples, model.tokenizer, max_tokens=facts.max_tokens)
    outputs = predict_outputs(predictor, encoded)
    found = model.task.decode(outputs, examples, encoded, facts.labels, facts.decoder)
    shares = [1.0] * len(found) if encoded.read_share is None else encoded.read_share.tolist()
    return [{**item, "read_share": share} for item, share in zip(found, shares, strict=True)]


def predict_logits(
    predictor: Predictor, encoded: EncodedTexts, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Outputs of a network that has one row of them a text, shape (rows, labels)."""
    import numpy as np

    return np.array(predict_outputs(predictor, encoded, rows), dtype=np.float64)


def predict_outputs(
    predictor: Predictor,
    encoded: EncodedTexts,
    rows: NDArray[np.int64] | None = None,
    *,
    wanted: Callable[[], bool] = lambda: True,
    states: Callable[[Batch], torch.Tensor] | None = None,
) -> list[Any]:
    """The network's outputs for the texts in `rows` (all if None).

    Of a network with outputs a text: an array (labels,) each. Of one with outputs a token: a list of arrays (length,
    outputs), one for each window of the text. Batches are a function of the texts' lengths alone, so the same texts give
    the same bits. Before each batch `wanted` is asked whether anybody still waits. `states` gives the encoder's last hidden
    states where they are known already.

    Raises
    ------
    Unwanted
        Nobody does.
    CheckpointError
        What comes out is no number: whatever label it became, nobody would see it.
    """
    import numpy as np
    import torch

    rows = np.arange(len(encoded)) if rows is None else rows
    place = dict(zip(rows.tolist(), range(len(rows)), strict=True))
    result: list[Any] = [None] * len(rows)
    padding_id = int(predictor.tokenizer.pad_token_id or 0)
    with torch.inference_mode():
        for chosen in plan_batches(encoded, rows, batch_tokens=SCORING_TOKENS):
            if not wanted():
                raise Unwanted
            batch = collate(encoded, chosen, padding_id=padding_id)
            known = None if states is None else states(batch)
            placed = batch.to(device_of(predictor.network))
            outputs = _forward(predictor, placed, known).float().cpu().numpy()
            if np.isnan(outputs).any() or np.isposinf(outputs).any():  # what is masked is minus infinity
                raise _no_number(predictor, batch, outputs)
            if outputs.ndim == 2:
                for row, values in zip(chosen.tolist(), outputs, strict=True):
                    result[place[row]] = values
                continue
            for row in chosen.tolist():
                result[place[row]] = []
            for owner, window in zip(batch.owner.tolist(), range(len(outputs)), strict=True):
                row = int(chosen[owner])
                number = len(result[place[row]])
                length = len(encoded.windows_of(row)[number])
                result[place[row]].append(outputs[window, :length].copy())
    return result


def _no_number(predictor: Predictor, batch: Batch, outputs: NDArray[np.float32]) -> CheckpointError:
    import numpy as np

    wrong = (np.isnan(outputs) | np.isposinf(outputs)).reshape(len(outputs), -1).any(axis=1)
    rows = batch.rows if outputs.ndim == 2 else batch.rows[batch.owner.cpu().numpy()]
    first = int(np.min(rows[wrong])) + 1
    return CheckpointError(
        f"The model gives no number for text {first} (in {predictor.precision}): its outputs are infinite or undefined.",
        remedy="Its weights are damaged or too large; fit it again, or take an earlier one.",
    )


def _forward(predictor: Predictor, batch: Batch, known: torch.Tensor | None) -> torch.Tensor:
    from headwinds.adapt.training.precision import autocast

    network = predictor.network
    if known is not None:
        from_states: torch.Tensor = network(batch, known)
        return from_states
    if predictor.packed is None:
        with autocast(
            batch.input_ids.device.type, "float32" if predictor.precision == "float32" else "bfloat16"
        ):
            plain: torch.Tensor = network(batch)
            return plain
    states = predictor.packed(
        batch.input_ids, batch.attention_mask, types=batch.types, added=network.added(batch)
    )
    outputs: torch.Tensor = network(batch, states)
    return outputs
