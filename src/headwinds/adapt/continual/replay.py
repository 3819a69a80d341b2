"""Which rows an epoch of an update holds, and how often: old rows are fewer than they were, and are repeated.

"replay" gives old rows a set share of every epoch (experience replay; Chaudhry et al. 2019, "On tiny episodic memories").
The default strategy repeats each as often as the rows that it stands for: the epoch then has the labels in the proportions
of all rows ever learnt from, which is what training on all of them would see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def repeat_to_share(
    old: NDArray[np.int64], new: NDArray[np.int64], share: float, *, seed: int
) -> NDArray[np.int64]:
    """Old rows repeated until they are about `share` of the epoch, each at least once, and the new rows once."""
    import numpy as np

    if not len(old):
        return new
    each = max(1.0, share / (1 - share) * len(new) / len(old))
    return np.concatenate([_repeated(old, np.full(len(old), each), seed), new])


def repeat_as_stood_for(
    old: NDArray[np.int64],
    stands_for: NDArray[np.float64],
    new: NDArray[np.int64],
    largest: int,
    *,
    seed: int,
) -> NDArray[np.int64]:
    """Each old row as often as the rows it stands for, at least once and at most `largest` times; the new rows once."""
    import numpy as np

    if not len(old):
        return new
    return np.concatenate([_repeated(old, np.clip(stands_for, 1.0, float(largest)), seed), new])


def _repeated(rows: NDArray[np.int64], times: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Each row `times` over; the broken part by chance."""
    import numpy as np

    whole = np.floor(times).astype(np.int64)
    luck = np.random.default_rng(derive_seed(seed, "replay")).random(len(rows))
    repeated: NDArray[np.int64] = np.repeat(rows, whole + (luck < times - whole))
    return repeated
