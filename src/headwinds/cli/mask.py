"""`headwinds mask`."""

from __future__ import annotations

import argparse

from headwinds.cli.terminal import tell
from headwinds.cli.tune import names_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("--input", required=True, help="labelled rows or texts: CSV, TSV, JSONL or Parquet")
    parser.add_argument("--output", required=True, help="file to write: .jsonl, .csv or .tsv")
    parser.add_argument(
        "--columns", default="", metavar="COLUMN[,COLUMN]", help="to mask (default: text, text_b, tokens)"
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of the files, as cp1252 or gb18030 (default: utf-8)"
    )
    add_search_arguments(parser)


def add_search_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which personal data are searched for, here and in an audit."""
    parser.add_argument(
        "--names-model", metavar="MODEL", help="a tuned model of named entities that finds names of people"
    )
    parser.add_argument(
        "--names-probability",
        type=float,
        default=0.1,
        metavar="P",
        help="a word that is part of a name with at least this probability is taken for one (0.1)",
    )
    parser.add_argument(
        "--regions",
        default="",
        metavar="CC[,CC]",
        help="countries whose telephone numbers are found without +",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Mask, and print what was found: kinds and counts, never the values."""
    from headwinds.doors.auditing import mask_file

    found = mask_file(
        arguments.input,
        arguments.output,
        columns=names_of(arguments.columns),
        names_model=arguments.names_model,
        names_probability=arguments.names_probability,
        regions=names_of(arguments.regions),
        encoding=arguments.encoding,
    )
    tell(found.summary())
    tell(f"Masked: {arguments.output}")
    return 0
