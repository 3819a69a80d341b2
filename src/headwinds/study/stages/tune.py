"""`tune`: one model a fold, then the test of all of them on passages that none of them saw."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from headwinds.adapt.fit_cost import costed
from headwinds.adapt.fold import LabelledTexts, data_digest, fit_fold
from headwinds.adapt.settings import TuneSettings
from headwinds.artifacts.fingerprint import code_digest, fingerprint
from headwinds.artifacts.seeds import derive_seed
from headwinds.compute.likeness import NUMERICAL
from headwinds.study.data import CheckedStudy
from headwinds.study.environment import processor, versions
from headwinds.study.plan import Stage
from headwinds.study.settings import StudySettings

CODE = ("headwinds.adapt", "headwinds.contracts", "headwinds.corpus.splits")


def fold_stages(settings: StudySettings, checked: CheckedStudy, *, quiet: bool) -> list[Stage]:
    """One stage a fold."""
    from headwinds.adapt.checkpoints import resolve_checkpoint

    data = checked.labelled_texts()
    common = {
        "data": data_digest(data),
        "settings": asdict(settings.tune),
        "checkpoint": resolve_checkpoint(settings.tune.checkpoint).digest,
        "code": code_digest(*CODE),
        "versions": versions(NUMERICAL),
        "processor": processor(),
    }
    stages = []
    for rows in checked.fold_rows():
        # Every fold draws its own batches and dropout, all from the study's one seed.
        chosen = replace(settings.tune, seed=derive_seed(settings.tune.seed, "fold", rows.number))
        parts = fingerprint(
            **common, training=rows.training.tolist(), validation=rows.validation.tolist(), fold=rows.number
        )
        name = f"fold-{rows.number + 1}"
        work = _FoldWork(data, rows, chosen, quiet, name)
        stages.append(Stage(f"tune/{name}", parts, work))
    return stages


class _FoldWork:
    """A fold's work, bound to its rows."""

    def __init__(
        self, data: LabelledTexts, rows: object, settings: TuneSettings, quiet: bool, name: str
    ) -> None:
        self.data, self.rows, self.settings, self.quiet, self.name = data, rows, settings, quiet, name

    def __call__(self, output: Path, scratch: Path) -> None:
        # What it cost stands beside the folds, not in one: the same inputs give the same bytes.
        with costed(output.parent, output, scratch, among=self.name):
            fit_fold(self.data, self.rows, self.settings, output, scratch, quiet=self.quiet)  # type: ignore[arg-type]


def evaluation_stage(
    settings: StudySettings, checked: CheckedStudy, folds: list[tuple[str, Path]], *, quiet: bool
) -> Stage:
    """The test of the folds' models, given as (fingerprint, folder)."""
    words = tuple(word for screen in settings.screen for word in (*screen.words, *screen.whole_words))
    parts = fingerprint(
        folds=[name for name, _ in folds],
        words=list(words),
        seed=settings.study.seed,
        code=code_digest(*CODE),
        versions=versions(NUMERICAL),
    )

    def work(output: Path, _: Path) -> None:
        from headwinds.adapt.evaluation.cross_fitted import evaluate_folds
        from headwinds.adapt.evaluation.graded import grade_finding
        from headwinds.adapt.evaluation.store import write_evaluation
        from headwinds.adapt.fitted_model import read_facts
        from headwinds.adapt.training.private import told_together

        evaluation, tuned = evaluate_folds(
            checked.labelled_texts(),
            checked.fold_rows(),
            [folder for _, folder in folds],
            screen_words=words,
            seed=settings.study.seed,
            shown=checked.form.shown,
            quiet=quiet,
        )
        if checked.form.kind == "graded":
            seed = derive_seed(settings.study.seed, "grades")
            found = grade_finding(checked.labelled_texts(), tuned, seed=seed)
            evaluation = replace(evaluation, findings=(*evaluation.findings, found))
        private = told_together([read_facts(folder).decoder for _, folder in folds])[1]
        evaluation = replace(evaluation, findings=(*evaluation.findings, *private))
        write_evaluation(evaluation, output)

    return Stage("tune/evaluation", parts, work)
