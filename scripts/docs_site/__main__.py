"""Build the site: stage the pages, generate the reference and the replications, run Sphinx; a warning is an error.

python -m scripts.docs_site site
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.docs_site.reference import reference_pages
from scripts.docs_site.replications import replications_page
from scripts.docs_site.staging import ROOT, stage


def main() -> int:
    """Build into the folder that is named; its exit code is Sphinx's."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "site").resolve()
    generated = {**reference_pages(), "docs/reference/replications.md": replications_page()}
    with tempfile.TemporaryDirectory() as folder:
        pages, fresh = Path(folder) / "pages", Path(folder) / "site"
        stage(pages, generated)
        sphinx = [
            sys.executable,
            "-m",
            "sphinx",
            "--builder",
            "html",
            "--fail-on-warning",
            "--keep-going",
            "--quiet",
        ]
        configuration = [
            "--conf-dir",
            str(ROOT / "docs" / "site"),
            "--doctree-dir",
            str(Path(folder) / "trees"),
        ]
        done = subprocess.run([*sphinx, *configuration, str(pages), str(fresh)], check=False)
        if done.returncode == 0:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(fresh, target)
            sys.stdout.write(f"Open {target / 'index.html'}\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
