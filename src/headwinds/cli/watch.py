"""`headwinds watch`: tells whether live texts, or what a model says of them, have shifted."""

from __future__ import annotations

import argparse
from typing import Any

from headwinds.cli.terminal import tell

NAMES = ("model", "live", "output", "reference", "group", "encoding", "registry", "database", "version")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("--settings", metavar="FILE", help="TOML with all of these under [watch]")
    parser.add_argument("--model", help="folder of a tuned model, or with --registry a name in it")
    parser.add_argument(
        "--live", help="the new rows: CSV, TSV, JSONL or Parquet; labels where they are known"
    )
    parser.add_argument(
        "--output", help="folder of this watch: all looks in it share one chance of a false alarm"
    )
    parser.add_argument("--reference", help="rows that the model was not fitted to (default: those it keeps)")
    parser.add_argument(
        "--group",
        metavar="COLUMN",
        help='values that belong together (default: document_id where a file has it; "" for none)',
    )
    parser.add_argument("--encoding", help="of the files, as cp1252 or gb18030 (default: utf-8)")
    parser.add_argument("--registry", help="folder of a registry of models")
    parser.add_argument("--database", help="its index: postgresql://user:password@host/name")
    parser.add_argument("--version", help='of the model there: a number or "production" (default)')
    parser.add_argument(
        "--alpha", type=float, help="chance of any false alarm over all looks (default: 0.05)"
    )
    parser.add_argument("--looks", type=int, help="how many looks are planned; 0 never ends (default: 0)")
    parser.add_argument("--propose", type=int, help="how many texts to propose for labelling (default: 20)")
    parser.add_argument("--seed", type=int, help="rules everything that is random (default: 0)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="watch.KEY=VALUE", help="any other setting; repeatable"
    )
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="for another run to end")


def execute(arguments: argparse.Namespace) -> int:
    """Look, say what was found, and where; a shift is exit code 1."""
    from headwinds.cli.continual_arguments import collect
    from headwinds.doors.continual import watch

    own = ("alpha", "looks", "propose", "seed")
    given: dict[str, Any] = collect(arguments, "watch", (*NAMES, *own), needed=("model", "live", "output"))
    report = watch(given.pop("model"), given.pop("live"), wait=arguments.wait, **given)
    tell(report.summary())
    return 1 if report.raised else 0
