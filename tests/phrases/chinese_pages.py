"""The Latin words that a Chinese reader meets on a page or a card and that are no names."""

from __future__ import annotations

import html
import re

from headwinds.adapt.evaluation.task_evaluation import tell_evaluation
from headwinds.adapt.fitted_model import read_facts
from headwinds.phrases.catalogue import speaking

NAME = re.compile(
    r"`[^`]*`|\S*/[\w./-]+|[\w-]+\.(?:csv|jsonl?|toml|md)\b|--[a-z-]+|\w*\d\w*|\b[A-Z]{2,}\b|\b[A-Z]+-\d+\b"
)
"""What is a name by its form: code, paths, files, options, codes and digests, abbreviations."""
OF_THE_FIELD = (
    "chrF sacreBLEU distinct pass ROUGE full head lora jsonl max_new_tokens min_new_tokens Unicode Wh"
)
"""Names of metrics, methods and settings, and of a unit: the same in every language."""


def seen(page: str) -> str:
    """What is read on a page: its text, what is said of its pictures and on them; not the texts of its user."""
    page = re.sub(r"<(style|metadata)\b.*?</\1>", "", page, flags=re.DOTALL)
    page = re.sub(r"<blockquote>.*?</blockquote>", "", page, flags=re.DOTALL)
    said = re.findall(r'(?:aria-label|alt)="([^"]*)"', page)
    return html.unescape("\n".join([*said, re.sub(r"<[^>]+>", "\n", page)]))


def english(text: str, names: str = "") -> list[str]:
    """Its words that are no names."""
    known = set(re.findall("[a-z]+", f"{OF_THE_FIELD} {names}".casefold()))
    bare = NAME.sub(" ", text)
    return sorted({word for word in re.findall("[A-Za-z]{2,}", bare) if word.casefold() not in known})


def english_of_a_test(model, folder, names: str = "") -> list[str]:
    """The English words on the page and the card of a test, when Chinese is spoken; what is true and given is its user's."""
    facts = read_facts(model)
    with speaking("zh"):
        tell_evaluation(folder, facts)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh">' in page
    page = re.sub(r"<article>.*?</article>", "", page, flags=re.DOTALL)
    card = (folder / "card.md").read_text(encoding="utf-8")
    names = f"{names} {' '.join(facts.labels)}"
    return english(seen(page), names) + english(card, names)
