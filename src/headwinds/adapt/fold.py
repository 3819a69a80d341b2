"""One fold: fit a model on its training passages, calibrate it on its validation passages, save it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.checkpoints import Checkpoint, load_encoder, load_tokenizer, resolve_checkpoint
from headwinds.adapt.encoding import encode_texts
from headwinds.adapt.evaluation.calibration import Calibration, fit_calibration
from headwinds.adapt.fitted_model import FittedModel, ModelFacts, save_model
from headwinds.adapt.prediction import make_predictor, predict_logits
from headwinds.adapt.training.attention import register_attention
from headwinds.adapt.training.frozen import forward_of, freeze_states
from headwinds.adapt.training.loop import TrainingData, plan_epochs, train
from headwinds.adapt.training.precision import choose_precision
from headwinds.adapt.training.progress import watch
from headwinds.artifacts.fingerprint import code_digest, fingerprint
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.write import write_json
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.classifier import TextClassifier
    from headwinds.adapt.training.state import Position


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Gold passages with their texts; `truth` has shape (passages, labels)."""

    passage_ids: tuple[str, ...]
    document_ids: tuple[str, ...]
    texts: tuple[str, ...]
    label_names: tuple[str, ...]
    truth: NDArray[np.bool_]
    stratum: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoldRows:
    """Which gold passages train, validate and test one fold; row numbers, by document apart."""

    number: int
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def plan_folds(data: LabelledTexts, settings: TuneSettings) -> tuple[FoldRows, ...]:
    """Split gold by document, stratified by label and sampling stratum: every passage is tested in exactly one fold."""
    import numpy as np

    from headwinds.corpus.splits import assign_folds

    fold = assign_folds(data.document_ids, data.truth, data.stratum, folds=settings.folds, seed=settings.seed)
    parts = max(2, round(1 / settings.validation_share))
    planned = []
    for number in range(settings.folds):
        rest = np.flatnonzero(fold != number)
        inner = assign_folds(
            [data.document_ids[row] for row in rest],
            data.truth[rest],
            [data.stratum[row] for row in rest],
            folds=parts,
            seed=derive_seed(settings.seed, "validation", number) % 2**31,
        )
        planned.append(FoldRows(number, rest[inner != 0], rest[inner == 0], np.flatnonzero(fold == number)))
    return tuple(planned)


def data_digest(data: LabelledTexts) -> str:
    """SHA-256 of the texts and their labels, in order."""
    columns = zip(data.passage_ids, data.document_ids, data.texts, data.truth.tolist(), strict=True)
    return fingerprint(labels=list(data.label_names), rows=[list(row) for row in columns])


def fit_fold(
    data: LabelledTexts,
    rows: FoldRows,
    settings: TuneSettings,
    output: Path,
    scratch: Path,
    *,
    quiet: bool = False,
) -> None:
    """Fit one fold into `output`: a model folder, and `history.json` with the loss and score of each epoch.

    The training state lives in `scratch`; a run that was killed goes on from there and ends with the same bytes.

    Raises
    ------
    CheckpointError, SettingsError, TrainingError, Interrupted
        See the functions called.
    """
    import numpy as np
    import torch

    checkpoint = resolve_checkpoint(settings.checkpoint)
    tokenizer = load_tokenizer(checkpoint)
    max_tokens = window_length(checkpoint, settings)
    precision = choose_precision(settings.precision)
    module, parameters = _new_module(checkpoint, data, rows, settings)
    encoded = encode_texts(tokenizer, data.texts, max_tokens=max_tokens)
    targets = data.truth.astype(np.float32)
    training = TrainingData(
        encoded, targets, rows.training, int(tokenizer.pad_token_id or 0), data.passage_ids
    )
    forward = forward_of(module, freeze_states(module.encoder, encoded, settings, precision))

    def validation_logits() -> NDArray[np.float64]:
        predictor = make_predictor(module, tokenizer, max_tokens=max_tokens, precision=precision)
        return predict_logits(predictor, encoded, rows.validation)

    truth = data.truth[rows.validation]
    plans = plan_epochs(training, settings)
    steps = sum(len(plan) for plan in plans)
    with watch(f"tune fold {rows.number + 1} of {settings.folds}", steps, quiet=quiet) as progress:
        position = train(
            module,
            forward,
            parameters,
            plans,
            training,
            torch.nn.functional.binary_cross_entropy_with_logits,
            lambda: macro_average_precision(truth, validation_logits()),
            settings,
            precision=precision,
            state_path=scratch / "state.safetensors",
            progress=progress,
        )
    calibration: Calibration = fit_calibration(validation_logits(), truth)
    facts = ModelFacts(
        task=settings.task,
        method=settings.method,
        pooling=module.pooling,
        labels=data.label_names,
        max_tokens=max_tokens,
        precision=precision,
        checkpoint=settings.checkpoint,
        checkpoint_digest=checkpoint.digest,
        calibration=calibration,
        training_passages=len(rows.training),
        validation_passages=len(rows.validation),
        data_digest=data_digest(data),
        code_digest=code_digest("headwinds.adapt", "headwinds.contracts"),
    )
    save_model(FittedModel(facts, module, tokenizer), output)
    write_json(output / "history.json", _history(position))


def window_length(checkpoint: Checkpoint, settings: TuneSettings) -> int:
    """The longest window in tokens: what is set, else what the checkpoint allows."""
    if settings.max_tokens > checkpoint.max_tokens:
        raise SettingsError(
            f"max_tokens = {settings.max_tokens}, but checkpoint {checkpoint.name!r} reads at most {checkpoint.max_tokens}.",
            remedy="Lower it: longer texts are read in several windows anyway.",
        )
    return settings.max_tokens or checkpoint.max_tokens


def macro_average_precision(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Mean average precision over the labels that have positives; 0 if none has."""
    import numpy as np

    from headwinds.adapt.evaluation.metrics import average_precision

    ones = np.ones((1, len(truth)))
    values = [
        float(average_precision(truth[:, label], score[:, label], ones)[0])
        for label in range(truth.shape[1])
        if truth[:, label].any()
    ]
    return float(np.mean(values)) if values else 0.0


def _new_module(
    checkpoint: Checkpoint, data: LabelledTexts, rows: FoldRows, settings: TuneSettings
) -> tuple[TextClassifier, dict[str, torch.nn.Parameter]]:
    import torch

    from headwinds.adapt.tasks.classifier import TextClassifier, initialise_head, trainable_parameters

    encoder = load_encoder(
        checkpoint, encoder_dropout=settings.encoder_dropout, attention=register_attention()
    )
    module = TextClassifier(
        encoder,
        len(data.label_names),
        dropout=settings.head_dropout,
        pooling="mean" if settings.pooling == "mean" else "smooth-maximum",
    )
    targets = torch.from_numpy(data.truth[rows.training]).float()
    initialise_head(module.head, targets, seed=derive_seed(settings.seed, "head", rows.number))
    return module, trainable_parameters(module, frozen_layers=settings.frozen_layers)


def _history(position: Position) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "best_validation_average_precision": position.best_score,
        "epochs": [asdict(record) for record in position.history],
    }
