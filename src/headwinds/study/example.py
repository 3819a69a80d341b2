"""The study file that `headwinds init` writes."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

from headwinds.phrases.catalogue import ENGLISH
from headwinds.study.settings import StudySettings

SHORT = """\
# A study: which documents, which labels, which model, what to count by what. Paths start at this file's folder.
# `headwinds check study.toml` reads everything and fits nothing; `headwinds run study.toml` does all of it.

[study]
title = "My study"
question = "What share of passages has each label, by year?"
limits = ["The documents are made up: they show how a study runs, and nothing else."]
seed = 0
language = "en"               # of the report and the brief; "zh" for Chinese

[corpus]
path = "documents.csv"        # .csv, .tsv, .jsonl or .parquet: one passage a row
passage_id = "passage_id"     # unique; leave empty ("") to number the rows
document_id = "document_id"   # passages of one document never stand on two sides of a split
text = "text"
keys = ["year"]               # what you want to count by
# weight = "weight"           # how many passages of the population each one stands for, if the corpus is a sample
# stratum = ["stratum"]       # within which gold was drawn at random, if it was

[codebook]
path = "codebook.md"          # a table: label | give it when ... | not when ...
# kind = "multi-class"        # exactly one label of a passage holds; or "graded", from 0 to the highest of grades = 3

[gold]
path = "gold.jsonl"           # {"passage_id": "...", "labels": ["..."], "inclusion_probability": 0.01}
provenance = "Who labelled, how, and how well they agreed."

[tune]
epochs = 8
folds = 5

[measure]
by = [[], ["year"]]           # the whole corpus, and each year
"""

COMMENT = "# Every setting with its default. Lines without a default must be filled in.\n"


def example_study(*, full: bool = False, language: str = ENGLISH) -> str:
    """The text of an example study file, whose report is in `language`; with `full`, every setting and its default."""
    if not full:
        return SHORT.replace(f'language = "{ENGLISH}"', f'language = "{language}"')
    hints = typing.get_type_hints(StudySettings)
    lines = [COMMENT]
    for item in dataclasses.fields(StudySettings):
        if item.name in ("folder", "file"):
            continue
        kind = hints[item.name]
        repeated = typing.get_origin(kind) is tuple
        section = typing.get_args(kind)[0] if repeated else kind
        # Repeated sections are optional: they stay commented out as a whole.
        prefix = "# " if repeated else ""
        lines.append(f"{prefix}[[{item.name}]]" if repeated else f"[{item.name}]")
        lines += [prefix + line for line in _lines(section, item.name)]
        lines.append("")
    return "\n".join(lines)


def _lines(section: Any, name: str) -> list[str]:
    result = []
    for key in dataclasses.fields(section):
        if (name, key.name) == ("tune", "seed"):
            continue  # the study's seed rules
        if key.default is not dataclasses.MISSING:
            result.append(f"{key.name} = {_toml(key.default)}")
        elif key.default_factory is not dataclasses.MISSING:
            result.append(f"{key.name} = {_toml(key.default_factory())}")
        else:
            result.append(f'{key.name} = "..."')
    return result


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value)
