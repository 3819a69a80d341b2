"""A database that is full, gone or damaged: one clear line, no version lost, and on it goes when it is back."""

from __future__ import annotations

import json
import sqlite3
import threading
import time

import pytest
from sqlalchemy import text

from headwinds.cli.main import main
from headwinds.database import connection as connection_module
from headwinds.database.connection import shown, transaction
from headwinds.doors.registering import add_model, open_registry, promote_model, rollback_model
from headwinds.errors import HeadwindsError, StorageError
from headwinds.registry.index import events_of, versions_of
from headwinds.registry.promotion import production
from registry.cluster import STORES
from registry.test_registry import write_gate
from serve.servers import served

POSTGRESQL = [store for store in STORES if store == "postgresql"]


@pytest.fixture
def gate(tmp_path, fitted):
    return write_gate(tmp_path, fitted.test, largest_calibration_error=1.0, floor=0.2, largest_loss=1.0)


def test_two_processes_that_add_at_once_give_two_numbers(tmp_path, fitted, database):
    places = [open_registry(tmp_path / "registry", database=database) for _ in range(4)]
    models = [fitted.good, fitted.better, fitted.poor, fitted.good]
    errors = []

    def add(place, model):
        try:
            add_model(place, "speeches", model)
        except HeadwindsError as error:
            errors.append(error)

    threads = [threading.Thread(target=add, args=one) for one in zip(places, models, strict=True)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert sorted(one.number for one in versions_of(places[0])) == [1, 2, 3]
    assert len({one.version for one in versions_of(places[0])}) == 3
    for place in places:
        place.engine.dispose()


def test_the_database_itself_keeps_one_version_in_production(registry, fitted, gate):
    add_model(registry, "speeches", fitted.good)
    promote_model(registry, "speeches", gate)
    add_model(registry, "speeches", fitted.better)
    with pytest.raises(Exception, match=r"(?i)unique"), registry.engine.begin() as connection:
        connection.execute(text("UPDATE version SET stage = 'production'"))
    assert [one.stage for one in versions_of(registry)] == ["production", "candidate"]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("postgresql://me:SECRET@host:5432/db?sslmode=require", "postgresql://host:5432/db"),
        ("postgresql://me:a@b/SECRET@host/db", "postgresql://host/db"),
        ("postgresql://me:a?SECRET@host/db", "postgresql://..."),
        ("postgresql://host/db?password=a@SECRET", "postgresql://..."),
        ("postgresql://host/db?password=SECRET", "postgresql://host/db"),
        ("models/index.sqlite", "models/index.sqlite"),
    ],
)
def test_a_place_is_told_without_any_part_of_its_password(place, told):
    assert shown(place) == told


def test_what_fails_within_a_transaction_leaves_nothing(registry, fitted):
    add_model(registry, "speeches", fitted.good)

    def half():
        with transaction(registry.engine) as connection:
            connection.execute(text("UPDATE version SET stage = 'production'"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert [one.stage for one in versions_of(registry)] == ["candidate"]


def test_a_damaged_index_is_one_line(tmp_path, fitted, capsys):
    registry = open_registry(tmp_path / "registry")
    add_model(registry, "speeches", fitted.good)
    registry.engine.dispose()
    index = tmp_path / "registry" / "index.sqlite"
    content = index.read_bytes()
    for harm in (b"no database at all" * 100, content[:100] + b"\xff" * (len(content) - 100)):
        for beside in ("-wal", "-shm"):
            index.with_name(index.name + beside).unlink(missing_ok=True)
        index.write_bytes(harm)
        assert main(["models", "list", "--registry", str(tmp_path / "registry")]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "database" in said
    for beside in ("-wal", "-shm"):
        index.with_name(index.name + beside).unlink(missing_ok=True)
    index.write_bytes(content)
    assert main(["models", "list", "--registry", str(tmp_path / "registry")]) == 0


def test_a_disk_that_is_full_is_one_line_and_no_version_is_lost(tmp_path, fitted):
    registry = open_registry(tmp_path / "registry")
    kept = add_model(registry, "speeches", fitted.good)
    with registry.engine.connect() as connection:  # as many pages as it has, and no more
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageError, match="full"):
        add_model(registry, "speeches", fitted.better, limits="x" * 200_000)
    assert [one.version for one in versions_of(registry)] == [kept.version]
    registry.engine.dispose()
    again = open_registry(tmp_path / "registry")
    assert add_model(again, "speeches", fitted.better, limits="x" * 200_000).number == 2
    again.engine.dispose()


def test_a_locked_index_is_waited_for(tmp_path, fitted):
    registry = open_registry(tmp_path / "registry")
    other = sqlite3.connect(
        tmp_path / "registry" / "index.sqlite", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(1.0, lambda: other.execute("ROLLBACK")).start()
    assert add_model(registry, "speeches", fitted.good).number == 1
    registry.engine.dispose()
    other.close()


@pytest.mark.skipif("postgresql" not in STORES, reason="no PostgreSQL here")
def test_a_writer_that_never_ends_is_waited_for_as_long_as_in_sqlite(tmp_path, cluster, monkeypatch):
    registry = open_registry(tmp_path / "registry", database=cluster.database())
    monkeypatch.setattr(connection_module, "SECONDS_TO_WAIT", 1)
    try:
        with registry.engine.begin() as other:
            other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": connection_module.ONE_WRITER})
            start = time.monotonic()
            with pytest.raises(StorageError, match="The database refuses"), transaction(registry.engine):
                pass
            assert 0.9 < time.monotonic() - start < 5
        with transaction(registry.engine):
            pass
    finally:
        registry.engine.dispose()


@pytest.mark.parametrize("store", POSTGRESQL)
def test_a_server_that_is_gone_is_one_line_and_when_it_is_back_all_is_there(
    tmp_path, fitted, gate, cluster, capsys, store
):
    url = cluster.database()
    registry = open_registry(tmp_path / "registry", database=url)
    good = add_model(registry, "speeches", fitted.good)
    promote_model(registry, "speeches", gate)
    before = versions_of(registry), events_of(registry)
    cluster.stop()
    try:
        for attempt in (
            lambda: add_model(registry, "speeches", fitted.better),
            lambda: promote_model(registry, "speeches", gate),
            lambda: rollback_model(registry, "speeches"),
            lambda: versions_of(registry),
        ):
            with pytest.raises(StorageError) as caught:
                attempt()
            assert "\n" not in str(caught.value)
        place = ["--registry", str(tmp_path / "registry"), "--database", url]
        assert main(["models", "list", *place]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
    finally:
        cluster.start()
    assert (versions_of(registry), events_of(registry)) == before  # the same connection, made anew
    assert add_model(registry, "speeches", fitted.better).number == 2
    assert promote_model(registry, "speeches", gate, version="2").promoted
    assert rollback_model(registry, "speeches").version == good.version
    registry.engine.dispose()


@pytest.mark.parametrize("store", POSTGRESQL)
def test_a_connection_that_breaks_in_the_middle_is_one_line_and_leaves_the_state_before(
    tmp_path, fitted, gate, cluster, store
):
    registry = open_registry(tmp_path / "registry", database=cluster.database())
    add_model(registry, "speeches", fitted.good)

    def broken():
        with transaction(registry.engine) as connection:
            connection.execute(text("UPDATE version SET stage = 'production'"))
            own = connection.execute(text("SELECT pg_backend_pid()")).scalar()
            with registry.engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
            connection.execute(text("SELECT 1"))

    with pytest.raises(StorageError, match="refuses"):
        broken()
    assert [one.stage for one in versions_of(registry)] == ["candidate"]
    assert promote_model(registry, "speeches", gate).promoted
    registry.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("store", POSTGRESQL)
def test_models_are_served_while_the_database_is_gone_and_a_promotion_is_seen_when_it_is_back(
    tmp_path, fitted, gate, cluster, store
):
    url = cluster.database()
    registry = open_registry(tmp_path / "registry", database=url)
    add_model(registry, "speeches", fitted.good)
    promote_model(registry, "speeches", gate)
    with served(tmp_path, "--registry", "registry", "--database", url) as server:
        cluster.stop()
        try:
            for _ in range(30):
                assert server.predict([{"text": "technology raises growth"}])[0] == 200
                time.sleep(0.1)
        finally:
            cluster.start()
        add_model(registry, "speeches", fitted.better)
        promote_model(registry, "speeches", gate)
        for _ in range(200):
            if json.loads(server.ask("GET", "/v1/models")[2])["models"][0]["number"] == 2:
                break
            time.sleep(0.1)
        assert production(registry, "speeches").number == 2
        assert server.predict([{"text": "technology raises growth"}])[1]["number"] == 2
        said = server.stop()
    registry.engine.dispose()
    assert "registry not read" in said
    assert "Traceback" not in said
