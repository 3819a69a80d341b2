"""Search for the settings of [tune]: trials that a pruner may end, finalists over several seeds, one winner.

A trial is judged by its validation score. Its values are drawn by a sampler whose randomness depends on the seed and on how
many trials are done, so that a search that was killed goes on to the end it would have had. The best trials are fitted again
with other seeds, and the one with the highest mean less its standard error wins: a lucky seed alone does not. Only the
winner meets the test file.
"""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import resolve_checkpoint
from headwinds.adapt.methods.registry import get_method
from headwinds.adapt.search.fits import FAILED, fit_by_workers, history_of_fit
from headwinds.adapt.search.guidance import Pruned, holding, pruner, report, sampler
from headwinds.adapt.search.outcome import (
    Finalist,
    SearchOutcome,
    TrialRecord,
    importances,
    unknown_importance,
    unstable_finalists,
    write_outcome,
)
from headwinds.adapt.search.space import Space, check_space, inside, plain_space, require_one_measure, suggest
from headwinds.adapt.search.together import Groups, run_groups
from headwinds.adapt.training.state import EpochRecord
from headwinds.adapt.tuning import TunedModel, tune_files
from headwinds.adapt.tuning_data import prepare_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.adapt.tuning_identity import model_identity
from headwinds.artifacts.fingerprint import fingerprint
from headwinds.artifacts.interruption import graceful_stop, raise_if_stopped
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.stages import drop_scratch, run_stage
from headwinds.artifacts.write import write_json
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.telling import Tell, tell_nobody
from headwinds.errors import SettingsError, StorageError, TrainingError

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.loop import AfterEpoch

HEARTBEAT_SECONDS = 30
RESULT = "trial.json"


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How much is tried.

    Attributes
    ----------
    trials
        Trials in all, those of other processes on the same storage included.
    minutes
        After so many no new trial begins; 0 for no limit. A limit of time gives other trials on another machine.
    finalists, seeds
        How many of the best trials are fitted again, each with how many seeds.
    storage
        URL of a database that several processes share, each with a folder of its own, as SQLAlchemy writes it; "" for a file
        in the output folder.
    together
        Trials that are drawn before any of them is judged, so that workers can run them at the same time. More finds less
        with the same number of trials. 1: one after the other, here.
    """

    trials: int = 20
    minutes: float = 0.0
    finalists: int = 3
    seeds: int = 3
    storage: str = ""
    together: int = 1

    def __post_init__(self) -> None:
        for name in ("trials", "finalists", "seeds", "together"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} = {getattr(self, name)}: expected 1 or more.")
        if not 0 <= self.minutes < math.inf:
            raise SettingsError(f"minutes = {self.minutes}: expected 0 (no limit) or more.")
        if self.storage and self.together > 1:
            raise SettingsError(
                f"together = {self.together} and storage are two ways to run trials at the same time.",
                remedy="Leave one out: workers of this search, or several searches on one database.",
            )


def search(
    files: LabelledFiles,
    settings: TuneSettings,
    space: Space,
    plan: SearchSettings,
    output: Path,
    *,
    quiet: bool = False,
    compute: ComputeSettings | None = None,
    tell: Tell = tell_nobody,
) -> tuple[SearchOutcome, TunedModel]:
    """Search, write ``search.json``, ``search.html`` and ``tune.toml`` into `output`, and tune with the winning settings.

    With `compute` the finalists are fitted by workers, each fit on one thread; without it here, one after the other, by
    PyTorch's own threads. So are the trials where `SearchSettings.together` is more than 1, without `compute` by processes
    of this machine. `tell` takes the findings of `headwinds.compute.running.run_shards`.

    Raises
    ------
    SettingsError
        Optuna is missing; the space and the method do not go together; no trial ended well; the training is private.
    StorageError
        The database cannot be used.
    HeadwindsError
        See `tune_files`.
    """
    if settings.private_epsilon:
        raise SettingsError(
            f"private_epsilon = {settings.private_epsilon:g} with a search: every trial reads the same rows again, and what "
            "it spends would add up.",
            remedy="Search on rows that may be known, then tune once with private_epsilon.",
        )
    prepare_files(files, settings)  # every file is read before anything is tried
    check_space(settings, space)
    require_one_measure(settings, space)
    with _said_in_one_line():
        study = _open(files, settings, space, plan, output)
    with study_lock(output), graceful_stop(), _said_in_one_line():
        if plan.together > 1:
            compute = compute or ComputeSettings()
            groups = Groups(plan.trials, plan.together, plan.minutes)
            first = _own_values(settings, space)
            run_groups(
                study,
                partial(_done, study),
                files,
                settings,
                space,
                first,
                groups,
                output / "groups",
                compute,
                quiet=quiet,
                tell=tell,
            )
        else:
            _run_trials(study, files, settings, space, plan, output, quiet)
        records = _records(study)
        best = [one for one in records if one.state == "complete"]
        if not best:
            raise SettingsError(
                f"None of {len(records)} trials came to an end; the last one: {_reason(records)}",
                remedy="Mend that, or narrow the space, and search into another folder.",
            )
        ranked = sorted(best, key=lambda one: (-one.score, one.number))[: plan.finalists]
        finalists = _finalists(ranked, files, settings, plan.seeds, output, quiet, compute, tell)
    sound = [one for one in finalists if not one.reason]
    if not sound:
        raise TrainingError(
            f"None of {len(finalists)} finalists trained with every seed; the first one: {finalists[0].reason}",
            remedy="Narrow the space: these settings are at the edge of what trains.",
        )
    winner = max(sound, key=lambda one: one.bound)
    importance = importances(study)
    findings = (*(() if importance else (unknown_importance(records),)), *unstable_finalists(finalists))
    outcome = SearchOutcome(tuple(records), importance, tuple(finalists), winner, findings)
    write_outcome(outcome, replace(settings, **winner.settings), output)
    return outcome, tune_files(files, replace(settings, **winner.settings), output, quiet=quiet)


def _open(
    files: LabelledFiles, settings: TuneSettings, space: Space, plan: SearchSettings, output: Path
) -> Study:
    try:
        import optuna
    except ImportError:
        raise SettingsError("A search needs Optuna.", remedy="pip install 'headwinds[search]'.") from None
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    name = fingerprint(
        identity=model_identity(files, settings), space=plain_space(space), together=plan.together
    )[:16]
    output.mkdir(parents=True, exist_ok=True)
    url = plan.storage or f"sqlite:///{output.resolve() / 'search.db'}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            storage = optuna.storages.RDBStorage(
                url,  # where several share it, a trial whose process died is told from one that runs
                heartbeat_interval=HEARTBEAT_SECONDS if plan.storage else None,
                grace_period=4 * HEARTBEAT_SECONDS if plan.storage else None,
            )
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction="maximize",
            load_if_exists=True,
            pruner=pruner(),
        )
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise StorageError(
            f"The search's database cannot be used: {str(error).splitlines()[0]}",
            remedy="Give a URL such as sqlite:///search.db or postgresql+psycopg://user@host/name.",
        ) from error
    try:
        known = study.get_trials(deepcopy=False)
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"The search's database is damaged: {str(error).splitlines()[0]}",
            remedy="Restore a copy, or name another output folder.",
        ) from error
    begun = [trial for trial in known if plan.storage or trial.state.name != "RUNNING"]
    if not begun and plan.together == 1 and not plan.storage:
        # Where a kill left the first trial behind, its values come first again. Of a queue that processes share two could
        # take the same trial: there the number of a trial says which is the first.
        study.enqueue_trial(_own_values(settings, space))
    return study


def _own_values(settings: TuneSettings, space: Space) -> dict[str, Any]:
    own = get_method(settings.method).settings(settings, resolve_checkpoint(settings.checkpoint).layers)
    return inside(own, space)


@contextmanager
def _said_in_one_line() -> Iterator[None]:
    """What the database refuses, in the middle too; the trials that ended are kept in it."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        import optuna
    except ImportError:
        yield  # told by `_open`
        return
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise StorageError(
            f"The search's database refuses: {reason}",
            remedy="Mend it and run the same command: the trials that ended are kept.",
        ) from error


def _run_trials(
    study: Study,
    files: LabelledFiles,
    settings: TuneSettings,
    space: Space,
    plan: SearchSettings,
    output: Path,
    quiet: bool,
) -> None:
    import optuna

    started = time.monotonic()
    while True:
        done = _done(study)
        late = plan.minutes and time.monotonic() - started > 60 * plan.minutes
        if len(done) >= plan.trials or late:
            return
        seed = derive_seed(settings.seed, "search", len(done))
        study.sampler = sampler(seed, plan.trials, lies=bool(plan.storage))

        def tried(trial: Trial) -> float:
            if plan.storage:
                # Processes that begin at once have seen as many trials end; the number of its own tells each apart.
                own = derive_seed(settings.seed, "search", trial.number)
                drawn = sampler(own, plan.trials, lies=True)
                first = trial.number == 0
                study.sampler = holding(_own_values(settings, space), drawn) if first else drawn
            return _try(trial, files, settings, space, output, quiet)

        # A process that slept longer than it takes to be given up finds that its trial was ended by another: it goes on.
        with suppress(optuna.exceptions.UpdateFinishedTrialError):
            study.optimize(tried, n_trials=1, catch=(TrainingError,))
        raise_if_stopped()


def _try(
    trial: Trial, files: LabelledFiles, settings: TuneSettings, space: Space, output: Path, quiet: bool
) -> float:
    import optuna

    chosen = replace(settings, **suggest(trial, space))

    try:
        return _fit(files, chosen, output, f"trial {trial.number + 1}", quiet, partial(report, trial))
    except Pruned:
        raise optuna.TrialPruned from None
    except TrainingError as error:
        trial.set_user_attr("reason", str(error))
        raise


def _fit(
    files: LabelledFiles,
    settings: TuneSettings,
    output: Path,
    title: str,
    quiet: bool,
    after_epoch: AfterEpoch | None = None,
) -> float:
    """The best validation score of a fit; it is found again if it was made before, and goes on if it was killed."""
    identity = model_identity(files, settings)

    def work(folder: Path, scratch: Path) -> None:
        history = history_of_fit(files, settings, scratch, title=title, quiet=quiet, after_epoch=after_epoch)
        write_json(folder / RESULT, {"settings": asdict(settings), **history}, allow_missing=True)

    name = f"trials/{identity[:16]}"
    try:
        stage = run_stage(output, name, identity, work)
    except (Pruned, TrainingError):
        drop_scratch(output, name)  # nobody goes on with it
        raise
    found = json.loads((stage.path / RESULT).read_text(encoding="utf-8"))
    if stage.reused and after_epoch is not None:  # the pruner judges later trials by these epochs too
        for epoch in found["epochs"]:
            after_epoch(EpochRecord(**epoch))
    return float(found["best_validation_score"])


def _finalists(
    ranked: Sequence[TrialRecord],
    files: LabelledFiles,
    settings: TuneSettings,
    seeds: int,
    output: Path,
    quiet: bool,
    compute: ComputeSettings | None,
    tell: Tell,
) -> list[Finalist]:
    asked = [(one, seed) for one in ranked for seed in range(settings.seed, settings.seed + seeds)]
    every = [replace(settings, **one.settings, seed=seed) for one, seed in asked]
    found: list[float | str]
    if compute is None:
        found = [
            _score_or_reason(files, chosen, output, f"finalist {one.number}, seed {seed}", quiet)
            for (one, seed), chosen in zip(asked, every, strict=True)
        ]
    else:
        fits = fit_by_workers(files, every, output / "finalists", compute, tell=tell)
        found = [fit.reason if fit.state == FAILED else fit.score for fit in fits]
    by_seed: dict[int, dict[int, float | str]] = {one.number: {} for one in ranked}
    for (one, seed), score in zip(asked, found, strict=True):
        by_seed[one.number][seed] = score
    return [_finalist(one, by_seed[one.number]) for one in ranked]


def _score_or_reason(
    files: LabelledFiles, settings: TuneSettings, output: Path, title: str, quiet: bool
) -> float | str:
    """The score of a fit, or why it has none: settings that trained with one seed may not with another."""
    try:
        return _fit(files, settings, output, title, quiet)
    except TrainingError as error:
        return str(error)


def _finalist(record: TrialRecord, found: dict[int, float | str]) -> Finalist:
    scores = {seed: one for seed, one in found.items() if not isinstance(one, str)}
    reason = next((one for one in found.values() if isinstance(one, str)), "")
    values = list(scores.values())
    if reason:
        mean = sum(values) / len(values) if values else math.nan
        return Finalist(record.number, record.settings, scores, mean, math.nan, math.nan, reason)
    mean = sum(values) / len(values)
    deviation = (
        math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        if len(values) > 1
        else math.nan
    )
    error = deviation / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Finalist(record.number, record.settings, scores, mean, deviation, mean - error)


def _done(study: Study) -> list[FrozenTrial]:
    """Trials that ended: well, pruned, or with a loss that was not finite; not those whose process died."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state.name in ("COMPLETE", "PRUNED")
        or (trial.state.name == "FAIL" and "reason" in trial.user_attrs)
    ]


def _records(study: Study) -> list[TrialRecord]:
    """The trials that ended, numbered from 1 without those that a kill left behind."""
    return [
        TrialRecord(
            number,
            {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}[trial.state.name],
            _score(trial),
            len(trial.intermediate_values),
            dict(sorted(trial.params.items())),
            trial.user_attrs.get("reason", ""),
        )
        for number, trial in enumerate(_done(study), start=1)
    ]


def _reason(records: Sequence[TrialRecord]) -> str:
    """Why the last trial failed."""
    return next((one.reason for one in reversed(records) if one.reason), "it was ended early.")


def _score(trial: FrozenTrial) -> float:
    """The best validation score that the trial reached, also of one that was pruned."""
    seen: Sequence[float] = list(trial.intermediate_values.values())
    if trial.state.name == "COMPLETE" and trial.value is not None:
        return float(trial.value)
    return max(seen, default=math.nan)
