"""Sentence similarity: vectors of texts, near each other where the texts mean the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_texts
from headwinds.adapt.tasks.cells import id_cell, text_cell
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.errors import DataError, quoted

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.networks.parts import PartEmbedder
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch

SCALE = 20.0  # of cosines, before they are exponents
RANKS = (1, 5, 10)
COMPARED = 4_000_000  # pairs of texts whose cosines are in memory at once


@dataclass(frozen=True, slots=True)
class TextParts:
    """Pairs of texts with a score, or pairs that belong together, or triplets (anchor, positive, negative).

    Attributes
    ----------
    texts
        The first text of each example.
    others
        The second text, and the third where there are triplets.
    score
        How like the pair is, in any unit that grows with likeness; NaN where none is given.
    """

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    others: tuple[tuple[str, ...], ...]
    score: tuple[float, ...]

    @property
    def seconds(self) -> tuple[str, ...]:
        """The second texts."""
        return tuple(own[0] for own in self.others)

    @property
    def scored(self) -> bool:
        """Whether the pairs have scores."""
        return all(math.isfinite(value) for value in self.score)


@dataclass(frozen=True, slots=True)
class PartTargets:
    """What the loss compares with.

    Attributes
    ----------
    score
        Shape (examples,): of each pair, NaN where there is none.
    texts
        Shape (examples, parts): a number for each part, the same for equal texts.
    """

    score: torch.Tensor
    texts: torch.Tensor


@dataclass(frozen=True, slots=True)
class SentenceSimilarity:
    """Learn vectors.

    Scored pairs are learnt by their order (CoSENT; Su 2022): a pair with a higher score must have a higher cosine. Pairs
    that belong together, and triplets, are learnt by contrast with the other texts of a batch (van den Oord et al. 2018),
    but for those that belong to the same text too.
    """

    name: str = "sentence-similarity"
    summary: str = "vectors of texts, near each other where the texts mean the same"
    columns: tuple[Column, ...] = (
        Column("text", "the first text"),
        Column("text_b", "the second; without a score, one that belongs to the first"),
        Column("text_c", "with triplets: one that does not belong to the first", needed=False),
        Column("score", "how like a pair is, in any unit", needed=False),
    )
    main_metric: str = "likeness"
    classifies: bool = False

    def read(self, rows: Sequence[Row], *, labelled: bool) -> TextParts:
        """See the contract."""
        third = any(row.values.get("text_c") not in (None, "") for row in rows)
        scored = any(row.values.get("score") not in (None, "") for row in rows)
        if third and scored:
            raise DataError(
                "There are both a column text_c and a column score.", remedy="Keep the one that is meant."
            )
        names = ("text_b", "text_c") if third else ("text_b",)
        return TextParts(
            ids=tuple(id_cell(row) for row in rows),
            places=tuple(row.place for row in rows),
            texts=tuple(text_cell(row, "text") for row in rows),
            others=tuple(tuple(text_cell(row, name) for name in names) for row in rows),
            score=tuple(_score(row) if scored and labelled else math.nan for row in rows),
        )

    def labels(self, examples: TextParts) -> tuple[str, ...]:
        """None; but scores that are all one are refused, as there is no order to learn from them."""
        if examples.scored and len(set(examples.score)) == 1:
            raise DataError(
                f"Every pair of the training file has the score {examples.score[0]:g}: there is no order to learn.",
                remedy="Give pairs of different scores, or leave the column out where all pairs belong together.",
            )
        return ()

    def check_labels(self, examples: TextParts, labels: tuple[str, ...]) -> None:
        """Nothing can be unknown."""

    def encode(
        self, examples: TextParts, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """The windows of an example's parts stand one after the other."""
        import numpy as np

        parts = 1 + len(examples.others[0])
        flat = [
            text
            for first, rest in zip(examples.texts, examples.others, strict=True)
            for text in (first, *rest)
        ]
        encoded = encode_texts(
            tokenizer,
            flat,
            max_tokens=max_tokens,
            places=[place for place in examples.places for _ in range(parts)],
        )
        first = encoded.first_window[::parts]
        begins = encoded.first_window[:-1].reshape(-1, parts) - first[:-1, None]
        return replace(
            encoded,
            first_window=first,
            tokens=np.add.reduceat(encoded.tokens, np.arange(0, len(flat), parts)),
            marks=begins[:, 1:].astype(np.int64),
        )

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> PartEmbedder:
        """See the contract."""
        from headwinds.adapt.networks.parts import PartEmbedder

        return PartEmbedder(encoder)

    def initialise(
        self,
        network: Any,
        examples: TextParts,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """Nothing is new in the network."""

    def targets(
        self, examples: TextParts, encoded: EncodedTexts, labels: tuple[str, ...], settings: TuneSettings
    ) -> PartTargets:
        """See `PartTargets`."""
        import torch

        numbers: dict[str, int] = {}
        parts = [
            [numbers.setdefault(" ".join(text.split()), len(numbers)) for text in (first, *rest)]
            for first, rest in zip(examples.texts, examples.others, strict=True)
        ]
        return PartTargets(torch.tensor(examples.score, dtype=torch.float32), torch.tensor(parts))

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: PartTargets) -> torch.Tensor:
        """Of the order of scores, or of the contrast with the batch."""
        import torch
        from torch.nn import functional

        if batch.marks is None:
            raise ValueError("The batch does not say where parts begin.")
        vectors = outputs.view(len(outputs), batch.marks.shape[1] + 1, -1)
        wanted = targets.score[batch.rows]
        if bool(torch.isfinite(wanted).all()):
            cosine = (vectors[:, 0] * vectors[:, 1]).sum(dim=-1) * SCALE
            wrong = (cosine[:, None] - cosine[None, :])[wanted[:, None] < wanted[None, :]]
            return torch.logsumexp(torch.cat([wrong.new_zeros(1), wrong]), dim=0)
        against = torch.cat([vectors[:, part] for part in range(1, vectors.shape[1])])
        logits = vectors[:, 0] @ against.T * SCALE
        logits = logits.masked_fill(_belong_too(targets.texts[batch.rows]), float("-inf"))
        return functional.cross_entropy(logits, torch.arange(len(vectors)))

    def loss_units(self, batch: Batch, targets: PartTargets) -> None:
        """None: every pair of a batch is set against all others."""

    def score(
        self,
        outputs: Sequence[Any],
        examples: TextParts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """The main metric."""
        import numpy as np

        vectors = _vectors(outputs, examples)
        ones = np.ones((1, len(rows)))
        score = np.array(examples.score)[rows]
        return float(_metrics(vectors, score, ones)["likeness"][0])

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: TextParts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """Nothing is needed."""
        return {}

    def decode(
        self,
        outputs: Sequence[Any],
        examples: TextParts,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`similarity`, the cosine of the first two parts, and the `vectors` of all."""
        vectors = _vectors(outputs, examples)
        cosine = (vectors[:, 0] * vectors[:, 1]).sum(axis=-1)
        return [
            {"similarity": value, "vectors": own.tolist()}
            for value, own in zip(cosine.tolist(), vectors, strict=True)
        ]

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: TextParts,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Spearman's correlation with the scores; or recall among all second texts, and the share of triplets in order.

        `likeness` is the one of them that suits the file: the correlation, the share of triplets, recall at 1.
        """
        import numpy as np

        vectors = np.array([item["vectors"] for item in predictions])
        return _metrics(vectors, np.array(examples.score), weights)

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: TextParts, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """Second texts that are not found first, by the distance to the one that is; of scored pairs none is a mistake."""
        import numpy as np

        if examples.scored:
            return []
        vectors = np.array([item["vectors"] for item in predictions])
        found = []
        for row, own in (pair for start, block in _cosines(vectors) for pair in enumerate(block, start)):
            best = int(own.argmax())
            if examples.seconds[best] != examples.seconds[row]:
                found.append(
                    Mistake(row, examples.seconds[row], examples.seconds[best], float(own[best] - own[row]))
                )
        return found


def _belong_too(texts: torch.Tensor) -> torch.Tensor:
    """Which other texts of a batch are no contrast to an example, shape (examples, examples * (parts - 1)).

    Its own first text again, and all that belongs to an equal one: in the batch as a pair, or by its text.
    """
    import torch

    first, second = texts[:, 0], texts[:, 1]
    others = torch.cat([texts[:, part] for part in range(1, texts.shape[1])])
    alike = first[:, None] == first
    belongs = (alike.float() @ (second[:, None] == others).float()) > 0
    found = belongs | (first[:, None] == others)
    found[:, : len(texts)].fill_diagonal_(fill_value=False)
    return found


def _vectors(outputs: Sequence[Any], examples: TextParts) -> NDArray[np.float64]:
    import numpy as np

    parts = 1 + len(examples.others[0])
    return np.array(outputs, dtype=np.float64).reshape(len(outputs), parts, -1)


def _metrics(
    vectors: NDArray[np.float64], score: NDArray[np.float64], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    import numpy as np

    cosine = (vectors[:, 0] * vectors[:, 1]).sum(axis=-1)
    if np.isfinite(score).all():
        correlation = weighted_rank_correlation(cosine, score, weights)
        return {"likeness": correlation, "spearman": correlation}
    total = weights.sum(axis=1)
    rank = np.concatenate(
        [
            (block > cosine[start : start + len(block), None] + 1e-9).sum(axis=1)
            for start, block in _cosines(vectors)
        ]
    )
    found = {f"recall_at_{top}": weights @ (rank < top) / total for top in RANKS}
    if vectors.shape[1] > 2:
        found["triplets_in_order"] = weights @ (cosine > (vectors[:, 0] * vectors[:, 2]).sum(axis=-1)) / total
    likeness = found.get("triplets_in_order", found["recall_at_1"])
    return {"likeness": likeness, **found}


def _cosines(vectors: NDArray[np.float64]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Of some first texts at a time, from the number of the first of them on: the cosines with all second texts."""
    step = max(1, COMPARED // len(vectors))
    for start in range(0, len(vectors), step):
        yield start, vectors[start : start + step, 0] @ vectors[:, 1].T


def weighted_rank_correlation(
    one: NDArray[np.float64], other: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Spearman's correlation where each example counts `weights` times, (replicates, examples) to (replicates,)."""
    import numpy as np

    ranks = [_weighted_ranks(values, weights) for values in (one, other)]
    total = weights.sum(axis=1, keepdims=True)
    first, second = (rank - (weights * rank).sum(axis=1, keepdims=True) / total for rank in ranks)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = (weights * first * second).sum(axis=1) / np.sqrt(
            (weights * first**2).sum(axis=1) * (weights * second**2).sum(axis=1)
        )
    return found


def _weighted_ranks(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mid-ranks, ties sharing one, shape of `weights`."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    _, tie = np.unique(values[order], return_inverse=True)
    groups = np.zeros((len(weights), int(tie.max()) + 1))
    for replicate, row in enumerate(weights[:, order]):
        groups[replicate] = np.bincount(tie, weights=row, minlength=groups.shape[1])
    middle = np.cumsum(groups, axis=1) - groups / 2
    ranks = np.empty_like(weights, dtype=np.float64)
    ranks[:, order] = middle[:, tie]
    return ranks


def _score(row: Row) -> float:
    value = row.values.get("score")
    try:
        score = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise DataError(
            f"{row.place}: score = {quoted(value)} is no number.", remedy="Write one, or leave the row out."
        )
    return score
