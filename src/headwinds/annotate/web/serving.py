"""The server of the annotators' pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from headwinds.annotate.store import checked_names, enrol
from headwinds.annotate.web.application import make_application
from headwinds.errors import SettingsError
from headwinds.phrases.catalogue import heard
from headwinds.web.listening import Address, check_address, run

if TYPE_CHECKING:
    from headwinds.annotate.project import AnnotationProject


def serve(
    project: AnnotationProject,
    address: Address,
    *,
    annotators: Sequence[str] = (),
    adjudicators: Sequence[str] = (),
    ready: Callable[[str], Any] = print,
) -> None:
    """Serve until stopped by a signal.

    Parameters
    ----------
    annotators
        The names that may enter; empty: anybody who can reach the page.
    adjudicators
        Those of them who may decide on disagreements; empty: all.
    ready
        Called with the page's address once it answers.

    Raises
    ------
    SettingsError
        As `check_address`; a name is no name or stands twice; the port is taken.
    """
    hosts = check_address(address)
    names = tuple(enrol(project, name) for name in checked_names(annotators))
    judges = checked_names(adjudicators)
    strangers = [name for name in judges if names and name not in names]
    if strangers:
        raise SettingsError(
            f"The adjudicator {strangers[0]!r} is none of the annotators.",
            remedy="Name everybody under --annotators.",
        )
    application = make_application(
        project,
        hosts=hosts,
        token=address.token,
        names=names,
        adjudicators=judges,
        language=heard(project.language),
    )
    run(application, address, ready=ready)
    project.engine.dispose()
