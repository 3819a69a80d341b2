"""`headwinds explain breaks`, `divide`, `convergence`, `responses`, `attribution`, `graph`: one analysis, no study."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from headwinds.cli.terminal import tell
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

ANALYSES = {
    "breaks": "when the mean of a series, or of its growth, changed",
    "divide": "how unequal the adoption of something is over countries",
    "convergence": "whether entities come together",
    "responses": "how an outcome moves in the years after a shock or an index",
    "attribution": "how much of a slowdown goes with which headwind",
    "graph": "what a causal graph lets data say",
}


def add_arguments(parser: argparse.ArgumentParser, analysis: str) -> None:
    """Add this analysis' arguments."""
    parser.set_defaults(home="explain_panel", analysis=analysis)
    if analysis == "graph":
        parser.add_argument("graph", nargs="?", metavar="FILE", help="TOML (default: the founding essay's)")
        parser.add_argument(
            "--hidden",
            action="append",
            default=[],
            metavar="NODE,NODE",
            help="these share an unobserved cause",
        )
    else:
        parser.add_argument(
            "--panel", required=True, help="Penn World Table, or a table (CSV, Parquet, Excel)"
        )
        parser.add_argument(
            "--entity", default="entity", metavar="COLUMN", help="entities of a plain table (default: entity)"
        )
        parser.add_argument(
            "--period", default="period", metavar="COLUMN", help="years of a plain table (default: period)"
        )
        parser.add_argument(
            "--entities", default="all", metavar="CODE[,CODE]", help="codes, or all, or OECD (default: all)"
        )
    _ADD[analysis](parser)
    parser.add_argument(
        "--output", metavar="FOLDER", help="also write table (CSV), picture (SVG, PNG) and page (HTML) here"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Analyse, print the result in words, say where the files are."""
    from headwinds.cli.explain import names, span
    from headwinds.doors import explaining

    given: dict[str, Any] = {
        name: value for name, value in vars(arguments).items() if name not in ("verb", "home", "analysis")
    }
    for name in ("entities", "measures", "controls", "conditions"):
        if name in given:
            given[name] = names(given[name])
    for name in ("before", "after"):
        if name in given:
            given[name] = span(f"--{name}", given[name])
    if "hidden" in given:
        given["hidden"] = [_pair(text) for text in given["hidden"]]
    run: Callable[..., Any] = getattr(explaining, f"explain_{arguments.analysis}")
    found = run(**given)
    tell(found.summary())
    if arguments.output:
        tell(f"Written: {arguments.output}")
    return 0


def _breaks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--series", required=True, help="whose mean may change")
    parser.add_argument("--growth", action="store_true", help="of its annual growth, %%")
    _years(parser)
    parser.add_argument(
        "--most", type=int, default=3, help="the largest number of breaks looked for (default: 3)"
    )
    parser.add_argument("--number", type=int, help="how many breaks there are, if that is known")
    parser.add_argument(
        "--trimming", type=float, default=0.15, help="the shortest regime, share of the years (default: 0.15)"
    )
    parser.add_argument(
        "--no-hac", dest="hac", action="store_false", help="errors do not hang together in time"
    )
    _draws(parser, None)


def _divide(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--series", required=True, help="for instance internet users, %% of population")
    parser.add_argument(
        "--measures",
        default="gini,theil,cv,absolute_gini,mean",
        metavar="NAME[,NAME]",
        help="of gini, theil, cv, palma, absolute_gini, gap_90_10, mean (default: all but palma and gap_90_10)",
    )
    parser.add_argument("--weights", metavar="SERIES", help="population (default: every country once)")
    parser.add_argument(
        "--regions",
        default="sdg_region",
        help="continent, un_region, sdg_region, or none (default: sdg_region)",
    )
    _years(parser)
    parser.add_argument("--bound", type=float, help="the largest value that the series can have, e.g. 100")
    parser.add_argument("--balanced", action="store_true", help="only entities with a value in every year")
    parser.add_argument(
        "--bridge", type=int, default=0, metavar="YEARS", help="fill gaps up to so many years (default: 0)"
    )
    _draws(parser, 500)


def _convergence(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--series", required=True, help="the level")
    parser.add_argument(
        "--test",
        default="beta",
        choices=("beta", "sigma", "log-t", "clubs"),
        help="beta: growth on the level; sigma: dispersion; log-t: all together; clubs: groups (default: beta)",
    )
    parser.add_argument("--growth", metavar="SERIES", help="beta: whose growth, if not that of the level")
    parser.add_argument("--per", metavar="SERIES", help="what both are divided by, e.g. pop")
    parser.add_argument("--first", type=int, required=True, metavar="YEAR", help="the first year")
    parser.add_argument("--last", type=int, required=True, metavar="YEAR", help="the last year")
    parser.add_argument("--conditions", default="", metavar="SERIES[,SERIES]", help="beta: held fixed")


def _responses(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--outcome",
        required=True,
        metavar="SERIES",
        help="a series of the panel: growth, or with --growth a level",
    )
    parser.add_argument("--growth", action="store_true", help="its annual growth, %%")
    parser.add_argument("--shock", metavar="SERIES", help="a series of the panel; or --index")
    parser.add_argument("--index", metavar="FOLDER", help="an index by entity and year that `measure` wrote")
    parser.add_argument("--label", default="", help="which label of the index, if it has several")
    parser.add_argument(
        "--horizons",
        type=int,
        default=5,
        metavar="YEARS",
        help="how many years later it still looks (default: 5)",
    )
    parser.add_argument(
        "--response",
        default="value",
        choices=("value", "cumulative", "change"),
        help="the outcome h years later, its sum up to then, or its change since (default: value)",
    )
    parser.add_argument(
        "--lags", type=int, help="of outcome and shock, as controls (default: 1; index: none)"
    )
    parser.add_argument(
        "--controls", default="", metavar="SERIES[,SERIES]", help="other series of the panel, held fixed"
    )
    parser.add_argument(
        "--errors",
        choices=("driscoll-kraay", "clustered"),
        help="standard errors (default: driscoll-kraay; index: clustered)",
    )
    parser.add_argument(
        "--no-period-effects", dest="period_effects", action="store_false", help="for a shock that all share"
    )
    parser.add_argument(
        "--half-panel", action="store_true", help="take the bias of few periods from the responses"
    )


def _attribution(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--outcome", required=True, metavar="SERIES", help="growth, %% a year; or --growth")
    parser.add_argument("--growth", action="store_true", help="the outcome is a level: take its growth")
    parser.add_argument("--index", required=True, metavar="FOLDER", help="an index that `measure` wrote")
    parser.add_argument("--before", required=True, metavar="YEAR-YEAR", help="the first span, of levels")
    parser.add_argument("--after", required=True, metavar="YEAR-YEAR", help="the second span")
    parser.add_argument("--graph", metavar="FILE", help="TOML (default: the founding essay's)")
    parser.add_argument(
        "--technology",
        metavar="NAME",
        help="a series of the panel or a label of the index (default: the graph's label of technology, if the index has it)",
    )
    parser.add_argument(
        "--channel",
        choices=("growth", "technology", "both"),
        help="what a headwind works on (default: growth; technology where a series of the panel is named)",
    )
    parser.add_argument(
        "--lag", type=int, metavar="YEARS", help="how long the index comes first (default: each edge's own)"
    )
    parser.add_argument(
        "--controls", default="", metavar="SERIES[,SERIES]", help="other series of the panel, held fixed"
    )
    parser.add_argument(
        "--assumed",
        type=float,
        help="size of each headwind's part, for the power (default: equal parts of the change)",
    )
    parser.add_argument(
        "--acknowledge", action="store_true", help="show single headwinds although power is low"
    )
    parser.add_argument(
        "--no-persistent", dest="persistent", action="store_false", help="hold no node's own past fixed"
    )
    parser.add_argument(
        "--half-panel", action="store_true", help="take the bias of few years from the graph's slopes"
    )
    _draws(parser, 499)


def _years(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--first", type=int, metavar="YEAR", help="the first year (default: that of the panel)"
    )
    parser.add_argument("--last", type=int, metavar="YEAR", help="the last year (default: that of the panel)")


def _draws(parser: argparse.ArgumentParser, number: int | None) -> None:
    usual = "999, of one entity; 399, of several" if number is None else str(number)
    parser.add_argument("--draws", type=int, default=number, help=f"simulated draws (default: {usual})")
    parser.add_argument("--seed", type=int, default=0, help="rules everything that is random (default: 0)")


def _nothing(_: argparse.ArgumentParser) -> None:
    """The graph has no more arguments."""


_ADD = {
    "breaks": _breaks,
    "divide": _divide,
    "convergence": _convergence,
    "responses": _responses,
    "attribution": _attribution,
    "graph": _nothing,
}


def _pair(text: str) -> tuple[str, str]:
    pair = [part.strip() for part in text.split(",") if part.strip()]
    if len(pair) != 2:
        raise SettingsError(f"--hidden {text!r} is no pair of nodes.", remedy="Write it as one,other.")
    return pair[0], pair[1]
