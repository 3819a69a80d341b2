"""`headwinds predict`."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwinds.cli.terminal import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("--model", required=True, help="folder of a tuned model")
    parser.add_argument("--input", required=True, help="rows to predict: CSV, TSV, JSONL or Parquet")
    parser.add_argument("--output", required=True, help="file to write: .jsonl, .csv or .parquet")
    parser.add_argument(
        "--encoding", default="utf-8", help="of the files, as cp1252 or gb18030 (default: utf-8)"
    )
    parser.add_argument(
        "--for-spreadsheets",
        action="store_true",
        help="of a .csv: an apostrophe before texts that a spreadsheet would take for formulas",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Predict, and print where the predictions are."""
    from headwinds.adapt.predicting import predict_file

    count = predict_file(
        Path(arguments.model),
        Path(arguments.input),
        Path(arguments.output),
        encoding=arguments.encoding,
        for_spreadsheets=arguments.for_spreadsheets,
    )
    tell(f"{count:,} {'prediction' if count == 1 else 'predictions'}: {arguments.output}")
    return 0
