"""Kernel densities of the probabilities under each class (KDEy), by QuaPy; the error of the shares is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.errors import EstimationError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts
    from headwinds.measure.quantification.mixture import Mixture
    from headwinds.measure.quantification.problems import Choice, Teacher
    from headwinds.measure.quantification.solution import Solution

BANDWIDTH = 0.1
LEAST_SPREAD = 1e-9
"""Range of the gold's probabilities below which they tell nothing apart."""


def quapy_quantifier(
    probability: NDArray[np.float64], held: NDArray[np.int64], classes: int, bandwidth: float = BANDWIDTH
) -> Any:
    """QuaPy's `KDEyML`, fitted on probabilities and classes that are there already.

    Raises
    ------
    SettingsError
        QuaPy is not installed.
    """
    try:
        from quapy.method.aggregative import KDEyML
    except ImportError as problem:
        raise SettingsError(
            "the estimator 'kernel-density' needs QuaPy, which is not installed.",
            remedy="Run: pip install 'headwinds[quantification]'.",
        ) from problem
    from sklearn.dummy import DummyClassifier

    names = list(range(classes))
    # QuaPy reads the names of the classes off a classifier; nothing is predicted with it.
    stand_in = DummyClassifier().fit([[0]] * classes, names)
    quantifier = KDEyML(stand_in, fit_classifier=False, val_split=None, bandwidth=bandwidth)
    quantifier.aggregation_fit(probability, held)
    return quantifier


def solve_kernel_density(frame: Frame, parts: Parts, choice: Choice, teacher: Teacher) -> Solution | None:
    """Shares of the parts that `teacher` teaches from QuaPy's densities; their errors by the influence of passages and gold.

    The shares are those that QuaPy's own search of the likelihood gives for a part alone, found for all parts at once.

    Raises
    ------
    EstimationError
        The gold was drawn with unequal probabilities, which kernel densities of QuaPy cannot weigh.
    """
    import numpy as np

    from headwinds.measure.quantification.mixture import fit_mixture
    from headwinds.measure.quantification.problems import gold_weights
    from headwinds.measure.quantification.solution import Solution, class_noise

    gold = teacher.gold
    draw = frame.inclusion_probability[gold]
    if float(draw.max()) > 1.01 * float(draw.min()):
        raise EstimationError(
            f"kernel densities take all gold of {teacher.name} as equally likely to be drawn, and its inclusion "
            f"probabilities go from {draw.min():.3g} to {draw.max():.3g}.",
            remedy="Use 'expectation-maximisation', which weighs the gold.",
        )
    held = choice.gold_class[gold]
    scored = choice.score[frame.gold_rows[gold]]
    if float(np.ptp(scored, axis=0).max()) < LEAST_SPREAD:
        return None
    quantifier = quapy_quantifier(scored, held, choice.classes)
    points, place = _points(choice.score)
    at_points = np.column_stack([quantifier.pdf(one, points, "gaussian") for one in quantifier.mix_densities])
    density = at_points[place]
    mixture = fit_mixture(np.maximum(density, 1e-12), frame.weight, parts.row, len(parts.cell))
    shares = mixture.shares
    outputs = list(choice.outputs)
    audit = _audit(frame, parts, choice, teacher, (points, place, at_points), mixture)
    rest = density[frame.gold_rows[gold]]
    return Solution(
        pseudo=(shares[parts.row] + mixture.influence)[:, outputs],
        noise=class_noise(
            frame,
            parts,
            teacher,
            _about_class(rest, held, gold_weights(frame, gold, held), choice.classes)[:, outputs],
            held,
            gold_weights(frame, gold, held),
            np.nan_to_num(shares),
        ),
        audit=audit[:, outputs],
    )


def _about_class(
    density: NDArray[np.float64], held: NDArray[np.int64], weight: NDArray[np.float64], classes: int
) -> NDArray[np.float64]:
    """Influence of a gold passage's prediction on the gold's own shares, about its class's mean."""
    import numpy as np

    from headwinds.measure.quantification.mixture import mixture_score

    whole = np.bincount(held, minlength=classes) / len(held)
    score = mixture_score(density, whole[None, :])
    free = score @ np.linalg.pinv(score.T @ score / len(held))
    influence = np.column_stack([-free.sum(axis=1), free])
    mean = np.zeros((classes, classes))
    np.add.at(mean, held, weight[:, None] * influence)
    found: NDArray[np.float64] = influence - mean[held]
    return found


def _points(score: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Where densities are evaluated, shape (points, K), and the point of each passage.

    Of two classes probabilities lie on a line: passages within a two-thousandth of it share a point, a two-hundredth of the
    bandwidth, so that a million passages cost as much as a thousand.
    """
    import numpy as np

    if score.shape[1] > 2:
        return score, np.arange(len(score), dtype=np.int64)
    used, place = np.unique(np.round(score[:, 1] * 1000).astype(np.int64), return_inverse=True)
    # The mean of those that share a point stands for them, so that nothing is shifted.
    line = np.bincount(place, weights=score[:, 1]) / np.bincount(place)
    return np.column_stack([1 - line, line])[: len(used)], place


def _audit(
    frame: Frame,
    parts: Parts,
    choice: Choice,
    teacher: Teacher,
    grid: tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]],
    mixture: Mixture,
) -> NDArray[np.float64]:
    """Error of the shares through the kernels, each of which sits on a gold passage, shape (Q, K, r)."""
    import numpy as np

    from headwinds.measure.gold_draws import gold_draws
    from headwinds.measure.quantification.problems import gold_weights

    points, place, own = grid
    gold, classes, count = teacher.gold, choice.classes, len(parts.cell)
    held = choice.gold_class[gold]
    centres = choice.score[frame.gold_rows[gold]]
    weight = gold_weights(frame, gold, held)
    # As in scikit-learn: the normal density in as many dimensions as there are classes.
    factor = (2 * np.pi * BANDWIDTH**2) ** (-classes / 2)
    squared = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)[None, :] - 2 * points @ centres.T
    moved = factor * np.exp(-squared / (2 * BANDWIDTH**2)) - own[:, held]
    influence = np.zeros((count, classes, len(gold)))
    for part in np.flatnonzero(teacher.parts & (parts.sampled > 0)):
        inside = parts.row == part
        share = np.bincount(place[inside], weights=frame.weight[inside], minlength=len(points))
        used = np.flatnonzero(share)
        share = share[used] / share.sum()
        mixed = np.maximum(own[used] @ mixture.shares[part], 1e-12)
        free = np.zeros((classes - 1, len(gold)))
        for one in range(1, classes):
            through = -share * (own[used, one] - own[used, 0]) / mixed**2
            direct = (held == one).astype(np.float64) - (held == 0).astype(np.float64)
            free[one - 1] = mixture.shares[part][held] * (through @ moved[used])
            free[one - 1] += direct * ((share / mixed) @ moved[used])
        free = mixture.bread[part] @ free * weight
        influence[part] = np.vstack([-free.sum(axis=0), free])
    flat = np.nan_to_num(influence.reshape(count * classes, len(gold)))
    draws, together = gold_draws(frame)
    flat = flat * np.sqrt(1 - np.minimum(frame.inclusion_probability[gold], 1.0))
    if together:
        _, home = np.unique(draws[gold], return_inverse=True)
        flat = np.column_stack([flat[:, home == one].sum(axis=1) for one in range(int(home.max()) + 1)])
    flat *= np.sqrt(flat.shape[1] / max(flat.shape[1] - 1, 1))
    left, spread, _ = np.linalg.svd(flat, full_matrices=False)
    keep = spread > 1e-6 * max(float(spread.max(initial=0.0)), 1e-300)
    found: NDArray[np.float64] = (left[:, keep] * spread[keep]).reshape(count, classes, -1)
    return found
