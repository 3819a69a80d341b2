"""A small corpus to read, a server of it as a process of its own, and a client that speaks as the page does."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headwinds.annotate.project import AnnotationProject
from headwinds.annotate.rounds import Round, add_round
from headwinds.doors.annotating import open_annotation

CODEBOOK = """| label | give it | not |
|---|---|---|
| growth | the passage says that technology brings growth | growth of population |
| divide | the passage speaks of unequal access | |
| security | the passage speaks of attacks on networks | |

1. In doubt, give a label only if you could underline the words that earn it.
"""


def write_corpus(folder: Path, passages: int = 60, *, each: int = 3) -> None:
    """`corpus.jsonl` and `codebook.md`: `each` passages a document, every tenth one in Chinese."""
    lines = []
    for number in range(passages):
        text = (
            "数字鸿沟必须弥合,技术应当惠及所有人。"
            if number % 10 == 3
            else "Broadband has not reached our islands."
        )
        document = f"d{number // each:03d}"
        row = {
            "passage_id": f"p{number:03d}",
            "document_id": document,
            "text": f"{text} ({number})",
            "year": 2000 + number % 4,
        }
        lines.append(json.dumps(row, ensure_ascii=False))
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "codebook.md").write_text(CODEBOOK, encoding="utf-8")


def make_project(
    folder: Path, *, passages: int = 60, queue: int = 0, database: str = "", **settings
) -> AnnotationProject:
    """The project of a fresh corpus in `folder`, with its first `queue` passages to be read at a chance of one half."""
    from headwinds.corpus.reading import Columns

    if not (folder / "corpus.jsonl").exists():
        write_corpus(folder, passages)
    project = open_annotation(
        corpus=folder / "corpus.jsonl",
        codebook=folder / "codebook.md",
        columns=Columns(keys=("year",)),
        database=database or folder / "labels.sqlite",
        **settings,
    )
    if queue:
        names = tuple(f"p{number:03d}" for number in range(queue))
        add_round(project, Round("test", "test", dict.fromkeys(names, 0.5), names, False))
    return project


IMPATIENT = """
import sys
from headwinds.web import listening
listening.SECONDS_FOR_HEADERS = 2.0
from headwinds.cli.main import entry
entry()
"""


@dataclass
class Server:
    """`headwinds annotate` as a process; `kill` is kill -9. An impatient one waits two seconds for headers."""

    folder: Path
    database: str
    port: int
    arguments: tuple[str, ...] = ()
    impatient: bool = False
    process: subprocess.Popen[str] | None = None
    errors: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            sys.executable,
            *(("-c", IMPATIENT) if self.impatient else ("-m", "headwinds")),
            "annotate",
            "--corpus",
            "corpus.jsonl",
            "--codebook",
            "codebook.md",
        ]
        command += ["--database", self.database, "--port", str(self.port), *self.arguments]
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the server did not start: {line}{self.process.stderr.read()}")
        self.port = int(line.split("http://")[1].split("/")[0].rpartition(":")[2])

    def kill(self) -> None:
        """End it as a power cut would end it."""
        self.process.send_signal(signal.SIGKILL)
        self.errors.append(self.process.communicate()[1])
        self.process = None


@contextlib.contextmanager
def served(
    folder: Path, database: str = "labels.sqlite", *arguments: str, impatient: bool = False
) -> Iterator[Server]:
    """A server on a free port, gone at the end."""
    server = Server(folder, database, 0, arguments, impatient)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None:
            server.kill()


@dataclass
class Client:
    """One annotator's browser without the screen: enters, fetches, answers, sends again until it stands."""

    port: int
    cookie: str = ""

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict, bytes]:
        """Status, headers in lower case, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            if self.cookie:
                sent["cookie"] = self.cookie
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return (
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )

    def enter(self, name: str, token: str = "") -> int:
        """Enter under a name; the status."""
        form = urllib.parse.urlencode({"name": name, "token": token}).encode()
        status, headers, _ = self.request(
            "POST", "/enter", form, content_type="application/x-www-form-urlencoded"
        )
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].split(";")[0]
        return status

    def get(self, path: str) -> dict:
        """JSON of a path."""
        status, _, body = self.request("GET", path)
        assert status == 200, (status, body)
        return json.loads(body)

    def post(self, answers: list[dict]) -> tuple[int, dict]:
        """Send answers once."""
        body = json.dumps({"answers": answers}).encode()
        status, _, reply = self.request("POST", "/api/answers", body, content_type="application/json")
        return status, json.loads(reply)

    def patiently(self, action, seconds: float = 60.0):
        """Do it again until the server is there."""
        end = time.monotonic() + seconds
        while True:
            try:
                return action()
            except (OSError, http.client.HTTPException):
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)


def answer(item: int, labels: list[str], kind: str = "label", **more) -> dict:
    """An answer as the page sends it."""
    return {
        "client_id": str(uuid.uuid4()),
        "item": item,
        "kind": kind,
        "answer": {} if kind == "unsure" else {"labels": labels},
        "made_at": "2026-01-01T00:00:00.000Z",
        **more,
    }
