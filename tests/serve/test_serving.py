"""The server as a process: the same numbers through three doors, hot swap under load, what a hostile request meets."""

from __future__ import annotations

import contextlib
import csv
import http.client
import json
import socket
import threading
import time

import pytest

from headwinds import predict_file
from headwinds.cli.main import main
from headwinds.doors.registering import add_model, promote_model, rollback_model
from serve.conftest import make_registry
from serve.servers import served

PATH = "/v1/models/speeches/predict"
ROWS = [{"id": "a", "text": "technology raises growth"}, {"id": "b", "text": "数字鸿沟 grows"}]


def rows_of(fitted):
    with fitted.test.open(encoding="utf-8", newline="") as file:
        return [{"id": f"r{n}", "text": row["text"]} for n, row in enumerate(csv.DictReader(file))]


def test_three_doors_give_the_same_bytes(server, fitted, tmp_path):
    rows = rows_of(fitted)
    for number, some in enumerate((rows, rows[:1], rows[3:20], rows[::-1])):
        file = tmp_path / f"{number}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in some))
        predict_file(fitted.good, file, tmp_path / "python.jsonl")
        command = [
            "predict",
            "--model",
            str(fitted.good),
            "--input",
            str(file),
            "--output",
            str(tmp_path / "cli.jsonl"),
        ]
        assert main(command) == 0
        status, headers, body = server.ask("POST", PATH, {"rows": some}, accept="application/x-ndjson")
        assert status == 200
        assert body == (tmp_path / "python.jsonl").read_bytes() == (tmp_path / "cli.jsonl").read_bytes()
        assert len(headers["headwinds-version"]) == 64


def test_the_same_rows_have_the_same_bytes_whoever_else_asks_at_the_time(server, fitted):
    rows = rows_of(fitted)
    alone = [server.predict([row])[1]["predictions"] for row in rows[:24]]
    together: list = [None] * 24

    def ask(number):
        together[number] = server.predict([rows[number]])[1]["predictions"]

    at_once([lambda number=number: ask(number) for number in range(24)])
    assert together == alone


def at_once(tasks):
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_small_answers_on_a_kept_connection_wait_for_no_acknowledgement(server):
    # Without TCP_NODELAY the body waits for the acknowledgement of the headers: 40 ms on Linux, each time.
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
    seconds = []
    with contextlib.closing(connection):
        for _ in range(60):
            start = time.perf_counter()
            connection.request("GET", "/health")
            connection.getresponse().read()
            seconds.append(time.perf_counter() - start)
    assert min(seconds[30:]) < 0.03


def test_models_card_health_metrics_and_openapi_are_told(server):
    models = json.loads(server.ask("GET", "/v1/models")[2])["models"]
    assert [(one["name"], one["task"], one["number"]) for one in models] == [
        ("speeches", "text-classification", 1)
    ]
    card = json.loads(server.ask("GET", "/v1/models/speeches")[2])
    assert card["card"]["licence"] == "CC0"
    assert card["card"]["metrics"]["macro_f1"][0] > 0.8
    assert server.ask("GET", "/health", token="")[0] == server.ask("GET", "/ready", token="")[0] == 200
    server.predict(ROWS)
    metrics = server.ask("GET", "/metrics")[2].decode()
    assert f'headwinds_requests_total{{route="{PATH.replace("speeches", "{name}")}",status="200"}}' in metrics
    document = json.loads(server.ask("GET", "/openapi.json")[2])
    assert PATH in document["paths"]


def asked_names(document):
    """Every name that a caller can send: parameters, and what bodies hold."""
    found = set()

    def walk(value):
        if isinstance(value, dict):
            found.update(value.get("properties", {}))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    for methods in document["paths"].values():
        for one in methods.values():
            found.update(parameter["name"] for parameter in one.get("parameters", []))
            walk(one.get("requestBody"))
    return found


def test_no_parameter_of_the_server_is_a_place_to_fetch_or_to_load(server):
    document = json.loads(server.ask("GET", "/openapi.json")[2])
    assert asked_names(document) == {"version", "rows", "row", "label", "id", "text", "text_b"}


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/models",
        "/v1/models/speeches",
        PATH,
        "/metrics",
        "/openapi.json",
        "/nothing",
        "//",
        "/v1/../health",
    ],
)
def test_without_the_right_key_nothing_is_told(server, method, path):
    for key in ("", "a-key-of-the-test-0124", "a-key-of-the-test-0123x", "x"):
        status, _, body = server.ask(method, path, token=key)
        assert status in (401, 405)
        assert b"speeches" not in body


@pytest.mark.parametrize(
    "host", ["evil.example", "a/?x=", "localhost/health", "127.0.0.1:1@evil.example", "localhost#", "health"]
)
def test_a_crafted_host_header_opens_nothing(server, host):
    assert server.ask("GET", "/v1/models", token="", host=host)[0] in (401, 421)
    assert server.ask("GET", "/v1/models", host=host)[0] == 421


@pytest.mark.parametrize(
    "name",
    ["..", "../x", "..%2fx", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%252e%252e", "..%5cx", "x;y", "%00", "etc/passwd", "~",
     "CON",
     "file:%2f%2f%2fx", "%ef%bc%8e%ef%bc%8e", "speeches.", "speeches%20", "SPEECHES", "a" * 300, "speeches%2f..%2fspeeches",
     "%5c%5chost%5cshare", "*", "speeches%00"],
)  # fmt: skip
def test_no_spelling_of_a_name_reaches_a_file(server, name):
    for path in (f"/v1/models/{name}", f"/static/{name}"):
        assert server.ask("GET", path)[0] == 404
    assert server.ask("POST", f"/v1/models/{name}/predict", {"rows": ROWS})[0] in (404, 405)
    assert server.predict(ROWS)[0] == 200


def test_bodies_that_cannot_be_used_are_refused_at_once(server):
    start = time.monotonic()
    deep = b'{"rows": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    cases = [
        (b"x" * 2_000_001, {}, 413),
        (b'{"rows": [' + b"0," * 990_000 + b"0]}", {}, 422),
        (deep, {}, 422),
        (b"{}", {}, 422),
        (b"[]", {}, 422),
        (b'{"rows": []}', {}, 422),
        (b'{"rows": [{}]}', {}, 422),
        (b'{"rows": [{"text": 1000000000}]}', {}, 422),
        (b'{"rows": [{"text": NaN}]}', {}, 422),
        (b'{"rows": [{"text": "x", "weight": 1e400}]}', {}, 422),
        (b'{"rows": [{"text": "\\ud800"}]}', {}, 422),
        (b'{"rows": [{"text": "x", "text_b": {}}]}', {}, 422),
        (b'{"rows": [{"text": "x", "id": 5}]}', {}, 422),
        (b'{"rows": [{"text": "x"}], "n": 1000000000}', {}, 422),
        (b'{"rows": [' + b'{"text": "x"},' * 256 + b'{"text": "x"}]}', {}, 422),
        (b"\xff\xfe", {}, 422),
        (b"1" * 100_000, {}, 422),
        (b"x", {"content_type": "multipart/form-data; boundary=x"}, 415),
        (b"x", {"content_encoding": "gzip"}, 415),
    ]
    for body, headers, expected in cases:
        assert server.ask("POST", PATH, body, **headers)[0] == expected, body[:40]
    for query in (
        "version=0",
        "version=1000000000",
        "version=1&version=2",
        "path=x",
        "version=-1",
        "version=１",
    ):
        status = server.ask(
            "POST", f"{PATH}?{query.encode().hex() if not query.isascii() else query}", {"rows": ROWS}
        )[0]
        assert status == 422
    assert server.ask("POST", PATH + "?version=7", {"rows": ROWS})[0] == 404
    assert time.monotonic() - start < 20
    assert server.predict(ROWS)[0] == 200


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_rows_with_one_id_are_refused_as_in_a_file(server, accept):
    for second, before in (({"id": "a"}, 1), ({}, 1)):
        first = {"id": second.get("id", "row 3"), "text": "growth"}
        rows = [first, {"text": "growth"}, {**second, "text": "trade"}]
        status, _, said = server.ask("POST", PATH, {"rows": rows}, accept=accept)
        assert status == 422
        told = json.loads(said)["error"]
        assert told == f"Row 3 has the id of row {before}; give each row an id of its own, or leave id out."
    ids = [{"id": "", "text": "growth"}, {"text": "growth"}, {"id": "", "text": "growth"}]
    assert server.predict(ids)[0] == 200  # an empty one is none


def test_a_row_without_a_key_is_told_which_and_the_nearest_that_it_has(server):
    for row, words in (
        ({"id": "one of its own"}, "row 2: there is no key 'text'. Columns of this task: text, "),
        ({"txet": "growth"}, "row 2: there is no key 'text'. Did you mean 'txet'?"),
        ({"text": ""}, "row 2: text is empty."),
    ):
        status, said = server.predict([ROWS[0], row])
        assert (status, said["error"][: len(words)]) == (422, words)


def test_a_body_that_declares_a_hundred_megabytes_is_refused_before_it_is_sent(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(4096)


def test_the_pages_say_nothing_of_the_models_and_run_no_script_of_others(server):
    for path in ("/", "/docs", "/static/app.js", "/static/api.js", "/static/style.css"):
        status, headers, body = server.ask("GET", path, token="")
        assert status == 200
        assert "script-src 'self'" in headers["content-security-policy"]
        assert b"speeches" not in body
        assert b"innerHTML" not in body


@pytest.mark.slow
def test_a_promotion_under_load_of_200_clients_loses_no_request_and_rolls_back(tmp_path, fitted, gate):
    registry = make_registry(tmp_path, fitted, gate)
    good, better = (predictions_of(model, fitted, tmp_path) for model in (fitted.good, fitted.better))
    assert good != better
    rows = rows_of(fitted)
    answers: list[tuple[int, int, bool]] = []
    stop = threading.Event()
    with served(tmp_path, "--registry", "registry") as server:

        def client(number):
            row = rows[number % len(rows)]
            while not stop.is_set():
                status, found = server.predict([row])
                if status != 200:
                    answers.append((status, 0, False))
                    continue
                right = {1: good, 2: better}[found["number"]][number % len(rows)]
                answers.append((status, found["number"], found["predictions"] == [right]))

        clients = [threading.Thread(target=client, args=(number,)) for number in range(200)]
        for one in clients:
            one.start()
        add_model(registry, "speeches", fitted.better)
        assert promote_model(registry, "speeches", gate).promoted
        wait_for(server, 2)
        rollback_model(registry, "speeches")
        wait_for(server, 1)
        stop.set()
        for one in clients:
            one.join()
    registry.engine.dispose()
    assert {status for status, _, _ in answers} == {200}
    assert {number for _, number, _ in answers} == {1, 2}
    assert all(right for _, _, right in answers)
    assert len(answers) >= 200


def predictions_of(model, fitted, folder):
    """Of each row of the test file alone."""
    from headwinds.adapt.fitted_model import load_model
    from headwinds.adapt.prediction import predict_examples
    from headwinds.adapt.tasks.contract import Row

    loaded = load_model(model / "model")
    found = []
    for row in rows_of(fitted):
        examples = loaded.task.read([Row("x", row)], labelled=False)
        found.append({"id": row["id"], **predict_examples(loaded, examples)[0]})
    return found


def wait_for(server, number):
    for _ in range(300):
        if json.loads(server.ask("GET", "/v1/models")[2])["models"][0]["number"] == number:
            return
        time.sleep(0.1)
    raise AssertionError(f"version {number} was never served")


@pytest.mark.slow
def test_a_restart_finishes_what_is_under_way_and_the_log_has_no_text_and_no_key(tmp_path, fitted, gate):
    make_registry(tmp_path, fitted, gate).engine.dispose()
    key = "canary-key-0123456789"
    statuses = []
    with served(tmp_path, "--registry", "registry", token=key, cold=True) as server:
        rows = [
            {"id": f"canary-id-{number}", "text": "canary technology raises growth"} for number in range(100)
        ]
        server.ask("POST", PATH, b"canary")
        server.ask("GET", "/canary-path?canary=1")
        server.ask("POST", PATH, {"rows": [{"text": "canary"}]}, token="canary-wrong-key")
        server.ask("POST", PATH, {"rows": [{"text": "canary", "text_b": 5}]})

        def ask():
            try:
                statuses.append(server.predict(rows)[0])
            except OSError:
                statuses.append(0)  # refused: it had stopped listening

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for one in threads:
            one.start()
        time.sleep(0.2)
        said = server.stop()
        for one in threads:
            one.join()
        assert server.process.returncode in (143, -15, 0)
    assert set(statuses) <= {0, 200}
    assert 200 in statuses
    assert "canary" not in said
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert any(one["event"] == "request" and one.get("rows") == 100 for one in events)


def test_a_thousand_callers_who_leave_are_not_computed_for_and_cost_nothing_later(server):
    body = json.dumps({"rows": [{"text": "technology raises growth " * 40}] * 40}).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for _ in range(1000):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(head + body)
    start = time.monotonic()
    for _ in range(40):
        status = server.ask("POST", PATH, {"rows": ROWS})[0]
        if status == 200:
            break
        time.sleep(0.25)
    assert status == 200
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Name a registry or a model"),
        (["--registry", "nowhere"], "not there"),
        (["--model", "nowhere"], "nowhere"),
        (["--model", "x", "--host", "0.0.0.0"], "no token"),
        (["--model", "x", "--name", "../x"], "name"),
        (["--model", "x", "--most-rows", "0"], "most_rows"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(capsys, monkeypatch, tmp_path, arguments, words):
    monkeypatch.delenv("HEADWINDS_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
