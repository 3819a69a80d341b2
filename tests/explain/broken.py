"""Series and panels in which it is known what breaks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwinds.explain.breaks.null_distribution import autoregressive


def series(
    seed: int, length: int = 60, persistence: float = 0.0, *, shift: float = 0.0, calmer: float = 1.0
) -> np.ndarray:
    """A series whose mean moves by `shift` in its middle; errors of variance one, from there on divided by `calmer`."""
    values = autoregressive(persistence, 1, length, np.random.default_rng(seed))[0]
    values[length // 2 :] /= calmer
    values[length // 2 :] += shift
    return values


def panel(
    seed: int,
    entities: int = 12,
    periods: int = 45,
    persistence: float = 0.0,
    *,
    shared: float = 0.0,
    shift: float = 0.0,
    spread: float = 0.0,
    calmer: float = 1.0,
) -> pd.DataFrame:
    """A panel in years from 1975 whose means move in the middle by `shift` on average and `spread` around it.

    Entities' errors have variances of their own, and a world error of standard deviation `shared` to which each responds
    between half and one and a half times. From the middle on all errors are divided by `calmer`.
    """
    draw = np.random.default_rng(seed)
    size = np.exp(draw.normal(0, 0.3, (entities, 1)))
    values = size * autoregressive(persistence, entities, periods, draw)
    values += shared * draw.uniform(0.5, 1.5, (entities, 1)) * autoregressive(persistence, 1, periods, draw)
    values[:, periods // 2 :] /= calmer
    values[:, periods // 2 :] += shift + spread * draw.normal(size=(entities, 1))
    years = np.arange(1975, 1975 + periods)
    names = [f"E{number:02d}" for number in range(entities)]
    return pd.DataFrame(
        {
            "entity": np.repeat(names, periods),
            "period": np.tile(years, entities),
            "value": values.ravel(),
        }
    )
