"""What an estimate means, in words: the same sentences wherever it is shown."""

from __future__ import annotations

VARIATION = (
    "Movements of a country's own share around its mean, beyond what all countries do in the same year."
)
ABSORBED = (
    "Country effects absorb all that is constant in a country; year effects absorb every movement common to all countries, "
    "the world-wide slowdown itself included: this regression cannot attribute it."
)
TWO_WAY = {"entity", "period"}


def variation(effects: tuple[str, ...]) -> str:
    """Which movements of the share identify the slope."""
    if set(effects) == TWO_WAY:
        return VARIATION
    if not effects:
        return "All differences between rows, between entities as well as over time."
    return f"Movements of the share that are not explained by the effects of {_list(effects)}."


def absorbed(effects: tuple[str, ...]) -> str:
    """What the effects take away."""
    if set(effects) == TWO_WAY:
        return ABSORBED
    if not effects:
        return "Nothing: whatever moves both the share and the outcome is in the slope."
    common = " What is common to all rows of a period cannot be attributed." if "period" in effects else ""
    return f"All that is constant within {_list(effects)}.{common}"


def units(outcome: str, standardised: bool) -> str:
    """Of a coefficient."""
    return f"{outcome}, per {'standard deviation' if standardised else 'unit'} of the lagged share"


def estimand(
    outcome: str, lag: int, *, entities: int, first: int, last: int, standardised: bool = True
) -> str:
    """The sentence on what is estimated, for whom and when."""
    step = "standard deviation" if standardised else "unit (from none to all)"
    when = "in the same year" if lag == 0 else f"{lag} {'year' if lag == 1 else 'years'} before"
    return (
        f"By how much {outcome} is associated with a share that is one {step} higher {when}, "
        f"the other shares held fixed; {entities} countries, {first}-{last}."
    )


def _list(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
