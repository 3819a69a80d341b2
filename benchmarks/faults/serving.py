"""C2, C3, D2 to D11: hostile models, and a server in hostile and crowded use; the suite holds smaller ones of the same.

    python -m benchmarks.faults.serving FITTED [--seconds 600] [--overload 60]

FITTED is a folder that `tests/registry/fitted.py` makes (``make_fitted(Path(...))``). Of times, two are promised: `/health`
answers within 100 ms, and after an overload the others do within ten seconds.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import numpy as np
from benchmarks.machine import write_table
from benchmarks.serving.health import probed

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from registry.fitted import Fitted  # noqa: E402
from serve.servers import Server, served  # noqa: E402
from serve.test_hostile_requests import head, memory  # noqa: E402
from serve.test_serving import PATH, ROWS, rows_of  # noqa: E402

TOKEN = "a-key-of-the-test-0123"
SPELLINGS = [
    base + end
    for base in (
        "..", "../..", "..%2f..", "%2e%2e%2f", "%252e%252e%252f", "..%5c..", "..;/", "%00", "~", "//", "file:%2f%2f%2f",
        "%5c%5chost%5c", "%ef%bc%8e%ef%bc%8e%ef%bc%8f", "CON", "NUL", "speeches%00", "speeches.", "speeches%20", "SPEECHES",
        "speeches%2f..%2fspeeches", "a" * 300, "%c0%ae%c0%ae",
    )
    for end in ("", "etc%2fpasswd", "model.json")
]  # fmt: skip
ROUTES = ("/", "/docs", "/static/app.js", "/metrics", "/openapi.json", "/v1/models", "/v1/models/speeches", PATH,
          "/v1/models/speeches/explain", "/v1/models/speeches/run/report.html", "/v1/chat/completions", "/v1/completions",
          "/health", "/ready", "/nothing")  # fmt: skip
OPEN = {"/", "/docs", "/static/app.js", "/health", "/ready"}
LONGEST_PROBE = 100
"""Milliseconds; D3."""
VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO")


def crowd(server: Server, fitted: Fitted, clients: int, seconds: float) -> list[str]:
    """D2: valid and invalid requests, each answer compared; health meanwhile."""
    rows = [row for row in rows_of(fitted) if row["text"]][:40]
    right = [server.predict([row])[1]["predictions"] for row in rows]
    statuses: collections.Counter[int] = collections.Counter()
    wrong, end = [0], time.monotonic() + seconds

    def client(number: int) -> None:
        generator = random.Random(number)
        while time.monotonic() < end:
            if generator.random() < 0.25:
                bad = generator.choice([b'{"rows": 5}', b"[", b'{"rows": [{"text": 1}]}', b'{"rows": []}'])
                status = server.ask("POST", PATH, bad)[0]
                wrong[0] += status not in (422, 429)
            else:
                which = generator.randrange(len(rows))
                status, found = server.predict([rows[which]])
                wrong[0] += status not in (200, 429) or (
                    status == 200 and found["predictions"] != right[which]
                )
            statuses[status] += 1

    before, held = memory(server), descriptors(server)
    asking = probed(server.port, seconds)
    in_threads([lambda n=n: client(n) for n in range(clients)])
    healthy, late = health_of(asking)
    grown, more = memory(server) - before, descriptors(server) - held
    words = (
        f"{clients} clients for {seconds:g} s, one request in four invalid, each answer compared: {told(statuses)}; "
        f"memory {grown / before:+.1%}, descriptors {more:+d}; {healthy}"
    )
    broken = wrong[0] + late + (more > 8) + (grown > 0.05 * before)
    return ["D2", words, f"{sum(statuses.values()):,}", str(broken)]


def overload(server: Server, seconds: float) -> list[str]:
    """D3: much more than it can compute; then an ordinary request."""
    large = {"rows": [{"text": "technology raises growth " * 400}] * 150}
    statuses: collections.Counter[int] = collections.Counter()
    end = time.monotonic() + seconds

    def client() -> None:
        while time.monotonic() < end:
            status, headers, _ = server.ask("POST", PATH, large)
            statuses[status if status != 429 or headers.get("retry-after") else 0] += 1

    asking = probed(server.port, seconds)
    in_threads([client] * 16)
    start = time.monotonic()
    while server.ask("POST", PATH, {"rows": ROWS})[0] != 200 and time.monotonic() - start < 60:
        time.sleep(0.05)
    recovered = time.monotonic() - start
    healthy, late = health_of(asking)
    broken = sum(count for status, count in statuses.items() if status not in (200, 429, 503)) + late
    words = f"16 clients x 150 long rows for {seconds:g} s: {told(statuses)}; answered again after {recovered:.1f} s; "
    words += healthy
    return ["D3", words, f"{sum(statuses.values()):,}", str(broken + (recovered > 10))]


def health_of(asking: subprocess.Popen[str]) -> tuple[str, int]:
    """What a prober in a process of its own saw of `/health`, and how often it waited for more than 100 ms."""
    times = 1000 * np.array(json.loads(asking.communicate()[0]))
    late = int((times > LONGEST_PROBE).sum())
    middle, slow, worst = np.percentile(times, [50, 99, 100])
    words = f"{len(times):,} x /health: p50 {middle:.1f} ms, p99 {slow:.1f} ms, slowest {worst:.1f} ms"
    return words, late


def slow(server: Server, connections: int) -> list[str]:
    """D5: a byte every five seconds, headers or body; others are answered meanwhile."""
    begins = (b"GET / HTTP/1.1\r\nHost: localhost\r\n", head(server, "Content-Length: 1000"))
    there = {}
    for number in range(connections):
        one = socket.create_connection(("127.0.0.1", server.port))
        one.sendall(begins[number % 2])
        one.settimeout(0.001)
        there[one] = number % 2
    start, late, slowest, last = time.monotonic(), 0, [], 0.0
    while there and time.monotonic() - start < 75:
        if time.monotonic() - last >= 5:
            last = time.monotonic()
            for one in list(there):
                with contextlib.suppress(OSError):
                    one.sendall(b"x")
        for one in list(there):
            try:
                gone = not one.recv(4096) or there[one] == 1  # a body that took too long is answered 408
            except TimeoutError:
                continue
            except OSError:
                gone = True
            if gone:
                late += time.monotonic() - start > (15, 60)[there[one]]
                one.close()
                del there[one]
        began = time.monotonic()
        if server.ask("POST", PATH, {"rows": ROWS})[0] == 200:
            slowest.append(time.monotonic() - began)
        time.sleep(0.2)
    took = time.monotonic() - start
    words = f"{connections} connections at a byte in 5 s: the last cut off after {took:.0f} s; {len(slowest)} answers, "
    return ["D5", words + f"the slowest in {max(slowest):.2f} s", str(connections), str(late + len(there))]


def spellings(server: Server, draws: int) -> list[str]:
    """D6: no spelling of a name is anything; no file comes or goes."""
    folder = server.log.parent
    before = {path: path.stat().st_size for path in folder.rglob("*") if path.name != "log.jsonl"}
    generator, broken = random.Random(0), 0
    statuses: collections.Counter[int] = collections.Counter()
    alphabet = "./\\%;~:*?&#+ \0ab2eEfF5cC．。"
    drawn = ["".join(generator.choices(alphabet, k=generator.randint(1, 24))) for _ in range(draws)]
    names = [*SPELLINGS, *(urllib.parse.quote(one, safe="%;~:*+.") for one in drawn)]
    for number, name in enumerate(names):
        own = f"/v1/models/{name}"
        routes = [
            ("GET", own), ("POST", f"{own}/predict"), ("POST", f"{own}/explain"), ("GET", f"{own}/run/report.html"),
            ("GET", f"/v1/models/speeches/run/{name}"), ("GET", f"/static/{name}"),
        ]  # fmt: skip
        for method, path in routes if number < len(SPELLINGS) else (routes[number % 6],):
            body = {"rows": ROWS} if method == "POST" else None
            status = server.ask(method, path, body)[0]
            while status in (429, 503):  # too many at once: the name is not looked at, and asked again
                time.sleep(0.2)
                status = server.ask(method, path, body)[0]
            statuses[status] += 1
            broken += status not in (400, 404, 405)
    after = {path: path.stat().st_size for path in folder.rglob("*") if path.name != "log.jsonl"}
    changed = {
        path
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and "wal" not in path.name
    }
    words = f"{len(SPELLINGS)} spellings x 6 routes and {draws} drawn names: {told(statuses)}; files changed: {len(changed)}"
    return ["D6", words, str(sum(statuses.values())), str(broken + len(changed))]


def verbs(server: Server) -> list[str]:
    """D7: every route by every verb, without a key and with wrong ones."""
    asked = broken = 0
    for path in ROUTES:
        for verb in VERBS:
            for key in ("", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
                status, _, body = server.ask(verb, path, token=key)
                asked += 1
                broken += status not in ((200, 405) if path in OPEN else (401,)) or b"speeches" in body
    return [
        "D7",
        f"{len(ROUTES)} routes x {len(VERBS)} verbs x 5 wrong keys: 401, or a page that tells nothing",
        str(asked),
        str(broken),
    ]


def leavers(server: Server, count: int) -> list[str]:
    """D11: callers who leave at once; nothing is computed for them."""
    body = b'{"rows": [' + b",".join([b'{"text": "' + b"technology raises growth " * 40 + b'"}'] * 40) + b"]}"
    sent = head(server, f"Content-Length: {len(body)}") + body
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(sent)
    start = time.monotonic()
    while server.ask("POST", PATH, {"rows": ROWS})[0] != 200 and time.monotonic() - start < 30:
        time.sleep(0.05)
    took = time.monotonic() - start
    return [
        "D11",
        f"callers who leave at once; another is answered after {took:.2f} s",
        str(count),
        str(int(took > 10)),
    ]


def malicious(fitted: Fitted) -> list[list[str]]:
    """C2, C3: every malicious checkpoint, model and configuration at every door, in a process that notes connections."""
    with tempfile.TemporaryDirectory() as place:
        command = [
            sys.executable,
            "-m",
            "registry.malice",
            str(fitted.folder / "checkpoint"),
            str(fitted.good / "model"),
            place,
        ]
        path = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
        )
        canary = (Path(place) / "canary").exists()
    found = json.loads(done.stdout.splitlines()[-1])
    rows = []
    for code, what, kinds in (
        ("C2", "malicious checkpoints and models", ("weights", "model", "registry")),
        ("C3", "configurations that ask for code or for another place", ("configuration",)),
        ("C3", "tokenizers that explode, or are none", ("tokenizer",)),
        ("C3", "chat templates that loop, grow or reach out", ("template",)),
    ):
        cases = {case: said for case, said in found["outcome"].items() if case.startswith(kinds)}
        wrong = (
            sum(set(said.split(", ")) != {"refused"} for said in cases.values()) + canary + len(found["seen"])
        )
        different = len({case.partition(": ")[2] for case in cases})
        words = (
            f"{different} {what}, each at its doors; connections and programs started: {len(found['seen'])}"
        )
        rows.append([code, words, str(sum(said.count("refused") for said in cases.values())), str(wrong)])
    return rows


def descriptors(server: Server) -> int:
    """Open files of the server."""
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def told(statuses: collections.Counter[int]) -> str:
    """How often each status came."""
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))


def in_threads(tasks) -> None:
    """All at once."""
    threads = [threading.Thread(target=task) for task in tasks]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("fitted", type=Path)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--overload", type=float, default=60)
    parser.add_argument("--draws", type=int, default=10_000)
    arguments = parser.parse_args()
    fitted = Fitted(arguments.fitted)
    rows = malicious(fitted)
    print(rows, flush=True)
    with tempfile.TemporaryDirectory() as place:
        models = ["--model", str(fitted.good), "--name", "speeches"]
        with served(Path(place), *models, token=TOKEN) as server:
            for work in (
                lambda: [verbs(server)],
                lambda: [leavers(server, 1000)],
                lambda: [spellings(server, arguments.draws)],
                lambda: [crowd(server, fitted, 64, arguments.seconds)],
                lambda: [overload(server, arguments.overload)],
                lambda: [slow(server, 500)],
            ):
                rows += work()
                print(rows[-1], flush=True)
            said = server.stop()
        hits = said.count(TOKEN) + said.count("technology raises") + said.count("Traceback")
        rows.append(
            [
                "D8",
                "lines of the server's log searched for the key, texts, tracebacks",
                str(said.count("\n")),
                str(hits),
            ]
        )
    write_table(
        Path(__file__).parent / "serving.md",
        "Hostile models and callers",
        "What was done to a small real model and to a server of it, how often, and how often a promise was broken.",
        ["", "fault", "times", "promises broken"],
        sorted(rows, key=lambda row: (row[0][0], int(row[0][1:]))),
        f"python -m benchmarks.faults.serving FITTED --seconds {arguments.seconds:g} --overload {arguments.overload:g} "
        f"--draws {arguments.draws}",
    )


if __name__ == "__main__":
    main()
