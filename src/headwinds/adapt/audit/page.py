"""An audit as one HTML page that opens without a network, and as a section of a model card that shows no text.

Both are in the language that is spoken when they are written; labels, groups, texts and file names are their user's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from headwinds.adapt.audit.joint import MULTIPLICITY
from headwinds.adapt.audit.perturbations import MEANINGS
from headwinds.adapt.audit.pictures import group_picture, robustness_picture, swap_picture
from headwinds.adapt.audit.report import LEFT_OUT
from headwinds.adapt.evaluation.page_parts import heading, note, table
from headwinds.adapt.evaluation.shown import shown_place, told_finding
from headwinds.adapt.evaluation.task_page import STYLE
from headwinds.artifacts.page_head import page_head
from headwinds.contracts.result import number
from headwinds.drawing.canvas import inline, style, to_svg
from headwinds.drawing.wording import reword
from headwinds.phrases.catalogue import ENGLISH, ERRORS, WRITTEN, spoken, translate_text, written

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.adapt.audit.report import AuditReport

SHOWN_ROWS = 24
LABEL = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a sentence for a label, which is set in bold."""
OWN_STYLE = """
figure { margin: 1rem 0; max-width: 44rem; } figure svg { width: 100%; height: auto; }
td.words { min-width: 13rem; } mark { border-radius: 2px; padding: 0 1px; }
"""


def audit_page(report: AuditReport) -> str:
    """The page; texts of the examples are on it, so it stays at home."""
    title = written(f"Audit: {report.task} by {report.method}")
    labels = "labelled" if report.labelled else "without labels"
    parts = [
        f"<h1>{escape(title)}</h1>",
        note(
            f"On {report.rows:,} rows of {report.file}, {labels}. Intervals: 95 %, {report.clusters:,} clusters drawn whole."
        ),
        heading("Verdicts"),
        _table(("part", "of", "verdict"), _verdicts(report), words=(2,)),
    ]
    if report.findings:
        parts += [
            heading("What to weigh"),
            *(f"<p>{escape(told_finding(one))}</p>" for one in report.findings),
        ]
    parts += [*_bias(report), *_groups(report), *_robustness(report), *_explanations(report)]
    parts += [*_privacy(report), *_energy(report)]
    return (
        f"{page_head(title, language=spoken())}<style>{STYLE}{OWN_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def card_section(report: AuditReport) -> str:
    """The audit as Markdown for a model card: verdicts and findings, no text of an example."""
    lines = [
        f"## {written('Audit')}",
        "",
        written(f"On {report.rows:,} rows; 95 % intervals, {report.clusters:,} clusters drawn whole."),
        "",
        f"| {written('part')} | {written('of')} | {written('verdict')} |",
        "| --- | --- | --- |",
        *(
            f"| {_cell(part)} | {_cell(what)} | {_cell(verdict)} |"
            for part, what, verdict in _verdicts(report)
        ),
        "",
        *(f"- {told_finding(finding)}" for finding in report.findings),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _verdicts(report: AuditReport) -> list[tuple[str, str, str]]:
    """Part, of what, and the verdict; what was left out has an error's sentence for a reason."""
    return [
        (written(part), report.file, written(verdict))
        if part == "personal data"
        else (written(part), written(what), _reason(verdict) if what == LEFT_OUT else written(verdict))
        for part, what, verdict in report.verdicts
    ]


def _reason(text: str) -> str:
    told = translate_text(text if text.endswith(".") else f"{text}.", spoken(), ERRORS)
    return told if spoken() != ENGLISH else text


def _bias(report: AuditReport) -> list[str]:
    parts = []
    for place, one in enumerate(report.swaps):
        parts += [
            heading(f"Swaps of {one.name}"),
            note(
                f"{one.texts:,} texts have a word of the list; {one.versions} versions of each were compared, "
                f"groups {', '.join(one.groups)}."
                + (
                    f" {_share(one.flips.value)} of these texts have other labels in one version than in another "
                    f"({_share(one.flips.lower)} to {_share(one.flips.upper)})."
                    if one.texts
                    else ""
                )
            ),
        ]
        if not one.changes:
            continue
        rows = [
            (written(item.group), item.label, _signed(item.change), *_bounds(item))
            for item in one.changes[:SHOWN_ROWS]
        ]
        parts += [
            _figure(swap_picture(one), f"swaps-{place}", f"Changes of probability by words of {one.name}"),
            _table(("group", "label", "change", "95 %", "joint 95 %"), rows, numbers=(2, 3, 4)),
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
                written(item.shown),
                f"{item.rows:,}",
                _number(item.value),
                _signed(item.gap),
                *_bounds(item),
            )
            for item in ordered[:SHOWN_ROWS]
        ]
        parts += [
            heading(f"Gaps by {one.column}"),
            note("Each group against all rows outside of it, the widest gap first."),
            _figure(group_picture(one), f"groups-{place}", f"Gaps by {one.column}"),
            _table(
                ("group", "quantity", "rows", "value", "gap", "95 %", "joint 95 %"),
                rows,
                numbers=(2, 3, 4, 5, 6),
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
            written(one.name),
            written(MEANINGS[one.name]),
            written(_share(one.changed)),
            _number(one.after),
            _signed(one.difference),
            _bounds(one)[1],
            written(f"{_share(one.flips.value)} ({_share(one.flips.lower)} to {_share(one.flips.upper)})"),
        )
        for one in found.changes
    ]
    metric, first = found.metric.replace("_", " "), found.changes[0].before
    picture = (
        [_figure(robustness_picture(found), "robustness", f"What changes cost in {metric}")]
        if report.labelled
        else []
    )
    return [
        heading("Changes that should not matter"),
        note(f"{found.texts:,} texts; {metric} before: {number(first)}. The worst change comes first."),
        *picture,
        _table(
            (
                "what is changed",
                "what it does",
                "texts changed",
                f"{metric} after",
                "after less before",
                "joint 95 %",
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
            written(one.method),
            f"{one.texts:,}",
            _number(one.area),
            _number(one.random_area),
            _signed(one.difference),
            _between(one.lower, one.upper, "+"),
            written(one.verdict),
        )
        for one in report.faithfulness
    ]
    heads = ("method", "texts", "fall", "in a random order", "fall beyond it", "joint 95 %", "verdict")
    parts = [
        heading("Explanations"),
        note(
            "Deletion test: mean fall of the label's probability while up to half of the words are left out, "
            "those first that are said to contribute most, or in a random order."
        ),
        _table(heads, rows, numbers=(1, 2, 3, 4, 5), words=(6,)),
    ]
    for one in report.examples:
        told = written(
            f"{LABEL} with probability {one.probability:.3f}, by {one.method}. "
            "Blue words speak for the label, orange ones against it."
        )
        told = escape(told).replace(LABEL, f"<strong>{escape(one.label)}</strong>")
        parts.append(f"<article><p>{told}</p><blockquote>{one.marked()}</blockquote></article>")
    return parts


def _privacy(report: AuditReport) -> list[str]:
    parts = []
    found = report.personal_data
    if found is not None:
        kinds = [
            (written(kind), f"{count:,}", f"{rows:,}", "; ".join(map(shown_place, found.places[kind][:5])))
            for kind, (count, rows) in found.counts.items()
        ]
        parts += [heading("Personal data"), f"<p>{escape(_sentence(found.verdict))}</p>"]
        parts += [_table(("kind", "found", "rows", "first places"), kinds, numbers=(1, 2))] if kinds else []
    member = report.membership
    if member is not None:
        rows = [
            (
                written(one.name),
                _number(one.auc.value),
                _between(one.auc.lower, one.auc.upper),
                written(_share(one.found.value)),
                written(f"{_share(one.found.lower)} to {_share(one.found.upper)}"),
            )
            for one in member.attacks
        ]
        parts += [
            heading("Membership in the training file"),
            note(
                f"{member.members:,} training rows against {member.others:,} that the model never saw. "
                "Intervals hold for both attacks together. Shadow models that saw neither tell the two apart with AUC "
                f"{number(member.shadow_auc.value)}: what exceeds 0.5 there is a difference of the files."
            ),
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
        (written(name), f"{middle:.2f}", written(f"{least:.2f} to {most:.2f}"))
        for name, (middle, least, most) in (
            ("seconds", found.seconds),
            ("processor-seconds", found.processor_seconds),
            ("joules" if found.measured else "joules (estimate)", found.joules),
        )
    ]
    return [
        heading("Time and energy of a thousand documents"),
        _table(("", "median of three", "least to most"), rows, numbers=(1, 2)),
    ]


def _table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    words: Sequence[int] = (),
) -> str:
    classes = dict.fromkeys(numbers, "n") | dict.fromkeys(words, "words")
    return table([written(one) for one in headings], rows, classes=classes)


def _figure(figure: Figure, name: str, alternative: str) -> str:
    with style():
        reword(figure, spoken(), WRITTEN)
        svg = to_svg(figure)
    return f"<figure>{inline(svg, name, escape(written(alternative)), {})}</figure>"


def _sentence(text: str) -> str:
    """A verdict as a sentence."""
    return written(f"{text[0].upper()}{text[1:]}.")


def _note(shown: int, count: int) -> str:
    rest = f" The first {shown} of {count} are shown; audit.json has them all." if shown < count else ""
    words = MULTIPLICITY.format(count=count)
    return note(f"{words[0].upper()}{words[1:]}.{rest}")


def _bounds(item: object) -> tuple[str, str]:
    names = (("lower", "upper"), ("joint_lower", "joint_upper"))
    first, second = (
        _between(getattr(item, low), getattr(item, high), "+")
        if getattr(item, low) == getattr(item, low)
        else written("not available")
        for low, high in names
    )
    return first, second


def _number(value: float) -> str:
    return written(number(value))


def _signed(value: float) -> str:
    return written("not available" if value != value else f"{value:+.3f}")


def _between(lower: float, upper: float, sign: str = "") -> str:
    if lower != lower and upper != upper:
        return written("not available")
    least, most = ("not available" if one != one else f"{one:{sign}.3f}" for one in (lower, upper))
    return written(f"{least} to {most}")


def _share(value: float) -> str:
    return "not available" if value != value else f"{100 * value:.1f} %"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
