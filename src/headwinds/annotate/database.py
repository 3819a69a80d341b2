"""The annotation database: opened, and brought to today's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.database.connection import connect

if TYPE_CHECKING:
    from sqlalchemy import Engine


def open_database(place: str) -> Engine:
    """Open a database of labels, make it if it is not there, and bring it to today's version; raises as `connect`."""
    from headwinds.extras import require

    require("sqlalchemy")
    from headwinds.annotate.schema import MIGRATIONS

    return connect(place, MIGRATIONS)
