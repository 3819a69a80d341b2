"""The run: stage after stage, under the study's lock, each found again or done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from headwinds.artifacts.interruption import graceful_stop, raise_if_stopped
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.stages import StageResult, run_stage, stored_fingerprint
from headwinds.contracts import Finding
from headwinds.contracts.result import Summarised
from headwinds.errors import DataError
from headwinds.phrases.catalogue import heard, say, speaking, spoken
from headwinds.study.data import CheckedStudy, read_checked
from headwinds.study.plan import Stage
from headwinds.study.premises import check_entities, check_premises, check_years
from headwinds.study.settings import StudySettings
from headwinds.study.stages.check import check_stage
from headwinds.study.stages.measure import measure_stage
from headwinds.study.stages.score import score_stage
from headwinds.study.stages.tune import evaluation_stage, fold_stages

UNKNOWN_DESIGN = "W112"
STAGES = ("check", "tune", "score", "measure", "explain", "report")


@dataclass(slots=True)
class StudyRun(Summarised):
    """A study being run, and what became of its stages.

    Attributes
    ----------
    settings
        Every default filled in.
    directory
        Where the stages' outputs stand.
    results
        By stage name, in the order in which they were done or found.
    """

    settings: StudySettings
    directory: Path
    quiet: bool = False
    results: dict[str, StageResult] = field(default_factory=dict)

    def do(self, stage: Stage, *, prepared: float = 0.0) -> StageResult:
        """Do one stage, or find it done, and say so; `prepared` is the time in seconds that its preparation took."""
        raise_if_stopped()
        result = run_stage(self.directory, stage.name, stage.fingerprint, stage.work)
        result = replace(result, seconds=result.seconds + prepared)
        self.results[stage.name] = result
        for finding in result.findings:
            self.say(f"  {finding.in_language(spoken())}")
        self.say(
            f"{stage.name}: {'found, nothing changed' if result.reused else f'done in {result.seconds:.1f} s'}"
        )
        return result

    def say(self, line: str) -> None:
        """Tell whoever watches the terminal; results never go this way."""
        if not self.quiet:
            sys.stderr.write(say(line) + "\n")
            sys.stderr.flush()

    def summary(self) -> str:
        """Where the output of every stage stands, and what the stages found."""
        lines = []
        for name, result in self.results.items():
            lines.append(f"{name}: {result.path}")
            lines.extend(f"  {finding}" for finding in result.findings)
        return "\n".join(lines)

    @property
    def checked(self) -> CheckedStudy:
        """The checked inputs; the check must have been done."""
        return read_checked(self.results["check"].path)


Then = Callable[[StudyRun], None]


def run_study(
    settings: StudySettings,
    directory: Path,
    *,
    until: str = "measure",
    then: tuple[Then, ...] = (),
    quiet: bool = False,
    wait: float = 0.0,
) -> StudyRun:
    """Run a study up to the stage `until`, then what stands above it (`then`: the report).

    Raises
    ------
    BusyError
        Another process runs the same study and does not end within `wait` seconds.
    Interrupted
        A signal came; what was done is kept.
    HeadwindsError
        Of the stages.
    """
    run = StudyRun(settings, directory, quiet)
    started = time.monotonic()
    entities = check_premises(settings)
    check = check_stage(settings)
    if stored_fingerprint(directory / check.name) != check.fingerprint:
        check.prepare()  # outside the study's folder: bad input leaves no trace in it
    prepared = time.monotonic() - started
    with study_lock(directory, wait=wait), graceful_stop(), speaking(heard(settings.study.language)):
        last = STAGES.index(until)
        run.do(check, prepared=prepared)
        checked = run.checked
        check_entities(settings, checked, entities)
        check_years(settings, checked)
        for finding in checked.findings:
            run.say(f"  {finding.in_language(spoken())}")
        if last >= STAGES.index("measure"):
            _require_a_design(settings, checked)
        if last >= STAGES.index("tune"):
            _tune(run, checked)
        if last >= STAGES.index("score"):
            _score(run, checked)
        if last >= STAGES.index("measure"):
            run.do(measure_stage(settings, checked, run.results["score"].path / "scores.parquet"))
        if last >= STAGES.index("explain") and settings.explain.panel:
            from headwinds.study.stages.explain import explain_stage

            run.do(explain_stage(settings, run.results["measure"].path))
        for step in then:
            step(run)
    return run


def _require_a_design(settings: StudySettings, checked: CheckedStudy) -> None:
    """Refuse before the tuning what the measuring would refuse after it."""
    if any(finding.code == UNKNOWN_DESIGN for finding in checked.findings):
        raise DataError(
            f"{settings.gold.path} gives no inclusion_probability, so no share with an honest interval can be made from it.",
            remedy="Add it (labelled passages of a stratum / all of its passages, if they were drawn at random), "
            "or stop before: `headwinds score` needs none.",
        )


def _tune(run: StudyRun, checked: CheckedStudy) -> None:
    stages = fold_stages(run.settings, checked, quiet=run.quiet)
    _forecast(run, checked, stages)
    for stage in stages:
        run.do(stage)
    run.do(evaluation_stage(run.settings, checked, _folds(run), quiet=run.quiet))


def _score(run: StudyRun, checked: CheckedStudy) -> None:
    told: list[Finding] = []
    stage = score_stage(checked, _folds(run), quiet=run.quiet, compute=run.settings.compute, tell=told.append)
    result = run.do(stage)
    for finding in told:
        run.say(f"  {finding.in_language(spoken())}")
    run.results[stage.name] = replace(result, findings=(*result.findings, *told))


def _forecast(run: StudyRun, checked: CheckedStudy, stages: list[Stage]) -> None:
    """Say what the run will take, from a small fit of the first fold; nothing if the models are there already."""
    todo = [stage for stage in stages if stored_fingerprint(run.directory / stage.name) != stage.fingerprint]
    if not todo or run.quiet:
        return
    from headwinds.adapt.fold import fitting_data
    from headwinds.adapt.probe import peak_memory, scoring_rate
    from headwinds.adapt.tasks.registry import get_task
    from headwinds.adapt.tuning_forecast import forecast_fit

    settings, data = run.settings.tune, checked.labelled_texts()
    fit = forecast_fit(get_task(settings.task), fitting_data(data, checked.fold_rows()[0]), settings)
    rate = scoring_rate(data.texts, settings, labels=len(checked.form.outputs))
    scoring = checked.summary["tokens"] / rate / 60
    memory = peak_memory() / 2**30
    if fit is None:
        run.say(
            f"forecast from measured steps: at most {scoring:.1f} min to score, after {len(todo)} folds whose time is not "
            f"told by steps; {memory:.1f} GiB of memory"
        )
        return
    disk = (settings.folds * fit.model_bytes + fit.state_bytes) / 2**30
    run.say(
        f"forecast from measured steps: at most {len(todo) * fit.seconds / 60:.1f} min to tune "
        f"the folds that are left ({len(todo)}), {scoring:.1f} min to score; "
        f"{memory:.1f} GiB of memory, {disk:.1f} GiB of disk"
    )


def _folds(run: StudyRun) -> list[tuple[str, Path]]:
    found = [result for name, result in run.results.items() if name.startswith("tune/fold-")]
    return [(result.fingerprint, result.path) for result in found]
