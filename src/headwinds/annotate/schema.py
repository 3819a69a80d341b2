"""Tables of the annotation database, and the numbered steps by which a database of any earlier version becomes today's.

A step is never edited once it was released: what is to change is a new step at the end. Labels are events in a table that
the database itself keeps append-only, so that not even a mistake of ours can change or drop one.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, Table, Text

from headwinds.database.migrations import NUMBERED, REAL, tables_and_events

METADATA = MetaData()

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


def _tables(dialect: str) -> tuple[str, ...]:
    numbered, real = NUMBERED[dialect], REAL[dialect]
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


MIGRATIONS = tables_and_events(_tables)
