"""Extractive summarisation: the sentences of a document that tell most of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_with_offsets
from headwinds.adapt.evaluation.rouge import overlap_f1, rouge, rouge_words
from headwinds.adapt.tasks.cells import id_cell, text_cell
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.sentences import split_sentences
from headwinds.adapt.tasks.token_words import words_of_tokens
from headwinds.adapt.tasks.written_examples import references_cell

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.networks.tokens import TokenClassifier
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch

MOST_SENTENCES = 12


@dataclass(frozen=True, slots=True)
class SummarisedTexts:
    """Documents, the offsets of their sentences, and reference summaries (none where they are not known)."""

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    sentences: tuple[tuple[tuple[int, int], ...], ...]
    summaries: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class SentenceTargets:
    """Of each token of each window: whether its sentence is chosen, and its weight, by which sentences count alike."""

    encoded: EncodedTexts
    windows: list[NDArray[np.float32]]
    weights: list[NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class ExtractiveSummarisation:
    """Choose sentences.

    Training takes those sentences that together come nearest to the reference (greedy by ROUGE; Nallapati et al. 2017).
    How many are chosen is what did best on validation. The first k sentences are the baseline that is told beside.
    """

    name: str = "extractive-summarisation"
    summary: str = "the sentences of a document that tell most of it"
    columns: tuple[Column, ...] = (
        Column("text", "the document; a line break ends a sentence"),
        Column("summary", "the reference: a text, or a list of several", label=True),
    )
    main_metric: str = "rouge_1"
    classifies: bool = False

    def read(self, rows: Sequence[Row], *, labelled: bool) -> SummarisedTexts:
        """See the contract."""
        texts = [text_cell(row, "text") for row in rows]
        return SummarisedTexts(
            ids=tuple(id_cell(row) for row in rows),
            places=tuple(row.place for row in rows),
            texts=tuple(texts),
            sentences=tuple(tuple(split_sentences(text)) for text in texts),
            summaries=tuple(references_cell(row, "summary") if labelled else () for row in rows),
        )

    def labels(self, examples: SummarisedTexts) -> tuple[str, ...]:
        """None."""
        return ()

    def check_labels(self, examples: SummarisedTexts, labels: tuple[str, ...]) -> None:
        """Nothing can be unknown."""

    def encode(
        self, examples: SummarisedTexts, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """See the contract."""
        return encode_with_offsets(tokenizer, examples.texts, max_tokens=max_tokens, places=examples.places)

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> TokenClassifier:
        """One number a token; a sentence's is the mean of its tokens'."""
        from headwinds.adapt.networks.tokens import TokenClassifier

        return TokenClassifier(encoder, 1, dropout=settings.head_dropout)

    def initialise(
        self,
        network: Any,
        examples: SummarisedTexts,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """See the contract."""
        import numpy as np

        from headwinds.adapt.networks.tokens import initialise_token_head

        initialise_token_head(network, np.ones(1), seed=seed)

    def targets(
        self,
        examples: SummarisedTexts,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> SentenceTargets:
        """See `SentenceTargets`."""
        import numpy as np

        windows, weights = [], []
        for row, sentences in enumerate(examples.sentences):
            marks = np.zeros(len(sentences) + 1, dtype=np.float32)
            marks[oracle(examples.texts[row], sentences, examples.summaries[row])] = 1.0
            owners = words_of_tokens(encoded, row, sentences, len(examples.texts[row]))
            every = np.concatenate(owners)
            counts = np.bincount(every[every >= 0], minlength=len(sentences) + 1)
            for owner in owners:
                windows.append(marks[owner])
                weights.append(np.where(owner >= 0, 1 / np.maximum(counts[owner], 1), 0.0).astype(np.float32))
        return SentenceTargets(encoded, windows, weights)

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: SentenceTargets) -> torch.Tensor:
        """Binary cross-entropy of the tokens, weighted so that every sentence counts as one."""
        import numpy as np
        import torch
        from torch.nn import functional

        wanted = np.zeros(outputs.shape[:2], dtype=np.float32)
        weight = np.zeros(outputs.shape[:2], dtype=np.float32)
        numbers = [number for row in batch.rows.tolist() for number in targets.encoded.window_numbers(row)]
        for line, number in enumerate(numbers):
            length = len(targets.windows[number])
            wanted[line, :length], weight[line, :length] = targets.windows[number], targets.weights[number]
        total = functional.binary_cross_entropy_with_logits(
            outputs.squeeze(-1), torch.from_numpy(wanted), weight=torch.from_numpy(weight), reduction="sum"
        )
        return total / max(float(weight.sum()), 1e-6)

    def loss_units(self, batch: Batch, targets: SentenceTargets) -> float:
        """The weights of the sentences' tokens."""
        numbers = [number for row in batch.rows.tolist() for number in targets.encoded.window_numbers(row)]
        return max(float(sum(targets.weights[number].sum() for number in numbers)), 1e-6)

    def score(
        self,
        outputs: Sequence[Any],
        examples: SummarisedTexts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """ROUGE-1 with the number of sentences that does best."""
        return max(self._by_count(outputs, examples, rows, encoded).values())

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: SummarisedTexts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """The number of sentences that does best on validation, for the model and for the first sentences."""
        import numpy as np

        found = self._by_count(outputs, examples, rows, encoded)
        lead = {
            count: float(
                np.mean(
                    [
                        rouge(_joined(examples, row, range(count)), examples.summaries[row])[0]
                        for row in rows.tolist()
                    ]
                )
            )
            for count in found
        }
        return {
            "sentences": max(found, key=lambda key: found[key]),
            "lead": max(lead, key=lambda key: lead[key]),
        }

    def decode(
        self,
        outputs: Sequence[Any],
        examples: SummarisedTexts,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`summary`, the numbers of its `sentences`, and `lead`, what the first sentences would have given."""
        found = []
        for row, output in enumerate(outputs):
            chosen = best_sentences(sentence_scores(output, encoded, row, examples), decoder["sentences"])
            found.append(
                {
                    "summary": _joined(examples, row, chosen),
                    "sentences": chosen,
                    "lead": _joined(examples, row, range(decoder["lead"])),
                }
            )
        return found

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: SummarisedTexts,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """ROUGE-1, ROUGE-2 and ROUGE-L, of the model and of the first sentences."""
        import numpy as np

        total = weights.sum(axis=1)
        found = {}
        for key, suffix in (("summary", ""), ("lead", "_of_first_sentences")):
            pairs = zip(predictions, examples.summaries, strict=True)
            scores = np.array([rouge(item[key], references) for item, references in pairs])
            for number, name in enumerate(("rouge_1", "rouge_2", "rouge_l")):
                found[name + suffix] = weights @ scores[:, number] / total
        found["gain_over_first_sentences"] = found["rouge_1"] - found["rouge_1_of_first_sentences"]
        return found

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: SummarisedTexts, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """Summaries that share less with the reference than the first sentences do."""
        found = []
        for row, (item, references) in enumerate(zip(predictions, examples.summaries, strict=True)):
            loss = rouge(item["lead"], references)[0] - rouge(item["summary"], references)[0]
            if loss > 0:
                found.append(Mistake(row, references[0], item["summary"], loss))
        return found

    def _by_count(
        self,
        outputs: Sequence[Any],
        examples: SummarisedTexts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
    ) -> dict[int, float]:
        import numpy as np

        scored = [
            (row, sentence_scores(output, encoded, row, examples))
            for output, row in zip(outputs, rows.tolist(), strict=True)
        ]
        most = min(MOST_SENTENCES, max(len(scores) for _, scores in scored))
        return {
            count: float(
                np.mean(
                    [
                        rouge(_joined(examples, row, best_sentences(scores, count)), examples.summaries[row])[
                            0
                        ]
                        for row, scores in scored
                    ]
                )
            )
            for count in range(1, most + 1)
        }


def oracle(text: str, sentences: Sequence[tuple[int, int]], references: Sequence[str]) -> list[int]:
    """Numbers of the sentences that greedily come nearest to a reference, by ROUGE-1 and ROUGE-2 together."""
    if not references:
        return []
    wanted = [rouge_words(reference) for reference in references]
    words = [rouge_words(text[start:end]) for start, end in sentences]
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < min(MOST_SENTENCES, len(words)):
        gains = []
        for number in range(len(words)):
            if number in chosen:
                continue
            together = [word for one in sorted([*chosen, number]) for word in words[one]]
            value = max(overlap_f1(together, one, 1) + overlap_f1(together, one, 2) for one in wanted)
            gains.append((value, -number))
        value, number = max(gains)
        if value <= best:
            break
        best = value
        chosen.append(-number)
    return sorted(chosen)


def sentence_scores(
    output: Sequence[Any], encoded: EncodedTexts, row: int, examples: SummarisedTexts
) -> NDArray[np.float64]:
    """Shape (sentences,): the mean output of each sentence's tokens over the windows that hold them."""
    import numpy as np

    sentences = examples.sentences[row]
    total, count = np.zeros(len(sentences)), np.zeros(len(sentences))
    for values, owner in zip(
        output, words_of_tokens(encoded, row, sentences, len(examples.texts[row])), strict=True
    ):
        own = owner >= 0
        np.add.at(total, owner[own], values[own, 0])
        np.add.at(count, owner[own], 1)
    return np.where(count > 0, total / np.maximum(count, 1), -np.inf)


def best_sentences(scores: NDArray[np.float64], count: int) -> list[int]:
    """Numbers of the best sentences, in the order of the text."""
    import numpy as np

    return sorted(np.argsort(-scores, kind="stable")[:count].tolist())


def _joined(examples: SummarisedTexts, row: int, numbers: Sequence[int] | range) -> str:
    text, sentences = examples.texts[row], examples.sentences[row]
    return " ".join(text[slice(*sentences[number])] for number in numbers if number < len(sentences))
