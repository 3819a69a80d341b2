"""The content of a report in its reader's language: what was said in English where it arose, translated once for all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.phrases.catalogue import ENGLISH, translate

if TYPE_CHECKING:
    from headwinds.contracts import Evaluation, Finding, Indicator
    from headwinds.report.content import IndicatorFigure, ReportContent


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
            findings=_findings(growth.accounts.findings, language),
        )
        growth = replace(growth, accounts=accounts, rebuild=translate(growth.rebuild, language))
    if regression is not None:
        naive, corrected = (
            replace(one, findings=_findings(one.findings, language))
            for one in (regression.naive, regression.corrected)
        )
        sentences = tuple(translate(one, language) for one in regression.sentences)
        regression = replace(regression, naive=naive, corrected=corrected, sentences=sentences)
    return replace(
        content,
        check=replace(content.check, findings=_findings(content.check.findings, language)),
        evaluation=_evaluation(content.evaluation, language),
        indicators=tuple(_figure(one, language) for one in content.indicators),
        growth=growth,
        regression=regression,
        chapters=tuple(
            replace(one, sentences=tuple(translate(said, language) for said in one.sentences))
            for one in content.chapters
        ),
        findings=_findings(content.findings, language),
    )


def _findings(findings: Iterable[Finding], language: str) -> tuple[Finding, ...]:
    return tuple(one.in_language(language) for one in findings)


def _evaluation(evaluation: Evaluation, language: str) -> Evaluation:
    return replace(
        evaluation,
        systems=tuple(replace(one, system=translate(one.system, language)) for one in evaluation.systems),
        differences=tuple(
            replace(one, first=translate(one.first, language), second=translate(one.second, language))
            for one in evaluation.differences
        ),
        findings=_findings(evaluation.findings, language),
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
        findings=_findings(indicator.findings, language),
    )
