"""Columns become codes in the order of their values, whatever they hold."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.measure.encode import encode

COLUMNS = {
    "text": np.array(["b", "a", "b", "中文", ""]),
    "text that differs after a null character": np.array(["a\0b", "a\0c", "a", "a\0b"]),
    "objects": np.array(["b", "a", "b"], dtype=object),
    "integers": np.array([3, -1, 3, 2]),
    "integers far apart": np.array([-(2**62), 2**62, 0]),
    "numbers": np.array([0.5, -1.0, 0.5]),
    "every second value": np.array(["a", "b", "c", "d"])[::2],
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=list(COLUMNS))
def test_codes_are_places_among_the_sorted_values(column: np.ndarray) -> None:
    codes, distinct = encode(column)
    assert distinct == sorted(set(column.tolist()))
    assert [distinct[code] for code in codes] == column.tolist()


def test_nothing_has_no_codes() -> None:
    for kind in ("U3", int, object):
        codes, distinct = encode(np.array([], dtype=kind))
        assert len(codes) == 0
        assert distinct == []
