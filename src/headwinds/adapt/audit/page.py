"""An audit as one HTML page that opens without a network, and as a section of a model card that shows no text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from headwinds.adapt.audit.joint import MULTIPLICITY
from headwinds.adapt.audit.perturbations import MEANINGS
from headwinds.adapt.audit.pictures import group_picture, robustness_picture, swap_picture
from headwinds.adapt.evaluation.task_page import STYLE
from headwinds.artifacts.page_head import page_head
from headwinds.drawing.canvas import inline, to_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.adapt.audit.report import AuditReport

SHOWN_ROWS = 24
OWN_STYLE = """
figure { margin: 1rem 0; max-width: 44rem; } figure svg { width: 100%; height: auto; }
td.words { min-width: 13rem; } mark { border-radius: 2px; padding: 0 1px; }
"""


def audit_page(report: AuditReport) -> str:
    """The page; texts of the examples are on it, so it stays at home."""
    title = f"Audit: {report.task} by {report.method}"
    labels = "labelled" if report.labelled else "without labels"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="note">On {report.rows:,} rows of {escape(report.file)}, {labels}. Intervals: 95 %, {report.clusters:,} '
        "clusters drawn whole.</p>",
        "<h2>Verdicts</h2>",
        _table(("part", "of", "verdict"), report.verdicts, words=(2,)),
    ]
    if report.findings:
        parts += ["<h2>What to weigh</h2>", *(f"<p>{escape(str(one))}</p>" for one in report.findings)]
    parts += [*_bias(report), *_groups(report), *_robustness(report), *_explanations(report)]
    parts += [*_privacy(report), *_energy(report)]
    return (
        f"{page_head(title)}<style>{STYLE}{OWN_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def card_section(report: AuditReport) -> str:
    """The audit as Markdown for a model card: verdicts and findings, no text of an example."""
    lines = [
        "## Audit",
        "",
        f"On {report.rows:,} rows; 95 % intervals, {report.clusters:,} clusters drawn whole.",
        "",
        "| part | of | verdict |",
        "| --- | --- | --- |",
        *(f"| {_cell(part)} | {_cell(what)} | {_cell(verdict)} |" for part, what, verdict in report.verdicts),
        "",
        *(f"- {finding}" for finding in report.findings),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _bias(report: AuditReport) -> list[str]:
    parts = []
    for place, one in enumerate(report.swaps):
        parts += [
            f"<h2>Swaps of {escape(one.name)}</h2>",
            f'<p class="note">{one.texts:,} texts have a word of the list; {one.versions} versions of each were compared, '
            f"groups {escape(', '.join(one.groups))}. {_share(one.flips.value)} of these texts have other labels in one "
            f"version than in another ({_share(one.flips.lower)} to {_share(one.flips.upper)}).</p>",
        ]
        if not one.changes:
            continue
        rows = [
            (item.group, item.label, _signed(item.change), *_bounds(item))
            for item in one.changes[:SHOWN_ROWS]
        ]
        parts += [
            _figure(swap_picture(one), f"swaps-{place}", f"Changes of probability by words of {one.name}"),
            _table(("group", "label", "change", "95 %", "joint"), rows, numbers=(2, 3, 4)),
            _note(len(rows), len(one.changes)),
        ]
    return parts


def _groups(report: AuditReport) -> list[str]:
    parts = []
    for place, one in enumerate(report.groups):
        ordered = sorted(one.gaps, key=lambda item: (item.gap != item.gap, -abs(item.gap)))
        rows = [
            (
                item.group,
                item.quantity.replace("_", " "),
                f"{item.rows:,}",
                _number(item.value),
                _signed(item.gap),
                *_bounds(item),
            )
            for item in ordered[:SHOWN_ROWS]
        ]
        parts += [
            f"<h2>Gaps by {escape(one.column)}</h2>",
            '<p class="note">Each group against all rows outside of it, the widest gap first.</p>',
            _figure(group_picture(one), f"groups-{place}", f"Gaps by {one.column}"),
            _table(
                ("group", "quantity", "rows", "value", "gap", "95 %", "joint"), rows, numbers=(2, 3, 4, 5, 6)
            ),
            _note(len(rows), len(one.gaps)),
        ]
    return parts


def _robustness(report: AuditReport) -> list[str]:
    found = report.robustness
    if found is None:
        return []
    rows = [
        (
            one.name,
            MEANINGS[one.name],
            _share(one.changed),
            _number(one.after),
            _signed(one.difference),
            _bounds(one)[1],
            f"{_share(one.flips.value)} ({_share(one.flips.lower)} to {_share(one.flips.upper)})",
        )
        for one in found.changes
    ]
    metric = found.metric.replace("_", " ")
    picture = (
        [_figure(robustness_picture(found), "robustness", f"What changes cost in {metric}")]
        if report.labelled
        else []
    )
    return [
        "<h2>Changes that should not matter</h2>",
        f'<p class="note">{found.texts:,} texts; {escape(metric)} before: {_number(found.changes[0].before)}. The worst '
        "change comes first.</p>",
        *picture,
        _table(
            (
                "change",
                "what it does",
                "texts changed",
                f"{metric} after",
                "difference",
                "joint",
                "other predictions",
            ),
            rows,
            numbers=(2, 3, 4, 5, 6),
            words=(1,),
        ),
        _note(len(rows), len(rows)),
    ]


def _explanations(report: AuditReport) -> list[str]:
    if not report.faithfulness:
        return []
    rows = [
        (
            one.method,
            f"{one.texts:,}",
            _number(one.area),
            _number(one.random_area),
            _signed(one.difference),
            f"{_signed(one.lower)} to {_signed(one.upper)}",
            one.verdict,
        )
        for one in report.faithfulness
    ]
    heads = ("method", "texts", "fall", "in a random order", "difference", "joint", "verdict")
    parts = [
        "<h2>Explanations</h2>",
        '<p class="note">Deletion test: mean fall of the label\'s probability while up to half of the words are left out, '
        "those first that are said to contribute most, or in a random order.</p>",
        _table(heads, rows, numbers=(1, 2, 3, 4, 5), words=(6,)),
    ]
    for one in report.examples:
        parts.append(
            f"<article><p><strong>{escape(one.label)}</strong> with probability {one.probability:.3f}, "
            f"by {escape(one.method)}. "
            "Blue words speak for the label, orange ones against it.</p>"
            f"<blockquote>{one.marked()}</blockquote></article>"
        )
    return parts


def _privacy(report: AuditReport) -> list[str]:
    parts = []
    found = report.personal_data
    if found is not None:
        kinds = [
            (kind, f"{count:,}", f"{rows:,}", "; ".join(found.places[kind][:5]))
            for kind, (count, rows) in found.counts.items()
        ]
        parts += ["<h2>Personal data</h2>", f"<p>{escape(found.verdict[0].upper() + found.verdict[1:])}.</p>"]
        parts += [_table(("kind", "found", "rows", "first places"), kinds, numbers=(1, 2))] if kinds else []
    member = report.membership
    if member is not None:
        rows = [
            (
                one.name,
                _number(one.auc.value),
                f"{_number(one.auc.lower)} to {_number(one.auc.upper)}",
                _share(one.found.value),
                f"{_share(one.found.lower)} to {_share(one.found.upper)}",
            )
            for one in member.attacks
        ]
        parts += [
            "<h2>Membership in the training file</h2>",
            f'<p class="note">{member.members:,} training rows against {member.others:,} that the model never saw. '
            "Intervals hold for both attacks together. Shadow models that saw neither tell the two apart with AUC "
            f"{_number(member.shadow_auc.value)}: what exceeds 0.5 there is a difference of the files.</p>",
            _table(
                ("attack", "AUC", "interval", "members found at 1 % of others", "interval"),
                rows,
                numbers=(1, 2, 3, 4),
            ),
        ]
    return parts


def _energy(report: AuditReport) -> list[str]:
    found = report.energy
    if found is None:
        return []
    rows = [
        (name, f"{middle:.2f}", f"{least:.2f} to {most:.2f}")
        for name, (middle, least, most) in (
            ("seconds", found.seconds),
            ("processor-seconds", found.processor_seconds),
            ("joules" if found.measured else "joules (estimate)", found.joules),
        )
    ]
    return [
        "<h2>Time and energy of a thousand documents</h2>",
        _table(("", "median of three", "least to most"), rows, numbers=(1, 2)),
    ]


def _table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    words: Sequence[int] = (),
) -> str:
    kinds = dict.fromkeys(numbers, ' class="n"') | dict.fromkeys(words, ' class="words"')
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(
        "<tr>"
        + "".join(f"<td{kinds.get(place, '')}>{escape(cell)}</td>" for place, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _figure(figure: Figure, name: str, alternative: str) -> str:
    return f"<figure>{inline(to_bytes(figure)[0], name, escape(alternative), {})}</figure>"


def _note(shown: int, count: int) -> str:
    rest = f" The first {shown} of {count} are shown; audit.json has them all." if shown < count else ""
    words = MULTIPLICITY.format(count=count)
    return f'<p class="note">{escape(words[0].upper() + words[1:])}.{rest}</p>'


def _bounds(item: object) -> tuple[str, str]:
    names = (("lower", "upper"), ("joint_lower", "joint_upper"))
    first, second = (
        f"{_signed(getattr(item, low))} to {_signed(getattr(item, high))}"
        if getattr(item, low) == getattr(item, low)
        else "not available"
        for low, high in names
    )
    return first, second


def _number(value: float) -> str:
    return "not available" if value != value else f"{value:.3f}"


def _signed(value: float) -> str:
    return "not available" if value != value else f"{value:+.3f}"


def _share(value: float) -> str:
    return "not available" if value != value else f"{100 * value:.1f} %"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
