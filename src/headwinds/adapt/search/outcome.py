"""What a search found, as JSON, as a study's [tune] section, and on one page in the language that is spoken."""

from __future__ import annotations

import json
import math
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
from headwinds.phrases.catalogue import spoken, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna import Study

WHAT_SCORES = (
    "A validation score is higher where the model is better. Of one label of several, of relations and choices it is the "
    "mean log-likelihood of the right answer, of what is written that of a token: both at most 0. Of any number of labels "
    "it is the mean average precision, of entities and answers F1, of summaries of sentences ROUGE-1, of similarity the "
    "main metric."
)
WIDE = "\nsvg.wide { width: 100%; max-width: 44rem; height: auto; }"
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
        The mean less its standard error: what the finalists are chosen by.
    """

    trial: int
    settings: dict[str, Any]
    scores: dict[int, float]
    mean: float
    standard_deviation: float
    bound: float


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """All trials, the share of the scores' variance that goes with each setting, the finalists and the winner.

    `importance` is empty where it is not known; `findings` then says so.
    """

    trials: tuple[TrialRecord, ...]
    importance: dict[str, float]
    finalists: tuple[Finalist, ...]
    winner: Finalist
    findings: tuple[Finding, ...] = ()


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
        _curve(outcome.trials),
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


def _score(value: float) -> str:
    return written(shown_number(value))


def _curve(trials: Sequence[TrialRecord]) -> str:
    known = [one for one in trials if math.isfinite(one.score)]
    if not known:
        return ""
    low, high = min(one.score for one in known), max(one.score for one in known)
    spread = (high - low) or 1.0

    def x(number: int) -> float:
        return 48 + 540 * (number - 1) / max(len(trials) - 1, 1)

    def y(score: float) -> float:
        return 160 - 140 * (score - low) / spread

    best, line = -math.inf, []
    for one in known:
        if one.state == "complete" and one.score > best:
            best = one.score
        if math.isfinite(best):
            line.append(f"{x(one.number):.1f},{y(best):.1f}")
    points = "".join(
        f'<circle cx="{x(one.number):.1f}" cy="{y(one.score):.1f}" r="3.5" stroke="var(--mark)" '
        f'fill="{"var(--mark)" if one.state == "complete" else "var(--paper)"}"/>'
        for one in known
    )
    axis = "".join(
        f'<text x="40" y="{y(score) + 4:.1f}" text-anchor="end" font-size="11" fill="var(--faint)">{score:.3f}</text>'
        for score in ((low, high) if high > low else (high,))
    )
    return (
        '<svg class="wide" viewBox="0 0 600 180" role="img" '
        f'aria-label="{escape(written("Validation score by trial"))}">'
        f'<path d="M48 166H592" stroke="var(--rule)"/>{axis}'
        f'<polyline points="{" ".join(line)}" fill="none" stroke="var(--ink)" stroke-width="1.2"/>{points}</svg>'
    )


def _bar(share: float) -> str:
    return (
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.1f}" height="10" fill="var(--mark)"/></svg>'
    )


def _share(value: float) -> str:
    return f"{value:.0%}"


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "" if value is None else str(value)
