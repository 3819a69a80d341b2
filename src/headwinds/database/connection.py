"""A database: SQLite in a file, or PostgreSQL by its URL; a commit is on disk before anybody is told of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.database.read_only import can_only_be_read, is_read_only, read_only_engine
from headwinds.errors import ArtifactError, SettingsError, StorageError
from headwinds.extras import require

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from headwinds.database.migrations import Migration

SECONDS_TO_WAIT = 30
SECONDS_BETWEEN = 0.01
ONE_WRITER = 0x4877616E
"""Key of PostgreSQL's advisory lock; one for all projects is enough."""


def now() -> str:
    """The time in UTC, to the millisecond, as text that sorts."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def connect(place: str, migrations: Sequence[Migration]) -> Engine:
    """Open a database, make it if it is not there, and bring it to today's version.

    A SQLite file that can only be read is opened to be read, as it is.

    Parameters
    ----------
    place
        A path (SQLite), or a URL ``postgresql://user:password@host/name``.
    migrations
        The steps by which a database of any earlier version becomes today's, in order.

    Raises
    ------
    SettingsError
        The URL cannot be used, or a library is missing.
    ArtifactError
        It is no database, damaged, or made by a newer Headwinds.
    StorageError
        It cannot be reached or written; it can only be read, and is of an earlier version.
    """
    require("sqlalchemy")
    if "://" not in place and can_only_be_read(Path(place)):
        engine = read_only_engine(Path(place), timeout=SECONDS_TO_WAIT)
        _require_todays(engine, place, migrations)
        return engine
    engine = _postgresql(place) if "://" in place else _sqlite(Path(place))
    _migrate(engine, shown(place), migrations)
    return engine


def tables_in(place: str) -> frozenset[str]:
    """Names of the tables of a database as it is: nothing is made or changed; none where there is none.

    Raises
    ------
    SettingsError, StorageError, ArtifactError
        The URL cannot be used; the database cannot be reached; it is damaged or none.
    """
    from sqlalchemy import inspect

    require("sqlalchemy")
    if "://" in place:
        engine = _postgresql(place)
    elif Path(place).is_file() and Path(place).stat().st_size > 0:
        engine = read_only_engine(Path(place), timeout=SECONDS_TO_WAIT)
    else:
        return frozenset()
    try:
        with reading(engine) as connection:
            return frozenset(inspect(connection).get_table_names())
    finally:
        engine.dispose()


def shown(place: str) -> str:
    """A place without its password."""
    if "://" not in place:
        return place
    scheme, _, rest = place.partition("://")
    before, _, after = rest.rpartition("@")
    # Where a question mark stands before it, "@" is of a password, in its place or in the query: nobody can say which.
    return f"{scheme}://{'...' if '?' in before else after.partition('?')[0]}"


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """All or nothing, one writer after another.

    Raises
    ------
    StorageError
        The database refuses: full, locked for too long, unreachable; or it can only be read.
    ArtifactError
        It is damaged.
    """
    from sqlalchemy import exc, text

    if is_read_only(engine):
        raise StorageError(
            f"{engine.url.database} can only be read here.",
            remedy="Give leave to write to it and to its folder, or work on a copy.",
        )
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # As long as SQLite waits: a writer whose machine is gone holds its lock for hours.
                connection.execute(text(f"SET LOCAL lock_timeout = '{SECONDS_TO_WAIT}s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_WRITER})
            yield connection
    except (exc.OperationalError, exc.InterfaceError) as error:
        raise StorageError(
            f"The database refuses: {_reason(error)}.",
            remedy="Check its disk and its server; nothing is half-written.",
        ) from error
    except exc.DatabaseError as error:
        raise _damaged(error) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view, which waits for no writer.

    Raises
    ------
    StorageError
        The database cannot be read.
    ArtifactError
        It is damaged.
    """
    from sqlalchemy import exc

    try:
        with engine.connect().execution_options(only_reads=True) as connection:
            yield connection
    except (exc.OperationalError, exc.InterfaceError) as error:
        raise StorageError(
            f"The database cannot be read: {_reason(error)}.",
            remedy="Check its disk and its server.",
        ) from error
    except exc.DatabaseError as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> Exception:
    """What is told of a database that answers nonsense; a mistake of ours in a statement stays what it is."""
    from sqlalchemy import exc

    if isinstance(error, (exc.IntegrityError, exc.ProgrammingError, exc.DataError)):
        return error
    return ArtifactError(
        f"The database is damaged or none: {_reason(error)}.", remedy="Name another file, or restore a copy."
    )


def _sqlite(path: Path) -> Engine:
    from sqlalchemy import URL, create_engine, event

    if path.is_dir() or not path.parent.is_dir():
        raise SettingsError(
            f"database = {str(path)!r} is a folder, or its folder is not there.",
            remedy="Name a file, e.g. labels.sqlite.",
        )
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": SECONDS_TO_WAIT})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver must not open transactions by itself: we say when, and in which way.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={1000 * SECONDS_TO_WAIT}")
        _keep_a_log(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that will write takes the lock at once: one that reads first could be refused half-way.
        only_reads = connection.get_execution_options().get("only_reads")
        connection.exec_driver_sql("BEGIN DEFERRED" if only_reads else "BEGIN IMMEDIATE")

    return engine


def _keep_a_log(connection: Any) -> None:
    """Write ahead of the file, so that readers wait for no writer.

    Of several processes that open a new file at once one makes this change; SQLite refuses it to the others at once, busy
    timeout or not, for as long as that takes.
    """
    import sqlite3

    end = time.monotonic() + SECONDS_TO_WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(SECONDS_BETWEEN)
        else:
            return


def _postgresql(place: str) -> Engine:
    from sqlalchemy import create_engine, exc, make_url

    try:
        url = make_url(place)
    except exc.ArgumentError as error:
        raise SettingsError(
            f"database = {shown(place)!r} is no URL.",
            remedy="For instance postgresql://user:password@host/name.",
        ) from error
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingsError(
            f"database = {shown(place)!r}: {url.get_backend_name()!r} is not supported.",
            remedy="Name a file (SQLite), or a URL that begins with postgresql://.",
        )
    require("psycopg")
    driver = url.set(drivername="postgresql+psycopg")
    # What the URL says itself goes before ours.
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": SECONDS_TO_WAIT}
    return create_engine(driver, hide_parameters=True, pool_pre_ping=True, connect_args=patience)


def _require_todays(engine: Engine, place: str, migrations: Sequence[Migration]) -> None:
    """What cannot be brought to today's version must have it."""
    from sqlalchemy import func, select

    from headwinds.database.migrations import MIGRATION

    newest, version = migrations[-1].number, 0
    if MIGRATION.name in tables_in(place):
        with reading(engine) as connection:
            version = connection.execute(select(func.max(MIGRATION.c.number))).scalar() or 0
    _require_known(place, version, newest)
    if version < newest:
        raise StorageError(
            f"{place} can only be read here, and is of version {version}; this Headwinds reads version {newest}.",
            remedy="Open it once where it can be written, which brings it to that version, or work on a copy.",
        )


def _require_known(place: str, version: int, newest: int) -> None:
    if version > newest:
        raise ArtifactError(
            f"{place} is of version {version}; this Headwinds knows up to {newest}.",
            remedy="Install a newer Headwinds.",
        )


def _migrate(engine: Engine, place: str, migrations: Sequence[Migration]) -> None:
    """Each step is one transaction with its entry in `migration`: a kill leaves the version before or after it."""
    from sqlalchemy import func, insert, select, text

    from headwinds.database.migrations import MIGRATION

    newest = migrations[-1].number
    with transaction(engine) as connection:
        connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)"
            )
        )
    for step in migrations:
        with transaction(engine) as connection:
            version = connection.execute(select(func.max(MIGRATION.c.number))).scalar() or 0
            _require_known(place, version, newest)
            if step.number <= version:
                continue
            for statement in step.statements(engine.dialect.name):
                connection.exec_driver_sql(statement)
            connection.execute(insert(MIGRATION).values(number=step.number, applied_at=now()))


def _reason(error: Exception) -> str:
    """The driver's own words in one line, without the statement or its values."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0].rstrip(".")
