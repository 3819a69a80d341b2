"""The space of a search: for each setting of [tune] that varies, a range or the values to choose from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.settings import TuneSettings
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from optuna import Trial

FIXED = ("task", "label_order", "seed", "folds", "validation_share", "training_share", "private_epsilon")
"""Settings that say what is asked, or on what it is judged: a search that moved them would compare unlike with unlike.

So would one that moved what is spent: what trains in private tells no score.
"""
LOGARITHMIC_FROM = 10.0


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included; on a logarithmic scale where they are a factor of ten apart."""

    low: float
    high: float
    whole: bool

    @property
    def logarithmic(self) -> bool:
        """Whether equal factors count, not equal steps."""
        return self.low > 0 and self.high / self.low >= LOGARITHMIC_FROM


@dataclass(frozen=True, slots=True)
class Choice:
    """Values to choose from."""

    values: tuple[Any, ...]


Space = Mapping[str, Range | Choice]

DEFAULT_SPACE: dict[str, Range | Choice] = {
    "learning_rate": Range(2e-5, 1e-3, whole=False),
    "head_learning_rate": Range(5e-4, 3e-2, whole=False),
    "epochs": Range(2, 10, whole=True),
    "batch_tokens": Choice((512, 1024, 2048, 4096)),
    "head_dropout": Range(0.0, 0.3, whole=False),
    "average_decay": Choice((0.9, 0.97, 0.99)),
}
"""Where no space is given: the settings that matter most for every method that learns by gradient."""


def parse_space(items: Sequence[str]) -> dict[str, Range | Choice]:
    """A space as the command line has it: ``learning_rate=1e-5..1e-3``, ``epochs=2..8``, ``method=full,lora``.

    Raises
    ------
    SettingsError
        No such setting, one that must not vary, or values that are none of it.

    Examples
    --------
    >>> parse_space(["epochs=2..8", "pooling=mean,smooth-maximum"])["epochs"]
    Range(low=2.0, high=8.0, whole=True)
    """
    space: dict[str, Range | Choice] = {}
    for item in items:
        name, separator, text = item.partition("=")
        kind = _kind(name)
        if not separator or not text.strip():
            raise SettingsError(
                f"space {item!r}: no values.", remedy=f"Write {name}=LOW..HIGH or {name}=A,B."
            )
        if name in space:
            raise SettingsError(f"space: {name} is given twice.")
        low, dots, high = text.partition("..")
        if dots:
            space[name] = _range(name, kind, low, high)
        else:
            space[name] = Choice(tuple(_value(name, kind, part.strip()) for part in text.split(",")))
    return space


def suggest(trial: Trial, space: Space) -> dict[str, Any]:
    """The trial's values, one for each setting of the space."""
    chosen: dict[str, Any] = {}
    for name, what in space.items():
        if isinstance(what, Choice):
            chosen[name] = trial.suggest_categorical(name, what.values)
        elif what.whole:
            chosen[name] = trial.suggest_int(name, int(what.low), int(what.high), log=what.logarithmic)
        else:
            chosen[name] = trial.suggest_float(name, what.low, what.high, log=what.logarithmic)
    return chosen


def inside(settings: TuneSettings, space: Space) -> dict[str, Any]:
    """Those of the settings' own values that lie in the space: where the search begins, so that it never does worse."""
    own: dict[str, Any] = {}
    for name, what in space.items():
        value = getattr(settings, name)
        if value in what.values if isinstance(what, Choice) else what.low <= value <= what.high:
            own[name] = value
    return own


def check_space(settings: TuneSettings, space: Space) -> None:
    """Refuse a space whose ends or values no tuning would take.

    Raises
    ------
    SettingsError
        The setting, the value and what was expected.
    """
    for name, what in space.items():
        whole = isinstance(what, Range) and what.whole
        for value in what.values if isinstance(what, Choice) else (what.low, what.high):
            changed: dict[str, Any] = {name: int(value) if whole else value}
            replace(settings, **changed)


def require_one_measure(settings: TuneSettings, space: Space) -> None:
    """Refuse a space of a task that writes in which texts are cut into different tokens: its score is of a token.

    The fewer words a vocabulary has, the more and the easier tokens make up the same text.

    Raises
    ------
    SettingsError
        It varies the vocabulary of a new model, or checkpoints whose tokenizers are not of one vocabulary.
    CheckpointError
        A checkpoint cannot be found, or its tokenizer not be loaded.
    """
    from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
    from headwinds.adapt.scratch import PREFIX
    from headwinds.adapt.tasks.contract import writes
    from headwinds.adapt.tasks.registry import get_task

    if not writes(get_task(settings.task)):
        return
    several = {name for name in ("vocabulary", "checkpoint") if name in space}
    checkpoints = space.get("checkpoint")
    if several == {"checkpoint"} and isinstance(checkpoints, Choice):
        found = {
            ""
            if name.startswith(PREFIX)  # all learn theirs from the same file
            else json.dumps(
                load_tokenizer(resolve_checkpoint(name), offsets=False).get_vocab(), sort_keys=True
            )
            for name in checkpoints.values
        }
        several = several if len(found) > 1 else set()
    if several:
        raise SettingsError(
            f"space: {' and '.join(sorted(several))} must not vary in a search of {settings.task}: trials are judged by the "
            "probability of a token, and tokens would not be the same.",
            remedy="Set it once, for all trials, and compare such models by `headwinds evaluate --against`.",
        )


def plain_space(space: Space) -> dict[str, Any]:
    """The space as plain JSON."""
    return {
        name: list(what.values) if isinstance(what, Choice) else [what.low, what.high, what.whole]
        for name, what in sorted(space.items())
    }


def _kind(name: str) -> type:
    known = {item.name: type(item.default) for item in fields(TuneSettings)}
    if name in FIXED:
        raise SettingsError(
            f"space: {name} must not vary in a search.", remedy="Set it once, for all trials."
        )
    if name not in known:
        raise SettingsError(
            f"space: unknown setting {name!r}.",
            remedy=f"Known: {', '.join(sorted(set(known) - set(FIXED)))}.",
        )
    return known[name]


def _range(name: str, kind: type, low: str, high: str) -> Range:
    if kind not in (int, float):
        raise SettingsError(f"space: {name} has no range.", remedy=f"Name its values: {name}=A,B.")
    found = Range(float(_value(name, kind, low)), float(_value(name, kind, high)), whole=kind is int)
    if found.low >= found.high:
        raise SettingsError(f"space: {name} goes from {low} to {high}.", remedy="Put the lower value first.")
    return found


def _value(name: str, kind: type, text: str) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.strip().lower()]
        return kind(text.strip())
    except (ValueError, KeyError):
        words = {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "text")
        raise SettingsError(f"space: {name} cannot be {text.strip()!r}, expected {words}.") from None
