"""The rows that a model keeps of what it learnt, so that its next update can rehearse them: a replay buffer in its folder.

A row says which part it had (what chose epochs and calibration must not be learnt from later) and for how many rows it
stands, so that a small memory still tells how common each label was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.tasks.contract import Row
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.write import write_text
from headwinds.errors import CheckpointError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "memory.jsonl"
PARTS = ("training", "validation")


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A labelled row with the part that it plays, and for how many rows it stands."""

    values: Mapping[str, Any]
    part: str
    stands_for: float = 1.0


def read_memory(folder: Path) -> tuple[KeptRow, ...]:
    """The rows that a fitted model keeps; none if it keeps none.

    Raises
    ------
    CheckpointError
        The file cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        with path.open(
            encoding="utf-8", newline="\n"
        ) as lines:  # a text may hold other ends of lines (U+2028, U+0085)
            rows = tuple(KeptRow(**json.loads(line)) for line in lines)
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.", remedy="Bring the model back.") from error
    if any(row.part not in PARTS or not isinstance(row.values, dict) for row in rows):
        raise CheckpointError(f"{path} is damaged: a row has no part.", remedy="Bring the model back.")
    return rows


def write_memory(rows: Sequence[KeptRow], folder: Path) -> None:
    """Write rows into a model's folder, before `model.json` lists its files; none writes nothing."""
    if not rows:
        return
    lines = [
        json.dumps(
            {"values": dict(row.values), "part": row.part, "stands_for": row.stands_for},
            ensure_ascii=False,
            sort_keys=True,
            default=_plain,
        )
        for row in rows
    ]
    write_text(folder / FILE, "\n".join(lines) + "\n")


def rows_of(kept: Sequence[KeptRow], model: Path) -> list[Row]:
    """Kept rows as rows of a file."""
    return [Row(f"{model / FILE}, line {number}", row.values) for number, row in enumerate(kept, start=1)]


def choose_memory(
    rows: Sequence[KeptRow], kinds: Sequence[str], count: int, *, seed: int
) -> tuple[KeptRow, ...]:
    """At most `count` of the rows, as many of each kind as can be, each part in its share; in their order.

    Parameters
    ----------
    kinds
        What each row is an example of, for instance its label; kinds with few rows leave their room to others.
    """
    import numpy as np

    if count >= len(rows):
        return tuple(rows)
    cells = np.array([f"{row.part}\x1f{kind}" for row, kind in zip(rows, kinds, strict=True)])
    names, owner = np.unique(cells, return_inverse=True)
    parts = np.array([name.partition("\x1f")[0] for name in names])
    sizes = np.bincount(owner, minlength=len(names))
    quota = np.zeros(len(names), dtype=np.int64)
    validating = parts == "validation"
    share = round(count * sizes[validating].sum() / len(rows))
    aside = min(max(share, int(validating.sum())), count // 2)  # one of each kind, if there is room
    quota[validating] = level(sizes[validating], aside)
    quota[~validating] = level(sizes[~validating], count - int(quota.sum()))
    chosen: list[tuple[int, float]] = []
    for number, name in enumerate(names):
        members = np.flatnonzero(owner == number)
        if not quota[number]:
            continue
        order = np.random.default_rng(derive_seed(seed, "memory", str(name))).permutation(len(members))
        kept = members[order[: quota[number]]]
        total = sum(rows[int(row)].stands_for for row in members)
        scale = total / sum(rows[int(row)].stands_for for row in kept)
        chosen += [(int(row), rows[int(row)].stands_for * scale) for row in kept]
    return tuple(KeptRow(rows[row].values, rows[row].part, weight) for row, weight in sorted(chosen))


def in_proportion(rows: Sequence[KeptRow], *, seed: int) -> list[KeptRow]:
    """Rows as common among each other as those that they stand for: each by chance, the likelier the more it stands for.

    A memory by label alike would differ from any stream of texts in how common the labels are.
    """
    import numpy as np

    most = max((row.stands_for for row in rows), default=1.0)
    drawn = np.random.default_rng(seed).random(len(rows)) * most
    return [row for row, bar in zip(rows, drawn.tolist(), strict=True) if bar < row.stands_for]


def level(sizes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How many of each kind: the same for all, but no more than there are; the rest goes to the first that have more."""
    import numpy as np

    found = np.zeros(len(sizes), dtype=np.int64)
    while found.sum() < min(count, int(sizes.sum())):
        open_kinds = np.flatnonzero(found < sizes)
        left = min(count, int(sizes.sum())) - int(found.sum())
        each = left // len(open_kinds)
        if each == 0:
            found[open_kinds[:left]] += 1
            break
        found[open_kinds] = np.minimum(found[open_kinds] + each, sizes[open_kinds])
    return found


def _plain(value: object) -> object:
    """Values that a Parquet file has and JSON has not."""
    item = getattr(value, "tolist", None)
    return item() if item is not None else str(value)
