"""Bayesian quantification: the posterior of shares and error rates together, one label at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts
    from headwinds.measure.quantification.problems import Choice, Teacher

ASSUMES = (
    "the true- and false-positive rates of the decisions are the same in every cell of a stratum, passages are independent, "
    "and every share and rate was equally likely before"
)


def estimate(
    frame: Frame,
    cells: Cells,
    *,
    level: float = 0.95,
    minimum_passages: int = 10,
    minimum_documents: int = 2,
    draws: int = 2000,
    seed: int = 0,
    on_drift: str = "refuse",
) -> Indicator:
    """Posterior mean and quantiles of each share (Ziegler and Czyż 2024), with the gold and unseen passages of the cell.

    Never outside [0, 1], and honest where the rates are hardly known. `audit_factor` is what the draws of the rates explain
    of those of the shares.

    Raises
    ------
    SettingsError
        The labels exclude each other, or are graded.
    EstimationError
        The gold rejects equal rates, and `on_drift` is "refuse".
    """
    import numpy as np

    from headwinds.measure.cell_counts import count_cells
    from headwinds.measure.cells import cells_by
    from headwinds.measure.label_kinds import empty_indicator
    from headwinds.measure.pools import make_parts
    from headwinds.measure.quantification.estimate import check_rates
    from headwinds.measure.quantification.problems import find_teachers, make_choices

    if frame.kind == "multi-class":
        raise SettingsError(
            "Bayesian quantification is for labels that hold or do not, one by one, not for classes.",
            remedy="Use 'expectation-maximisation' or 'adjusted-count'.",
        )
    warned = check_rates(frame, cells, "bayesian", ASSUMES, on_drift, independent=True)
    parts = make_parts(frame, cells)
    size, labels = len(cells), len(frame.label_names)
    rng = np.random.default_rng(seed)
    value, sampling = np.full((labels, size), np.nan), np.full((labels, size), np.nan)
    lower, upper = value.copy(), value.copy()
    columns: list[NDArray[np.float64]] = []
    without = []
    for label, choice in enumerate(make_choices(frame, decided=True)):
        teachers, lack = find_teachers(frame, parts, choice)
        if lack:
            without.append(f"there are only {lack}")
            continue
        drawn, rates = _draw_cells(frame, parts, choice, teachers, size, draws, rng)
        value[label] = drawn.mean(axis=1)
        lower[label], upper[label] = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
        design = (rates - rates.mean(axis=2, keepdims=True)) / np.maximum(
            rates.std(axis=2, keepdims=True), 1e-12
        )
        about = drawn - value[label][:, None]
        slopes = np.stack(
            [np.linalg.lstsq(x.T, y, rcond=None)[0] for x, y in zip(design, about, strict=True)]
        )
        rest = about - np.einsum("ck,ckd->cd", slopes, design)
        sampling[label] = rest.var(axis=1)
        moved = np.zeros((labels, size, slopes.shape[1]))
        moved[label] = slopes
        columns.append(moved.reshape(labels * size, -1))
    documents, passages, _ = count_cells(frame, cells)
    thin = (passages < minimum_passages) | (documents < minimum_documents)
    lower[:, thin], upper[:, thin] = np.nan, np.nan
    found = empty_indicator(frame, cells, "bayesian")
    findings = list(warned)
    if without:
        findings.append(
            Finding("W322", f"no shares of some labels: {'; '.join(without)}.", "Label more passages.")
        )
    lost = np.isnan(lower)
    if lost.any():
        findings.append(
            Finding(
                "W301",
                f"{int(lost.sum())} of {lost.size} shares of {cells_by(cells.keys)} have no interval "
                f"({int(thin.sum()) * labels} of them in cells that are too thin for one).",
                "Measure by wider cells.",
            )
        )
    return replace(
        found,
        value=value.reshape(-1),
        sampling_variance=np.where(sampling > 0, sampling, np.nan).reshape(-1),
        audit_factor=np.column_stack(columns) if columns else np.zeros((labels * size, 0)),
        lower=lower.reshape(-1),
        upper=upper.reshape(-1),
        pooled=("corpus",) * (size * labels),
        findings=tuple(findings),
    )


def _draw_cells(
    frame: Frame,
    parts: Parts,
    choice: Choice,
    teachers: list[Teacher],
    size: int,
    draws: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draws of each cell's share (C, draws), and of the rates that went with them (C, 2 x teachers, draws)."""
    import numpy as np

    from headwinds.measure.quantification.bayesian import draw_rates, draw_shares, systematic, weigh_rates

    count = len(parts.cell)
    decided = choice.score[:, 1]
    read = np.zeros(len(frame), dtype=bool)
    read[frame.gold_rows] = True
    positive = np.bincount(parts.row, weights=decided * ~read, minlength=count).astype(np.float64)
    unread = np.bincount(parts.row, weights=~read, minlength=count).astype(np.float64)
    found_positive = np.bincount(parts.gold, weights=choice.gold_class, minlength=count)
    gold = np.bincount(parts.gold, minlength=count)
    alarms, hits = np.zeros((len(teachers), draws)), np.zeros((len(teachers), draws))
    logarithm = np.zeros((size, draws))
    for number, teacher in enumerate(teachers):
        table = _gold_counts(frame, choice, teacher)
        alarms[number], hits[number] = draw_rates(table, draws, rng)
        mine = np.flatnonzero(teacher.parts & (parts.share > 0))
        weight = weigh_rates(positive[mine], (unread - positive)[mine], alarms[number], hits[number])
        np.add.at(logarithm, parts.cell[mine], np.log(np.maximum(weight, 1e-300)))
    chosen = systematic(np.exp(logarithm - logarithm.max(axis=1, keepdims=True)), rng)
    shares = np.zeros((size, draws))
    for number, teacher in enumerate(teachers):
        mine = np.flatnonzero(teacher.parts & (parts.share > 0))
        index = chosen[parts.cell[mine]]
        low, high = alarms[number][index], hits[number][index]
        yes, no = positive[mine], (unread - positive)[mine]
        chance = np.nan_to_num(draw_shares(yes, no, low, high, rng.random(index.shape)))
        # The passages themselves: read ones are known, scored ones lean on their decision, the rest are as likely as any.
        said = high * chance / np.maximum(high * chance + low * (1 - chance), 1e-300)
        denied = (1 - high) * chance / np.maximum((1 - high) * chance + (1 - low) * (1 - chance), 1e-300)
        total = found_positive[mine][:, None] + rng.binomial(yes.astype(int)[:, None], np.clip(said, 0, 1))
        total = total + rng.binomial(no.astype(int)[:, None], np.clip(denied, 0, 1))
        left = np.maximum(np.round(parts.size[mine] - unread[mine] - gold[mine]), 0).astype(int)
        total = total + rng.binomial(left[:, None], np.clip(chance, 0, 1))
        number_of = np.maximum(unread[mine] + gold[mine] + left, 1)[:, None]
        np.add.at(shares, parts.cell[mine], parts.share[mine][:, None] * total / number_of)
    rates = np.concatenate([alarms[:, chosen], hits[:, chosen]])
    return shares, rates.transpose(1, 0, 2)


def _gold_counts(frame: Frame, choice: Choice, teacher: Teacher) -> NDArray[np.float64]:
    """Gold by label and decision; drawn unequally or together, it counts as the passages it is worth (Kish 1965)."""
    import numpy as np

    from headwinds.measure.gold_draws import gold_draws

    draws, together = gold_draws(frame)
    held = choice.gold_class[teacher.gold]
    decided = choice.score[frame.gold_rows[teacher.gold], 1].astype(int)
    weight = 1 / frame.inclusion_probability[teacher.gold]
    table = np.zeros((2, 2))
    for kind in (0, 1):
        mine = weight[held == kind]
        worth = mine.sum() ** 2 / (mine**2).sum()
        if together:
            rest = mine * (decided[held == kind] - (mine @ decided[held == kind]) / mine.sum())
            _, home = np.unique(draws[teacher.gold][held == kind], return_inverse=True)
            worth /= max(
                1.0, float((np.bincount(home, weights=rest) ** 2).sum() / max((rest**2).sum(), 1e-300))
            )
        table[kind] = np.bincount(decided[held == kind], weights=mine, minlength=2) / mine.sum() * worth
    return table
