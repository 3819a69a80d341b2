"""Spans of words as tags, one a word, and back; and the best sequence of tags that makes spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WordSpan = tuple[int, int, str]

OUTSIDE = "O"
BEGINS, ENDS = frozenset("BSU"), frozenset("ESLU")


def spans_of_tags(tags: Sequence[str]) -> list[WordSpan]:
    """Spans (first word, after the last, type) of tags in any of the schemes IOB1, BIO, BIOES and BILOU.

    The rules are those of the scorer of CoNLL-2000 and CoNLL-2003: a change of type ends a span and begins another, so
    does B or S; E or S ends one.

    Raises
    ------
    ValueError
        A tag is none of the schemes': it is named.
    """
    spans: list[WordSpan] = []
    start, kind, ended = -1, "", False
    for place, tag in enumerate(tags):
        prefix, _, name = tag.partition("-")
        if tag != OUTSIDE and (prefix not in ("B", "I", "E", "S", "L", "U", "M") or not name):
            raise ValueError(tag)
        goes_on = start >= 0 and tag != OUTSIDE and name == kind and prefix not in BEGINS and not ended
        if start >= 0 and not goes_on:
            spans.append((start, place, kind))
            start = -1
        if tag != OUTSIDE:
            if not goes_on:
                start, kind = place, name
            ended = prefix in ENDS
    if start >= 0:
        spans.append((start, len(tags), kind))
    return spans


def tag_numbers(words: int, spans: Sequence[WordSpan], types: Sequence[str]) -> NDArray[np.int64]:
    """Tags as numbers, shape (words,): 0 outside, 1 + 2 t where a span of type t begins, 2 + 2 t where it goes on."""
    import numpy as np

    place = {name: number for number, name in enumerate(types)}
    tags = np.zeros(words, dtype=np.int64)
    for start, end, name in spans:
        tags[start] = 1 + 2 * place[name]
        tags[start + 1 : end] = 2 + 2 * place[name]
    return tags


def spans_of_numbers(tags: Sequence[int], types: Sequence[str]) -> list[WordSpan]:
    """The spans of tags that `best_tags` found."""
    names = [OUTSIDE] + [f"{prefix}-{name}" for name in types for prefix in "BI"]
    return spans_of_tags([names[number] for number in tags])


def type_probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each word to belong to a span of each type, shape (words, types), whatever begins where.

    `scores` has shape (words, 1 + 2 types), logits of each word's tags.
    """
    from scipy.special import softmax

    tags: NDArray[np.float64] = softmax(scores, axis=1)
    return tags[:, 1::2] + tags[:, 2::2]


def best_tags(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """The best sequence in which a span goes on only where one of its type began (Viterbi 1967).

    `scores` has shape (words, 1 + 2 types), log probabilities or logits of each word's tags.
    """
    import numpy as np

    words, tags = scores.shape
    best: NDArray[np.int64] = scores.argmax(axis=1).astype(np.int64)
    allowed = allowed_transitions(tags)
    if words == 0 or (_may_start(best[0]) and allowed[best[:-1], best[1:]].all()):
        return best
    barred = np.where(allowed, 0.0, -np.inf)
    start = np.array([0.0 if _may_start(tag) else -np.inf for tag in range(tags)])
    total = scores[0] + start
    came_from = np.zeros((words, tags), dtype=np.int64)
    for word in range(1, words):
        reach = total[:, None] + barred
        came_from[word] = reach.argmax(axis=0)
        total = reach.max(axis=0) + scores[word]
    best[-1] = total.argmax()
    for word in range(words - 1, 0, -1):
        best[word - 1] = came_from[word, best[word]]
    return best


def allowed_transitions(tags: int) -> NDArray[np.bool_]:
    """Shape (tags, tags): whether the second may follow the first."""
    import numpy as np

    allowed = np.ones((tags, tags), dtype=bool)
    for inside in range(2, tags, 2):
        allowed[:, inside] = False
        allowed[[inside - 1, inside], inside] = True
    return allowed


def _may_start(tag: int | np.int64) -> bool:
    return tag == 0 or tag % 2 == 1
