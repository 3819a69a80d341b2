"""What a run will take, from a few steps measured on this machine: time, memory, disk."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.checkpoints import load_encoder, load_tokenizer, resolve_checkpoint
from headwinds.adapt.encoding import EncodedTexts, encode_texts
from headwinds.adapt.fitting import window_length
from headwinds.adapt.prediction import make_predictor, predict_logits
from headwinds.adapt.training.attention import register_attention
from headwinds.adapt.training.batches import collate, plan_batches
from headwinds.adapt.training.device import choose_device, computing_on
from headwinds.adapt.training.frozen import forward_of, freeze_states
from headwinds.adapt.training.optimizer import make_optimizer
from headwinds.adapt.training.precision import autocast, choose_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch
    from headwinds.adapt.training.precision import Precision

PROBED_PASSAGES = 64


@dataclass(frozen=True, slots=True)
class Probe:
    """A measured forecast.

    Attributes
    ----------
    training_tokens_per_second, scoring_tokens_per_second
        Measured on a few batches of the study's own texts.
    tuning_seconds, scoring_seconds
        Forecasts for all folds and all passages.
    peak_memory_bytes
        The process's peak so far, the probe's steps included.
    disk_bytes
        What the run will write: a model and a training state a fold.
    """

    training_tokens_per_second: float
    scoring_tokens_per_second: float
    tuning_seconds: float
    scoring_seconds: float
    peak_memory_bytes: int
    disk_bytes: int


def count_tokens(texts: Sequence[str], settings: TuneSettings) -> tuple[NDArray[np.int64], int, float]:
    """Tokens of each text (without special tokens), the window length, and the share of tokens that are unknown.

    An unknown token is a piece of text that the checkpoint's vocabulary lacks: the model cannot tell it from any other.
    """
    checkpoint = resolve_checkpoint(settings.checkpoint)
    max_tokens = window_length(checkpoint, settings)
    tokenizer = load_tokenizer(checkpoint)
    encoded = encode_texts(tokenizer, texts, max_tokens=max_tokens)
    unknown = tokenizer.unk_token_id
    lost = 0 if unknown is None else sum(int((window == unknown).sum()) for window in encoded.windows)
    return encoded.tokens, max_tokens, lost / max(1, sum(len(window) for window in encoded.windows))


def measure_probe(
    texts: Sequence[str], settings: TuneSettings, *, labels: int, training_tokens: int, scoring_tokens: int
) -> Probe:
    """Train a few steps and score a few batches of `texts` and extrapolate.

    `training_tokens` is what one epoch of all folds trains on, `scoring_tokens` what the corpus holds.
    """
    import torch

    from headwinds.adapt.networks.text import TextClassifier, trainable_parameters

    checkpoint = resolve_checkpoint(settings.checkpoint)
    tokenizer = load_tokenizer(checkpoint)
    device = choose_device(settings.device)
    precision = choose_precision(settings.precision, device)
    max_tokens = window_length(checkpoint, settings)
    encoded = encode_texts(tokenizer, list(texts)[:PROBED_PASSAGES], max_tokens=max_tokens)
    # The probe's draws must not move the run's own random state.
    random_state = torch.get_rng_state()
    encoder = load_encoder(
        checkpoint, encoder_dropout=settings.encoder_dropout, attention=register_attention()
    )
    module = TextClassifier(encoder, labels, dropout=settings.head_dropout, pooling="smooth-maximum")
    parameters = trainable_parameters(module, frozen_layers=settings.frozen_layers)
    with computing_on(device, module):
        forward = forward_of(module, freeze_states(module, encoded, settings, precision))
        training_rate = _training_rate(forward, parameters, encoded, settings, precision, labels)
        predictor = make_predictor(module, tokenizer, max_tokens=max_tokens, precision=precision)
        predict_logits(predictor, encoded)
        started = time.perf_counter()
        predict_logits(predictor, encoded)
        scoring_rate = int(encoded.tokens.sum()) / (time.perf_counter() - started)
    torch.set_rng_state(random_state)
    weights = sum(value.numel() for value in module.parameters()) * 4
    trained = sum(value.numel() for value in parameters.values()) * 4
    return Probe(
        training_tokens_per_second=training_rate,
        scoring_tokens_per_second=scoring_rate,
        tuning_seconds=settings.epochs * training_tokens / training_rate,
        scoring_seconds=scoring_tokens / scoring_rate,
        peak_memory_bytes=peak_memory(),
        disk_bytes=settings.folds * weights + 4 * trained,
    )


def _training_rate(
    forward: Callable[[Batch], torch.Tensor],
    parameters: dict[str, torch.nn.Parameter],
    encoded: EncodedTexts,
    settings: TuneSettings,
    precision: Precision,
    labels: int,
) -> float:
    import numpy as np
    import torch

    optimizer = make_optimizer(parameters, settings)
    plan = plan_batches(encoded, np.arange(len(encoded)), batch_tokens=settings.batch_tokens)
    seconds, tokens = 0.0, 0
    for index, rows in enumerate(plan):
        batch = collate(encoded, rows, padding_id=0)
        started = time.perf_counter()
        device = next(iter(parameters.values())).device
        with autocast(device.type, precision):
            logits = forward(batch.to(device))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logits.cpu(), torch.zeros(len(rows), labels)
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if index > 0 or len(plan) == 1:  # the first step pays for allocations
            seconds += time.perf_counter() - started
            tokens += int(encoded.tokens[rows].sum())
    return tokens / max(seconds, 1e-9)


def peak_memory() -> int:
    """Bytes that this process held at the most so far."""
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
