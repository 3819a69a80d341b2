"""A tuning told to a tracker of experiments: MLflow, or TensorBoard. Both are optional, and neither changes the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from headwinds.errors import SettingsError
from headwinds.extras import require

if TYPE_CHECKING:
    from headwinds.adapt.training.state import EpochRecord

TRACKERS = ("mlflow", "tensorboard")
EXPERIMENT = "headwinds"


class Tracker(Protocol):
    """What a tuning is told to."""

    def epoch(self, record: EpochRecord) -> None:
        """An epoch is over."""

    def end(self, metrics: Mapping[str, float]) -> None:
        """The model stands; the metrics of its test, none where there is no test file."""

    def fail(self) -> None:
        """The tuning ended before its end; a later run goes on from there and tells its epochs again."""


def make_tracker(name: str, folder: Path, run: str, settings: Mapping[str, Any]) -> Tracker:
    """A tracker that begins with the first thing it is told: a model that is found again leaves no trace.

    MLflow writes to the server or store that MLFLOW_TRACKING_URI names, else to a database in `folder`; TensorBoard to
    ``folder/tensorboard``. `run` names the run, and the settings stand beside it.

    Raises
    ------
    SettingsError
        There is no such tracker, its library is not installed, or it cannot be reached.
    """
    if name not in TRACKERS:
        raise SettingsError(f"track = {name!r} cannot be used: expected one of {', '.join(TRACKERS)}.")
    require(name)
    if name == "tensorboard":
        return _TensorBoard(folder / "tensorboard" / run, settings)
    return _Mlflow(*open_mlflow(folder), run, settings)


def open_mlflow(folder: Path) -> tuple[Any, str]:
    """MLflow's client and the number of our experiment: where MLFLOW_TRACKING_URI says, else in `folder`.

    Raises
    ------
    SettingsError
        It is not installed, or cannot be reached.
    """
    require("mlflow")
    import os

    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    files = None
    place = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not place:
        folder.mkdir(parents=True, exist_ok=True)
        place = f"sqlite:///{(folder / 'mlflow.db').resolve()}"
        files = (folder / "artifacts").resolve().as_uri()  # else they would go to the working directory
    client = MlflowClient(tracking_uri=place)
    try:
        known = client.get_experiment_by_name(EXPERIMENT)
        if known is not None:
            return client, str(known.experiment_id)
        return client, str(client.create_experiment(EXPERIMENT, artifact_location=files))
    except MlflowException as error:
        first = str(error).splitlines()[0]
        raise SettingsError(
            f"MLflow at {place} cannot be used: {first}",
            remedy="Mend MLFLOW_TRACKING_URI, or leave track out.",
        ) from error


@dataclass(slots=True)
class _Mlflow:
    client: Any
    experiment: str
    name: str
    settings: Mapping[str, Any]
    run: str = ""

    def epoch(self, record: EpochRecord) -> None:
        for key, value in _values(record).items():
            self.client.log_metric(self._begun(), key, value, step=record.epoch)

    def end(self, metrics: Mapping[str, float]) -> None:
        for key, value in metrics.items():
            if value == value and "[" not in key:  # no brackets in names, no metric that is not available
                self.client.log_metric(self._begun(), f"test_{key}", value)
        self.client.set_terminated(self._begun(), "FINISHED")

    def fail(self) -> None:
        if self.run:
            self.client.set_terminated(self.run, "FAILED")

    def _begun(self) -> str:
        if not self.run:
            self.run = self.client.create_run(self.experiment, run_name=self.name).info.run_id
            for key, value in self.settings.items():
                self.client.log_param(self.run, key, str(value)[:500])
        return self.run


@dataclass(slots=True)
class _TensorBoard:
    folder: Path
    settings: Mapping[str, Any]
    _writer: list[Any] = field(default_factory=list)

    def epoch(self, record: EpochRecord) -> None:
        for key, value in _values(record).items():
            self._begun().add_scalar(key, value, record.epoch)
        self._begun().flush()

    def end(self, metrics: Mapping[str, float]) -> None:
        for key, value in metrics.items():
            if value == value and "[" not in key:
                self._begun().add_scalar(f"test_{key}", value, 0)
        self._begun().close()

    def fail(self) -> None:
        for one in self._writer:
            one.close()

    def _begun(self) -> Any:
        if not self._writer:
            from torch.utils.tensorboard import SummaryWriter

            self._writer.append(SummaryWriter(str(self.folder)))
            lines = [f"    {key} = {value!r}" for key, value in self.settings.items()]
            self._writer[0].add_text("settings", "\n".join(lines))
        return self._writer[0]


def _values(record: EpochRecord) -> dict[str, float]:
    return {
        "loss": record.loss,
        "validation_score": record.validation_score,
        "tokens": float(record.tokens),
    }
