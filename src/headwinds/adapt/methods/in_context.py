"""In-context learning: nothing is trained; labelled examples stand in the prompt (Brown et al. 2020; Liu et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.cloze import require_one_label, require_one_label_task
from headwinds.adapt.methods.contract import Optimised
from headwinds.adapt.methods.learning_rates import with_learning_rates

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Adapter, Fitting
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class InContext:
    """The training examples are kept with the model; the validation examples fit the temperature."""

    name: str = "in-context"
    summary: str = "labelled examples stand before the text in a decoder's prompt; nothing is trained"
    validates: bool = True
    learns: bool = True

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """In float32: scores of labels lie close to each other."""
        require_one_label_task(chosen)
        return replace(
            with_learning_rates(chosen, 1.0),
            precision="float32",
            scoring_precision="auto",
        )

    def optimise(self, fitting: Fitting) -> Optimised:
        """Nothing is trained."""
        from headwinds.adapt.training.state import Position

        require_one_label(fitting)
        return Optimised(Position(finished=True))

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the decoder is saved whole."""
        return None
