"""Promotion through the gate, and the way back: every decision is kept with its reasons, also a refusal."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.fitted_model import read_facts
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.predicting import evaluate_file, learnt_from
from headwinds.adapt.prediction import predict_examples, predictor_of
from headwinds.artifacts.fingerprint import file_digest, fingerprint
from headwinds.contracts.result import Summarised
from headwinds.database.connection import transaction
from headwinds.errors import BusyError, SettingsError
from headwinds.registry.card import CALIBRATION
from headwinds.registry.index import events_of, find_version, note, require_writable, versions_of
from headwinds.registry.versions import check, load_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.adapt.evaluation.task_evaluation import TaskEvaluation
    from headwinds.registry.gate import FrozenTest, Gate
    from headwinds.registry.index import Event, Registry, Version

TIMED_ROWS = 40
LOWER_IS_BETTER = (CALIBRATION, "mean_absolute_error", "perplexity")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was asked of a candidate: whether it holds, in a sentence with its numbers."""

    passed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision(Summarised):
    """What became of a candidate.

    Attributes
    ----------
    candidate, previous
        The version, and the one that was in production when it was judged (empty if none was).
    verdicts
        Everything that was asked; it is promoted if all hold.
    """

    name: str
    candidate: str
    previous: str
    verdicts: tuple[Verdict, ...]

    @property
    def promoted(self) -> bool:
        """Whether everything held."""
        return all(one.passed for one in self.verdicts)

    def summary(self) -> str:
        """The decision in words, a line each."""
        head = f"{self.name}: {self.candidate[:12]} is {'now in production' if self.promoted else 'refused'}."
        return "\n".join(
            [head, *(f"  {'holds' if one.passed else 'FAILS'}: {one.sentence}" for one in self.verdicts)]
        )


def promote(registry: Registry, name: str, gate: Gate, which: str = "latest") -> Decision:
    """Judge a version at the gate, and put it into production if it passes; the decision is kept either way.

    Raises
    ------
    SettingsError
        There is no such version, it is in production, or a test is not the one that was frozen, or is what it learnt from.
    CheckpointError
        It, or the version in production, is damaged: nothing is promoted.
    BusyError
        Another promotion was decided meanwhile.
    StorageError
        The registry can only be read.
    """
    require_writable(registry)
    candidate = find_version(registry, name, which)
    if candidate.stage == "production":
        raise SettingsError(
            f"Version {candidate.number} of {name} is in production already.", remedy="Add another one first."
        )
    current = production(registry, name)
    verdicts: list[Verdict] = []
    for test in gate.tests:
        verdicts += _judge(registry, candidate, current, gate, test)
    if gate.largest_milliseconds > 0:
        verdicts.append(_latency(registry, candidate, gate))
    previous = current.version if current else ""
    decision = Decision(name, candidate.version, previous, tuple(verdicts))
    reasons = [f"{'holds' if one.passed else 'fails'}: {one.sentence}" for one in verdicts]
    if decision.promoted:
        _switch(registry, name, candidate.version, previous, "promoted", reasons)
    else:
        with transaction(registry.engine) as connection:
            note(connection, name, candidate.version, "refused", previous, reasons)
    return decision


def rollback(registry: Registry, name: str) -> Version:
    """Bring back the version that was in production before the present one was promoted.

    Raises
    ------
    SettingsError
        There is none.
    CheckpointError
        It is damaged; the present one stays.
    StorageError
        The registry can only be read.
    """
    require_writable(registry)
    current = find_version(registry, name)
    path = _path_to_production(events_of(registry, name))
    target = path[-2] if len(path) > 1 else ""
    if not target:
        raise SettingsError(
            f"There is nothing to go back to: version {current.number} of {name} was the first in production.",
            remedy="Promote another one.",
        )
    check(registry.versions, target)
    _switch(registry, name, target, current.version, "rolled-back", [f"from {current.version[:12]} by hand"])
    return find_version(registry, name, target)


def _path_to_production(events: Sequence[Event]) -> list[str]:
    """The versions that led to the present one: a promotion goes on from there, a rollback goes back along it.

    So a version that was promoted twice has two places on it, and going back ends at the first of all.
    """
    path: list[str] = []
    for one in events:
        if one.kind == "promoted":
            path.append(one.version)
        elif one.kind == "rolled-back":
            while path and path[-1] != one.version:
                path.pop()
    return path


def production(registry: Registry, name: str) -> Version | None:
    """The version in production, if any."""
    return next((one for one in versions_of(registry, name) if one.stage == "production"), None)


def _switch(
    registry: Registry, name: str, version: str, previous: str, kind: str, reasons: list[str]
) -> None:
    from sqlalchemy import select, update

    from headwinds.registry.schema import VERSION

    own = VERSION.c.name == name
    with transaction(registry.engine) as connection:
        found = select(VERSION.c.version).where(own, VERSION.c.stage == "production")
        if (connection.execute(found).scalar() or "") != previous:
            raise BusyError(
                f"Another version of {name} went into production meanwhile.", remedy="Judge this one again."
            )
        connection.execute(
            update(VERSION).where(own, VERSION.c.stage == "production").values(stage="retired")
        )
        connection.execute(
            update(VERSION).where(own, VERSION.c.version == version).values(stage="production")
        )
        note(connection, name, version, kind, previous, reasons)


def _judge(
    registry: Registry, candidate: Version, current: Version | None, gate: Gate, test: FrozenTest
) -> list[Verdict]:
    if not test.path.is_file():
        raise SettingsError(f"{test.path} of the gate is not there.", remedy="Mend its path.")
    digest = file_digest(test.path)
    if test.sha256 and digest != test.sha256:
        raise SettingsError(
            f"{test.path} is not the test that was frozen: its SHA-256 is {digest}.",
            remedy="Bring the old file back.",
        )
    place = check(registry.versions, candidate.version)
    if learnt_from(read_facts(place), test.path):
        raise SettingsError(
            f"{test.path} of the gate is the file that version {candidate.number} of {candidate.name} was tuned on, so it "
            "cannot test it.",
            remedy="Name rows that no version was or will be fitted to.",
        )
    identity = fingerprint(
        candidate=candidate.version,
        current=current.version if current else "",
        test=digest,
        group=test.group,
        slices=list(test.slices),
        seed=gate.seed,
    )
    found = evaluate_file(
        place,
        test.path,
        registry.evidence / identity,
        group=test.group,
        slices=test.slices,
        seed=gate.seed,
        against=check(registry.versions, current.version) if current else None,
    )
    return judge_evaluation(found, gate, test, f"{test.role} test {test.path.name} ({digest[:12]})")


def judge_evaluation(found: TaskEvaluation, gate: Gate, test: FrozenTest, where: str) -> list[Verdict]:
    """What a test says of a candidate; what is undefined does not pass.

    Raises
    ------
    SettingsError
        The gate's metric is none of the task's, or the better the lower it is.
    """
    metric = gate.metric or found.main_metric
    if metric not in found.metrics:
        raise SettingsError(
            f"metric = {metric!r} is none of {found.task}.",
            remedy=f"Known: {', '.join(sorted(found.metrics)[:12])}.",
        )
    if metric in LOWER_IS_BETTER:
        raise SettingsError(
            f"metric = {metric!r} is better the lower it is, and a gate asks for more of its metric.",
            remedy="Leave it out, or name one of which more is better.",
        )
    shown = metric.replace("_", " ")
    one = found.metrics[metric]
    verdicts = [
        Verdict(one.value >= gate.floor, f"{where}: {shown} {_shown(one.value)}, floor {_asked(gate.floor)}.")
    ]
    if found.differences and metric not in found.differences:  # production withholds no answers, for instance
        verdicts.append(
            Verdict(False, f"{where}: {shown} is not known of production, so the two cannot be compared.")
        )
    elif found.differences:
        difference = found.differences[metric]
        words = (
            f"{where}: candidate minus production in {shown} {_shown(difference.value)}, 95% interval "
            f"{_shown(difference.lower)} to {_shown(difference.upper)}"
        )
        if test.role == "old":
            verdicts.append(
                Verdict(
                    difference.lower >= -gate.largest_loss,
                    f"{words}; a loss beyond {gate.largest_loss:g} must be excluded.",
                )
            )
        else:
            verdicts.append(
                Verdict(
                    difference.value >= gate.smallest_gain,
                    f"{words}; a gain of {gate.smallest_gain:g} is asked.",
                )
            )
    for item in found.slices:
        label = f"{where}: {found.main_metric.replace('_', ' ')} where {item.column} = {item.value}"
        if item.examples < gate.smallest_slice:
            verdicts.append(
                Verdict(
                    True,
                    f"{label}: {item.examples} examples, fewer than {gate.smallest_slice}: not judged (W502).",
                )
            )
        else:
            verdicts.append(
                Verdict(
                    item.metric >= gate.slice_floor,
                    f"{label} is {_shown(item.metric)}, floor {_asked(gate.slice_floor)}.",
                )
            )
    if gate.largest_calibration_error < 1 and CALIBRATION not in found.metrics:
        verdicts.append(Verdict(True, f"{where}: {found.task} has no calibration error: not judged."))
    elif gate.largest_calibration_error < 1:
        error = found.metrics[CALIBRATION].value
        verdicts.append(
            Verdict(
                error <= gate.largest_calibration_error,
                f"{where}: calibration error {_shown(error)}, ceiling {gate.largest_calibration_error:g}.",
            )
        )
    return verdicts


def _latency(registry: Registry, candidate: Version, gate: Gate) -> Verdict:
    model = load_version(registry.versions, candidate.version)
    predictor = predictor_of(model)
    rows: list[Any] = read_rows(gate.tests[0].path, model.task, labelled=False)[: TIMED_ROWS + 1]
    seconds = []
    for row in rows:
        start = time.perf_counter()
        predict_examples(model, model.task.read([row], labelled=False), predictor=predictor)
        seconds.append(time.perf_counter() - start)
    timed = sorted(seconds[1:] or seconds)  # the first one warms up
    slow = 1000 * timed[min(len(timed) - 1, int(0.95 * len(timed)))]
    return Verdict(
        slow <= gate.largest_milliseconds,
        f"95% of {len(timed)} single rows take at most {slow:.1f} ms, ceiling {gate.largest_milliseconds:g} ms.",
    )


def _asked(floor: float) -> str:
    return "none" if math.isinf(floor) else f"{floor:g}"


def _shown(value: float) -> str:
    return "not available" if value != value else f"{value:.3f}"
