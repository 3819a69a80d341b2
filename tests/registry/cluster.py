"""A PostgreSQL server of one's own in a temporary folder, which can be stopped and started again; where there is one."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
STORES = ("sqlite", "postgresql") if PROGRAMS else ("sqlite",)


class Cluster:
    """Run by root, the server runs as the user postgres, for it refuses to be root."""

    def __init__(self) -> None:
        self.programs = PROGRAMS[-1].parent
        self.folder = Path(tempfile.mkdtemp())
        account = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.user = account.pw_uid
        shutil.chown(self.folder, account.pw_name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.databases = 0
        self.run(
            "initdb",
            "-D",
            self.data,
            "-U",
            "reader",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        self.start()

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, user=self.user, cwd=self.folder)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self.folder}"
        self.run("pg_ctl", "-D", self.data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """As a power cut would."""
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def database(self) -> str:
        """The URL of a new, empty database."""
        self.databases += 1
        name = f"registry_{self.databases}"
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "reader"]
        self.run("createdb", *place, name)
        return f"postgresql://reader@127.0.0.1:{self.port}/{name}"

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)
