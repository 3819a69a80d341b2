"""The sampled passages with their predictions, the gold among them, and the population they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.errors import DataError, MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


KINDS = ("multi-label", "multi-class", "score")


@dataclass(frozen=True, slots=True)
class Population:
    """Known counts of the population's passages, one row a combination of design stratum and keys.

    Attributes
    ----------
    strata
        Shape (rows,): design strata, spelt as in the frame.
    keys
        Each of shape (rows,), by name.
    count
        Shape (rows,): passages of the population.
    """

    strata: NDArray[np.str_]
    keys: Mapping[str, NDArray[Any]]
    count: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """A two-phase sample of passages (n) with predictions for L labels; make it with `make_frame`.

    Attributes
    ----------
    document_ids, strata
        Shape (n,). A stratum is the gold's design stratum, e.g. "none / 1990-2000": what stands before " / " is the
        stratum proper, over which corrections may be pooled (`contracts.stratum_names`).
    keys
        Each of shape (n,), by name: year, country, group.
    weight
        Shape (n,): passages of the population that this one stands for.
    probability, label
        Shape (n, L): cross-fitted probability of each label, and its thresholded decision; for a score both are the
        predicted score, brought from `value_range` to [0, 1].
    gold_rows, gold_labels, inclusion_probability
        Shapes (m,), (m, L), (m,): which rows were read, what was found (for a score a number in [0, 1]), and with what
        probability the design drew each *from the population*. In the order of the rows.
    label_names
        In codebook order.
    population
        Known counts, or None where the weights must estimate them.
    stratum_names, stratum_code, document_code
        Sorted design strata; each row's stratum and document as an integer.
    kind
        "multi-label" (any number of labels may hold), "multi-class" (exactly one does) or "score" (graded labels).
    value_range
        The ends of the scale of a score; an Indicator is given in its units.
    gold_draw
        Shape (m,): gold passages with one value were drawn together (a whole document, all of a country); None where
        the user does not say, see `gold_draws`.
    """

    document_ids: NDArray[np.str_]
    strata: NDArray[np.str_]
    keys: Mapping[str, NDArray[Any]]
    weight: NDArray[np.float64]
    probability: NDArray[np.float64]
    label: NDArray[Any]
    gold_rows: NDArray[np.int64]
    gold_labels: NDArray[Any]
    inclusion_probability: NDArray[np.float64]
    label_names: tuple[str, ...]
    population: Population | None
    stratum_names: tuple[str, ...]
    stratum_code: NDArray[np.int64]
    document_code: NDArray[np.int64]
    kind: str = "multi-label"
    value_range: tuple[float, float] = (0.0, 1.0)
    gold_draw: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.weight)


def make_frame(
    *,
    document_ids: ArrayLike,
    strata: ArrayLike,
    keys: Mapping[str, ArrayLike],
    weight: ArrayLike,
    probability: ArrayLike,
    label: ArrayLike,
    gold_rows: ArrayLike,
    gold_labels: ArrayLike,
    inclusion_probability: ArrayLike | None,
    label_names: tuple[str, ...],
    population: Population | None = None,
    kind: str = "multi-label",
    value_range: tuple[float, float] = (0.0, 1.0),
    gold_draw: ArrayLike | None = None,
) -> Frame:
    """Check the arrays against each other and put them in one frame; for a score, `probability` is the predicted score.

    Raises
    ------
    MismatchError
        If shapes disagree, a gold row does not exist or is named twice, or the population misses or undercounts a
        sampled passage.
    DataError
        If a probability, weight or inclusion probability is out of range or missing, a stratum has no gold, or the
        classes of a passage do not add up to one.
    SettingsError
        If there is no such kind, or its range is empty.
    """
    import numpy as np

    from headwinds.measure.encode import encode
    from headwinds.measure.label_kinds import check_classes, check_held, check_kind, scale_scores

    document_code, _ = encode(document_ids)
    stratum_code, stratum_names = encode(strata)
    rows, count = len(document_code), len(label_names)
    arrays = {
        "strata": (stratum_code, (rows,)),
        "weight": (np.asarray(weight, dtype=np.float64), (rows,)),
        "probability": (np.asarray(probability, dtype=np.float64), (rows, count)),
        "label": (np.asarray(label), (rows, count)),
        **{f"key '{name}'": (np.asarray(value), (rows,)) for name, value in keys.items()},
    }
    for name, (array, shape) in arrays.items():
        if array.shape != shape:
            raise MismatchError(f"{name} has shape {array.shape}, expected {shape} (passages, labels).")
    gold = np.asarray(gold_rows, dtype=np.int64)
    truth = np.asarray(gold_labels)
    if inclusion_probability is None:
        raise _unknown_design()
    inclusion = np.asarray(inclusion_probability, dtype=np.float64)
    check_kind(kind, value_range, label_names)
    probability = arrays["probability"][0]
    if kind == "score":
        probability, truth = scale_scores(probability, truth, value_range, label_names)
    _check_scores(probability, arrays["weight"][0], label_names)
    _check_gold(gold, truth, inclusion, rows, count)
    if kind != "score":
        check_held(truth, gold, label_names)
    if kind == "multi-class":
        check_classes(probability, truth, gold)
    draw = None if gold_draw is None else encode(gold_draw)[0]
    if draw is not None and draw.shape != gold.shape:
        raise MismatchError(
            f"gold_draw has shape {draw.shape}, expected {gold.shape}: one value a gold passage."
        )
    without = sorted(set(range(len(stratum_names))) - set(stratum_code[gold].tolist()))
    if without:
        raise DataError(
            f"stratum '{stratum_names[without[0]]}' holds passages but no gold, so nothing corrects the classifier there.",
            remedy="Label a random sample of it, or leave the stratum out of the study.",
        )
    order = np.argsort(
        gold, kind="stable"
    )  # nothing hangs on the order in which the gold is named: folds, draws, sums
    frame = Frame(
        document_ids=np.asarray(document_ids),
        strata=np.asarray(strata),
        keys={name: np.asarray(value) for name, value in keys.items()},
        weight=arrays["weight"][0],
        probability=probability,
        label=probability if kind == "score" else arrays["label"][0].astype(bool),
        gold_rows=gold[order],
        gold_labels=(truth if kind == "score" else truth.astype(bool))[order],
        inclusion_probability=inclusion[order],
        label_names=tuple(label_names),
        population=population,
        stratum_names=tuple(str(name) for name in stratum_names),
        stratum_code=stratum_code,
        document_code=document_code,
        kind=kind,
        value_range=value_range,
        gold_draw=None if draw is None else draw[order],
    )
    if population is not None:
        _check_population(frame, population)
    return frame


def _unknown_design() -> DataError:
    return DataError(
        "gold has no inclusion probabilities, so no share with an honest interval can be made from it.",
        remedy="Was it a simple random sample? Then give every gold passage of a stratum the number labelled divided by "
        "the passages of that stratum in the whole corpus; if not, give the probabilities of the design that drew it.",
    )


def _check_scores(
    probability: NDArray[np.float64], weight: NDArray[np.float64], label_names: tuple[str, ...]
) -> None:
    import numpy as np

    bad = ~((probability >= 0) & (probability <= 1))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            f"probability of label '{label_names[column]}' in row {row} is {probability[row, column]}, "
            f"expected a number in [0, 1] ({int(bad.sum())} such).",
            remedy="Score the passages again.",
        )
    wrong = ~((weight >= 1 - 1e-9) & np.isfinite(weight))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"weight in row {row} is {weight[row]}, expected at least 1: a passage stands for itself."
        )


def _check_gold(
    gold: NDArray[np.int64], truth: NDArray[Any], inclusion: NDArray[np.float64], rows: int, count: int
) -> None:
    import numpy as np

    if truth.shape != (len(gold), count) or inclusion.shape != gold.shape:
        raise MismatchError(
            f"gold has {len(gold)} rows, labels of shape {truth.shape} and {inclusion.size} inclusion probabilities; "
            f"expected ({len(gold)}, {count}) and {len(gold)}."
        )
    outside = gold[(gold < 0) | (gold >= rows)]
    if outside.size:
        raise MismatchError(f"gold row {outside[0]} is not among the {rows} passages of the corpus.")
    if len(np.unique(gold)) != len(gold):
        values, seen = np.unique(gold, return_counts=True)
        raise MismatchError(f"gold names passage row {values[seen > 1][0]} more than once.")
    if len(inclusion) and np.isnan(inclusion).all():
        raise _unknown_design()
    bad = ~((inclusion > 0) & (inclusion <= 1 + 1e-12))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"inclusion probability of gold row {row} is {inclusion[row]}, expected a number in (0, 1].",
            remedy="It is the probability with which the design drew this passage from the whole corpus.",
        )


def _check_population(frame: Frame, population: Population) -> None:
    """Every sampled combination of stratum and keys must be in the population, with at least as many passages."""
    import numpy as np

    from headwinds.measure.encode import encode_together

    if set(population.keys) - set(frame.keys):
        missing = sorted(set(population.keys) - set(frame.keys))[0]
        raise MismatchError(f"the population is counted by '{missing}', which is no key of the corpus.")
    count = np.asarray(population.count, dtype=np.float64)
    if not np.all((count >= 0) & np.isfinite(count)):
        raise DataError(
            "a population count is negative or missing; expected a number of passages in each row."
        )
    names = sorted(population.keys)
    first = [frame.strata, *(frame.keys[name] for name in names)]
    second = [np.asarray(population.strata), *(np.asarray(population.keys[name]) for name in names)]
    code, other, size = encode_together(first, second)
    sampled = np.bincount(code, minlength=size)
    known = np.bincount(other, weights=count, minlength=size)
    short = sampled > known + 1e-6
    if short.any():
        row = int(np.flatnonzero(short[code])[0])
        where = ", ".join([str(frame.strata[row]), *(f"{name} {frame.keys[name][row]}" for name in names)])
        raise MismatchError(
            f"the population counts {known[code[row]]:.0f} passages in {where}, the sample holds {sampled[code[row]]}.",
            remedy="Count the whole corpus by stratum and keys, not the sample.",
        )
