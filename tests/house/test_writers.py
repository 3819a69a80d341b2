"""Every change to the disk goes through `artifacts`: a scan of the source for the calls that would go past it.

Two kinds of writer are left: what is handed to `artifacts.write`, and libraries that fill a folder which
`atomic_directory` handed out, and which it then hashes and makes durable.
"""

from __future__ import annotations

import ast

import pytest

from house.repository import ROOT, modules

WRITING_METHODS = {
    "write_bytes",
    "write_text",
    "touch",
    "unlink",
    "rename",
    "rmdir",
    "rmtree",
    "symlink_to",
    "hardlink_to",
    "remove_tree",
}
WRITING_CALLS = {
    "os.replace",
    "os.rename",
    "os.remove",
    "os.unlink",
    "os.rmdir",
    "os.write",
    "os.truncate",
    "shutil.move",
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.rmtree",
}
READING_MODES = {"r", "rb", "rt", "os.O_PATH | os.O_CLOEXEC"}
LIBRARY_WRITERS = {
    "write_table",
    "ParquetWriter",
    "save_pretrained",
    "save_file",
    "savefig",
    "to_csv",
    "to_parquet",
}
# Where a library fills a folder that `atomic_directory` handed out, or writes into memory.
MAY_CALL_LIBRARY_WRITERS = {
    "adapt/evaluation/store.py",
    "adapt/fitted_model.py",
    "adapt/plain_folder.py",
    "adapt/predicting.py",  # into memory
    "adapt/pretraining/pretraining.py",
    "adapt/scratch.py",
    "adapt/scoring.py",
    "measure/indicator_store.py",
    "drawing/canvas.py",
    "report/files.py",
    "study/chapters.py",
    "study/stages/check.py",
    "study/stages/explain.py",
    "study/stages/measure.py",
}


def writers(source: str) -> list[str]:
    """Calls that write to the disk themselves."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        of_a_table = method == "rename" and any(keyword.arg == "columns" for keyword in node.keywords)
        if called in WRITING_CALLS or (method in WRITING_METHODS and not of_a_table):
            found.append(called)
        if called == "os.open" and ast.unparse(node.args[0]) == "os.devnull":
            continue
        if called in ("open", "io.open") or called.endswith(".open"):
            found += [f"{called}(... {mode!r})" for mode in _modes(node, called) if mode not in READING_MODES]
    return found


def library_writers(source: str) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [ast.unparse(node.func).split(".")[-1] for node in calls]
    return [name for name in names if name in LIBRARY_WRITERS]


def _modes(node: ast.Call, called: str) -> list[object]:
    place = 1 if called in ("open", "io.open", "os.open") else 0  # Path.open names the mode first
    given = [keyword.value for keyword in node.keywords if keyword.arg == "mode"] + node.args[
        place : place + 1
    ]
    return [mode.value if isinstance(mode, ast.Constant) else ast.unparse(mode) for mode in given]


def _outside_artifacts() -> dict[str, str]:
    source = ROOT / "src" / "headwinds"
    names = {path.relative_to(source).as_posix(): path for path in modules()}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in names.items()
        if not name.startswith("artifacts/")
    }


def test_nothing_outside_artifacts_writes_to_the_disk():
    found = {name: writers(text) for name, text in _outside_artifacts().items()}
    assert {name: calls for name, calls in found.items() if calls} == {}


def test_libraries_write_only_where_a_folder_was_handed_out():
    found = {name for name, text in _outside_artifacts().items() if library_writers(text)}
    assert found == MAY_CALL_LIBRARY_WRITERS


@pytest.mark.parametrize(
    "source",
    [
        "path.write_text('x')",
        "open(path, 'w')",
        "open(path, mode=mode)",
        "path.open('ab')",
        "os.replace(a, b)",
        "shutil.rmtree(a)",
        "(folder / 'x').unlink()",
    ],
)
def test_the_scan_sees_each_way_past(source):
    assert writers(source)


def test_the_scan_lets_reading_and_the_one_way_pass():
    assert (
        writers("open(path)\nopen(path, 'rb')\npath.open()\nwrite_bytes(path, data)\nwrite_json(a, b)") == []
    )
