"""Every event as it came, one a line: who gave which answer to which passage, when."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.annotate.store import events, items
from headwinds.artifacts.write import write_text

if TYPE_CHECKING:
    from headwinds.annotate.project import AnnotationProject


def write_events(project: AnnotationProject, path: Path) -> None:
    """Write the whole history as JSONL, in order.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    names = {item.number: item.passage_id for item in items(project)}
    lines = [{**asdict(event), "passage_id": names[event.item]} for event in events(project)]
    write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
