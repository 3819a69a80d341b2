"""Error rates that move with the predicted share of the cell, as lines fitted on the gold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts
    from headwinds.measure.quantification.problems import Choice, Teacher
    from headwinds.measure.quantification.solution import Solution

LEAST_GOLD = 20
"""Gold passages of either class below which no line is fitted."""


def solve_curve(frame: Frame, parts: Parts, choice: Choice, teacher: Teacher) -> Solution | None:
    """Shares of the parts by ``(q - f(q)) / (t(q) - f(q))``, both rates linear in the part's share of decisions q.

    None if either class has too little gold or the parts' shares of decisions do not differ.
    """
    import numpy as np

    from headwinds.measure.gold_draws import mean_covariance
    from headwinds.measure.quantification.adjusted import LEAST_SEPARATION
    from headwinds.measure.quantification.solution import Solution, class_noise
    from headwinds.measure.scores import mean_scores

    gold = teacher.gold
    held = choice.gold_class[gold]
    decision = choice.score[:, [1]]
    share = mean_scores(frame, parts, decision)[:, 0]
    draw = 1 / frame.inclusion_probability[gold]
    place = share[parts.gold[gold]]
    centre = float((draw * place).sum() / draw.sum())
    seen = decision[frame.gold_rows[gold], 0]
    lines, rest, weight = np.zeros((2, 2)), np.zeros(len(gold)), np.zeros(len(gold))
    influence = np.zeros((len(gold), 4))
    for kind in (0, 1):
        here = held == kind
        if here.sum() < LEAST_GOLD:
            return None
        design = np.column_stack([np.ones(here.sum()), place[here] - centre])
        moment = (design * draw[here, None]).T @ design
        if np.linalg.eigvalsh(moment).min() < 1e-9 * np.trace(moment):
            return None
        bread = np.linalg.inv(moment)
        lines[kind] = bread @ (design.T @ (draw[here] * seen[here]))
        rest[here] = seen[here] - design @ lines[kind]
        weight[here] = draw[here] / draw[here].sum()
        influence[here, 2 * kind : 2 * kind + 2] = (draw[here] * rest[here])[:, None] * (design @ bread)
    moved = np.nan_to_num(share) - centre
    alarms, hits = lines[0, 0] + lines[0, 1] * moved, lines[1, 0] + lines[1, 1] * moved
    gap = hits - alarms
    gap = np.where(gap >= LEAST_SEPARATION, gap, np.nan)
    value = (share - alarms) / gap
    by_rate = np.column_stack([-(1 - value), -(1 - value) * moved, -value, -value * moved]) / gap[:, None]
    slope = (1 - value * lines[1, 1] - (1 - value) * lines[0, 1]) / gap
    values, vectors = np.linalg.eigh(np.nan_to_num(mean_covariance(influence, frame, gold, lost=2)))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    typical = float(lines[1, 0] - lines[0, 0])
    shares = np.column_stack([1 - value, value])
    noise = class_noise(frame, parts, teacher, rest[:, None] / typical, held, weight, shares)
    return Solution(
        pseudo=(value[parts.row] + slope[parts.row] * (decision[:, 0] - share[parts.row]))[:, None],
        noise=noise,
        audit=np.nan_to_num(by_rate @ root)[:, None, :],
    )
