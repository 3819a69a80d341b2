"""What else a study says of growth: one chapter a question, each left out with its reason where the data do not allow it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.study.chapters import write_chapter

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from headwinds.contracts import Indicator, Panel
    from headwinds.contracts.graph import Graph
    from headwinds.contracts.result import Result
    from headwinds.study.settings import StudySettings

OUTCOMES = {
    "rtfpna": "annual TFP growth (%)",
    "rgdpna": "annual GDP growth (%)",
}
ADOPTION_YEARS = (1990, 2019)
LONGEST_GAP = 3
BREAK_YEARS = (1955, 2019)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the chapters are made from."""

    settings: StudySettings
    panel: Panel
    indicator: Indicator
    adoption: Path | None
    graph: Path | None

    def growth(self) -> pd.DataFrame:
        """Growth of the study's outcome in % per year: `entity`, `period`, `value`."""
        from headwinds.explain.panel_data import log_growth

        outcome = self.panel.data[["entity", "period"]].copy()
        outcome["value"] = log_growth(self.panel, self.settings.explain.outcome)
        return outcome


def write_chapters(evidence: Evidence, folder: Path) -> list[str]:
    """Write every chapter that the study asks for; the reasons of those that could not be."""
    chapters: list[tuple[str, str, Callable[[Evidence], Result]]] = [
        ("2-break", "When growth changed across the OECD", common_break),
    ]
    if evidence.adoption is not None:
        chapters.insert(0, ("1-divide", "How unequal adoption is, and between whom", adoption_divide))
    if evidence.settings.explain.graph:
        chapters += [
            ("3-responses", "How growth went on after technology was spoken of", responses),
            ("4-graph", "What leads to what, and what of it these data can tell", graph_effects),
            ("5-attribution", "How much of the slowdown goes with which headwind", attribution),
        ]
    language = evidence.settings.study.language
    reasons = [
        write_chapter(folder, name, title, partial(make, evidence), language=language)
        for name, title, make in chapters
    ]
    return [reason for reason in reasons if reason]


def adoption_divide(evidence: Evidence) -> Result:
    """The divide of an adoption series across countries, with its part between regions."""
    from headwinds.explain import divide, read_gapminder, reconcile_countries

    chosen = evidence.settings.explain
    users = reconcile_countries(
        read_gapminder(str(evidence.adoption), indicators=[chosen.adoption_series], countries_only=True)
    )
    return divide(
        users,
        chosen.adoption_series,
        measures=("gini", "theil", "cv", "absolute_gini"),
        first=ADOPTION_YEARS[0],
        last=ADOPTION_YEARS[1],
        bridge=LONGEST_GAP,
        seed=evidence.settings.study.seed,
    )


def common_break(evidence: Evidence) -> Result:
    """The dates at which mean growth changed in all OECD countries, each with its interval."""
    from headwinds.explain import find_common_breaks
    from headwinds.explain.country_groups import OECD_38

    chosen, growth = evidence.settings.explain, evidence.growth()
    first, last = min(chosen.before[0], BREAK_YEARS[0]), max(chosen.after[1], BREAK_YEARS[1])
    inside = growth["entity"].isin(OECD_38) & growth["period"].between(first, last)
    return find_common_breaks(
        growth[inside].dropna(subset=["value"]).reset_index(drop=True), seed=evidence.settings.study.seed,
        outcome_words=OUTCOMES[chosen.outcome],
    )  # fmt: skip


def responses(evidence: Evidence) -> Result:
    """Growth in the years after an index moved: naive beside what carries the index's error."""
    from headwinds.explain import local_projections

    graph = read_study_graph(evidence)
    label = next((node.label for node in graph.nodes if node.name == "technology"), "")
    growth = evidence.growth().rename(columns={"value": "growth"})
    return local_projections(
        growth, "growth", evidence.indicator, label=label or evidence.indicator.labels[0]
    )


def graph_effects(evidence: Evidence) -> Result:
    """Which effects of the graph can be told from data of all its nodes, and what must be held fixed for each."""
    from headwinds.explain import identify

    return identify(read_study_graph(evidence))


def attribution(evidence: Evidence) -> Result:
    """Each headwind's part in the change of growth, power first."""
    from headwinds.explain import attribute_slowdown

    chosen = evidence.settings.explain
    return attribute_slowdown(
        evidence.growth(),
        evidence.indicator,
        before=chosen.before,
        after=chosen.after,
        graph=read_study_graph(evidence),
        lag=chosen.lag,
        outcome_words=OUTCOMES[chosen.outcome],
        seed=evidence.settings.study.seed,
    )


def read_study_graph(evidence: Evidence) -> Graph:
    """The graph that the study names."""
    from headwinds.explain import essay_graph, read_graph

    return read_graph(evidence.graph) if evidence.graph is not None else essay_graph()
