"""The card of a version: what it does, what it was made from, how it does with intervals, and what it is not for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.audit.energy import Energy
from headwinds.adapt.evaluation.shown import shown_name, shown_order
from headwinds.adapt.evaluation.task_evaluation import read_task_evaluation, tests_a_model
from headwinds.adapt.fit_cost import FitCost
from headwinds.adapt.methods.registry import IMPORTED
from headwinds.contracts.finding import Finding
from headwinds.errors import MismatchError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.evaluation.task_evaluation import TaskEvaluation
    from headwinds.adapt.fitted_model import ModelFacts

CALIBRATION = "expected_calibration_error"
COMPLETED = ("licence", "limits", "fitting", "predicting")
Bounds = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Card:
    """What is told of a version.

    Attributes
    ----------
    task, method, labels
        What it does and how it was adapted.
    data_digest, code_digest, checkpoint, checkpoint_digest
        SHA-256 of the texts and labels it saw and of the code that fitted it; the pretrained weights it started from.
    training_examples, validation_examples, tested_examples
        Counts.
    metrics
        By name: value, lower and upper end of the 95% interval; None where undefined.
    slices
        The main metric by the values of columns: column, value, examples, metric.
    calibration
        Expected calibration error with its interval; Nones where the test has none.
    licence, limits
        Under which terms it may be used, and for what it should not be.
    findings
        What to weigh.
    fitting, predicting
        What the fitting cost, and what an audit measured that a thousand documents cost; None where nothing was measured.
    """

    task: str
    method: str
    labels: tuple[str, ...]
    data_digest: str
    code_digest: str
    checkpoint: str
    checkpoint_digest: str
    precision: str
    training_examples: int
    validation_examples: int
    tested_examples: int = 0
    main_metric: str = ""
    metrics: Mapping[str, Bounds] = field(default_factory=dict)
    slices: tuple[tuple[str, str, int, float | None], ...] = ()
    calibration: Bounds = (None, None, None)
    licence: str = ""
    limits: str = ""
    findings: tuple[Finding, ...] = ()
    fitting: FitCost | None = None
    predicting: Energy | None = None


def make_card(
    facts: ModelFacts,
    *,
    evaluation: TaskEvaluation | None,
    licence: str = "",
    limits: str = "",
    fitting: FitCost | None = None,
    predicting: Energy | None = None,
) -> Card:
    """The card of a fitted model and of its test, if it has one.

    Raises
    ------
    MismatchError
        The test is of another task.
    """
    checkpoint = Path(facts.checkpoint)  # of a folder on somebody's disk its name is enough
    card = Card(
        task=facts.task,
        method=facts.method,
        labels=facts.labels,
        data_digest=facts.data_digest,
        code_digest=facts.code_digest,
        checkpoint=checkpoint.name if checkpoint.is_absolute() else facts.checkpoint,
        checkpoint_digest=facts.checkpoint_digest,
        precision=facts.precision,
        training_examples=facts.training_examples,
        validation_examples=facts.validation_examples,
        licence=licence,
        limits=limits,
        fitting=fitting,
        predicting=predicting,
    )
    if evaluation is None:
        untested = Finding(
            "W501",
            "Nothing is known of how this version does: it came without a test.",
            "Run `headwinds evaluate` and add it again with --evaluation.",
        )
        return _with(card, findings=(untested,))
    if evaluation.task != facts.task:
        raise MismatchError(
            f"The test is of {evaluation.task}, the model does {facts.task}.",
            remedy="Name the test of this model.",
        )
    metrics = {
        name: (_known(one.value), _known(one.lower), _known(one.upper))
        for name, one in sorted(evaluation.metrics.items())
    }
    return _with(
        card,
        tested_examples=evaluation.examples,
        main_metric=evaluation.main_metric,
        metrics=metrics,
        slices=tuple((one.column, one.value, one.examples, _known(one.metric)) for one in evaluation.slices),
        calibration=metrics.get(CALIBRATION, (None, None, None)),
        findings=evaluation.findings,
    )


def completed(card: Card, other: Card) -> Card:
    """A version's card with what it lacks, from the card of the same model added again; what it says already stays."""
    kept = {name: getattr(card, name) or getattr(other, name) for name in COMPLETED}
    return _with(card if card.tested_examples or not other.tested_examples else other, **kept)


def evaluation_in(folder: Path) -> TaskEvaluation | None:
    """The test that is in a folder, or in `evaluation` in it; None if there is none."""
    for place in (folder, folder / "evaluation"):
        if tests_a_model(place):
            return read_task_evaluation(place)
    return None


def evaluation_beside(folder: Path, version: str) -> TaskEvaluation | None:
    """The test of a version that `headwinds tune` left beside the model's folder; None if there is none.

    What stands there may be the test of a model that was in its place before. And beside the folds of a study stands what
    they did all together, which is the test of none of them.
    """
    for place in (folder, folder.parent):
        found = evaluation_in(place)
        if found is not None and found.model in ("", version):
            return found
    return None


def energy_in(folder: Path, version: str) -> Energy | None:
    """What the audit of a version in a folder, or in `audit` in it, measured that a thousand documents cost.

    Raises
    ------
    SettingsError
        There is no audit, or energy was no part of it.
    MismatchError
        It is the audit of another model.
    """
    from headwinds.adapt.audit.report import FILE, read_report

    place = next((one for one in (folder, folder / "audit") if (one / FILE).is_file()), None)
    if place is None:
        raise SettingsError(
            f"{folder} holds no audit.", remedy="Name the folder that `headwinds audit` wrote."
        )
    report = read_report(place)
    if report.model != version:
        raise MismatchError(
            f"{folder} is the audit of another model than version {version[:12]}.",
            remedy="Audit this one: headwinds audit MODEL --on ... --output ...",
        )
    if report.energy is None:
        raise SettingsError(
            f"The audit in {folder} did not measure energy.", remedy="Audit with the part energy."
        )
    return report.energy


def card_to_text(card: Card) -> str:
    """As the index keeps it."""
    return json.dumps(asdict(card), sort_keys=True, ensure_ascii=False, allow_nan=False)


def card_from_text(text: str) -> Card:
    """Read what `card_to_text` made; equal to what was given."""
    from headwinds.adapt.audit.plain import rebuilt

    plain: dict[str, Any] = json.loads(text)
    return Card(
        **{
            **plain,
            "labels": tuple(plain["labels"]),
            "metrics": {name: tuple(bounds) for name, bounds in plain["metrics"].items()},
            "slices": tuple(tuple(one) for one in plain["slices"]),
            "calibration": tuple(plain["calibration"]),
            "findings": tuple(Finding(**one) for one in plain["findings"]),
            "fitting": rebuilt(FitCost, plain["fitting"]) if plain.get("fitting") else None,
            "predicting": rebuilt(Energy, plain["predicting"]) if plain.get("predicting") else None,
        }
    )


def card_lines(card: Card) -> list[str]:
    """The card in words, a line each."""
    about = [
        f"{card.task}, imported as it was from checkpoint {card.checkpoint}: it was not tuned here; "
        f"predicts in {card.precision}.",
        f"SHA-256 of the checkpoint {card.checkpoint_digest[:12]}, the code {card.code_digest[:12]}.",
    ]
    if card.method != IMPORTED:
        about = _fitted_lines(card)
    lines = [about[0], f"Labels: {', '.join(card.labels) or 'none'}.", about[1]]
    if card.metrics:
        lines.append(f"On {card.tested_examples:,} test examples, with 95% intervals:")
        names = [name for name in shown_order(card.metrics, card.main_metric) if name in card.metrics]
        lines += [f"  {shown_name(name)}: {_defended(card.metrics[name])}" for name in names]
    lines += [
        f"  {column} = {value} (examples: {examples:,}): {in_words((metric, None, None))}"
        for column, value, examples, metric in card.slices
    ]
    lines += cost_lines(card)
    lines.append(f"Licence: {card.licence or 'not stated'}. Limits: {card.limits or 'not stated'}.")
    return lines + [str(finding) for finding in card.findings]


def _fitted_lines(card: Card) -> list[str]:
    return [
        f"{card.task} by {card.method}, from checkpoint {card.checkpoint}; predicts in {card.precision}.",
        f"Fitted to {card.training_examples:,} examples, {card.validation_examples:,} for validation; "
        f"SHA-256 of the data {card.data_digest[:12]}, the code {card.code_digest[:12]}, "
        f"the checkpoint {card.checkpoint_digest[:12]}.",
    ]


def cost_lines(card: Card) -> list[str]:
    """Time and energy in words; what was not measured is said once, and no number stands for it."""
    cost = card.fitting
    lines: list[str] = []
    if card.method == IMPORTED:
        pass  # nothing was fitted
    elif cost is None:
        lines.append("Time and energy of the fitting: not measured here.")
    else:
        lines.append(
            f"Fitted in {cost.seconds:,.1f} s of the clock, {cost.processor_seconds:,.1f} processor-seconds."
        )
        if not cost.whole:
            lines.append("  It was interrupted: what it took before that is not counted.")
        if cost.joules is None:
            lines.append("Energy of the fitting: not measured here.")
        else:
            lines.append(f"Energy of the fitting: {cost.joules:,.0f} J by the processor's counter.")
    if card.predicting is not None:
        lines.append(f"Predictions: {card.predicting.verdict}.")
    return lines


def in_words(bounds: Bounds) -> str:
    """A number with its interval; what is undefined says so."""
    value, lower, upper = bounds
    if value is None:
        return "not available"
    return f"{value:.3f}" + ("" if lower is None or upper is None else f" ({lower:.3f} to {upper:.3f})")


def _defended(bounds: Bounds) -> str:
    """A tested metric: where every draw of the test gave the same value, that there is no interval."""
    value, lower, _ = bounds
    return in_words(bounds) + (" (no interval)" if value is not None and lower is None else "")


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _with(card: Card, **values: Any) -> Card:
    from dataclasses import replace

    return replace(card, **values)
