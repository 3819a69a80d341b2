"""Are the true- and false-positive rates the same in every period and group? The drift test, given the label."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

GROUPS = 4
"""A key with more values is cut into this many spans of about equal gold."""


def rate_rejections(frame: Frame, cells: Cells, *, size: float = 0.05) -> tuple[str, ...]:
    """What differs, one sentence a test that rejects at `size` after Holm's adjustment over all of them.

    A test of equal errors would also reject where only the shares differ, as errors follow the shares. So the gold is
    taken apart by label, and the decisions' errors are tested given it: between the design's periods, and between values
    of each key that makes the cells.
    """
    from headwinds.measure.drift import drift_tests

    keys = {f"spans of {name}": _spans(frame.keys[name], frame.gold_rows) for name in cells.keys}
    keyed = replace(frame, keys={**frame.keys, **keys})
    bys: list[str | None] = [*([None] if _has_periods(frame) else []), *keys]
    found = []
    for label, name in enumerate(frame.label_names):
        for held in (True, False):
            some = _only(keyed, label, held)
            if some is None:
                continue
            rate = "rate of misses" if held else "rate of false alarms"
            for by in bys:
                tests = [
                    test for test in drift_tests(some, by, minimum_gold=10) if test.quantity == "error rate"
                ]
                found += [
                    (f"the {rate} of '{name}'", by, test) for test in tests if test.p_value == test.p_value
                ]
    order = sorted(range(len(found)), key=lambda place: found[place][2].p_value)
    said = []
    for rank, place in enumerate(order):
        what, by, test = found[place]
        adjusted = test.p_value * (len(found) - rank)
        if adjusted >= size:
            break
        where = "periods" if by is None else by
        means = ", ".join(f"{group} {mean:.2f}" for group, mean in zip(test.groups, test.means, strict=True))
        said.append(
            f"{what} differs between {where} in stratum '{test.stratum}' ({means}; p = {adjusted:.2g})"
        )
    return tuple(said)


def _has_periods(frame: Frame) -> bool:
    heads = [name.split(" / ")[0] for name in frame.stratum_names]
    return len(set(heads)) < len(heads)


def _only(frame: Frame, label: int, held: bool) -> Frame | None:
    """The frame with the gold that holds the label (or does not), and with this label alone."""
    import numpy as np

    kept = np.flatnonzero(frame.gold_labels[:, label].astype(bool) == held)
    if len(kept) < 2:
        return None
    return replace(
        frame,
        probability=frame.probability[:, [label]],
        label=frame.label[:, [label]],
        gold_rows=frame.gold_rows[kept],
        gold_labels=frame.gold_labels[kept][:, [label]],
        inclusion_probability=frame.inclusion_probability[kept],
        label_names=(frame.label_names[label],),
        gold_draw=None if frame.gold_draw is None else frame.gold_draw[kept],
    )


def _spans(values: NDArray[Any], gold: NDArray[np.int64]) -> NDArray[np.str_]:
    """The values themselves where they are few, else spans of sorted values (years) with about as much gold each."""
    import numpy as np

    from headwinds.measure.encode import encode

    code, distinct = encode(values)
    if len(distinct) <= GROUPS:
        single: NDArray[np.str_] = np.array([str(value) for value in distinct])[code]
        return single
    count = np.bincount(code[gold], minlength=len(distinct))
    before = np.cumsum(count) - count / 2
    span = np.minimum((before / max(count.sum(), 1) * GROUPS).astype(np.int64), GROUPS - 1)
    names = []
    for number in range(GROUPS):
        inside = np.flatnonzero(span == number)
        names.append(f"{distinct[inside[0]]}-{distinct[inside[-1]]}" if len(inside) else "")
    found: NDArray[np.str_] = np.array(names)[span[code]]
    return found
