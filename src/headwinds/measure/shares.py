"""Shares by an estimator of a name, or by the one that the data allow; what was refused is taken over, and said."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding
from headwinds.errors import EstimationError

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

AUTO = "auto"


def estimate_shares(frame: Frame, cells: Cells, estimator: str = AUTO, **options: Any) -> Indicator:
    """Shares (or mean scores) of every label in every cell.

    Parameters
    ----------
    estimator
        A registered name, or "auto" for what `choose_estimator` says. An estimator that assumes equal error rates refuses
        where the gold rejects them; the default of `choose_estimator` then takes over, `Indicator.method` names what was
        used, and a finding (W321) says why.
    options
        Handed to the estimator: `level`, `minimum_gold` and the like; those that it does not know are left out, so that one
        set of options serves all.

    Raises
    ------
    SettingsError
        There is no such estimator, or it cannot be used with labels of this kind.
    """
    from headwinds.measure.registry import CONSTANT_ERROR, assumption, choose_estimator, get_estimator

    least = {name: int(options[name]) for name in ("minimum_gold", "minimum_count") if name in options}
    if estimator == AUTO:
        name, reason = choose_estimator(frame, cells, **least)
    else:
        name, reason = estimator, "It was asked for."
    found = get_estimator(name)
    refused: tuple[Finding, ...] = ()
    try:
        result = found(frame, cells, **_known(found, options))
    except EstimationError as problem:
        if name not in CONSTANT_ERROR:
            raise
        name, reason = choose_estimator(frame, cells, **least)
        refused = (Finding("W321", problem.message, f"The estimator '{name}' took over."),)
        found = get_estimator(name)
        result = found(frame, cells, **_known(found, options))
    said = Finding("N321", f"estimator: {name}. {reason} It assumes that {assumption(name)}.")
    return replace(result, findings=(*refused, said, *result.findings))


def _known(function: Any, options: dict[str, Any]) -> dict[str, Any]:
    names = inspect.signature(function).parameters
    return {key: value for key, value in options.items() if key in names}
