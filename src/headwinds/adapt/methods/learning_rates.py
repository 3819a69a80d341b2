"""Learning rates where none is set: what a method trains decides how large its steps may be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings

# A new head begins at nothing beside states that already mean something. At 1e-3 it was still far behind after six epochs,
# with an encoder that learns (0.04 of log likelihood on a quarter of BANKING77) and most of all beside one that does not.
HEAD_LEARNING_RATE = 3e-3
FROZEN_HEAD_LEARNING_RATE = 1e-2


def with_learning_rates(
    chosen: TuneSettings, learning_rate: float, head_learning_rate: float = HEAD_LEARNING_RATE
) -> TuneSettings:
    """The settings, with a method's own rates in the place of those that are 0."""
    return replace(
        chosen,
        learning_rate=chosen.learning_rate or learning_rate,
        head_learning_rate=chosen.head_learning_rate or head_learning_rate,
    )
