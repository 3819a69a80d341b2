"""What a method is: which parameters of a network are trained, and what it can and cannot be used with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.settings import TuneSettings


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

    def finish(self, network: Any) -> None:
        """Bring the trained network into the form in which it is saved and predicts."""
