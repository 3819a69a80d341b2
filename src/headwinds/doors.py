"""The front doors: every call of the command line, in Python, with the same arguments and the same bytes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.errors import SettingsError
from headwinds.study.run import StudyRun, run_study
from headwinds.study.settings import StudySettings

if TYPE_CHECKING:
    from headwinds.adapt.evaluation.task_evaluation import TaskEvaluation
    from headwinds.adapt.learning_curve import CurvePoint
    from headwinds.adapt.search.outcome import SearchOutcome
    from headwinds.adapt.seeds import TunedSeeds
    from headwinds.adapt.tuning import LabelledFiles, TunedModel
    from headwinds.contracts import Indicator
    from headwinds.study.growth_files import GrowthResult

PathLike = str | Path


def run(
    study: PathLike | StudySettings, *, output: PathLike | None = None, quiet: bool = False, wait: float = 0.0
) -> StudyRun:
    """Run a whole study: check, tune, score, measure, explain, report.

    Parameters
    ----------
    study
        A study file, or settings made by `headwinds.settings`.
    output
        Where the results go; by default ``runs/<folder of the study>`` under the working directory.
    wait
        Seconds to wait if another process runs the same study.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    return _run(study, "report", output, quiet, wait)


def check(
    study: PathLike | StudySettings, *, output: PathLike | None = None, quiet: bool = False, wait: float = 0.0
) -> StudyRun:
    """Check a study's inputs: schema, ids, duplicates, leakage, label counts, token lengths."""
    return _run(study, "check", output, quiet, wait)


def tune(
    study: PathLike | StudySettings | None = None,
    *,
    task: str | None = None,
    train: PathLike | None = None,
    validation: PathLike | None = None,
    test: PathLike | None = None,
    group: str = "",
    slices: Sequence[str] = (),
    codebook: PathLike | None = None,
    seed: int = 0,
    output: PathLike | None = None,
    quiet: bool = False,
    wait: float = 0.0,
    **settings: object,
) -> StudyRun | TunedModel:
    """Fit and test models: those of all folds of a study, or one of any task on your own labelled files.

    Parameters
    ----------
    study
        A study file or settings; then nothing below but `output`, `quiet` and `wait` is given.
    task
        One of `headwinds tasks`; what its files must hold is printed there.
    train, validation, test
        CSV, TSV, JSONL or Parquet files; see `headwinds.adapt.tuning.LabelledFiles`.
    group
        A column whose values are never on two sides of a split.
    slices
        Columns by whose values the main metric of the test is told apart, the worst value first.
    codebook
        What the labels mean, for ``method="zero-shot"``.
    settings
        Any setting of ``[tune]``: ``method="head"``, ``checkpoint="owner/name"``, ``epochs=3``.

    Returns
    -------
    StudyRun or TunedModel
        The latter where `task` was given: the model's folder and its test.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    if study is not None:
        if task or train or settings:
            raise SettingsError("Give a study, or a task with its files, not both.")
        return _run(study, "tune", output, quiet, wait)
    if not (task and train and output):
        raise SettingsError(
            "Tuning on your own files needs a task, a training file and a folder for the results.",
            remedy="Give task=, train= and output=; `headwinds tasks` lists the tasks.",
        )
    from headwinds.adapt.tuning import tune_files
    from headwinds.study.study_file import tune_settings

    files = _labelled_files(train, validation, test, group, slices, codebook)
    chosen = tune_settings({"task": task, **settings}, seed=seed)
    return tune_files(files, chosen, Path(output), quiet=quiet, wait=wait)


def tune_seeds(
    *,
    task: str,
    train: PathLike,
    test: PathLike,
    output: PathLike,
    seeds: Sequence[int] = (0, 1, 2),
    validation: PathLike | None = None,
    group: str = "",
    quiet: bool = False,
    **settings: object,
) -> TunedSeeds:
    """Tune once for each seed on labelled files: mean and spread of every metric. Arguments as in `tune`."""
    from headwinds.adapt import seeds as several
    from headwinds.study.study_file import tune_settings

    files = _labelled_files(train, validation, test, group)
    chosen = tune_settings({"task": task, **settings}, seed=0)
    return several.tune_seeds(files, chosen, seeds, Path(output), quiet=quiet)


def learning_curve(
    *,
    task: str,
    train: PathLike,
    test: PathLike,
    output: PathLike,
    shares: Sequence[float] = (0.1, 0.25, 0.5, 1.0),
    validation: PathLike | None = None,
    group: str = "",
    seed: int = 0,
    quiet: bool = False,
    **settings: object,
) -> tuple[CurvePoint, ...]:
    """Tune on growing shares of the training file, to see whether more labels would help. Arguments as in `tune`."""
    from headwinds.adapt import learning_curve as curve
    from headwinds.study.study_file import tune_settings

    files = _labelled_files(train, validation, test, group)
    chosen = tune_settings({"task": task, **settings}, seed=seed)
    return curve.learning_curve(files, chosen, shares, Path(output), quiet=quiet)


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
    seed: int = 0,
    quiet: bool = False,
    **settings: object,
) -> tuple[SearchOutcome, TunedModel]:
    """Search for settings, the finalists over several seeds, and tune with the winner's; other arguments as in `tune`.

    `space` says what varies, as ``("learning_rate=1e-5..1e-3", "method=full,lora")``; without one the usual settings do.
    """
    from headwinds.adapt.search import trials as trying
    from headwinds.adapt.search.space import DEFAULT_SPACE, parse_space
    from headwinds.study.study_file import tune_settings

    plan = trying.SearchSettings(trials=trials, minutes=minutes, storage=storage)
    return trying.search(
        _labelled_files(train, validation, test, group),
        tune_settings({"task": task, **settings}, seed=seed),
        parse_space(space) if space else DEFAULT_SPACE,
        plan,
        Path(output),
        quiet=quiet,
    )


def predict_file(model: PathLike, file: PathLike, output: PathLike) -> int:
    """Predict every row of a file with a tuned model, into a JSONL, CSV or Parquet file; returns the number of rows."""
    from headwinds.adapt import predicting

    return predicting.predict_file(Path(model), Path(file), Path(output))


def evaluate_file(
    model: PathLike,
    test: PathLike,
    output: PathLike,
    *,
    group: str = "",
    slices: Sequence[str] = (),
    seed: int = 0,
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
        against=Path(against) if against is not None else None,
    )


def score(
    study: PathLike | StudySettings, *, output: PathLike | None = None, quiet: bool = False, wait: float = 0.0
) -> StudyRun:
    """Up to the scores of every passage of the corpus."""
    return _run(study, "score", output, quiet, wait)


def measure(
    study: PathLike | StudySettings, *, output: PathLike | None = None, quiet: bool = False, wait: float = 0.0
) -> StudyRun:
    """Up to the indices with their intervals."""
    return _run(study, "measure", output, quiet, wait)


def explain(
    study: PathLike | StudySettings, *, output: PathLike | None = None, quiet: bool = False, wait: float = 0.0
) -> StudyRun:
    """Up to the growth accounts and the regression of growth on the indices."""
    return _run(study, "explain", output, quiet, wait)


def report(
    study: PathLike | StudySettings, *, output: PathLike | None = None, quiet: bool = False, wait: float = 0.0
) -> StudyRun:
    """Up to the report; the same as `run`."""
    return _run(study, "report", output, quiet, wait)


def settings(corpus: PathLike, gold: PathLike, codebook: PathLike, **changes: object) -> StudySettings:
    """Settings of a study on your own files, without a study file.

    Parameters
    ----------
    corpus, gold, codebook
        Files as a study file would name them.
    changes
        Any other setting by its dotted name with `__` for the dot: ``tune__epochs=3``, ``corpus__keys=["year"]``.

    Examples
    --------
    >>> headwinds.tune(headwinds.settings("docs.csv", "gold.jsonl", "codebook.md", tune__epochs=3))  # doctest: +SKIP
    """
    from headwinds.study.study_file import settings_from

    content: dict[str, dict[str, object]] = {
        "study": {
            "title": f"Study of {Path(corpus).name}",
            "question": "What share of passages has each label?",
        },
        "corpus": {"path": str(Path(corpus).resolve())},
        "gold": {"path": str(Path(gold).resolve())},
        "codebook": {"path": str(Path(codebook).resolve())},
    }
    for name, value in changes.items():
        section, separator, key = name.partition("__")
        if not separator:
            raise SettingsError(
                f"The setting {name!r} has no section.", remedy="Write it as section__key, e.g. tune__epochs."
            )
        content.setdefault(section, {})[key] = value
    return settings_from(content, Path.cwd())


def score_file(
    model: PathLike,
    corpus: PathLike,
    output: PathLike,
    *,
    text: str = "text",
    passage_id: str = "passage_id",
    keep: Sequence[str] = (),
    quiet: bool = False,
) -> Path:
    """Score your own file with a fitted model, without a study; returns the path of the scores (Parquet).

    `keep` names columns that are carried along, to measure by.
    """
    from headwinds.corpus.reading import Columns
    from headwinds.study.own_files import score_file as score

    columns = Columns(passage_id=passage_id, document_id="", text=text, keys=tuple(keep))
    return score(Path(model), Path(corpus), Path(output), columns=columns, quiet=quiet)


def measure_file(
    scores: PathLike,
    gold: PathLike,
    output: PathLike,
    *,
    by: Sequence[Sequence[str]] = ((),),
    document_id: str = "document_id",
    weight: str = "",
    stratum: Sequence[str] = (),
    estimator: str = "auto",
) -> dict[str, Indicator]:
    """Shares with their intervals from any classifier's scores and your gold labels, without a study.

    `scores` has one passage a row with a column ``probability_<label>`` for each label and the columns named in `by`. The
    scores of gold passages must come from a model that did not see their labels.
    """
    from headwinds.study.own_files import ScoresFile
    from headwinds.study.own_files import measure_file as measure

    file = ScoresFile(
        Path(scores),
        tuple(tuple(cell) for cell in by),
        document_id=document_id,
        weight=weight,
        stratum=tuple(stratum),
    )
    return measure(file, Path(gold), Path(output), estimator=estimator)


def explain_file(
    panel: PathLike,
    output: PathLike,
    *,
    entity: str = "entity",
    period: str = "period",
    entities: Sequence[str] = ("all",),
    before: tuple[int, int] = (1995, 2004),
    after: tuple[int, int] = (2004, 2019),
    outcome: str = "rtfpna",
    index: PathLike | None = None,
    labels: Sequence[str] = (),
    lag: int = 1,
) -> GrowthResult:
    """Growth accounts and the slowdown from a panel, without a study or a text; with `index`, growth on that index.

    `panel` is a Penn World Table, or a table with its series names and the columns `entity` and `period`. `entities` are
    codes, or ``("all",)``, or ``("OECD",)``. `index` is a folder that `measure` or `measure_file` wrote, by entity and year.
    """
    from headwinds.study.growth_files import GrowthFile
    from headwinds.study.growth_files import explain_file as explain

    growth = GrowthFile(
        Path(panel),
        entity=entity,
        period=period,
        entities=tuple(entities),
        before=before,
        after=after,
        outcome=outcome,
        index=Path(index) if index else None,
        labels=tuple(labels),
        lag=lag,
    )
    return explain(growth, Path(output))


def _labelled_files(
    train: PathLike,
    validation: PathLike | None,
    test: PathLike | None,
    group: str,
    slices: Sequence[str] = (),
    codebook: PathLike | None = None,
) -> LabelledFiles:
    from headwinds.adapt.tuning import LabelledFiles

    return LabelledFiles(
        Path(train),
        Path(validation) if validation else None,
        Path(test) if test else None,
        group,
        tuple(slices),
        Path(codebook) if codebook else None,
    )


def _run(
    study: PathLike | StudySettings, until: str, output: PathLike | None, quiet: bool, wait: float
) -> StudyRun:
    from headwinds.study.study_file import read_study

    chosen = study if isinstance(study, StudySettings) else read_study(Path(study))
    directory = Path(output) if output else Path("runs") / (chosen.folder.name or "study")
    if until == "report":
        from headwinds.report.messages import load_messages

        load_messages(chosen.study.language)  # refused now, not when all the work is done
    return run_study(
        chosen, directory, until=until, then=(_report,) if until == "report" else (), quiet=quiet, wait=wait
    )


def _report(run: StudyRun) -> None:
    from headwinds.report.from_study import report_stage

    run.do(report_stage(run))
