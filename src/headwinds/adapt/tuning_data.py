"""Labelled files read for a tuning: what is fitted and what is tested on; what is wrong is said before the training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.augmentation.copies import with_copies
from headwinds.adapt.augmentation.rows import require_augmentable
from headwinds.adapt.execution.trial import require_confinement
from headwinds.adapt.fitting import FittingData
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
from headwinds.adapt.tuning_identity import held_out_digest
from headwinds.artifacts.fingerprint import file_digest, fingerprint
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import MismatchError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Method
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.sides import Sides
    from headwinds.adapt.tasks.contract import Row, Task
    from headwinds.adapt.tuning_files import LabelledFiles


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
    rows, split = read_parts(files, task, method)
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


def read_parts(
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
