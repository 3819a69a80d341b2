"""What an estimate means, in words: the same sentences wherever it is shown."""

from __future__ import annotations

VARIATION = (
    "Movements of a country's own share around its mean, beyond what all countries do in the same year."
)
ABSORBED = (
    "Country effects absorb all that is constant in a country; year effects absorb every movement common to all countries, "
    "the world-wide slowdown itself included: this regression cannot attribute it."
)


def estimand(outcome: str, lag: int, entities: int, first: int, last: int) -> str:
    """The sentence on what is estimated, for whom and when."""
    years = "year" if lag == 1 else "years"
    return (
        f"By how much {outcome} is associated with a share that is one standard deviation higher {lag} {years} before, "
        f"the other shares held fixed; {entities} countries, {first}-{last}."
    )
