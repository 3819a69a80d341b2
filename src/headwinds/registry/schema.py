"""Tables of the index of models. What is in production can change; how it came there is only ever added to."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table, Text

from headwinds.database.migrations import NUMBERED, tables_and_events

METADATA = MetaData()

VERSION = Table(
    "version",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("number", Integer),
    Column("stage", Text),
    Column("parent", Text),
    Column("card", Text),
    Column("added_at", Text),
)
EVENT = Table(
    "event",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("name", Text),
    Column("version", Text),
    Column("kind", Text),
    Column("previous", Text),
    Column("reasons", Text),
    Column("made_at", Text),
)


def _tables(dialect: str) -> tuple[str, ...]:
    return (
        "CREATE TABLE version (name TEXT NOT NULL, version TEXT NOT NULL, number INTEGER NOT NULL, stage TEXT NOT NULL "
        "CHECK (stage IN ('candidate', 'production', 'retired')), parent TEXT NOT NULL, card TEXT NOT NULL, "
        "added_at TEXT NOT NULL, PRIMARY KEY (name, version), UNIQUE (name, number))",
        # The database itself keeps a name from having two versions in production.
        "CREATE UNIQUE INDEX one_in_production ON version (name) WHERE stage = 'production'",
        f"CREATE TABLE event (number {NUMBERED[dialect]}, name TEXT NOT NULL, version TEXT NOT NULL, kind TEXT NOT NULL, "
        "previous TEXT NOT NULL, reasons TEXT NOT NULL, made_at TEXT NOT NULL)",
        "CREATE INDEX event_of_name ON event (name, number)",
    )


MIGRATIONS = tables_and_events(_tables)
