"""ROUGE-1, ROUGE-2 and ROUGE-L of a summary against references (Lin 2004): F1, no stemming."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from headwinds.adapt.tasks.words import split_words


def rouge(summary: str, references: Sequence[str]) -> tuple[float, float, float]:
    """(ROUGE-1, ROUGE-2, ROUGE-L), each with the reference that suits it best."""
    own = rouge_words(summary)
    scores = [_scores(own, rouge_words(reference)) for reference in references]
    return tuple(max(values) for values in zip(*scores, strict=True)) if scores else (0.0, 0.0, 0.0)


def rouge_words(text: str) -> list[str]:
    """Words in lower case, without punctuation; an ideograph is a word."""
    lower = text.lower()
    words = [lower[start:end] for start, end in split_words(lower)]
    return [word for word in words if any(character.isalnum() for character in word)]


def _scores(own: list[str], other: list[str]) -> tuple[float, float, float]:
    return (
        overlap_f1(own, other, 1),
        overlap_f1(own, other, 2),
        _f1(longest_common_subsequence(own, other), len(own), len(other)),
    )


def overlap_f1(own: Sequence[str], other: Sequence[str], size: int) -> float:
    """F1 of the n-grams that two texts share, each counted as often as both have it."""
    first, second = (
        Counter(tuple(words[place : place + size]) for place in range(len(words) - size + 1))
        for words in (own, other)
    )
    return _f1(sum((first & second).values()), sum(first.values()), sum(second.values()))


def longest_common_subsequence(own: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest sequence of words that both have in the same order."""
    before = [0] * (len(other) + 1)
    for word in own:
        row = [0]
        for place, against in enumerate(other):
            row.append(before[place] + 1 if word == against else max(row[-1], before[place + 1]))
        before = row
    return before[-1]


def _f1(hits: int, own: int, other: int) -> float:
    return 2 * hits / (own + other) if hits else 0.0
