"""Sentences of a text by their character offsets."""

from __future__ import annotations

import re

# From the first of several marks alone: a hundred thousand dots, read from each of them on, took minutes.
ENDS = re.compile(r"(?<![.!?])[.!?]++[\"'”’)\]]*(?=\s)|[。！？；]+[」』”’）》]*|\n+")
SHORTEST = 2  # letters and digits


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Offsets (first, after the last) of the sentences, without spaces at their borders.

    A sentence ends with a full stop, a question or exclamation mark before a space, with their ideographic kin, or at
    the end of a line. A piece with fewer than two letters or digits ("1.", "A.") belongs to the next.
    """
    found: list[tuple[int, int]] = []
    start = looked = letters = 0
    for match in [*ENDS.finditer(text), None]:
        end = match.end() if match else len(text)
        letters += sum(character.isalnum() for character in text[looked:end])
        looked = end
        if match and letters < SHORTEST and "\n" not in match.group():
            continue
        piece, letters = text[start:end], 0
        if piece.strip():
            left = len(piece) - len(piece.lstrip())
            found.append((start + left, start + len(piece.rstrip())))
        start = end
    return found
