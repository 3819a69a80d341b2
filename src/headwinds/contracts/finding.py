"""A finding: one coded sentence about a result or an input, with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headwinds.phrases.catalogue import translate

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has to say.

    Attributes
    ----------
    code
        `E` (must be mended), `W` (weigh it) or `N` (know it) and three digits; stable, so that it can be searched for.
    sentence
        What was found, with its numbers.
    remedy
        What the reader can do about it; empty if nothing need be done.
    """

    code: str
    sentence: str
    remedy: str = ""

    @property
    def severity(self) -> Severity:
        """The kind of finding, read off the code's letter."""
        kinds: dict[str, Severity] = {"E": "error", "W": "warning", "N": "note"}
        return kinds[self.code[0]]

    def in_language(self, language: str, book: str = "") -> Finding:
        """The same finding in another language, as far as its catalogue goes, or a book of it."""
        sentence, remedy = (translate(text, language, book) for text in (self.sentence, self.remedy))
        return Finding(self.code, sentence, remedy)

    def __str__(self) -> str:
        gap = "" if self.sentence.endswith("。") else " "
        return f"{self.code} {self.sentence}{gap}{self.remedy}".strip()
