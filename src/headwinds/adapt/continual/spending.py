"""How much of the chance of a false alarm each look may spend, so that all looks together keep to it.

The parts add up to alpha, whatever the looks have in common (they share a reference, so their p-values are not independent):
by Bonferroni's inequality the chance that any look of a watch raises falsely is at most alpha. It is the alpha spending of
Lan and DeMets (1983) without a model of the looks' dependence; a plan of how many there will be buys power at late ones.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.adapt.continual.settings import WatchSettings

MOST_PERMUTATIONS = 2_000_000
MARGIN = 5
"""So many times more permutations than the least with which a p-value could fall below its level."""


def level_at(look: int, settings: WatchSettings) -> float:
    """What look number `look`, from 1, may spend.

    Raises
    ------
    SettingsError
        More looks are taken than were planned.
    """
    if settings.looks:
        if look > settings.looks:
            raise SettingsError(
                f"looks = {settings.looks} were planned and all are taken.",
                remedy="Begin a new watch: another --output folder.",
            )
        return settings.alpha / settings.looks
    return settings.alpha / (look * (look + 1))


def permutations_for(level: float, tests: int, settings: WatchSettings) -> int:
    """So many that a p-value can fall well below the level of one of several tests.

    Raises
    ------
    SettingsError
        It would be too many: the watch has gone on for too long.
    """
    needed = max(settings.permutations, math.ceil(MARGIN * tests / level))
    if needed > MOST_PERMUTATIONS:
        raise SettingsError(
            f"This look may spend {level:.2g}, for which a test would need {needed:,} permutations.",
            remedy="Begin a new watch in another --output folder, with looks = how many you plan.",
        )
    return needed


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjustment over the tests of a look; NaN stays NaN and does not count as a test."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p == p)
    adjusted, highest = list(p_values), 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        adjusted[place] = highest
    return tuple(adjusted)
