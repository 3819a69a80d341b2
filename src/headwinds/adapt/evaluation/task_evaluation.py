"""The test of a model of any task: metrics with intervals, predictions beside the truth, what was found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.evaluation.alike_labels import alike_labels
from headwinds.adapt.evaluation.intervals import Metrics, bootstrap, few_clusters, slices, with_width
from headwinds.adapt.evaluation.isotonic import uncalibrated_findings
from headwinds.adapt.evaluation.model_card import model_card
from headwinds.adapt.evaluation.paired import paired_differences
from headwinds.adapt.evaluation.shown import shown_name, shown_order
from headwinds.adapt.evaluation.task_page import SHOWN_ERRORS, task_page
from headwinds.adapt.evaluation.written_findings import writing_findings
from headwinds.adapt.held_out import HeldOut, held_findings, read_held
from headwinds.adapt.numbered import numbered
from headwinds.adapt.prediction import predict_examples
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.writing import weigh_references
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.write import write_json, write_text
from headwinds.contracts import Finding, Interval
from headwinds.contracts.result import Result
from headwinds.phrases.catalogue import SEMICOLON

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.adapt.fitted_model import FittedModel, ModelFacts
    from headwinds.adapt.tasks.contract import Mistake

FILE, ERRORS = "evaluation.json", "errors.jsonl"
SHOWN_CONFUSIONS = 20


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often one thing was taken for another."""

    true: str
    given: str
    count: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The main metric of the examples that have one value in a column; NaN where it is undefined."""

    column: str
    value: str
    examples: int
    metric: float


@dataclass(frozen=True, slots=True)
class TaskEvaluation(Result):
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
    mistakes
        How many examples were predicted wrongly; `errors.jsonl` has them, those first of which the model was surest.
    confusions
        The commonest pairs of labels that were true and given; empty for tasks that give texts.
    slices
        The main metric by the values of each column asked for, the worst of a column first.
    differences
        Where the model was tested against another one: each metric minus that of the other, in pairs on the same draws.
    model
        SHA-256 of the `model.json` of what was tested, so that the test is never taken for another model's.
    held_out
        How the examples were taken from the training file; None for a test file.
    """

    task: str
    main_metric: str
    metrics: dict[str, Interval]
    examples: int
    groups: int
    findings: tuple[Finding, ...]
    mistakes: int = 0
    confusions: tuple[Confusion, ...] = ()
    slices: tuple[Slice, ...] = ()
    differences: dict[str, Interval] = field(default_factory=dict)
    model: str = ""
    held_out: HeldOut | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row a metric, the main one first and those of single labels last: `metric`, `value`, `lower`, `upper`."""
        import pandas as pd

        names = [name for name in shown_order(self.metrics, self.main_metric) if name in self.metrics]
        return pd.DataFrame([{"metric": name, **asdict(self.metrics[name])} for name in names])

    def summary(self) -> str:
        """The metrics of all examples with their intervals, what is wrong, and what to weigh."""
        from headwinds.adapt.evaluation.evaluation_lines import evaluation_lines

        return "\n".join(evaluation_lines(self))

    def plot(self) -> Figure:
        """The metrics between -1 and 1, with intervals; where the main one is in another unit, that alone."""
        from headwinds.drawing.intervals import draw_intervals

        table = self.table.rename(columns={"metric": "name"})
        alone = abs(self.metrics[self.main_metric].value) > 1
        rows = table[:1] if alone else table[~(table["value"].abs() > 1)]
        shown = rows.assign(name=[shown_name(name) for name in rows["name"]])
        return draw_intervals(shown.reset_index(drop=True), axis="value, 95% interval")


def evaluate_model(
    model: FittedModel,
    examples: Any,
    groups: Sequence[str],
    folder: Path,
    *,
    seed: int,
    trained_on: Any = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    against: FittedModel | None = None,
    held: HeldOut | None = None,
) -> TaskEvaluation:
    """Test a model; write `evaluation.json`, `predictions.jsonl`, `errors.jsonl`, `report.html`, the card into `folder`.

    `groups` are drawn whole for the intervals; `trained_on` are the examples of training, to look for test texts among
    them; `columns` hold a value for each example, by which the main metric is told apart. `against` is another model of
    the same task and labels, to be compared on the same examples. `held` says how they were taken from the training file.
    """
    predictions = predict_examples(model, examples)
    weighed = weigh_references(model, examples)
    mistakes = model.task.mistakes(predictions, examples, model.facts.labels)

    def metrics(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return model.task.metrics(predictions, weighed, model.facts.labels, weights)

    drawn = bootstrap(metrics, groups, seed=derive_seed(seed, "bootstrap"))
    bounded = with_width(drawn)
    differences, unlike = (
        paired_differences(metrics, against, examples, weighed, groups, seed=seed) if against else ({}, ())
    )
    found = TaskEvaluation(
        task=model.task.name,
        main_metric=model.task.main_metric,
        metrics=bounded,
        examples=len(examples.ids),
        groups=len(set(groups)),
        findings=(
            *held_findings(held),
            *(_leaks(trained_on, examples) if trained_on is not None else ()),
            *(writing_findings(predictions) if writes(model.task) else ()),
            *uncalibrated_findings([model.facts.decoder], model.facts.labels),
            *(_unbounded(len(set(groups))) if _lost_bounds(drawn, bounded) else ()),
            *few_clusters(len(set(groups))),
            *alike_labels(model.facts.labels),
            *unlike,
        ),
        mistakes=len(mistakes),
        confusions=_confusions(mistakes, model.facts.labels),
        slices=_slices(metrics, columns or {}, model.task.main_metric),
        differences=differences,
        model=model.digest,
        held_out=held,
    )
    write_json(folder / FILE, asdict(found), allow_missing=True)
    lines = [
        json.dumps({"id": name, **prediction}, ensure_ascii=False)
        for name, prediction in zip(examples.ids, predictions, strict=True)
    ]
    write_text(folder / "predictions.jsonl", "\n".join(lines) + "\n")
    ordered = sorted(mistakes, key=lambda one: (-one.cost, one.row))
    write_text(folder / ERRORS, _errors(ordered, examples))
    tell_evaluation(folder, model.facts)
    return found


def tell_evaluation(folder: Path, facts: ModelFacts) -> None:
    """Write `report.html` and `card.md` of a test from its data in `folder`, in the language that is spoken here."""
    found = read_task_evaluation(folder)
    with (folder / ERRORS).open(encoding="utf-8") as lines:
        first = [json.loads(line) for line in islice(lines, SHOWN_ERRORS)]
    shown = [(str(one["id"]), one["true"], one["given"], one["text"]) for one in first]
    write_text(folder / "report.html", task_page(facts, found, shown))
    write_text(folder / "card.md", model_card(facts, get_task(facts.task), found))


def tests_a_model(folder: Path) -> bool:
    """Whether `evaluate_model` wrote into the folder; a study's evaluation of its folds has the same file's name."""
    path = folder / FILE
    return path.is_file() and "task" in json.loads(path.read_text(encoding="utf-8"))


def read_task_evaluation(folder: Path) -> TaskEvaluation:
    """Read what `evaluate_model` wrote; equal to what it returned."""
    plain = json.loads((folder / FILE).read_text(encoding="utf-8"))
    plain["metrics"] = _intervals(plain["metrics"])
    plain["differences"] = _intervals(plain.get("differences", {}))
    plain["findings"] = tuple(Finding(**item) for item in plain["findings"])
    plain["confusions"] = tuple(Confusion(**item) for item in plain["confusions"])
    plain["slices"] = read_slices(plain["slices"])
    plain["held_out"] = read_held(plain.get("held_out"))
    return TaskEvaluation(**plain)


def read_slices(plain: Sequence[Mapping[str, Any]]) -> tuple[Slice, ...]:
    """Slices as JSON has them, where a metric that is undefined is null."""
    return tuple(
        Slice(**{**item, "metric": float("nan") if item["metric"] is None else item["metric"]})
        for item in plain
    )


def read_interval(plain: Mapping[str, float | None]) -> Interval:
    """An interval as JSON has it, where a bound that is not defended is null."""
    return Interval(**{name: float("nan") if value is None else value for name, value in plain.items()})


def _intervals(plain: Mapping[str, Mapping[str, float | None]]) -> dict[str, Interval]:
    return {name: read_interval(item) for name, item in plain.items()}


def _lost_bounds(drawn: Mapping[str, Interval], bounded: Mapping[str, Interval]) -> bool:
    """Whether a metric of all labels is one that every draw gives alike."""
    return any(
        drawn[name].lower == drawn[name].lower and bounded[name].lower != bounded[name].lower
        for name in drawn
        if "[" not in name
    )


def _unbounded(groups: int) -> tuple[Finding, ...]:
    """What no bootstrap sees: with n groups alike, a share of 1 - 0.05^(1/n) may be unlike them (Clopper, Pearson 1934)."""
    return (
        Finding(
            "W204",
            "A metric that is the same in every draw of the test has no interval: where groups are all alike in a test of "
            f"{groups:,}, up to {1 - 0.05 ** (1 / groups):.1%} of all groups may be unlike them (95% sure).",
            "Test on more examples.",
        ),
    )


def _errors(mistakes: Sequence[Mistake], examples: Any) -> str:
    """Wrong predictions with their texts."""
    lines = [
        {
            "id": examples.ids[one.row],
            "true": one.true,
            "given": one.given,
            "cost": one.cost,
            "text": examples.texts[one.row],
        }
        for one in mistakes
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _confusions(mistakes: Sequence[Mistake], labels: tuple[str, ...]) -> tuple[Confusion, ...]:
    """Pairs of labels alone: what other tasks give are texts, and a card is passed on."""
    known = {*labels, "none"}
    counts = Counter(
        (one.true, one.given)
        for one in mistakes
        if _are_labels(one.true, known) and _are_labels(one.given, known)
    )
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_CONFUSIONS]
    return tuple(Confusion(true, given, count) for (true, given), count in common if count > 1)


def _are_labels(said: str, known: set[str]) -> bool:
    """Whether a text is a label, or several with ", " between them, which may stand in a label too."""
    parts = said.split(", ")
    ends = [True, *(False for _ in parts)]
    for end in range(1, len(ends)):
        ends[end] = any(ends[begin] and ", ".join(parts[begin:end]) in known for begin in range(end))
    return ends[-1]


def _slices(metrics: Metrics, columns: Mapping[str, Sequence[str]], metric: str) -> tuple[Slice, ...]:
    found = []
    for column, values in columns.items():
        names, owner = numbered(values)
        members = {name: owner == number for number, name in enumerate(names)}
        found += [Slice(column, *item) for item in slices(metrics, members, metric)]
    return tuple(found)


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
            f"The text of {len(twice)} of {len(examples.ids)} test examples stands in training too, "
            f"first {SEMICOLON.join(twice[:3])}.",
            "Take them out of one side: the test flatters the model.",
        ),
    )


def _contents(examples: Any) -> list[Any]:
    seconds = getattr(examples, "seconds", None)
    if hasattr(examples, "choices"):  # "Which of these is a metal?" is another question among other choices
        seconds = [" ".join(sorted(own)) for own in examples.choices]
    return list(zip(examples.texts, seconds, strict=True)) if seconds else list(examples.texts)


def _text(content: Any) -> str:
    parts = content if isinstance(content, tuple) else (content,)
    return "\x1f".join(" ".join(part.split()).casefold() for part in parts)
