"""Versions on their way out and in: to a folder that `transformers` loads, to MLflow, and from a `transformers` folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.imported import import_checkpoint
from headwinds.adapt.plain_folder import write_plain_folder
from headwinds.adapt.training.tracking import open_mlflow
from headwinds.artifacts.write import clean_abandoned
from headwinds.registry.card import Card, card_lines
from headwinds.registry.index import (
    Registry,
    Version,
    add_model,
    find_version,
    require_name,
    require_writable,
)
from headwinds.registry.versions import check, copy, load_version

if TYPE_CHECKING:
    from collections.abc import Mapping

CARD = "card.txt"
LONGEST_VALUE = 500
IMPORTING = ".importing-"


def export_to_transformers(registry: Registry, name: str, which: str, output: Path) -> Version:
    """Write a version as a folder that `transformers` loads without us; its README has the card, and code to predict by.

    Raises
    ------
    SettingsError, CheckpointError, ArtifactError
        There is no such version, it is damaged, or `output` exists.
    MismatchError
        What the model learnt is not all in its weights.
    """
    found = find_version(registry, name, which)
    about = [f"{name} {found.number}: {found.version}", *card_lines(found.card)]
    write_plain_folder(load_version(registry.versions, found.version), output, about=about)
    return found


def export_to_mlflow(registry: Registry, name: str, which: str) -> tuple[Version, str]:
    """Log a version to MLflow: its folder and its card as artefacts, the card's metrics and facts; returns the run too.

    It goes to the server or store that MLFLOW_TRACKING_URI names, else to a database in ``tracking`` in the registry. Files
    are logged as they are: no model object is pickled.

    Raises
    ------
    SettingsError
        There is no such version, MLflow is not installed, or cannot be reached.
    CheckpointError
        The version is damaged.
    StorageError
        The registry can only be read, and no other place is named.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        require_writable(registry)
    found = find_version(registry, name, which)
    folder = check(registry.versions, found.version)
    client, experiment = open_mlflow(registry.folder / "tracking")
    run = client.create_run(experiment, run_name=f"{name}-{found.number}").info.run_id
    try:
        for key, value in _facts(found).items():
            client.log_param(run, key, _short(value))
        for key, number in _numbers(found.card).items():
            client.log_metric(run, key, number)
        client.log_text(run, "\n".join(card_lines(found.card)) + "\n", CARD)
        with tempfile.TemporaryDirectory() as place:
            copy(folder, Path(place) / "model")
            client.log_artifacts(run, str(Path(place) / "model"), "model")
    except BaseException:
        client.set_terminated(run, "FAILED")
        raise
    client.set_terminated(run, "FINISHED")
    return found, str(run)


def import_model(
    registry: Registry,
    name: str,
    checkpoint: str,
    task: str,
    *,
    pairs: bool = False,
    licence: str = "",
    limits: str = "",
) -> Version:
    """Add a `transformers` checkpoint as a version, as it is; its card says that it was neither tuned nor tested here.

    Raises
    ------
    SettingsError, CheckpointError
        See `import_checkpoint` and `add_model`.
    StorageError
        The registry can only be read.
    """
    require_name(name)  # before what may take minutes
    require_writable(registry)
    clean_abandoned(registry.folder, IMPORTING)
    with tempfile.TemporaryDirectory(dir=registry.folder, prefix=IMPORTING) as place:
        folder = Path(place) / "model"
        import_checkpoint(checkpoint, task, folder, pairs=pairs)
        return add_model(registry, name, folder, licence=licence, limits=limits)


def _short(value: str) -> str:
    """At most as much as MLflow takes; what is longer says so, and stands whole in the card."""
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 4]} ..."


def _facts(version: Version) -> Mapping[str, str]:
    card = version.card
    return {
        "name": version.name,
        "number": str(version.number),
        "version": version.version,
        "stage": version.stage,
        "parent": version.parent or "none",
        "task": card.task,
        "method": card.method,
        "labels": ", ".join(card.labels) or "none",
        "checkpoint": card.checkpoint,
        "precision": card.precision,
        "training_examples": str(card.training_examples),
        "validation_examples": str(card.validation_examples),
        "tested_examples": str(card.tested_examples),
        "licence": card.licence or "not stated",
        "limits": card.limits or "not stated",
    }


def _numbers(card: Card) -> Mapping[str, float]:
    """Metrics with the ends of their intervals, and what the fitting cost; what is not known is left out."""
    found: dict[str, float | None] = {}
    for name, (value, lower, upper) in card.metrics.items():
        if "[" not in name:  # MLflow takes no brackets in names
            found |= {name: value, f"{name}_lower": lower, f"{name}_upper": upper}
    if card.fitting is not None:
        found |= {
            "fitting_seconds": card.fitting.seconds,
            "fitting_processor_seconds": card.fitting.processor_seconds,
            "fitting_joules": card.fitting.joules,
        }
    if card.predicting is not None:
        found["seconds_for_a_thousand_documents"] = card.predicting.seconds[0]
        if card.predicting.measured:
            found["joules_for_a_thousand_documents"] = card.predicting.joules[0]
    return {name: value for name, value in found.items() if value is not None}
