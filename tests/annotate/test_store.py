"""Who reads what, and that nothing that was said is ever changed or taken twice."""

from __future__ import annotations

import sqlite3
import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from annotate.projects import make_project
from headwinds.annotate import schema
from headwinds.annotate.database import open_database
from headwinds.annotate.events import Event, resolve
from headwinds.annotate.rounds import readers_of
from headwinds.annotate.store import (
    NewEvent,
    annotators,
    checked_names,
    enrol,
    events,
    next_items,
    progress,
    record,
)
from headwinds.database.connection import transaction
from headwinds.errors import ArtifactError, DataError, MismatchError, SettingsError, StorageError


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path, queue=20, double_share=0.0)
    for name in ("ann", "ben", "eve"):
        enrol(made, name)
    yield made
    made.engine.dispose()


def said(item: int, name: str, labels: list[str], kind: str = "label", client_id: str = "") -> NewEvent:
    return NewEvent(client_id or str(uuid.uuid4()), item, name, kind, {"labels": labels})


def numbers(project, name: str, count: int) -> list[int]:
    return [item.number for item in next_items(project, name, count)]


def test_each_annotator_has_a_queue_of_their_own(project):
    ann, ben = numbers(project, "ann", 5), numbers(project, "ben", 5)
    assert len(ann) == len(ben) == 5
    assert not set(ann) & set(ben)
    assert numbers(project, "ann", 5) == ann  # asked again, the same
    record(project, [said(ann[0], "ann", [])])
    assert numbers(project, "ann", 5)[:4] == ann[1:]


def test_with_all_passages_read_twice_each_of_two_gets_all_and_a_third_none(tmp_path):
    project = make_project(tmp_path, queue=20, double_share=1.0)
    for name in ("ann", "ben", "eve"):
        enrol(project, name)
    assert sorted(numbers(project, "ann", 50)) == sorted(numbers(project, "ben", 50)) == list(range(1, 21))
    assert numbers(project, "eve", 50) == []
    project.engine.dispose()


def test_the_share_that_is_read_twice_is_the_share_that_was_asked_for():
    twice = sum(readers_of(f"p{number}", double_share=0.3, seed=1) == 2 for number in range(4000))
    assert 0.27 < twice / 4000 < 0.33
    assert readers_of("p1", double_share=0, seed=1) == 1
    assert readers_of("p1", double_share=1, seed=1) == 2


def test_a_passage_that_somebody_took_and_left_is_offered_again(project):
    assert len(numbers(project, "ann", 20)) == 20
    assert numbers(project, "ben", 5) == []
    with transaction(project.engine) as connection:
        connection.execute(text("UPDATE claim SET claimed_at = '2020-01-01T00:00:00.000Z' WHERE item <= 3"))
    assert len(numbers(project, "ben", 5)) == 3


def test_an_event_that_is_sent_again_is_taken_once(project):
    one = said(1, "ann", ["growth"])
    for _ in range(3):
        assert record(project, [one]) == ([one.client_id], {})
    assert len(events(project)) == 1


def test_an_id_that_was_used_for_another_answer_is_refused(project):
    one = said(1, "ann", ["growth"])
    record(project, [one])
    for other in (said(1, "ann", ["divide"]), said(2, "ann", ["growth"]), said(1, "ben", ["growth"])):
        stands, refused = record(
            project,
            [said(other.item, other.annotator, list(other.answer["labels"]), client_id=one.client_id)],
        )
        assert stands == []
        assert list(refused) == [one.client_id]
    assert len(events(project)) == 1


def test_a_changed_answer_is_a_new_event_and_the_old_one_is_kept(project):
    record(project, [said(1, "ann", ["growth"])])
    record(project, [said(1, "ann", ["divide"])])
    assert [event.answer["labels"] for event in events(project)] == [["growth"], ["divide"]]
    assert resolve(events(project))[1].answer == {"labels": ["divide"]}
    assert progress(project, "ann").mine == 1


@pytest.mark.parametrize("statement", ["UPDATE event SET answer = '{}'", "DELETE FROM event"])
def test_the_database_itself_refuses_to_change_or_drop_an_event(project, statement):
    record(project, [said(1, "ann", ["growth"])])
    with (
        pytest.raises(DatabaseError, match="only ever added"),
        transaction(project.engine) as connection,
    ):
        connection.execute(text(statement))
    assert len(events(project)) == 1


def test_readers_who_differ_or_are_unsure_leave_nothing_standing_until_somebody_decides(project):
    record(
        project,
        [
            said(1, "ann", ["growth"]),
            said(1, "ben", ["divide"]),
            said(2, "ann", ["growth"]),
            said(2, "ben", ["growth"]),
        ],
    )
    record(project, [said(3, "ann", [], "unsure"), said(4, "ann", [])])
    found = resolve(events(project))
    assert [found[item].status for item in (1, 2, 3, 4)] == ["disputed", "agreed", "unsure", "one reader"]
    assert found[1].answer is found[3].answer is None
    record(project, [said(1, "eve", ["growth", "divide"], "adjudicate"), said(1, "ann", ["security"])])
    assert resolve(events(project))[1].answer == {"labels": ["growth", "divide"]}
    assert resolve(events(project))[1].readers == ("ann", "ben")


def test_what_stands_does_not_depend_on_the_order_in_which_events_are_given():
    def event(number: int, name: str, label: str) -> Event:
        return Event(number, str(number), 1, name, "label", {"labels": [label]}, "", None, "", "")

    known = [event(1, "ann", "growth"), event(2, "ben", "growth"), event(3, "ann", "divide")]
    assert resolve(known) == resolve(reversed(known))


def test_every_commit_is_on_disk_before_it_is_told(project):
    with project.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_database_of_an_earlier_version_is_brought_to_todays_with_its_labels(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
    old = make_project(tmp_path, queue=3)
    enrol(old, "ann")
    record(old, [said(1, "ann", ["growth"])])
    with transaction(old.engine) as connection:
        connection.execute(text("UPDATE event SET note = 'old databases allowed this'"))
    old.engine.dispose()
    monkeypatch.undo()
    new = make_project(tmp_path)
    assert [event.answer for event in events(new)] == [{"labels": ["growth"]}]
    with pytest.raises(DatabaseError), transaction(new.engine) as connection:
        connection.execute(text("DELETE FROM event"))
    new.engine.dispose()


def test_the_tables_are_those_that_the_code_speaks_of(project):
    from sqlalchemy import inspect

    found = inspect(project.engine)
    for table in schema.METADATA.sorted_tables:
        assert {column["name"] for column in found.get_columns(table.name)} == set(table.columns.keys())


def test_a_database_of_a_newer_version_is_left_alone(tmp_path):
    open_database(str(tmp_path / "x.sqlite")).dispose()
    with sqlite3.connect(tmp_path / "x.sqlite") as connection:
        connection.execute("INSERT INTO migration VALUES (99, 'tomorrow')")
    connection.close()
    with pytest.raises(ArtifactError, match="version 99"):
        open_database(str(tmp_path / "x.sqlite"))


def test_a_file_that_is_no_database_is_one_line(tmp_path):
    (tmp_path / "x.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(ArtifactError, match="not a database"):
        open_database(str(tmp_path / "x.sqlite"))


@pytest.mark.parametrize(
    ("place", "kind", "words"),
    [
        ("mysql://h/x", SettingsError, "not supported"),
        ("postgresql://user:hunter2@127.0.0.1:1/x", StorageError, "refuse"),
        ("nowhere/labels.sqlite", SettingsError, "folder"),
        ("://", SettingsError, "no URL"),
    ],
)
def test_a_place_that_cannot_be_used_is_one_line_without_the_password(place, kind, words):
    with pytest.raises(kind, match=words) as caught:
        open_database(place)
    assert "hunter2" not in str(caught.value)


def test_another_codebook_another_form_or_another_text_is_refused(tmp_path):
    make_project(tmp_path, queue=3).engine.dispose()
    with pytest.raises(MismatchError, match="multi-label"):
        make_project(tmp_path, kind="graded")
    corpus = (tmp_path / "corpus.jsonl").read_text(encoding="utf-8")
    (tmp_path / "corpus.jsonl").write_text(corpus.replace("islands. (1)", "isles. (1)"), encoding="utf-8")
    with pytest.raises(MismatchError, match="changed"):
        make_project(tmp_path)
    (tmp_path / "corpus.jsonl").write_text("\n".join(corpus.splitlines()[5:]), encoding="utf-8")
    with pytest.raises(MismatchError, match="not in the corpus"):
        make_project(tmp_path)
    (tmp_path / "codebook.md").write_text("|label|give|\n|--|--|\n|other|always|\n", encoding="utf-8")
    with pytest.raises(MismatchError, match="other"):
        make_project(tmp_path)


def test_one_person_is_one_name(project):
    assert enrol(project, "  Ann ") == "ann"
    assert annotators(project) == ("ann", "ben", "eve")
    for names in (["ann", "ann"], ["ann", "ANN "]):
        with pytest.raises(SettingsError, match="twice"):
            checked_names(names)
    for name in ("", "  ", "a" * 61, "a\0b", "a,b", "a\u202eb"):
        with pytest.raises(SettingsError):
            checked_names([name])


def test_two_processes_that_make_the_database_at_once_make_one(tmp_path):
    import threading

    made, failed = [], []

    def make() -> None:
        try:
            made.append(make_project(tmp_path))
        except Exception as error:
            failed.append(error)

    from annotate.projects import write_corpus

    write_corpus(tmp_path)
    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({project.secret for project in made}) == 1
    for project in made:
        project.engine.dispose()


def test_a_queue_file_with_a_mistake_is_one_line(tmp_path, project):
    from headwinds.doors.annotating import queue_passages

    bad = {
        "passage_id,inclusion_probability\np001,2\n": "above 0",
        "passage_id,inclusion_probability\np001,\np002,0.5\n": "missing",
        "passage_id\np001\np001\n": "already",
        "passage_id\nnowhere\n": "not in the corpus",
        "id\np001\n": "passage_id",
        "passage_id,drawn\np001,maybe\n": "expected 0 or 1",
        "passage_id,drawn\np001,0\n": "no passage",
    }
    for number, (content, words) in enumerate(bad.items()):
        path = tmp_path / f"queue{number}.csv"
        path.write_text(content)
        with pytest.raises((DataError, MismatchError), match=words) as caught:
            queue_passages(project, path)
        assert "\n" not in str(caught.value)
