"""The growth part of a report, read from the study's `explain` stage."""

from __future__ import annotations

from typing import Any

from headwinds.report.content import GrowthFacts, RegressionFacts, Slowdown
from headwinds.study.stages.explain import read_account

BORROWED = (
    "In a country-year a share is mostly predicted, and corrected with gold labels from elsewhere. The regression takes "
    "it that labels go with predictions, and with the mean prediction of a country-year, as they do in the gold, and "
    "that what the index leaves of the true share has nothing to do with growth. Where a stratum has too few positives "
    "to learn this from, the index does not follow what happens in it."
)


def _years(lag: int) -> str:
    return "one year" if lag == 1 else f"{lag} years"


def growth_facts(facts: dict[str, Any]) -> GrowthFacts:
    """The accounts, how well they rebuild the published series, and the slowdown."""
    rebuild, slow = facts["rebuild"], facts["slowdown"]
    before, after = (f"{first}-{last}" for first, last in facts["spans"])
    sentence = (
        f"The accounts rebuild the Penn World Table's own TFP growth to within {rebuild['largest_error']:.1e} log points on "
        f"{rebuild['country_years']:,} country-years of {rebuild['countries']} countries; {facts['unavailable_rows']:,} "
        "country-years lack a published input (mostly hours worked) and are listed, not dropped."
    )
    return GrowthFacts(
        rebuild=sentence,
        accounts=read_account(facts),
        bar_columns=("entity", "span"),
        slowdown=Slowdown(
            before_span=before,
            after_span=after,
            countries=slow["countries"],
            before=slow["before"],
            after=slow["after"],
            change=slow["change"],
            standard_error=slow["standard_error"],
            table=facts["tables"]["slowdown"],
        ),
    )


def regression_facts(facts: dict[str, Any]) -> RegressionFacts:
    """The naive and the corrected estimate, with what they could have found."""
    design = facts["design"]
    return RegressionFacts(
        naive=facts["naive"],
        corrected=facts["corrected"],
        detectable=facts["tables"]["minimum_detectable_effects"],
        sentences=(
            f"{design['rows']:,} country-years enter; {design['dropped']:,} of the panel have growth but no index "
            f"{_years(design['lag'])} before, and do not.",
            BORROWED,
        ),
    )
