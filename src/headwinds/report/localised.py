"""The content of a report in its reader's language: what was said in English where it arose, translated once for all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.phrases.catalogue import (
    COMMA,
    ENGLISH,
    ERRORS,
    marks,
    translate,
    translate_list,
    translate_text,
)

if TYPE_CHECKING:
    from headwinds.contracts import Estimate, Evaluation, Finding, Indicator
    from headwinds.report.content import IndicatorFigure, ReportContent, ResultChapter, Table

NOT_DONE, MARK = "N405", ": not available. "
OF_USERS = ("entity", "members", "source", "target")
"""Columns of names that are their user's, whatever word of ours they may look like."""
HELD_FIXED, LAGGED, NOTHING = "hold_fixed", " (lag ", "nothing"
"""A column of names with lags, and what stands there where none must be held fixed."""


def in_language(content: ReportContent, language: str) -> ReportContent:
    """Findings, names of methods and systems, and what chapters say, in a language; unchanged in English.

    A sentence that the catalogue lacks stays in English: it is better read so than not at all.
    """
    if language == ENGLISH:
        return content
    growth, regression = content.growth, content.regression
    if growth is not None:
        accounts = replace(
            growth.accounts,
            estimand=translate(growth.accounts.estimand, language),
            units=translate(growth.accounts.units, language),
            findings=in_words(growth.accounts.findings, language),
        )
        growth = replace(growth, accounts=accounts, rebuild=translate(growth.rebuild, language))
    if regression is not None:
        naive, corrected = (_estimate(one, language) for one in (regression.naive, regression.corrected))
        sentences = tuple(translate(one, language) for one in regression.sentences)
        regression = replace(regression, naive=naive, corrected=corrected, sentences=sentences)
    return replace(
        content,
        check=replace(content.check, findings=in_words(content.check.findings, language)),
        evaluation=_evaluation(content.evaluation, language),
        indicators=tuple(_figure(one, language) for one in content.indicators),
        growth=growth,
        regression=regression,
        chapters=tuple(_chapter(one, language) for one in content.chapters),
        findings=in_words(content.findings, language),
    )


def in_words(findings: Iterable[Finding], language: str) -> tuple[Finding, ...]:
    """Translated; what could not be done is told with the error that says why."""
    return tuple(
        replace(one, sentence=_without(one.sentence, language))
        if one.code == NOT_DONE
        else one.in_language(language)
        for one in findings
    )


def _without(sentence: str, language: str) -> str:
    title, mark, reason = sentence.partition(MARK)
    return translate(f"{title}{mark}{translate_text(reason, language, ERRORS)}", language)


def _chapter(chapter: ResultChapter, language: str) -> ResultChapter:
    """Its sentences, and the words in its table; names that the catalogue lacks stay."""
    sentences = tuple(translate_text(said, language) for said in chapter.sentences)
    return replace(chapter, sentences=sentences, table=told_table(chapter.table, language))


def told_table(table: Table, language: str) -> Table:
    """The words in a DataFrame's cells in a language; names of entities and words that the catalogue lacks stay."""
    if language == ENGLISH or not hasattr(table, "select_dtypes"):
        return table
    told = table.copy()
    for name in told.columns:
        if name not in OF_USERS:
            tell = _told_held if name == HELD_FIXED else translate_list
            told[name] = [tell(value, language) if isinstance(value, str) else value for value in told[name]]
    return told


def _told_held(held: str, language: str) -> str:
    """Nodes that are held fixed: their lags are words of ours, their names are not."""
    return marks(language)[1].join(
        translate(one, language) if LAGGED in one or one == NOTHING else one for one in held.split(COMMA)
    )


def _estimate(estimate: Estimate, language: str) -> Estimate:
    return replace(
        estimate,
        estimand=translate(estimate.estimand, language),
        units=translate(estimate.units, language),
        variation=translate(estimate.variation, language),
        absorbed=translate(estimate.absorbed, language),
        method=translate(estimate.method, language),
        findings=in_words(estimate.findings, language),
    )


def _evaluation(evaluation: Evaluation, language: str) -> Evaluation:
    return replace(
        evaluation,
        systems=tuple(replace(one, system=translate(one.system, language)) for one in evaluation.systems),
        differences=tuple(
            replace(one, first=translate(one.first, language), second=translate(one.second, language))
            for one in evaluation.differences
        ),
        findings=in_words(evaluation.findings, language),
    )


def _figure(figure: IndicatorFigure, language: str) -> IndicatorFigure:
    return replace(
        figure,
        corrected=_indicator(figure.corrected, language),
        naive=None if figure.naive is None else _indicator(figure.naive, language),
        labelled_only=None if figure.labelled_only is None else _indicator(figure.labelled_only, language),
    )


def _indicator(indicator: Indicator, language: str) -> Indicator:
    return replace(
        indicator,
        method=translate(indicator.method, language),
        pooled=tuple(translate(one, language) for one in indicator.pooled),
        findings=in_words(indicator.findings, language),
    )
