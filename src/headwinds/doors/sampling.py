"""Drawing and planning labels in Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.sampling.plan import AssumedScores, AssumedStratum, LabelPlan
    from headwinds.study.sampling_files import Sampled

PathLike = str | Path


@plain_arguments
def sample_file(
    source: PathLike,
    output: PathLike,
    n: int,
    *,
    design: str = "simple",
    stratum: Sequence[str] = (),
    screen: Sequence[str] = (),
    score_bins: int = 0,
    allocation: str = "neyman",
    selection: str = "systematic",
    mix: float = 0.3,
    previous: PathLike | None = None,
    weight: str = "",
    passage_id: str = "passage_id",
    text: str = "text",
    seed: int = 0,
    encoding: str = "utf-8",
    kind: str = "multi-label",
    grades: int = 3,
) -> Sampled:
    """Draw the next `n` passages to label; `previous` holds those that are labelled, with their inclusion probabilities.

    ``output/sample`` then has ``batch.csv`` (to be labelled), ``frame.csv`` (every passage with its probability) and, after
    a first round, ``earlier.csv`` (the earlier labels' probabilities, which this round changes). With kind "graded" the
    columns ``score_<label>`` predict a grade from 0 to `grades`.
    """
    from headwinds.study.sampling_files import SamplePlan
    from headwinds.study.sampling_files import sample_file as sample

    plan = SamplePlan(
        n=n,
        design=design,
        stratum=tuple(stratum),
        screen=tuple(screen),
        score_bins=score_bins,
        allocation=allocation,
        selection=selection,
        mix=mix,
        passage_id=passage_id,
        text=text,
        weight=weight,
        seed=seed,
        encoding=encoding,
        kind=kind,
        grades=grades,
    )
    return sample(Path(source), Path(output), plan, previous=Path(previous) if previous is not None else None)


@plain_arguments
def plan_labels_file(
    scores: PathLike,
    gold: PathLike,
    standard_error: float,
    *,
    by: Sequence[str] = (),
    label: str | None = None,
    document_id: str = "document_id",
    weight: str = "",
    stratum: Sequence[str] = (),
    kind: str = "multi-label",
    grades: int = 3,
) -> LabelPlan:
    """How many labels, drawn where, bring the shares to a wanted standard error: from a pilot's scores and labels.

    `kind` and `grades` as in `headwinds.measure_file`; the standard error of a mean score is in its own units.
    """
    from headwinds.measure.sampling.plan import plan_labels

    frame, cells = _pilot(scores, gold, by, document_id, weight, stratum, kind, grades)
    return plan_labels(frame, cells, standard_error, label=label)


@plain_arguments
def plan_labels_assumed(
    strata: Sequence[AssumedStratum] | Sequence[AssumedScores], standard_error: float
) -> LabelPlan:
    """The same from assumed error rates, or of grades from an assumed correlation, before anything is labelled."""
    from headwinds.measure.sampling.plan import plan_labels_from_rates

    return plan_labels_from_rates(strata, standard_error)


@plain_arguments
def plan_slope_file(
    scores: PathLike,
    gold: PathLike,
    standard_error: float,
    *,
    by: Sequence[str],
    label: str,
    slope: float,
    outcome_error: float,
    document_id: str = "document_id",
    weight: str = "",
    stratum: Sequence[str] = (),
    kind: str = "multi-label",
    grades: int = 3,
) -> LabelPlan:
    """How many labels bring the slope of an outcome on the index to a wanted standard error: from a pilot."""
    from headwinds.measure.registry import get_estimator
    from headwinds.measure.sampling.slope_plan import plan_slope

    frame, cells = _pilot(scores, gold, by, document_id, weight, stratum, kind, grades)
    index = get_estimator("difference")(frame, cells)
    return plan_slope(
        index,
        label,
        gold=len(frame.gold_rows),
        slope=slope,
        outcome_error=outcome_error,
        standard_error=standard_error,
        passages=len(frame),
    )


def _pilot(
    scores: PathLike,
    gold: PathLike,
    by: Sequence[str],
    document_id: str,
    weight: str,
    stratum: Sequence[str],
    kind: str,
    grades: int,
) -> tuple[Frame, Cells]:
    """A pilot's scores and labels, and its cells."""
    from headwinds.measure.cells import make_cells
    from headwinds.study.scores_file import ScoresFile, read_scores

    file = ScoresFile(
        Path(scores),
        (tuple(by),),
        document_id=document_id,
        weight=weight,
        stratum=tuple(stratum),
        kind=kind,
        grades=grades,
    )
    frame = read_scores(file, Path(gold))
    return frame, make_cells(frame, tuple(by))
