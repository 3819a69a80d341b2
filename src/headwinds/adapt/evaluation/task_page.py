"""The test of a model as one HTML page that opens without a network; unlike the card it shows texts, so it stays at home.

It is in the language that is spoken when it is written; labels, texts and names of columns are their user's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.page_parts import heading, note, table
from headwinds.adapt.evaluation.shown import (
    shown_interval,
    shown_label,
    shown_name,
    shown_number,
    shown_order,
    shown_place,
    shown_value,
    told_draws,
    told_finding,
    told_mistakes,
    told_none_wrong,
    told_unbounded,
)
from headwinds.adapt.held_out import held_lines
from headwinds.artifacts.page_head import page_head
from headwinds.phrases.catalogue import between, spoken, written

if TYPE_CHECKING:
    from headwinds.adapt.evaluation.task_evaluation import TaskEvaluation
    from headwinds.adapt.fitted_model import ModelFacts
    from headwinds.contracts import Interval

SHOWN_ERRORS = 50
SHOWN_CHARACTERS = 1200
STYLE = """
:root { --ink: #1f2328; --faint: #5f6670; --rule: #d9dce1; --paper: #fff; --mark: #0a5a94; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --faint: #a2a9b3; --rule: #3a4049; --paper: #15181c; --mark: #7cc0f2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1.25rem 4rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Arial, "Noto Sans", "PingFang SC",
  "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.note { color: var(--faint); font-size: 0.88rem; max-width: 44rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.3rem 0.9rem 0.3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td.n { text-align: right; white-space: nowrap; }
th[scope="row"] { overflow-wrap: anywhere; }
@media (max-width: 36rem) { td svg { display: none; } }
th:lang(zh), td:lang(zh):not(.words) { word-break: keep-all; }
svg { width: 9rem; height: 0.9rem; display: block; }
blockquote { margin: 0.2rem 0 0; white-space: pre-line; overflow-wrap: anywhere; max-width: 44rem; }
article { margin: 1rem 0; padding-left: 0.9rem; border-left: 3px solid var(--rule); }
article p { margin: 0; font-size: 0.88rem; overflow-wrap: anywhere; }
"""


def task_page(
    facts: ModelFacts, evaluation: TaskEvaluation, errors: Sequence[tuple[str, str, str, str]]
) -> str:
    """The page. `errors` are (id, true, given, text), those first of which the model was surest."""
    title = written(f"{facts.task}: a test on {evaluation.examples:,} examples")
    parts = [
        f"<h1>{escape(title)}</h1>",
        note(
            f"Method {facts.method}, {facts.training_examples:,} training and {facts.validation_examples:,} validation "
            f"examples, predicts in {facts.precision}. Intervals: 95 %, bootstrap, {told_draws(evaluation)}."
        ),
        *map(note, held_lines(evaluation.held_out)),
        *(f"<p>{escape(told_finding(finding))}</p>" for finding in evaluation.findings),
        heading("How it does"),
        _metrics(evaluation.metrics, evaluation.main_metric, differences=False),
        *map(note, told_unbounded(evaluation)),
    ]
    if evaluation.differences:
        parts += [
            heading("Minus the other model"),
            _metrics(evaluation.differences, evaluation.main_metric, differences=True),
        ]
    for column in dict.fromkeys(one.column for one in evaluation.slices):
        own = [one for one in evaluation.slices if one.column == column]
        shown, _ = shown_value(column, own[0].value)
        rows = [
            (shown_value(column, one.value)[1], f"{one.examples:,}", written(shown_number(one.metric)))
            for one in own
        ]
        name = shown_name(evaluation.main_metric)
        heads = (shown, written("examples"), written(name))
        parts += [heading(f"{name} by {shown}"), table(heads, rows)]
    if evaluation.confusions:
        pairs = [
            (*(shown_label(text, facts.labels) for text in (one.true, one.given)), f"{one.count:,}")
            for one in evaluation.confusions
        ]
        heads = (written("true"), written("given"), written("times"))
        parts += [heading("What it takes for what"), table(heads, pairs)]
    parts += [heading("What it gets wrong"), _told(evaluation, len(errors))]
    parts += [_error(*error, facts.labels) for error in errors[:SHOWN_ERRORS]]
    return (
        f"{page_head(title, language=spoken())}<style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _metrics(metrics: Mapping[str, Interval], main_metric: str, *, differences: bool) -> str:
    rows = []
    for name in shown_order(metrics, main_metric):
        item = metrics[name]
        known = item.lower == item.lower
        lower, upper = (-1.0, 1.0) if differences else (0.0, 1.0)
        bar = _bar(item, lower, upper) if known and lower <= item.lower and item.upper <= upper else ""
        rows.append(
            f'<tr><th scope="row">{escape(written(shown_name(name)))}</th>'
            f'<td class="n">{escape(written(shown_number(item.value)))}</td>'
            f'<td class="n">{escape(written(shown_interval(item)))}</td><td>{bar}</td></tr>'
        )
    heads = "".join(
        f'<th scope="col">{escape(written(one))}</th>' for one in ("metric", "value", "95 % interval")
    )
    head = f"<tr>{heads}<th></th></tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'


def _bar(item: Interval, lowest: float, highest: float) -> str:
    """The interval as a line and the value as a point, on a scale from `lowest` to `highest`."""

    def place(value: float) -> str:
        return f"{2 + 96 * (value - lowest) / (highest - lowest):.2f}"

    middle = '<path d="M50 0V10" stroke="var(--rule)" stroke-width="1"/>' if lowest < 0 else ""
    return (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="M2 5H98" stroke="var(--rule)" stroke-width="1"/>'
        f'{middle}<path d="M{place(item.lower)} 5H{place(item.upper)}" stroke="var(--mark)" stroke-width="3"/>'
        f'<path d="M{place(item.value)} 1V9" stroke="var(--ink)" stroke-width="1.5"/></svg>'
    )


def _told(evaluation: TaskEvaluation, kept: int) -> str:
    if not evaluation.mistakes:
        return note(told_none_wrong(evaluation.task, evaluation.metrics))
    shown = min(kept, SHOWN_ERRORS)
    mistakes = told_mistakes(evaluation.task, evaluation.mistakes)
    told = f"{mistakes}, those first of which the model was surest, or which are farthest."
    if shown < evaluation.mistakes:
        told += f" The first {shown:,} are here, all of them in errors.jsonl."
    return note(told)


def _error(name: str, true: str, given: str, text: str, labels: Sequence[str]) -> str:
    colon, semicolon = between()
    told = semicolon.join(
        f"{written(which)}{colon}{shown_label(one, labels)}"
        for which, one in (("true", true), ("given", given))
    )
    shown = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + " […]"
    return (
        f"<article><p><strong>{escape(shown_place(name))}</strong> {escape(told)}</p>"
        f"<blockquote>{escape(shown)}</blockquote></article>"
    )
