"""Fit one model of any task: train, choose the best epoch on validation, calibrate there, save."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import Checkpoint, lasting_name, load_tokenizer
from headwinds.adapt.fitted_model import FittedModel, ModelFacts, save_model
from headwinds.adapt.generators import formed_for, load_pretrained, network_settings
from headwinds.adapt.methods.contract import Fitting
from headwinds.adapt.methods.registry import (
    method_for,
    require_recomputable,
    require_shareable,
    require_suited,
)
from headwinds.adapt.openvino_encoder import LEAST_AGREEMENT, LEAST_SHARED, agreement, shared_labels
from headwinds.adapt.prediction import make_predictor, predict_outputs
from headwinds.adapt.prompts.forms import memory_of
from headwinds.adapt.scratch import is_scratch, open_checkpoint, scratch_settings
from headwinds.adapt.sides import split_digest
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.written import choices_of
from headwinds.adapt.training.device import choose_device
from headwinds.adapt.training.launching import require_room, train_on_processes
from headwinds.adapt.training.memory import told_if_short
from headwinds.adapt.training.precision import choose_precision, choose_predicting_precision
from headwinds.adapt.training.team import ALONE
from headwinds.adapt.writing import allowed_tokens, likelihoods
from headwinds.artifacts.fingerprint import code_digest
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.write import write_json
from headwinds.errors import SettingsError
from headwinds.extras import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.held_out import HeldOut
    from headwinds.adapt.methods.contract import Method
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task
    from headwinds.adapt.training.loop import AfterEpoch
    from headwinds.adapt.training.precision import PredictingPrecision
    from headwinds.adapt.training.state import EpochRecord, Position
    from headwinds.adapt.training.team import Team
    from headwinds.adapt.training.together import Together


@dataclass(frozen=True, slots=True)
class FittingData:
    """Examples of a task and the part that each plays.

    Attributes
    ----------
    examples
        Of training and validation, in one list; `training` and `validation` are numbers in it.
    labels
        In the order of the network's outputs.
    digest
        SHA-256 of texts and labels.
    descriptions
        What each label means, in the order of `labels`; empty where no codebook is given.
    words
        Of each label those that stand for it in a gap, as the codebook gives them.
    held_out
        What of the training file is kept for the test, and is not among the examples.
    """

    examples: Any
    labels: tuple[str, ...]
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    digest: str
    descriptions: tuple[str, ...] = ()
    words: tuple[tuple[str, ...], ...] = ()
    held_out: HeldOut | None = None


@dataclass(frozen=True, slots=True)
class Preparation:
    """All that a fitting begins with, in a form that another process can be told.

    Attributes
    ----------
    scratch
        Where the training state lives.
    seeds
        Name the run, so that runs of one seed draw their own heads.
    """

    task: Task[Any]
    data: FittingData
    settings: TuneSettings
    scratch: Path
    title: str
    quiet: bool
    seeds: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A fitting that can begin, how it is to be done, and on what checkpoint."""

    fitting: Fitting
    method: Method
    checkpoint: Checkpoint


def fit_model(
    task: Task[Any],
    data: FittingData,
    settings: TuneSettings,
    output: Path,
    scratch: Path,
    *,
    title: str = "tune",
    quiet: bool = False,
    seeds: tuple[str | int, ...] = (),
    after_epoch: AfterEpoch | None = None,
) -> None:
    """Fit a model into `output`: a model folder, and `history.json` with the loss and score of each epoch.

    The training state lives in `scratch`; a run that was killed goes on from there and ends with the same bytes. `seeds`
    names the run, so that runs of one seed draw their own heads. `after_epoch` is told of every epoch; what it raises ends
    the run. With several `processes` others train first, and what is done here finds their state.

    Raises
    ------
    CheckpointError, SettingsError, TrainingError, Interrupted
        See the functions called.
    """
    method = method_for(settings)
    require_suited(method, task)
    require_shareable(method, settings)
    require_recomputable(method, settings)
    require_room(settings)
    if settings.scoring_precision == "openvino-int8":
        require("openvino")  # before the training, not after it
    preparation = Preparation(task, data, settings, scratch, title, quiet, seeds)
    if settings.processes > 1:
        _open(preparation)  # made, or fetched, once
        work = partial(_take_part, preparation)
        train_on_processes(work, settings, title=title, quiet=quiet, after_epoch=after_epoch)
        after_epoch = None  # has been told
    made = prepare(preparation, after_epoch=after_epoch)
    fitting, checkpoint = made.fitting, made.checkpoint
    task, data, settings, network = fitting.task, fitting.data, fitting.settings, fitting.network
    examples, labels, encoded, tokenizer = data.examples, data.labels, fitting.encoded, fitting.tokenizer
    max_tokens, precision = fitting.max_tokens, fitting.precision
    with told_if_short(settings):
        done = made.method.optimise(fitting)
    adapter = made.method.finish(network, settings)
    decoder = done.decoder
    predicting: PredictingPrecision = precision
    parity: tuple[float, float] | None = None
    if decoder is None:
        outputs = done.outputs
        if outputs is None and writes(task):
            predicting = "float32"
            outputs = list(likelihoods(network, encoded, data.validation))
        elif outputs is None:
            predicting = choose_predicting_precision(settings.scoring_precision, precision)
            predictor = make_predictor(network, tokenizer, max_tokens=max_tokens, precision=predicting)
            predicting = predictor.precision
            outputs = predict_outputs(predictor, encoded, data.validation)
            if predicting == "openvino-int8":
                reference = make_predictor(network, tokenizer, max_tokens=max_tokens, precision=precision)
                right = predict_outputs(reference, encoded, data.validation)
                parity = _agreement(task, outputs, right, data, encoded, settings)
                if not parity[0] >= LEAST_AGREEMENT or parity[1] < LEAST_SHARED:
                    predicting, outputs = precision, right
        decoder = task.fit_decoder(outputs, examples, data.validation, encoded, labels, settings)
    if done.privacy is not None:
        decoder = {**decoder, "privacy": done.privacy}
    facts = ModelFacts(
        task=task.name,
        method=settings.method,
        network=network_settings(task, settings),
        labels=labels,
        max_tokens=max_tokens,
        precision=predicting,
        checkpoint=settings.checkpoint if adapter is None else lasting_name(settings.checkpoint),
        checkpoint_digest=checkpoint.digest,
        decoder=decoder,
        training_examples=len(data.training),
        validation_examples=len(data.validation),
        data_digest=data.digest,
        code_digest=code_digest("headwinds.adapt", "headwinds.contracts"),
        split_digest=split_digest(data.digest, data.validation),
    )
    save_model(FittedModel(facts, task, network, tokenizer), output, adapter=adapter)
    history = _history(done.position)
    if data.held_out is not None:
        history["held_out"] = asdict(data.held_out)
    if parity is not None:
        history["openvino"] = {
            "agreement": parity[0],
            "asked": LEAST_AGREEMENT,
            "shared": parity[1],
            "shared_asked": LEAST_SHARED,
            "taken": predicting == "openvino-int8",
        }
    if done.chosen is not None:
        history["chosen"] = done.chosen
    write_json(output / "history.json", history, allow_missing=True)


def prepare(
    preparation: Preparation, *, team: Team = ALONE, after_epoch: AfterEpoch | None = None
) -> Prepared:
    """Load, build and encode what is trained, the same in every process.

    Raises
    ------
    CheckpointError, SettingsError
        See the functions called.
    """
    settings, seeds = preparation.settings, preparation.seeds
    task = preparation.task
    data, checkpoint = _open(preparation)
    examples, labels = data.examples, data.labels
    method = method_for(settings)
    if is_scratch(settings.checkpoint):
        settings = scratch_settings(settings)
    settings = method.settings(settings, checkpoint.layers)
    tokenizer = load_tokenizer(checkpoint, offsets=not writes(task))
    max_tokens = window_length(checkpoint, settings)
    precision = choose_precision(settings.precision, choose_device(settings.device))
    task = formed_for(task, settings, checkpoint, memory_of(settings, data))
    encoder = load_pretrained(task, checkpoint, dropout=settings.encoder_dropout)
    network = task.network(encoder, labels, settings)
    if writes(task):  # what cannot be written is told before the training
        allowed_tokens(network, tokenizer, choices_of(settings), settings.grammar)
    task.initialise(network, examples, data.training, labels, seed=derive_seed(settings.seed, "head", *seeds))
    encoded = task.encode(examples, tokenizer, max_tokens=max_tokens)
    fitting = Fitting(
        task,
        data,
        encoded,
        network,
        tokenizer,
        settings,
        max_tokens,
        precision,
        preparation.scratch,
        preparation.title,
        preparation.quiet,
        after_epoch,
        team=team,
    )
    return Prepared(fitting, method, checkpoint)


def _open(preparation: Preparation) -> tuple[FittingData, Checkpoint]:
    """The examples that train, and the checkpoint, which for a new model is made of them."""
    settings = preparation.settings
    data = replace(preparation.data, training=_first_share(preparation.data.training, settings))
    if is_scratch(settings.checkpoint):
        settings = scratch_settings(settings)
    folder = preparation.scratch / "checkpoint"
    return data, open_checkpoint(settings, preparation.task, data.examples, data.training, folder)


def _take_part(preparation: Preparation, team: Together) -> None:
    """The training, as one of several processes; the first of them leaves the state in `scratch`."""

    def after_epoch(record: EpochRecord) -> None:
        team.tell("epoch", record)

    made = prepare(preparation, team=team, after_epoch=after_epoch if team.first else None)
    with told_if_short(made.fitting.settings):
        made.method.optimise(made.fitting)


def _agreement(
    task: Task[Any],
    outputs: Sequence[Any],
    right: Sequence[Any],
    data: FittingData,
    encoded: EncodedTexts,
    settings: TuneSettings,
) -> tuple[float, float]:
    """`agreement` and `shared_labels` on the validation examples, decided alike from both outputs."""
    import numpy as np

    if any(np.ndim(one) != 1 for one in right):
        return float("nan"), float("nan")  # outputs a token: the predictions are no label decisions
    decoder = task.fit_decoder(right, data.examples, data.validation, encoded, data.labels, settings)
    found = [
        task.decode(
            _all_rows(given, data.validation, len(encoded)), data.examples, encoded, data.labels, decoder
        )
        for given in (outputs, right)
    ]
    ours, theirs = ([one[row] for row in data.validation.tolist()] for one in found)
    return agreement(ours, theirs, len(data.labels)), shared_labels(ours, theirs)


def _all_rows(outputs: Sequence[Any], rows: NDArray[np.int64], count: int) -> list[Any]:
    """Outputs at their places among all rows; at the others stands the first, which nobody looks at."""
    found = [outputs[0]] * count
    for row, one in zip(rows.tolist(), outputs, strict=True):
        found[row] = one
    return found


def _first_share(training: NDArray[np.int64], settings: TuneSettings) -> NDArray[np.int64]:
    """A random part of the training examples, in their order; at least two."""
    import numpy as np

    count = max(min(2, len(training)), round(settings.training_share * len(training)))
    if count == len(training):
        return training
    order = np.random.default_rng(derive_seed(settings.seed, "training share")).permutation(len(training))
    return training[np.sort(order[:count])]


def window_length(checkpoint: Checkpoint, settings: TuneSettings) -> int:
    """The longest window in tokens: what is set, else what the checkpoint allows."""
    if settings.max_tokens > checkpoint.max_tokens:
        raise SettingsError(
            f"max_tokens = {settings.max_tokens}, but checkpoint {checkpoint.name!r} reads at most {checkpoint.max_tokens}.",
            remedy="Lower it: longer texts are read in several windows anyway.",
        )
    return settings.max_tokens or checkpoint.max_tokens


def _history(position: Position) -> dict[str, object]:
    return {
        "best_validation_score": position.best_score,
        "epochs": [asdict(record) for record in position.history],
    }
