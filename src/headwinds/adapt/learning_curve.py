"""The same tuning on growing shares of the training examples, which tells whether more labels would help."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.evaluation_lines import with_bounds, worst_lines
from headwinds.adapt.evaluation.shown import shown_name
from headwinds.adapt.evaluation.task_evaluation import read_interval, read_slices
from headwinds.adapt.fitted_model import model_of, read_facts
from headwinds.adapt.training.private import told_together
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.artifacts.write import write_json
from headwinds.contracts.result import Result
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.adapt.evaluation.task_evaluation import Slice
    from headwinds.adapt.settings import TuneSettings
    from headwinds.contracts import Finding, Interval

FILE = "learning-curve.json"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A share of the training examples, how many those are, and the main metric of the model that saw only them.

    `slices` are those of its evaluation, the worst of each column first.
    """

    share: float
    examples: int
    metric: str
    interval: Interval
    slices: tuple[Slice, ...] = ()


@dataclass(frozen=True, slots=True)
class LearningCurve(Result):
    """The points, by share, and what to weigh."""

    points: tuple[CurvePoint, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a point: `share`, `examples`, `metric`, `value`, `lower`, `upper`."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "share": one.share,
                    "examples": one.examples,
                    "metric": one.metric,
                    "value": one.interval.value,
                    "lower": one.interval.lower,
                    "upper": one.interval.upper,
                }
                for one in self.points
            ]
        )

    def summary(self) -> str:
        """The main metric at every share, with the worst slices where there are some."""
        lines = []
        for one in self.points:
            lines.append(
                f"{one.share:.0%} of the training examples ({one.examples:,}): {one.metric.replace('_', ' ')} "
                f"{with_bounds(one.interval)}"
            )
            lines += worst_lines(one.slices)
        return "\n".join([*lines, *map(str, self.findings)])

    def plot(self) -> Figure:
        """The main metric at every share with its interval, the smallest share on top."""
        from headwinds.drawing.intervals import draw_intervals

        named = self.table.assign(name=[f"{one.examples:,} examples" for one in self.points])
        return draw_intervals(named, axis=f"{shown_name(self.points[0].metric)}, 95% interval")


def learning_curve(
    files: LabelledFiles,
    settings: TuneSettings,
    shares: Sequence[float],
    output: Path,
    *,
    quiet: bool = False,
) -> LearningCurve:
    """Tune once for each share into ``output/share-S``; `learning-curve.json` holds the points.

    A larger share holds the examples of every smaller one. Validation and test are the same for all. What private models
    spent together stands in the file too.

    Raises
    ------
    SettingsError
        A share is not above 0 and at most 1, or stands there twice; there is no test.
    HeadwindsError
        See `tune_files`.
    """
    require_shares(files, shares)
    points = []
    for share in sorted(shares):
        chosen = replace(settings, training_share=share)
        found = tune_files(files, chosen, _place(output, share), quiet=quiet)
        if found.evaluation is None:
            raise AssertionError("A tuning with a test file has an evaluation.")
        metric = found.evaluation.main_metric
        examples = read_facts(found.folder).training_examples
        slices = found.evaluation.slices
        points.append(CurvePoint(share, examples, metric, found.evaluation.metrics[metric], slices))
    private, findings = told_together(
        [read_facts(model_of(_place(output, one.share))).decoder for one in points]
    )
    told = {"privacy": asdict(private)} if private else {}
    write_json(output / FILE, {"points": [asdict(point) for point in points], **told}, allow_missing=True)
    return LearningCurve(tuple(points), findings)


def _place(output: Path, share: float) -> Path:
    return output / f"share-{share:g}"


def require_shares(files: LabelledFiles, shares: Sequence[float]) -> None:
    """Refuse shares that make no curve.

    Raises
    ------
    SettingsError
        As `learning_curve`.
    """
    places = {_place(Path(), share) for share in shares}
    if not shares or len(places) < len(shares) or not all(0 < share <= 1 for share in shares):
        given = ", ".join(f"{share:g}" for share in shares) or "none"
        raise SettingsError(f"shares = {given}: expected shares above 0 and at most 1, each once.")
    if not files.tests:
        raise SettingsError(
            "The points of a learning curve are tests, and there is no test file.",
            remedy="Name one, or a test_share of the training file.",
        )


def read_learning_curve(output: Path) -> tuple[CurvePoint, ...]:
    """The points that `learning_curve` wrote."""
    plain = json.loads((output / FILE).read_text(encoding="utf-8"))["points"]
    return tuple(
        CurvePoint(
            **{
                **point,
                "interval": read_interval(point["interval"]),
                "slices": read_slices(point.get("slices", ())),
            }
        )
        for point in plain
    )
