"""A SQLite file that can only be read here: on a disk mounted so, or without leave to write to it or beside it.

SQLite reads a file with a write-ahead log by writing into the folder, unless it is told that the file cannot change. So that
is said where no log lies beside it: the file then is all there is. A log with changes in it must be read too, which works
where its index (``-shm``) was left as well.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from headwinds.errors import StorageError

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import Connection, Engine


def can_only_be_read(path: Path) -> bool:
    """Whether a file is there that SQLite cannot write to."""
    return path.is_file() and not (os.access(path.parent, os.W_OK) and os.access(path, os.W_OK))


def read_only_connection(path: Path, *, timeout: float) -> sqlite3.Connection:
    """Open a file to read it; nothing is made beside one that can only be read.

    Raises
    ------
    StorageError
        Its last changes stand in a log that cannot be read here.
    """
    import sqlite3

    log, its_index = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))
    has_log = log.is_file() and log.stat().st_size > 0
    only_read = can_only_be_read(path)
    if only_read and has_log and not its_index.is_file():
        raise StorageError(
            f"{path} can only be read here, and its last changes stand in {log.name}, which cannot be read so.",
            remedy="Open it once where it can be written, or work on a copy of the folder.",
        )
    fixed = "&immutable=1" if only_read and not has_log else ""
    return sqlite3.connect(
        f"file:{quote(str(path.resolve()))}?mode=ro{fixed}", uri=True, timeout=timeout, isolation_level=None
    )


def read_only_engine(path: Path, *, timeout: float) -> Engine:
    """An engine that opens the file anew for each view of it: who keeps one open would not see what others change."""
    from sqlalchemy import URL, create_engine, event
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=lambda: read_only_connection(path, timeout=timeout),
        poolclass=NullPool,
        hide_parameters=True,
        execution_options={"read_only": True},
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(
            "BEGIN DEFERRED"
        )  # the driver opens none by itself, and a view is one for all its reads

    return engine


def is_read_only(engine: Engine) -> bool:
    """Whether an engine was opened on a file that can only be read."""
    return bool(engine.get_execution_options().get("read_only"))
