"""What a method is: which parameters of a network are trained, and what it can and cannot be used with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from headwinds.adapt.training.team import ALONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch
    from transformers import PreTrainedTokenizerBase

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.fitting import FittingData
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task
    from headwinds.adapt.training.batches import Batch
    from headwinds.adapt.training.loop import AfterEpoch
    from headwinds.adapt.training.precision import Precision
    from headwinds.adapt.training.state import Position
    from headwinds.adapt.training.team import Team

Penalty = Callable[["torch.Tensor", "Batch"], "torch.Tensor"]
MakePenalty = Callable[[dict[str, "torch.nn.Parameter"], Callable[["Batch"], "torch.Tensor"]], Penalty]


@dataclass(frozen=True, slots=True)
class Adapter:
    """What a parameter-efficient method learnt beside the encoder: PEFT's configuration, and the weights by name."""

    config: Any
    weights: dict[str, torch.Tensor]

    def facts(self) -> dict[str, Any]:
        """The configuration as plain JSON, without the place of the checkpoint on this machine."""
        found = {}
        for name, value in sorted(self.config.to_dict().items()):
            if name == "base_model_name_or_path" or value is None:
                continue
            plain = sorted(value) if isinstance(value, set) else value
            found[name] = str(plain.value) if hasattr(plain, "value") else plain
        return found


@dataclass(frozen=True, slots=True)
class Fitting:
    """A network with new parts, the examples that it is to learn from, and where the training state is kept.

    `after_epoch` is told of every epoch of a method that learns by gradient; what it raises ends the fitting. `penalty`
    makes, of the parameters that are trained and the forward pass, what comes to the loss of every batch: an update holds
    what was learnt before. `team` are the processes that share every batch.
    """

    task: Task[Any]
    data: FittingData
    encoded: EncodedTexts
    network: Any
    tokenizer: PreTrainedTokenizerBase
    settings: TuneSettings
    max_tokens: int
    precision: Precision
    scratch: Path
    title: str
    quiet: bool
    after_epoch: AfterEpoch | None = None
    penalty: MakePenalty | None = None
    team: Team = ALONE


@dataclass(frozen=True, slots=True)
class Optimised:
    """What training did, and the outputs of the validation examples by which the decoder is to be fitted.

    `outputs` is None where the trained network gives them; a method without validation examples has others. A method without
    labels has a `decoder` instead. `privacy` is what a private training spent. `chosen` is what the method decided on its
    way, for `history.json`.
    """

    position: Position
    outputs: Sequence[Any] | None = None
    decoder: dict[str, Any] | None = None
    privacy: dict[str, Any] | None = None
    chosen: dict[str, Any] | None = None


class Method(Protocol):
    """A way of adapting a checkpoint.

    Attributes
    ----------
    name, summary
        As `headwinds methods` prints them.
    validates
        Whether validation examples are set aside for it; a method for a handful of examples learns from all of them.
    learns
        Whether it learns from labels; else the training file is read without any, and a codebook says what labels mean.
    """

    @property
    def name(self) -> str:
        """The registered name."""

    @property
    def summary(self) -> str:
        """One line."""

    @property
    def validates(self) -> bool:
        """Whether validation examples are set aside."""

    @property
    def learns(self) -> bool:
        """Whether it learns from labels."""

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """The settings with those that the method decides put in; `layers` is the checkpoint's number of layers.

        Raises
        ------
        SettingsError
            A setting contradicts the method.
        """

    def optimise(self, fitting: Fitting) -> Optimised:
        """Train the network in place; most methods say what is trained and call `optimise_by_gradient`.

        Raises
        ------
        TrainingError, Interrupted
            See `training.loop.train`.
        """

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Bring the trained network into the form in which it predicts; the adapter to save, None to save it whole."""
