"""Texts to windows of token ids. A text longer than a window is read in several; nothing is cut without being said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """Token windows of a list of texts.

    Attributes
    ----------
    windows
        Token ids of each window with its special tokens; the windows of one text stand together, in order.
    first_window
        Shape (texts + 1,): the windows of text i are ``windows[first_window[i]:first_window[i + 1]]``.
    tokens
        Shape (texts,): tokens of each text without special tokens and overlaps.
    """

    windows: list[NDArray[np.int32]]
    first_window: NDArray[np.int64]
    tokens: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tokens)

    def windows_of(self, text: int) -> list[NDArray[np.int32]]:
        """The windows of one text."""
        return self.windows[self.first_window[text] : self.first_window[text + 1]]


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], *, max_tokens: int
) -> EncodedTexts:
    """Tokenize texts into windows of at most `max_tokens` tokens, special tokens included.

    Consecutive windows of a long text overlap by an eighth of a window, so that no sentence is seen only in halves.

    Raises
    ------
    DataError
        A text yields no token at all.
    CheckpointError
        `max_tokens` leaves no room for text.
    """
    import numpy as np

    special = tokenizer.num_special_tokens_to_add(pair=False)
    room = max_tokens - special
    if room < 1:
        raise CheckpointError(f"max_tokens = {max_tokens} leaves no room beside {special} special tokens.")
    stride = room // 8
    batch = tokenizer(
        list(texts),
        truncation=True,
        max_length=max_tokens,
        stride=stride,
        return_overflowing_tokens=True,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    owner = np.asarray(batch["overflow_to_sample_mapping"], dtype=np.int64)
    windows = [np.asarray(window, dtype=np.int32) for window in batch["input_ids"]]
    count = np.bincount(owner, minlength=len(texts))
    lengths = np.fromiter((len(window) for window in windows), dtype=np.int64, count=len(windows))
    total = np.bincount(owner, weights=lengths - special, minlength=len(texts)).astype(np.int64)
    tokens = total - (count - 1) * stride
    empty = np.flatnonzero(tokens <= 0)
    if empty.size:
        raise DataError(
            f"Text number {int(empty[0])} yields no token with this checkpoint's tokenizer.",
            remedy="Remove it.",
        )
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return EncodedTexts(windows, first, tokens)
