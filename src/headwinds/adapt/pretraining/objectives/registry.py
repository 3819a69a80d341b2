"""The objectives by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.objectives.contract import Objective


def get_objective(name: str) -> Objective:
    """The objective of a checked name; its file, and torch with it, is loaded here."""
    from headwinds.adapt.pretraining.objectives.causal import Causal
    from headwinds.adapt.pretraining.objectives.contrastive import Contrastive
    from headwinds.adapt.pretraining.objectives.masked import Masked
    from headwinds.adapt.pretraining.objectives.replaced import Replaced
    from headwinds.adapt.pretraining.objectives.spans import Spans

    known: dict[str, Objective] = {
        "masked": Masked(),
        "replaced": Replaced(),
        "causal": Causal(),
        "spans": Spans(),
        "contrastive": Contrastive(),
    }
    return known[name]
