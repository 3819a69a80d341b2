"""What the brief says of growth: the slowdown, what goes with it, and whether headwinds may be ranked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from headwinds.report.associations import alone_or, leaves_out_zero, read_associations, widened
from headwinds.report.brief_parts import Statement, error_codes
from headwinds.report.cells import Cell, ReportTable
from headwinds.report.formats import show, show_interval
from headwinds.report.tables import chapter_name

if TYPE_CHECKING:
    from headwinds.report.content import ReportContent
    from headwinds.report.messages import Messages

BEYOND = 2.0
"""Standard errors beyond which a change of growth counts as shown."""
ASKED_FOR = "W446"
"""The code of an attribution whose single parts are shown against the advice of its own power."""


def growth_statement(
    content: ReportContent, tables: Mapping[str, ReportTable], messages: Messages
) -> Statement | None:
    """What growth did; nothing where the study has no panel."""
    if content.growth is None:
        return None
    heading = messages("brief_heading_growth")
    failed = error_codes(content.growth.accounts.findings)
    if failed:
        return Statement(heading, messages("brief_refused", codes=failed), "refused")
    slowdown = content.growth.slowdown
    if slowdown is None:
        return Statement(heading, messages("brief_growth_missing"), "refused")
    [mean] = tables["slowdown-mean"].records()
    change, error = mean["change"], mean["standard_error"]
    if not (isinstance(change, float) and isinstance(error, float)):
        return Statement(heading, messages("brief_growth_missing"), "refused")
    found = abs(change) > BEYOND * error
    key = ("brief_growth_fell" if change < 0 else "brief_growth_rose") if found else "brief_growth_unclear"
    numbers = {
        name: show(mean[name], "number", messages) for name in ("before", "after", "change", "standard_error")
    }
    numbers["size"] = show(abs(change), "number", messages)
    spans = {name: str(mean[name]) for name in ("before_span", "after_span", "countries")}
    return Statement(heading, messages(key, **numbers, **spans), "shown" if found else "not_shown")


def association_statement(
    content: ReportContent, tables: Mapping[str, ReportTable], stopped: str, messages: Messages
) -> Statement | None:
    """Whether growth goes with what was measured; nothing where that was not asked."""
    regression = content.regression
    if regression is None:
        return None
    heading = messages("brief_heading_association")
    failed = stopped or error_codes((*regression.corrected.findings, *regression.naive.findings))
    if failed:
        return Statement(heading, messages("brief_refused", codes=failed), "refused")
    found = read_associations(regression, tables, messages)
    if not found.tested:
        return Statement(heading, messages("brief_association_missing"), "refused")
    about = {"tested": found.tested, "smallest": found.smallest, "units": regression.corrected.units}
    if not found.apart:
        return Statement(
            heading, messages(alone_or("brief_association_none", found.tested), **about), "not_shown"
        )
    about |= {"apart": len(found.apart), "named": messages("brief_semicolon").join(found.apart)}
    if not found.together:  # one of several may leave out zero by chance
        return Statement(heading, messages("brief_association_chance", **about), "not_shown")
    together = messages("brief_comma").join(found.together)
    key = alone_or("brief_association", found.tested)
    return Statement(heading, messages(key, together=together, **about), "shown")


def ranking_statement(
    content: ReportContent, tables: Mapping[str, ReportTable], stopped: str, messages: Messages
) -> Statement | None:
    """Whether one headwind may be named before another; nothing where no slowdown was attributed."""
    for chapter in content.chapters:
        table = tables[chapter_name(chapter)]
        if not {"part", "name", "value", "lower", "upper"} <= set(table.columns):
            continue
        rows = table.records()
        single = [row for row in rows if row["part"] == "headwind"]
        if not single:
            continue
        heading = messages("brief_heading_ranking")
        if stopped:
            return Statement(heading, messages("brief_refused", codes=stopped), "refused")
        joint = next((row for row in rows if row["part"] == "joint" and row["value"] is not None), None)
        hidden = any(row["value"] is None for row in single)
        asked = any(sentence.startswith(ASKED_FOR) for sentence in chapter.sentences)
        together = _together(joint, messages)
        if hidden or asked:
            text = messages("brief_ranking_refused", number=len(single))
            return Statement(heading, messages("brief_space").join((text, together)), "refused")
        named = messages("brief_semicolon").join(
            f"{row['name']} {show_interval(row['value'], row['lower'], row['upper'], 'number', messages)}"
            for row in single
        )
        bounds = [(_float(row["value"]), _float(row["lower"]), _float(row["upper"])) for row in single]
        apart = sum(leaves_out_zero(lower, upper) for _, lower, upper in bounds)
        told = any(
            leaves_out_zero(*widened(value, lower, upper, len(single))) for value, lower, upper in bounds
        )
        key = "brief_ranking" if told else "brief_ranking_chance" if apart else "brief_ranking_none"
        text = messages(key, named=named, number=len(single), apart=apart)
        return Statement(
            heading, messages("brief_space").join((text, together)), "shown" if told else "not_shown"
        )
    return None


def _together(joint: Mapping[str, Cell] | None, messages: Messages) -> str:
    if joint is None:
        return messages("brief_together_missing")
    shown = show_interval(joint["value"], joint["lower"], joint["upper"], "number", messages)
    lower, upper = joint["lower"], joint["upper"]
    clear = lower is not None and upper is not None and (_float(lower) > 0 or _float(upper) < 0)
    return messages("brief_together" if clear else "brief_together_unclear", value=shown)


def _float(value: Cell) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")
