"""Fits by workers, of trials drawn together and of finalists: each is a shard, on one thread, wherever it runs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.fitting import fit_model
from headwinds.adapt.search.guidance import Pruned, judged_by, report
from headwinds.adapt.tuning_data import prepare_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.adapt.tuning_identity import model_identity
from headwinds.artifacts.fingerprint import fingerprint
from headwinds.artifacts.write import atomic_directory
from headwinds.compute.likeness import NUMERICAL
from headwinds.compute.running import run_shards
from headwinds.compute.telling import Tell, tell_nobody
from headwinds.compute.work import Shard, Work, result_of
from headwinds.errors import TrainingError

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.loop import AfterEpoch
    from headwinds.adapt.training.state import EpochRecord
    from headwinds.compute.settings import ComputeSettings

COMPLETE, PRUNED, FAILED = "complete", "pruned", "failed"

Scores = tuple[tuple[int, float], ...]
"""The number of each epoch with the validation score after it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a fit ended.

    Attributes
    ----------
    state
        "complete"; "pruned", it did worse than those before; "failed", its loss was not finite, see `reason`.
    score
        The best validation score of a complete fit.
    epochs
        Validation score after each epoch.
    """

    state: str
    score: float = 0.0
    epochs: Scores = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    files: LabelledFiles
    settings: TuneSettings


def fit_by_workers(
    files: LabelledFiles,
    every: Sequence[TuneSettings],
    store: Path,
    compute: ComputeSettings,
    *,
    earlier: tuple[Scores, ...] | None = None,
    tell: Tell = tell_nobody,
) -> Iterator[Fit]:
    """Each fit in its order, as it comes; finished ones are found in `store`.

    Each has one thread, so that the scores are the same for any number of workers, here or on a cluster. With `earlier`,
    the scores of trials that came to their end, a fit that does worse than those is given up.

    Raises
    ------
    ComputeError
        See `headwinds.compute.running.run_shards`.
    HeadwindsError
        Of the fit.
    """
    files = replace(files, test=None)
    named = files.named()
    if files.codebook:
        named["codebook"] = files.codebook
    checkpoint = Path(every[0].checkpoint)
    if checkpoint.is_dir():
        named["checkpoint"] = checkpoint
    given = (files, every[0], tuple(named))
    libraries = NUMERICAL if earlier is None else (*NUMERICAL, "optuna")
    work = Work(_prepare, _do, given, tuple(named.values()), libraries)
    shards = [
        Shard(
            number,
            (settings, earlier),
            fingerprint(fit=model_identity(files, settings), earlier=earlier),
        )
        for number, settings in enumerate(every)
    ]
    for one in run_shards(work, shards, store, compute, expected=len(shards), tell=tell):
        found = json.loads(result_of(one))
        yield Fit(**found | {"epochs": tuple((epoch, score) for epoch, score in found["epochs"])})


def _prepare(places: tuple[Path, ...], given: tuple[LabelledFiles, TuneSettings, tuple[str, ...]]) -> _Held:
    files, settings, names = given
    found = dict(zip(names, places, strict=True))
    checkpoint = found.pop("checkpoint", None)
    if checkpoint is not None:
        settings = replace(settings, checkpoint=str(checkpoint))
    changes: dict[str, Any] = found
    return _Held(replace(files, **changes), settings)


def _do(held: _Held, content: tuple[TuneSettings, tuple[Scores, ...] | None]) -> bytes:
    settings, earlier = content
    settings = replace(settings, checkpoint=held.settings.checkpoint)
    trial = judged_by(earlier) if earlier is not None else None
    epochs: list[tuple[int, float]] = []

    def after_epoch(record: EpochRecord) -> None:
        epochs.append((record.epoch, record.validation_score))
        if trial is not None:
            report(trial, record)

    try:
        found = Fit(COMPLETE, _best_score(held.files, settings, after_epoch), tuple(epochs))
    except Pruned:
        found = Fit(PRUNED, epochs=tuple(epochs))
    except TrainingError as error:
        found = Fit(FAILED, epochs=tuple(epochs), reason=str(error))
    return json.dumps(asdict(found)).encode("ascii")


def _best_score(files: LabelledFiles, settings: TuneSettings, after_epoch: AfterEpoch) -> float:
    with tempfile.TemporaryDirectory() as name, _one_thread():
        history = history_of_fit(
            files, settings, Path(name), title="fit", quiet=True, after_epoch=after_epoch
        )
    return float(history["best_validation_score"])


def history_of_fit(
    files: LabelledFiles,
    settings: TuneSettings,
    scratch: Path,
    *,
    title: str,
    quiet: bool,
    after_epoch: AfterEpoch | None,
) -> dict[str, Any]:
    """Fit on the training rows, in `scratch`, where a fit that was killed goes on; what stands in its ``history.json``.

    Raises
    ------
    TrainingError
        Also where the validation examples give no score to judge by.
    """
    task, data, _ = prepare_files(replace(files, test=None), settings)
    with atomic_directory(scratch / "model", replace=True) as model:
        fit_model(
            task, data, settings, model, scratch / "fit", title=title, quiet=quiet, after_epoch=after_epoch
        )
        history: dict[str, Any] = json.loads((model / "history.json").read_text(encoding="utf-8"))
    if history["best_validation_score"] is None:
        raise TrainingError(
            "The validation examples give no score, and a search judges by it.",
            remedy="Name a file for validation with examples of every kind.",
        )
    return history


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
