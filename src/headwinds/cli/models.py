"""`headwinds models`: versions of models, their cards, the gate, the way back."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headwinds.cli.terminal import tell, tell_as_it_is, tell_lines
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.registry.index import Registry

ACTIONS = ("list", "add", "import", "show", "promote", "rollback", "export")
MAKING = ("add", "import")
"""What makes a registry that is not there; whatever else is done with one reads it."""
DESTINATIONS = ("headwinds", "transformers", "mlflow")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("name", nargs="?", default="", help="the model's name")
    parser.add_argument("--registry", default="registry", help="folder of the registry (default: registry)")
    parser.add_argument(
        "--database",
        default="",
        help="index: postgresql://user:password@host/name (default: index.sqlite there)",
    )
    parser.add_argument("--model", help="add: folder of a tuned model")
    parser.add_argument("--evaluation", help="add: folder of its test (default: the one beside it)")
    parser.add_argument("--audit", help="add: folder of its audit, for what predictions cost")
    parser.add_argument(
        "--parent", default="", metavar="VERSION", help="add: the version that it was made from"
    )
    parser.add_argument("--checkpoint", help="import: a transformers folder, or owner/name on the hub")
    parser.add_argument("--task", help="import: what it does, see headwinds tasks")
    parser.add_argument("--pairs", action="store_true", help="import: the classifier reads pairs of texts")
    parser.add_argument("--licence", default="", help="add, import: under which terms it may be used")
    parser.add_argument("--limits", default="", help="add, import: what it should not be used for")
    parser.add_argument("--version", default="", help='a number, first characters, "latest" or "production"')
    parser.add_argument("--gate", help="promote: TOML file with what a version must pass")
    parser.add_argument("--output", help="export: folder to write")
    parser.add_argument(
        "--to",
        default="headwinds",
        choices=DESTINATIONS,
        help="export: for headwinds (default), for transformers alone, or to an MLflow server or store",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Do it, and say what was done; a candidate that the gate refuses is exit code 1."""
    from headwinds.doors import registering

    if not arguments.name and arguments.action != "list":
        raise SettingsError(
            "The model's name is missing.", remedy=f"headwinds models {arguments.action} NAME ..."
        )
    needed = [("add", "model"), ("import", "checkpoint"), ("import", "task"), ("promote", "gate")]
    for action, flag in [*needed, *([] if arguments.to == "mlflow" else [("export", "output")])]:
        if arguments.action == action and not getattr(arguments, flag):
            raise SettingsError(
                f"--{flag} is missing.", remedy=f"headwinds models {action} NAME --{flag} ..."
            )
    registry = registering.open_registry(
        arguments.registry, database=arguments.database, create=arguments.action in MAKING
    )
    try:
        return _do(arguments, registry)
    finally:
        registry.engine.dispose()


def _do(arguments: argparse.Namespace, registry: Registry) -> int:
    from headwinds.doors import registering
    from headwinds.registry.index import find_version, versions_of

    name = arguments.name
    if arguments.action == "list":
        if name:
            find_version(registry, name, "latest")  # which says of an unknown name what is there
        for one in versions_of(registry, name):
            tell_as_it_is(
                f"{one.name}  {one.number}  {one.version[:12]}  {one.stage}  {one.card.task}  {one.added_at[:10]}"
            )
    elif arguments.action == "add":
        added = registering.add_model(
            registry,
            name,
            arguments.model,
            parent=arguments.parent,
            evaluation=arguments.evaluation,
            audit=arguments.audit,
            licence=arguments.licence,
            limits=arguments.limits,
        )
        tell_as_it_is(f"{name} {added.number}: {added.version[:12]}, {added.stage}")
    elif arguments.action == "import":
        added = registering.import_model(
            registry,
            name,
            arguments.checkpoint,
            task=arguments.task,
            pairs=arguments.pairs,
            licence=arguments.licence,
            limits=arguments.limits,
        )
        tell_as_it_is(f"{name} {added.number}: {added.version[:12]}, {added.stage}")
    elif arguments.action == "show":
        _show(registry, name, arguments.version or "latest")
    elif arguments.action == "promote":
        decision = registering.promote_model(
            registry, name, arguments.gate, version=arguments.version or "latest"
        )
        tell(decision.summary())
        return 0 if decision.promoted else 1
    elif arguments.action == "rollback":
        back = registering.rollback_model(registry, name)
        tell(f"{name} {back.number}: {back.version[:12]} is in production again")
    else:
        _export(arguments, registry)
    return 0


def _export(arguments: argparse.Namespace, registry: Registry) -> None:
    from headwinds.doors import registering

    name, version = arguments.name, arguments.version or "production"
    if arguments.to == "mlflow":
        gone, run = registering.export_to_mlflow(registry, name, version=version)
        tell_as_it_is(f"{name} {gone.number}: {run}")
        return
    write = registering.export_model if arguments.to == "headwinds" else registering.export_to_transformers
    gone = write(registry, name, arguments.output, version=version)
    tell_as_it_is(f"{name} {gone.number}: {arguments.output}")


def _show(registry: Registry, name: str, which: str) -> None:
    from headwinds.registry.card import card_lines
    from headwinds.registry.index import events_of, find_version

    found = find_version(registry, name, which)
    made = f", made from {found.parent[:12]}" if found.parent else ""
    lines = [
        f"{name} {found.number}: {found.version}, {found.stage}{made}",
        *card_lines(found.card),
        "Events:",
    ]
    for one in events_of(registry, name):
        if one.version == found.version:
            lines.append(
                f"  {one.made_at} {one.kind}" + (f", before: {one.previous[:12]}" if one.previous else "")
            )
            lines += [f"    {reason}" for reason in one.reasons]
    tell_lines(lines)
