"""Which rows repeat an id that stands before, told for any number of rows without holding the ids.

Each id is hashed to 128 bits (BLAKE2b; Aumasson, Neves, Wilcox-O'Hearn, Winnerlein 2013). Sorted runs of hashes lie on
disk and are brought together one range of hashes at a time: an external sort. Guarantee: every repetition is found. The
converse fails only if two different ids have one hash, with a chance below n² / 2¹²⁹, for a thousand million ids 1.5e-21.
Memory: a run of 2²⁰ rows (24 MiB) several times over, and sixteen bytes for each row that shares its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.write import write_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RUN_ROWS = 1 << 20
_BYTES = 24


@dataclass(frozen=True, slots=True)
class _Run:
    """A sorted run: in memory, or in a file; where each range of hashes begins in it."""

    rows: NDArray[np.void] | None
    path: Path | None
    edges: NDArray[np.int64]

    def between(self, part: int) -> NDArray[np.void]:
        import numpy as np

        first, after = int(self.edges[part]), int(self.edges[part + 1])
        if self.rows is not None:
            return self.rows[first:after]
        with open(str(self.path), "rb") as file:
            file.seek(first * _BYTES)
            return np.frombuffer(file.read((after - first) * _BYTES), dtype=_kind())


def repeated_rows(
    ids: Iterable[tuple[int, Sequence[str | None]]], rows: int, scratch: Path
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of the rows that share their id with another row, sorted, and beside each the number of its id.

    Parameters
    ----------
    ids
        Stretches of ids, each with the number of its first row; None where a row has none.
    rows
        How many there will be at most.
    scratch
        A folder for runs that do not fit into memory.
    """
    import numpy as np

    parts = max(1, -(-rows // RUN_ROWS))
    runs: list[_Run] = []
    waiting: list[NDArray[np.void]] = []
    count = 0
    for first, words in ids:
        hashed = _hash(first, words)
        waiting.append(hashed)
        count += len(hashed)
        if count >= RUN_ROWS:
            runs.append(_sorted(waiting, parts, scratch / f"ids-{len(runs):06d}"))
            waiting, count = [], 0
    if count:
        runs.append(_sorted(waiting, parts, None))
        waiting = []
    found, number, groups = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], 0
    for part in range(parts if runs else 0):
        place, group = _groups(np.concatenate([run.between(part) for run in runs]))
        found.append(place)
        number.append(group + groups)
        groups += int(group.max(initial=-1)) + 1
    place, group = np.concatenate(found), np.concatenate(number)
    order = np.argsort(place)
    return place[order], group[order]


def _kind() -> np.dtype[np.void]:
    import numpy as np

    return np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<i8")])


def _hash(first: int, words: Sequence[str | None]) -> NDArray[np.void]:
    import numpy as np

    given = [number for number, word in enumerate(words) if word is not None]
    digests = b"".join(
        hashlib.blake2b(word.encode("utf-8"), digest_size=16).digest() for word in words if word is not None
    )
    halves = np.frombuffer(digests, dtype="<u8").reshape(-1, 2)
    found = np.empty(len(given), dtype=_kind())
    found["high"], found["low"] = halves[:, 0], halves[:, 1]
    found["row"] = np.asarray(given, dtype=np.int64) + first
    return found


def _sorted(waiting: list[NDArray[np.void]], parts: int, path: Path | None) -> _Run:
    import numpy as np

    rows = np.concatenate(waiting)
    rows = rows[np.argsort(rows["high"], kind="stable")]
    bounds = np.array([(part << 64) // parts for part in range(1, parts)], dtype=np.uint64)
    edges = np.concatenate([[0], np.searchsorted(rows["high"], bounds), [len(rows)]]).astype(np.int64)
    if path is None:
        return _Run(rows, None, edges)
    write_bytes(path, rows.tobytes())
    return _Run(None, path, edges)


def _groups(rows: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of one range of hashes that share their hash with another, and the number of the group of each."""
    import numpy as np

    if len(rows) < 2:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    rows = rows[np.lexsort((rows["row"], rows["low"], rows["high"]))]
    same = (rows["high"][1:] == rows["high"][:-1]) & (rows["low"][1:] == rows["low"][:-1])
    group = np.concatenate([[0], np.cumsum(~same)])
    repeated = np.flatnonzero(np.bincount(group)[group] > 1)
    _, number = np.unique(group[repeated], return_inverse=True)
    return rows["row"][repeated].copy(), number.astype(np.int64)
