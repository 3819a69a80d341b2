"""Write constraints.txt anew: install `.[dev]` into an empty environment and note every version that came.

    python scripts/lock.py constraints.txt

What an accelerator build of PyTorch brings along is left out: PyTorch pins those packages itself, and they
differ from machine to machine. For the same reason a local suffix such as `+cpu` is dropped.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HEADER = """\
# Every package that Headwinds runs on, is tested with, or pulls in, at one version each, so that two installs
# are the same install. Used as `pip install -c constraints.txt -e .[dev]`; redo it with `make lock`.
# Accelerator libraries that some PyTorch wheels ask for are pinned by PyTorch itself and not repeated here.
"""
# PyTorch is raised by hand, here: speed, memory and the last bits of every trained weight depend on it.
HELD = ("torch==2.13.0",)
NOT_OURS = re.compile(r"(?i)^(pip|headwinds|triton|nvidia[-_].*|cuda[-_].*)==")


def lines_to_keep(frozen: str) -> list[str]:
    """Keep the plain `name==version` lines of `pip freeze`, without local suffixes, in alphabetical order."""
    plain = [line.strip() for line in frozen.splitlines() if re.match(r"^[A-Za-z0-9._-]+==", line.strip())]
    kept = [line.partition("+")[0] for line in plain if not NOT_OURS.match(line)]
    return sorted(kept, key=lambda line: (line.lower(), line))


def newest_versions(project: Path) -> str:
    """Install the project with its development tools where nothing was before; return `pip freeze`."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *HELD, "-e", f"{project}[dev]"], check=True
        )
        listing = subprocess.run(
            [python, "-m", "pip", "freeze", "--all"], check=True, capture_output=True, text=True
        )
    return listing.stdout


def main(target: Path) -> None:
    """Write the file through a neighbour and a rename, so that a failed install leaves the old one."""
    kept = lines_to_keep(newest_versions(Path(__file__).resolve().parent.parent))
    draft = target.with_name(f".{target.name}.draft")
    draft.write_text(HEADER + "\n".join(kept) + "\n", encoding="utf-8")
    draft.replace(target)
    print(f"{target}: {len(kept)} packages")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/lock.py constraints.txt")
    main(Path(sys.argv[1]))
