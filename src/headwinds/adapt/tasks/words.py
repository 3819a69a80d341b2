"""Words of a text by their character offsets, and the shape of each: what an encoder cannot see of capitals and lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

SHAPES = (
    "none",
    "lower",
    "capitalised",
    "capitals",
    "one capital",
    "mixed",
    "digits",
    "digits and letters",
    "punctuation",
    "other",
)
LINE_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029")
# The same shapes again, for words that begin a line.
SHAPE_COUNT = 2 * len(SHAPES)


def split_words(text: str) -> list[tuple[int, int]]:
    """Offsets (first, after the last) of the words of a text, in characters.

    A word is a run of letters, digits and combining marks; every other character that is no space is a word of its own,
    and so is each ideograph and kana, as these are written without spaces.
    """
    words: list[tuple[int, int]] = []
    start = -1
    for place, character in enumerate(text):
        kind = _kind(character)
        if kind == "letter":
            start = place if start < 0 else start
            continue
        if kind == "mark" and start >= 0:
            continue
        if start >= 0:
            words.append((start, place))
            start = -1
        if kind != "space":
            words.append((place, place + 1))
    if start >= 0:
        words.append((start, len(text)))
    return words


def shape_of(word: str) -> int:
    """The number of a word's shape in `SHAPES`."""
    letters = [character for character in word if character.isalpha()]
    digits = any(character.isdigit() for character in word)
    if digits:
        return SHAPES.index("digits and letters" if letters else "digits")
    if not letters:
        return SHAPES.index("punctuation" if word and unicodedata.category(word[0])[0] in "PS" else "other")
    cased = [character for character in letters if character.lower() != character.upper()]
    if not cased:
        return SHAPES.index("other")
    upper = [character.isupper() or character.istitle() for character in cased]
    if not any(upper):
        return SHAPES.index("lower")
    if all(upper):
        return SHAPES.index("one capital" if len(upper) == 1 else "capitals")
    return SHAPES.index("capitalised" if upper[0] and not any(upper[1:]) else "mixed")


def word_shape_numbers(text: str, words: Sequence[tuple[int, int]]) -> list[int]:
    """For each word of a text the number of its shape, below `SHAPE_COUNT`.

    A capital says less at the beginning of a line, and tokenizers drop the break before it: such a word has the number of
    its shape after those of `SHAPES`.
    """
    numbers, before = [], 0
    for start, end in words:
        begins = not before or any(character in LINE_BREAKS for character in text[before:start])
        numbers.append(shape_of(text[start:end]) + (len(SHAPES) if begins else 0))
        before = end
    return numbers


def word_of_characters(length: int, words: Sequence[tuple[int, int]]) -> list[int]:
    """For each character of a text the number of its word, -1 between words."""
    owner = [-1] * length
    for number, (start, end) in enumerate(words):
        owner[start:end] = [number] * (end - start)
    return owner


def _kind(character: str) -> str:
    if character.isspace():
        return "space"
    category = unicodedata.category(character)
    if category[0] == "M":
        return "mark"
    if category[0] == "C":
        return "space" if category in ("Cc", "Cf") else "other"
    if category == "Lo" and stands_alone(character):
        return "other"
    return "letter" if category[0] in "LN" else "other"


def stands_alone(character: str) -> bool:
    """Whether a letter is of a script that is written without spaces: an ideograph, kana, Thai and its neighbours."""
    name = unicodedata.name(character, "")
    return name.startswith(("CJK ", "HIRAGANA", "KATAKANA", "THAI", "LAO ", "KHMER", "MYANMAR"))
