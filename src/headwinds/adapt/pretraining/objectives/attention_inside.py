"""The mask that keeps attention inside a piece of text, as `transformers` takes it ready-made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def inside_pieces(
    pieces: NDArray[np.int32],
    *,
    causal: bool = False,
    window: int = 0,
    readers: NDArray[np.int32] | None = None,
) -> torch.Tensor | None:
    """Additive mask of shape (rows, 1, readers, length): 0 where a token may look, very low where not; None for "anywhere".

    Parameters
    ----------
    pieces
        Of the tokens that are looked at, shape (rows, length).
    causal
        Nothing later is looked at.
    window
        Nothing farther away than this is; 0 for no limit.
    readers
        Pieces of the tokens that look, where they are others.
    """
    seen = torch.from_numpy(pieces)
    look = seen if readers is None else torch.from_numpy(readers)
    if not causal and not window and readers is None and bool((seen == seen[:, :1]).all()):
        return None
    allowed = look.unsqueeze(2) == seen.unsqueeze(1)
    across, along = torch.arange(look.shape[1]).unsqueeze(1), torch.arange(seen.shape[1]).unsqueeze(0)
    if causal:
        allowed &= along <= across
    if window:
        allowed &= (along - across).abs() <= window
    if causal:
        allowed |= along == across  # a row of nothing but "no" has no softmax
    mask = torch.zeros(allowed.shape, dtype=torch.float32)
    return mask.masked_fill_(~allowed, torch.finfo(torch.bfloat16).min / 2).unsqueeze(1)
