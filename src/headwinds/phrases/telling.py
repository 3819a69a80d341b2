"""What a person at a terminal reads in their own language: an error as one line, and the words of `--help`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from headwinds.errors import HeadwindsError, SettingsError
from headwinds.phrases.catalogue import ENGLISH, ERRORS, translate

VARIABLE = "HEADWINDS_LANGUAGE"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


@cache
def told_languages() -> tuple[str, ...]:
    """The languages that errors and help can be read in."""
    names = (item.name.split(".") for item in resources.files("headwinds.phrases").iterdir())
    return tuple(sorted({ENGLISH, *(parts[0] for parts in names if parts[1:] == ["help", "toml"])}))


def language_here(environment: Mapping[str, str]) -> str:
    """The language of whoever sits here: HEADWINDS_LANGUAGE, else the locale's if we have it, else English.

    Raises
    ------
    SettingsError
        HEADWINDS_LANGUAGE names a language without a translation. A locale without one is no mistake: it gets English.
    """
    asked = environment.get(VARIABLE, "").strip()
    if asked:
        if _plain(asked) not in told_languages():
            raise SettingsError(
                f"{VARIABLE} = {asked!r} has no translation; there are {', '.join(told_languages())}.",
                remedy="Set one of them, or leave the variable out.",
            )
        return _plain(asked)
    locale = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    return _plain(locale) if _plain(locale) in told_languages() else ENGLISH


def told(error: HeadwindsError, language: str) -> str:
    """An error in a language, as one line; its message and its remedy are translated one by one."""
    if language == ENGLISH:
        return str(error)
    message, remedy = (
        translate(" ".join(part.split()), language, ERRORS) for part in (error.message, error.remedy)
    )
    gap = "" if message.endswith(("。", "；", "？")) else " "
    return f"{message}{gap}{remedy}".strip()


def help_word(text: str, language: str) -> str:
    """A sentence of the help; a verb's description is its short help with a capital and a full stop."""
    words = help_words(language)
    if text in words:
        return words[text]
    short = text[:1].lower() + text[1:].removesuffix(".")
    return f"{words[short]}。" if short in words else text


@cache
def help_words(language: str) -> dict[str, str]:
    """The words of `--help`: English, and what it is in a language; empty for English."""
    path = resources.files("headwinds.phrases").joinpath(f"{language}.help.toml")
    return (
        {} if language == ENGLISH or not path.is_file() else tomllib.loads(path.read_text(encoding="utf-8"))
    )


def _plain(name: str) -> str:
    """zh_CN.UTF-8 is zh."""
    return re.split(r"[_.@-]", name, maxsplit=1)[0].lower()
