"""Maximum likelihood under label shift from probabilities that were calibrated on the gold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts
    from headwinds.measure.quantification.problems import Choice, Teacher
    from headwinds.measure.quantification.solution import Solution

STEP = 1e-4


def solve_label_shift(frame: Frame, parts: Parts, choice: Choice, teacher: Teacher) -> Solution | None:
    """Shares of the parts that `teacher` teaches; None if its gold does not tell the classes apart.

    The densities of a passage under the classes are, up to a factor, its calibrated probabilities over the gold's shares.
    Gold enters by calibration and shares; both errors are carried (implicit differentiation of the likelihood equations).
    """
    import numpy as np

    from headwinds.measure.gold_draws import mean_covariance
    from headwinds.measure.pools import sums
    from headwinds.measure.quantification.calibration import calibrate, calibrated, logarithms
    from headwinds.measure.quantification.mixture import fit_mixture, mixture_score
    from headwinds.measure.quantification.problems import gold_weights
    from headwinds.measure.quantification.solution import Solution, class_noise

    classes, gold = choice.classes, teacher.gold
    held = choice.gold_class[gold]
    scored = choice.score[frame.gold_rows[gold]]
    draw = 1 / frame.inclusion_probability[gold]
    calibration = calibrate(scored, held, draw)
    if calibration.parameters[0] <= 0.05:
        return None
    share = draw / draw.sum()
    held_one = (held[:, None] == np.arange(classes)).astype(np.float64)
    prior = share @ held_one
    start = np.concatenate([calibration.parameters, prior[1:]])

    def density(parameters: NDArray[np.float64], logs: NDArray[np.float64]) -> NDArray[np.float64]:
        first = np.concatenate([[1 - parameters[classes:].sum()], parameters[classes:]])
        return np.asarray(calibrated(logs, parameters[:classes]) / first, dtype=np.float64)

    rows, count = np.flatnonzero(teacher.parts[parts.row]), len(parts.cell)
    row, logs, drawn = parts.row[rows], logarithms(choice.score[rows]), frame.weight[rows]
    mixture = fit_mixture(density(start, logs), drawn, row, count)
    total = np.bincount(row, weights=drawn, minlength=count)
    relative = drawn / total[row]
    shares = np.nan_to_num(mixture.shares)
    moves = []
    for place in range(len(start)):
        bent = []
        for sign in (1, -1):
            parameters = start.copy()
            parameters[place] += sign * STEP
            score = mixture_score(density(parameters, logs), shares[row])
            bent.append(sums(row, relative[:, None] * score, count))
        slope = (bent[0] - bent[1]) / (2 * STEP)
        free = np.einsum("qkl,ql->qk", mixture.bread, slope)
        moves.append(np.column_stack([-free.sum(axis=1), free]))
    jacobian = np.stack(moves, axis=2)
    influence = np.column_stack([calibration.influence, (share[:, None] * (held_one - prior))[:, 1:]])
    values, vectors = np.linalg.eigh(np.nan_to_num(mean_covariance(influence, frame, gold)))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    outputs = list(choice.outputs)
    rest = _gold_influence(frame, choice, teacher, density(start, logarithms(scored)), held)
    pseudo = np.full((len(frame), classes), np.nan)
    pseudo[rows] = mixture.shares[row] + mixture.influence
    weight = gold_weights(frame, gold, held)
    return Solution(
        pseudo=pseudo[:, outputs],
        noise=class_noise(frame, parts, teacher, rest[:, outputs], held, weight, shares),
        audit=(jacobian @ root)[:, outputs],
    )


def _gold_influence(
    frame: Frame, choice: Choice, teacher: Teacher, density: NDArray[np.float64], held: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Influence of the gold's predictions on the shares of all that the teacher stands for, about each class's mean."""
    import numpy as np

    from headwinds.measure.quantification.mixture import mixture_score
    from headwinds.measure.quantification.problems import gold_weights

    weight = gold_weights(frame, teacher.gold, held)
    draw = 1 / frame.inclusion_probability[teacher.gold]
    whole = np.bincount(held, weights=draw, minlength=choice.classes) / draw.sum()
    score = mixture_score(density, whole[None, :])
    information = (score * (draw / draw.sum())[:, None]).T @ score
    free = score @ np.linalg.pinv(information)
    influence = np.column_stack([-free.sum(axis=1), free])
    mean = np.zeros((choice.classes, choice.classes))
    np.add.at(mean, held, weight[:, None] * influence)
    found: NDArray[np.float64] = influence - mean[held]
    return found
