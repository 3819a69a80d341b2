"""The test of a model of any task: metrics with intervals, predictions beside the truth, what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.evaluation.intervals import bootstrap
from headwinds.adapt.prediction import predict_examples
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.write import write_json, write_text
from headwinds.contracts import Finding, Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.fitted_model import FittedModel

FILE = "evaluation.json"


@dataclass(frozen=True, slots=True)
class TaskEvaluation:
    """How a model did on examples that it was not fitted to.

    Attributes
    ----------
    task, main_metric
        The task, and the metric that is told first.
    metrics
        By name, each with its 95% interval.
    examples, groups
        How many examples were tested, and how many groups were drawn for the intervals.
    findings
        What to weigh: test texts that stand in training, labels with few examples.
    """

    task: str
    main_metric: str
    metrics: dict[str, Interval]
    examples: int
    groups: int
    findings: tuple[Finding, ...]


def evaluate_model(
    model: FittedModel,
    examples: Any,
    groups: Sequence[str],
    folder: Path,
    *,
    seed: int,
    trained_on: Any = None,
) -> TaskEvaluation:
    """Test a model, and write `evaluation.json` and `predictions.jsonl` into `folder`.

    `groups` are drawn whole for the intervals; `trained_on` are the examples of training, to look for test texts among them.
    """
    predictions = predict_examples(model, examples)

    def metrics(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return model.task.metrics(predictions, examples, model.facts.labels, weights)

    found = TaskEvaluation(
        task=model.task.name,
        main_metric=model.task.main_metric,
        metrics=bootstrap(metrics, groups, seed=derive_seed(seed, "bootstrap")),
        examples=len(examples.ids),
        groups=len(set(groups)),
        findings=_leaks(trained_on, examples) if trained_on is not None else (),
    )
    write_json(folder / FILE, asdict(found), allow_missing=True)
    lines = [
        json.dumps({"id": name, **prediction}, ensure_ascii=False)
        for name, prediction in zip(examples.ids, predictions, strict=True)
    ]
    write_text(folder / "predictions.jsonl", "\n".join(lines) + "\n")
    return found


def read_task_evaluation(folder: Path) -> TaskEvaluation:
    """Read what `evaluate_model` wrote; equal to what it returned."""
    plain = json.loads((folder / FILE).read_text(encoding="utf-8"))
    plain["metrics"] = {
        name: Interval(**{key: float("nan") if value is None else value for key, value in item.items()})
        for name, item in plain["metrics"].items()
    }
    plain["findings"] = tuple(Finding(**item) for item in plain["findings"])
    return TaskEvaluation(**plain)


def _leaks(trained_on: Any, examples: Any) -> tuple[Finding, ...]:
    known = {_text(example) for example in _contents(trained_on)}
    twice = [
        name
        for name, example in zip(examples.ids, _contents(examples), strict=True)
        if _text(example) in known
    ]
    if not twice:
        return ()
    return (
        Finding(
            "W101",
            f"{len(twice)} of {len(examples.ids)} test examples have a text that stands in training too, "
            f"first {', '.join(twice[:3])}.",
            "Take them out of one side: the test flatters the model.",
        ),
    )


def _contents(examples: Any) -> list[Any]:
    seconds = getattr(examples, "seconds", None)
    return list(zip(examples.texts, seconds, strict=True)) if seconds else list(examples.texts)


def _text(content: Any) -> str:
    parts = content if isinstance(content, tuple) else (content,)
    return "\x1f".join(" ".join(part.split()).casefold() for part in parts)
