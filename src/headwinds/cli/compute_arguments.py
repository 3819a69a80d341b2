"""Arguments that say where work runs: the keys of [compute] in a study file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwinds.compute.settings import ComputeSettings

KEYS = ("on", "address", "workers", "fall_back")


def add_compute_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them to a verb's parser; what is not given is left to the study file."""
    group = parser.add_argument_group("where a corpus is scored, or the fits of a search are made")
    group.add_argument("--on", metavar="PLACE", help="local (processes of this machine) or ray (a cluster)")
    group.add_argument(
        "--address", metavar="HOST:PORT", help="of the Ray cluster; without it one is started on this machine"
    )
    group.add_argument(
        "--workers", type=int, metavar="N", help="processes of one thread each; 0 sizes them to the machine"
    )
    group.add_argument(
        "--fall-back",
        action="store_const",
        const=True,
        help="go on on this machine if the cluster cannot be reached",
    )


def given_compute(arguments: argparse.Namespace) -> dict[str, Any]:
    """The keys that were given; "local" takes the address of a study file's cluster away."""
    given = {name: value for name in KEYS if (value := getattr(arguments, name)) is not None}
    return {"address": "", **given} if given.get("on") == "local" else given


def compute_settings(arguments: argparse.Namespace) -> ComputeSettings:
    """The settings, where there is no study file to have others.

    Raises
    ------
    SettingsError
        A value cannot be used.
    """
    from headwinds.compute.settings import ComputeSettings

    return ComputeSettings(**given_compute(arguments))
