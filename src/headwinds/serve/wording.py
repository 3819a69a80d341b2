"""The pages in the language in which the server was started, and answers in the one that a request asks for.

An answer is data: English, unless its caller asks for another language (`Accept-Language`), as our pages do. Then what a
person reads of it is told so: what went wrong, what a column or a route means, what to weigh of a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Finding
from headwinds.phrases.catalogue import (
    ENGLISH,
    ERRORS,
    TERMINAL,
    phrase_files,
    read_phrases,
    translate,
    translate_text,
)
from headwinds.phrases.telling import told_languages

if TYPE_CHECKING:
    from starlette.requests import Request

PAGE = "page"
TEXT_NODE = re.compile(r">([^<>]*[^<>\s][^<>]*)<")
SCRIPT_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def page_in(content: str, name: str, language: str) -> str:
    """A page or script with its words in a language; what is no word of its own (`phrases/zh/page`) stays."""
    words = page_words(language)
    if not words:
        return content
    if name.endswith(".html"):
        marked = content.replace(f'<html lang="{ENGLISH}">', f'<html lang="{language}">')
        return TEXT_NODE.sub(lambda one: f">{_node(one.group(1), words)}<", marked)
    if name.endswith(".js"):
        return SCRIPT_TEXT.sub(
            lambda one: json.dumps(words.get(one.group(1), one.group(1)), ensure_ascii=False), content
        )
    return content


@cache
def page_words(language: str) -> dict[str, str]:
    """The words of the pages, and what they are in a language; empty for English."""
    entries = [one for file in phrase_files(language, PAGE) for one in read_phrases(file)]
    return {one["english"]: one["translation"] for one in entries}


def asked_language(request: Request) -> str:
    """The language that a request prefers, if we have it; else English."""
    first = request.headers.get("accept-language", "")[:2].lower()
    return first if first in told_languages() else ENGLISH


def told_error(words: str, language: str) -> str:
    """What went wrong with a request."""
    return translate_text(words, language, ERRORS)


def told_meaning(words: str, language: str) -> str:
    """What a column means."""
    return translate(words, language, TERMINAL)


def told_card(card: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A card as data, its findings told."""
    findings = [Finding(**one).in_language(language) for one in card["findings"]]
    return {
        **card,
        "findings": [{"code": one.code, "sentence": one.sentence, "remedy": one.remedy} for one in findings],
    }


def told_document(document: Any, language: str) -> Any:
    """An OpenAPI document with its summaries and descriptions told."""
    if isinstance(document, Mapping):
        return {
            name: translate(one, language, TERMINAL)
            if name in ("summary", "description") and isinstance(one, str)
            else told_document(one, language)
            for name, one in document.items()
        }
    if isinstance(document, list | tuple):
        return [told_document(one, language) for one in document]
    return document


def _node(text: str, words: Mapping[str, str]) -> str:
    """A text between two tags; the space around it stays where it is a word's."""
    bare = " ".join(text.split())
    if bare not in words:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{words[bare]}{after}"
