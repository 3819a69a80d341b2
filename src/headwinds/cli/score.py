"""`headwinds score`: a study's corpus, or your own file with a model that is there."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwinds.cli.study_arguments import add_study_arguments, execute_until
from headwinds.cli.terminal import tell
from headwinds.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)
    alone = parser.add_argument_group(
        "a file and a fitted model, without a study",
        "--corpus may then also be a folder of Parquet files, of any size, and it and --output a URL "
        "(s3://bucket/prefix).",
    )
    alone.add_argument(
        "--model", help="folder of a fitted model, e.g. runs/NAME/tune/fold-1; with --corpus and --output"
    )
    alone.add_argument("--text", default="text", metavar="COLUMN", help="column with the text")
    alone.add_argument(
        "--passage-id", default="passage_id", metavar="COLUMN", help='unique ids; "" numbers the rows'
    )
    alone.add_argument(
        "--keep", default="", metavar="COLUMN[,COLUMN]", help="columns to carry along, to measure by"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Score, and print where the scores are."""
    if arguments.model:
        return _alone(arguments)
    run = execute_until("score", arguments)
    path = run.results["score"].path / "scores.parquet"
    tell(f"Scores: {path}", language=run.settings.study.language)
    return 0


def _alone(arguments: argparse.Namespace) -> int:
    from headwinds.cli.compute_arguments import compute_settings
    from headwinds.corpus.reading import Columns
    from headwinds.study.own_files import score_file
    from headwinds.study.streamed_files import is_streamed, what_was_refused

    if not arguments.corpus or not arguments.output or arguments.study:
        raise SettingsError("--model goes with --corpus FILE and --output FOLDER, and without a study file.")
    keys = tuple(part.strip() for part in arguments.keep.split(",") if part.strip())
    columns = Columns(passage_id=arguments.passage_id, document_id="", text=arguments.text, keys=keys)
    path = score_file(
        Path(arguments.model),
        arguments.corpus,
        arguments.output,
        columns=columns,
        quiet=arguments.quiet,
        compute=compute_settings(arguments),
    )
    tell(f"Scores: {path}")
    if is_streamed(arguments.corpus, arguments.output) and (refused := what_was_refused(arguments.output)):
        tell(refused)
    return 0
