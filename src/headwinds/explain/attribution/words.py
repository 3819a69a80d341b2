"""What an attribution means, in words: the same sentences wherever one is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.explain.attribution.design import AttributionDesign

VARIATION = (
    "movements of an entity's own indices around their means, beyond what all entities do in the same year, and the growth "
    "that goes with them."
)
ABSORBED = (
    "entity effects absorb all that is constant in an entity; year effects absorb every movement common to all, the common "
    "part of the slowdown included (the missing intercept). That the slope between entities also holds for the common "
    "movement is an extrapolation, and the whole attribution rests on it."
)
CHANNELS = {
    "growth": "a headwind goes with growth by itself",
    "technology": "a headwind touches growth only through what technology gives to it",
    "both": "a headwind goes with growth by itself and through what technology gives to it",
}


def estimand(design: AttributionDesign, what: str) -> str:
    """The sentence on what is attributed, for whom and when."""
    (first, middle), (start, last) = design.before, design.after
    return (
        f"How much of the change of mean {design.outcome_words} from {first}-{middle} to {start}-{last} is associated with "
        f"{what}; {len(design.entities) - len(design.alone)} entities. No design identifies a cause here."
    )


def assumes(design: AttributionDesign, more: str = "") -> str:
    """What must hold for the numbers to mean what they say."""
    lags = sorted(set(design.lags))
    told = (
        f"{lags[0]} to {lags[-1]} years"
        if len(lags) > 1
        else "a year"
        if lags[0] == 1
        else f"{lags[0]} years"
    )
    return (
        f"{CHANNELS[design.channel]}; effects are linear, the same for all entities, and come {told} later; nothing "
        f"that moves both is left out.{more}"
    )
