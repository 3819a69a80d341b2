"""Names as numbers: which of the different ones, in their order, each row has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


def numbered(names: Sequence[str] | NDArray[np.str_]) -> tuple[list[str], NDArray[np.int64]]:
    """The different names, sorted, and the place among them of each.

    What `numpy.unique` gives of an array of texts; but that holds every name as wide as the longest (a column with one cell
    of 100,000 characters took 400 kB a row), and takes NULs at a name's end for nothing.
    """
    import numpy as np

    given: list[str] = names.tolist() if isinstance(names, np.ndarray) else list(names)
    different = sorted(set(given))
    place = {name: number for number, name in enumerate(different)}
    return different, np.fromiter((place[name] for name in given), dtype=np.int64, count=len(given))
