"""Answers in the language that a request asks for; the pages are in the one in which the server was started.

An answer is data: English, unless its caller asks for another language (`Accept-Language`), as our pages do. Then what a
person reads of it is told so: what went wrong, what a column or a route means, what to weigh of a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headwinds.adapt.evaluation.shown import shown_name
from headwinds.contracts import Finding
from headwinds.phrases.catalogue import (
    ENGLISH,
    ERRORS,
    TERMINAL,
    WRITTEN,
    translate,
    translate_text,
)
from headwinds.phrases.telling import told_languages
from headwinds.registry.card import cost_lines

if TYPE_CHECKING:
    from starlette.requests import Request

    from headwinds.registry.card import Card

PAGE = "page"


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


def told_names(card: Card, language: str) -> dict[str, str]:
    """What the task and the metrics of a card are called."""
    words = {card.task: card.task, **{name: shown_name(name) for name in card.metrics}}
    return {name: translate(text, language, WRITTEN) for name, text in words.items()}


def told_costs(card: Card, language: str) -> list[str]:
    """Time and energy of a card, a sentence each."""
    return [translate_text(line.strip(), language, TERMINAL) for line in cost_lines(card)]


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
