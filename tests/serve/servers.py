"""`headwinds serve` as a process of its own, and a client of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapt.warm_process import Warm, start


@dataclass
class Server:
    """A running server; `said` is what it wrote once it has ended."""

    process: subprocess.Popen[str] | Warm
    port: int
    token: str
    log: Path

    def ask(self, method: str, path: str, body=None, *, token: str | None = None, **headers: str):
        """Status, headers, body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        key = self.token if token is None else token
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent.setdefault("authorization", f"Bearer {key}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("content-type", "application/json")
        with contextlib.closing(connection):
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()

    def predict(self, rows, name: str = "speeches", **headers: str):
        """Status and decoded body."""
        status, _, body = self.ask("POST", f"/v1/models/{name}/predict", {"rows": rows}, **headers)
        return status, json.loads(body)

    def stop(self) -> str:
        """Ask it to stop, and what it wrote."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)
        return self.log.read_text() + (self.process.stdout.read() if not self.process.stdout.closed else "")


SEVERAL = """
import sys
from pathlib import Path
from headwinds.serve.serving import serve
from headwinds.serve.shelf import Shelf, shelf_of_folder
from headwinds.web.listening import Address
models = {}
for one in sys.argv[1:]:
    name, _, folder = one.partition("=")
    models |= shelf_of_folder(Path(folder), name).models
serve(Shelf(models), Address(port=0), ready=lambda address: print(f"Serving: {address}", flush=True))
"""


@contextlib.contextmanager
def served(
    folder: Path, *arguments: str, token: str = "", several: bool = False, cold: bool = False
) -> Iterator[Server]:
    """A server on a free port, gone at the end; of `several` folders, each NAME=FOLDER, where it is said.

    A `cold` one imports by itself what it needs.
    """
    command = ["-c", SEVERAL] if several else ["-m", "headwinds", "serve", "--port", "0"]
    log = folder / "log.jsonl"
    place = {"cwd": folder, "env": {**os.environ, "HEADWINDS_TOKEN": token}}
    with log.open("w") as errors:
        process = (
            subprocess.Popen(
                [sys.executable, *command, *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                **place,
            )
            if cold
            else start(*command, *arguments, stdout=subprocess.PIPE, stderr=errors, **place)
        )
    try:
        line = process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the server did not start: {line}{log.read_text()}")
        yield Server(process, int(line.split("http://")[1].split("/")[0].rpartition(":")[2]), token, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
