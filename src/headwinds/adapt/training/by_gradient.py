"""Train what a method chose by gradient steps on the task's own loss; the best epoch on validation is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Fitting, Optimised
from headwinds.adapt.prediction import make_predictor, predict_outputs
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.training.device import choose_device, computing_on
from headwinds.adapt.training.frozen import forward_of, freeze_states
from headwinds.adapt.training.loop import TrainingData, plan_epochs, train
from headwinds.adapt.training.progress import watch
from headwinds.adapt.writing import likelihoods

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.training.batches import Batch


def optimise_by_gradient(fitting: Fitting, parameters: dict[str, torch.nn.Parameter]) -> Optimised:
    """Train `parameters` of the network, on the device of the settings; see `training.loop.train`.

    What holds a model near its past (`Fitting.penalty`) was measured on the processor, and is trained there.
    """
    device = "cpu" if fitting.penalty is not None else choose_device(fitting.settings.device)
    with computing_on(device, fitting.network):
        return _optimise(fitting, parameters)


def _optimise(fitting: Fitting, parameters: dict[str, torch.nn.Parameter]) -> Optimised:
    task, data, settings, network = fitting.task, fitting.data, fitting.settings, fitting.network
    encoded, examples, labels = fitting.encoded, data.examples, data.labels
    targets = task.targets(examples, encoded, labels, settings)
    forward = forward_of(network, freeze_states(network, encoded, settings, fitting.precision))
    penalty = fitting.penalty(parameters, forward) if fitting.penalty is not None else None

    def loss(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        own = task.loss(outputs, batch, targets)
        return own if penalty is None else own + penalty(outputs, batch)

    def units(batch: Batch) -> float | None:
        return task.loss_units(batch, targets)

    def validation_score() -> float:
        if writes(task):
            found = likelihoods(network, encoded, data.validation)
            return task.score(list(found), examples, data.validation, encoded, labels)
        predictor = make_predictor(
            network, fitting.tokenizer, max_tokens=fitting.max_tokens, precision=fitting.precision
        )
        outputs: list[Any] = predict_outputs(predictor, encoded, data.validation)
        return task.score(outputs, examples, data.validation, encoded, labels)

    padding = int(fitting.tokenizer.pad_token_id or 0)
    training = TrainingData(encoded, loss, data.training, padding, examples.ids, units)
    plans = plan_epochs(training, settings)
    with watch(fitting.title, sum(len(plan) for plan in plans), quiet=fitting.quiet) as progress:
        position = train(
            network,
            forward,
            parameters,
            plans,
            training,
            validation_score,
            settings,
            precision=fitting.precision,
            state_path=fitting.scratch / "state",
            progress=progress,
            after_epoch=fitting.after_epoch,
        )
    return Optimised(position)
