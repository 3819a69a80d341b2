"""`headwinds labels plan`: how many labels, drawn where, before they are paid for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from headwinds.cli.study_arguments import add_kind_arguments
from headwinds.cli.terminal import tell
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.measure.sampling.plan import LabelPlan

ASSUMED = {
    "name": str,
    "passages": int,
    "prevalence": float,
    "true_positive_rate": float,
    "false_positive_rate": float,
    "scored": int,
    "labelled": int,
}
NEEDED = ("passages", "prevalence", "true_positive_rate", "false_positive_rate")
ASSUMED_SCORES = {
    "name": str,
    "passages": int,
    "standard_deviation": float,
    "correlation": float,
    "scored": int,
    "labelled": int,
}
NEEDED_SCORES = ("passages", "standard_deviation", "correlation")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    words = "how many labels bring a share, or a slope on it, to a wanted standard error"
    plan = actions.add_parser("plan", help=words, description=words[0].upper() + words[1:] + ".")
    plan.add_argument("--standard-error", type=float, required=True, help="what is wanted, e.g. 0.01")
    plan.add_argument("--scores", help="a pilot: passages with columns probability_<label>; with --gold")
    plan.add_argument("--gold", help="a pilot: its labelled passages")
    plan.add_argument("--by", default="", metavar="COLUMN[,COLUMN]", help="cells of the index")
    plan.add_argument("--label", help="for this label only (default: all)")
    plan.add_argument(
        "--weight", default="", metavar="COLUMN", help="how many passages of the population each stands for"
    )
    plan.add_argument("--document", default="document_id", metavar="COLUMN", help='"" if none')
    plan.add_argument(
        "--stratum", default="", metavar="COLUMN[,COLUMN]", help="strata within which gold was drawn"
    )
    add_kind_arguments(plan)
    plan.add_argument(
        "--assume",
        action="append",
        metavar="NAME=VALUE[,...]",
        help="instead of a pilot, a stratum: passages=, prevalence=, true_positive_rate=, false_positive_rate=, and name=, "
        "scored=, labelled=; graded: passages=, standard_deviation= of the grades, correlation= with the scores; may "
        "be given again",
    )
    plan.add_argument(
        "--slope", type=float, help="plan for the slope of an outcome on the index: its assumed size"
    )
    plan.add_argument("--outcome-error", type=float, help="the slope's standard error were the index known")


def execute(arguments: argparse.Namespace) -> int:
    """Plan, and print the plan."""
    plan = _from_rates(arguments) if arguments.assume else _from_pilot(arguments)
    tell(plan.summary())
    return 0


def _from_rates(arguments: argparse.Namespace) -> LabelPlan:
    from headwinds.doors.sampling import plan_labels_assumed
    from headwinds.measure.sampling.plan import AssumedScores, AssumedStratum
    from headwinds.measure.sampling.slope_plan import plan_slope_from_rates

    if arguments.scores or arguments.gold:
        raise SettingsError("--assume stands in place of a pilot: give it, or --scores and --gold.")
    if arguments.kind == "graded":
        if arguments.slope is not None:
            raise SettingsError("--slope is planned from grades with a pilot: give --scores and --gold.")
        scores = [
            AssumedScores(**_read(text, number, ASSUMED_SCORES, NEEDED_SCORES))
            for number, text in enumerate(arguments.assume, start=1)
        ]
        return plan_labels_assumed(scores, arguments.standard_error)
    strata = [
        AssumedStratum(**_read(text, number, ASSUMED, NEEDED))
        for number, text in enumerate(arguments.assume, start=1)
    ]
    if arguments.slope is None:
        return plan_labels_assumed(strata, arguments.standard_error)
    if len(strata) != 1 or arguments.outcome_error is None:
        raise SettingsError("--slope with --assume takes one stratum, and --outcome-error.")
    return plan_slope_from_rates(
        prevalence=strata[0].prevalence,
        true_positive_rate=strata[0].true_positive_rate,
        false_positive_rate=strata[0].false_positive_rate,
        slope=arguments.slope,
        outcome_error=arguments.outcome_error,
        standard_error=arguments.standard_error,
        passages=strata[0].passages,
    )


def _from_pilot(arguments: argparse.Namespace) -> LabelPlan:
    from headwinds.cli.measure import columns
    from headwinds.doors.sampling import plan_labels_file, plan_slope_file

    if not arguments.scores or not arguments.gold:
        raise SettingsError("a plan needs a pilot (--scores and --gold) or assumed rates (--assume).")
    shared: dict[str, Any] = {
        "by": columns(arguments.by),
        "document_id": arguments.document,
        "weight": arguments.weight,
        "stratum": columns(arguments.stratum),
        "kind": arguments.kind,
        "grades": arguments.grades,
    }
    if arguments.slope is None:
        return plan_labels_file(
            arguments.scores, arguments.gold, arguments.standard_error, label=arguments.label, **shared
        )
    if arguments.label is None or arguments.outcome_error is None or not shared["by"]:
        raise SettingsError("--slope needs --label, --by and --outcome-error.")
    return plan_slope_file(
        arguments.scores,
        arguments.gold,
        arguments.standard_error,
        label=arguments.label,
        slope=arguments.slope,
        outcome_error=arguments.outcome_error,
        **shared,
    )


def _read(text: str, number: int, known: dict[str, Any], needed: tuple[str, ...]) -> dict[str, Any]:
    given: dict[str, Any] = {"name": f"stratum {number}"}
    for part in text.split(","):
        name, separator, value = part.partition("=")
        kind = known.get(name.strip())
        if not separator or kind is None:
            raise SettingsError(f"--assume {part!r} is not NAME=VALUE.", remedy=f"Names: {', '.join(known)}.")
        try:
            given[name.strip()] = kind(value.strip())
        except ValueError:
            raise SettingsError(f"--assume {part!r}: expected a number.") from None
    missing = [name for name in needed if name not in given]
    if missing:
        raise SettingsError(f"--assume {text!r} lacks {', '.join(missing)}.")
    return given
