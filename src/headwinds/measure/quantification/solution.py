"""From what a quantifier found for each part to an Indicator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.indicator import Indicator

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts
    from headwinds.measure.quantification.problems import Choice, Teacher

    Solver = Callable[[Frame, Parts, Choice, Teacher], "Solution | None"]


@dataclass(frozen=True, slots=True)
class Solution:
    """Shares of the outputs (O) of one choice, for the parts (Q) that one teacher teaches.

    Attributes
    ----------
    pseudo
        Shape (n, O): values whose mean over the passages of a part is its share, and whose spread is that of the share
        from passage to passage (the share plus the influence of each passage on it).
    noise
        Shape (Q, O): variance of a part's share, were all its passages scored, given its true share: the errors of the
        classifier do not fall out alike in every part.
    audit
        Shape (Q, O, r): errors of the share by one standard error of each component of what the gold taught, signed.
    """

    pseudo: NDArray[np.float64]
    noise: NDArray[np.float64]
    audit: NDArray[np.float64]


def class_noise(
    frame: Frame,
    parts: Parts,
    teacher: Teacher,
    rest: NDArray[np.float64],
    held: NDArray[np.int64],
    weight: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Variance that a part's errors bring about its teacher's rates, shape (Q, O).

    Errors are exchangeable given the class in a population of N passages; a part of n passages has
    ``sum over classes of share x variance x (1/n - 1/N)``. Where gold came in whole documents it tells how errors go
    together in a document, and the variance is multiplied by that.

    Parameters
    ----------
    rest
        Shape (gold, O): influence of a gold passage's prediction, about its class's mean.
    held, weight
        Its class, and its weight within it.
    shares
        Shape (Q, K).
    """
    import numpy as np

    from headwinds.measure.gold_draws import gold_draws

    classes, outputs = shares.shape[1], rest.shape[1]
    unit = np.zeros((classes, outputs))
    np.add.at(unit, held, weight[:, None] * rest**2)
    count = np.bincount(held, minlength=classes)[:, None]
    unit *= count / np.maximum(count - 1, 1)
    draws, together = gold_draws(frame)
    if together:
        whole = 1 / frame.inclusion_probability[teacher.gold]
        scaled = (whole / whole.sum())[:, None] * rest
        _, home = np.unique(draws[teacher.gold], return_inverse=True)
        between = np.column_stack([np.bincount(home, weights=column) for column in scaled.T])
        unit *= np.maximum(1.0, (between**2).sum(axis=0) / np.maximum((scaled**2).sum(axis=0), 1e-300))
    gap = np.maximum(1 / np.maximum(parts.size, 1e-300) - 1 / max(teacher.size, 1e-300), 0.0)
    found: NDArray[np.float64] = (np.clip(np.nan_to_num(shares), 0.0, 1.0) @ unit) * gap[:, None]
    return found


def solve_choices(
    frame: Frame, parts: Parts, choices: list[Choice], solve: Solver
) -> tuple[list[tuple[Choice, list[tuple[Teacher, Solution | None]]]], list[str]]:
    """Every choice, by every teacher; and in words what could not be learnt."""
    from headwinds.measure.quantification.problems import find_teachers

    solved, without = [], []
    for choice in choices:
        teachers, lack = find_teachers(frame, parts, choice)
        found = [(teacher, solve(frame, parts, choice, teacher)) for teacher in teachers]
        solved.append((choice, found))
        names = ", ".join(f"'{frame.label_names[label]}'" for label in choice.labels)
        if lack:
            without.append(f"there are only {lack}")
        without += [
            f"the predictions of {names} do not tell its classes apart in the gold of {teacher.name}"
            for teacher, one in found
            if one is None
        ]
    return solved, without


def assemble(
    frame: Frame,
    cells: Cells,
    parts: Parts,
    solved: list[tuple[Choice, list[tuple[Teacher, Solution | None]]]],
    without: list[str],
    *,
    method: str,
    level: float,
    minimum_passages: int,
    minimum_documents: int,
    cluster_by_document: bool,
) -> Indicator:
    """Put the parts' shares together by cell; a label that nothing could be learnt of is NaN, and said."""
    import numpy as np
    from scipy.special import ndtri

    from headwinds.measure.cell_counts import count_cells
    from headwinds.measure.pools import sums
    from headwinds.measure.scores import mean_scores, score_variance

    size, labels = len(cells), len(frame.label_names)
    pseudo = np.full((len(frame), labels), np.nan)
    noise = np.full((len(parts.cell), labels), np.nan)
    columns: list[NDArray[np.float64]] = []
    share = parts.share[:, None]
    for choice, found in solved:
        for teacher, one in found:
            if one is None:
                continue
            taught = teacher.parts[parts.row]
            for place, label in enumerate(choice.labels):
                pseudo[taught, label] = one.pseudo[taught, place]
                noise[teacher.parts, label] = one.noise[teacher.parts, place]
            live = (teacher.parts & (parts.share > 0))[:, None]
            moved = np.zeros((labels, size, one.audit.shape[2]))
            for place, label in enumerate(choice.labels):
                # Of parts that it does not teach a teacher may say nothing (NaN), which is none of their error.
                moved[label] = sums(parts.cell, np.where(live, share * one.audit[:, place], 0.0), size)
            columns.append(moved.reshape(labels * size, -1))
    means = mean_scores(frame, parts, pseudo)
    present = share > 0
    value = sums(parts.cell, np.where(present, share * means, 0.0), size)
    value[np.bincount(parts.cell, weights=parts.size, minlength=size) <= 0] = np.nan
    lacking = np.isnan(value)
    seen = score_variance(
        frame,
        parts,
        np.nan_to_num(pseudo),
        np.ones_like(means),
        np.nan_to_num(means - value[parts.cell]),
        cluster=cluster_by_document,
    )
    scatter = sums(parts.cell, np.where(present, noise * share**2, 0.0), size)
    sampling = sums(parts.cell, np.where(present, seen, 0.0), size) + scatter
    factor = np.column_stack(columns) if columns else np.zeros((labels * size, 0))
    flat = value.T.reshape(-1)
    sampling[lacking] = np.nan
    unknown = np.isnan(factor).any(axis=1)
    sampling[unknown.reshape(labels, size).T] = np.nan
    factor[unknown | np.isnan(flat)] = 0.0
    variance = sampling.T.reshape(-1) + (factor**2).sum(axis=1)
    variance = np.where(variance > 0, variance, np.nan)
    reach = float(ndtri((1 + level) / 2)) * np.sqrt(variance)
    documents, passages, gold = count_cells(frame, cells)
    thin = np.tile((passages < minimum_passages) | (documents < minimum_documents), labels)
    lower = np.where(thin, np.nan, np.clip(flat - reach, 0.0, 1.0))
    upper = np.where(thin, np.nan, np.clip(flat + reach, 0.0, 1.0))
    return Indicator(
        keys=cells.keys,
        cells=cells.values * labels,
        labels=tuple(name for name in frame.label_names for _ in range(size)),
        value=flat,
        sampling_variance=np.where(np.isnan(variance), np.nan, sampling.T.reshape(-1)),
        audit_factor=factor,
        lower=lower,
        upper=upper,
        documents=np.tile(documents, labels),
        passages=np.tile(passages, labels),
        gold=np.tile(gold, labels),
        pooled=("corpus",) * (size * labels),
        method=method,
        findings=_findings(without, thin, np.isnan(lower), cells.keys),
    )


def _findings(
    without: list[str], thin: NDArray[np.bool_], undefined: NDArray[np.bool_], keys: tuple[str, ...]
) -> tuple[Finding, ...]:
    from headwinds.measure.cells import cells_by

    found = []
    if without:
        found.append(
            Finding(
                "W322",
                f"no shares of some labels: {'; '.join(without)}.",
                "Label more passages, or use the estimator 'difference', which needs no error rates.",
            )
        )
    if undefined.any():
        found.append(
            Finding(
                "W301",
                f"{int(undefined.sum())} of {len(undefined)} shares of {cells_by(keys)} have no interval ({int(thin.sum())} "
                "of them in cells that are too thin for one).",
                "Measure by wider cells.",
            )
        )
    return tuple(found)
