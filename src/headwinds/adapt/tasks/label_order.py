"""The order of labels, for the task that needs one: as it is set, as numbers have it, or as the codebook names them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task

ORDINAL = "ordinal-classification"
BETWEEN = ";"


def ordered_labels(
    task: Task[Any], labels: tuple[str, ...], settings: TuneSettings, codebook: Sequence[str] = ()
) -> tuple[str, ...]:
    """The labels that occur in training, from low to high; as they are for a task whose labels have no order.

    `label_order` decides; without it numbers go by their size, and names by their order in `codebook`.

    Raises
    ------
    SettingsError
        An order is set for a task without one, names are missing from it or do not occur, or there is none.
    """
    wanted = tuple(part.strip() for part in settings.label_order.split(BETWEEN) if part.strip())
    if task.name != ORDINAL:
        if wanted:
            raise SettingsError(
                f"label_order is set, and labels of {task.name} have no order.",
                remedy=f"Leave it out, or choose task {ORDINAL}.",
            )
        return labels
    if wanted:
        _require_same(wanted, labels)
        return wanted
    if all(number_of(name) is not None for name in labels):
        return labels
    known = [name for name in codebook if name in labels]
    if len(known) == len(labels):
        return tuple(known)
    raise SettingsError(
        f"The labels {', '.join(labels[:10])} are names, and nothing says which is lower.",
        remedy=f'Name them from low to high, label_order = "{BETWEEN.join(labels[:3])}{BETWEEN}...", or give a codebook.',
    )


def number_of(name: str) -> float | None:
    """The number that a label is, None where it is a name."""
    try:
        value = float(name)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _require_same(wanted: tuple[str, ...], labels: tuple[str, ...]) -> None:
    if len(set(wanted)) < len(wanted):
        raise SettingsError(
            f"label_order = {BETWEEN.join(wanted)!r} names a label twice.", remedy="Once is enough."
        )
    left_out = [name for name in labels if name not in wanted]
    if left_out:
        raise SettingsError(
            f"label_order leaves out {', '.join(map(repr, left_out[:5]))}, which occur in training.",
            remedy="Give every label its place.",
        )
    unseen = [name for name in wanted if name not in labels]
    if unseen:
        raise SettingsError(
            f"label_order names {', '.join(map(repr, unseen[:5]))}, which no training example has.",
            remedy="Mend the spelling, label examples of it, or leave it out.",
        )
