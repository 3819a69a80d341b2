"""All numbers of the report as one JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headwinds.report.cells import ReportTable
from headwinds.report.files import table_as_json

if TYPE_CHECKING:
    from headwinds.contracts import Estimate, Finding
    from headwinds.report.content import ReportContent

FORMAT = 1
"""Version of the layout of `results.json`."""


def results(
    content: ReportContent, tables: Mapping[str, ReportTable], answer: Sequence[str], limits: Sequence[str]
) -> dict[str, Any]:
    """The report as plain data; texts of passages stay in their own table file, named here."""
    corpus, check, evaluation = content.corpus, content.check, content.evaluation
    return {
        "format": FORMAT,
        "title": content.title,
        "question": content.question,
        "answer": list(answer),
        "labels": [{"name": label.name, "definition": label.definition} for label in content.codebook.labels],
        "data": {
            "source": corpus.source,
            "licence": corpus.licence,
            "sampling": corpus.sampling,
            "passages": corpus.passages,
            "documents": corpus.documents,
            "population": corpus.population,
            "first_year": corpus.first_year,
            "last_year": corpus.last_year,
            "gold_provenance": check.gold_provenance,
            "tokens_lost": check.tokens_lost,
            "maximum_length": check.maximum_length,
        },
        "evaluation": {
            "passages": evaluation.passages,
            "documents": evaluation.documents,
            "folds": evaluation.folds,
        },
        "regression": None
        if content.regression is None
        else {
            "naive": _meaning(content.regression.naive),
            "corrected": _meaning(content.regression.corrected),
        },
        "tables": {name: table_as_json(table) for name, table in tables.items() if name != "passages"},
        "tables_elsewhere": {"passages": "tables/passages.parquet"} if "passages" in tables else {},
        "indices_elsewhere": [
            {"title": one.title, "place": one.place, "cells": one.cells} for one in content.beside
        ],
        "findings": [
            {"code": item.code, "sentence": item.sentence, "remedy": item.remedy}
            for item in all_findings(content)
        ],
        "limits": list(limits),
    }


def _meaning(estimate: Estimate) -> dict[str, Any]:
    return {
        "method": estimate.method,
        "estimand": estimate.estimand,
        "variation": estimate.variation,
        "absorbed": estimate.absorbed,
        "units": estimate.units,
        "observations": estimate.observations,
        "clusters": estimate.clusters,
        "degrees_of_freedom": estimate.degrees_of_freedom,
    }


def all_findings(content: ReportContent) -> tuple[Finding, ...]:
    """Every finding of every part, once: errors, then warnings, then notes, by code."""
    parts: list[Iterable[Finding]] = [content.check.findings, content.evaluation.findings]
    for number, figure in enumerate(content.indicators):
        beside = [item.findings for item in (figure.naive, figure.labelled_only) if item is not None]
        said = [one for some in (figure.corrected.findings, *beside) for one in some]
        # N301 tells the estimators; that plain counts are not shown to be right is as true of each index as of the first.
        parts.append([one for one in said if one.code != "N321" and (one.code != "W353" or not number)])
    if content.growth is not None:
        parts.append(content.growth.accounts.findings)
    if content.regression is not None:
        parts += [content.regression.naive.findings, content.regression.corrected.findings]
    found = dict.fromkeys(finding for part in (*parts, content.findings) for finding in part)
    return tuple(sorted(found, key=lambda item: ("EWN".find(item.code[:1]), item.code, item.sentence)))
