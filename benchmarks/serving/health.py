"""How long `/health` takes while 200 clients ask for predictions without a pause, the probes in a process of their own.

    python -m benchmarks.serving.health FITTED [--clients 0 16 200] [--seconds 15]

FITTED is the folder of a fitted model. A probe opens a connection, asks, and closes it, ten times a second, as an
orchestrator does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from benchmarks.machine import write_table
from benchmarks.serving.run import free_port, load, started

WORDS = [
    "technology",
    "raises",
    "the",
    "growth",
    "of",
    "poor",
    "countries",
    "and",
    "trade",
    "in",
    "services",
    "divides",
    "regions",
    "of",
    "the",
    "world",
    "again",
    "and",
    "again",
]


def probe(port: int, seconds: float) -> list[float]:
    """Seconds of each answer of `/health`, over new connections."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = connection.recv(4096)
        if b" 200 " not in answer:
            raise RuntimeError(f"/health answered {answer[:60]!r}")
        times.append(time.monotonic() - start)
        time.sleep(max(0.0, 0.1 - times[-1]))
    return times


def probed(port: int, seconds: float) -> subprocess.Popen[str]:
    """The probe in its own process; its output is a JSON list."""
    command = [sys.executable, "-m", "benchmarks.serving.health", "--probe", str(port), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def main() -> None:
    if sys.argv[1:2] == ["--probe"]:
        print(json.dumps(probe(int(sys.argv[2]), float(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("fitted", type=Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[0, 16, 200])
    parser.add_argument("--seconds", type=float, default=15)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, size)) for size in generator.integers(20, 200, 400)]
    bodies = [json.dumps({"rows": [{"text": text}]}).encode() for text in texts]
    port = free_port()
    serving = ["-m", "headwinds", "serve", "--model", str(arguments.fitted), "--name", "speeches"]
    rows = []
    for merge in ("", "--merge"):
        with started([*serving, "--port", str(port), *([merge] if merge else [])], port):
            asyncio.run(load(port, "/v1/models/speeches/predict", bodies, 4, 2))
            for clients in arguments.clients:
                asking = probed(port, arguments.seconds)
                begun = time.monotonic()
                times, statuses = asyncio.run(
                    load(port, "/v1/models/speeches/predict", bodies, clients, arguments.seconds)
                )
                rate = len(times) / (time.monotonic() - begun)
                found = json.loads(asking.communicate()[0])
                middle, slow, worst = np.percentile(found, [50, 99, 100])
                bad = sum(status != 200 for status in statuses)
                rows.append(
                    [
                        merge or "each by itself", str(clients), f"{rate:.0f}", str(len(found)),
                        *(f"{1000 * one:,.1f}" for one in (middle, slow, worst)), str(bad),
                    ]
                )  # fmt: skip
                print(rows[-1], flush=True)
    write_table(
        Path(__file__).parent / "health.md",
        "Whether it is alive, while it is busy",
        f"`/health` over a new connection ten times a second, {arguments.seconds:g} seconds each, while clients ask for "
        "predictions of one text each without a pause; server, clients and the probe share two cores. Load of the machine "
        f"at the end: {os.getloadavg()[0]:.1f}.",
        [
            "requests",
            "clients",
            "predictions a second",
            "probes",
            "p50, ms",
            "p99, ms",
            "slowest, ms",
            "answers other than 200",
        ],
        rows,
        f"python -m benchmarks.serving.health FITTED --clients {' '.join(map(str, arguments.clients))} "
        f"--seconds {arguments.seconds:g}",
    )


if __name__ == "__main__":
    main()
