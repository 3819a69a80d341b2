"""What else a study says of growth: one chapter a question, each left out with its reason where the data do not allow it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.study.chapters import write_chapter

if TYPE_CHECKING:
    from headwinds.contracts import Indicator, Panel
    from headwinds.contracts.result import Result
    from headwinds.study.settings import StudySettings

ADOPTION_YEARS = (1990, 2019)
LONGEST_GAP = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the chapters are made from."""

    settings: StudySettings
    panel: Panel
    indicator: Indicator
    adoption: Path | None


def write_chapters(evidence: Evidence, folder: Path) -> list[str]:
    """Write every chapter that the study asks for; the reasons of those that could not be."""
    reasons = []
    if evidence.adoption is not None:
        reasons.append(
            write_chapter(
                folder, "1-divide", "How unequal adoption is, and where", lambda: adoption_divide(evidence)
            )
        )
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
