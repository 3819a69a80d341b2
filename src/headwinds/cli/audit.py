"""`headwinds audit`."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwinds.cli.mask import add_search_arguments
from headwinds.cli.terminal import tell
from headwinds.cli.tune import names_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("model", metavar="MODEL", help="folder of a tuned model")
    parser.add_argument("--on", required=True, metavar="FILE", help="rows that the model was not fitted to")
    parser.add_argument("--output", required=True, help="folder for the report")
    parser.add_argument(
        "--parts",
        default="",
        metavar="PART[,PART]",
        help="of bias, groups, robustness, explanations, personal-data, membership, energy (default: all that can be done)",
    )
    parser.add_argument(
        "--by", default="", metavar="COLUMN[,COLUMN]", help="compare the groups of these columns"
    )
    parser.add_argument("--group", default="", metavar="COLUMN", help="drawn together for the intervals")
    parser.add_argument(
        "--swaps",
        default="gender,names,countries",
        metavar="LIST[,LIST]",
        help="lists of words to exchange: shipped ones, or CSV files with a column a group",
    )
    parser.add_argument("--train", metavar="FILE", help="the training file, for membership")
    parser.add_argument(
        "--paraphrase", default="", metavar="CHECKPOINT", help="a masked language model that rewords texts"
    )
    add_search_arguments(parser)
    parser.add_argument(
        "--watts", type=float, default=15.0, help="what a busy core draws, where it does not tell (15)"
    )
    parser.add_argument(
        "--texts", type=int, default=500, help="at most so many are changed and swapped (500)"
    )
    parser.add_argument("--explained", type=int, default=40, help="at most so many are explained (40)")
    parser.add_argument(
        "--encoding", default="utf-8", help="of the files, as cp1252 or gb18030 (default: utf-8)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of draws and of the bootstrap (default: 0)")


def execute(arguments: argparse.Namespace) -> int:
    """Audit, and print the verdicts and where the report is."""
    from headwinds.doors.auditing import audit

    output = Path(arguments.output)
    report = audit(
        arguments.model,
        arguments.on,
        output,
        parts=names_of(arguments.parts),
        by=names_of(arguments.by),
        group=arguments.group,
        swaps=names_of(arguments.swaps),
        train=arguments.train,
        paraphrase=arguments.paraphrase,
        names_model=arguments.names_model,
        names_probability=arguments.names_probability,
        regions=names_of(arguments.regions),
        watts=arguments.watts,
        texts=arguments.texts,
        explained=arguments.explained,
        seed=arguments.seed,
        encoding=arguments.encoding,
    )
    tell(report.summary())
    tell(f"Audit: {output / 'audit' / 'audit.html'}")
    return 0
