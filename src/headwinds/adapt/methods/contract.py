"""What a method is: which parameters of a network are trained, and what it can and cannot be used with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.settings import TuneSettings


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


class Method(Protocol):
    """A way of adapting a checkpoint by gradient steps.

    Attributes
    ----------
    name, summary
        As `headwinds methods` prints them.
    """

    @property
    def name(self) -> str:
        """The registered name."""

    @property
    def summary(self) -> str:
        """One line."""

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """The settings with those that the method decides put in; `layers` is the checkpoint's number of layers.

        Raises
        ------
        SettingsError
            A setting contradicts the method.
        """

    def prepare(self, network: Any, settings: TuneSettings) -> dict[str, torch.nn.Parameter]:
        """Change the network as the method needs, and return what is trained, by name."""

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Bring the trained network into the form in which it predicts; the adapter to save, None to save it whole."""
