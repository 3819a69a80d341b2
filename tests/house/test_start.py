"""The command line and the package start without the heavy libraries, and so at once."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "transformers", "pandas", "numpy", "pyarrow", "sklearn", "scipy", "matplotlib", "pyfixest")

HELP = """
import contextlib, io, json, sys
from headwinds.cli.main import entry
sys.argv = ["headwinds", "--help"]
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    entry()
print(json.dumps({"modules": sorted(sys.modules), "shown": shown.getvalue()}))
"""


def loaded_by(program: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_help_shows_the_verbs_and_imports_no_heavy_library():
    started = loaded_by(HELP)
    assert not set(HEAVY) & set(started["modules"])
    for verb in ("init", "run", "check", "tune", "score", "measure", "explain", "report"):
        assert verb in started["shown"]


def test_importing_the_package_imports_no_heavy_library():
    started = loaded_by("import json, sys, headwinds; print(json.dumps({'modules': sorted(sys.modules)}))")
    assert not set(HEAVY) & set(started["modules"])


def test_help_takes_less_than_half_a_second():
    """Of a processor: on a busy machine, waiting for one is not our doing."""
    command = str(Path(sys.executable).with_name("headwinds"))
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([command, "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert statistics.median(seconds) < 0.5, seconds


def test_explain_and_all_that_it_exports_load_no_model_library():
    started = loaded_by(
        "import json, sys; from headwinds import explain\n"
        "for name in explain.__all__: getattr(explain, name)\n"
        "print(json.dumps({'modules': sorted(sys.modules), 'names': len(explain.__all__)}))"
    )
    assert started["names"] > 40
    assert not {"torch", "transformers", "headwinds.adapt", "headwinds.measure"} & set(started["modules"])
