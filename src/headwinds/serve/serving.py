"""The server of models and analyses: checked, loaded, then listening; a signal finishes what is under way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from headwinds.phrases.catalogue import spoken
from headwinds.serve.application import PROBES, make_application
from headwinds.serve.calculator import Calculator
from headwinds.serve.engine import Engine, Engines
from headwinds.serve.journal import Journal
from headwinds.serve.metrics import Metrics
from headwinds.serve.shelf import Shelf, shelf_of_registry
from headwinds.serve.site import ServingLimits, Site
from headwinds.web.listening import Address, check_address, run

if TYPE_CHECKING:
    from headwinds.registry.index import Registry

SECONDS_TO_DRAIN = 30
MOST_TO_WRITE = 16_384  # tokens that may wait to be read and written: some seconds of a small model


def serve(
    source: Registry | Shelf,
    address: Address,
    *,
    fixed: Mapping[str, tuple[int, ...]] | None = None,
    limits: ServingLimits | None = None,
    merge: bool = False,
    explain: bool = False,
    runs: Mapping[str, Mapping[str, bytes]] | None = None,
    refresh_seconds: float = 1.0,
    journal: Journal | None = None,
    ready: Callable[[str], Any] = print,
) -> None:
    """Serve models, and analyses of panels, until stopped by a signal.

    Parameters
    ----------
    source
        A registry, whose promotions are followed, or a shelf with one folder.
    fixed
        Of names, the numbers of versions that are served beside the one in production.
    merge
        See `headwinds.serve.engine`.
    explain
        Analyse panels too; with an empty shelf, nothing else.
    runs
        Of names, what `headwinds.serve.evidence.read_run` read.
    refresh_seconds
        How often the registry is looked at.

    Raises
    ------
    SettingsError
        As `check_address`; nothing is in production; the port is taken.
    CheckpointError
        A version is damaged.
    """
    hosts = check_address(address)
    journal = journal or Journal()

    def said(event: str, name: str, what: str) -> None:
        journal.write(event, model=name, what=what)

    shelf = source if isinstance(source, Shelf) else shelf_of_registry(source, fixed or {}, said)
    metrics = Metrics()
    engines = Engines(
        Engine(merge=merge, computed=metrics.computed),
        Engine(token_budget=1, most_waiting=MOST_TO_WRITE, computed=metrics.computed),
    )
    calculator = Calculator() if explain else None
    site = Site(
        shelf,
        engines,
        limits or ServingLimits(),
        metrics,
        journal,
        address.token,
        runs=runs or {},
        calculator=calculator,
        language=spoken(),
    )
    application = make_application(site, hosts)
    engines.start()
    if calculator is not None:
        calculator.start()
    shelf.watch(refresh_seconds)

    def stopping() -> None:
        site.stopping = True
        journal.write("stopping")

    try:
        run(
            application,
            address,
            ready=ready,
            stopping=stopping,
            seconds_to_drain=SECONDS_TO_DRAIN,
            probes=PROBES,
        )
    finally:
        shelf.close()
        engines.stop()
        if calculator is not None:
            calculator.stop()
