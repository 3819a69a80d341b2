"""Walk the README's way from labels to an answer as a stranger would, and time every command of it.

    python -m benchmarks.strangers_path.run --work /tmp/stranger

A fresh clone of the committed state, a home folder with nothing in it (no cache of packages), a new environment: the
commands are read from README.md, the first block marked `sh`, and go to one shell, as they would be typed. Nothing else
is run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.machine import write_table

ROOT = Path(__file__).resolve().parents[2]
MARK = "::headwinds-step::"
PORT = 8766
TOLD = {
    "python3": "make an environment",
    "pip": "install",
    "headwinds tune": "labelled CSV to tested model",
    "headwinds serve": "start a server (goes on in the background)",
    "curl": "first prediction, from the start of the server",
}


def commands_of(readme: str) -> list[str]:
    """The lines of the first block marked `sh`."""
    block = re.search(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert block, "README.md has no block marked sh"
    return [line for line in block.group(1).splitlines() if line.strip()]


def environment(home: Path) -> dict[str, str]:
    """What a bare machine has: a path, a home, and how this one reaches the registry."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name.lower().endswith("_proxy") or name.endswith("CA_BUNDLE")
    }
    return {
        **kept,
        "PATH": f"{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
    }


def walk(commands: list[str], clone: Path, home: Path) -> tuple[list[float], str]:
    """Seconds of each command, and what the last one printed."""
    script = "set -e\n" + "".join(f"{line}\necho; echo '{MARK}'\n" for line in commands)
    started = time.monotonic()
    shell = subprocess.Popen(
        ["bash", "-c", script],
        cwd=clone,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    seconds: list[float] = []
    since: list[str] = []
    answer = ""
    try:
        assert shell.stdout is not None
        for line in shell.stdout:
            if line.strip() == MARK:
                now = time.monotonic()
                seconds.append(now - started)
                started, answer, since = now, "".join(since), []
                if len(seconds) == len(commands):
                    break
            else:
                since.append(line)
                sys.stderr.write(line)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)  # the server too
        shell.wait(timeout=30)
    assert len(seconds) == len(commands), f"stopped at {commands[len(seconds)]!r}:\n{''.join(since)}"
    return seconds, answer


def main() -> None:
    """Clone, walk, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    work = parser.parse_args().work.resolve()
    with socket.socket() as port:
        assert port.connect_ex(("localhost", PORT)), f"port {PORT} is taken: its answer would be another's"
    shutil.rmtree(work, ignore_errors=True)
    home, clone = work / "home", work / "headwinds"
    home.mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), str(clone)], check=True)
    commands = commands_of((clone / "README.md").read_text(encoding="utf-8"))
    seconds, answer = walk(commands, clone, home)
    said = (
        json.loads(line) for line in answer.splitlines() if line.startswith("{")
    )  # the server's journal too
    prediction = next(one["predictions"][0] for one in said if "predictions" in one)
    rows = [
        [next(words for start, words in TOLD.items() if command.startswith(start)), f"{taken:.1f}"]
        for command, taken in zip(commands, seconds, strict=True)
    ]
    rows.append(["**all of it**", f"**{sum(seconds):.0f}**"])
    write_table(
        Path(__file__).parent / "results.md",
        "A stranger's path",
        "Fresh clone, empty home folder, new environment; the commands are those of README.md, nothing besides.\n"
        "Here PyTorch's wheel comes from a file of this machine and the other packages from a nearby mirror, so the\n"
        "seconds of `install` hold unpacking but hardly any download; a stranger adds the time that about 1 GB takes\n"
        "on his line. Other work ran on this machine at the same time.\n\n"
        f"The first prediction: `{prediction['label']}`, probability {prediction['probability']:.2f}.",
        ["step", "seconds"],
        rows,
        "python -m benchmarks.strangers_path.run --work /tmp/stranger",
    )


if __name__ == "__main__":
    main()
