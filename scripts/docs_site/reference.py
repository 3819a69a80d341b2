"""The reference, generated: the command line from its own help, Python from docstrings, the study file from its defaults."""

from __future__ import annotations

import argparse
import importlib
import inspect
import io
import os
from contextlib import redirect_stdout

NOTE = "*Generated from the source; nothing on this page is written by hand.*\n"
MODULES = {
    "python": ("headwinds", "Python: the calls of the command line"),
    "measure": ("headwinds.measure", "Python: measure"),
    "explain": ("headwinds.explain", "Python: explain"),
    "contracts": ("headwinds.contracts", "Python: what crosses the borders"),
    "errors": ("headwinds.errors", "Python: errors"),
}


def reference_pages() -> dict[str, str]:
    """Every page of the reference by its path."""
    pages = {name: python_page(module, title) for name, (module, title) in MODULES.items()}
    pages |= {
        "command-line": command_line_page(),
        "study-file": study_file_page(),
        "tasks-and-methods": tasks_page(),
    }
    return {f"docs/reference/{name}.md": text for name, text in pages.items()}


def command_line_page() -> str:
    """The help of every verb, and of every verb below one."""
    from headwinds.cli.main import make_parser

    os.environ["COLUMNS"] = "100"  # the width that argparse breaks lines at
    parts = ["# The command line\n", NOTE]
    for depth, parser in parsers(make_parser()):
        parts.append(
            f"{'#' * (depth + 2)} `{parser.prog}`\n\n```text\n{parser.format_help().rstrip()}\n```\n"
        )
    return "\n".join(parts)


def parsers(parser: argparse.ArgumentParser, depth: int = 0) -> list[tuple[int, argparse.ArgumentParser]]:
    """A parser and those of its verbs, in order, with how deep they are."""
    found = [(depth, parser)]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name in action.choices:
                found += parsers(action.choices[name], depth + 1)
    return found


def python_page(module_name: str, title: str) -> str:
    """Every public name of a module, by its docstring."""
    module = importlib.import_module(module_name)
    about = inspect.cleandoc(module.__doc__ or "").partition("\n")[0]
    parts = [f"# {title}\n", about + "\n", NOTE, "```{eval-rst}"]
    for name in sorted(module.__all__):
        found = getattr(module, name)
        if module_name == "headwinds" and found.__module__.startswith(
            ("headwinds.contracts", "headwinds.errors")
        ):
            continue  # described where they live
        members = "\n   :members:\n   :member-order: bysource" if inspect.isclass(found) else ""
        kind = "autoclass" if inspect.isclass(found) else "autofunction" if callable(found) else "autodata"
        parts.append(f".. {kind}:: {module_name}.{name}{members}\n")
    return "\n".join([*parts, "```\n"])


def study_file_page() -> str:
    """Every setting with its default, as `headwinds init --full` writes it."""
    from headwinds.study.example import example_study

    return f"# The study file\n\n{NOTE}\n```toml\n{example_study(full=True).rstrip()}\n```\n"


def tasks_page() -> str:
    """What `headwinds tasks` and `headwinds methods` print."""
    from headwinds.cli import methods, tasks

    parts = ["# Tasks and methods\n", NOTE]
    for title, verb in (("Tasks", tasks), ("Methods", methods)):
        said = io.StringIO()
        with redirect_stdout(said):
            verb.execute(argparse.Namespace())
        parts.append(f"## {title}\n\n```text\n{said.getvalue().rstrip()}\n```\n")
    return "\n".join(parts)
