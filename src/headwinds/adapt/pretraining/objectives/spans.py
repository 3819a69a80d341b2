"""Span corruption: short spans are left out and written afterwards (Raffel et al. 2020, sec. 3.1.4).

A span may reach over the end of a document where documents share a row; its mark then belongs to the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from headwinds.adapt.pretraining.objectives.at_places import token_losses
from headwinds.adapt.pretraining.objectives.attention_inside import inside_pieces
from headwinds.adapt.pretraining.objectives.contract import Exercise, Losses
from headwinds.adapt.pretraining.packing import Layout
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.pretraining.objectives.contract import Vocabulary
    from headwinds.adapt.pretraining.packing import Rows
    from headwinds.adapt.pretraining.settings import PretrainSettings

SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Spans:
    """Leave out spans; what is read and what is written have the same length in every row."""

    name: str = "spans"
    loader: str = "AutoModelForSeq2SeqLM"
    compares: bool = False
    least_tokens: int = 1

    def layout(self, vocabulary: Vocabulary, settings: PretrainSettings) -> Layout:
        """Rows so long that, with spans left out, `sequence_tokens` are read."""
        length = settings.sequence_tokens
        while _read_length(length + 1, settings) <= settings.sequence_tokens:
            length += 1
        spans = _sizes(length, settings)[1]
        if spans > len(vocabulary.sentinels):
            raise SettingsError(
                f"sequence_tokens = {settings.sequence_tokens} needs {spans} spans, and the tokenizer has "
                f"{len(vocabulary.sentinels)} tokens that stand for one.",
                remedy="Lower sequence_tokens or mask_share, or raise span_tokens.",
            )
        return Layout(length)

    def ask(self, rows: Rows, vocabulary: Vocabulary, settings: PretrainSettings, *, seed: int) -> Exercise:
        """Read what is left with a mark for each span; write each mark and what stood there."""
        import numpy as np

        generator = np.random.default_rng(seed)
        count, length = rows.tokens.shape
        left_out = _spans(count, length, settings, generator)
        spans = _sizes(length, settings)[1]
        begins = left_out.copy()
        begins[:, 1:] &= ~left_out[:, :-1]
        marks = np.asarray(vocabulary.sentinels[:spans], dtype=np.int32)[
            np.cumsum(begins, axis=1)[begins].reshape(count, -1) - 1
        ]
        read = rows.tokens.copy()
        read[begins] = marks.ravel()
        kept = ~left_out | begins
        end = np.full((count, 1), vocabulary.names["eos"], dtype=np.int32)
        written = _written(rows.tokens, left_out, begins, marks)
        pieces = _written(rows.pieces, left_out, begins, rows.pieces[begins].reshape(count, -1))
        documents = _written(rows.documents, left_out, begins, rows.documents[begins].reshape(count, -1))
        read_pieces = rows.pieces[kept].reshape(count, -1)
        return Exercise(
            np.concatenate([read[kept].reshape(count, -1), end], axis=1),
            np.concatenate([read_pieces, read_pieces[:, -1:]], axis=1),
            np.zeros((count, read_pieces.shape[1] + 1), dtype=np.int32),
            np.concatenate([written, end], axis=1),
            np.concatenate([documents, documents[:, -1:]], axis=1),
            seed,
            written_pieces=np.concatenate([pieces, pieces[:, -1:]], axis=1),
        )

    def network(self, models: dict[str, Any]) -> nn.Module:
        """An encoder with a decoder."""
        return SpanNetwork(models["model"])


class SpanNetwork(nn.Module):
    """Losses of the tokens that are written."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, exercise: Exercise) -> Losses:
        """Return the losses in float32."""
        import numpy as np

        if exercise.written_pieces is None:
            raise ValueError("The exercise has nothing to write.")
        written, own = torch.from_numpy(exercise.wanted).long(), exercise.written_pieces
        start = torch.full_like(written[:, :1], int(self.model.config.decoder_start_token_id))
        given = np.concatenate([own[:, :1], own[:, :-1]], axis=1)  # each token is given the one before it
        model = self.model
        states = model.encoder(
            input_ids=torch.from_numpy(exercise.tokens).long(), attention_mask=inside_pieces(exercise.pieces)
        ).last_hidden_state
        outputs = model.decoder(
            input_ids=torch.cat([start, written[:, :-1]], dim=1),
            attention_mask=inside_pieces(given, causal=True, readers=own),
            encoder_hidden_states=states,
            encoder_attention_mask=_across(exercise.pieces, own),
            use_cache=False,
        )
        found = outputs.last_hidden_state
        if getattr(model.config, "scale_decoder_outputs", model.config.tie_word_embeddings):
            found = found * model.model_dim**-0.5
        losses = token_losses(model.lm_head, found.flatten(0, 1), written.flatten())
        return Losses(*losses, torch.arange(written.numel()))


def _across(pieces: NDArray[np.int32], readers: NDArray[np.int32]) -> torch.Tensor | None:
    """What is written looks at its own piece of what is read; None where each row is one piece."""
    if bool((pieces == pieces[:, :1]).all()) and bool((readers == pieces[:, :1]).all()):
        return None
    return inside_pieces(pieces, readers=readers)


def _sizes(length: int, settings: PretrainSettings) -> tuple[int, int]:
    """Tokens that are left out of a row, and in how many spans."""
    share = settings.mask_share or SHARE
    left_out = min(max(round(length * share), 1), length - 1)
    spans = max(1, min(round(left_out / settings.span_tokens), left_out, length - left_out))
    return left_out, spans


def _read_length(length: int, settings: PretrainSettings) -> int:
    left_out, spans = _sizes(length, settings)
    return length - left_out + spans + 1


def _spans(
    rows: int, length: int, settings: PretrainSettings, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Which tokens are left out: random lengths of spans and of what lies between, beginning with the latter."""
    import numpy as np

    left_out, spans = _sizes(length, settings)
    gone = _partition(rows, left_out, spans, generator)
    between = _partition(rows, length - left_out, spans, generator)
    lengths = np.stack([between, gone], axis=2).reshape(rows, -1)
    flags = np.tile([False, True], rows * spans)
    return np.repeat(flags, lengths.ravel()).reshape(rows, length)


def _partition(rows: int, total: int, parts: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """`total` in `parts` parts of at least 1, every way equally likely; shape (rows, parts)."""
    import numpy as np

    keys = generator.random((rows, total - 1))
    cuts = np.sort(np.argsort(keys, axis=1)[:, : parts - 1], axis=1) + 1
    edges = np.concatenate([np.zeros((rows, 1)), cuts, np.full((rows, 1), total)], axis=1).astype(np.int64)
    return np.diff(edges, axis=1)


def _written(
    values: NDArray[np.int32],
    left_out: NDArray[np.bool_],
    begins: NDArray[np.bool_],
    marks: NDArray[np.int32],
) -> NDArray[np.int32]:
    """What was left out of each row with the span's mark before each span."""
    import numpy as np

    rows = len(values)
    gone = values[left_out].reshape(rows, -1)
    first = begins[left_out].reshape(rows, -1)
    spans = marks.shape[1]
    found = np.zeros((rows, gone.shape[1] + spans), dtype=np.int32)
    place = np.arange(gone.shape[1]) + np.cumsum(first, axis=1)
    np.put_along_axis(found, place, gone, axis=1)
    np.put_along_axis(found, place[first].reshape(rows, -1) - 1, marks, axis=1)
    return found
