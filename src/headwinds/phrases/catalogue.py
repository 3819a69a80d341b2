"""A catalogue of sentences a language: English with named gaps, and what it is in that language.

Findings, reasons and progress arise deep in the code, where no language is known, and are stored with results; English is
their one stored form. Whoever shows them translates them here, gaps and all, as gettext does by the sentence itself. The
page's own words stand apart, in the report's catalogue. The sentences stand in `zh/findings`, the marks of lists in
`zh.toml`. Beside the catalogue there are books. That of errors (`zh/errors`) is tried on errors alone, for some have little
but gaps. What verbs print (`zh/terminal`) is tried together with the catalogue, since verbs print findings and results as
well. What stands on the pages of tests, audits and searches (`zh/written`) is tried together with both, since these pages
show what verbs print. What `headwinds doctor` says (`zh/machine`) stands by itself, for it is single words that may be
somebody's label.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from headwinds.errors import HeadwindsError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ENGLISH = "en"
ERRORS, TERMINAL, MACHINE = "errors", "terminal", "machine"
FINDINGS, WRITTEN = "findings", "written"
UNDER = {TERMINAL: ("",), WRITTEN: (TERMINAL, "")}
"""What is tried together with a book; the catalogue itself has no name."""
_GAP = re.compile(r"\{\{|\}\}|\{(\w+)\}")  # doubled braces stand for themselves
_FOLDER = resources.files("headwinds.phrases")
_SPOKEN: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


ERROR_GAP = "_e"
"""The end of the name of a gap that an error's own sentence fills."""
VERBATIM_GAPS = ("_v", "_n", "_i")
"""The ends of the names of gaps that stay as they are: names that a user gave, paths, numbers; "_i" has no space."""
FILLINGS = {"_n": r"[+-]?[\d.,]+(?:e[+-]\d+)?", "_w": r"\S+", "_i": r"\S+", "_p": r"[^:]+", "_s": r"(?: .+)?"}
"""What a gap may hold, by the end of its name: a number, a word, no colon, a further sentence or nothing; else anything."""
SEMICOLON, COMMA, COLON = "; ", ", ", ": "
"""Between the parts of a list in English, and after a name."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence with gaps: how it reads in English, and in the catalogue's language."""

    english: str
    translation: str
    fixed: str  # its longest part without a gap, looked for before any pattern is made

    def match(self, text: str) -> re.Match[str] | None:
        """The text as this sentence, its gaps filled."""
        return _pattern(self.english).fullmatch(text)


@cache
def phrases(language: str, book: str = "") -> tuple[Phrase, ...]:
    """The catalogue of a language, or a book of it, those with the most fixed words first; empty where there is none."""
    files = [file for one in (book, *UNDER.get(book, ())) for file in phrase_files(language, one)]
    entries = [one for file in files for one in read_phrases(file)]
    return in_order_of_trial(entries)


def in_order_of_trial(entries: Iterable[Mapping[str, str]]) -> tuple[Phrase, ...]:
    """Phrases with the most fixed words first: those that are little but gaps are tried last."""
    found = [Phrase(one["english"], one["translation"], _fixed(one["english"])) for one in entries]
    return tuple(sorted(found, key=lambda one: (-len(_GAP.sub("", one.english)), -one.english.count("{"))))


def phrase_files(language: str, book: str = "") -> list[Traversable]:
    """The files of a book, one a part of the package; of the catalogue itself those of `zh/findings`, and `zh.toml`."""
    if language == ENGLISH:
        return []
    folder = _FOLDER.joinpath(language, book or FINDINGS)
    files = folder.iterdir() if folder.is_dir() else ()
    found = sorted((one for one in files if one.name.endswith(".toml")), key=lambda one: one.name)
    return found if book else [_FOLDER.joinpath(f"{language}.toml"), *found]


def read_phrases(file: Traversable) -> list[dict[str, str]]:
    """The phrases of a file as they stand there: `english` and `translation`."""
    return list(_read(file).get("phrase", ()))


@cache
def marks(language: str) -> tuple[str, str]:
    """What stands between long and short parts of a list: English "; " and ", "."""
    entries = _read(_FOLDER.joinpath(f"{language}.toml"))
    return str(entries.get("semicolon", SEMICOLON)), str(entries.get("comma", COMMA))


@cache
def colon(language: str) -> str:
    """What stands between a name and what is said of it."""
    return str(_read(_FOLDER.joinpath(f"{language}.toml")).get("colon", COLON))


def translate(text: str, language: str, book: str = "") -> str:
    """The sentence in a language; as it is where the catalogue does not have it.

    What fills a gap is translated too, if it is a phrase itself; a list with commas or semicolons, part by part.
    """
    if not text or language == ENGLISH:
        return text
    for phrase in phrases(language, book):
        if phrase.fixed in text and (match := phrase.match(text)):
            gaps = {name: _filled(name, value, language, book) for name, value in match.groupdict().items()}
            return phrase.translation.format(**gaps)
    return text


def _filled(name: str, value: str, language: str, book: str) -> str:
    """What fills a gap, as the gap's name says."""
    if name.endswith(VERBATIM_GAPS):
        return value
    if name.endswith(ERROR_GAP):
        return translate_text(value if value.endswith(".") else f"{value}.", language, ERRORS)
    return translate_list(value, language, book)


def translate_text(text: str, language: str, book: str = "") -> str:
    """Several sentences with a space between them, each by itself where the catalogue has them so; a finding's code stays.

    A gap of a sentence could swallow the next sentence, so that single ones are tried before the whole.
    """
    code = re.match(r"[EWN]\d{3} ", text)
    if code:
        return code[0] + translate_text(text[code.end() :], language, book)
    for end in (match.end() for match in re.finditer(r"\. ", text)):
        first, rest = translate(text[: end - 1], language, book), translate_text(text[end:], language, book)
        if first != text[: end - 1] and rest != text[end:]:
            return first + rest
    return translate(text, language, book)


def translate_list(text: str, language: str, book: str = "") -> str:
    """A phrase, or a list of phrases and names: with semicolons only if every part is a phrase."""
    several = text.split(SEMICOLON)
    parts = [translate(part, language, book) for part in several]
    if len(several) > 1 and all(part != said for part, said in zip(several, parts, strict=True)):
        return marks(language)[0].join(parts)
    whole = translate(text, language, book)
    if whole != text or language == ENGLISH:
        return whole
    return marks(language)[1].join(translate(part, language, book) for part in text.split(COMMA))


def spoken() -> str:
    """The language that is spoken to whoever watches the terminal."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it, `say` speaks this language, and an error that leaves it is to be told in it."""
    token = _SPOKEN.set(language)
    try:
        yield
    except HeadwindsError as error:
        if language != ENGLISH:
            error.language = language
        raise
    finally:
        _SPOKEN.reset(token)


def heard(language: str) -> str:
    """What is spoken to the reader of a study: the study's language; if that is English, the reader's own."""
    return spoken() if language == ENGLISH else language


def say(text: str) -> str:
    """What a person at the terminal reads, line by line in the language that is spoken there; indents stay."""
    return "\n".join(_line(line) for line in text.split("\n")) if spoken() != ENGLISH else text


def written(text: str) -> str:
    """What a person reads on a page that is written to a file, in the language that is spoken here."""
    return translate_text(text, spoken(), WRITTEN)


def between() -> tuple[str, str]:
    """What stands after a name, and between parts of a list, in the language that is spoken here."""
    return colon(spoken()), marks(spoken())[0]


def _line(line: str) -> str:
    words = line.lstrip(" ")
    return line[: len(line) - len(words)] + translate_text(words, spoken(), TERMINAL)


def _read(file: Traversable) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _fixed(english: str) -> str:
    return max(re.split(r"\{\{|\}\}|\{\w+\}", english), key=len)


@cache
def _pattern(english: str) -> re.Pattern[str]:
    """Gaps take as little as they can, some by their name (`FILLINGS`); one that stands twice must be filled alike."""
    seen: set[str] = set()
    parts, end = [], 0
    for match in _GAP.finditer(english):
        name = match.group(1)
        if name is None:
            parts.append(re.escape(english[end : match.start() + 1]))
            end = match.end()
            continue
        filling = FILLINGS.get(name[-2:], ".*?")
        gap = f"(?P={name})" if name in seen else f"(?P<{name}>{filling})"
        parts += [re.escape(english[end : match.start()]), gap]
        seen.add(name)
        end = match.end()
    return re.compile("".join([*parts, re.escape(english[end:])]), re.DOTALL)
