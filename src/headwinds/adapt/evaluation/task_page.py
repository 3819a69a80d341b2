"""The test of a model as one HTML page that opens without a network; unlike the card it shows texts, so it stays at home."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.shown import (
    shown_interval,
    shown_name,
    shown_number,
    shown_order,
    told_mistakes,
)
from headwinds.artifacts.page_head import page_head

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
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Arial, "Noto Sans", "PingFang SC", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.note { color: var(--faint); font-size: 0.88rem; max-width: 44rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.3rem 0.9rem 0.3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td.n { text-align: right; white-space: nowrap; }
svg { width: 9rem; height: 0.9rem; display: block; }
blockquote { margin: 0.2rem 0 0; white-space: pre-line; overflow-wrap: anywhere; max-width: 44rem; }
article { margin: 1rem 0; padding-left: 0.9rem; border-left: 3px solid var(--rule); }
article p { margin: 0; font-size: 0.88rem; overflow-wrap: anywhere; }
"""


def task_page(
    facts: ModelFacts, evaluation: TaskEvaluation, errors: Sequence[tuple[str, str, str, str]]
) -> str:
    """The page. `errors` are (id, true, given, text), those first of which the model was surest."""
    title = f"{facts.task}: a test on {evaluation.examples:,} examples"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="note">Method {escape(facts.method)}, {facts.training_examples:,} training and '
        f"{facts.validation_examples:,} validation examples, predicts in {facts.precision}. Intervals: 95 %, bootstrap, "
        f"{evaluation.groups:,} groups drawn whole.</p>",
        *(f"<p>{escape(str(finding))}</p>" for finding in evaluation.findings),
        "<h2>How it does</h2>",
        _metrics(evaluation.metrics, evaluation.main_metric, differences=False),
    ]
    if evaluation.differences:
        parts += [
            "<h2>Minus the other model</h2>",
            _metrics(evaluation.differences, evaluation.main_metric, differences=True),
        ]
    for column in dict.fromkeys(one.column for one in evaluation.slices):
        rows = [
            (one.value, f"{one.examples:,}", shown_number(one.metric))
            for one in evaluation.slices
            if one.column == column
        ]
        name = evaluation.main_metric.replace("_", " ")
        parts += [f"<h2>{escape(name)} by {escape(column)}</h2>", _table((column, "examples", name), rows)]
    if evaluation.confusions:
        rows = [(one.true, one.given, f"{one.count:,}") for one in evaluation.confusions]
        parts += ["<h2>What it takes for what</h2>", _table(("true", "given", "times"), rows)]
    parts += ["<h2>What it gets wrong</h2>", _told(evaluation, len(errors))]
    parts += [_error(*error) for error in errors[:SHOWN_ERRORS]]
    return (
        f"{page_head(title)}<style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _metrics(metrics: Mapping[str, Interval], main_metric: str, *, differences: bool) -> str:
    rows = []
    for name in shown_order(metrics, main_metric):
        item = metrics[name]
        known = item.lower == item.lower
        lower, upper = (-1.0, 1.0) if differences else (0.0, 1.0)
        bar = _bar(item, lower, upper) if known and lower <= item.lower and item.upper <= upper else ""
        rows.append(
            f'<tr><th scope="row">{escape(shown_name(name))}</th><td class="n">{shown_number(item.value)}</td>'
            f'<td class="n">{shown_interval(item)}</td><td>{bar}</td></tr>'
        )
    head = '<tr><th scope="col">metric</th><th scope="col">value</th><th scope="col">95 % interval</th><th></th></tr>'
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


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _told(evaluation: TaskEvaluation, kept: int) -> str:
    shown = min(kept, SHOWN_ERRORS)
    rest = (
        f" The first {shown:,} are here, all of them in errors.jsonl." if shown < evaluation.mistakes else ""
    )
    told = told_mistakes(evaluation.task, evaluation.mistakes)
    return (
        f'<p class="note">{told}, those first of which the model was surest, or which are farthest.{rest}</p>'
    )


def _error(name: str, true: str, given: str, text: str) -> str:
    shown = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + " […]"
    return (
        f"<article><p><strong>{escape(name)}</strong> true: {escape(true)}; given: {escape(given)}</p>"
        f"<blockquote>{escape(shown)}</blockquote></article>"
    )
