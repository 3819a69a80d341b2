"""Panels put side by side, with a word on what matched and what did not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel
from headwinds.contracts.result import Summarised
from headwinds.errors import MismatchError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class PanelJoin(Summarised):
    """Two panels as one, and how well they met.

    Attributes
    ----------
    panel
        Every entity-period of either, with the series of both.
    matched, only_left, only_right
        Entity-periods in both, only in the first, only in the second.
    entities_matched, entities_only_left, entities_only_right
        The same for entities, by name, sorted.
    """

    panel: Panel
    matched: int
    only_left: int
    only_right: int
    entities_matched: tuple[str, ...]
    entities_only_left: tuple[str, ...]
    entities_only_right: tuple[str, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """N400 counts the entity-periods; N401 names the entities of one panel only."""
        found = [
            Finding(
                "N400",
                f"{self.matched} entity-periods are in both panels, {self.only_left} only in the first, "
                f"{self.only_right} only in the second.",
            )
        ]
        for words, alone in (("first", self.entities_only_left), ("second", self.entities_only_right)):
            if alone:
                shown = f"{', '.join(alone[:10])}{', ...' if len(alone) > 10 else ''}"
                found.append(Finding("N401", f"Entities only in the {words} panel ({len(alone)}): {shown}."))
        return tuple(found)

    @property
    def table(self) -> pd.DataFrame:
        """One row an entity: `entity`, `found` ("both", "first", "second")."""
        import pandas as pd

        where = {
            **dict.fromkeys(self.entities_matched, "both"),
            **dict.fromkeys(self.entities_only_left, "first"),
            **dict.fromkeys(self.entities_only_right, "second"),
        }
        return pd.DataFrame(sorted(where.items()), columns=["entity", "found"])

    def summary(self) -> str:
        """The findings, a line each."""
        return "\n".join(str(finding) for finding in self.findings)


def join_panels(left: Panel, right: Panel) -> PanelJoin:
    """Put two panels side by side, keeping every entity-period of either, and say what matched.

    Raises
    ------
    MismatchError
        A series stands in both, or no entity-period does.
    """
    both = sorted(set(left.series) & set(right.series))
    if both:
        raise MismatchError(
            f"Both panels have a series {', '.join(map(repr, both))}.", remedy="Rename one of them."
        )
    data = left.data.merge(
        right.data, on=["entity", "period"], how="outer", indicator=True, validate="one_to_one"
    )
    counts = data["_merge"].value_counts()
    if counts["both"] == 0:
        raise MismatchError(
            f"The panels share no entity and period: {_extent(left)} against {_extent(right)}.",
            remedy="Check the codes of the entities (ISO 3166-1 alpha-3) and the years.",
        )
    one, other = set(left.data["entity"]), set(right.data["entity"])
    data = data.drop(columns="_merge").sort_values(["entity", "period"], kind="stable").reset_index(drop=True)
    joined = PanelJoin(
        panel=Panel(data=data, series={**left.series, **right.series}),
        matched=int(counts["both"]),
        only_left=int(counts["left_only"]),
        only_right=int(counts["right_only"]),
        entities_matched=tuple(sorted(one & other)),
        entities_only_left=tuple(sorted(one - other)),
        entities_only_right=tuple(sorted(other - one)),
    )
    findings = (*left.findings, *right.findings, *joined.findings)
    return replace(joined, panel=replace(joined.panel, findings=findings))


def _extent(panel: Panel) -> str:
    data = panel.data
    return (
        f"{data['entity'].nunique()} entities ({data['entity'].min()} to {data['entity'].max()}), "
        f"{data['period'].min()}-{data['period'].max()}"
    )
