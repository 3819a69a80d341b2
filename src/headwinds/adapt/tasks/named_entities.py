"""Named-entity recognition: spans of a text with their types, from words with tags or from raw text with offsets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_with_offsets
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.entity_rows import TaggedTexts, read_tagged_texts
from headwinds.adapt.tasks.tags import best_tags, spans_of_numbers, tag_numbers
from headwinds.adapt.tasks.token_words import read_tokens, word_scores, word_shapes
from headwinds.adapt.tasks.words import SHAPE_COUNT
from headwinds.errors import DataError, MismatchError, quoted

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.networks.tokens import TokenClassifier
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch

IGNORED = -100
BELOW_ANY_F1 = 1e-9


@dataclass(frozen=True, slots=True)
class TokenTargets:
    """The tag of each token of each window, `IGNORED` where it is not the one by which a word is read."""

    encoded: EncodedTexts
    windows: list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class NamedEntities:
    """Find entities.

    The first token of each word is tagged (begins, goes on, outside), and the best sequence of tags that makes spans is
    taken. The shapes of words come to the embeddings, so that an uncased encoder sees capitals, and any encoder the breaks
    of lines; between sentences given as words, `sentences` says where they are.
    """

    name: str = "named-entity-recognition"
    summary: str = "spans with types, from words with tags or from text with character offsets"
    columns: tuple[Column, ...] = (
        Column("text", "raw text; or ...", needed=False),
        Column("tokens", "... its words, a list", needed=False),
        Column(
            "spans",
            "with text: a list of {start, end, label}, in characters, end exclusive",
            needed=False,
            label=True,
        ),
        Column("sentences", "with tokens: how many words each sentence has, in order", needed=False),
        Column("tags", "with tokens: a list of tags, BIO, BIOES or IOB1", needed=False, label=True),
    )
    main_metric: str = "entity_f1"
    classifies: bool = False

    def read(self, rows: Sequence[Row], *, labelled: bool) -> TaggedTexts:
        """See the contract."""
        return read_tagged_texts(rows, labelled=labelled)

    def labels(self, examples: TaggedTexts) -> tuple[str, ...]:
        """See the contract."""
        types = tuple(sorted({name for spans in examples.spans for _, _, name in spans}))
        if not types:
            raise DataError("The training file has no entity.", remedy="Label some, or mend the tags.")
        return types

    def check_labels(self, examples: TaggedTexts, labels: tuple[str, ...]) -> None:
        """See the contract."""
        for place, spans in zip(examples.places, examples.spans, strict=True):
            for _, _, name in spans:
                if name not in labels:
                    raise MismatchError(
                        f"{place}: entity type {quoted(name)} does not occur in training; known: {', '.join(labels)}.",
                        remedy="Mend its spelling, add training examples of it, or leave the row out.",
                    )

    def encode(
        self, examples: TaggedTexts, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """See the contract."""
        encoded = encode_with_offsets(
            tokenizer, examples.texts, max_tokens=max_tokens, places=examples.places
        )
        return word_shapes(encoded, examples.texts, examples.words)

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> TokenClassifier:
        """See the contract."""
        from headwinds.adapt.networks.tokens import TokenClassifier

        return TokenClassifier(
            encoder, 1 + 2 * len(labels), dropout=settings.head_dropout, shapes=SHAPE_COUNT
        )

    def initialise(
        self,
        network: Any,
        examples: TaggedTexts,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """See the contract."""
        import numpy as np

        from headwinds.adapt.networks.tokens import initialise_token_head

        counts = np.ones(1 + 2 * len(labels))
        for row in training.tolist():
            tags = tag_numbers(len(examples.words[row]), examples.spans[row], labels)
            counts += np.bincount(tags, minlength=len(counts))
        initialise_token_head(network, counts / counts.sum(), seed=seed)

    def targets(
        self, examples: TaggedTexts, encoded: EncodedTexts, labels: tuple[str, ...], settings: TuneSettings
    ) -> TokenTargets:
        """See `TokenTargets`."""
        import numpy as np

        windows: list[NDArray[np.int64]] = []
        for row in range(len(encoded)):
            tags = tag_numbers(len(examples.words[row]), examples.spans[row], labels)
            for places in read_tokens(encoded, row, examples.words[row], len(examples.texts[row])):
                windows.append(
                    np.where(places >= 0, tags[np.maximum(places, 0)] if len(tags) else 0, IGNORED)
                )
        return TokenTargets(encoded, windows)

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: TokenTargets) -> torch.Tensor:
        """Cross-entropy of the tags of words."""
        import numpy as np
        import torch
        from torch.nn import functional

        wanted = np.full(outputs.shape[:2], IGNORED, dtype=np.int64)
        numbers = [number for row in batch.rows.tolist() for number in targets.encoded.window_numbers(row)]
        for line, number in enumerate(numbers):
            wanted[line, : len(targets.windows[number])] = targets.windows[number]
        flat = torch.from_numpy(wanted).view(-1)
        total = functional.cross_entropy(outputs.flatten(0, 1), flat, ignore_index=IGNORED, reduction="sum")
        return total / max(int((flat != IGNORED).sum()), 1)

    def loss_units(self, batch: Batch, targets: TokenTargets) -> float:
        """Tokens that have a tag."""
        numbers = [number for row in batch.rows.tolist() for number in targets.encoded.window_numbers(row)]
        return max(float(sum((targets.windows[number] != IGNORED).sum() for number in numbers)), 1.0)

    def score(
        self,
        outputs: Sequence[Any],
        examples: TaggedTexts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """Entity F1; while nothing is found, a little above 0 for likely tags, so that early epochs have an order."""
        import numpy as np

        counts, every = np.zeros(3), []
        for output, row in zip(outputs, rows.tolist(), strict=True):
            scores = word_scores(output, encoded, row, examples.words[row], len(examples.texts[row]))
            given, true = set(spans_of_numbers(best_tags(scores).tolist(), labels)), set(examples.spans[row])
            counts += (len(given & true), len(given), len(true))
            every.append(scores)
        if not counts[0]:
            return BELOW_ANY_F1 * _likelihood(every, examples, rows, labels)
        return float(2 * counts[0] / (counts[1] + counts[2]))

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: TaggedTexts,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """A temperature for the probabilities of tags."""
        import numpy as np

        from headwinds.adapt.evaluation.calibration import fit_temperature

        scores, tags = [], []
        for output, row in zip(outputs, rows.tolist(), strict=True):
            words = examples.words[row]
            scores.append(word_scores(output, encoded, row, words, len(examples.texts[row])))
            tags.append(tag_numbers(len(words), examples.spans[row], labels))
        return {"temperature": fit_temperature(np.concatenate(scores), np.concatenate(tags))}

    def decode(
        self,
        outputs: Sequence[Any],
        examples: TaggedTexts,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`spans`: start, end, label, text, probability; for words with tags also `tags` (BIO)."""
        import numpy as np
        from scipy.special import log_softmax

        found = []
        for row, output in enumerate(outputs):
            text, words = examples.texts[row], examples.words[row]
            scores = word_scores(output, encoded, row, words, len(text))
            tags = best_tags(scores)
            chosen = log_softmax(scores / decoder["temperature"], axis=1)[np.arange(len(tags)), tags]
            spans = [
                {
                    "start": words[start][0],
                    "end": words[end - 1][1],
                    "label": name,
                    "text": text[words[start][0] : words[end - 1][1]],
                    "probability": float(np.exp(chosen[start:end].sum())),
                }
                for start, end, name in spans_of_numbers(tags.tolist(), labels)
            ]
            one: dict[str, Any] = {"spans": spans}
            if examples.tagged:
                names = ["O"] + [f"{prefix}-{name}" for name in labels for prefix in "BI"]
                one["tags"] = [names[number] for number in tags.tolist()]
            found.append(one)
        return found

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: TaggedTexts,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Entity F1 as the CoNLL scorer counts (exact span and type), by type, and F1 of words inside or outside."""
        import numpy as np

        from headwinds.adapt.evaluation.metrics import mean_of_known

        counts = np.zeros((3, len(examples.ids), len(labels)))
        inside = np.zeros((4, len(examples.ids)))
        for row, prediction in enumerate(predictions):
            words = examples.words[row]
            true = {(words[start][0], words[end - 1][1], name) for start, end, name in examples.spans[row]}
            given = {(span["start"], span["end"], span["label"]) for span in prediction["spans"]}
            for number, several in enumerate((true & given, given, true)):
                for _, _, name in several:
                    counts[number, row, labels.index(name)] += 1
            marks = [_covered(words, spans) for spans in (given, true)]
            inside[:, row] = [
                (marks[0] & marks[1]).sum(), (marks[0] & ~marks[1]).sum(),
                (~marks[0] & marks[1]).sum(), (~marks[0] & ~marks[1]).sum(),
            ]  # fmt: skip
        hits, given_count, true_count = (weights @ part for part in counts)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = {
                "entity_f1": 2 * hits.sum(axis=1) / (given_count + true_count).sum(axis=1),
                "entity_precision": hits.sum(axis=1) / given_count.sum(axis=1),
                "entity_recall": hits.sum(axis=1) / true_count.sum(axis=1),
            }
            each = 2 * hits / (given_count + true_count)
            both, only_given, only_true, neither = (weights @ inside.T).T
            of_inside = 2 * both / (2 * both + only_given + only_true)
            of_outside = 2 * neither / (2 * neither + only_given + only_true)
            found["macro_entity_f1"] = mean_of_known(each) if len(labels) else each
            found["token_micro_f1"] = (both + neither) / (both + neither + only_given + only_true)
            found["token_macro_f1"] = (of_inside + of_outside) / 2
        found |= {f"f1[{name}]": each[:, number] for number, name in enumerate(labels)}
        return found

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: TaggedTexts, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """One for each text with a span too many or too few."""
        found = []
        for row, prediction in enumerate(predictions):
            text, words = examples.texts[row], examples.words[row]
            true = {(words[start][0], words[end - 1][1], name) for start, end, name in examples.spans[row]}
            given = {
                (span["start"], span["end"], span["label"]): span["probability"]
                for span in prediction["spans"]
            }
            missed, wrong = sorted(true - set(given)), sorted(set(given) - true)
            if missed or wrong:
                shown = [
                    "; ".join(f"{text[a:b]} ({name})" for a, b, name in spans) for spans in (missed, wrong)
                ]
                cost = max((given[span] for span in wrong), default=0.0)
                found.append(Mistake(row, shown[0] or "nothing more", shown[1] or "nothing more", cost))
        return found


def _likelihood(
    scores: Sequence[Any], examples: TaggedTexts, rows: NDArray[np.int64], labels: tuple[str, ...]
) -> float:
    """The geometric mean, over the words of the rows, of the probability of their true tags."""
    import numpy as np
    from scipy.special import log_softmax

    found = []
    for own, row in zip(scores, rows.tolist(), strict=True):
        tags = tag_numbers(len(examples.words[row]), examples.spans[row], labels)
        found.append(log_softmax(own, axis=1)[np.arange(len(tags)), tags])
    return float(np.exp(np.concatenate(found).mean()))


def _covered(words: Sequence[tuple[int, int]], spans: Any) -> NDArray[np.bool_]:
    import numpy as np

    marks = np.zeros(len(words), dtype=bool)
    for start, end, _ in spans:  # words stand in the order of the text, and do not overlap
        begin = bisect_left(words, start, key=lambda word: word[0])
        marks[begin : bisect_right(words, end, lo=begin, key=lambda word: word[1])] = True
    return marks
