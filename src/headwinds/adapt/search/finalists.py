"""Fits of the finalists by workers: each setting with each seed is a shard, on one thread, wherever it runs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.fitting import fit_model
from headwinds.adapt.tuning import LabelledFiles, model_identity, prepare_files
from headwinds.artifacts.sealed import read_sealed
from headwinds.artifacts.write import atomic_directory
from headwinds.compute.likeness import NUMERICAL
from headwinds.compute.running import Tell, run_shards, tell_nobody
from headwinds.compute.work import Shard, Work

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings
    from headwinds.compute.settings import ComputeSettings


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
    tell: Tell = tell_nobody,
) -> list[float]:
    """Best validation score of each fit, in their order; finished ones are found in `store`.

    Each fit has one thread, so that the scores are the same for any number of workers, here or on a cluster.

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
    work = Work(_prepare, _do, given, tuple(named.values()), NUMERICAL)
    shards = [
        Shard(number, settings, model_identity(files, settings)) for number, settings in enumerate(every)
    ]
    done = run_shards(work, shards, store, compute, expected=len(shards), tell=tell)
    return [float(json.loads(read_sealed(one.path) or b"")) for one in done]


def _prepare(places: tuple[Path, ...], given: tuple[LabelledFiles, TuneSettings, tuple[str, ...]]) -> _Held:
    files, settings, names = given
    found = dict(zip(names, places, strict=True))
    checkpoint = found.pop("checkpoint", None)
    if checkpoint is not None:
        settings = replace(settings, checkpoint=str(checkpoint))
    changes: dict[str, Any] = found
    return _Held(replace(files, **changes), settings)


def _do(held: _Held, settings: TuneSettings) -> bytes:
    settings = replace(settings, checkpoint=held.settings.checkpoint)
    task, data, _ = prepare_files(held.files, settings)
    with tempfile.TemporaryDirectory() as name, _one_thread():
        with atomic_directory(Path(name) / "model") as model:
            fit_model(task, data, settings, model, Path(name) / "fit", title="finalist", quiet=True)
        history = json.loads((Path(name) / "model" / "history.json").read_text(encoding="utf-8"))
    return json.dumps(history["best_validation_score"]).encode("ascii")


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
