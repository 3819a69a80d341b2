"""Effects are taken out exactly, and the diagonal of what takes them out is right."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.errors import EstimationError
from headwinds.explain.measured import projection
from headwinds.explain.measured.projection import make_projection


def gappy(seed: int, *levels: int, rows: int = 400) -> list[np.ndarray]:
    """Codes of effects that cross unevenly; every level is there."""
    rng = np.random.default_rng(seed)
    return [np.concatenate([np.arange(count), rng.integers(0, count, rows - count)]) for count in levels]


def dense(effects: list[np.ndarray], rows: int) -> np.ndarray:
    dummies = np.column_stack([np.ones((rows, 1)), *(np.eye(code.max() + 1)[code] for code in effects)])
    return np.eye(rows) - dummies @ np.linalg.pinv(dummies)


@pytest.mark.parametrize(
    "effects",
    [[], gappy(0, 30), gappy(1, 30, 12), gappy(2, 12, 40, 5), [np.arange(400) // 4, np.arange(400) // 100]],
    ids=["none", "one", "two", "three", "nested"],
)
def test_residuals_and_diagonal_are_those_of_the_dense_matrix(effects):
    matrix, made = dense(effects, 400), make_projection(effects, 400)
    columns = np.random.default_rng(5).normal(size=(400, 3))
    assert made.residuals(columns) == pytest.approx(matrix @ columns, abs=1e-11)
    assert made.residuals(columns[:, 0]) == pytest.approx(matrix @ columns[:, 0], abs=1e-11)
    assert made.diagonal == pytest.approx(np.diag(matrix), abs=1e-11)
    assert made.rank == 400 - round(float(np.trace(matrix)))
    assert made.diagonal_error == 0


def test_many_levels_go_through_the_iterative_solver_with_the_same_result(monkeypatch):
    effects = gappy(3, 60, 40, rows=2000)
    exact = make_projection(effects, 2000)
    monkeypatch.setattr(projection, "LARGEST_SYSTEM", 10)
    made = make_projection(effects, 2000)
    columns = np.random.default_rng(5).normal(size=(2000, 3))
    assert made.residuals(columns) == pytest.approx(exact.residuals(columns), abs=1e-7)
    assert made.rank == exact.rank
    assert 0 < made.diagonal_error < 0.01
    variance = np.random.default_rng(6).exponential(size=2000)
    assert made.diagonal @ variance == pytest.approx(exact.diagonal @ variance, rel=5 * made.diagonal_error)


def test_what_the_effects_explain_is_left_as_exactly_nothing():
    effects = gappy(4, 30, 12)
    made = make_projection(effects, 400)
    assert (made.residuals(effects[0] * 3.7 + effects[1]) == 0).all()


def test_effects_that_use_up_every_row_are_refused():
    with pytest.raises(EstimationError, match="400 parameters and there are 400 rows"):
        make_projection([np.arange(400)], 400)
