"""A PostgreSQL server of one's own in a temporary folder, gone at the end."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database. Run by root, the server runs as the user postgres, for it refuses to be root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder = Path(tempfile.mkdtemp())
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    shutil.chown(folder, account.pw_name)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=account.pw_uid, cwd=folder)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
    run(str(programs / "initdb"), "-D", data, "-U", "reader", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    run(str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://reader@127.0.0.1:{port}/postgres"
    finally:
        run(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
