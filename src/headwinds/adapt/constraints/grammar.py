r"""A regular grammar as an automaton over characters, to be asked while a text is being written.

Known: characters, ``.`` (any but a line break), ``[a-z]`` and ``[^a-z]``, ``\d \w \s`` and escaped signs, groups,
``|``, ``*``, ``+``, ``?``, ``{m}``, ``{m,n}``. A text must match whole. The construction is Thompson's (1968): it never
backtracks, so that no pattern can take long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from headwinds.errors import SettingsError

MOST_STATES = 20_000
MOST_REPEATS = 1000
CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": " \t\n"}

Fits = Callable[[str], bool]


@dataclass(slots=True)
class Grammar:
    """An automaton: of each state, where it may go at once, and where it goes with a character that fits."""

    free: list[list[int]] = field(default_factory=list)
    steps: list[tuple[Fits, int] | None] = field(default_factory=list)
    first: int = 0
    last: int = 0

    def begin(self) -> frozenset[int]:
        """The states before anything is written."""
        return self.closed({self.first})

    def follow(self, states: frozenset[int], text: str) -> frozenset[int]:
        """The states after `text`; none where it does not fit."""
        for character in text:
            reached = {
                step[1]
                for step in (self.steps[state] for state in states)
                if step is not None and step[0](character)
            }
            states = self.closed(reached)
            if not states:
                break
        return states

    def complete(self, states: frozenset[int]) -> bool:
        """Whether the text may end here."""
        return self.last in states

    def matches(self, text: str) -> bool:
        """Whether a whole text is of the grammar."""
        return self.complete(self.follow(self.begin(), text))

    def add(self) -> int:
        """A new state."""
        self.free.append([])
        self.steps.append(None)
        if len(self.free) > MOST_STATES:
            raise SettingsError(
                f"grammar needs more than {MOST_STATES:,} states.", remedy="Repeat less within repetitions."
            )
        return len(self.free) - 1

    def closed(self, states: set[int]) -> frozenset[int]:
        """States with all that may be gone to from them at once."""
        found, waiting = set(states), list(states)
        while waiting:
            for state in self.free[waiting.pop()]:
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        return frozenset(found)


def read_grammar(pattern: str) -> Grammar:
    """The automaton of a pattern.

    Raises
    ------
    SettingsError
        The pattern cannot be read; the place is told.
    """
    grammar = Grammar()
    reader = _Reader(pattern, grammar)
    grammar.first, grammar.last = reader.either()
    if reader.place < len(pattern):
        reader.refuse("there is nothing that this ends")
    return grammar


@dataclass(slots=True)
class _Reader:
    pattern: str
    grammar: Grammar
    place: int = 0

    def refuse(self, why: str) -> None:
        raise SettingsError(
            f"grammar = {self.pattern!r} cannot be read at character {self.place + 1}: {why}.",
            remedy="Known are . [...] (...) | * + ? {m,n} and \\ before a sign that is meant as such.",
        )

    def next(self) -> str:
        return self.pattern[self.place] if self.place < len(self.pattern) else ""

    def either(self) -> tuple[int, int]:
        """Parts with ``|`` between them."""
        parts = [self.sequence()]
        while self.next() == "|":
            self.place += 1
            parts.append(self.sequence())
        first, last = self.grammar.add(), self.grammar.add()
        for begin, end in parts:
            self.grammar.free[first].append(begin)
            self.grammar.free[end].append(last)
        return first, last

    def sequence(self) -> tuple[int, int]:
        first = last = self.grammar.add()
        while self.next() not in ("", "|", ")"):
            begin, end = self.repeated()
            self.grammar.free[last].append(begin)
            last = end
        return first, last

    def repeated(self) -> tuple[int, int]:
        """One part with what says how often; a part that is repeated is read as often as it stands there."""
        began = self.place
        part = self.single()
        after = self.place
        sign = self.next()
        if sign not in ("*", "+", "?", "{") or not sign:
            return part
        least, most = self.times()
        ended = self.place
        first = last = self.grammar.add()
        for number in range(max(least, 1) if most is None else most):
            self.place = began
            begin, end = self.single() if number else part
            self.grammar.free[last].append(begin)
            if number >= least:  # this one and those after it may be missing
                self.grammar.free[last].append(end)
            if most is None and number == max(least, 1) - 1:
                self.grammar.free[end].append(begin)
            last = end
            if self.place != after and number:
                self.refuse("the part before cannot be repeated")
        self.place = ended
        return first, last

    def times(self) -> tuple[int, int | None]:
        sign = self.next()
        self.place += 1
        if sign != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        end = self.pattern.find("}", self.place)
        low, comma, high = self.pattern[self.place : max(end, self.place)].partition(",")
        if end < 0 or not low.isdecimal() or (high and not high.isdecimal()):
            self.refuse("expected {m} or {m,n}")
        self.place = end + 1
        least, most = int(low), int(high) if high else (None if comma else int(low))
        if max(least, most or 0) > MOST_REPEATS or (most is not None and most < least):
            self.refuse(f"expected m up to n, and at most {MOST_REPEATS:,}")
        return least, most

    def single(self) -> tuple[int, int]:
        sign = self.next()
        if sign == "(":
            self.place += 1
            inside = self.either()
            if self.next() != ")":
                self.refuse("a bracket is not closed")
            self.place += 1
            return inside
        if sign in ("*", "+", "?", "{", ")"):
            self.refuse(f"there is nothing before {sign!r}")
        fits = self.one_of() if sign == "[" else self.character()
        first, last = self.grammar.add(), self.grammar.add()
        self.grammar.steps[first] = (fits, last)
        return first, last

    def character(self) -> Fits:
        sign = self.next()
        self.place += 1
        if sign == ".":
            return lambda character: character != "\n"
        if sign != "\\":
            return lambda character: character == sign
        sign = self.next()
        if not sign:
            self.refuse("there is nothing after \\")
        self.place += 1
        if sign in CLASSES:
            members = CLASSES[sign]
            return lambda character: _within(character, members)
        meant = {"n": "\n", "t": "\t"}.get(sign, sign)
        return lambda character: character == meant

    def one_of(self) -> Fits:
        self.place += 1
        other = self.next() == "^"
        self.place += other
        ranges: list[tuple[str, str]] = []
        while self.next() != "]" or not ranges:
            sign = self.next()
            if not sign:
                self.refuse("[ is not closed")
            self.place += 1
            if sign == "\\":
                sign = self.next()
                self.place += 1
                if sign in CLASSES:
                    ranges += _ranges(CLASSES[sign])
                    continue
                sign = {"n": "\n", "t": "\t"}.get(sign, sign)
            high = sign
            if self.next() == "-" and self.pattern[self.place + 1 : self.place + 2] not in ("]", ""):
                high = self.pattern[self.place + 1]
                self.place += 2
            ranges.append((sign, high))
        self.place += 1
        return lambda character: any(low <= character <= high for low, high in ranges) != other


def _ranges(members: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(members):
        if members[place + 1 : place + 2] == "-":
            found.append((members[place], members[place + 2]))
            place += 3
        else:
            found.append((members[place], members[place]))
            place += 1
    return found


def _within(character: str, members: str) -> bool:
    return any(low <= character <= high for low, high in _ranges(members))
