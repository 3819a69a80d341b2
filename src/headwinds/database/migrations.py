"""Numbered steps by which a database of any earlier version becomes today's; what was applied stands in the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Column, Integer, MetaData, Table, Text

MIGRATION = Table(
    "migration", MetaData(), Column("number", Integer, primary_key=True), Column("applied_at", Text)
)

# What differs between the two dialects: numbers that the database gives, and numbers with a fraction.
NUMBERED = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
REAL = {"sqlite": "REAL", "postgresql": "DOUBLE PRECISION"}


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number and its statements by dialect; never edited once it was released."""

    number: int
    name: str
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]

    def statements(self, dialect: str) -> tuple[str, ...]:
        """The statements for a dialect."""
        return self.sqlite if dialect == "sqlite" else self.postgresql


def tables_and_events(tables: Callable[[str], tuple[str, ...]]) -> tuple[Migration, Migration]:
    """The first two steps of a database with a table `event`: its tables by dialect, and events that stay as they are."""
    return (
        Migration(1, "tables", tables("sqlite"), tables("postgresql")),
        Migration(2, "events are only ever added", *only_append("event", "events are only ever added")),
    )


def only_append(table: str, words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Triggers that keep a table append-only, for SQLite and for PostgreSQL; both names are our own constants."""
    sqlite = tuple(
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, '{words}'); END"
        for verb in ("update", "delete")
    )
    postgresql = (
        f"CREATE FUNCTION {table}_is_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{words}'; END $$",
        f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
        f"EXECUTE FUNCTION {table}_is_only_added()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_is_only_added()",
    )
    return sqlite, postgresql
