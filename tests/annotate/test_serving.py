"""The server as a process: who may reach it, how long it waits, what it writes into its log, how the command speaks."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from annotate.projects import Client, answer, make_project, served
from headwinds.cli.main import main
from headwinds.errors import SettingsError
from headwinds.web import listening
from headwinds.web.listening import Address, check_address

TOKEN = "a-token-of-the-test-0123"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (Address("0.0.0.0"), "no token"),
        (Address("192.168.1.5"), "no token"),
        (Address("example.org"), "no token"),
        (Address("::"), "no token"),
        (Address("127.0.0.1", token="short"), "characters"),
        (Address("0.0.0.0", token=TOKEN), "allowed-host"),
        (Address("127.0.0.1", port=70000), "port"),
    ],
)
def test_a_server_that_others_could_reach_does_not_start_unprotected(address, words):
    with pytest.raises(SettingsError, match=words):
        check_address(address)


def test_a_server_answers_to_its_own_names_only():
    assert set(check_address(Address())) == {"127.0.0.1", "localhost", "[::1]"}
    assert "labels.example.org" in check_address(
        Address("0.0.0.0", token=TOKEN, allowed_hosts=("labels.example.org",))
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    make_project(folder, queue=12).engine.dispose()
    with served(folder) as running:
        yield running


def test_what_was_answered_is_seen_by_the_next_who_asks(server):
    client = Client(server.port)
    assert client.enter("ann") == 303
    first = client.get("/api/queue?count=1")["items"][0]
    status, reply = client.post([answer(first["item"], ["growth"], note="谢谢", seconds=2.5)])
    assert (status, reply["progress"]["mine"]) == (200, 1)
    again = Client(server.port)
    again.enter("ann")
    assert again.get("/api/mine")["items"][0]["given"] == {
        "kind": "label",
        "answer": {"labels": ["growth"]},
        "note": "谢谢",
    }
    assert again.get("/api/queue?count=1")["items"][0]["item"] != first["item"]


def test_a_chinese_passage_says_its_language(server):
    client = Client(server.port)
    client.enter("li")
    languages = {item["passage_id"]: item["language"] for item in client.get("/api/queue?count=50")["items"]}
    assert languages.get("p003", "zh") == "zh"
    assert set(languages.values()) <= {"", "zh"}


def test_a_connection_that_does_not_send_its_headers_is_closed_and_others_are_served(tmp_path):
    """After ten seconds; here after two."""
    assert listening.SECONDS_FOR_HEADERS <= 10
    make_project(tmp_path, queue=5).engine.dispose()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(served(tmp_path, impatient=True))
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(500)]
        for one in slow:
            one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        start = time.monotonic()
        assert Client(server.port).request("GET", "/health")[0] == 200
        assert time.monotonic() - start < 1
        slow[0].settimeout(7)
        assert slow[0].recv(1) == b""
        assert time.monotonic() - start < 7


def test_the_log_has_no_text_no_answer_and_no_name(tmp_path):
    make_project(tmp_path, queue=5).engine.dispose()
    with served(tmp_path) as running:
        client = Client(running.port)
        client.enter("canary-name")
        item = client.get("/api/queue")["items"][0]
        client.post([answer(item["item"], ["growth"], note="canary-note")])
        client.post([{**answer(item["item"], ["growth"]), "note": 5}])
        client.request("GET", "/api/context?item=1")
        client.request("GET", "/canary-path")
        (tmp_path / "labels.sqlite").rename(tmp_path / "gone.sqlite")
        (tmp_path / "labels.sqlite").mkdir()  # the database is taken away under it
        client.request("GET", "/api/queue")
        running.kill()
        said = "".join(running.errors)
    assert not re.search("canary|Broadband|islands|growth", said)


def test_the_command_stops_cleanly_and_keeps_what_was_answered(tmp_path):
    make_project(tmp_path, queue=5).engine.dispose()
    with served(tmp_path) as running:
        client = Client(running.port)
        client.enter("ann")
        client.post([answer(1, ["growth"])])
        running.process.send_signal(signal.SIGINT)
        _, said = running.process.communicate(timeout=20)
        assert running.process.returncode == 130
        assert said.count("\n") == 1
        running.process = None
    project = make_project(tmp_path)
    from headwinds.annotate.store import events

    assert len(events(project)) == 1
    project.engine.dispose()


def command(folder, *arguments: str) -> list[str]:
    files = ["--corpus", str(folder / "corpus.jsonl"), "--codebook", str(folder / "codebook.md")]
    return ["annotate", *files, "--database", str(folder / "labels.sqlite"), *arguments]


def test_queue_import_agreement_and_export_on_the_command_line(tmp_path, capsys):
    make_project(tmp_path).engine.dispose()
    rows = [
        {
            "passage_id": f"p{number:03d}",
            "labels": ["growth"] if number % 3 else [],
            "inclusion_probability": 0.5,
        }
        for number in range(40)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    rows[4]["labels"] = rows[7]["labels"] = []
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(command(tmp_path, "--import", str(tmp_path / "a.jsonl"), "--as", "ann")) == 0
    assert main(command(tmp_path, "--import", str(tmp_path / "b.jsonl"), "--as", "ben", "--agreement")) == 0
    said = capsys.readouterr().out
    assert "growth: alpha 0.8" in said
    assert "W371" in said
    assert main(command(tmp_path, "--export", str(tmp_path / "gold.jsonl"))) == 2
    assert "differ" in capsys.readouterr().err
    assert main(command(tmp_path, "--export", str(tmp_path / "gold.jsonl"), "--unsettled", "leave-out")) == 0
    assert "W374" in capsys.readouterr().out
    assert len((tmp_path / "gold.jsonl").read_text().splitlines()) == 38


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["annotate"], "Name a study file, or a corpus and a codebook"),
        (["annotate", "nowhere.toml"], "nowhere.toml"),
        (["--propose", "10", "--strategy", "best"], "best"),
        (["--double-share", "2"], "double_share"),
        (["--kind", "stars"], "stars"),
        (["--kind", "graded", "--grades", "12"], "grades"),
        (["--queue", "nowhere.csv"], "nowhere.csv"),
        (["--import", "nowhere.jsonl", "--as", "ann"], "nowhere.jsonl"),
        (["--export", "x.jsonl", "--format", "xml"], "xml"),
        (["--database", "mysql://x/y"], "not supported"),
        ([], "nothing to read"),
        (["--propose", "10", "--serve", "--host", "0.0.0.0"], "no token"),
        (["--propose", "10", "--serve", "--annotators", "ann,Ann"], "twice"),
        (["--propose", "10", "--serve", "--annotators", "ann", "--adjudicators", "eve"], "eve"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(tmp_path, capsys, monkeypatch, arguments, words):
    from annotate.projects import write_corpus

    monkeypatch.delenv("HEADWINDS_TOKEN", raising=False)
    write_corpus(tmp_path)
    given = arguments if arguments[:1] == ["annotate"] else command(tmp_path, *arguments)
    assert main(given) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("library", "extra"), [("sqlalchemy", "annotate"), ("uvicorn", "annotate"), ("psycopg", "postgresql")]
)
def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(tmp_path, library, extra):
    make_project(tmp_path, queue=3).engine.dispose()
    database = "postgresql://127.0.0.1:1/x" if library == "psycopg" else str(tmp_path / "labels.sqlite")
    program = f"""
import importlib.util, sys
there = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == {library!r} else there(name, *more)
from headwinds.cli.main import main
sys.exit(main({[*command(tmp_path), "--database", database]!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"pip install 'headwinds[{extra}]'" in done.stderr
