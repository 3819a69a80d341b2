"""Pages and scripts with their words in a language: what is no word of theirs stays, byte for byte.

Words stand in a page between its tags, and in templates and scripts in quotation marks too; each is replaced where it stands
whole. So the pages are written once, in English, and the catalogue has what a person reads of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

from headwinds.phrases.catalogue import ENGLISH, phrase_files, read_phrases

TEXT_NODE = re.compile(r"(?:\A|(?<=>))([^<>]*[^<>\s][^<>]*)(?=<)")
FILLED = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
QUOTED = re.compile(r'"([^"<>{}]*)"')
SCRIPT_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
SCRIPT_PIECE = re.compile(r"(?<=[`}])([^`${}]+)(?=\$\{|`)")


@cache
def page_words(language: str, book: str) -> dict[str, str]:
    """The words of the pages of a server, and what they are in a language; empty for English."""
    entries = [one for file in phrase_files(language, book) for one in read_phrases(file)]
    return {one["english"]: one["translation"] for one in entries}


def page_in(content: str, name: str, language: str, book: str) -> str:
    """A page (.html), a template (.html.j2) or a script (.js) in a language."""
    words = page_words(language, book)
    if not words:
        return content
    if name.endswith(".js"):
        quoted = SCRIPT_TEXT.sub(lambda one: _quoted(one, words), content)
        return SCRIPT_PIECE.sub(lambda one: _kept(one.group(1), words), quoted)
    if name.endswith((".html", ".j2")):
        marked = content.replace(f'<html lang="{ENGLISH}">', f'<html lang="{language}">')
        told = TEXT_NODE.sub(lambda one: _node(one.group(1), words), marked)
        return QUOTED.sub(lambda one: _quoted(one, words), told) if name.endswith(".j2") else told
    return content


def _quoted(found: re.Match[str], words: Mapping[str, str]) -> str:
    told = words.get(found.group(1))
    return found.group(0) if told is None else json.dumps(told, ensure_ascii=False)


def _node(text: str, words: Mapping[str, str]) -> str:
    """A text between two tags; what a template fills in cuts it into pieces."""
    pieces = FILLED.split(text)
    return "".join(piece if FILLED.fullmatch(piece) else _kept(piece, words) for piece in pieces)


def _kept(text: str, words: Mapping[str, str]) -> str:
    """A piece as it is written, else without the space around it, which then stays."""
    if text in words:
        return words[text]
    bare = " ".join(text.split())
    if bare not in words:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{words[bare]}{after}"
