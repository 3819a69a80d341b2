"""What verbs print: sentences in the language of whoever sits there, data as they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import TextIOWrapper

from headwinds.phrases.catalogue import colon, heard, say, speaking, spoken


def accept_any_terminal() -> None:
    """Show the number of a letter that the terminal lacks: no sentence in another script may end in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def tell(text: str, *, language: str = "en") -> None:
    """Print sentences, each line in the language spoken here, or in that of a study (`language`) if it is not English."""
    with speaking(heard(language)):
        tell_as_it_is(say(text))


def tell_lines(lines: Iterable[object], *, language: str = "en") -> None:
    """Print lines so, and nothing where there are none."""
    for line in lines:
        tell(str(line), language=language)


def tell_entry(name: str, text: str, *, indent: str = "") -> None:
    """Print a name as it is, and what is said of it."""
    tell_as_it_is(f"{indent}{name}{colon(spoken())}{say(text)}")


def tell_as_it_is(text: str) -> None:
    """Print data that programs read, or what is in its reader's language already."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
