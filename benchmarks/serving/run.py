"""Latency and documents a second of our server beside FastAPI with a `transformers` pipeline, on real passages.

    pip install --target peer fastapi
    PYTHONPATH=src:.:peer python -m benchmarks.serving.run runs/un-debates --clients 1 16 200 --seconds 20

Each client sends one passage, waits for the answer, and sends the next. The servers take turns, so that a slow minute of
the machine hits both; the clients are in this process, on the same two cores. Ours computes waiting requests together
(`--merge`); the other computes each in one of forty threads, as FastAPI does with a plain function.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from benchmarks.machine import write_table

PEER = "FastAPI, pipeline"


async def ask(port: int, path: str, body: bytes, reader_writer) -> int:
    reader, writer = reader_writer
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    writer.write("\r\n".join((*lines, "", "")).encode() + body)
    status = int((await reader.readline()).split()[1])
    length = 0
    while (line := await reader.readline()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    await reader.readexactly(length)
    return status


async def load(
    port: int, path: str, bodies: list[bytes], clients: int, seconds: float
) -> tuple[list[float], list[int]]:
    times: list[float] = []
    statuses: list[int] = []
    end = time.monotonic() + seconds

    async def client(number: int) -> None:
        generator = random.Random(number)
        connection = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < end:
            start = time.monotonic()
            statuses.append(await ask(port, path, generator.choice(bodies), connection))
            times.append(time.monotonic() - start)
        connection[1].close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return times, statuses


@contextlib.contextmanager
def started(command: list[str], port: int):
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
    )
    try:
        for _ in range(1200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a finished run")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64, 200])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument(
        "--precision", default="", help="ours predicts in this; by default as the model was saved"
    )
    arguments = parser.parse_args()
    folder = next(path.parent for path in sorted(arguments.run.glob("tune/fold-*/**/model.json")))
    own = Path(tempfile.mkdtemp()) / "model"
    shutil.copytree(folder, own)
    facts = json.loads((own / "model.json").read_text())
    precision = facts["precision"] = arguments.precision or facts["precision"]
    (own / "model.json").write_text(json.dumps(facts))
    texts = pq.read_table(arguments.run / "check" / "corpus.parquet", columns=["text"])["text"].to_pylist()
    texts = [texts[row] for row in np.random.default_rng(0).permutation(len(texts))[:1000]]
    ours, theirs = free_port(), free_port()
    sides = {
        f"headwinds --merge, {precision}": (
            ours,
            "/v1/models/un/predict",
            [json.dumps({"rows": [{"text": text}]}).encode() for text in texts],
        ),
        PEER: (theirs, "/predict", [json.dumps({"text": text}).encode() for text in texts]),
    }
    serving = [
        "-m",
        "headwinds",
        "serve",
        "--model",
        str(own),
        "--name",
        "un",
        "--port",
        str(ours),
        "--merge",
    ]
    rows = []
    with started(serving, ours), started(["-m", "benchmarks.serving.peer", str(folder), str(theirs)], theirs):
        for port, path, bodies in sides.values():
            asyncio.run(load(port, path, bodies, 4, 3))
        for clients in arguments.clients:
            for name, (port, path, bodies) in sides.items():
                begun = time.monotonic()
                times, statuses = asyncio.run(load(port, path, bodies, clients, arguments.seconds))
                took = time.monotonic() - begun
                middle, slow = np.percentile(times, [50, 99])
                bad = sum(status != 200 for status in statuses)
                rate, *waits = len(times) / took, 1000 * middle, 1000 * slow
                rows.append([name, str(clients), f"{rate:.1f}", *(f"{one:,.0f}" for one in waits), str(bad)])
                print(rows[-1], flush=True)
    write_table(
        Path(__file__).parent / "results.md",
        "Our server beside FastAPI with a transformers pipeline",
        f"Passages of the UN study, one a request, {arguments.seconds:g} seconds each, the servers in turns; both of them "
        f"and the clients share two cores. Load of the machine at the end: {os.getloadavg()[0]:.1f}.",
        ["server", "clients", "documents a second", "p50, ms", "p99, ms", "answers other than 200"],
        rows,
        "python -m benchmarks.serving.run runs/un-debates --clients "
        f"{' '.join(map(str, arguments.clients))} --seconds {arguments.seconds:g} --precision {precision}",
    )


if __name__ == "__main__":
    main()
