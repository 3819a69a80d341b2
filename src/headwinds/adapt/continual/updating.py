"""Bring a fitted model up to date on new rows without forgetting: the result is an ordinary fitted model with a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.continual.distillation import distillation_penalty
from headwinds.adapt.continual.forgetting import ForgettingReport, measure_forgetting, read_report
from headwinds.adapt.continual.importance import elastic_penalty, fisher_diagonal
from headwinds.adapt.continual.memory import choose_memory, write_memory
from headwinds.adapt.continual.preparing import UpdateFiles, UpdateRows, read_update, require_tests
from headwinds.adapt.continual.replay import repeat_as_stood_for, repeat_to_share
from headwinds.adapt.continual.settings import DISTILLING, REPLAYING, UpdateSettings
from headwinds.adapt.continual.starting import require_continuable, starting_network
from headwinds.adapt.fitted_model import FittedModel, load_model, read_facts, save_model
from headwinds.adapt.fitting import FittingData
from headwinds.adapt.generators import network_settings
from headwinds.adapt.methods.contract import Fitting
from headwinds.adapt.methods.registry import method_for
from headwinds.adapt.predicting import model_of
from headwinds.adapt.prediction import make_predictor, predict_outputs
from headwinds.adapt.training.precision import choose_precision, choose_predicting_precision
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.write import write_json

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.methods.contract import MakePenalty, Penalty
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class UpdatedModel:
    """Where an updated model stands, what it forgot (None without tests), and whether it was found done."""

    folder: Path
    report: ForgettingReport | None
    reused: bool


def update_model(
    model: Path,
    files: UpdateFiles,
    settings: UpdateSettings,
    tune: TuneSettings,
    output: Path,
    *,
    quiet: bool = False,
    wait: float = 0.0,
) -> UpdatedModel:
    """Update the model in a folder: the new one stands in ``output/model``, what it forgot in ``output/forgetting``.

    An update of the same model by the same rows and settings is found again; one that was killed goes on, and ends with the
    same bytes.

    Parameters
    ----------
    tune
        How it is trained; see `starting.tune_changes` for what the old model decides.

    Raises
    ------
    DataError, MismatchError, SettingsError, CheckpointError
        Files, settings or the model; each is named.
    TrainingError, BusyError, Interrupted
        See `fit_model`.
    """
    folder = model_of(model)
    facts = read_facts(folder)
    require_continuable(facts, settings.strategy)
    require_tests(files)
    rows = read_update(folder, facts, files, settings.strategy, tune)
    identity = fingerprint(
        model=file_digest(folder / "model.json"),
        files={name: file_digest(path) for name, path in files.named().items()},
        group=files.group,
        encoding=files.encoding,
        settings=asdict(settings),
        tune=asdict(tune),
        code=code_digest("headwinds.adapt", "headwinds.corpus"),
    )

    def fit(place: Path, scratch: Path) -> None:
        title = f"update by {settings.strategy}"
        fit_update(folder, rows, settings, tune, place, scratch, title=title, quiet=quiet)

    with study_lock(output, wait=wait), graceful_stop():
        stage = run_stage(output, "model", identity, fit)
        if not files.old_tests and not files.new_tests:
            return UpdatedModel(stage.path, None, stage.reused)
        tests = [("old", path) for path in files.old_tests] + [("new", path) for path in files.new_tests]
        tested = fingerprint(
            update=identity,
            tests=[[role, path.name, file_digest(path)] for role, path in tests],
            seed=tune.seed,
        )

        def report(place: Path, _: Path) -> None:
            measure_forgetting(
                load_model(folder),
                load_model(stage.path),
                tests,
                place,
                files=files,
                seed=tune.seed,
                trained_on=rows.examples,
            )

        found = run_stage(output, "evaluation", tested, report)
    return UpdatedModel(stage.path, read_report(found.path), stage.reused and found.reused)


def fit_update(
    folder: Path,
    rows: UpdateRows,
    settings: UpdateSettings,
    tune: TuneSettings,
    output: Path,
    scratch: Path,
    *,
    title: str = "update",
    quiet: bool = False,
) -> None:
    """Train the old model in `folder` on, and save it into `output` with the rows that it keeps.

    Raises
    ------
    CheckpointError, SettingsError, TrainingError, Interrupted
        See the functions called.
    """
    import numpy as np

    old = load_model(folder)
    strategy, task, examples = settings.strategy, old.task, rows.examples
    replays = strategy in REPLAYING
    validation = (
        np.concatenate([rows.old_validation, rows.new_validation]) if replays else rows.new_validation
    )
    training = _training_rows(rows, settings, tune.seed)
    digest = fingerprint(
        rows=[[dict(row.values), row.part, row.stands_for] for row in rows.kept], old=old.facts.data_digest
    )
    data = FittingData(examples, rows.labels, training, validation, digest)
    method = method_for(tune)
    chosen = method.settings(tune, _layers(old))
    precision = choose_precision(chosen.precision)
    encoded = task.encode(examples, old.tokenizer, max_tokens=old.facts.max_tokens)
    penalty = _penalty(old, rows, encoded, settings, chosen)
    network = starting_network(old, data, chosen, strategy)
    done = method.optimise(
        Fitting(
            task,
            data,
            encoded,
            network,
            old.tokenizer,
            chosen,
            old.facts.max_tokens,
            precision,
            scratch,
            title,
            quiet,
            penalty=penalty,
        )
    )
    method.finish(network, chosen)
    predicting = choose_predicting_precision(chosen.scoring_precision, precision)
    predictor = make_predictor(network, old.tokenizer, max_tokens=old.facts.max_tokens, precision=predicting)
    outputs: list[Any] = predict_outputs(predictor, encoded, validation)
    decoder = task.fit_decoder(outputs, examples, validation, encoded, rows.labels, chosen)
    facts = replace(
        old.facts,
        method=chosen.method,
        network=network_settings(task, chosen),
        labels=rows.labels,
        precision=predictor.precision,
        decoder=decoder,
        training_examples=old.facts.training_examples + len(rows.new_training),
        validation_examples=len(validation),
        data_digest=digest,
        code_digest=code_digest("headwinds.adapt", "headwinds.contracts"),
    )
    kept = choose_memory(rows.kept, rows.kinds, settings.memory, seed=tune.seed)
    write_memory(kept, output)
    save_model(FittedModel(facts, task, network, old.tokenizer), output)
    history = {
        "strategy": strategy,
        "best_validation_score": done.position.best_score,
        "epochs": [asdict(record) for record in done.position.history],
    }
    write_json(output / "history.json", history, allow_missing=True)


def _layers(old: FittedModel) -> int:
    return int(getattr(old.network.encoder.config, "num_hidden_layers", 0))


def _training_rows(rows: UpdateRows, settings: UpdateSettings, seed: int) -> Any:
    import numpy as np

    before, new = rows.old_training, rows.new_training
    if settings.strategy == "replay":
        return repeat_to_share(before, new, settings.replay_share, seed=seed)
    if settings.strategy == "replay-distillation":
        stands = np.array([rows.kept[int(row)].stands_for for row in before])
        return repeat_as_stood_for(before, stands, new, settings.largest_repeat, seed=seed)
    return np.concatenate([before, new]) if settings.strategy == "joint" else new


def _penalty(
    old: FittedModel, rows: UpdateRows, encoded: EncodedTexts, settings: UpdateSettings, tune: TuneSettings
) -> MakePenalty | None:
    """What comes to the loss of every batch, by the strategy; computed from the old model before it is trained on."""
    import numpy as np
    import torch

    precision = choose_precision(tune.precision)
    known = len(old.facts.labels)
    several = bool(getattr(rows.examples, "several", False))
    padding = int(old.tokenizer.pad_token_id or 0)
    if settings.strategy in DISTILLING and settings.distillation_weight > 0:
        predictor = make_predictor(
            old.network, old.tokenizer, max_tokens=old.facts.max_tokens, precision=precision
        )
        asked = rows.new_training if settings.strategy == "distillation" else rows.old_training
        answers = torch.zeros(len(encoded), known)
        if len(asked):
            answers[torch.from_numpy(asked)] = torch.from_numpy(
                np.array(predict_outputs(predictor, encoded, asked), dtype=np.float32)
            )
        held = torch.zeros(len(encoded))
        held[torch.from_numpy(asked)] = 1.0
        weight, temperature = settings.distillation_weight, settings.distillation_temperature
        hold = distillation_penalty(answers, held, several=several, weight=weight, temperature=temperature)
        return lambda parameters, forward: hold
    if settings.strategy != "elastic-weight-consolidation":
        return None
    order = np.random.default_rng(derive_seed(tune.seed, "fisher rows")).permutation(len(rows.old_training))
    asked = rows.old_training[np.sort(order[: settings.fisher_examples])]
    # Laplace: the old rows' log posterior is a sum over them, the loss a mean over the new ones.
    strength = settings.elastic_strength * old.facts.training_examples / max(1, len(rows.new_training))

    def hold_weights(parameters: dict[str, torch.nn.Parameter], forward: Any) -> Penalty:
        fisher = fisher_diagonal(
            forward,
            parameters,
            encoded,
            asked,
            known=known,
            several=several,
            padding_id=padding,
            precision=precision,
            seed=tune.seed,
        )
        return elastic_penalty(parameters, fisher, strength)

    return hold_weights
