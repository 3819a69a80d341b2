"""The files of an update, read and checked before anything is trained: what is new, what is old, what is tested."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.continual.memory import KeptRow, read_memory, rows_of
from headwinds.adapt.continual.settings import REPLAYING
from headwinds.adapt.continual.starting import CLASSIFIES
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.methods.registry import IMPORTED
from headwinds.adapt.sides import groups_of, split_digest, split_off
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.tasks.text_classification import require_as_learnt
from headwinds.adapt.tuning_data import test_data
from headwinds.artifacts.fingerprint import file_digest, fingerprint
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import DataError, MismatchError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.fitted_model import ModelFacts
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task


@dataclass(frozen=True, slots=True)
class UpdateFiles:
    """Files of an update, each CSV, TSV, JSONL or Parquet with the columns of the model's task.

    Attributes
    ----------
    train
        The new labelled rows.
    old
        Labelled rows of before; without them those count that the model keeps.
    validation
        New rows that choose the best epoch; else a share of `train`.
    old_tests, new_tests
        Rows that no version was or will be fitted to: where the update must not forget, and what it is made for.
    group
        A column whose values stay together in splits and in the draws of intervals.
    """

    train: Path
    old: Path | None = None
    validation: Path | None = None
    old_tests: tuple[Path, ...] = ()
    new_tests: tuple[Path, ...] = ()
    group: str = ""
    encoding: str = "utf-8"

    def named(self) -> dict[str, Path]:
        """The files that are learnt from, by their part."""
        files = {"train": self.train, "old": self.old, "validation": self.validation}
        return {name: path for name, path in files.items() if path is not None}


@dataclass(frozen=True, slots=True)
class UpdateRows:
    """All rows of an update as examples of one list, old ones first, and the part of each.

    Attributes
    ----------
    labels
        Those of the old model in their order, then the new ones, sorted.
    kept
        Each row as it would be kept, in the order of `examples`.
    old_training, old_validation, new_training, new_validation
        Numbers in `examples`.
    kinds
        What each row is an example of, for the memory.
    perhaps_learnt
        How many rows of `old_validation` the old model may have learnt from where that cannot be told; 0 where it is known
        to have learnt from none, or none is asked.
    """

    examples: Any
    labels: tuple[str, ...]
    kept: tuple[KeptRow, ...]
    old_training: NDArray[np.int64]
    old_validation: NDArray[np.int64]
    new_training: NDArray[np.int64]
    new_validation: NDArray[np.int64]
    kinds: tuple[str, ...]
    perhaps_learnt: int = 0


def read_update(
    folder: Path, facts: ModelFacts, files: UpdateFiles, strategy: str, tune: TuneSettings
) -> UpdateRows:
    """Read every row that an update learns from.

    Raises
    ------
    DataError, MismatchError
        A row cannot be used; the new rows are labelled in another way than the old ones were.
    SettingsError
        The strategy needs old rows and there are none.
    """
    import numpy as np

    task = get_task(facts.task)
    new = read_rows(files.train, task, encoding=files.encoding)
    aside = read_rows(files.validation, task, encoding=files.encoding) if files.validation else []
    before, parts, stands = _old_rows(folder, task, files, tune)
    _require_old(strategy, before, files, folder)
    start = len(before)
    training, validation = _sides(new, aside, files.group, tune, "validation")
    examples = task.read([*before, *new, *aside], labelled=True)
    labels = _labels(task, examples, facts, files, tune)
    is_validation = np.array([part == "validation" for part in parts], dtype=bool)
    part_of = np.full(len(examples.ids), "training", dtype=object)
    part_of[: len(before)][is_validation] = "validation"
    part_of[start + validation] = "validation"
    weights = [*stands, *([1.0] * (len(new) + len(aside)))]
    kept = tuple(
        KeptRow(_values(row), str(part), weight)
        for row, part, weight in zip([*before, *new, *aside], part_of, weights, strict=True)
    )
    return UpdateRows(
        examples,
        labels,
        kept,
        np.flatnonzero(~is_validation),
        np.flatnonzero(is_validation),
        start + training,
        start + validation,
        _kinds(examples),
        _perhaps_learnt(facts, files, strategy, np.flatnonzero(is_validation)),
    )


def _old_rows(
    folder: Path, task: Any, files: UpdateFiles, tune: TuneSettings
) -> tuple[list[Row], list[str], list[float]]:
    if files.old is None:
        kept = read_memory(folder)
        return rows_of(kept, folder), [row.part for row in kept], [row.stands_for for row in kept]
    rows = read_rows(files.old, task, encoding=files.encoding)
    parts = ["training"] * len(rows)
    # Drawn as a tuning draws them: of the file that the old model was tuned on, the rows that validated do so again.
    _, validation = _sides(rows, [], files.group, tune, "validation")
    for number in validation.tolist():
        parts[number] = "validation"
    return rows, parts, [1.0] * len(rows)


def _perhaps_learnt(
    facts: ModelFacts, files: UpdateFiles, strategy: str, validation: NDArray[np.int64]
) -> int:
    """How many rows that judge the new model the old one may have learnt from; those that it keeps say their part."""
    begins_anew = strategy == "joint" and facts.method != IMPORTED
    if files.old is None or strategy not in REPLAYING or begins_anew:
        return 0
    drawn = split_digest(fingerprint(train=file_digest(files.old)), validation)
    return 0 if drawn == facts.split_digest else len(validation)


def _sides(
    rows: list[Row], aside: list[Row], group: str, tune: TuneSettings, name: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    import numpy as np

    if aside:
        return np.arange(len(rows)), len(rows) + np.arange(len(aside))
    return split_off(groups_of(rows, group), tune.validation_share, seed=derive_seed(tune.seed, name))


def _require_old(strategy: str, before: list[Row], files: UpdateFiles, folder: Path) -> None:
    if strategy == "joint" and files.old is None:
        raise SettingsError(
            "strategy = 'joint' learns from all rows, and no old ones are named.",
            remedy="Name them: --old FILE; or choose replay-distillation.",
        )
    if strategy in (*REPLAYING, "elastic-weight-consolidation") and not before:
        raise SettingsError(
            f"strategy = {strategy!r} needs old rows; {folder} keeps none and no file is named.",
            remedy="Name them: --old FILE; or choose distillation, which needs none.",
        )


def _labels(
    task: Any, examples: Any, facts: ModelFacts, files: UpdateFiles, tune: TuneSettings
) -> tuple[str, ...]:
    if facts.task == CLASSIFIES:
        kinds = {True: "any number of labels a text", False: "one label a text"}
        was = "slope" in facts.decoder
        if was != examples.several:
            raise MismatchError(
                f"{files.train} has {kinds[examples.several]}, the old model gives {kinds[was]}.",
                remedy=f"Give a column {'labels' if was else 'label'}.",
            )
        require_as_learnt(examples, facts.decoder)
        new = sorted({name for names in examples.given for name in names} - set(facts.labels))
        if new and facts.own_head and tune.method != "full":
            raise MismatchError(
                f"{files.train} has labels that the imported model does not give ({', '.join(new[:5])}; it gives "
                f"{', '.join(facts.labels[:5])}), and method {tune.method!r} does not train all of its last layer.",
                remedy="Call them as the model does, or choose method full, which learns new ones.",
            )
        return (*facts.labels, *new)
    found = set(task.labels(examples)) - set(facts.labels)
    if found:
        raise MismatchError(
            f"{files.train} has labels that the old model of {facts.task} does not know: {', '.join(sorted(found)[:5])}.",
            remedy="Only text classification can learn new labels by an update; tune anew on all rows.",
        )
    return facts.labels


def _values(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.values.items() if value is not None}


def _kinds(examples: Any) -> tuple[str, ...]:
    """The label of each text; of several the one that fewest texts have, so that rare ones are kept."""
    given = getattr(examples, "given", None)
    if given is None or not hasattr(examples, "several"):
        return ("",) * len(examples.ids)
    counts: dict[str, int] = {}
    for names in given:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return tuple(min(names, key=lambda name: (counts[name], name)) if names else "" for names in given)


def require_tests(files: UpdateFiles, rows: UpdateRows, task: Task[Any]) -> None:
    """Refuse, before anything is trained, a test that is learnt from or cannot be used afterwards.

    Raises
    ------
    DataError, MismatchError
        A file is named twice, or cannot be read; it has labels that the new model will not know.
    """
    learnt = {path.resolve() for path in files.named().values()}
    for path in (*files.old_tests, *files.new_tests):
        if path.resolve() in learnt:
            raise DataError(
                f"{path} is learnt from, so it cannot test.", remedy="Name rows that are not learnt from."
            )
        test_data(task, read_rows(path, task, encoding=files.encoding), rows.labels, files.group, ())
