"""What the pages show, as plain data: no HTTP here, and no logic that is not about showing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headwinds.annotate.events import current, resolve
from headwinds.annotate.store import Item, events, items, next_items, progress

if TYPE_CHECKING:
    from headwinds.annotate.agreement import Agreement
    from headwinds.annotate.project import AnnotationProject

KEYS = "123456789qwertasfgzxv"
"""A key a label; c, n, u, b, h, d and the like do other things."""
REACH = 3
SCRIPTS = (("ja", "[\u3040-\u30ff]"), ("ko", "[\uac00-\ud7af]"), ("zh", "[\u4e00-\u9fff]"))


def language_of(text: str) -> str:
    """The language of a text for its fonts and line breaks, where its script tells: "zh", "ja", "ko", else ""."""
    return next((code for code, script in SCRIPTS if re.search(script, text)), "")


def queue_view(project: AnnotationProject, annotator: str, count: int) -> dict[str, Any]:
    """The next passages of an annotator, and how far the reading is."""
    following = next_items(project, annotator, count)
    return {
        "items": [_shown(project, item) for item in following],
        "progress": progress_view(project, annotator),
    }


def progress_view(project: AnnotationProject, annotator: str) -> dict[str, int]:
    """Counts for the head of the page."""
    counts = progress(project, annotator)
    return {"passages": counts.passages, "complete": counts.complete, "mine": counts.mine}


def mine_view(project: AnnotationProject, annotator: str, count: int) -> dict[str, Any]:
    """The annotator's last answers, the newest first, to look at again and change."""
    last = [by_reader[annotator] for by_reader in current(events(project, annotator=annotator)).values()]
    last = sorted(last, key=lambda event: event.number, reverse=True)[:count]
    known = {item.number: item for item in items(project, [event.item for event in last])} if last else {}
    return {
        "items": [
            _shown(project, known[event.item])
            | {
                "given": {
                    "kind": "unsure" if event.kind == "unsure" else "label",
                    "answer": event.answer,
                    "note": event.note,
                }
            }
            for event in last
        ]
    }


def context_view(project: AnnotationProject, item: Item) -> dict[str, Any]:
    """The passages before and after, and what is known of the document."""
    passage = project.passages.by_id[item.passage_id]
    before, after = project.passages.neighbours(item.passage_id, REACH)
    facts = [("document", passage.document_id), *passage.keys]
    return {
        "before": [{"text": one.text, "language": language_of(one.text)} for one in before],
        "after": [{"text": one.text, "language": language_of(one.text)} for one in after],
        "facts": [list(pair) for pair in facts],
        "gaps": project.passages.weight[item.passage_id] != 1
        or len(set(project.passages.stratum.values())) > 1,
    }


def disputes_view(project: AnnotationProject) -> dict[str, Any]:
    """Passages on which readers differ or were unsure, with their answers; readers are not named."""
    known = events(project)
    readings = current(known)
    open_numbers = [number for number, one in resolve(known).items() if one.answer is None]
    queue = items(project, open_numbers) if open_numbers else ()
    return {
        "items": [_shown(project, item) | {"readings": _readings(readings[item.number])} for item in queue]
    }


def _readings(by_reader: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"kind": "unsure" if event.kind == "unsure" else "label", "answer": event.answer, "note": event.note}
        for event in (by_reader[name] for name in sorted(by_reader))
    ]


def _shown(project: AnnotationProject, item: Item) -> dict[str, Any]:
    text = project.passages.by_id[item.passage_id].text
    return {"item": item.number, "passage_id": item.passage_id, "text": text, "language": language_of(text)}


def label_rows(project: AnnotationProject) -> list[dict[str, Any]]:
    """The codebook for the form, a key for each label."""
    return [
        {
            "name": label.name,
            "key": KEYS[place] if place < len(KEYS) else "",
            "definition": label.definition,
            "excludes": label.excludes,
        }
        for place, label in enumerate(project.codebook.labels)
    ]


def agreement_rows(found: Agreement) -> list[dict[str, Any]]:
    """The table of agreement in words; what is undefined says so."""
    return [
        {
            "label": row.label,
            "measure": row.measure,
            "readers": row.readers,
            "passages": f"{row.passages:,}",
            "given": _percent(row.given),
            "identical": _percent(row.identical),
            "value": _decimal(row.value),
            "interval": f"{row.lower:.2f} to {row.upper:.2f}" if row.lower == row.lower else "not available",
            "start": _place(row.lower),
            "end": _place(row.upper),
            "point": _place(row.value),
        }
        for row in found.table.itertuples()
    ]


def reader_rows(project: AnnotationProject) -> list[dict[str, Any]]:
    """How much each annotator has read, and how long a reading took (the median of those that were timed)."""
    from statistics import median

    by_name: dict[str, list[float | None]] = {}
    for by_reader in current(events(project)).values():
        for name, event in by_reader.items():
            by_name.setdefault(name, []).append(event.seconds)
    return [
        {
            "name": name,
            "readings": len(times),
            "seconds": _seconds([time for time in times if time is not None], median),
        }
        for name, times in sorted(by_name.items())
    ]


def _seconds(times: Sequence[float], middle: Any) -> str:
    return f"{middle(times):.0f} s" if times else "not available"


def _percent(value: float) -> str:
    return "" if value != value else f"{value:.0%}"


def _decimal(value: float) -> str:
    return "not available" if value != value else f"{value:.2f}"


def _place(value: float) -> float | None:
    """Where a value from -1 to 1 stands in a drawing of 200 units."""
    return None if value != value else round(100 + 100 * max(-1.0, min(1.0, value)), 1)
