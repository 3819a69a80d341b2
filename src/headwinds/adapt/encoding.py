"""Texts to windows of token ids. A text longer than a window is read in several; nothing is cut without being said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

CHARACTERS_AT_ONCE = 65_536


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
    types
        Of each window: 0 for tokens of the first text of a pair and 1 for those of the second; None without pairs.
    offsets
        Of each window, shape (length, 2): where in its text each token begins and ends; (0, 0) for special tokens and,
        of a pair, for those of the first text.
    shapes
        Of each window: the word shape of each token (see `adapt.tasks.word_shapes`); None where a task uses none.
    marks
        Shape (texts, marks): which tokens of a text's only window are marked; None where a task marks none.
    read_share
        Shape (texts,): the share of each text's tokens that the windows hold; None where they hold all.
    written
        Of each text, which has one window: the tokens that are to be written after it has been read, with the one that
        ends a text; None where nothing is to be written, or it is not known.
    learnt
        Of each window: 1 for tokens that are learnt as if they were written (the earlier turns of an assistant), 0 for
        those that are read alone; None where none is.
    """

    windows: list[NDArray[np.int32]]
    first_window: NDArray[np.int64]
    tokens: NDArray[np.int64]
    types: list[NDArray[np.int32]] | None = None
    offsets: list[NDArray[np.int32]] | None = None
    shapes: list[NDArray[np.int32]] | None = None
    marks: NDArray[np.int64] | None = None
    read_share: NDArray[np.float64] | None = None
    written: list[NDArray[np.int32]] | None = None
    learnt: list[NDArray[np.int32]] | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def window_numbers(self, text: int) -> range:
        """Which windows are those of one text."""
        return range(int(self.first_window[text]), int(self.first_window[text + 1]))

    def windows_of(self, text: int) -> list[NDArray[np.int32]]:
        """The windows of one text."""
        return self.windows[self.first_window[text] : self.first_window[text + 1]]


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], *, max_tokens: int, places: Sequence[str] = ()
) -> EncodedTexts:
    """Tokenize texts into windows of at most `max_tokens` tokens, special tokens included.

    Consecutive windows of a long text overlap by an eighth of a window, so that no sentence is seen only in halves.
    `places` say where each text stands, for messages; by default its number is told.

    Raises
    ------
    DataError
        A text yields no token at all.
    CheckpointError
        `max_tokens` leaves no room for text.
    """
    return _encode(tokenizer, texts, max_tokens, places, offsets=False)


def encode_with_offsets(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], *, max_tokens: int, places: Sequence[str] = ()
) -> EncodedTexts:
    """As `encode_texts`, with the characters of its text that each token stands for.

    Raises
    ------
    CheckpointError
        The tokenizer is of the kind that does not tell them.
    """
    if not tokenizer.is_fast:
        raise CheckpointError(
            "This checkpoint's tokenizer does not tell which characters a token stands for.",
            remedy="Name a checkpoint with a file tokenizer.json.",
        )
    return _encode(tokenizer, texts, max_tokens, places, offsets=True)


def _encode(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_tokens: int,
    places: Sequence[str],
    *,
    offsets: bool,
) -> EncodedTexts:
    import numpy as np

    special = tokenizer.num_special_tokens_to_add(pair=False)
    room = max_tokens - special
    if room < 1:
        raise CheckpointError(f"max_tokens = {max_tokens} leaves no room beside {special} special tokens.")
    stride = room // 8
    owners: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    windows: list[NDArray[np.int32]] = []
    spans: list[NDArray[np.int32]] = []
    for start, several in _at_once(texts):
        batch = tokenizer(
            several,
            truncation=True,
            max_length=max_tokens,
            stride=stride,
            return_overflowing_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            return_offsets_mapping=offsets,
        )
        owners.append(start + np.asarray(batch["overflow_to_sample_mapping"], dtype=np.int64))
        windows += [np.asarray(window, dtype=np.int32) for window in batch["input_ids"]]
        spans += [np.asarray(one, dtype=np.int32) for one in batch["offset_mapping"]] if offsets else []
    owner = np.concatenate(owners)
    count = np.bincount(owner, minlength=len(texts))
    lengths = np.fromiter((len(window) for window in windows), dtype=np.int64, count=len(windows))
    total = np.bincount(owner, weights=lengths - special, minlength=len(texts)).astype(np.int64)
    tokens = total - (count - 1) * stride
    empty = np.flatnonzero(tokens <= 0)
    if empty.size:
        raise DataError(
            f"{_place(places, int(empty[0]))}: the text yields no token with this checkpoint's tokenizer.",
            remedy="Remove it.",
        )
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return EncodedTexts(windows, first, tokens, offsets=spans if offsets else None)


def _place(places: Sequence[str], number: int) -> str:
    return places[number] if places else f"text {number + 1}"


def _at_once(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """So many texts as are given to the tokenizer together, each time with the number of the first.

    It gives back its tokens in one go, in which no other thread can do anything: of a hundred long texts for a tenth of a
    second and more.
    """
    start, several, characters = 0, [], 0
    for number, text in enumerate(texts):
        several.append(text)
        characters += len(text)
        if characters >= CHARACTERS_AT_ONCE:
            yield start, several
            start, several, characters = number + 1, [], 0
    if several:
        yield start, several


def encode_pairs(
    tokenizer: PreTrainedTokenizerBase,
    firsts: Sequence[str],
    seconds: Sequence[str],
    *,
    max_tokens: int,
    places: Sequence[str] = (),
) -> EncodedTexts:
    """Tokenize pairs of texts, each into one window, or several where the pair is longer than `max_tokens`.

    The first text stands in every window whole; the second moves through them with an overlap of an eighth.

    Raises
    ------
    DataError
        A first text alone fills more than half of a window, or a second one yields no token at all.
    """
    import numpy as np

    special = tokenizer.num_special_tokens_to_add(pair=True)
    ids = tokenizer(list(firsts), add_special_tokens=False, return_attention_mask=False)["input_ids"]
    longest = (max_tokens - special) // 2
    for number, tokens in enumerate(ids):
        if len(tokens) > longest:
            raise DataError(
                f"{_place(places, number)}: the first text of the pair has {len(tokens):,} tokens; "
                f"at most {longest:,} fit beside a second one.",
                remedy="Put the longer text second, or raise max_tokens with a checkpoint that reads more.",
            )
    batch = tokenizer(
        list(firsts),
        list(seconds),
        truncation="only_second",
        max_length=max_tokens,
        stride=max(1, (max_tokens - special) // 8),
        return_overflowing_tokens=True,
        return_attention_mask=False,
        return_token_type_ids=True,
        return_offsets_mapping=True,
    )
    owner = np.asarray(batch["overflow_to_sample_mapping"], dtype=np.int64)
    windows = [np.asarray(window, dtype=np.int32) for window in batch["input_ids"]]
    second = [
        np.array([part == 1 for part in batch.sequence_ids(number)], dtype=bool)
        for number in range(len(windows))
    ]
    offsets = [
        np.asarray(places, dtype=np.int32) * own[:, None]
        for places, own in zip(batch["offset_mapping"], second, strict=True)
    ]
    count = np.bincount(owner, minlength=len(firsts))
    seen = np.bincount(owner, weights=[own.sum() for own in second], minlength=len(firsts))
    overlaps = (count - 1) * max(1, (max_tokens - special) // 8)
    empty = np.flatnonzero(seen <= 0)
    if empty.size:
        raise DataError(
            f"{_place(places, int(empty[0]))}: the second text of the pair yields no token with this checkpoint's "
            "tokenizer.",
            remedy="Remove it.",
        )
    tokens = np.array([len(first) for first in ids]) + seen.astype(np.int64) - overlaps
    types = [np.asarray(given, dtype=np.int32) for given in batch["token_type_ids"]]
    return EncodedTexts(
        windows,
        np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        tokens.astype(np.int64),
        types=types if "token_type_ids" in tokenizer.model_input_names else None,
        offsets=offsets,
    )
