"""The parser's own words in another language, in lines that fit the terminal: Chinese characters take two columns each."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import Any

from headwinds.phrases.catalogue import ENGLISH
from headwinds.phrases.columns import columns
from headwinds.phrases.telling import help_word

_CLOSING = "，。；：、）？！”》"
_USAGE = {"zh": "用法："}


def localise(parser: argparse.ArgumentParser, language: str) -> None:
    """Translate all that `--help` of a parser and of its verbs shows; English stays as it is.

    argparse has no other way to its own titles and help than these attributes.
    """
    if language == ENGLISH:
        return
    parser.formatter_class = _formatter(language)
    parser.description = _word(parser.description, language)
    parser.epilog = _word(parser.epilog, language)
    for group in parser._action_groups:
        group.title = _word(group.title, language)
        group.description = _word(group.description, language)
    for action in parser._actions:
        if action.help and action.help != argparse.SUPPRESS:
            action.help = help_word(action.help, language)
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                choice.help = _word(choice.help, language)
            for below in action.choices.values():
                localise(below, language)


def _word(text: str | None, language: str) -> str | None:
    return help_word(text, language) if text else text


def wide_lines(text: str, width: int) -> list[str]:
    """Cut a text into lines of so many columns; between Chinese characters anywhere, but never before a closing mark."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and columns(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> Iterable[str]:
    return re.findall(rf"(?:[!-~]+|\s+|.)[{_CLOSING}]*", " ".join(text.split()))


def _formatter(language: str) -> type[argparse.HelpFormatter]:
    class Formatter(argparse.HelpFormatter):
        """argparse's, with our usage line and our way of cutting lines."""

        def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
            super().add_usage(usage, actions, groups, _USAGE[language] if prefix is None else prefix)

        def _split_lines(self, text: str, width: int) -> list[str]:
            return wide_lines(text, width)

        def _fill_text(self, text: str, width: int, indent: str) -> str:
            return "\n".join(indent + line for line in wide_lines(text, width - len(indent)))

    return Formatter
