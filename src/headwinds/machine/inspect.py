"""Look at the whole machine."""

from __future__ import annotations

from pathlib import Path

from headwinds.machine.diagnosis import Diagnosis, Line


def inspect_machine(output: Path) -> Diagnosis:
    """Hardware, libraries, models, and what will be used of them; `output` is where results would go.

    A torch that cannot be imported is a broken line, and what depends on it is left out.
    """
    from headwinds.machine.libraries import library_lines
    from headwinds.machine.models import model_lines

    try:
        import torch  # noqa: F401 - whether it loads is the question
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        remedy = "Install it anew: pip install --force-reinstall torch"
        broken = Line("libraries", "torch", f"cannot be loaded: {reason}", "broken", remedy)
        return Diagnosis((*library_lines(), broken, *model_lines()))
    from headwinds.compute.capacity import usable_cores
    from headwinds.machine.choices import choice_lines
    from headwinds.machine.hardware import hardware_lines
    from headwinds.machine.speed import measure_speed, speed_line

    speeds = measure_speed()
    return Diagnosis(
        (
            *hardware_lines(output),
            speed_line(speeds),
            *library_lines(),
            *model_lines(),
            *choice_lines(usable_cores(), speeds),
        )
    )
