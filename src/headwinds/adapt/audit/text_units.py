"""A text as units that a reader sees as one: words, Chinese characters, emoji with what belongs to them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

JOINER = "\u200d"
SINGLE = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
"""Blocks written without spaces: kana and Han characters; each is a unit of its own."""


def text_units(text: str) -> list[tuple[int, int]]:
    """Character offsets (first, after the last) of the units of a text; punctuation and spaces are no units.

    Combining marks stay with their letter, so that a text in decomposed form (NFD) has the same units as in composed form;
    an emoji stays with its modifiers and with what a joiner ties to it.

    Examples
    --------
    >>> text_units("no 技术, 👍🏽!")
    [(0, 2), (3, 4), (4, 5), (7, 9)]
    """
    found: list[tuple[int, int]] = []
    start, kind = 0, ""
    for place, character in enumerate(text):
        own = _kind(character)
        joined = place > 0 and text[place - 1] == JOINER
        if kind and (own == "with" or (joined and own == "sign") or (own == kind == "word")):
            continue
        if kind:
            found.append((start, place))
        start, kind = place, "" if own in ("", "with") else own
    if kind:
        found.append((start, len(text)))
    return found


def covering(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch with the combining marks after it, which a reader sees as part of it."""
    while end < len(text) and _kind(text[end]) == "with":
        end += 1
    return start, end


def without(text: str, units: Sequence[tuple[int, int]]) -> str:
    """The text without some of its units; where no other is left, a full stop, which every tokenizer reads."""
    kept, before = [], 0
    for start, end in sorted(units):
        kept.append(text[before:start])
        before = end
    rest = "".join([*kept, text[before:]])
    return rest if text_units(rest) else "."


def _kind(character: str) -> str:
    """Kind of a character: "word", "single", "sign" begin a unit; "with" belongs to what is before it; "" is between."""
    category = unicodedata.category(character)
    if category.startswith("M") or character == JOINER or 0x1F3FB <= ord(character) <= 0x1F3FF:
        return "with"
    if any(first <= ord(character) <= last for first, last in SINGLE):
        return "single"
    if category[0] in "LN" or character == "_":
        return "word"
    return "sign" if category == "So" else ""
