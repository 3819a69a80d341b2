"""Codebooks: the labels of a study in Markdown, as people write them, or in TOML."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from headwinds.contracts import Codebook, Label
from headwinds.corpus.encodings import decode
from headwinds.errors import DataError

HEADERS = ("label", "标签", "標籤")
"""What the first column of a codebook in Markdown may be headed."""
COMMAS = re.compile("[,，、]")


def read_codebook(path: Path) -> Codebook:
    """Read a codebook.

    Markdown: a table with a header whose first cell is "label" (or one of `HEADERS`), then a column that says when to give
    it and, if there is a third, when not, and a fourth, words that stand for it, with commas between them; numbered lines
    are rules. TOML: ``[[label]]`` with `name`, `definition`, `excludes`, `words`; `rules`.

    Raises
    ------
    DataError
        No labels, one label twice, or one without a definition.
    """
    if not path.is_file():
        raise DataError(f"There is no codebook {path}.", remedy="Check the path.")
    text = decode(path.read_bytes(), "utf-8", path)
    labels, rules = _from_toml(text, path) if path.suffix == ".toml" else _from_markdown(text)
    if not labels:
        raise DataError(
            f"{path} defines no label.", remedy="Write a table whose first column is headed 'label'."
        )
    for position, label in enumerate(labels):
        if not re.fullmatch(r"[^\W\d][\w-]*", label.name):
            raise DataError(
                f"{path}: label {label.name!r} is no plain name.", remedy="Use letters, digits, _ and -."
            )
        if label.name in {earlier.name for earlier in labels[:position]}:
            raise DataError(f"{path}: label {label.name!r} is defined twice.", remedy="Remove one.")
        if not label.definition:
            raise DataError(f"{path}: label {label.name!r} has no definition.", remedy="Say when to give it.")
    return Codebook(tuple(labels), tuple(rules))


def _from_markdown(text: str) -> tuple[list[Label], list[str]]:
    labels: list[Label] = []
    rules: list[str] = []
    in_table = False
    for line in text.splitlines():
        stripped = line.strip()
        cells = [cell.strip() for cell in stripped.strip("|").split("|")] if stripped.startswith("|") else []
        if not cells:
            in_table = False
        elif cells[0].lower() in HEADERS:
            in_table = True
        elif in_table and not set(stripped) <= set("|-: "):
            cells += [""] * (4 - len(cells))
            labels.append(Label(cells[0], cells[1], cells[2], _words(cells[3])))
        numbered = re.match(r"\d+(?:\.\s+|、\s*)(.*)", stripped)
        if numbered:
            rules.append(numbered.group(1))
    return labels, rules


def _words(cell: str | list[str]) -> tuple[str, ...]:
    parts = COMMAS.split(cell) if isinstance(cell, str) else cell
    return tuple(part.strip() for part in parts if part.strip())


def _from_toml(text: str, path: Path) -> tuple[list[Label], list[str]]:
    try:
        content = tomllib.loads(text)
        labels = [
            Label(
                item["name"],
                item.get("definition", ""),
                item.get("excludes", ""),
                _words(item.get("words", "")),
            )
            for item in content.get("label", [])
        ]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} is not a codebook: {error}.",
            remedy='Write [[label]] with name = "..." and definition = "...".',
        ) from error
    rules = content.get("rules", [])
    texts = [text for label in labels for text in (label.name, label.definition, label.excludes)]
    if not isinstance(rules, list) or not all(isinstance(text, str) for text in (*texts, *rules)):
        raise DataError(
            f"{path} is not a codebook: name, definition and excludes are text, and rules is a list of text.",
            remedy='Write [[label]] with name = "..." and definition = "...".',
        )
    return labels, rules
