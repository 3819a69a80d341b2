"""The index of models: names, their versions with stage and card, and every event, which is only ever added to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.fit_cost import cost_beside
from headwinds.adapt.fitted_model import model_of
from headwinds.database.connection import connect, now, reading, shown, tables_in, transaction
from headwinds.database.read_only import can_only_be_read, is_read_only
from headwinds.errors import ArtifactError, MismatchError, SettingsError, StorageError
from headwinds.extras import require
from headwinds.registry.card import (
    Card,
    card_from_text,
    card_to_text,
    completed,
    energy_in,
    evaluation_beside,
    evaluation_in,
    make_card,
)
from headwinds.registry.versions import check, copy, keep, version_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

STAGES = ("candidate", "production", "retired")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
# Tables: of every database of ours, and of an index of models alone.
MIGRATED, OWN = "migration", "version"
SHORTEST_PREFIX = 6


@dataclass(frozen=True, slots=True)
class Registry:
    """Models with their versions.

    Attributes
    ----------
    folder
        Holds ``versions`` and ``evidence``, and ``index.sqlite`` unless the index is in PostgreSQL.
    engine
        The database of the index.
    """

    folder: Path
    engine: Engine

    @property
    def versions(self) -> Path:
        """Folder of the versions, one folder each."""
        return self.folder / "versions"

    @property
    def evidence(self) -> Path:
        """Folder of the tests that decisions rest on."""
        return self.folder / "evidence"


@dataclass(frozen=True, slots=True)
class Version:
    """A version under a name; `number` counts the versions of that name from 1, `parent` is a version or empty."""

    name: str
    version: str
    number: int
    stage: str
    parent: str
    card: Card
    added_at: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a version: added, completed, promoted, refused, rolled-back.

    `previous` is the version that was in production before, or empty; `reasons` say why, a sentence each.
    """

    number: int
    name: str
    version: str
    kind: str
    previous: str
    reasons: tuple[str, ...]
    made_at: str


def open_registry(folder: Path, database: str = "", *, create: bool = True) -> Registry:
    """Open a registry, which is made if it is not there; one that can only be read is opened to be read.

    Parameters
    ----------
    database
        A URL ``postgresql://user:password@host/name`` of the index; by default ``index.sqlite`` in the folder.
    create
        Whether it is made if it is not there. What only reads one makes none: it would hide a mistyped path.

    Raises
    ------
    SettingsError
        It is no folder, or none is there and none is to be made.
    SettingsError, ArtifactError, StorageError
        As `headwinds.database.connection.connect`.
    """
    require("sqlalchemy", extra="serve")
    from headwinds.artifacts.lock import study_lock
    from headwinds.registry.schema import MIGRATIONS

    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"registry = {str(folder)!r} is no folder.", remedy="Name a folder.")
    index = database or str(folder / "index.sqlite")
    tables = tables_in(index)
    if MIGRATED in tables and len(tables) > 1 and OWN not in tables:
        raise SettingsError(
            f"database = {shown(index)!r} holds no models, but something else of Headwinds.",
            remedy="Name another one; that of labels, for instance, is for labels alone.",
        )
    if not create and not (folder.is_dir() and OWN in tables):
        raise SettingsError(
            f"registry = {str(folder)!r} is not there: no index of models is in this place.",
            remedy="Name the folder that `headwinds models add` made, and its database if it has one.",
        )
    only_reads = not create or ("://" not in index and can_only_be_read(Path(index)))
    with nullcontext() if only_reads else study_lock(folder, wait=30.0):
        engine = connect(index, MIGRATIONS)
    return Registry(folder, engine)


def require_writable(registry: Registry) -> None:
    """Refuse before any work what would change a registry that can only be read.

    Raises
    ------
    StorageError
        It can only be read.
    """
    if is_read_only(registry.engine):
        raise StorageError(
            f"{registry.folder} can only be read here: no version can be added or promoted.",
            remedy="Give leave to write there, or work on a copy of the registry.",
        )


def add_model(
    registry: Registry,
    name: str,
    folder: Path,
    *,
    parent: str = "",
    evaluation: Path | None = None,
    audit: Path | None = None,
    licence: str = "",
    limits: str = "",
) -> Version:
    """Add a fitted model as a version of a name; a model that is there already stays, and its card gets what it lacks.

    Parameters
    ----------
    parent
        The version that this one was made from; its first characters do.
    evaluation
        Folder of its test; by default the one that stands beside it.
    audit
        Folder of its audit, whose energy of a thousand documents the card takes; by default none is looked for.

    Raises
    ------
    SettingsError
        The name cannot be used, there is no such parent, or the card says already what is given otherwise here.
    CheckpointError
        The folder holds no whole fitted model.
    MismatchError
        Earlier versions of the name do another task, or give other labels; the test or the audit is of another model.
    StorageError
        The registry can only be read, or its disk refuses.
    """
    require_name(name)
    require_writable(registry)
    source = model_of(folder)
    identity, facts = version_of(source)
    found = evaluation_in(evaluation) if evaluation is not None else evaluation_beside(source, identity)
    if evaluation is not None and found is None:
        raise SettingsError(
            f"{evaluation} holds no evaluation.", remedy="Name the folder that `headwinds evaluate` wrote."
        )
    if found is not None and found.model not in ("", identity):
        raise MismatchError(
            f"{evaluation} is the test of another model than {folder}.",
            remedy="Test this one: headwinds evaluate --model ... --test ... --output ...",
        )
    card = make_card(
        facts,
        evaluation=found,
        licence=licence,
        limits=limits,
        fitting=cost_beside(source, identity),
        predicting=energy_in(audit, identity) if audit is not None else None,
    )
    for other in versions_of(registry, name):
        _same_labels(card, other)
    above = find_version(registry, name, parent).version if parent else ""
    version = keep(source, registry.versions)
    from sqlalchemy import func, insert, select, update

    from headwinds.registry.schema import VERSION

    with transaction(registry.engine) as connection:
        own = (VERSION.c.name == name, VERSION.c.version == version)
        there = connection.execute(select(VERSION.c.card).where(*own)).scalar()
        if there is not None:
            before = card_from_text(there)
            after = completed(before, card)
            _require_said(after, card, tested=evaluation is not None)
            if after != before:
                connection.execute(update(VERSION).where(*own).values(card=card_to_text(after)))
                note(connection, name, version, "completed", "", ())
        else:
            last = (
                connection.execute(select(func.max(VERSION.c.number)).where(VERSION.c.name == name)).scalar()
                or 0
            )
            row = {
                "name": name,
                "version": version,
                "number": last + 1,
                "stage": "candidate",
                "parent": above,
                "card": card_to_text(card),
                "added_at": now(),
            }
            connection.execute(insert(VERSION).values(**row))
            note(connection, name, version, "added", "", ())
    return find_version(registry, name, version)


def require_name(name: str) -> None:
    """Refuse a name that cannot be a key.

    Raises
    ------
    SettingsError
        It has other characters, or is too long.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"name = {name[:80]!r} cannot be used.",
            remedy='Lower-case letters, digits and ".", "_", "-" between them, at most 64.',
        )


def names(registry: Registry) -> tuple[str, ...]:
    """Every name, sorted."""
    return tuple(sorted({one.name for one in versions_of(registry)}))


def versions_of(registry: Registry, name: str = "") -> tuple[Version, ...]:
    """The versions of a name, or of all, oldest first."""
    from sqlalchemy import select

    from headwinds.registry.schema import VERSION

    asked = select(VERSION).order_by(VERSION.c.name, VERSION.c.number)
    if name:
        asked = asked.where(VERSION.c.name == name)
    with reading(registry.engine) as connection:
        return tuple(_version(row) for row in connection.execute(asked).mappings())


def find_version(registry: Registry, name: str, which: str = "production") -> Version:
    """A version of a name: "production", "latest", its number, or the first characters of its digest.

    Raises
    ------
    SettingsError
        There is none, or several.
    """
    known = versions_of(registry, name) if NAME.fullmatch(name) else ()
    if not known:
        shown = ", ".join(names(registry)[:8]) or "none yet"
        raise SettingsError(f"There is no model {name[:80]!r}.", remedy=f"Known: {shown}.")
    if which == "latest":
        return known[-1]
    found = [
        one
        for one in known
        if which in (one.stage, str(one.number)) and which not in ("candidate", "retired")
    ]
    if not found and len(which) >= SHORTEST_PREFIX:
        found = [one for one in known if one.version.startswith(which)]
    if len(found) != 1:
        raise SettingsError(
            f"{name} has {'no' if not found else 'more than one'} version {which[:80]!r}.",
            remedy=f"It has {', '.join(f'{one.number} ({one.version[:12]}, {one.stage})' for one in known[-8:])}."
            + (" Promote one, or name one with --version." if which == "production" else ""),
        )
    return found[0]


def events_of(registry: Registry, name: str = "") -> tuple[Event, ...]:
    """What happened to the versions of a name, oldest first."""
    from sqlalchemy import select

    from headwinds.registry.schema import EVENT

    asked = select(EVENT).order_by(EVENT.c.number)
    if name:
        asked = asked.where(EVENT.c.name == name)
    with reading(registry.engine) as connection:
        return tuple(
            Event(**{**row, "reasons": tuple(json.loads(row["reasons"]))})
            for row in connection.execute(asked).mappings()
        )


def export_model(registry: Registry, name: str, which: str, output: Path) -> Version:
    """Copy a version out as a folder that `headwinds predict --model` takes.

    Raises
    ------
    SettingsError, CheckpointError, ArtifactError
        There is no such version, it is damaged, or `output` exists.
    """
    found = find_version(registry, name, which)
    copy(check(registry.versions, found.version), output)
    return found


def note(
    connection: Connection, name: str, version: str, kind: str, previous: str, reasons: Sequence[str]
) -> None:
    """Add an event, within a transaction."""
    from sqlalchemy import insert

    from headwinds.registry.schema import EVENT

    values = {"name": name, "version": version, "kind": kind, "previous": previous}
    values |= {"reasons": json.dumps(list(reasons), ensure_ascii=False), "made_at": now()}
    connection.execute(insert(EVENT).values(**values))


def _version(row: Any) -> Version:
    try:
        return Version(**{**row, "card": card_from_text(row["card"])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"The card of version {row['number']} of {row['name']} in the registry's index is damaged: {error}.",
            remedy="Restore a copy of the index; a newer Headwinds may have written it.",
        ) from error


def _require_said(card: Card, given: Card, *, tested: bool) -> None:
    """A card that others may have read is completed, not rewritten: what is given must stand on it."""
    wrong = [name for name in ("licence", "limits") if getattr(given, name) not in ("", getattr(card, name))]
    if tested and card.metrics != given.metrics:
        wrong.append("evaluation")
    if given.predicting not in (None, card.predicting):
        wrong.append("audit")
    if wrong:
        raise SettingsError(
            f"This model is there already, and its card has another {wrong[0]}.",
            remedy="Leave it out, or add the model under another name.",
        )


def _same_labels(card: Card, other: Version) -> None:
    if card.task != other.card.task:
        raise MismatchError(
            f"The model does {card.task}, version {other.number} of {other.name} does {other.card.task}.",
            remedy="Add it under another name.",
        )
    apart = sorted(set(card.labels) ^ set(other.card.labels))
    if apart:
        raise MismatchError(
            f"The labels of the model are not those of version {other.number} of {other.name}: {', '.join(apart[:3])} "
            f"{'is' if len(apart) == 1 else 'are'} known to one of them alone.",
            remedy="Add it under another name.",
        )
