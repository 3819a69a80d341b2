"""Tokens to words: which token is the first of which word, where it is read, its scores, the shapes that tokens carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts
from headwinds.adapt.tasks.words import word_of_characters, word_shape_numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Words = Sequence[tuple[int, int]]


def words_of_tokens(encoded: EncodedTexts, text: int, words: Words, length: int) -> list[NDArray[np.int64]]:
    """For each window of a text, shape (tokens,): the number of each token's word, -1 for special tokens.

    A token of a space and a word belongs to the word; one of two words to the first of them.
    """
    import numpy as np

    if encoded.offsets is None:
        raise ValueError("The texts were encoded without offsets.")
    owner = np.array([*word_of_characters(length, words), -1])
    found = []
    for number in encoded.window_numbers(text):
        offsets = encoded.offsets[number]
        numbers = np.full(len(offsets), -1, dtype=np.int64)
        for place, (start, end) in enumerate(offsets.tolist()):
            inside = owner[start:end]
            known = inside[inside >= 0]
            if len(known):
                numbers[place] = known[0]
        found.append(numbers)
    return found


def first_tokens(encoded: EncodedTexts, text: int, words: Words, length: int) -> list[NDArray[np.int64]]:
    """As `words_of_tokens`, with -1 for every token that is not the first of its word."""
    import numpy as np

    found = []
    for numbers in words_of_tokens(encoded, text, words, length):
        before = np.concatenate([[-1], numbers[:-1]])
        found.append(np.where(numbers != before, numbers, -1))
    return found


def read_tokens(encoded: EncodedTexts, text: int, words: Words, length: int) -> list[NDArray[np.int64]]:
    """As `first_tokens`, with -1 also where another window holds the word farther from its borders: each word once."""
    import numpy as np

    windows = first_tokens(encoded, text, words, length)
    depth = np.full(len(words), -1)
    window, place = np.zeros(len(words), dtype=np.int64), np.zeros(len(words), dtype=np.int64)
    for number, numbers in enumerate(windows):
        places = np.flatnonzero(numbers >= 0)
        own = numbers[places]
        inner = np.minimum(places, len(numbers) - 1 - places)
        better = inner > depth[own]
        depth[own[better]], window[own[better]], place[own[better]] = inner[better], number, places[better]
    found = [np.full(len(numbers), -1, dtype=np.int64) for numbers in windows]
    for word in np.flatnonzero(depth >= 0).tolist():
        found[window[word]][place[word]] = word
    return found


def word_scores(
    output: Sequence[Any], encoded: EncodedTexts, text: int, words: Words, length: int
) -> NDArray[np.float64]:
    """Shape (words, outputs): the outputs of each word's first token, read where `read_tokens` says.

    A word of which the tokenizer makes no token (a stray control character) gets the outputs that favour the first,
    "outside".
    """
    import numpy as np

    outputs = output[0].shape[1]
    scores = np.zeros((len(words), outputs))
    scores[:, 0] = 20.0
    for values, numbers in zip(output, read_tokens(encoded, text, words, length), strict=True):
        places = np.flatnonzero(numbers >= 0)
        scores[numbers[places]] = values[places]
    return scores


def word_shapes(encoded: EncodedTexts, texts: Sequence[str], words: Sequence[Words]) -> EncodedTexts:
    """The encoded texts with the shape of each token's word."""
    import numpy as np

    shapes: list[NDArray[np.int32]] = []
    for row, text in enumerate(texts):
        own = np.array([*word_shape_numbers(text, words[row]), 0], dtype=np.int32)
        shapes += [own[numbers] for numbers in words_of_tokens(encoded, row, words[row], len(text))]
    return replace(encoded, shapes=shapes)
