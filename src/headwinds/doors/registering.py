"""The registry of models in Python: the calls of `headwinds models`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.registry.index import Registry, Version
    from headwinds.registry.promotion import Decision

PathLike = str | Path


@plain_arguments
def open_registry(folder: PathLike = "registry", *, database: str = "", create: bool = True) -> Registry:
    """Open a registry of model versions, which is made if it is not there.

    Parameters
    ----------
    folder
        Where the versions lie, and the index unless `database` names another place.
    database
        A URL ``postgresql://user:password@host/name``.
    create
        Whether it is made; False refuses a path where none is.
    """
    from headwinds.registry import index

    return index.open_registry(Path(folder), database, create=create)


@plain_arguments
def add_model(
    registry: Registry,
    name: str,
    model: PathLike,
    *,
    parent: str = "",
    evaluation: PathLike | None = None,
    audit: PathLike | None = None,
    licence: str = "",
    limits: str = "",
) -> Version:
    """Add a tuned model as a version of `name`; its card takes the test that stands beside it, or the one named.

    Of an `audit` (its folder) the card takes what a thousand documents cost.
    """
    from headwinds.registry import index

    return index.add_model(
        registry,
        name,
        Path(model),
        parent=parent,
        evaluation=Path(evaluation) if evaluation is not None else None,
        audit=Path(audit) if audit is not None else None,
        licence=licence,
        limits=limits,
    )


@plain_arguments
def promote_model(registry: Registry, name: str, gate: PathLike, *, version: str = "latest") -> Decision:
    """Judge a version at the gate of a TOML file, and put it into production if it passes."""
    from headwinds.registry.gate import read_gate
    from headwinds.registry.promotion import promote

    return promote(registry, name, read_gate(Path(gate)), version)


@plain_arguments
def rollback_model(registry: Registry, name: str) -> Version:
    """Bring back the version that was in production before."""
    from headwinds.registry.promotion import rollback

    return rollback(registry, name)


@plain_arguments
def export_model(registry: Registry, name: str, output: PathLike, *, version: str = "production") -> Version:
    """Copy a version out, as a folder that `headwinds.predict_file` takes."""
    from headwinds.registry import index

    return index.export_model(registry, name, version, Path(output))


@plain_arguments
def export_to_transformers(
    registry: Registry, name: str, output: PathLike, *, version: str = "production"
) -> Version:
    """Write a version as a folder that `transformers` loads without Headwinds; its README says how to predict with it."""
    from headwinds.registry import exchange

    return exchange.export_to_transformers(registry, name, version, Path(output))


@plain_arguments
def export_to_mlflow(registry: Registry, name: str, *, version: str = "production") -> tuple[Version, str]:
    """Log a version's files, card and metrics to MLflow (MLFLOW_TRACKING_URI, else in the registry); returns the run too."""
    from headwinds.registry import exchange

    return exchange.export_to_mlflow(registry, name, version)


@plain_arguments
def import_model(
    registry: Registry,
    name: str,
    checkpoint: PathLike,
    *,
    task: str,
    pairs: bool = False,
    licence: str = "",
    limits: str = "",
) -> Version:
    """Add a `transformers` checkpoint (a folder, or a name on the hub) as a version of `name`, as it is.

    Parameters
    ----------
    task
        "text-classification" with the checkpoint's own classifier, or a task that writes.
    pairs
        Whether a classifier reads pairs of texts.
    """
    from headwinds.registry import exchange

    return exchange.import_model(
        registry, name, str(checkpoint), task, pairs=pairs, licence=licence, limits=limits
    )
