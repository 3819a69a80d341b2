"""The same tuning with several seeds: one run is an anecdote."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.shown import shown_name
from headwinds.adapt.fitted_model import read_facts
from headwinds.adapt.training.private import told_together
from headwinds.adapt.tuning import TunedModel, tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.artifacts.write import write_json
from headwinds.contracts.result import Result, number
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.adapt.settings import TuneSettings
    from headwinds.contracts import Finding

FILE = "seeds.json"


@dataclass(frozen=True, slots=True)
class SeedSpread:
    """A metric over seeds: its mean, its standard deviation (NaN for one seed), its lowest and highest value."""

    mean: float
    standard_deviation: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class TunedSeeds(Result):
    """The models by seed, every metric of their tests over the seeds, and what to weigh."""

    models: dict[int, TunedModel]
    spread: dict[str, SeedSpread]
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a metric and seed: `metric`, `seed`, `value`, `lower`, `upper` (of its test)."""
        import pandas as pd

        rows = [
            one.evaluation.table.assign(seed=seed)
            for seed, one in self.models.items()
            if one.evaluation is not None
        ]
        return pd.concat(rows, ignore_index=True)[["metric", "seed", "value", "lower", "upper"]]

    def summary(self) -> str:
        """Every metric over the seeds, those of single labels left out, and what to weigh."""
        lines = [f"Over {len(self.models)} seeds: mean (standard deviation), lowest to highest"]
        for name, item in self.spread.items():
            if "[" in name:
                continue
            shown = (
                "not available"
                if item.mean != item.mean
                else f"{item.mean:.4f} ({number(item.standard_deviation, 4)}), {item.lowest:.4f} to {item.highest:.4f}"
            )
            lines.append(f"{name.replace('_', ' ')}: {shown}")
        return "\n".join([*lines, *map(str, self.findings)])

    def plot(self) -> Figure:
        """The main metric by seed, each with the interval of its test."""
        from headwinds.drawing.intervals import draw_intervals

        main = next(one.evaluation.main_metric for one in self.models.values() if one.evaluation is not None)
        table = self.table.query("metric == @main").reset_index(drop=True)
        named = table.assign(name=[f"seed {seed}" for seed in table["seed"]])
        return draw_intervals(named, axis=f"{shown_name(main)}, 95% interval")


def tune_seeds(
    files: LabelledFiles, settings: TuneSettings, seeds: Sequence[int], output: Path, *, quiet: bool = False
) -> TunedSeeds:
    """Tune once for each seed into ``output/seed-N``; `seeds.json` holds the metrics over the seeds.

    A seed rules the split into training and validation too, where the files do not give one; a test that is held out of
    the training file is the same for all. What private models spent together stands in the file too.

    Raises
    ------
    SettingsError
        A seed stands there twice, or there is no test.
    HeadwindsError
        See `tune_files`.
    """
    require_seeds(files, seeds)
    models = {
        seed: tune_files(files, replace(settings, seed=seed), output / f"seed-{seed}", quiet=quiet)
        for seed in seeds
    }
    spread = _spread(list(models.values()))
    private, findings = told_together([read_facts(one.folder).decoder for one in models.values()])
    write_json(
        output / FILE,
        {
            "seeds": list(seeds),
            "metrics": {
                name: {
                    "mean": item.mean,
                    "standard_deviation": item.standard_deviation,
                    "lowest": item.lowest,
                    "highest": item.highest,
                }
                for name, item in spread.items()
            },
            **({"privacy": asdict(private)} if private else {}),
        },
        allow_missing=True,
    )
    return TunedSeeds(models, spread, findings)


def require_seeds(files: LabelledFiles, seeds: Sequence[int]) -> None:
    """Refuse seeds that cannot be compared.

    Raises
    ------
    SettingsError
        As `tune_seeds`.
    """
    if len(set(seeds)) < len(seeds) or not seeds:
        raise SettingsError(f"seeds = {list(seeds)}: expected one or more, each once.")
    if not files.tests:
        raise SettingsError(
            "Several seeds are compared by their tests, and there is no test file.",
            remedy="Name one, or a test_share of the training file.",
        )


def _spread(models: list[TunedModel]) -> dict[str, SeedSpread]:
    import numpy as np

    evaluations = [model.evaluation for model in models if model.evaluation is not None]
    found = {}
    for name in evaluations[0].metrics:
        values = np.array([evaluation.metrics[name].value for evaluation in evaluations])
        deviation = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        found[name] = SeedSpread(float(values.mean()), deviation, float(values.min()), float(values.max()))
    return found


def read_seeds(output: Path) -> dict[str, SeedSpread]:
    """The metrics over seeds that `tune_seeds` wrote."""
    plain = json.loads((output / FILE).read_text(encoding="utf-8"))["metrics"]
    return {
        name: SeedSpread(**{key: float("nan") if value is None else value for key, value in item.items()})
        for name, item in plain.items()
    }
