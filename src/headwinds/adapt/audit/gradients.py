"""Integrated gradients of a text classifier on its word embeddings (Sundararajan, Taly, Yan 2017, eq. 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import encode_with_offsets
from headwinds.adapt.networks.text import TextClassifier, encoder_states
from headwinds.adapt.prompts.forms import prompted
from headwinds.adapt.training.batches import collate
from headwinds.errors import MismatchError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.fitted_model import FittedModel

FEWEST_POINTS, MOST_POINTS = 16, 256
TOLERANCE = 0.01  # of the difference that attributions must add up to
TOKENS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class TokenAttributions:
    """Attributions of tokens.

    Attributes
    ----------
    offsets
        Characters (first, after the last) of each token of the text; a token that two windows share stands there once.
    values
        In log-odds of the label.
    output, baseline
        Log-odds of the label for the text, and for the same windows with padding in the place of every token of the text.
    points
        Of the quadrature.
    """

    offsets: tuple[tuple[int, int], ...]
    values: tuple[float, ...]
    output: float
    baseline: float
    points: int

    @property
    def gap(self) -> float:
        """Sum of the attributions minus the difference that they must add up to (completeness, ibid. proposition 1)."""
        return sum(self.values) - (self.output - self.baseline)

    @property
    def complete(self) -> bool:
        """Whether the gap is within `TOLERANCE` of the difference, or of a tenth of a unit of log-odds if that is more."""
        return abs(self.gap) <= TOLERANCE * max(abs(self.output - self.baseline), 0.1)


def differentiable(model: FittedModel) -> bool:
    """Whether gradients reach a model's words: a text classifier with a head on its encoder's states, without prompts.

    Isotonic probabilities are flat between jumps, so that their gradients say nothing.
    """
    return (
        isinstance(model.network, TextClassifier)
        and not prompted(model.task)
        and "isotonic" not in model.facts.decoder
    )


def integrated_gradients(model: FittedModel, text: str, label: int) -> TokenAttributions:
    """Attributions of a text's tokens to the log-odds of a label; computed in float32.

    The path goes straight from padding to the text; the integral is taken by Gauss-Legendre quadrature, with twice as many
    points until it is complete or has `MOST_POINTS`.

    Raises
    ------
    MismatchError
        Gradients do not reach the words of this model.
    """
    import torch

    if "isotonic" in model.facts.decoder:
        raise MismatchError(
            "Integrated gradients need probabilities with a slope, and this model's are isotonic: they rise in steps.",
            remedy="Choose method occlusion, or tune with calibration = 'temperature'.",
        )
    if not differentiable(model):
        raise MismatchError(
            f"Integrated gradients need a text classifier with a head; this is {model.facts.task} by {model.facts.method}.",
            remedy="Choose method occlusion.",
        )
    network: Any = model.network
    encoded = encode_with_offsets(model.tokenizer, [text], max_tokens=model.facts.max_tokens)
    one = collate(encoded, [0], padding_id=int(model.tokenizer.pad_token_id or 0))
    words = network.encoder.get_input_embeddings()
    with torch.no_grad():
        embedded = words(one.input_ids)
        neutral = words(torch.full_like(one.input_ids, _neutral(model)))
        of_text = torch.from_numpy(_of_text(encoded, one.input_ids.shape)).unsqueeze(-1)
        path = torch.where(
            of_text, neutral - embedded, torch.zeros_like(embedded)
        )  # from the text to the baseline
        output, baseline = _outputs(
            model, encoded, torch.stack([torch.zeros_like(path), path]), label
        ).tolist()
    points = FEWEST_POINTS
    while True:
        gradient = _mean_gradient(model, encoded, path, label, points)
        found = _of_tokens(encoded, (-path * gradient).sum(dim=-1).double().numpy(), output, baseline, points)
        if found.complete or points >= MOST_POINTS:
            return found
        points *= 2


def _mean_gradient(
    model: FittedModel, encoded: EncodedTexts, path: torch.Tensor, label: int, points: int
) -> torch.Tensor:
    """The gradient at the embeddings, integrated along the path; shape (windows, length, width)."""
    import numpy as np
    import torch

    places, weights = np.polynomial.legendre.leggauss(points)
    places, weights = (places + 1) / 2, weights / 2
    step = max(1, TOKENS_AT_ONCE // (path.shape[0] * path.shape[1]))
    total = torch.zeros_like(path)
    for first in range(0, points, step):
        chosen = torch.tensor(places[first : first + step], dtype=path.dtype)
        added = ((1 - chosen)[:, None, None, None] * path).requires_grad_(True)
        with torch.enable_grad():
            outputs = _outputs(model, encoded, added, label)
            (gradient,) = torch.autograd.grad(outputs.sum(), added)
        weight = torch.tensor(weights[first : first + step], dtype=path.dtype)
        total += (weight[:, None, None, None] * gradient).sum(dim=0)
    return total


def _outputs(model: FittedModel, encoded: EncodedTexts, added: torch.Tensor, label: int) -> torch.Tensor:
    """Log-odds of the label with `added`, shape (copies, windows, length, width), at the embeddings; shape (copies,)."""
    import torch

    network: Any = model.network
    copies = len(added)
    batch = collate(encoded, [0] * copies, padding_id=int(model.tokenizer.pad_token_id or 0))
    logits = network(batch, encoder_states(network.encoder, batch, added.flatten(0, 1)))
    decoder = model.facts.decoder
    if "temperature" not in decoder:
        found: torch.Tensor = logits[:, label] * decoder["slope"][label] + decoder["intercept"][label]
        return found
    scaled = logits / decoder["temperature"]
    others = [number for number in range(scaled.shape[1]) if number != label]
    single: torch.Tensor = scaled[:, label] - torch.logsumexp(scaled[:, others], dim=1)
    return single


def _neutral(model: FittedModel) -> int:
    tokenizer = model.tokenizer
    known = [tokenizer.pad_token_id, tokenizer.mask_token_id, tokenizer.unk_token_id, 0]
    return int(next(number for number in known if number is not None))


def _of_text(encoded: EncodedTexts, shape: torch.Size) -> NDArray[np.bool_]:
    """Which places of the padded windows hold a token of the text, not a special one."""
    import numpy as np

    marks = np.zeros(tuple(shape), dtype=bool)
    for number, places in enumerate(encoded.offsets or []):
        marks[number, : len(places)] = places[:, 1] > places[:, 0]
    return marks


def _of_tokens(
    encoded: EncodedTexts, values: NDArray[np.float64], output: float, baseline: float, points: int
) -> TokenAttributions:
    """Values of places to values of tokens: the windows' overlaps are added, special tokens have none."""
    found: dict[tuple[int, int], float] = {}
    for number, places in enumerate(encoded.offsets or []):
        for place, (start, end) in enumerate(places.tolist()):
            if end > start:
                found[start, end] = found.get((start, end), 0.0) + float(values[number, place])
    ordered = sorted(found)
    return TokenAttributions(
        tuple(ordered), tuple(found[one] for one in ordered), float(output), float(baseline), points
    )
