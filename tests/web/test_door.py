"""Whoever asks whether a server is alive waits for nobody; everybody else is served as ever; a stuck server is not alive."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

SERVER = """
import resource, sys, time
if len(sys.argv) > 1:
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
import headwinds.web.door as door
from headwinds.web.listening import Address, run
door.SECONDS_WITHOUT_A_TURN = 2.5

async def application(scope, receive, send):
    path = scope["path"]
    if path.startswith("/busy"):
        time.sleep(float(path.removeprefix("/busy/")))  # the loop itself is held
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

run(application, Address(port=0), ready=lambda at: print(at, flush=True), probes=("/health",))
"""


@pytest.fixture
def port():
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
        process.terminate()
        assert process.wait(20) is not None


def ask(port: int, path: str, timeout: float = 20) -> tuple[int, dict[str, str]]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.read() == b"ok"
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def test_health_is_answered_while_the_loop_of_all_other_requests_is_held(port: int) -> None:
    assert ask(port, "/health")[0] == 200
    holding = threading.Thread(target=ask, args=(port, "/busy/2"))
    holding.start()
    time.sleep(0.5)
    started = time.monotonic()
    status, headers = ask(port, "/health")
    took = time.monotonic() - started
    assert holding.is_alive()  # so that it did overtake it
    assert status == 200
    assert headers["connection"] == "close"  # what follows on it would come before others, too
    assert took < 1.5
    holding.join()


def test_who_is_told_the_address_is_answered_at_once() -> None:
    asking = """
import os, signal, urllib.request
def ask(at):
    print(urllib.request.urlopen(at + "health", timeout=5).status, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
"""
    script = SERVER.replace("ready=lambda at: print(at, flush=True)", "ready=ask")
    done = subprocess.run(
        [sys.executable, "-c", asking + script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "200\n", done.stderr


def test_a_server_whose_loop_is_stuck_is_not_said_to_be_alive(port: int) -> None:
    assert ask(port, "/health")[0] == 200
    holding = threading.Thread(target=ask, args=(port, "/busy/5"))
    holding.start()
    time.sleep(3)
    with pytest.raises(TimeoutError):
        ask(port, "/health", timeout=1)
    holding.join()
    assert ask(port, "/health")[0] == 200  # and it is again


def test_who_speaks_late_or_in_parts_is_answered_and_who_asks_twice_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        time.sleep(0.2)
        connection.sendall(b"GET /hea")
        time.sleep(0.2)
        connection.sendall(b"lth HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        for path in ("/", "/health", "/other"):
            connection.request("GET", path)
            assert connection.getresponse().read() == b"ok"


def test_who_keeps_its_connection_is_let_go_after_a_probe_so_that_the_next_one_waits_for_nobody(
    port: int,
) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.read() == b"ok"
        assert answer.getheader("connection") != "close"  # who asks for anything else keeps it
        kept = connection.sock
        connection.request("GET", "/health")  # on the same one: not through the door
        assert connection.sock is kept
        answer = connection.getresponse()
        assert answer.read() == b"ok"
        assert answer.getheader("connection") == "close"
        holding = threading.Thread(target=ask, args=(port, "/busy/3"))
        holding.start()
        time.sleep(0.5)
        started = time.monotonic()
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b"ok"
        took = time.monotonic() - started
        assert holding.is_alive()
        assert took < 1.5
    holding.join()


def test_hundreds_who_say_nothing_keep_nobody_out(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(900)]
    try:
        assert ask(port, "/health", timeout=5)[0] == 200
        assert ask(port, "/", timeout=5)[0] == 200
    finally:
        for one in silent:
            one.close()


@pytest.mark.parametrize("said", [b"", b"G"], ids=["silent", "begun"])
def test_more_connections_than_descriptors_keep_nobody_out_and_no_processor_busy(said: bytes) -> None:
    command = [sys.executable, "-c", SERVER, "256"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        contextlib.ExitStack() as kept,
    ):
        kept.callback(process.terminate)
        assert process.stdout is not None
        port = int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
        for _ in range(300):
            connection = kept.enter_context(socket.create_connection(("127.0.0.1", port)))
            with contextlib.suppress(OSError):  # it had to leave already
                connection.sendall(said)
        before = processor_seconds(process.pid)
        assert ask(port, "/health")[0] == ask(port, "/x")[0] == 200
        time.sleep(0.5)
        assert processor_seconds(process.pid) - before < 0.3


def processor_seconds(process: int) -> float:
    told = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
