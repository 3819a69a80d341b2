"""Convergence clubs: groups that converge where all together do not (Phillips and Sul 2007, 2009, section 2.3).

Entities are ordered by their last level. From the top, the core group is the run of neighbours with the largest log t
value; each other entity joins if the core with it alone has a t above the threshold; where the club so made does not
converge, the threshold is raised. What is left is tested as a group, and split again if it does not converge. At the
end neighbouring clubs that converge together are merged, from the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel
from headwinds.contracts.result import Result, number
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.convergence.log_t import (
    CRITICAL,
    DISCARD,
    SMOOTHING,
    first_of_regression,
    log_t,
    read_paths,
    relative_paths,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

STEP = 0.1
STRICTEST = 3.0


@dataclass(frozen=True, slots=True)
class Club:
    """A group that converges: its members from the highest last level, and its log t slope."""

    members: tuple[str, ...]
    slope: float
    standard_error: float

    @property
    def t_value(self) -> float:
        """Slope by its standard error."""
        return self.slope / self.standard_error


@dataclass(frozen=True, slots=True)
class ConvergenceClubs(Result):
    """Clubs, from the richest.

    Attributes
    ----------
    clubs
        After merging, if that was asked for.
    before_merging
        As the clustering found them.
    diverging
        Members of no club.
    all_together
        The log t test of everybody.
    years, paths
        Relative transition paths h, shape (entities, years), in the order of `entities`.
    """

    clubs: tuple[Club, ...]
    before_merging: tuple[Club, ...]
    diverging: tuple[str, ...]
    all_together: Club
    entities: tuple[str, ...]
    years: tuple[int, ...]
    paths: NDArray[np.float64]
    words: str
    unavailable: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a club: `club`, `entities`, `slope`, `standard_error`, `t_value`, `members`."""
        import pandas as pd

        return pd.DataFrame(
            [
                (
                    place,
                    len(club.members),
                    club.slope,
                    club.standard_error,
                    club.t_value,
                    ", ".join(club.members),
                )
                for place, club in enumerate(self.clubs, 1)
            ],
            columns=["club", "entities", "slope", "standard_error", "t_value", "members"],
        )

    @property
    def member_table(self) -> pd.DataFrame:
        """One row an entity: `entity`, `club` (0 for a member of none)."""
        import pandas as pd

        club_of = {name: place for place, club in enumerate(self.clubs, 1) for name in club.members}
        return pd.DataFrame(
            {"entity": self.entities, "club": [club_of.get(name, 0) for name in self.entities]}
        )

    def summary(self) -> str:
        """How many clubs, their size and how surely they converge."""
        one = self.all_together
        lines = [
            f"{len(self.clubs)} clubs among {len(self.entities)} entities, {len(self.diverging)} in none "
            f"({self.words}, {self.years[0]}-{self.years[-1]}); all together: t {number(one.t_value, 2)}."
        ]
        for place, club in enumerate(self.clubs, 1):
            shown = ", ".join(club.members[:8]) + (", ..." if len(club.members) > 8 else "")
            lines.append(
                f"Club {place}: {len(club.members)} entities, log t slope {number(club.slope)} "
                f"({number(club.standard_error)}), t {number(club.t_value, 2)}: {shown}"
            )
        if self.diverging:
            lines.append(f"In no club: {', '.join(self.diverging)}")
        lines.append(
            "The t-values are those of groups chosen for converging: they order clubs, and are no tests of them."
        )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The mean relative path of each club, its members faintly behind."""
        from headwinds.drawing.paths import draw_paths

        rows = {name: place for place, name in enumerate(self.entities)}
        members = {
            f"club {place} ({len(club.members)})": self.paths[[rows[name] for name in club.members]]
            for place, club in enumerate(self.clubs, 1)
        }
        return draw_paths(
            self.years,
            {name: paths.mean(axis=0) for name, paths in members.items()},
            members=members,
            up=f"log {self.words} relative to the mean",
        )


def convergence_clubs(
    panel: Panel,
    *,
    series: str,
    per: str | None = None,
    first: int,
    last: int,
    entities: Sequence[str] | None = None,
    discard: float = DISCARD,
    smoothing: float | None = SMOOTHING,
    threshold: float = 0.0,
    merge: bool = True,
) -> ConvergenceClubs:
    """Cluster entities into clubs that converge.

    Parameters
    ----------
    series, per, first, last, entities, discard, smoothing
        As in `log_t_test`.
    threshold
        What the t of core and candidate must exceed; 0 for spans of fewer than 50 years (Phillips and Sul 2007).
    merge
        Whether neighbouring clubs that converge together become one (Phillips and Sul 2009).

    Raises
    ------
    SettingsError, DataError, EstimationError
        As in `log_t_test`.
    """
    import numpy as np

    if not CRITICAL <= threshold <= STRICTEST:
        raise SettingsError(f"threshold = {threshold}: expected a t-value from {CRITICAL} to {STRICTEST}.")
    held = read_paths(panel, series, per, first, last, entities, smoothing)
    start = first_of_regression(len(held.years), discard)
    order = np.argsort(-held.log[:, -1], kind="stable")
    log = held.log[order]
    names = [held.entities[place] for place in order]
    try:
        groups, left = find_groups(log, start, threshold)
    except EstimationError as error:
        raise _named(error, log, names, held.years) from None

    def club(group: Sequence[int]) -> Club:
        slope, error = log_t(log[list(group)], start)
        return Club(tuple(names[place] for place in group), slope, error)

    merged = merge_groups(log, start, groups) if merge else groups
    return ConvergenceClubs(
        clubs=tuple(club(group) for group in merged),
        before_merging=tuple(club(group) for group in groups),
        diverging=tuple(names[place] for place in left),
        all_together=club(range(len(names))),
        entities=tuple(names),
        years=held.years,
        paths=relative_paths(log),
        words=held.words,
        unavailable=held.unavailable,
        findings=held.findings,
    )


def _named(
    error: EstimationError, log: NDArray[np.float64], names: Sequence[str], years: Sequence[int]
) -> EstimationError:
    """The error with the two neighbours that cannot be told apart, if that is what it is about."""
    import numpy as np

    tied = np.argwhere(np.isclose(log[1:], log[:-1], rtol=1e-12, atol=0))
    if not len(tied):
        return error
    row, year = (int(place) for place in tied[0])
    return EstimationError(
        f"{names[row]} and {names[row + 1]} have the same level in {years[year]}: whether the two converge has no test.",
        remedy="Leave one of them out.",
    )


def find_groups(log: NDArray[np.float64], start: int, threshold: float) -> tuple[list[list[int]], list[int]]:
    """Rows of each club, and rows of none; rows of `log` are ordered from the highest last level."""

    def t_value(rows: Sequence[int]) -> float:
        slope, error = log_t(log[list(rows)], start)
        return slope / error

    left = list(range(len(log)))
    groups: list[list[int]] = []
    while len(left) >= 2:
        if t_value(left) > CRITICAL:
            return [*groups, left], []
        core = _core(left, t_value)
        if not core:
            break
        others = [row for row in left if row not in core]
        joined = {row: t_value([*core, row]) for row in others}
        bar = threshold
        while True:
            group = sorted([*core, *(row for row in others if joined[row] > bar)])
            if len(group) == len(core) or t_value(group) > CRITICAL:
                break
            bar += STEP
        groups.append(group)
        left = [row for row in left if row not in group]
    return groups, left


def _core(left: Sequence[int], t_value: Callable[[Sequence[int]], float]) -> list[int]:
    """The run of neighbours with the largest t: from the first pair that converges, grown while it does."""
    for begin in range(len(left) - 1):
        best, best_t = [], CRITICAL
        for end in range(begin + 2, len(left) + 1):
            found = t_value(left[begin:end])
            if found <= CRITICAL:
                break
            if found > best_t:
                best, best_t = list(left[begin:end]), found
        if best:
            return best
    return []


def merge_groups(log: NDArray[np.float64], start: int, groups: Sequence[list[int]]) -> list[list[int]]:
    """From the top, take the next club in as long as all converge together."""
    merged: list[list[int]] = []
    for group in groups:
        if merged:
            slope, error = log_t(log[[*merged[-1], *group]], start)
            if slope / error > CRITICAL:
                merged[-1] = [*merged[-1], *group]
                continue
        merged.append(list(group))
    return merged
