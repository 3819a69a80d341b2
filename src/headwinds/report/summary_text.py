"""The report in a few lines, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.report.formats import show_interval

if TYPE_CHECKING:
    from headwinds.report.content import ReportContent


def summary_lines(content: ReportContent, *, language: str = "en") -> list[str]:
    """The answer, the model's macro scores beside the baselines, and how many findings of each kind there are.

    Plain text, one item a line, without control characters (texts come from files that are not ours).
    """
    from headwinds.report.answer import answer_sentences
    from headwinds.report.localised import in_language
    from headwinds.report.messages import load_messages
    from headwinds.report.results import all_findings
    from headwinds.report.tables import make_tables

    messages = load_messages(language, content.kind, content.grades)
    content = in_language(content, language)
    tables = make_tables(content, messages)
    lines = [content.title, *answer_sentences(content, tables, messages)]
    scores = [record for record in tables["metrics"].records() if record["label"] == "macro"]
    for metric in ("f1", "average_precision"):
        parts = [
            f"{record['system']} "
            + show_interval(record["value"], record["lower"], record["upper"], "metric", messages)
            for record in scores
            if record["metric"] == metric
        ]
        if parts:
            told = messages("brief_semicolon").join(parts)
            lines.append(messages("summary_scores", metric=messages.metric(metric), scores=told))
    findings = all_findings(content)
    counts = {letter: sum(finding.code.startswith(letter) for finding in findings) for letter in "EWN"}
    lines.append(messages("summary_findings", errors=counts["E"], warnings=counts["W"], notes=counts["N"]))
    lines += [f"  {finding}" for finding in findings if finding.code.startswith("E")]
    return ["".join(letter if letter.isprintable() else " " for letter in line) for line in lines]
