"""Relation extraction: how two marked entities of a text stand to each other, direction included, or that they do not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_with_offsets
from headwinds.adapt.tasks.cells import id_cell, label_cell, list_cell, text_cell
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.losses import (
    ClassTargets,
    classification_loss,
    classification_units,
)
from headwinds.adapt.tasks.one_label import (
    abstained,
    decode_one_label,
    fit_one_label_decoder,
    mean_log_likelihood,
    selective_metrics,
)
from headwinds.errors import DataError, MismatchError, quoted

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.networks.marked import MarkedClassifier
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch

HEAD_MARK, TAIL_MARK = "@", "#"
NO_RELATION = frozenset({"other", "no_relation", "no-relation", "none", "na", "n/a"})
INLINE = re.compile(r"</?e[12]>")


@dataclass(frozen=True, slots=True)
class RelatedEntities:
    """Texts with two entities each and the relation between them.

    Attributes
    ----------
    head, tail
        Character offsets (first, after the last) of the two entities; the relation is directed from head to tail.
    given
        The relation's name, "" where it is not known.
    """

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    head: tuple[tuple[int, int], ...]
    tail: tuple[tuple[int, int], ...]
    given: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelationExtraction:
    """Classify the relation between two marked entities.

    The entities are marked by signs that every vocabulary has (Zhou, Chen 2022), and the states at the two first marks
    decide.
    """

    name: str = "relation-extraction"
    summary: str = "the relation between two marked entities of a text, with its direction"
    columns: tuple[Column, ...] = (
        Column(
            "text",
            "the text; the entities may stand in it as <e1>...</e1> and <e2>...</e2>, or be given by ...",
        ),
        Column("head", "... the first entity as [start, end], in characters, end exclusive", needed=False),
        Column("tail", "the second entity likewise", needed=False),
        Column("relation", "its name; a direction ends it, as in Cause-Effect(e1,e2)", label=True),
    )
    main_metric: str = "macro_f1"
    classifies: bool = False

    def read(self, rows: Sequence[Row], *, labelled: bool) -> RelatedEntities:
        """See the contract."""
        found = [_entities(row) for row in rows]
        return RelatedEntities(
            ids=tuple(id_cell(row) for row in rows),
            places=tuple(row.place for row in rows),
            texts=tuple(text for text, _, _ in found),
            head=tuple(head for _, head, _ in found),
            tail=tuple(tail for _, _, tail in found),
            given=tuple(label_cell(row, "relation") if labelled else "" for row in rows),
        )

    def labels(self, examples: RelatedEntities) -> tuple[str, ...]:
        """See the contract."""
        names = tuple(sorted(set(examples.given)))
        if len(names) < 2:
            raise DataError(
                "The training file has one relation: there is nothing to tell apart.", remedy="Give two."
            )
        return names

    def check_labels(self, examples: RelatedEntities, labels: tuple[str, ...]) -> None:
        """See the contract."""
        for place, name in zip(examples.places, examples.given, strict=True):
            if name not in labels:
                raise MismatchError(
                    f"{place}: relation {name!r} does not occur in training.",
                    remedy="Mend its spelling, add training examples of it, or leave the row out.",
                )

    def encode(
        self, examples: RelatedEntities, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """One window a text: the one that holds both marks, of a text that needs several."""
        import numpy as np

        marked = [
            mark_entities(text, head, tail)
            for text, head, tail in zip(examples.texts, examples.head, examples.tail, strict=True)
        ]
        encoded = encode_with_offsets(
            tokenizer, [text for text, _, _ in marked], max_tokens=max_tokens, places=examples.places
        )
        windows, offsets, marks, shares = [], [], [], []
        for row, (_, head, tail) in enumerate(marked):
            chosen = _window_with(encoded, row, head, tail)
            if chosen is None:
                raise DataError(
                    f"{examples.places[row]}: the two entities lie more than {max_tokens} tokens apart.",
                    remedy="Cut the text between them, or name a checkpoint that reads more.",
                )
            number, places = chosen
            windows.append(encoded.windows[number])
            offsets.append((encoded.offsets or [])[number])
            marks.append(places)
            own = int((offsets[-1][:, 1] > 0).sum())
            shares.append(min(1.0, own / max(int(encoded.tokens[row]), 1)))
        return EncodedTexts(
            windows,
            np.arange(len(windows) + 1, dtype=np.int64),
            encoded.tokens,
            offsets=offsets,
            marks=np.array(marks, dtype=np.int64),
            read_share=np.array(shares),
        )

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> MarkedClassifier:
        """See the contract."""
        from headwinds.adapt.networks.marked import MarkedClassifier

        return MarkedClassifier(encoder, len(labels), marks=2, dropout=settings.head_dropout)

    def initialise(
        self,
        network: Any,
        examples: RelatedEntities,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """See the contract."""
        import torch

        from headwinds.adapt.networks.marked import initialise_marked_head

        classes = torch.from_numpy(classes_of(examples.given, labels)[training])
        initialise_marked_head(network, torch.nn.functional.one_hot(classes, len(labels)).float(), seed=seed)

    def targets(
        self,
        examples: RelatedEntities,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> ClassTargets:
        """The number of each text's relation."""
        import torch

        return ClassTargets(torch.from_numpy(classes_of(examples.given, labels)), settings.focal_gamma)

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: ClassTargets) -> torch.Tensor:
        """Cross-entropy over the relations."""
        import torch

        return classification_loss(outputs, torch.from_numpy(batch.rows), targets)

    def loss_units(self, batch: Batch, targets: ClassTargets) -> float:
        """Texts, or the weights of their classes."""
        import torch

        return classification_units(torch.from_numpy(batch.rows), targets)

    def score(
        self,
        outputs: Sequence[Any],
        examples: RelatedEntities,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """Mean log likelihood."""
        return mean_log_likelihood(outputs, classes_of(examples.given, labels)[rows])

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: RelatedEntities,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """One temperature, and with `calibration` = "isotonic" the relations' rising maps."""
        import numpy as np

        classes = classes_of(examples.given, labels)[rows]
        return fit_one_label_decoder(np.array(outputs, dtype=np.float64), classes, settings)

    def decode(
        self,
        outputs: Sequence[Any],
        examples: RelatedEntities,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`relation`, its `probability`, and `probabilities` in the order of the labels."""
        return [
            {
                "relation": name,
                "probability": shares[best],
                **abstained(decoder, shares[best]),
                "probabilities": shares,
            }
            for best, shares, name in decode_one_label(outputs, [labels] * len(outputs), decoder)
        ]

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: RelatedEntities,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Macro F1 as SemEval-2010 Task 8 scores it, micro F1 without "no relation", accuracy.

        Officially a relation is right with its direction alone; both directions count as one relation in the mean, and
        "Other" is no part of it (Hendrickx et al. 2010).
        """
        import numpy as np

        given, true = [item["relation"] for item in predictions], examples.given
        right = np.array([one == other for one, other in zip(given, true, strict=True)])
        bases = sorted({undirected(name) for name in labels if not is_none(name)})
        each = []
        with np.errstate(invalid="ignore", divide="ignore"):
            for base in bases:
                own_given = np.array([undirected(name) == base for name in given])
                own_true = np.array([undirected(name) == base for name in true])
                hits = weights @ (right & own_given & own_true)
                each.append(np.nan_to_num(2 * hits / (weights @ own_given + weights @ own_true)))
            some_given = np.array([not is_none(name) for name in given])
            some_true = np.array([not is_none(name) for name in true])
            micro = 2 * (weights @ (right & some_true)) / (weights @ some_given + weights @ some_true)
        found = {
            "macro_f1": np.mean(each, axis=0),
            "micro_f1": micro,
            "accuracy": weights @ right / weights.sum(axis=1),
            **selective_metrics(predictions, right, weights),
        }
        return found | {f"f1[{base}]": values for base, values in zip(bases, each, strict=True)}

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: RelatedEntities, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """See the contract."""
        return [
            Mistake(row, true, item["relation"], item["probability"])
            for row, (item, true) in enumerate(zip(predictions, examples.given, strict=True))
            if item["relation"] != true
        ]


def mark_entities(text: str, head: tuple[int, int], tail: tuple[int, int]) -> tuple[str, int, int]:
    """The text with marks around both entities, and the places of the two first marks."""
    first, second = sorted(((head, HEAD_MARK), (tail, TAIL_MARK)))
    (start, end), one = first
    (begin, stop), two = second
    before = f"{text[:start]} {one} {text[start:end]} {one} {text[end:begin]} "
    whole = f"{before}{two} {text[begin:stop]} {two} {text[stop:]}"
    places = {one: start + 1, two: len(before)}
    return whole, places[HEAD_MARK], places[TAIL_MARK]


def undirected(relation: str) -> str:
    """Cause-Effect(e2,e1) as Cause-Effect."""
    return re.sub(r"\((e1,\s*e2|e2,\s*e1)\)$", "", relation)


def is_none(relation: str) -> bool:
    """Whether it is the name of "no relation"."""
    return relation.lower() in NO_RELATION


def classes_of(given: Sequence[str], labels: tuple[str, ...]) -> NDArray[np.int64]:
    """The number of each label."""
    import numpy as np

    place = {name: number for number, name in enumerate(labels)}
    return np.array([place[name] for name in given], dtype=np.int64)


def _window_with(encoded: EncodedTexts, row: int, head: int, tail: int) -> tuple[int, tuple[int, int]] | None:
    for number in encoded.window_numbers(row):
        offsets = (encoded.offsets or [])[number].tolist()
        places = [
            next((place for place, (start, end) in enumerate(offsets) if start <= mark < end), -1)
            for mark in (head, tail)
        ]
        if min(places) >= 0:
            return number, (places[0], places[1])
    return None


def _entities(row: Row) -> tuple[str, tuple[int, int], tuple[int, int]]:
    text = text_cell(row, "text")
    if row.values.get("head") is None and row.values.get("tail") is None:
        return _inline(row, text)
    head, tail = _place(row, "head", text), _place(row, "tail", text)
    (_, end), (start, _) = sorted((head, tail))
    if start < end:
        raise DataError(f"{row.place}: head and tail overlap.", remedy="Mark two separate entities.")
    return text, head, tail


def _inline(row: Row, text: str) -> tuple[str, tuple[int, int], tuple[int, int]]:
    plain, marks, last = "", [], 0
    for found in INLINE.finditer(text):
        plain += text[last : found.start()]
        marks.append((found.group(), len(plain)))
        last = found.end()
    plain += text[last:]
    names = [name for name, _ in marks]
    if names not in (["<e1>", "</e1>", "<e2>", "</e2>"], ["<e2>", "</e2>", "<e1>", "</e1>"]):
        raise DataError(
            f"{row.place}: text marks {' '.join(names) or 'no entity'}, expected <e1>...</e1> and <e2>...</e2>.",
            remedy="Mark the two entities so, or give columns head and tail.",
        )
    at = dict(marks)
    for name in ("e1", "e2"):
        if not plain[at[f"<{name}>"] : at[f"</{name}>"]].strip():
            raise DataError(
                f"{row.place}: text marks nothing between <{name}> and </{name}>.",
                remedy="Mark the words of the entity, or leave the row out.",
            )
    return plain, (at["<e1>"], at["</e1>"]), (at["<e2>"], at["</e2>"])


def _place(row: Row, column: str, text: str) -> tuple[int, int]:
    value = row.values.get(column)
    item = [value.get("start"), value.get("end")] if isinstance(value, Mapping) else list_cell(row, column)
    try:
        start, end = (int(str(number)) for number in item)
    except (TypeError, ValueError):
        raise DataError(
            f"{row.place}: {column} = {quoted(value)} is no place.", remedy="Write [start, end]."
        ) from None
    if not 0 <= start < end <= len(text):
        raise DataError(
            f"{row.place}: {column} {start}-{end} lies outside of the text, which has {len(text)} characters.",
            remedy="Offsets count characters, the end exclusive.",
        )
    return start, end
