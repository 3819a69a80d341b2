"""`headwinds update`: bring a model up to date without forgetting, and promote it through the gate."""

from __future__ import annotations

import argparse
from typing import Any

from headwinds.adapt.continual.settings import STRATEGIES
from headwinds.cli.terminal import tell

NAMES = (
    "model",
    "train",
    "output",
    "old",
    "validation",
    "group",
    "encoding",
    "registry",
    "database",
    "version",
)
MORE = ("gate", "licence", "limits", "seed", "strategy", "memory", "method")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "--settings", metavar="FILE", help="TOML with all of these under [update], and [tune]"
    )
    parser.add_argument("--model", help="folder of a tuned model, or with --registry a name in it")
    parser.add_argument("--train", help="the new labelled rows: CSV, TSV, JSONL or Parquet")
    parser.add_argument("--output", help="folder to write the new model and its report into")
    parser.add_argument("--old", help="labelled rows of before (default: those that the model keeps)")
    parser.add_argument("--validation", help="new rows that choose the best epoch; else a tenth of --train")
    parser.add_argument(
        "--old-tests", action="append", metavar="FILE", help="where it must not forget; repeatable"
    )
    parser.add_argument(
        "--new-tests", action="append", metavar="FILE", help="what it is made for; repeatable"
    )
    parser.add_argument("--group", metavar="COLUMN", help="values never on two sides of a split")
    parser.add_argument("--encoding", help="of the files, as cp1252 or gb18030 (default: utf-8)")
    parser.add_argument("--strategy", help=f"one of {', '.join(STRATEGIES)} (default: the first)")
    parser.add_argument("--memory", type=int, help="how many rows the new model keeps (default: 2000)")
    parser.add_argument("--method", help="full, head, bitfit, lora, dora or ia3 (default: the old model's)")
    parser.add_argument("--registry", help="folder of a registry of models")
    parser.add_argument("--database", help="its index: postgresql://user:password@host/name")
    parser.add_argument("--version", help='of the model there: a number or "production" (default)')
    parser.add_argument(
        "--promote", action="store_true", help="add the version, judge it at --gate, promote it if it passes"
    )
    parser.add_argument(
        "--gate", help="TOML file with what a version must pass; its tests are the report's too"
    )
    parser.add_argument("--licence", help="under which terms the new version may be used")
    parser.add_argument("--limits", help="what it should not be used for")
    parser.add_argument("--seed", type=int, help="rules everything that is random (default: 0)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="any setting of [update] or [tune]; repeatable",
    )
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="for another run to end")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def execute(arguments: argparse.Namespace) -> int:
    """Update, say what was forgotten and decided; a candidate that the gate refuses is exit code 1."""
    from headwinds.cli.continual_arguments import collect
    from headwinds.doors.continual import update

    names = (*NAMES, *MORE, "old_tests", "new_tests", "promote")
    given: dict[str, Any] = collect(arguments, "update", names, needed=("model", "train", "output"))
    found = update(
        given.pop("model"), given.pop("train"), wait=arguments.wait, quiet=arguments.quiet, **given
    )
    if found.summary():
        tell(found.summary())
    tell(f"Model: {found.folder}{' (found, nothing changed)' if found.reused else ''}")
    return 1 if found.decision is not None and not found.decision.promoted else 0
