"""From labelled files to a fitted, tested, saved model of any task: one path, found again and resumed like every stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.augmentation.copies import with_copies
from headwinds.adapt.augmentation.rows import require_augmentable
from headwinds.adapt.evaluation.task_evaluation import (
    TaskEvaluation,
    evaluate_model,
    read_task_evaluation,
    tell_evaluation,
)
from headwinds.adapt.execution.trial import require_confinement
from headwinds.adapt.fit_cost import costed
from headwinds.adapt.fitted_model import load_model, read_facts
from headwinds.adapt.fitting import FittingData, fit_model
from headwinds.adapt.held_out import (
    HeldOut,
    SplitFile,
    hold_out,
    latest_validation,
    require_labels,
    require_labels_of_test,
    told_validation,
    without_unseen,
)
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.methods.registry import PROMPTING, method_for
from headwinds.adapt.sides import groups_of, split_off
from headwinds.adapt.tasks.label_order import ordered_labels
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.training.tracking import make_tracker
from headwinds.adapt.tuning_identity import held_out_digest, model_identity
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.told_stages import run_told_stage
from headwinds.errors import MismatchError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Method
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.sides import Sides
    from headwinds.adapt.tasks.contract import Row, Task
    from headwinds.adapt.training.loop import AfterEpoch
    from headwinds.adapt.training.state import EpochRecord


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """Files to tune on.

    Attributes
    ----------
    train, validation, test
        CSV, TSV, JSONL or Parquet, with the columns of the task. Without `validation` a share of the training examples is
        set aside; without `test` nothing is tested on, unless there is a `test_share`.
    group
        A column whose values stay together: examples of one group are never on two sides of a split, and the intervals
        draw groups; "" takes every example for itself.
    slices
        Columns by whose values the main metric of the test is told apart.
    codebook
        What the labels mean, for a method that learns from no label.
    test_share
        Without `test`: about this share of the training file is held out for the test, whole groups where `group` names a
        column; 0 holds nothing out.
    split_by
        A column of numbers or dates: the latest rows are the test, and the latest of the others validate. Else it is drawn.
    test_seed
        Rules what is drawn for the test, apart from the settings' seed, so that tunings with other seeds have the same test.

    Raises
    ------
    SettingsError
        The share is no share, or what is named does not go together.
    """

    train: Path
    validation: Path | None = None
    test: Path | None = None
    group: str = ""
    slices: tuple[str, ...] = ()
    codebook: Path | None = None
    encoding: str = "utf-8"
    test_share: float = 0.0
    split_by: str = ""
    test_seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.test_share < 1:
            raise SettingsError(
                f"test_share = {self.test_share!r} cannot be used: expected a share of at least 0 and below 1.",
                remedy="Try 0.2.",
            )
        if self.split_by and not self.test_share:
            raise SettingsError(
                f"split_by = {self.split_by!r} says by what a test is split off, and test_share does not say how much.",
                remedy="Try test_share = 0.2.",
            )
        if self.test_share and self.test is not None:
            raise SettingsError(
                "There are a test file and a test_share, which holds a test out of the training file.",
                remedy="Leave out one of them.",
            )
        if self.test_share and self.validation is not None and (self.split_by or self.group):
            raise SettingsError(
                "With a test_share and split_by or group, the validation examples are of the training file too, so that "
                "they are earlier than the test and of other groups.",
                remedy="Leave out the validation file.",
            )

    @property
    def tests(self) -> bool:
        """Whether there will be a test."""
        return self.test is not None or self.test_share > 0

    def named(self) -> dict[str, Path]:
        """The files that there are, by the part that they play."""
        files = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: path for name, path in files.items() if path is not None}


@dataclass(frozen=True, slots=True)
class TestData:
    """Examples to test on, the group of each, the columns by whose values the main metric is told apart.

    `held` says how they were taken from the training file, None where they stand in a file of their own.
    """

    __test__ = False  # for pytest, which collects what is named so

    examples: Any
    groups: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    held: HeldOut | None = None


@dataclass(frozen=True, slots=True)
class TunedModel:
    """Where a tuned model stands, how it did on the test file, and what copies gained on validation (None without)."""

    folder: Path
    evaluation: TaskEvaluation | None
    reused: bool
    gain: TaskEvaluation | None = None


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
    parts, _ = _read_parts(files, task, method_for(settings))
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


def prepare_files(
    files: LabelledFiles, settings: TuneSettings
) -> tuple[Task[Any], FittingData, TestData | None]:
    """Read every file before anything is fitted: what is wrong with the test is said before the training, not after.

    Raises
    ------
    DataError, MismatchError, SettingsError
        As `tune_files`.
    """
    import numpy as np

    task = get_task(settings.task)
    method = method_for(settings)
    require_augmentable(settings, method)
    rows, split = _read_parts(files, task, method)
    digest = fingerprint(
        **{name: file_digest(path) for name, path in files.named().items() if name != "test"}
    )
    if split is not None:
        digest = fingerprint(files=digest, held_out=held_out_digest(files))
    if not method.learns:
        return _without_labels(task, rows, split, files, digest, several=method.name not in PROMPTING)
    if split is not None:
        require_labels(task, split)
    training = task.read(rows["train"], labelled=True)
    labels = ordered_labels(task, task.labels(training), settings, _names_of(files))
    both = rows["train"] + rows.get("validation", [])
    if "validation" in rows:
        held = task.read(rows["validation"], labelled=True)
        require_same_kind(held, several=getattr(training, "several", None))
    examples = task.read(both, labelled=True) if "validation" in rows else training
    task.check_labels(examples, labels)
    if "validation" in rows:
        count = len(rows["train"])
        sides = (np.arange(count), np.arange(count, len(both)))
    elif not method.validates:
        sides = (np.arange(len(both)), np.arange(len(both)))
    else:
        sides = _validation_sides(rows["train"], files, settings)
    held_out: HeldOut | None = None
    if split is not None:
        rows["test"], held_out = without_unseen(task, split, labels)
        if method.validates and "validation" not in rows:
            held_out = told_validation(held_out, [rows["train"][number] for number in sides[1].tolist()])
    if settings.augment:
        examples, sides, digest = with_copies(task, both, sides, digest, settings)
    data = FittingData(examples, labels, *sides, digest, words=_words_of(files, labels), held_out=held_out)
    if "test" not in rows:
        return task, data, None
    test = test_data(task, rows["test"], labels, files.group, files.slices)
    require_same_kind(test.examples, several=getattr(examples, "several", None))
    return task, data, replace(test, held=held_out)


def _read_parts(
    files: LabelledFiles, task: Task[Any], method: Method
) -> tuple[dict[str, list[Row]], SplitFile | None]:
    """The rows of each part. What is held out of the training file is the part "test", and is in no other."""
    labelled = {"test", "train"} if files.test_share else {"test"}
    rows = {
        name: read_rows(path, task, encoding=files.encoding, labelled=method.learns or name in labelled)
        for name, path in files.named().items()
    }
    if not files.test_share:
        return rows, None
    split = hold_out(
        rows["train"], files.test_share, group=files.group, split_by=files.split_by, seed=files.test_seed
    )
    return {**rows, "train": split.training, "test": split.test}, split


def _validation_sides(rows: Sequence[Row], files: LabelledFiles, settings: TuneSettings) -> Sides:
    share = settings.validation_share
    if files.split_by:
        return latest_validation(rows, share, group=files.group, split_by=files.split_by)
    return split_off(groups_of(rows, files.group), share, seed=derive_seed(settings.seed, "validation"))


def require_same_kind(examples: Any, *, several: bool | None) -> None:
    """Refuse examples with a column `label` for what gives `several` labels a text, and the other way round.

    Raises
    ------
    MismatchError
        They are of the other kind: a test would compare what cannot be compared. None asks nothing.
    """
    if several is None or examples.several == several:
        return
    given, wanted = ("label", "labels") if several else ("labels", "label")
    raise MismatchError(
        f"{examples.places[0]}: there is a column {given}, and the model learns from a column {wanted}.",
        remedy=f"Name the column {wanted}, if it means the same.",
    )


def _without_labels(
    task: Task[Any],
    rows: dict[str, list[Row]],
    split: SplitFile | None,
    files: LabelledFiles,
    digest: str,
    *,
    several: bool,
) -> tuple[Task[Any], FittingData, TestData | None]:
    """The same for a method that learns from no label: the codebook names them and says what they mean."""
    import numpy as np

    from headwinds.corpus.codebook import read_codebook

    if files.codebook is None:
        raise SettingsError(
            "A method that learns from no label needs a codebook.", remedy="Name one: --codebook FILE."
        )
    codebook = read_codebook(files.codebook)
    test = (
        test_data(task, rows["test"], codebook.names, files.group, files.slices) if "test" in rows else None
    )
    held_out = None if split is None else split.held
    if test is not None and held_out is not None:
        require_labels_of_test(test.examples, codebook.names)
        test = replace(test, held=held_out)
    several = several if test is None else test.examples.several
    examples = replace(task.read(rows["train"], labelled=False), several=several)
    everyone = np.arange(len(rows["train"]))
    descriptions = tuple(f"{label.name}: {label.definition}" for label in codebook.labels)
    digest = fingerprint(files=digest, codebook=file_digest(files.codebook))
    words = tuple(label.words for label in codebook.labels)
    data = FittingData(
        examples, codebook.names, everyone, everyone, digest, descriptions, words, held_out=held_out
    )
    return task, data, test


def _names_of(files: LabelledFiles) -> tuple[str, ...]:
    """The labels in the order in which a codebook names them, where there is one."""
    if files.codebook is None:
        return ()
    from headwinds.corpus.codebook import read_codebook

    return read_codebook(files.codebook).names


def _words_of(files: LabelledFiles, labels: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The words that a codebook gives for the labels, where there is one."""
    if files.codebook is None:
        return ()
    from headwinds.corpus.codebook import read_codebook

    given = {label.name: label.words for label in read_codebook(files.codebook).labels}
    return tuple(given.get(name, ()) for name in labels)


def test_data(
    task: Task[Any], rows: Sequence[Row], labels: tuple[str, ...], group: str, slices: Sequence[str]
) -> TestData:
    """Labelled rows as a test of a model that knows `labels`.

    Raises
    ------
    DataError, MismatchError
        A row cannot be used, a column is missing, a label is unknown.
    """
    if task.name == "code-generation":
        require_confinement()  # told before the training, not after
    examples = task.read(rows, labelled=True)
    task.check_labels(examples, labels)
    columns = {name: groups_of(rows, name) for name in slices}
    return TestData(examples, groups_of(rows, group), columns)
