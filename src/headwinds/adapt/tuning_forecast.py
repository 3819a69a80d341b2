"""What a tuning will take, from a small one that is really made: time, memory, disk.

The small one goes the whole way (checkpoint, encoding, training, validation, decoder, saving), so that every task and
every method by gradient is measured by itself. Two sizes tell what is paid once from what grows with the texts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from headwinds.adapt.fitting import FittingData, fit_model
from headwinds.adapt.methods.registry import BY_GRADIENT, method_for
from headwinds.adapt.pretraining.forecast import in_words
from headwinds.adapt.probe import peak_memory
from headwinds.adapt.scratch import is_scratch, open_checkpoint, scratch_settings
from headwinds.adapt.tuning_data import prepare_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.write import atomic_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.state import EpochRecord

MEASURED_BATCHES = 2
CHARACTERS_A_TOKEN = 4
FEWEST = 4


@dataclass(frozen=True, slots=True)
class TuningForecast:
    """A measured forecast.

    Attributes
    ----------
    seconds
        For all epochs, of which patience may spare some; without the test.
    memory_bytes
        The process's peak so far, the small tuning included.
    model_bytes, state_bytes
        On the disk: the model, and the state that stands beside it until it is done.
    measured
        Training examples of the small tuning.
    """

    seconds: float
    memory_bytes: int
    model_bytes: int
    state_bytes: int
    measured: int


@dataclass(frozen=True, slots=True)
class _Small:
    seconds: float
    of_an_epoch: float
    model_bytes: int
    state_bytes: int


def forecast_tuning(files: LabelledFiles, settings: TuneSettings) -> TuningForecast | None:
    """What the tuning of these files will take; see `forecast_fit`.

    Raises
    ------
    HeadwindsError
        Whatever the tuning itself would raise on its first examples.
    """
    if not _grows_with_epochs(settings):
        return None
    task, data, _ = prepare_files(files, settings)
    return forecast_fit(task, data, settings)


def forecast_fit(task: Any, data: FittingData, settings: TuneSettings) -> TuningForecast | None:
    """Make a small fit in a folder that is removed, and reckon up; None where the method cannot be reckoned so.

    What does not learn by gradient on the task's own loss does not grow with epochs, private training counts its steps,
    and several processes are not started for it.

    Raises
    ------
    HeadwindsError
        Whatever the fit itself would raise on its first examples.
    """
    import numpy as np

    if not _grows_with_epochs(settings):
        return None
    order = np.random.default_rng(derive_seed(settings.seed, "forecast")).permutation(len(data.training))
    training = data.training[order]
    weights = _weights(data.examples, training)
    count = (
        int(
            np.searchsorted(np.cumsum(weights), MEASURED_BATCHES * CHARACTERS_A_TOKEN * settings.batch_tokens)
        )
        + 1
    )
    longest = np.array([int(np.argmax(weights))])  # what memory hangs on
    some = np.unique(np.concatenate([longest, np.arange(min(max(count, FEWEST), len(training)))]))
    with TemporaryDirectory() as name:
        folder = Path(name)
        chosen = settings
        if is_scratch(settings.checkpoint):  # its size hangs on the vocabulary, learnt from all texts
            chosen = scratch_settings(settings)
            place = folder / "checkpoint"
            open_checkpoint(chosen, task, data.examples, data.training, place)
            chosen = replace(chosen, checkpoint=str(place))
        chosen = replace(chosen, epochs=2, patience=2, training_share=1.0)
        fewest = _part(data, training, np.arange(min(FEWEST, len(training))))
        _measure(task, fewest, chosen, folder / "first")  # it pays for what a process loads once
        few = _measure(task, fewest, chosen, folder / "few")
        more = _measure(task, _part(data, training, some), chosen, folder / "more")
    read = [float(weights[: len(fewest.training)].sum()), float(weights[some].sum()), float(weights.sum())]
    once = _grown(read, few.seconds - 2 * few.of_an_epoch, more.seconds - 2 * more.of_an_epoch)
    seconds = once + settings.epochs * _grown(read, few.of_an_epoch, more.of_an_epoch)
    return TuningForecast(seconds, peak_memory(), more.model_bytes, more.state_bytes, len(some))


def _grown(read: Sequence[float], few: float, more: float) -> float:
    """What takes `few` seconds for the first of the three sizes and `more` for the second takes for the third.

    A part of it grows with what there is to read. The rest, such as the saving of an epoch's state, does not.
    """
    slope = max(0.0, more - few) / (read[1] - read[0]) if read[1] > read[0] else 0.0
    return max(0.0, few) + slope * (read[2] - read[0])


def _grows_with_epochs(settings: TuneSettings) -> bool:
    method = method_for(settings)
    return (
        method.name in BY_GRADIENT
        and method.learns
        and not settings.private_epsilon
        and settings.processes == 1
    )


def forecast_lines(found: TuningForecast | None) -> list[str]:
    """The forecast as a person reads it."""
    if found is None:
        return ["time, memory and disk were not measured: this does not train by gradient in one process"]
    memory, disk = found.memory_bytes / 2**30, (found.model_bytes + found.state_bytes) / 2**30
    return [
        f"about {in_words(found.seconds)}, {memory:.1f} GiB of memory, {disk:.2f} GiB of disk: "
        f"measured by a small tuning on {found.measured:,} of the examples"
    ]


def _weights(examples: Any, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much there is to read of each row, in characters."""
    import numpy as np

    parts = [
        getattr(examples, name, None)
        for name in ("texts", "seconds", "contexts", "others", "choices", "summaries")
    ]
    known = [one for one in parts if one is not None]
    return (
        np.array([sum(_characters(one[row]) for one in known) for row in rows.tolist()], dtype=np.float64)
        + 1.0
    )


def _characters(value: Any) -> int:
    return len(value) if isinstance(value, str) else sum(_characters(one) for one in value)


def _part(data: FittingData, training: NDArray[np.int64], chosen: NDArray[np.int64]) -> FittingData:
    """The chosen training rows, and as large a share of those that validate, at least two; no other example is left."""
    import numpy as np

    share = len(chosen) / len(training)
    count = min(len(data.validation), max(2, round(share * len(data.validation))))
    rows = [*training[chosen].tolist(), *data.validation[:count].tolist()]
    examples, every = data.examples, len(data.examples.ids)
    columns = {one.name: getattr(examples, one.name) for one in fields(examples)}
    taken = {
        name: tuple(values[row] for row in rows)
        for name, values in columns.items()
        if isinstance(values, tuple) and len(values) == every
    }
    places = np.arange(len(rows))
    return replace(
        data,
        examples=replace(examples, **taken),
        training=places[: len(chosen)],
        validation=places[len(chosen) :],
    )


def _measure(task: Any, data: FittingData, settings: TuneSettings, folder: Path) -> _Small:
    ends: list[float] = []

    def after_epoch(_: EpochRecord) -> None:
        ends.append(time.monotonic())

    begun = time.monotonic()
    with atomic_directory(folder / "model") as model:
        fit_model(task, data, settings, model, folder / "scratch", quiet=True, after_epoch=after_epoch)
    seconds = time.monotonic() - begun
    sizes = {name: _size(folder / name) for name in ("model", "scratch")}
    return _Small(seconds, ends[1] - ends[0], sizes["model"], sizes["scratch"])


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
