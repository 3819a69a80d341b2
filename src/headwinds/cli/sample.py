"""`headwinds sample`: the next passages to label, drawn with recorded probabilities."""

from __future__ import annotations

import argparse

from headwinds.cli.study_arguments import add_kind_arguments
from headwinds.cli.terminal import tell

DESIGNS = ("simple", "stratified", "uncertainty")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "source", help="passages, or their scores with columns probability_<label> (CSV, JSONL, Parquet)"
    )
    parser.add_argument("-n", "--n", type=int, required=True, help="how many to label next")
    parser.add_argument("--output", required=True, help="folder for the results")
    parser.add_argument("--design", default="simple", choices=DESIGNS, help="default: simple")
    parser.add_argument("--stratum", default="", metavar="COLUMN[,COLUMN]", help="strata by these columns")
    parser.add_argument(
        "--screen", default="", metavar="WORD[,WORD]", help="strata by whether a text holds a word"
    )
    parser.add_argument("--score-bins", type=int, default=0, help="so many strata of the largest score")
    parser.add_argument(
        "--allocation",
        default="neyman",
        choices=("neyman", "proportional", "equal"),
        help="how many from each stratum (default: neyman, by the scores; without them proportional)",
    )
    parser.add_argument(
        "--selection",
        default="systematic",
        choices=("systematic", "poisson"),
        help="of the uncertainty design: systematic draws exactly so many, poisson about so many (default: systematic)",
    )
    parser.add_argument(
        "--mix", type=float, default=0.3, help="share of an even chance in the uncertainty design"
    )
    parser.add_argument("--previous", help="passages labelled already: passage_id and inclusion_probability")
    parser.add_argument(
        "--weight", default="", metavar="COLUMN", help="how many passages of the population each stands for"
    )
    parser.add_argument("--id", default="passage_id", metavar="COLUMN", help="the column of ids")
    parser.add_argument("--text", default="text", metavar="COLUMN", help="the column of texts")
    parser.add_argument("--encoding", default="utf-8", help="of the file, as gb18030; default: utf-8")
    parser.add_argument("--seed", type=int, default=0, help="rules what is drawn (default: 0)")
    add_kind_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Draw, and say what was drawn and where it is."""
    from headwinds.cli.measure import columns
    from headwinds.doors.sampling import sample_file

    found = sample_file(
        arguments.source,
        arguments.output,
        arguments.n,
        design=arguments.design,
        stratum=columns(arguments.stratum),
        screen=columns(arguments.screen),
        score_bins=arguments.score_bins,
        allocation=arguments.allocation,
        selection=arguments.selection,
        mix=arguments.mix,
        previous=arguments.previous,
        weight=arguments.weight,
        passage_id=arguments.id,
        text=arguments.text,
        seed=arguments.seed,
        encoding=arguments.encoding,
        kind=arguments.kind,
        grades=arguments.grades,
    )
    tell(found.draw.summary())
    tell(f"To label: {found.folder / 'batch.csv'}")
    if arguments.previous:
        tell(f"Earlier labels have new probabilities: {found.folder / 'earlier.csv'}")
    return 0
