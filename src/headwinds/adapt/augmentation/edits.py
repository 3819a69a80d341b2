"""Edits of a text: pieces of it are replaced, and spans move with what stands around them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.tasks.words import stands_alone

if TYPE_CHECKING:
    import numpy as np

JOINERS = "\u200c\u200d"  # within words of Persian and Indic scripts
EDITED = 0.1  # share of the free words that an easy edit touches, at least one (Wei, Zou 2019)


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters from `start` up to `end` become `text`; where both are the same, it is put in."""

    start: int
    end: int
    text: str


def apply_edits(
    text: str, spans: Sequence[tuple[int, int]], edits: Sequence[Edit]
) -> tuple[str, list[tuple[int, int]]]:
    """The edited text and where its spans are now. Edits must not overlap each other, nor reach into a span.

    What is put in at a span's border stays outside of it, so that each span holds the characters that it held.

    Examples
    --------
    >>> apply_edits("in Paris now", [(3, 8)], [Edit(0, 3, ""), Edit(9, 12, "today")])
    ('Paris today', [(0, 5)])
    """
    parts: list[str] = []
    before = 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        parts += [text[before : edit.start], edit.text]
        before = edit.end
    parts.append(text[before:])

    def moved(place: int, *, begins: bool) -> int:
        shift = 0
        for one in edits:
            inserted = one.start == one.end == place
            if (one.end <= place and not inserted) or (inserted and begins):
                shift += len(one.text) - (one.end - one.start)
        return place + shift

    return "".join(parts), [(moved(a, begins=True), moved(b, begins=False)) for a, b in spans]


def free_words(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The words outside of all spans, as characters (first, after the last).

    Combining marks and joiners belong to the letter before them, as in decomposed or Indic text; an ideograph is a word of
    its own, as nothing says where longer ones end.
    """
    return [(a, b) for a, b in _words(text) if not any(a < end and start < b for start, end in spans)]


def _words(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    alone = True  # whether the next letter begins a word
    for place, character in enumerate(text):
        if character == "_" or character.isalnum():
            single = not character.isascii() and stands_alone(character)
            if alone or single:
                found.append((place, place + 1))
            else:
                found[-1] = found[-1][0], place + 1
            alone = single
        elif (
            found
            and found[-1][1] == place
            and (unicodedata.category(character)[0] == "M" or character in JOINERS)
        ):
            found[-1] = found[-1][0], place + 1
        else:
            alone = True
    return found


def easy_edits(
    text: str,
    spans: Sequence[tuple[int, int]],
    generator: np.random.Generator,
    words: Sequence[tuple[int, int]] | None = None,
) -> list[Edit]:
    """Two free words change places, one is left out, or one is said again elsewhere; edits that need no other data.

    The free words are `words`, where the file says what its words are.
    """
    words = free_words(text, spans) if words is None else words
    if len(words) < 2:
        return []
    count = max(1, round(EDITED * len(words)))
    kind = int(generator.integers(3))
    chosen = [words[int(n)] for n in generator.permutation(len(words))]
    if kind == 0:
        pairs = zip(chosen[0 : 2 * count : 2], chosen[1 : 2 * count : 2], strict=False)
        return [edit for (a, b), (c, d) in pairs for edit in (Edit(a, b, text[c:d]), Edit(c, d, text[a:b]))]
    if kind == 1:
        left_out = chosen[: min(count, len(words) - 1)]
        return [Edit(a, _after(text, b, spans), "") for a, b in left_out]
    said = [words[int(n)] for n in generator.integers(len(words), size=count)]
    return [
        Edit(a, a, text[c:d] if stands_alone(text[c]) else f"{text[c:d]} ")
        for (a, _), (c, d) in zip(chosen[:count], said, strict=True)
    ]


def _after(text: str, end: int, spans: Sequence[tuple[int, int]]) -> int:
    """A word is left out with the space after it, if that is not a span's."""
    inside = any(start <= end < stop for start, stop in spans)
    return end + 1 if text[end : end + 1] == " " and not inside else end
