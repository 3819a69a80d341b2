"""What a search found, as JSON, as a study's [tune] section, and on one page in the language that is spoken."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.evaluation.page_parts import heading, note, table
from headwinds.adapt.evaluation.shown import shown_number, told_finding
from headwinds.adapt.evaluation.task_page import STYLE
from headwinds.adapt.settings import TuneSettings
from headwinds.artifacts.page_head import page_head
from headwinds.artifacts.write import write_json, write_text
from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number
from headwinds.phrases.catalogue import WRITTEN, spoken, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure
    from optuna import Study

WHAT_SCORES = (
    "A validation score is higher where the model is better. Of one label of several, of relations and choices it is the "
    "mean log-likelihood of the right answer, of what is written that of a token: both at most 0. Of any number of labels "
    "it is the mean average precision, of entities and answers F1, of summaries of sentences ROUGE-1, of similarity the "
    "main metric."
)
WIDE = "\nfigure { margin: 0; }\nfigure svg { width: 100%; max-width: 44rem; height: auto; }"
JSON, PAGE, TOML = "search.json", "search.html", "tune.toml"


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial: its state (complete, pruned, failed), best validation score, epochs, the values that it tried."""

    number: int
    state: str
    score: float
    epochs: int
    settings: dict[str, Any]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finalist:
    """A trial fitted with several seeds.

    Attributes
    ----------
    scores
        Validation score by seed.
    mean, standard_deviation
        Of the scores; the latter is NaN with one seed.
    bound
        The mean less its standard error: what the finalists are chosen by; NaN where a seed has no score.
    reason
        Why a seed has none: its loss was not finite.
    """

    trial: int
    settings: dict[str, Any]
    scores: dict[int, float]
    mean: float
    standard_deviation: float
    bound: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SearchOutcome(Result):
    """All trials, the share of the scores' variance that goes with each setting, the finalists and the winner.

    `importance` is empty where it is not known; `findings` then says so.
    """

    trials: tuple[TrialRecord, ...]
    importance: dict[str, float]
    finalists: tuple[Finalist, ...]
    winner: Finalist
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a trial: `trial`, `state`, `score`, `epochs`, and every setting that was tried."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "trial": one.number,
                    "state": one.state,
                    "score": one.score,
                    "epochs": one.epochs,
                    **one.settings,
                }
                for one in self.trials
            ]
        )

    def summary(self) -> str:
        """The finalists over their seeds, the winner marked, what mattered, and what to weigh."""
        lines = []
        for one in self.finalists:
            values = ", ".join(f"{name} {_shown(value)}" for name, value in one.settings.items())
            lines.append(
                f"{'* ' if one is self.winner else '  '}trial {one.trial}: validation {number(one.mean, 4)} over "
                f"{len(one.scores)} seeds (standard deviation {number(one.standard_deviation, 4)}); {values}"
            )
        if self.importance:
            shown = ", ".join(f"{name} {share:.0%}" for name, share in self.importance.items())
            lines.append(f"What mattered: {shown}")
        return "\n".join([*lines, *map(str, self.findings)])

    def plot(self) -> Figure:
        """The validation score by trial, and the best so far."""
        from headwinds.drawing.search_curve import draw_search_curve

        return draw_search_curve(
            [one.number for one in self.trials],
            [one.score for one in self.trials],
            [one.state == "complete" for one in self.trials],
        )


def importances(study: Study) -> dict[str, float]:
    """How much of the trials' scores goes with each setting (PED-ANOVA, Watanabe et al. 2023); empty where unknown.

    Where there are too few trials, or none is better than another, the library warns and gives every setting the same.
    """
    import optuna

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", UserWarning)
            found = optuna.importance.get_param_importances(
                study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
            )
    except (ValueError, RuntimeError, UserWarning):
        return {}
    return {name: float(value) for name, value in sorted(found.items(), key=lambda item: (-item[1], item[0]))}


def unknown_importance(trials: Sequence[TrialRecord]) -> Finding:
    """What is said where the shares are not known."""
    scores = {one.score for one in trials if one.state == "complete"}
    return Finding(
        "W280",
        "Which settings mattered cannot be told from so few different scores "
        f"(trials: {len(trials)}, different scores: {len(scores)}).",
        "Search with more trials, or over wider ranges.",
    )


def unstable_finalists(finalists: Sequence[Finalist]) -> tuple[Finding, ...]:
    """W281: finalists that cannot win, as they did not train with every seed."""
    return tuple(
        Finding(
            "W281",
            f"Trial {one.trial} cannot win, as it did not train with every seed: {one.reason}",
            "Narrow the space: its settings are at the edge of what trains.",
        )
        for one in finalists
        if one.reason
    )


def write_outcome(outcome: SearchOutcome, chosen: TuneSettings, output: Path) -> None:
    """Write the three files into `output`."""
    write_json(output / JSON, asdict(outcome), allow_missing=True)
    write_text(output / TOML, tune_section(chosen))
    write_text(output / PAGE, search_page(outcome))


def tune_section(settings: TuneSettings) -> str:
    """A [tune] section with every setting that differs from the default, to be pasted into a study file."""
    lines = ["[tune]"]
    for item in fields(TuneSettings):
        value = getattr(settings, item.name)
        if value != item.default and item.name != "seed":
            lines.append(f"{item.name} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def search_page(outcome: SearchOutcome) -> str:
    """One page that opens without a network: the trials' scores, what mattered, the finalists."""
    winner = outcome.winner
    title = written(f"Search: {len(outcome.trials)} trials")
    won = written(
        f"Trial {winner.trial} wins: validation score {shown_number(winner.mean)} over {len(winner.scores)} seeds, "
        f"standard deviation {shown_number(winner.standard_deviation)}. Its settings stand in {TOML}."
    )
    names = list(dict.fromkeys(name for one in outcome.trials for name in one.settings))
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(won)}</p>",
        heading("Validation score by trial"),
        _picture(outcome),
        note("Points: trials, full where they came to their end. Line: the best so far."),
        note(WHAT_SCORES),
    ]
    parts += [f"<p>{escape(told_finding(one))}</p>" for one in outcome.findings]
    if outcome.importance:
        rows = [(name, _share(value), _bar(value)) for name, value in outcome.importance.items()]
        parts += [heading("What mattered"), table(_told("setting", "share", ""), rows, raw_last=True)]
    finalists: list[tuple[str, ...]] = [
        (
            str(one.trial),
            *(_shown(one.settings.get(name)) for name in names),
            ", ".join(_score(score) for score in one.scores.values()),
            _score(one.bound),
        )
        for one in outcome.finalists
    ]
    trials = [
        (
            str(one.number),
            written(one.state),
            _score(one.score),
            *(_shown(one.settings.get(name)) for name in names),
        )
        for one in outcome.trials
    ]
    parts += [
        heading("Finalists"),
        table((*_told("trial"), *names, *_told("score by seed", "mean less its standard error")), finalists),
        heading("Trials"),
        table((*_told("trial", "", "validation score"), *names), trials),
    ]
    head = f"{page_head(title, language=spoken())}<style>{STYLE}{WIDE}</style>"
    return head + "</head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"


def _told(*headings: str) -> tuple[str, ...]:
    return tuple(written(one) for one in headings)


def _picture(outcome: SearchOutcome) -> str:
    from headwinds.drawing.canvas import inline
    from headwinds.drawing.wording import drawn

    svg, _ = drawn(outcome.plot, spoken(), WRITTEN)
    return f"<figure>{inline(svg, 'trials', escape(written('Validation score by trial')), {})}</figure>"


def _score(value: float) -> str:
    return written(shown_number(value))


def _bar(share: float) -> str:
    return (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.1f}" height="10" fill="var(--mark)"/></svg>'
    )


def _share(value: float) -> str:
    return f"{value:.0%}"


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "" if value is None else str(value)
