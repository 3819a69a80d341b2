"""Extractive question answering: the answer is a span of the context, or there is none."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_pairs
from headwinds.adapt.tasks.cells import id_cell, list_cell, text_cell
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.words import stands_alone
from headwinds.errors import DataError, quoted

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.networks.tokens import TokenClassifier
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch

LONGEST_ANSWER = 50  # tokens
BARRED = -1e9
START = "answer_start"  # as SQuAD calls where an answer begins
ARTICLES = re.compile(r"\b(a|an|the)\b")


@dataclass(frozen=True, slots=True)
class AskedContexts:
    """Questions about contexts.

    Attributes
    ----------
    texts
        The questions.
    contexts
        What they are asked about.
    answers
        Character spans (first, after the last) in the context; none where the context holds no answer.
    """

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    contexts: tuple[str, ...]
    answers: tuple[tuple[tuple[int, int], ...], ...]

    @property
    def seconds(self) -> tuple[str, ...]:
        """The contexts: what makes two equal questions different examples."""
        return self.contexts


@dataclass(frozen=True, slots=True)
class SpanTargets:
    """The first and the last token of the answer in each window; 0, the first special token, where it has none."""

    encoded: EncodedTexts
    windows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class QuestionAnswering:
    """Find the answer in the context.

    The context moves through windows beside the question; in each the likeliest span is compared with "no answer here".
    Where training had questions without an answer, a threshold fitted on validation decides between the two.
    """

    name: str = "question-answering"
    summary: str = "the span of a context that answers a question, or that there is none"
    columns: tuple[Column, ...] = (
        Column("question", "the question"),
        Column("context", "the text that may hold the answer; as long as it is"),
        Column(
            "answers",
            "a list of texts or of {text, start}, or as SQuAD has them; an empty one where the context has no answer",
            label=True,
        ),
    )
    main_metric: str = "f1"
    classifies: bool = False

    def read(self, rows: Sequence[Row], *, labelled: bool) -> AskedContexts:
        """See the contract."""
        contexts = [text_cell(row, "context") for row in rows]
        return AskedContexts(
            ids=tuple(id_cell(row) for row in rows),
            places=tuple(row.place for row in rows),
            texts=tuple(text_cell(row, "question") for row in rows),
            contexts=tuple(contexts),
            answers=tuple(
                _answers(row, context) if labelled else ()
                for row, context in zip(rows, contexts, strict=True)
            ),
        )

    def labels(self, examples: AskedContexts) -> tuple[str, ...]:
        """None: an answer is a span."""
        return ()

    def check_labels(self, examples: AskedContexts, labels: tuple[str, ...]) -> None:
        """Nothing can be unknown."""

    def encode(
        self, examples: AskedContexts, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """See the contract."""
        return encode_pairs(
            tokenizer, examples.texts, examples.contexts, max_tokens=max_tokens, places=examples.places
        )

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> TokenClassifier:
        """Two numbers a token: it begins the answer, it ends it."""
        from headwinds.adapt.networks.tokens import TokenClassifier

        return TokenClassifier(encoder, 2, dropout=settings.head_dropout)

    def initialise(
        self,
        network: Any,
        examples: AskedContexts,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """See the contract."""
        import numpy as np

        from headwinds.adapt.networks.tokens import initialise_token_head

        initialise_token_head(network, np.full(2, 0.5), seed=seed)

    def targets(
        self, examples: AskedContexts, encoded: EncodedTexts, labels: tuple[str, ...], settings: TuneSettings
    ) -> SpanTargets:
        """See `SpanTargets`; of several answers the first one counts."""
        import numpy as np

        windows = np.zeros((len(encoded.windows), 2), dtype=np.int64)
        for row, answers in enumerate(examples.answers):
            for number in encoded.window_numbers(row):
                for start, end in answers[:1]:
                    windows[number] = _tokens_of(_offsets(encoded)[number], start, end)
        return SpanTargets(encoded, windows)

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: SpanTargets) -> torch.Tensor:
        """Cross-entropy of the first and of the last token, over the tokens of the context and "no answer here"."""
        import torch
        from torch.nn import functional

        numbers = [number for row in batch.rows.tolist() for number in targets.encoded.window_numbers(row)]
        barred = torch.ones(outputs.shape[:2], dtype=torch.bool)
        for line, number in enumerate(numbers):
            offsets = torch.from_numpy(_offsets(targets.encoded)[number])
            barred[line, : len(offsets)] = offsets[:, 1] <= offsets[:, 0]
        barred[:, 0] = False
        logits = outputs.masked_fill(barred.unsqueeze(-1), BARRED)
        wanted = torch.from_numpy(targets.windows[numbers])
        return (
            functional.cross_entropy(logits[..., 0], wanted[:, 0])
            + functional.cross_entropy(logits[..., 1], wanted[:, 1])
        ) / 2

    def loss_units(self, batch: Batch, targets: SpanTargets) -> float:
        """Windows."""
        return float(len(batch.input_ids))

    def score(
        self,
        outputs: Sequence[Any],
        examples: AskedContexts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """F1 with the threshold between span and "no answer" that does best; with spans alone if every question has one."""
        return self._best_threshold(outputs, examples, rows, encoded)[1]

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: AskedContexts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """The margin over "no answer" from which a span is given; None where every question has an answer."""
        if all(examples.answers):
            return {"threshold": None}
        if all(examples.answers[row] for row in rows.tolist()):  # nothing here says where to draw the line
            return {"threshold": 0.0}
        return {"threshold": self._best_threshold(outputs, examples, rows, encoded)[0]}

    def decode(
        self,
        outputs: Sequence[Any],
        examples: AskedContexts,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`answer` with `start` and `end`, empty for none, and its `margin` over "no answer" in log probability."""
        found: list[dict[str, Any]] = []
        for row, output in enumerate(outputs):
            span, margin = best_span(output, encoded, row)
            threshold = decoder["threshold"]
            if span is None or (threshold is not None and margin < threshold):
                found.append({"answer": "", "start": None, "end": None, "margin": margin})
                continue
            text = examples.contexts[row][slice(*span)]
            found.append({"answer": text, "start": span[0], "end": span[1], "margin": margin})
        return found

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: AskedContexts,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Exact match and F1 of words as SQuAD counts them (Rajpurkar et al. 2018), and F1 of "no answer"."""
        import numpy as np

        both = np.array(
            [
                overlap(item["answer"], [context[start:end] for start, end in answers])
                for item, context, answers in zip(
                    predictions, examples.contexts, examples.answers, strict=True
                )
            ]
        )
        exact, f1 = _means(weights, both)
        none_given = np.array([not item["answer"] for item in predictions])
        none_true = np.array([not answers for answers in examples.answers])
        found = {"exact_match": exact, "f1": f1}
        if none_true.any():
            with np.errstate(invalid="ignore", divide="ignore"):
                hits = weights @ (none_given & none_true)
                found["no_answer_f1"] = 2 * hits / (weights @ none_given + weights @ none_true)
                answered = weights * ~none_true
                found["answered_f1"] = _means(answered, both)[1]
        return found

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: AskedContexts, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """Answers that share no word, or not most words, with a true one."""
        found = []
        for row, (item, answers) in enumerate(zip(predictions, examples.answers, strict=True)):
            truth = [examples.contexts[row][start:end] for start, end in answers]
            if overlap(item["answer"], truth)[1] < 0.5:
                found.append(
                    Mistake(
                        row,
                        truth[0] if truth else "no answer",
                        item["answer"] or "no answer",
                        abs(item["margin"]),
                    )
                )
        return found

    def _best_threshold(
        self,
        outputs: Sequence[Any],
        examples: AskedContexts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
    ) -> tuple[float, float]:
        """The margin from which spans are given so that F1 is best, and this F1; of equal ones the lowest margin."""
        import numpy as np

        found = []
        for output, row in zip(outputs, rows.tolist(), strict=True):
            span, margin = best_span(output, encoded, row)
            context, answers = examples.contexts[row], examples.answers[row]
            truth = [context[start:end] for start, end in answers]
            given = context[slice(*span)] if span else ""
            found.append((margin, overlap(given, truth)[1], overlap("", truth)[1]))
        margin, given, withheld = np.array(sorted(found, reverse=True)).T
        if all(examples.answers[row] for row in rows.tolist()):
            return float(margin[-1]), float(given.mean())
        # After the first k, in falling order, spans are withheld; margins that are equal cannot be told apart.
        sums = np.concatenate([[0.0], np.cumsum(given)]) + np.append(np.cumsum(withheld[::-1])[::-1], 0.0)
        cuts = np.flatnonzero(np.append(margin[1:] != margin[:-1], True) & np.isfinite(margin)) + 1
        best = max([0, *cuts.tolist()], key=lambda count: (round(float(sums[count]), 9), count))
        threshold = margin[best - 1] if best else np.nextafter(margin[0], np.inf)
        return float(threshold), float(sums[best] / len(margin))


def best_span(output: Sequence[Any], encoded: EncodedTexts, row: int) -> tuple[tuple[int, int] | None, float]:
    """The likeliest span of the context in any window, as characters, and its margin over "no answer"."""
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    best: tuple[int, int] | None = None
    margin = -np.inf
    for values, number in zip(output, encoded.window_numbers(row), strict=True):
        offsets = _offsets(encoded)[number]
        context = offsets[:, 1] > offsets[:, 0]
        begins, ends = (np.where(context, values[:, side], -np.inf) for side in (0, 1))
        within = sliding_window_view(np.append(ends, np.full(LONGEST_ANSWER - 1, -np.inf)), LONGEST_ANSWER)
        total = begins + within.max(axis=1)
        first = int(total.argmax())
        last = first + int(within[first].argmax())
        own = float(total[first] - values[0].sum())
        if np.isfinite(own) and own > margin:
            best, margin = (int(offsets[first, 0]), int(offsets[last, 1])), own
    return best, float(margin)


def overlap(given: str, answers: Sequence[str]) -> tuple[float, float]:
    """(exact match, F1) with the nearest of the answers; no answer is right where there is none."""
    words = normal_words(given)
    best = (0.0, 0.0)
    # "The" has no word that counts: the official scorer leaves it out, and holds it for no answer where it is the only one.
    for true in [own for own in map(normal_words, answers) if own] or [[]]:
        shared = sum((Counter(words) & Counter(true)).values())
        f1 = 2 * shared / (len(words) + len(true)) if shared else float(words == true)
        best = max(best, (float(words == true), f1), key=lambda pair: (pair[1], pair[0]))
    return best


def normal_words(text: str) -> list[str]:
    """Words in lower case without punctuation and English articles, as SQuAD's scorer has them.

    Its words are what stands between spaces. Beyond it, the punctuation of every script is left out and an ideograph is a
    word of its own, as in MLQA (Lewis et al. 2020).
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = "".join(
        one for one in plain if one not in string.punctuation and unicodedata.category(one)[0] != "P"
    )
    plain = ARTICLES.sub(" ", plain)
    if not plain.isascii():
        plain = "".join(f" {one} " if stands_alone(one) else one for one in plain)
    return plain.split()


def _means(weights: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[Any, Any]:
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        means = weights @ values / weights.sum(axis=1)[:, None]
    return means[:, 0], means[:, 1]


def _offsets(encoded: EncodedTexts) -> list[NDArray[np.int32]]:
    if encoded.offsets is None:
        raise ValueError("The texts were encoded without offsets.")
    return encoded.offsets


def _tokens_of(offsets: NDArray[np.int32], start: int, end: int) -> tuple[int, int]:
    """The first and last token of a span of characters; (0, 0) where the window does not hold it whole."""
    import numpy as np

    inside = np.flatnonzero((offsets[:, 1] > start) & (offsets[:, 0] < end) & (offsets[:, 1] > offsets[:, 0]))
    if not len(inside):
        return 0, 0
    first, last = int(inside[0]), int(inside[-1])
    return (first, last) if offsets[first, 0] <= start and offsets[last, 1] >= end else (0, 0)


def _answers(row: Row, context: str) -> tuple[tuple[int, int], ...]:
    return tuple(_answer(row, item, context) for item in _answer_items(row, context))


def _answer_items(row: Row, context: str) -> list[Any]:
    """The answers one by one, also as the data set SQuAD has them: {"text": [...], "answer_start": [...]}.

    A text that stands in the context as it is is one answer, whatever signs are in it.
    """
    value = row.values.get("answers")
    if isinstance(value, str) and value.strip() and value.strip() in context:
        return [value.strip()]
    if not isinstance(value, Mapping):
        return list_cell(row, "answers")
    given: list[Any] = [value.get(name) for name in ("text", START)]
    texts, starts = (one.tolist() if hasattr(one, "tolist") else one for one in given)
    known = all(isinstance(one, list | tuple) for one in (texts, starts))
    if not known or len(texts) != len(starts):
        return [value]
    return [{"text": text, "start": start} for text, start in zip(texts, starts, strict=True)]


def _answer(row: Row, item: Any, context: str) -> tuple[int, int]:
    text, start = (
        (item.get("text"), item.get("start", item.get(START))) if isinstance(item, Mapping) else (item, None)
    )
    if not isinstance(text, str) or not text.strip():
        raise DataError(
            f"{row.place}: answers holds {quoted(item)}, expected a text of the context.",
            remedy='Write {"text": "...", "start": 17}; an empty list where there is no answer.',
        )
    if start is None:
        start = context.find(text)
        if start < 0 or context.find(text, start + 1) >= 0:
            raise DataError(
                f"{row.place}: the answer {quoted(text)} does not stand in the context."
                if start < 0
                else f"{row.place}: the answer {quoted(text)} stands in the context more than once.",
                remedy="Copy it from the context as it stands there; give its start if it stands there twice.",
            )
    if not isinstance(start, int) or context[start : start + len(text)] != text:
        raise DataError(
            f"{row.place}: at {start} the context has {quoted(context[start : start + len(text)])}, "
            f"not {quoted(text)}."
            if isinstance(start, int)
            else f"{row.place}: start = {quoted(start)} is no whole number.",
            remedy="Offsets count characters of the context (not bytes, not UTF-16 units).",
        )
    return start, start + len(text)
