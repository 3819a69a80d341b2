"""Models and analyses of panels over HTTP, in Python: the call of `headwinds serve`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from headwinds.doors.arguments import plain_arguments
from headwinds.errors import SettingsError

PathLike = str | Path
TOKEN = "HEADWINDS_TOKEN"  # noqa: S105 - the name of the variable


@plain_arguments
def serve_models(
    *,
    registry: PathLike | None = None,
    database: str = "",
    model: PathLike | None = None,
    name: str = "model",
    versions: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 8766,
    token: str | None = None,
    allowed_hosts: Sequence[str] = (),
    runs: Sequence[str] = (),
    merge: bool = False,
    explain: bool = False,
    most_rows: int = 256,
    seconds: float = 30.0,
    ready: Callable[[str], Any] = print,
) -> None:
    """Serve the models of a registry, or one tuned model's folder, or analyses of panels, until stopped.

    Parameters
    ----------
    registry, database
        As `open_registry`: every model with a version in production is served, and promotions are followed.
    model, name
        Or one folder, under a name.
    versions
        ``NAME=NUMBER``: versions that are served too.
    token
        The key that callers send as ``Authorization: Bearer KEY``; by default from the variable HEADWINDS_TOKEN. A must
        beyond this machine.
    runs
        ``NAME=FOLDER``: the finished run of a model, whose report and indices the page links to.
    merge
        Compute waiting requests together: faster for many small ones, but the last digits then depend on the company.
    explain
        Analyse panels too, as `headwinds explain` does; this needs neither a model nor a registry.
    most_rows, seconds
        Of a request: rows, and the time for an answer.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.extras import require

    require("sqlalchemy", "starlette", "uvicorn", extra="serve")
    from headwinds.registry.index import NAME, open_registry
    from headwinds.serve.serving import serve
    from headwinds.serve.shelf import Shelf, shelf_of_folder
    from headwinds.serve.site import ServingLimits
    from headwinds.web.listening import Address, check_address

    if registry is not None and model is not None:
        raise SettingsError(
            "Name a registry or a model, one of them.", remedy="See `headwinds serve --help`."
        )
    if registry is None and model is None and not explain:
        raise SettingsError(
            "There is nothing to serve.",
            remedy="Name a registry or a model, or ask for analyses of panels (--explain).",
        )
    if not 1 <= most_rows <= 4096:
        raise SettingsError(f"most_rows = {most_rows} cannot be used.", remedy="It is from 1 to 4096.")
    if not 0.1 <= seconds <= 600:
        raise SettingsError(f"seconds = {seconds} cannot be used.", remedy="It is from 0.1 to 600.")
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"name = {name[:80]!r} cannot be used.", remedy="Lower-case letters, digits, . _ -"
        )
    key = os.environ.get(TOKEN, "") if token is None else token
    address = Address(host, port, key, tuple(allowed_hosts))
    check_address(address)
    linked = _runs(runs)
    limits = ServingLimits(most_rows=most_rows, seconds=seconds)
    if registry is None:
        shelf = Shelf({}) if model is None else shelf_of_folder(Path(model), name)
        serve(shelf, address, limits=limits, runs=linked, merge=merge, explain=explain, ready=ready)
        return
    opened = open_registry(Path(str(registry)), database, create=False)
    try:
        serve(
            opened,
            address,
            fixed=_fixed(versions),
            limits=limits,
            runs=linked,
            merge=merge,
            explain=explain,
            ready=ready,
        )
    finally:
        opened.engine.dispose()


def _fixed(versions: Sequence[str]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for one in versions:
        name, _, number = one.partition("=")
        if not (number.isascii() and number.isdigit() and len(number) < 8):
            raise SettingsError(f"version = {one[:80]!r} cannot be used.", remedy="It is NAME=NUMBER.")
        found[name] = (*found.get(name, ()), int(number))
    return found


def _runs(runs: Sequence[str]) -> dict[str, Mapping[str, bytes]]:
    from headwinds.serve.evidence import read_run

    found = {}
    for one in runs:
        name, separator, folder = one.partition("=")
        if not separator or not folder:
            raise SettingsError(f"run = {one[:80]!r} cannot be used.", remedy="It is NAME=FOLDER.")
        found[name] = read_run(Path(folder))
    return found
