"""From labelled files to a fitted, tested, saved model of any task: one path, found again and resumed like every stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.evaluation_lines import with_bounds
from headwinds.adapt.evaluation.task_evaluation import (
    TaskEvaluation,
    evaluate_model,
    read_task_evaluation,
    tell_evaluation,
)
from headwinds.adapt.fit_cost import costed
from headwinds.adapt.fitted_model import load_model, read_facts
from headwinds.adapt.fitting import FittingData, fit_model
from headwinds.adapt.methods.registry import method_for
from headwinds.adapt.sides import groups_of
from headwinds.adapt.training.tracking import make_tracker
from headwinds.adapt.tuning_data import prepare_files, read_parts
from headwinds.adapt.tuning_identity import model_identity
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.told_stages import run_told_stage
from headwinds.contracts.result import Summarised

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.loop import AfterEpoch
    from headwinds.adapt.training.state import EpochRecord
    from headwinds.adapt.tuning_data import TestData
    from headwinds.adapt.tuning_files import LabelledFiles


@dataclass(frozen=True, slots=True)
class TunedModel(Summarised):
    """Where a tuned model stands, how it did on the test file, and what copies gained on validation (None without)."""

    folder: Path
    evaluation: TaskEvaluation | None
    reused: bool
    gain: TaskEvaluation | None = None

    def summary(self) -> str:
        """What copies gained, how the model did in its test, and where it stands."""
        lines = []
        if self.gain is not None:
            name = self.gain.main_metric
            shown = with_bounds(self.gain.differences[name], form="+.4f")
            lines.append(
                f"Gain of the copies on validation ({self.gain.examples:,} examples), {name.replace('_', ' ')}: {shown}"
            )
        if self.evaluation is not None:
            lines.append(self.evaluation.summary())
        again = " (found, nothing changed)" if self.reused else ""
        return "\n".join([*lines, f"Model: {self.folder}{again}"])


def tune_files(
    files: LabelledFiles,
    settings: TuneSettings,
    output: Path,
    *,
    quiet: bool = False,
    wait: float = 0.0,
    callbacks: Sequence[AfterEpoch] = (),
    track: str = "",
) -> TunedModel:
    """Tune the task of `settings` on `files`: the model stands in ``output/model``, its test in ``output/evaluation``.

    ``output/cost.json`` says what the fitting cost, and is no part of the model.
    A model that was tuned on the same content with the same settings is found again; one that was killed goes on.
    `callbacks` are told of every epoch of a method that learns by gradient, after an interruption also of those before it;
    what one raises ends the tuning. `track` tells the same and the test to a tracker, see `training.tracking.make_tracker`.
    Neither is part of what the model hangs on: a model that is found again tells nothing.

    Raises
    ------
    DataError, MismatchError
        A file cannot be used: line, column and what was expected.
    SettingsError, CheckpointError, TrainingError, BusyError, Interrupted
        See `fit_model`.
    """
    task, data, test = prepare_files(files, settings)
    identity = model_identity(files, settings)
    tracker = make_tracker(track, output / "tracking", identity[:16], asdict(settings)) if track else None
    told: list[AfterEpoch] = [*callbacks, *([tracker.epoch] if tracker is not None else [])]

    def after_epoch(record: EpochRecord) -> None:
        for tell in told:
            tell(record)

    def fit(folder: Path, scratch: Path) -> None:
        with costed(output, folder, scratch):
            fit_model(
                task,
                data,
                settings,
                folder,
                scratch,
                title=f"tune {task.name}",
                quiet=quiet,
                after_epoch=after_epoch if told else None,
            )

    try:
        found = _fit_and_test(files, settings, output, identity, fit, test, data, quiet=quiet, wait=wait)
    except BaseException:
        if tracker is not None:
            tracker.fail()
        raise
    if tracker is not None and not found.reused:
        metrics = found.evaluation.metrics if found.evaluation is not None else {}
        tracker.end({name: item.value for name, item in metrics.items()})
    return found


def _fit_and_test(
    files: LabelledFiles,
    settings: TuneSettings,
    output: Path,
    identity: str,
    fit: Callable[[Path, Path], None],
    test: TestData | None,
    data: FittingData,
    *,
    quiet: bool,
    wait: float,
) -> TunedModel:
    with study_lock(output, wait=wait), graceful_stop():
        model = run_stage(output, "model", identity, fit)
        gain = (
            _measured_gain(files, settings, output, model.path, quiet) if settings.augment_compare else None
        )
        if test is None:
            return TunedModel(model.path, None, model.reused, gain)

        def evaluate(folder: Path, _: Path) -> None:
            evaluate_model(
                load_model(model.path),
                test.examples,
                test.groups,
                folder,
                seed=settings.seed,
                trained_on=data.examples,
                columns=test.columns,
                held=test.held,
            )

        tested = fingerprint(
            model=identity,
            test=file_digest(files.test) if files.test else "",
            code=code_digest("headwinds.adapt"),
            group=files.group,
            slices=list(files.slices),
        )
        evaluation = run_told_stage(output, "evaluation", tested, evaluate, partial(_tell, model.path))
    reused = model.reused and evaluation.reused
    return TunedModel(model.path, read_task_evaluation(evaluation.path), reused, gain)


def _measured_gain(
    files: LabelledFiles, settings: TuneSettings, output: Path, augmented: Path, quiet: bool
) -> TaskEvaluation:
    """The same tuned without copies, and the model with them against it on the validation examples, in pairs."""
    plain = replace(settings, augment="", augment_compare=False)
    task, data, _ = prepare_files(files, plain)
    identity = model_identity(files, plain)

    def fit(folder: Path, scratch: Path) -> None:
        fit_model(task, data, plain, folder, scratch, title=f"tune {task.name} without copies", quiet=quiet)

    other = run_stage(output, "without-copies", identity, fit)
    parts, _ = read_parts(files, task, method_for(settings))
    rows = parts["train"] + parts.get("validation", [])
    chosen = [rows[number] for number in data.validation.tolist()]
    held, groups = task.read(chosen, labelled=True), groups_of(chosen, files.group)

    def compare(folder: Path, _: Path) -> None:
        evaluate_model(
            load_model(augmented), held, groups, folder, seed=settings.seed, against=load_model(other.path)
        )

    both = fingerprint(models=[model_identity(files, settings), identity])
    stage = run_told_stage(output, "gain-of-copies", both, compare, partial(_tell, augmented))
    return read_task_evaluation(stage.path)


def _tell(model: Path, evaluation: Path) -> None:
    """Write the pages of a test anew."""
    tell_evaluation(evaluation, read_facts(model))
