"""Nothing that Headwinds reads can make it run code: a scan of the source for the calls that would let it."""

from __future__ import annotations

import ast

import pytest

from house.repository import ROOT, modules

UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
FORBIDDEN_CALLS = {
    "torch.load",
    "yaml.load",
    "pd.read_pickle",
    "pandas.read_pickle",
    "os.system",
    "eval",
    "exec",
    "__import__",
}
FORBIDDEN_SWITCHES = {"shell", "allow_pickle", "trust_remote_code"}
# Lazy packages import from a table of their own, never from what a user wrote.
MAY_IMPORT_BY_NAME = {"src/headwinds/lazy_names.py", "src/headwinds/cli/main.py"}
# Generated code is run by two files that are started as a process of their own, after it has given up everything.
CONFINED = {
    "src/headwinds/adapt/execution/confined.py": ["exec", "exec"],
    "src/headwinds/adapt/execution/plain_values.py": ["import_module of a name that is not written there"],
}


def dangers(source: str, name: str = "example.py") -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [node.module or ""]
        else:
            imported = []
        found += [f"import {module}" for module in imported if module.split(".")[0] in UNPICKLERS]
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in FORBIDDEN_CALLS:
            found.append(called)
        written = bool(node.args) and isinstance(node.args[0], ast.Constant)
        if called.endswith("import_module") and not written and name not in MAY_IMPORT_BY_NAME:
            found.append("import_module of a name that is not written there")
        for keyword in node.keywords:
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg in FORBIDDEN_SWITCHES and not off:
                found.append(f"{called}(... {keyword.arg})")
    return found


def test_the_package_never_runs_code_that_it_has_read():
    names = {path: path.relative_to(ROOT).as_posix() for path in modules()}
    found = {name: dangers(path.read_text(encoding="utf-8"), name) for path, name in names.items()}
    assert {name: what for name, what in found.items() if what} == CONFINED


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load(path)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(path, trust_remote_code=flag)",
        "subprocess.run(line, shell=True)",
        "importlib.import_module(settings.method)",
        "eval(text)",
    ],
)
def test_the_scan_sees_each_way_in(source):
    assert dangers(source)


def test_the_scan_lets_the_safe_forms_pass():
    assert (
        dangers("model.eval()\nnp.load(path, allow_pickle=False)\nimportlib.import_module('headwinds.adapt')")
        == []
    )
