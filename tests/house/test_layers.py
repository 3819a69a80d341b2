"""Imports run one way, and the check of that would notice if they did not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from house.repository import ROOT, SOURCE


def lint_imports(folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    return subprocess.run(
        [sys.executable, "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
    )


def test_imports_run_one_way():
    done = lint_imports(ROOT, ROOT / "src")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_against_the_layers_is_refused(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "src" / "headwinds", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    low = tmp_path / "src" / "headwinds" / "contracts" / "finding.py"
    low.write_text(low.read_text(encoding="utf-8") + "\nimport headwinds.study\n", encoding="utf-8")

    done = lint_imports(tmp_path, tmp_path / "src")

    assert done.returncode != 0
    assert "headwinds.contracts.finding -> headwinds.study" in done.stdout


def test_explain_cannot_import_a_model_library(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "src" / "headwinds", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "src" / "headwinds" / "explain" / "planted.py").write_text("import torch\n", encoding="utf-8")

    done = lint_imports(tmp_path, tmp_path / "src")

    assert done.returncode != 0
    assert "headwinds.explain.planted -> torch" in done.stdout
