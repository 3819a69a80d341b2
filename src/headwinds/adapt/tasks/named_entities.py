"""Named-entity recognition: spans of a text with their types, from words with tags or from raw text with offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_with_offsets
from headwinds.adapt.tasks.cells import id_cell, list_cell, text_cell
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.tags import WordSpan, best_tags, spans_of_numbers, spans_of_tags, tag_numbers
from headwinds.adapt.tasks.token_words import first_tokens, word_scores, word_shapes
from headwinds.adapt.tasks.words import SHAPE_COUNT, split_words
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
class TaggedTexts:
    """Texts, their words, and the spans of words that are entities.

    Attributes
    ----------
    words
        Of each text, character offsets (first, after the last) of its words.
    spans
        Of each text, (first word, after the last, type); they do not overlap.
    tagged
        Whether the file gave words with tags: predictions then come as tags too.
    """

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    words: tuple[tuple[tuple[int, int], ...], ...]
    spans: tuple[tuple[WordSpan, ...], ...]
    tagged: bool


@dataclass(frozen=True, slots=True)
class TokenTargets:
    """The tag of each token of each window, `IGNORED` where it is not the first of a word."""

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
        tagged = any(row.values.get("tokens") is not None for row in rows)
        found = [_tagged(row, labelled) if tagged else _raw(row, labelled) for row in rows]
        return TaggedTexts(
            ids=tuple(id_cell(row) for row in rows),
            places=tuple(row.place for row in rows),
            texts=tuple(text for text, _, _ in found),
            words=tuple(words for _, words, _ in found),
            spans=tuple(spans for _, _, spans in found),
            tagged=tagged,
        )

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
            for places in first_tokens(encoded, row, examples.words[row], len(examples.texts[row])):
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


def _tagged(row: Row, labelled: bool) -> tuple[str, tuple[tuple[int, int], ...], tuple[WordSpan, ...]]:
    tokens = list_cell(row, "tokens")
    wrong = [token for token in tokens if not isinstance(token, str) or not token.strip()]
    if not tokens or wrong:
        said = "is empty" if not tokens else f"holds {quoted(wrong[0])}, which is no word"
        raise DataError(f"{row.place}: tokens {said}.", remedy="Give a list of words, or leave the row out.")
    words, place = [], 0
    for token in tokens:
        words.append((place, place + len(token)))
        place += len(token) + 1
    text = "\n".join(" ".join(sentence) for sentence in _sentences(row, tokens))
    if not labelled:
        return text, tuple(words), ()
    tags = list_cell(row, "tags")
    if len(tags) != len(tokens):
        raise DataError(
            f"{row.place}: {len(tokens)} tokens and {len(tags)} tags.",
            remedy="Give each token one tag; O for none.",
        )
    try:
        return text, tuple(words), tuple(spans_of_tags([str(tag) for tag in tags]))
    except ValueError as error:
        raise DataError(
            f"{row.place}: {quoted(str(error))} is no tag.",
            remedy="Write O, or B-NAME and I-NAME (also E-, S-).",
        ) from None


def _sentences(row: Row, tokens: list[str]) -> list[list[str]]:
    """The words by sentences; all in one where none are given."""
    counts = list_cell(row, "sentences")
    if not counts:
        return [tokens]
    wrong = [count for count in counts if isinstance(count, bool) or not isinstance(count, int) or count < 1]
    if wrong or sum(counts) != len(tokens):
        said = f"holds {quoted(wrong[0])}" if wrong else f"counts {sum(counts)} words of {len(tokens)}"
        raise DataError(
            f"{row.place}: sentences {said}.",
            remedy="Give how many tokens each sentence has, in order; or leave the column out.",
        )
    ends = list(accumulate(counts, initial=0))
    return [tokens[start:end] for start, end in pairwise(ends)]


def _raw(row: Row, labelled: bool) -> tuple[str, tuple[tuple[int, int], ...], tuple[WordSpan, ...]]:
    text = text_cell(row, "text")
    words = split_words(text)
    if not labelled:
        return text, tuple(words), ()
    starts, ends = (
        {start: number for number, (start, _) in enumerate(words)},
        {end: n for n, (_, end) in enumerate(words)},
    )
    spans: list[WordSpan] = []
    for item in list_cell(row, "spans"):
        start, end, name = _span(row, item, text)
        if start not in starts or end not in ends:
            around = text[max(start - 12, 0) : end + 12]
            raise DataError(
                f"{row.place}: span {start}-{end} {quoted(text[start:end])} does not begin and end with words, "
                f"in {quoted(around)}.",
                remedy="Move it to the borders of words; offsets count characters, the end exclusive.",
            )
        spans.append((starts[start], ends[end] + 1, name))
    spans.sort()
    for (_, before, one), (after, _, other) in pairwise(spans):
        if after < before:
            raise DataError(
                f"{row.place}: spans {quoted(one)} and {quoted(other)} overlap at {quoted(text[words[after][0] :][:20])}; "
                "nested entities are not learnt.",
                remedy="Keep the one that matters, or give the types to two models.",
            )
    return text, tuple(words), tuple(spans)


def _span(row: Row, item: Any, text: str) -> tuple[int, int, str]:
    values = (
        (item.get("start"), item.get("end"), item.get("label"))
        if isinstance(item, Mapping)
        else tuple(item)
        if isinstance(item, list | tuple) and len(item) == 3
        else (None, None, None)
    )
    start, end, name = values
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in (start, end))
    if not whole or not isinstance(name, str) or not name.strip():
        raise DataError(
            f"{row.place}: {quoted(item)} is no span.",
            remedy='Write {"start": 0, "end": 5, "label": "PERSON"}.',
        )
    if not 0 <= start < end <= len(text):
        raise DataError(
            f"{row.place}: span {start}-{end} lies outside of the text, which has {len(text)} characters.",
            remedy="Offsets count characters (not bytes, not UTF-16 units), the end exclusive.",
        )
    return int(start), int(end), name.strip()


def _covered(words: Sequence[tuple[int, int]], spans: Any) -> NDArray[np.bool_]:
    import numpy as np

    marks = np.zeros(len(words), dtype=bool)
    for start, end, _ in spans:
        for number, (first, last) in enumerate(words):
            if first >= start and last <= end:
                marks[number] = True
    return marks
