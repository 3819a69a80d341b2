"""Tables of the annotation database, and the numbered steps by which a database of any earlier version becomes today's.

A step is never edited once it was released: what is to change is a new step at the end. Labels are events in a table that
the database itself keeps append-only, so that not even a mistake of ours can change or drop one.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, Table, Text

METADATA = MetaData()

MIGRATION = Table(
    "migration", METADATA, Column("number", Integer, primary_key=True), Column("applied_at", Text)
)
PROJECT = Table("project", METADATA, Column("name", Text, primary_key=True), Column("value", Text))
ROUND = Table(
    "round",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("strategy", Text),
    Column("source", Text),
    Column("seed", Integer),
    Column("whole_frame", Boolean),
    Column("created_at", Text),
)
CHANCE = Table(
    "chance",
    METADATA,
    Column("round", Integer, primary_key=True),
    Column("passage_id", Text, primary_key=True),
    Column("probability", Float),
    Column("drawn", Boolean),
)
ITEM = Table(
    "item",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("passage_id", Text),
    Column("round", Integer),
    Column("place", Integer),
    Column("readers", Integer),
    Column("text_digest", Text),
    Column("extra", Text),
)
ANNOTATOR = Table("annotator", METADATA, Column("name", Text, primary_key=True), Column("created_at", Text))
CLAIM = Table(
    "claim",
    METADATA,
    Column("item", Integer, primary_key=True),
    Column("annotator", Text, primary_key=True),
    Column("claimed_at", Text),
)
EVENT = Table(
    "event",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("client_id", Text),
    Column("item", Integer),
    Column("annotator", Text),
    Column("kind", Text),
    Column("answer", Text),
    Column("note", Text),
    Column("seconds", Float),
    Column("made_at", Text),
    Column("received_at", Text),
)

# What differs between the two dialects: numbers that the database gives, and how a trigger refuses.
_NUMBERED = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
_REAL = {"sqlite": "REAL", "postgresql": "DOUBLE PRECISION"}


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number and its statements by dialect."""

    number: int
    name: str
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]

    def statements(self, dialect: str) -> tuple[str, ...]:
        """The statements for a dialect."""
        return self.sqlite if dialect == "sqlite" else self.postgresql


def _tables(dialect: str) -> tuple[str, ...]:
    numbered, real = _NUMBERED[dialect], _REAL[dialect]
    return (
        "CREATE TABLE project (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        "CREATE TABLE round (number INTEGER PRIMARY KEY, strategy TEXT NOT NULL, source TEXT NOT NULL, seed INTEGER, "
        "whole_frame BOOLEAN NOT NULL, created_at TEXT NOT NULL)",
        f"CREATE TABLE chance (round INTEGER NOT NULL REFERENCES round (number), passage_id TEXT NOT NULL, probability "
        f"{real} CHECK (probability > 0 AND probability <= 1), drawn BOOLEAN NOT NULL, PRIMARY KEY (round, passage_id))",
        f"CREATE TABLE item (number {numbered}, passage_id TEXT NOT NULL UNIQUE, round INTEGER NOT NULL REFERENCES round "
        "(number), place INTEGER NOT NULL, readers INTEGER NOT NULL CHECK (readers >= 1), text_digest TEXT NOT NULL, "
        "extra TEXT NOT NULL)",
        "CREATE INDEX item_order ON item (round, place)",
        "CREATE TABLE annotator (name TEXT PRIMARY KEY, created_at TEXT NOT NULL)",
        "CREATE TABLE claim (item INTEGER NOT NULL REFERENCES item (number), annotator TEXT NOT NULL REFERENCES annotator "
        "(name), claimed_at TEXT NOT NULL, PRIMARY KEY (item, annotator))",
        "CREATE INDEX claim_of_annotator ON claim (annotator)",
        f"CREATE TABLE event (number {numbered}, client_id TEXT NOT NULL UNIQUE, item INTEGER NOT NULL REFERENCES item "
        "(number), annotator TEXT NOT NULL REFERENCES annotator (name), kind TEXT NOT NULL, answer TEXT NOT NULL, note TEXT "
        f"NOT NULL, seconds {real}, made_at TEXT NOT NULL, received_at TEXT NOT NULL)",
        "CREATE INDEX event_of_item ON event (item, annotator)",
    )


_ONLY_APPEND_SQLITE = tuple(
    f"CREATE TRIGGER event_no_{verb} BEFORE {verb.upper()} ON event BEGIN "
    f"SELECT RAISE(ABORT, 'events are only ever added'); END"
    for verb in ("update", "delete")
)
_ONLY_APPEND_POSTGRESQL = (
    "CREATE FUNCTION event_is_only_added() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'events are only ever added'; END $$",
    "CREATE TRIGGER event_only_added BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_is_only_added()",
    "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event EXECUTE FUNCTION event_is_only_added()",
)

MIGRATIONS = (
    Migration(1, "tables", _tables("sqlite"), _tables("postgresql")),
    Migration(2, "events are only ever added", _ONLY_APPEND_SQLITE, _ONLY_APPEND_POSTGRESQL),
)
NEWEST = MIGRATIONS[-1].number
