"""How wide a text is on a terminal: Chinese characters take two columns each."""

from __future__ import annotations

from unicodedata import east_asian_width


def columns(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, width: int) -> str:
    """The text, with spaces up to so many columns."""
    return text + " " * (width - columns(text))
