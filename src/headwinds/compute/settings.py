"""Where work runs, as a study file, the command line and Python name it."""

from __future__ import annotations

from dataclasses import dataclass

from headwinds.errors import SettingsError

PLACES = ("local", "ray")
MOST_WORKERS = 10_000


@dataclass(frozen=True, slots=True)
class ComputeSettings:
    """Where work runs. It changes how long a result takes, never the result.

    Attributes
    ----------
    on
        "local": this process or worker processes of this machine. "ray": a Ray cluster.
    address
        Of the cluster: "" for one that is started on this machine and ends with the run, else as "10.0.0.5:6379" or
        "ray://10.0.0.5:10001".
    workers
        Processes of one thread each; 0 for as many as there are cores and memory for. With "local" and 1 the work is done
        in this process, by PyTorch's own threads.
    fall_back
        Whether to go on locally, with a warning, where the cluster cannot be reached; else that is an error.
    """

    on: str = "local"
    address: str = ""
    workers: int = 0
    fall_back: bool = False

    def __post_init__(self) -> None:
        if self.on not in PLACES:
            raise SettingsError(f"on = {self.on!r} cannot be used: expected one of {', '.join(PLACES)}.")
        if not 0 <= self.workers <= MOST_WORKERS:
            raise SettingsError(
                f"workers = {self.workers} cannot be used: expected 0 (sized to the machine) to {MOST_WORKERS:,}."
            )
        if self.address and self.on != "ray":
            raise SettingsError(f'address = {self.address!r} is of a cluster: expected on = "ray" with it.')
