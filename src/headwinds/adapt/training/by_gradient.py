"""Train what a method chose by gradient steps on the task's own loss; the best epoch on validation is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Fitting, Optimised
from headwinds.adapt.prediction import Predictor, make_predictor, predict_outputs
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.losses import balanced
from headwinds.adapt.training.device import choose_device, computing_on
from headwinds.adapt.training.frozen import forward_of, freeze_states
from headwinds.adapt.training.loop import TrainingData, plan_epochs, train
from headwinds.adapt.training.memory import recomputing
from headwinds.adapt.training.resampling import classes_to_draw
from headwinds.adapt.training.together import shard
from headwinds.adapt.writing import likelihoods

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.training.batches import Batch


def optimise_by_gradient(fitting: Fitting, parameters: dict[str, torch.nn.Parameter]) -> Optimised:
    """Train `parameters` of the network, on the device of the settings; see `training.loop.train`.

    Of several processes each comes here; the one that started them comes afterwards, and finds the state finished.

    What holds a model near its past (`Fitting.penalty`) was measured on the processor, and is trained there.
    """
    device = "cpu" if fitting.penalty is not None else choose_device(fitting.settings.device)
    if fitting.team.sharded:
        return _optimise(fitting, shard(fitting.network, parameters, device))
    with computing_on(device, fitting.network):
        return _optimise(fitting, parameters)


def _optimise(fitting: Fitting, parameters: dict[str, torch.nn.Parameter]) -> Optimised:
    task, data, settings, network = fitting.task, fitting.data, fitting.settings, fitting.network
    encoded, examples, labels = fitting.encoded, data.examples, data.labels
    targets = balanced(
        task.targets(examples, encoded, labels, settings), data.training, len(labels), settings
    )
    # Sharded layers are brought together by the whole network's forward pass, so that none can be computed alone; and where
    # other processes have trained, nothing is computed here.
    at_every_step = fitting.team.sharded or (settings.processes > 1 and fitting.team.size == 1)
    frozen = None if at_every_step else freeze_states(network, encoded, settings, fitting.precision)
    forward = forward_of(network, frozen)
    penalty = fitting.penalty(parameters, forward) if fitting.penalty is not None else None

    def loss(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        return task.loss(outputs, batch, targets)

    def units(batch: Batch) -> float | None:
        return task.loss_units(batch, targets)

    def validation_score() -> float:
        if writes(task):
            found = likelihoods(network, encoded, data.validation)
            return task.score(list(found), examples, data.validation, encoded, labels)
        if frozen is not None and frozen.whole(network.encoder):
            network.eval()
            plain = Predictor(network, None, fitting.tokenizer, fitting.max_tokens, fitting.precision)
            known = predict_outputs(plain, encoded, data.validation, states=frozen.states)
            return task.score(known, examples, data.validation, encoded, labels)
        if fitting.team.sharded:
            network.eval()
            sharded = Predictor(network, None, fitting.tokenizer, fitting.max_tokens, fitting.precision)
            return task.score(
                predict_outputs(sharded, encoded, data.validation), examples, data.validation, encoded, labels
            )
        predictor = make_predictor(
            network, fitting.tokenizer, max_tokens=fitting.max_tokens, precision=fitting.precision
        )
        outputs: list[Any] = predict_outputs(predictor, encoded, data.validation)
        return task.score(outputs, examples, data.validation, encoded, labels)

    padding = int(fitting.tokenizer.pad_token_id or 0)
    classes = classes_to_draw(targets, data.training, settings)
    training = TrainingData(encoded, loss, data.training, padding, examples.ids, units, penalty, classes)
    plans = plan_epochs(training, settings)
    total = sum(len(plan) for plan in plans)
    with (
        fitting.team.watch(fitting.title, total, quiet=fitting.quiet) as progress,
        recomputing(network.encoder, settings),
    ):
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
            team=fitting.team,
        )
    return Optimised(position)
