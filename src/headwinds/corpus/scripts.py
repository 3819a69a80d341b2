"""Texts in scripts that put no space between words: their words are not found where a space or a letter's border is."""

from __future__ import annotations

import re
from collections.abc import Iterable

IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
"""Chinese characters, also in Japanese, as ranges of a regular expression."""
KANA = "\u3040-\u30ff"
SPACELESS = re.compile(f"[{IDEOGRAPHS}{KANA}]")
LETTERS = re.compile(r"\w")
MOSTLY = 0.3
"""From this share of its letters on a corpus counts as written without spaces: Chinese texts hold Latin names, too."""


def without_spaces(texts: Iterable[str]) -> bool:
    """Whether the texts, taken together, are mostly Chinese or Japanese."""
    spaceless = letters = 0
    for text in texts:
        spaceless += len(SPACELESS.findall(text))
        letters += len(LETTERS.findall(text))
    return letters > 0 and spaceless / letters >= MOSTLY


def word_pattern(word: str) -> re.Pattern[str]:
    """Where a word of a screen begins in a text: at a word's border, or anywhere if the word is Chinese or Japanese."""
    border = "" if SPACELESS.match(word) else r"\b"
    return re.compile(border + re.escape(word), re.IGNORECASE)
