"""Label Studio's JSON: tasks with their annotations, in and out.

Labels are one control of choices called `label`; grades are one rating a label, called by its name (a rating begins at 1, so
the grade 0 is no result). `label_config` is the interface that shows them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from headwinds.annotate.events import current
from headwinds.annotate.scheme import AnswerError, Scheme, check_answer
from headwinds.annotate.store import events, items
from headwinds.artifacts.write import write_json
from headwinds.contracts.missing_file import no_file
from headwinds.corpus.encodings import decode
from headwinds.errors import DataError

if TYPE_CHECKING:
    from headwinds.annotate.events import Event
    from headwinds.annotate.project import AnnotationProject

CONTROL = "label"
OWN = ("text", "passage_id", "document_id", "inclusion_probability")


@dataclass(frozen=True, slots=True)
class Annotation:
    """One person's answer in a file; `answer` is None where it was cancelled (unsure)."""

    passage_id: str
    annotator: str
    answer: dict[str, Any] | None
    probability: float | None
    extra: Mapping[str, Any]
    seconds: float | None
    made_at: str


def label_config(scheme: Scheme) -> str:
    """The labelling interface, to paste into a Label Studio project."""
    lines = ["<View>", '  <Text name="text" value="$text"/>']
    if scheme.kind == "graded":
        for label in scheme.labels:
            lines.append(f"  <Header value={quoteattr(label)}/>")
            lines.append(f'  <Rating name={quoteattr(label)} toName="text" maxRating="{scheme.grades}"/>')
    else:
        choice = "single" if scheme.kind == "multi-class" else "multiple"
        lines.append(f'  <Choices name="{CONTROL}" toName="text" choice="{choice}">')
        lines += [f"    <Choice value={quoteattr(label)}/>" for label in scheme.labels]
        lines.append("  </Choices>")
    return "\n".join([*lines, "</View>"]) + "\n"


def write_label_studio(project: AnnotationProject, path: Path) -> None:
    """Write every passage of the queue as a task with the last answer of each reader.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    from headwinds.annotate.chances import round_chances

    readings = current(events(project))
    chance = round_chances(project)
    tasks = []
    for item in items(project):
        passage = project.passages.by_id[item.passage_id]
        data: dict[str, Any] = {
            "text": passage.text,
            "passage_id": item.passage_id,
            "document_id": passage.document_id,
        }
        known = chance.get(item.passage_id, math.nan)
        if not math.isnan(known):
            data["inclusion_probability"] = known
        data |= {name: value for name, value in item.extra.items() if name not in data}
        by_reader = readings.get(item.number, {})
        annotations = [_annotation(project.scheme, by_reader[name]) for name in sorted(by_reader)]
        tasks.append({"data": data, "annotations": annotations})
    write_json(path, tasks)


def _annotation(scheme: Scheme, event: Event) -> dict[str, Any]:
    result: list[dict[str, Any]] = []
    if event.kind != "unsure" and scheme.kind == "graded":
        result = [
            {"from_name": label, "to_name": "text", "type": "rating", "value": {"rating": grade}}
            for label, grade in event.answer["grades"].items()
            if grade
        ]
    elif event.kind != "unsure" and event.answer["labels"]:
        value = {"choices": list(event.answer["labels"])}
        result = [{"from_name": CONTROL, "to_name": "text", "type": "choices", "value": value}]
    found: dict[str, Any] = {
        "result": result,
        "was_cancelled": event.kind == "unsure",
        "completed_by": {"email": event.annotator},
        "created_at": event.made_at,
        "unique_id": event.client_id,
    }
    return found | ({} if event.seconds is None else {"lead_time": event.seconds})


def read_label_studio(path: Path, scheme: Scheme) -> Iterator[Annotation]:
    """Every annotation of a Label Studio export.

    Raises
    ------
    DataError
        The file is no such export, a task has no `passage_id`, or an answer is not in the codebook.
    """
    if not path.is_file():
        raise no_file(path)
    try:
        tasks = json.loads(decode(path.read_bytes(), "utf-8", path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}.", remedy="Export it again, as JSON.") from error
    if not isinstance(tasks, list):
        raise DataError(
            f"{path} is not a list of tasks.", remedy="Export it from Label Studio as JSON, not as JSON-MIN."
        )
    for place, task in enumerate(tasks, start=1):
        where = f"{path}, task {place}"
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            raise DataError(
                f"{where} has no data.", remedy="Export it from Label Studio as JSON, not as JSON-MIN."
            )
        data = task["data"]
        name = data.get("passage_id")
        if not isinstance(name, str) or not name:
            raise DataError(
                f"{where} has no passage_id in its data.", remedy="Label tasks that Headwinds exported."
            )
        extra = {key: value for key, value in data.items() if key not in OWN}
        annotations = task.get("annotations", task.get("completions"))
        for one in annotations if isinstance(annotations, list) else []:
            if not isinstance(one, dict):
                raise DataError(f"{where}: an annotation is not an object.", remedy="Export it again.")
            answer = None if one.get("was_cancelled") else _answer(one.get("result"), scheme, where)
            yield Annotation(
                name,
                _who(one.get("completed_by")),
                answer,
                _probability(data, where),
                extra,
                _seconds(one),
                _text(one, "created_at"),
            )


def _answer(result: Any, scheme: Scheme, where: str) -> dict[str, Any]:
    labels: list[Any] = []
    grades: dict[str, Any] = dict.fromkeys(scheme.labels, 0)
    for part in result if isinstance(result, list) else []:
        value = part.get("value") if isinstance(part, dict) else None
        if not isinstance(value, dict):
            raise DataError(f"{where}: a result has no value.", remedy="Export it again.")
        if isinstance(value.get("choices"), list):
            labels += value["choices"]
        elif "rating" in value:
            grades[str(part.get("from_name"))] = value["rating"]
    try:
        return check_answer(scheme, {"grades": grades} if scheme.kind == "graded" else {"labels": labels})
    except AnswerError as error:
        raise DataError(f"{where}: {error}.", remedy=f"The labels are {', '.join(scheme.labels)}.") from error


def _who(given: Any) -> str:
    if isinstance(given, dict):
        return str(given.get("email") or given.get("username") or given.get("id") or "")
    return "" if given is None else f"user {given}"


def _probability(data: Mapping[str, Any], where: str) -> float | None:
    value = data.get("inclusion_probability")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise DataError(
            f"{where}: inclusion_probability = {value!r} is not in (0, 1].", remedy="Mend the task."
        )
    return float(value)


def _seconds(one: Mapping[str, Any]) -> float | None:
    value = one.get("lead_time")
    good = (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and value >= 0
    )
    return float(value) if good and value is not None else None


def _text(one: Mapping[str, Any], name: str) -> str:
    value = one.get(name)
    return value if isinstance(value, str) and len(value) <= 40 else ""
