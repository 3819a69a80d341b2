"""Build the sdist, and the wheel from it; install the wheel where nothing of ours was, and try it from an empty folder.

    python scripts/check_package.py                        # the libraries it runs on are lent by this environment
    python scripts/check_package.py --with-dependencies    # they are installed too, from the registry (PyTorch is large)

What must hold: the wheel has every file of src/headwinds and no other; its metadata name every extra and the licence; the
command starts, looks at the machine, writes a study and checks it, and finds its templates.
"""

from __future__ import annotations

import argparse
import email
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESOURCES = """
from headwinds.report.messages import languages, load_messages
from headwinds.explain import read_graph
import headwinds.serve, headwinds.annotate
from importlib import resources
assert "en" in languages() and load_messages("en")("yes")
for package, name in (
    ("headwinds.report", "templates/style.css"), ("headwinds.report", "templates/report.html.j2"),
    ("headwinds.annotate", "web/static/style.css"), ("headwinds.serve", "pages/index.html"),
    ("headwinds.explain", "graph/essay.toml"), ("headwinds", "py.typed"),
):
    assert resources.files(package).joinpath(name).is_file(), (package, name)
print("resources are there")
"""


def main() -> None:
    """Build, look inside, install, try; the first thing that does not hold ends it with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--with-dependencies", action="store_true")
    whole = parser.parse_args().with_dependencies
    with tempfile.TemporaryDirectory() as folder:
        built, place = Path(folder) / "dist", Path(folder) / "empty"
        place.mkdir()
        run([sys.executable, "-m", "build", "--outdir", str(built), str(ROOT)], Path(folder))
        (wheel,), (source,) = built.glob("*.whl"), built.glob("*.tar.gz")
        look_inside(wheel, source)
        bin_folder = install(wheel, Path(folder) / "venv", whole=whole)
        try_it(bin_folder, place)
    sys.stdout.write("The package builds, installs and works.\n")


def run(command: list[str], place: Path) -> str:
    """Run a command without the variables that would lend it this checkout; its output, or its output and the end."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(place), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    if done.returncode:
        fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def fail(words: str) -> None:
    """Say what does not hold, and end."""
    sys.stderr.write(f"check_package: {words}\n")
    sys.exit(1)


def look_inside(wheel: Path, source: Path) -> None:
    """The wheel has what src/headwinds has, the metadata say what pyproject.toml says, the sdist can be built from."""
    package = ROOT / "src" / "headwinds"
    kept = {
        f"headwinds/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        inside = {name for name in names if name.startswith("headwinds/")}
        (place,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        told = email.message_from_bytes(archive.read(place))
        licence = any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    if inside != kept:
        fail(f"not in the wheel: {sorted(kept - inside)}; only in the wheel: {sorted(inside - kept)}")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if set(told.get_all("Provides-Extra") or ()) != set(project["optional-dependencies"]):
        fail(f"extras in the metadata: {told.get_all('Provides-Extra')}")
    if not licence or told["License-Expression"] != project["license"]:
        fail("the wheel has no licence")
    with tarfile.open(source) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    missing = {"pyproject.toml", "README.md", "LICENSE"} - files
    if missing:
        fail(f"not in the sdist: {sorted(missing)}")
    size = wheel.stat().st_size / 1e6
    sys.stdout.write(f"{wheel.name}: {len(inside)} files, {size:.1f} MB; {source.name}\n")


def install(wheel: Path, folder: Path, *, whole: bool) -> Path:
    """Install into an environment of its own; the folder of its programs."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if whole:
        run([*pip, "-c", str(ROOT / "constraints.txt"), f"{wheel}[serve]"], folder)
        return folder / "bin"
    run([*pip, "--no-deps", str(wheel)], folder)
    own = Path(
        run([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip()
    )
    lent = next(path for path in sys.path if path.endswith("site-packages"))
    # A path in a .pth file comes after the environment's own packages, and .pth files in it are not read: an editable
    # install of this checkout is not seen.
    (own / "lent.pth").write_text(lent + "\n", encoding="utf-8")
    return folder / "bin"


def try_it(programs: Path, place: Path) -> None:
    """What a newcomer does first."""
    command = str(programs / "headwinds")
    where = run(
        [str(programs / "python"), "-c", "import headwinds; print(headwinds.__file__)"], place
    ).strip()
    if not where.startswith(str(programs.parent)):
        fail(f"headwinds comes from {where}")
    run([command, "--help"], place)
    run([command, "doctor", "--json"], place)
    run([command, "init", "study"], place)
    sys.stdout.write(run([command, "check", "study/study.toml", "--quiet"], place))
    sys.stdout.write(run([str(programs / "python"), "-c", RESOURCES], place))


if __name__ == "__main__":
    main()
