"""A catalogue of sentences a language: English with named gaps, and what it is in that language.

Findings, reasons and progress arise deep in the code, where no language is known, and are stored with results; English is
their one stored form. Whoever shows them translates them here, gaps and all, as gettext does by the sentence itself. The
page's own words stand apart, in the report's catalogue.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

ENGLISH = "en"
_GAP = re.compile(r"\{(\w+)\}")
_SPOKEN: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


NUMBER, WORD = r"[\d.,]+", r"\S+"
SEMICOLON, COMMA = "; ", ", "
"""Between the parts of a list in English."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence with gaps: how it reads in English, and in the catalogue's language."""

    english: str
    translation: str
    pattern: re.Pattern[str]


@cache
def phrases(language: str) -> tuple[Phrase, ...]:
    """The catalogue of a language, those with the most fixed words first; empty where there is none."""
    entries = _read(language).get("phrase", ())
    found = [Phrase(one["english"], one["translation"], _pattern(one["english"])) for one in entries]
    return tuple(sorted(found, key=lambda one: -len(_GAP.sub("", one.english))))


@cache
def marks(language: str) -> tuple[str, str]:
    """What stands between long and short parts of a list: English "; " and ", "."""
    entries = _read(language)
    return str(entries.get("semicolon", SEMICOLON)), str(entries.get("comma", COMMA))


def translate(text: str, language: str) -> str:
    """The sentence in a language; as it is where the catalogue does not have it.

    What fills a gap is translated too, if it is a phrase itself; a list with commas or semicolons, part by part.
    """
    if not text or language == ENGLISH:
        return text
    for phrase in phrases(language):
        match = phrase.pattern.fullmatch(text)
        if match:
            gaps = {name: _value(value, language) for name, value in match.groupdict().items()}
            return phrase.translation.format(**gaps)
    return text


def spoken() -> str:
    """The language that is spoken to whoever watches the terminal."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it, `say` speaks this language."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def say(text: str) -> str:
    """A line for the terminal in the language that is spoken there."""
    return translate(text, spoken())


def _read(language: str) -> dict[str, Any]:
    path = resources.files("headwinds.phrases").joinpath(f"{language}.toml")
    if language == ENGLISH or not path.is_file():
        return {}
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _value(value: str, language: str) -> str:
    """What fills a gap: a list whose every part is a phrase, a phrase, or a list of names."""
    several = value.split(SEMICOLON)
    parts = [translate(part, language) for part in several]
    if len(several) > 1 and all(part != said for part, said in zip(several, parts, strict=True)):
        return marks(language)[0].join(parts)
    whole = translate(value, language)
    if whole != value:
        return whole
    return marks(language)[1].join(translate(part, language) for part in value.split(COMMA))


def _pattern(english: str) -> re.Pattern[str]:
    """Gaps take as little as they can, `..._n` a number, `..._w` a word; one that stands twice must be filled alike."""
    seen: set[str] = set()
    parts, end = [], 0
    for match in _GAP.finditer(english):
        name = match.group(1)
        filling = NUMBER if name.endswith("_n") else WORD if name.endswith("_w") else ".*?"
        gap = f"(?P={name})" if name in seen else f"(?P<{name}>{filling})"
        parts += [re.escape(english[end : match.start()]), gap]
        seen.add(name)
        end = match.end()
    return re.compile("".join([*parts, re.escape(english[end:])]), re.DOTALL)
