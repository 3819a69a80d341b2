"""`headwinds serve`: fitted models, and analyses of panels, over HTTP."""

from __future__ import annotations

import argparse

from headwinds.cli.terminal import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument(
        "--registry", help="folder of a registry: all that is in production, promotions followed"
    )
    parser.add_argument(
        "--database", default="", help="the registry's index: postgresql://user:password@host/name"
    )
    parser.add_argument("--model", help="or the folder of one tuned model")
    parser.add_argument("--name", default="model", help="under which --model is served (default: model)")
    parser.add_argument(
        "--version", action="append", default=[], metavar="NAME=NUMBER", help="serve this version too"
    )
    parser.add_argument(
        "--run",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="a finished run of this model: the page links to its report and indices",
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: this machine only)")
    parser.add_argument("--port", type=int, default=8766, help="0 takes a free one (default: 8766)")
    parser.add_argument(
        "--allowed-host", action="append", default=[], metavar="NAME", help="a name it is reached by"
    )
    parser.add_argument(
        "--merge", action="store_true", help="compute waiting requests together; last digits then vary"
    )
    parser.add_argument(
        "--explain", action="store_true", help="analyse panels too (or only: it needs no model): /v1/explain"
    )
    parser.add_argument("--most-rows", type=int, default=256, help="rows of a request (default: 256)")
    parser.add_argument("--seconds", type=float, default=30.0, help="for an answer (default: 30)")
    parser.epilog = (
        "The key of callers is the environment variable HEADWINDS_TOKEN; beyond this machine it is a must."
    )


def execute(arguments: argparse.Namespace) -> int:
    """Serve until stopped."""
    from headwinds.doors.serving import serve_models

    def ready(address: str) -> None:
        tell(f"Serving: {address} (Ctrl-C stops it; what is under way is finished)")

    serve_models(
        registry=arguments.registry,
        database=arguments.database,
        model=arguments.model,
        name=arguments.name,
        versions=arguments.version,
        host=arguments.host,
        port=arguments.port,
        allowed_hosts=arguments.allowed_host,
        runs=arguments.run,
        merge=arguments.merge,
        explain=arguments.explain,
        most_rows=arguments.most_rows,
        seconds=arguments.seconds,
        ready=ready,
    )
    return 0
