"""What Headwinds will use here: backend, threads and precision, asked of the functions that decide it in a run."""

from __future__ import annotations

import os

from headwinds.adapt.training.device import choose_device
from headwinds.adapt.training.precision import choose_precision, choose_predicting_precision
from headwinds.machine.diagnosis import Line

CLEARLY = 1.2


def choice_lines(cores: int, speeds: dict[str, float]) -> list[Line]:
    """Backend, threads, precision of training and of prediction, and what is not needed."""
    return [
        _backend(),
        _threads(cores),
        _precision(speeds),
        _predicting(),
        Line("use", "not needed", "a network once it is installed, a GPU, Docker, a browser on this machine"),
    ]


def _backend() -> Line:
    device = choose_device("auto")
    place = (
        "the GPU, for training by gradient and for predictions of files"
        if device == "cuda"
        else "the processor"
    )
    return Line("use", "backend", f"PyTorch on {place}, in this process", values={"backend": device})


def _threads(cores: int) -> Line:
    import torch

    threads = torch.get_num_threads()
    values = {"threads": threads, "cores": cores}
    told = os.environ.get("OMP_NUM_THREADS")
    why = f" (OMP_NUM_THREADS={told})" if told else ""
    if threads < cores:
        remedy = (
            f"Set OMP_NUM_THREADS={cores} to use all cores, unless other programs need them."
            if told
            else f"Set OMP_NUM_THREADS={cores} if the rest of the machine is free."
        )
        return Line("use", "threads", f"{threads} of {cores} cores{why}", "note", remedy, values)
    if threads > cores:
        remedy = f"Set OMP_NUM_THREADS={cores}: threads that wait for one another are slow."
        return Line("use", "threads", f"{threads} on {cores} cores{why}", "note", remedy, values)
    return Line("use", "threads", f"{threads}, one a core{why}", values=values)


def _precision(speeds: dict[str, float]) -> Line:
    chosen = choose_precision("auto")
    other = "float32" if chosen == "bfloat16" else "bfloat16"
    gain = speeds[chosen] / speeds[other]
    says, values = f"{chosen}, {gain:.1f} times the speed of {other}", {"precision": chosen}
    if gain * CLEARLY < 1:
        remedy = f'Set precision = "{other}" under [tune]: it was measured to be faster here.'
        return Line("use", "training", says, "note", remedy, values)
    return Line("use", "training", says, values=values)


def _predicting() -> Line:
    from headwinds.adapt.quantised import can_quantise

    chosen = choose_predicting_precision("auto", choose_precision("auto"))
    values = {"precision": chosen, "int8": can_quantise()}
    if can_quantise():
        says = f'{chosen}; this processor is made for scoring_precision = "int8" too, which gives other last digits'
    else:
        says = f"{chosen}; no int8, for which AVX512-VNNI is needed"
    return Line("use", "scoring", says, values=values)
