"""Counterfactual texts: the words of a list in a text become those of one group."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.audit.text_units import SINGLE

if TYPE_CHECKING:
    import numpy as np

    from headwinds.adapt.audit.word_lists import SwapList

Words = Mapping[str, tuple[str, ...]]
# What does not follow a word that says whose: "his book", but "him the book", "him in Paris", "him that". No word that is an
# adjective or a noun as well ("her only child", "her past", "her will") stands here.
NOT_OWNED = (
    "a about again against also an and are as at because been before but by could did does for from had has have here how "
    "if into in is its my nor not of on or our should since than that the their there these this those through to today "
    "tomorrow too until upon was were what when where which while who whom whose why with within without would yesterday "
    "your"
)
NEXT_WORD = re.compile(
    rf"\s+(?!(?:{NOT_OWNED.replace(' ', '|')})(?![\w'’-]))\w", re.IGNORECASE
)  # also on the next line


@dataclass(frozen=True, slots=True)
class Swapper:
    """A list made ready to search texts.

    Attributes
    ----------
    swaps
        The list.
    pattern
        Finds its words, the longest first.
    """

    swaps: SwapList
    pattern: re.Pattern[str]

    def mentions(self, text: str) -> list[str]:
        """The words of the list in a text, as they stand there."""
        return [found.group() for found in self.pattern.finditer(text)]

    def versions(self, texts: Sequence[str], generator: np.random.Generator) -> list[list[str]]:
        """Some texts that belong together (a text, or a pair) in the words of each group; shape (groups, texts).

        In a list that is not aligned each word that occurs is given one drawn word of the group, the same wherever it
        occurs; a group's own words are drawn anew too, so that groups differ in nothing but the group.
        """
        if self.swaps.aligned:
            return [
                [self._replaced(text, self._counterparts(group)) for text in texts]
                for group in range(self.size)
            ]
        occurring = sorted({word for text in texts for word in self.mentions(text)})
        found = []
        for words in self.swaps.words:
            drawn = generator.permutation(len(words))
            given = {word: (words[int(drawn[n % len(words)])],) for n, word in enumerate(occurring)}
            found.append([self._replaced(text, given) for text in texts])
        return found

    @property
    def size(self) -> int:
        """Number of groups."""
        return len(self.swaps.groups)

    def _counterparts(self, group: int) -> dict[str, tuple[str, ...]]:
        """What each word of another group becomes; of several counterparts in the order of the rows."""
        own = self.swaps.words[group]
        kept = {word.casefold() for word in own}
        found: dict[str, tuple[str, ...]] = {}
        for column in self.swaps.words:
            for row, word in enumerate(column):
                if column is not own and word.casefold() not in kept:
                    found[word.casefold()] = (*found.get(word.casefold(), ()), own[row])
        return found

    def _replaced(self, text: str, given: Words) -> str:
        def one(found: re.Match[str]) -> str:
            words = given.get(found.group().casefold(), given.get(found.group(), (found.group(),)))
            # "her" before a word that she may own is "his", and elsewhere "him"
            before_word = NEXT_WORD.match(text, found.end()) is not None
            return _in_case_of(found.group(), words[0] if before_word else words[-1])

        return self.pattern.sub(one, text)


def make_swapper(swaps: SwapList) -> Swapper:
    """Compile a list: proper names as they are written, other words in any case; whole words where a script has spaces."""
    words = sorted({word for column in swaps.words for word in column}, key=lambda word: (-len(word), word))
    parts = [
        ("" if _single(word[0]) else r"(?<!\w)") + re.escape(word) + ("" if _single(word[-1]) else r"(?!\w)")
        for word in words
    ]
    return Swapper(swaps, re.compile("|".join(parts), re.IGNORECASE if swaps.aligned else 0))


def chosen_texts(swapper: Swapper, texts: Sequence[Sequence[str]]) -> list[int]:
    """Numbers of the texts (or pairs) in which a word of the list occurs."""
    return [
        number for number, parts in enumerate(texts) if any(swapper.pattern.search(part) for part in parts)
    ]


def _in_case_of(before: str, after: str) -> str:
    if before.isupper() and len(before) > 1:
        return after.upper()
    return after[0].upper() + after[1:] if before[:1].isupper() else after


def _single(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in SINGLE)
