"""pass@k: the chance that at least one of k samples passes, without bias from n samples (Chen et al. 2021, eq. 1)."""

from __future__ import annotations

import math

from headwinds.errors import SettingsError


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """``1 - C(n - c, k) / C(n, k)`` for one problem with `samples` n of which `passed` c pass.

    Raises
    ------
    SettingsError
        There are fewer samples than k.

    Examples
    --------
    >>> pass_at_k(10, 3, 1)
    0.3
    """
    if not 1 <= k <= samples:
        raise SettingsError(
            f"pass@{k} cannot be estimated from {samples} samples.", remedy="Draw at least k."
        )
    missed = samples - passed
    if missed < k:
        return 1.0
    return 1.0 - math.comb(missed, k) / math.comb(samples, k)
