"""Memory that runs out, told as what to lower; the allocator's own words are about bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headwinds.errors import SettingsError, TrainingError

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings

SAID = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc")


@contextmanager
def recomputing(encoder: Any, settings: TuneSettings) -> Iterator[None]:
    """Where it is set, let the layers forget what they computed and compute it again on the way back (Chen et al. 2016).

    Raises
    ------
    SettingsError
        The architecture cannot.
    """
    if not settings.activation_checkpointing:
        yield
        return
    if not getattr(encoder, "supports_gradient_checkpointing", False):
        raise SettingsError(
            f"activation_checkpointing = True, but {type(encoder).__name__} cannot compute its layers again.",
            remedy="Leave it out; micro_batch_tokens saves memory too.",
        )
    encoder.activation_checkpointing_enable()
    try:
        yield
    finally:
        encoder.activation_checkpointing_disable()


@contextmanager
def told_if_short(settings: TuneSettings) -> Iterator[None]:
    """Tell what to lower where the memory does not suffice; other errors pass.

    Raises
    ------
    TrainingError
        The memory ran out. The last saved state is kept.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # PyTorch's allocators raise a RuntimeError
        if not isinstance(error, MemoryError) and not any(words in str(error).lower() for words in SAID):
            raise
        budget = settings.micro_batch_tokens or settings.batch_tokens
        raise TrainingError(
            f"Memory ran out, with up to {budget:,} tokens computed at once.",
            remedy=f"The last good state is kept; set micro_batch_tokens = {max(budget // 4, 64)}, which leaves the model "
            "what it would be, lower max_tokens, or choose a method that trains less, and run again.",
        ) from error
