"""Passages that say the same: exact after normalisation, or near by shared word sequences."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from headwinds.corpus.scripts import IDEOGRAPHS, KANA, SPACELESS, without_spaces

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHINGLE_WORDS, SHINGLE_CHARACTERS = 3, 5
"""Words, or Chinese and Japanese characters, that are compared together; three words are about five characters."""
BANDS, ROWS = 32, 4
"""A pair of Jaccard similarity s meets in a band with probability 1 - (1 - s**4)**32: above 0.9999999 at s = 0.8."""
LARGEST_BUCKET = 50
_PRIME = (1 << 31) - 1


def normalise(text: str) -> str:
    """Fold case, compatibility forms and white space: what a reader would call the same text becomes equal."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


def exact_duplicates(texts: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Groups of two or more rows whose normalised texts are equal, in order of their first row."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        groups[normalise(text)].append(row)
    return tuple(tuple(rows) for rows in groups.values() if len(rows) > 1)


def near_duplicates(
    texts: Sequence[str], *, threshold: float = 0.8, seed: int = 0
) -> tuple[tuple[int, int, float], ...]:
    """Pairs of rows with a Jaccard similarity of word triples of at least `threshold`: (row, row, similarity).

    Of texts that are mostly Chinese or Japanese, which put no space between words, five characters take the place of three
    words.
    Candidates come from MinHash signatures cut into bands (Broder 1997; Leskovec, Rajaraman, Ullman 2020, ch. 3); each is
    then verified exactly, so a pair that is listed is one, and a pair at 0.8 is missed about once in ten million.
    Exact duplicates are pairs of similarity 1. A bucket of more than 50 rows (a formula that all speakers use) gives
    only the pairs with its first row.
    """
    shingles = [_shingles(text) for text in texts]
    signatures = _signatures(shingles, seed)
    candidates: set[tuple[int, int]] = set()
    for band in range(BANDS):
        buckets: defaultdict[bytes, list[int]] = defaultdict(list)
        part = signatures[:, band * ROWS : (band + 1) * ROWS]
        for row in range(len(texts)):
            buckets[part[row].tobytes()].append(row)
        for rows in buckets.values():
            if len(rows) > 1:
                candidates.update(_pairs(rows))
    found = []
    for first, second in sorted(candidates):
        similarity = _jaccard(shingles[first], shingles[second])
        if similarity >= threshold:
            found.append((first, second, similarity))
    return tuple(found)


def _pairs(rows: list[int]) -> list[tuple[int, int]]:
    if len(rows) > LARGEST_BUCKET:
        return [(rows[0], other) for other in rows[1:]]
    return [(rows[i], rows[j]) for i in range(len(rows)) for j in range(i + 1, len(rows))]


@cache
def _words() -> re.Pattern[str]:
    """A word, or a character of a script that puts no space between words."""
    return re.compile(f"[{IDEOGRAPHS}{KANA}]|(?:(?![{IDEOGRAPHS}{KANA}])\\w)+")


def _shingles(text: str) -> frozenset[int]:
    import zlib

    plain = normalise(text)
    words = _words().findall(plain) or [plain]
    spaceless = bool(SPACELESS.search(plain)) and without_spaces([plain])
    width = min(SHINGLE_CHARACTERS if spaceless else SHINGLE_WORDS, len(words))
    return frozenset(
        zlib.crc32(" ".join(words[i : i + width]).encode()) for i in range(len(words) - width + 1)
    )


def _signatures(shingles: Sequence[frozenset[int]], seed: int) -> NDArray[np.uint64]:
    import numpy as np

    generator = np.random.default_rng(seed)
    factor = generator.integers(1, _PRIME, size=BANDS * ROWS, dtype=np.uint64)
    offset = generator.integers(0, _PRIME, size=BANDS * ROWS, dtype=np.uint64)
    signatures = np.empty((len(shingles), BANDS * ROWS), dtype=np.uint64)
    for row, members in enumerate(shingles):
        values = np.fromiter(members, dtype=np.uint64, count=len(members)) % _PRIME
        signatures[row] = ((values[:, None] * factor + offset) % _PRIME).min(axis=0)
    return signatures


def _jaccard(first: frozenset[int], second: frozenset[int]) -> float:
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared)
