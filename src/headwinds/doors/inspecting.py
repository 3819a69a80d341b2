"""The machine looked at, in Python: the call of `headwinds doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.machine.diagnosis import Diagnosis

PathLike = str | Path


@plain_arguments
def doctor(output: PathLike = "runs") -> Diagnosis:
    """Say what this machine has and what Headwinds will use of it, with a remedy where something is missing.

    Parameters
    ----------
    output
        The folder where results would go; it need not exist.

    Returns
    -------
    Diagnosis
        Print it, or read its `lines`, `table` and `healthy`. Nothing is written, and no network is used.
    """
    from headwinds.machine.inspect import inspect_machine

    return inspect_machine(Path(output))
