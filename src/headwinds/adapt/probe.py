"""What scoring will take, from a few texts scored on this machine; tokens of texts; the memory that was held."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from headwinds.adapt.checkpoints import load_encoder, load_tokenizer, resolve_checkpoint
from headwinds.adapt.encoding import encode_texts
from headwinds.adapt.fitting import window_length
from headwinds.adapt.prediction import make_predictor, predict_logits
from headwinds.adapt.training.attention import register_attention
from headwinds.adapt.training.device import choose_device, computing_on
from headwinds.adapt.training.precision import choose_precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings

PROBED_PASSAGES = 64


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


def scoring_rate(texts: Sequence[str], settings: TuneSettings, *, labels: int) -> float:
    """Tokens a second of a text classifier, measured by the first of `texts`, in what it is trained in."""
    import torch

    from headwinds.adapt.networks.text import TextClassifier

    checkpoint = resolve_checkpoint(settings.checkpoint)
    tokenizer = load_tokenizer(checkpoint)
    device = choose_device(settings.device)
    max_tokens = window_length(checkpoint, settings)
    encoded = encode_texts(tokenizer, list(texts)[:PROBED_PASSAGES], max_tokens=max_tokens)
    # The probe's draws must not move the run's own random state.
    random_state = torch.get_rng_state()
    encoder = load_encoder(checkpoint, attention=register_attention())
    module = TextClassifier(encoder, labels, dropout=settings.head_dropout, pooling="smooth-maximum").eval()
    with computing_on(device, module):
        precision = choose_precision(settings.precision, device)
        predictor = make_predictor(module, tokenizer, max_tokens=max_tokens, precision=precision)
        predict_logits(predictor, encoded)
        started = time.perf_counter()
        predict_logits(predictor, encoded)
        seconds = time.perf_counter() - started
    torch.set_rng_state(random_state)
    return int(encoded.tokens.sum()) / max(seconds, 1e-9)


def peak_memory() -> int:
    """Bytes that this process held at the most so far."""
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
