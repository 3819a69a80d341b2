"""`headwinds evaluate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwinds.cli.terminal import tell, tell_lines
from headwinds.cli.tune import names_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("--model", required=True, help="folder of a tuned model")
    parser.add_argument("--test", required=True, help="labelled rows that the model was not fitted to")
    parser.add_argument("--output", required=True, help="folder for the results")
    parser.add_argument("--group", default="", metavar="COLUMN", help="drawn together for the intervals")
    parser.add_argument(
        "--slices", default="", metavar="COLUMN[,COLUMN]", help="tell the main metric apart by these columns"
    )
    parser.add_argument(
        "--against",
        metavar="MODEL",
        help="another model of the task: print the difference of every metric, in pairs",
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of the files, as cp1252 or gb18030 (default: utf-8)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: 0)")


def execute(arguments: argparse.Namespace) -> int:
    """Test, and print the metrics and where they are."""
    from headwinds.adapt.predicting import evaluate_file

    output = Path(arguments.output)
    found = evaluate_file(
        Path(arguments.model),
        Path(arguments.test),
        output,
        group=arguments.group,
        slices=names_of(arguments.slices),
        seed=arguments.seed,
        encoding=arguments.encoding,
        against=Path(arguments.against) if arguments.against else None,
    )
    tell_lines(found.summary().splitlines())
    tell(f"Evaluation: {output / 'evaluation'}")
    return 0
