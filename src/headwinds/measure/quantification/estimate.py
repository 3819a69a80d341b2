"""Estimators that carry error rates from the gold to every cell: refuse where the gold says that they differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.errors import EstimationError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.quantification.solution import Solver

ON_DRIFT = ("refuse", "warn", "ignore")


def rates_estimator(method: str, assumes: str, solve: Solver, *, decided: bool) -> Callable[..., Indicator]:
    """The `estimate` function of an estimator that carries error rates, by how it solves for the shares.

    Parameters
    ----------
    method, assumes
        Its registered name, and what it assumes.
    solve, decided
        From thresholded decisions (`decided`) or probabilities to shares.
    """

    def estimate(
        frame: Frame,
        cells: Cells,
        *,
        level: float = 0.95,
        minimum_passages: int = 10,
        minimum_documents: int = 2,
        cluster_by_document: bool = True,
        on_drift: str = "refuse",
    ) -> Indicator:
        """Shares by error rates; parameters are those of `EstimatorSettings`, see `estimate_by_rates` for `on_drift`."""
        return estimate_by_rates(
            frame,
            cells,
            solve,
            method=method,
            assumes=assumes,
            decided=decided,
            level=level,
            minimum_passages=minimum_passages,
            minimum_documents=minimum_documents,
            cluster_by_document=cluster_by_document,
            on_drift=on_drift,
        )

    return estimate


def estimate_by_rates(
    frame: Frame,
    cells: Cells,
    solve: Solver,
    *,
    method: str,
    assumes: str,
    decided: bool,
    level: float,
    minimum_passages: int,
    minimum_documents: int,
    cluster_by_document: bool,
    on_drift: str,
) -> Indicator:
    """Solve every choice of the frame and put the shares together.

    Parameters
    ----------
    on_drift
        When the gold rejects that the rates are the same everywhere: "refuse" raises, "warn" estimates with a finding,
        "ignore" does not look.

    Raises
    ------
    EstimationError
        The gold rejects what the estimator assumes.
    """
    from headwinds.measure.pools import make_parts
    from headwinds.measure.quantification.problems import make_choices
    from headwinds.measure.quantification.solution import assemble, solve_choices

    warned = check_rates(frame, cells, method, assumes, on_drift)
    parts = make_parts(frame, cells)
    solved, without = solve_choices(frame, parts, make_choices(frame, decided=decided), solve)
    found = assemble(
        frame,
        cells,
        parts,
        solved,
        without,
        method=method,
        level=level,
        minimum_passages=minimum_passages,
        minimum_documents=minimum_documents,
        cluster_by_document=cluster_by_document,
    )
    return replace(found, findings=(*found.findings, *warned))


def check_rates(
    frame: Frame, cells: Cells, method: str, assumes: str, on_drift: str, *, independent: bool = False
) -> tuple[Finding, ...]:
    """What the gold says against equal rates, as findings; see `estimate_by_rates`.

    Parameters
    ----------
    independent
        Whether it also assumes that gold was drawn passage by passage.

    Raises
    ------
    EstimationError
        It rejects, and `on_drift` is "refuse".
    SettingsError
        `on_drift` is none of the three.
    """
    from headwinds.measure.gold_draws import gold_draws
    from headwinds.measure.quantification.rate_tests import rate_rejections

    if on_drift not in ON_DRIFT:
        raise SettingsError(f"on_drift = {on_drift!r} cannot be used: expected one of {', '.join(ON_DRIFT)}.")
    if on_drift == "ignore":
        return ()
    rejected = rate_rejections(frame, cells)
    if independent and gold_draws(frame)[1]:
        rejected = ("the gold came in draws of several passages", *rejected)
    if not rejected:
        return ()
    sentence = f"{method} assumes that {assumes}, and the gold rejects it: {rejected[0]}"
    if on_drift == "refuse":
        raise EstimationError(
            f"{sentence}.",
            remedy="Use the estimator 'auto', 'difference' or 'small-area', or on_drift='warn' to see it.",
        )
    return (
        Finding(
            "W321",
            f"{sentence}{f', and {len(rejected) - 1} more' if len(rejected) > 1 else ''}.",
            "Use the estimator 'difference' or 'small-area'.",
        ),
    )
