"""Where a network computes: on the GPU of this machine if it has one, else on its processor.

Only what costs time goes there: the training by gradient, and the predictions of a corpus or a file. A network comes back
to the processor once it is trained, losses are taken there, and batches are made there; so tasks and methods know nothing
of devices. On a processor the same inputs give the same bytes; on a GPU, whose sums come in no fixed order, they do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import torch


def choose_device(setting: str) -> str:
    """Resolve "auto" to "cuda" where PyTorch sees a GPU, else to "cpu".

    Raises
    ------
    SettingsError
        "cuda" is asked for, and there is none that PyTorch can use.
    """
    import torch

    if setting == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if setting == "cuda":
        build = "" if torch.version.cuda else "; this build of PyTorch is made for processors alone"
        raise SettingsError(
            f'device = "cuda", but PyTorch {torch.__version__} finds no GPU here{build}.',
            remedy='Set device = "auto", or install PyTorch for your GPU.',
        )
    return "cpu"


def choose_predicting_device(precision: str) -> str:
    """Where a model predicts many texts: products of bytes on the processor, all else as `choose_device("auto")`."""
    return "cpu" if "int8" in precision else choose_device("auto")


def device_of(network: Any) -> torch.device:
    """Where the network's weights are; the processor for one without any."""
    import torch

    first = next(iter(network.parameters()), None)
    return torch.device("cpu") if first is None else first.device


@contextmanager
def computing_on(device: str, *networks: Any) -> Iterator[None]:
    """Networks are on the device for a block, and on the processor after it; their parameters stay the same objects."""
    for network in networks:
        network.to(device)
    try:
        yield
    finally:
        for network in networks:
            network.to("cpu")
