"""Language models in Python: the calls of `headwinds tune`, `predict`, `evaluate` and `score` on your own files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.adapt.evaluation.task_evaluation import TaskEvaluation
    from headwinds.adapt.learning_curve import LearningCurve
    from headwinds.adapt.search.outcome import SearchOutcome
    from headwinds.adapt.seeds import TunedSeeds
    from headwinds.adapt.training.state import EpochRecord
    from headwinds.adapt.tuning import TunedModel
    from headwinds.adapt.tuning_files import LabelledFiles

PathLike = str | Path


@plain_arguments
def tune(
    *,
    task: str,
    train: PathLike,
    output: PathLike,
    validation: PathLike | None = None,
    test: PathLike | None = None,
    group: str = "",
    slices: Sequence[str] = (),
    codebook: PathLike | None = None,
    encoding: str = "utf-8",
    test_share: float = 0.0,
    split_by: str = "",
    seed: int = 0,
    quiet: bool = False,
    wait: float = 0.0,
    callbacks: Sequence[Callable[[EpochRecord], None]] = (),
    track: str = "",
    **settings: object,
) -> TunedModel:
    """Fit and test a model of any task on your own labelled files; a study's models are fitted by `headwinds.run`.

    Parameters
    ----------
    task
        One of `headwinds tasks`; what its files must hold is printed there.
    train, validation, test
        CSV, TSV, JSONL or Parquet files; see `headwinds.adapt.tuning_files.LabelledFiles`.
    group
        A column whose values are never on two sides of a split.
    slices
        Columns by whose values the main metric of the test is told apart, the worst value first.
    codebook
        What the labels mean, for ``method="zero-shot"``.
    encoding
        Of the files, as Python names it: "cp1252", "gb18030".
    test_share
        Without `test`: so much of the training file is held out for the test, in whole groups where there is a `group`.
    split_by
        A column of numbers or dates: the latest rows are that test, and the latest of the others validate.
    callbacks
        Called with every epoch's `EpochRecord` (epoch, loss, validation_score, tokens); what one raises ends the tuning.
    track
        "mlflow" or "tensorboard": epochs and test are told there too, in ``output/tracking`` or at MLFLOW_TRACKING_URI.
    settings
        Any setting of ``[tune]``: ``method="head"``, ``checkpoint="owner/name"``, ``epochs=3``.

    Returns
    -------
    TunedModel
        The model's folder and its test.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.adapt.tuning import tune_files
    from headwinds.study.study_file import tune_settings

    files = _labelled_files(
        train, validation, test, group, slices, codebook, encoding, test_share, split_by, seed
    )
    chosen = tune_settings({"task": task, **settings}, seed=seed)
    return tune_files(files, chosen, Path(output), quiet=quiet, wait=wait, callbacks=callbacks, track=track)


@plain_arguments
def tune_seeds(
    *,
    task: str,
    train: PathLike,
    output: PathLike,
    test: PathLike | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    validation: PathLike | None = None,
    group: str = "",
    slices: Sequence[str] = (),
    codebook: PathLike | None = None,
    encoding: str = "utf-8",
    test_share: float = 0.0,
    split_by: str = "",
    quiet: bool = False,
    **settings: object,
) -> TunedSeeds:
    """Tune once for each seed on labelled files: mean and spread of every metric, on one test. Arguments as in `tune`."""
    from headwinds.adapt import seeds as several
    from headwinds.study.study_file import tune_settings

    files = _labelled_files(
        train, validation, test, group, slices, codebook, encoding, test_share, split_by, 0
    )
    chosen = tune_settings({"task": task, **settings}, seed=0)
    return several.tune_seeds(files, chosen, seeds, Path(output), quiet=quiet)


@plain_arguments
def learning_curve(
    *,
    task: str,
    train: PathLike,
    output: PathLike,
    test: PathLike | None = None,
    shares: Sequence[float] = (0.1, 0.25, 0.5, 1.0),
    validation: PathLike | None = None,
    group: str = "",
    slices: Sequence[str] = (),
    codebook: PathLike | None = None,
    encoding: str = "utf-8",
    test_share: float = 0.0,
    split_by: str = "",
    seed: int = 0,
    quiet: bool = False,
    **settings: object,
) -> LearningCurve:
    """Tune on growing shares of the training file, to see whether more labels would help. Arguments as in `tune`."""
    from headwinds.adapt import learning_curve as curve
    from headwinds.study.study_file import tune_settings

    files = _labelled_files(
        train, validation, test, group, slices, codebook, encoding, test_share, split_by, seed
    )
    chosen = tune_settings({"task": task, **settings}, seed=seed)
    return curve.learning_curve(files, chosen, shares, Path(output), quiet=quiet)


@plain_arguments
def search(
    *,
    task: str,
    train: PathLike,
    output: PathLike,
    test: PathLike | None = None,
    validation: PathLike | None = None,
    group: str = "",
    space: Sequence[str] = (),
    trials: int = 20,
    minutes: float = 0.0,
    storage: str = "",
    together: int = 1,
    slices: Sequence[str] = (),
    codebook: PathLike | None = None,
    encoding: str = "utf-8",
    test_share: float = 0.0,
    split_by: str = "",
    seed: int = 0,
    quiet: bool = False,
    on: str = "",
    address: str = "",
    workers: int = 0,
    fall_back: bool = False,
    **settings: object,
) -> tuple[SearchOutcome, TunedModel]:
    """Search for settings, the finalists over several seeds, and tune with the winner's; other arguments as in `tune`.

    `space` says what varies, as ``("learning_rate=1e-5..1e-3", "method=full,lora")``; without one the usual settings do.
    With `on` or `workers` the finalists are fitted by workers, as [compute] says in a study file, each fit on one thread;
    with `together` the trials too, so many at the same time.
    """
    from headwinds.adapt.search import trials as trying
    from headwinds.adapt.search.space import DEFAULT_SPACE, parse_space
    from headwinds.compute.settings import ComputeSettings
    from headwinds.compute.telling import tell_in_terminal
    from headwinds.study.study_file import tune_settings

    plan = trying.SearchSettings(trials=trials, minutes=minutes, storage=storage, together=together)
    return trying.search(
        _labelled_files(
            train, validation, test, group, slices, codebook, encoding, test_share, split_by, seed
        ),
        tune_settings({"task": task, **settings}, seed=seed),
        parse_space(space) if space else DEFAULT_SPACE,
        plan,
        Path(output),
        quiet=quiet,
        compute=ComputeSettings(on or "local", address, workers, fall_back) if on or workers else None,
        tell=tell_in_terminal,
    )


@plain_arguments
def predict_file(
    model: PathLike,
    file: PathLike,
    output: PathLike,
    *,
    encoding: str = "utf-8",
    for_spreadsheets: bool = False,
) -> int:
    """Predict every row of a file with a tuned model, into a JSONL, CSV or Parquet file; returns the number of rows.

    Ids and texts are written as they came. With `for_spreadsheets` a CSV has an apostrophe before those that a spreadsheet
    would take for formulas.
    """
    from headwinds.adapt import predicting

    return predicting.predict_file(
        Path(model), Path(file), Path(output), encoding=encoding, for_spreadsheets=for_spreadsheets
    )


@plain_arguments
def evaluate_file(
    model: PathLike,
    test: PathLike,
    output: PathLike,
    *,
    group: str = "",
    slices: Sequence[str] = (),
    seed: int = 0,
    encoding: str = "utf-8",
    against: PathLike | None = None,
) -> TaskEvaluation:
    """Test a tuned model on a labelled file that it was not fitted to; metrics come with 95% intervals.

    `against` names another model of the same task and labels: its metrics are subtracted, on the same draws.
    """
    from headwinds.adapt import predicting

    return predicting.evaluate_file(
        Path(model),
        Path(test),
        Path(output),
        group=group,
        slices=tuple(slices),
        seed=seed,
        encoding=encoding,
        against=Path(against) if against is not None else None,
    )


@plain_arguments
def score_file(
    model: PathLike,
    corpus: PathLike,
    output: PathLike,
    *,
    text: str = "text",
    passage_id: str = "passage_id",
    keep: Sequence[str] = (),
    quiet: bool = False,
    on: str = "local",
    address: str = "",
    workers: int = 0,
    fall_back: bool = False,
) -> Path | str:
    """Score your own file with a fitted model, without a study; returns the path of the scores (Parquet).

    `keep` names columns that are carried along, to measure by. `corpus` may also be a folder of Parquet files larger than
    memory, and it and `output` URLs of an object store (``s3://bucket/prefix``); then the folder or URL of the parts is
    returned. `on`, `address`, `workers` and `fall_back` say where it is computed, as [compute] does in a study file; the
    scores are the same bytes.
    """
    from headwinds.compute.settings import ComputeSettings
    from headwinds.corpus.reading import Columns
    from headwinds.study.own_files import score_file as score

    columns = Columns(passage_id=passage_id, document_id="", text=text, keys=tuple(keep))
    compute = ComputeSettings(on, address, workers, fall_back)
    return score(Path(model), corpus, output, columns=columns, quiet=quiet, compute=compute)


def _labelled_files(
    train: PathLike,
    validation: PathLike | None,
    test: PathLike | None,
    group: str,
    slices: Sequence[str] = (),
    codebook: PathLike | None = None,
    encoding: str = "utf-8",
    test_share: float = 0.0,
    split_by: str = "",
    test_seed: int = 0,
) -> LabelledFiles:
    from headwinds.adapt.tuning_files import LabelledFiles

    return LabelledFiles(
        Path(train),
        Path(validation) if validation else None,
        Path(test) if test else None,
        group,
        tuple(slices),
        Path(codebook) if codebook else None,
        encoding,
        test_share,
        split_by,
        test_seed,
    )
