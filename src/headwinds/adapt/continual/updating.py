"""Bring a fitted model up to date on new rows without forgetting: the result is an ordinary fitted model with a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.continual.distillation import distillation_penalty
from headwinds.adapt.continual.forgetting import ForgettingReport, measure_forgetting, read_report
from headwinds.adapt.continual.importance import elastic_penalty, fisher_diagonal
from headwinds.adapt.continual.memory import choose_memory, write_memory
from headwinds.adapt.continual.preparing import UpdateFiles, UpdateRows, read_update, require_tests
from headwinds.adapt.continual.replay import repeat_as_stood_for, repeat_to_share
from headwinds.adapt.continual.settings import DISTILLING, ELASTIC, REPLAYING, UpdateSettings
from headwinds.adapt.continual.starting import require_continuable, starting_network
from headwinds.adapt.evaluation.task_evaluation import tell_evaluation
from headwinds.adapt.fit_cost import costed
from headwinds.adapt.fitted_model import OWN_HEAD, FittedModel, load_model, model_of, read_facts, save_model
from headwinds.adapt.fitting import FittingData
from headwinds.adapt.generators import network_settings
from headwinds.adapt.methods.contract import Fitting
from headwinds.adapt.methods.registry import method_for, require_recomputable, require_shareable
from headwinds.adapt.prediction import make_predictor, predict_outputs
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.training.launching import require_room, train_on_processes
from headwinds.adapt.training.memory import told_if_short
from headwinds.adapt.training.precision import choose_precision, choose_predicting_precision
from headwinds.adapt.training.team import ALONE
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.told_stages import run_told_stage
from headwinds.artifacts.write import write_json
from headwinds.contracts import Finding
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.fitted_model import ModelFacts
    from headwinds.adapt.methods.contract import MakePenalty, Penalty
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.team import Team
    from headwinds.adapt.training.together import Together


@dataclass(frozen=True, slots=True)
class UpdatedModel:
    """Where an updated model stands, what it forgot (None without tests), whether it was found done, and what to weigh."""

    folder: Path
    report: ForgettingReport | None
    reused: bool
    findings: tuple[Finding, ...] = ()


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
    _require_apart(folder, output)
    rows = read_update(folder, facts, files, settings.strategy, tune)
    require_tests(files, rows, get_task(facts.task))
    findings = (*_new_labels(facts, rows), *_learnt_validation(rows), *_no_longer_private(facts))
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
        with costed(output, place, scratch):
            fit_update(folder, rows, settings, tune, place, scratch, title=title, quiet=quiet)

    with study_lock(output, wait=wait), graceful_stop():
        stage = run_stage(output, "model", identity, fit)
        if not files.old_tests and not files.new_tests:
            return UpdatedModel(stage.path, None, stage.reused, findings)
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

        found = run_told_stage(
            output,
            "evaluation",
            tested,
            report,
            lambda place: tell_evaluation(place, read_facts(stage.path)),
        )
    return UpdatedModel(stage.path, read_report(found.path), stage.reused and found.reused, findings)


def _require_apart(folder: Path, output: Path) -> None:
    """The old model is what the new one is compared with, and the way back: it is not written over."""
    place, old = (output / "model").resolve(), folder.resolve()
    if place == old or place.is_relative_to(old):
        raise SettingsError(
            f"output = {str(output)!r} is where the old model stands.", remedy="Name another folder."
        )


def _new_labels(facts: ModelFacts, rows: UpdateRows) -> tuple[Finding, ...]:
    new = rows.labels[len(facts.labels) :]
    if not new:
        return ()
    shown = f"{', '.join(new[:8])}{', ...' if len(new) > 8 else ''}"
    return (
        Finding(
            "W245",
            f"The rows have labels that the old model does not give; the new one gives them too ({len(new)}): {shown}.",
            "If one is a slip of the pen, mend it and update again.",
        ),
    )


def _learnt_validation(rows: UpdateRows) -> tuple[Finding, ...]:
    if not rows.perhaps_learnt:
        return ()
    return (
        Finding(
            "W247",
            f"The old model may have learnt from the old rows that help to choose the epoch and to calibrate "
            f"({rows.perhaps_learnt:,}): they may flatter the new one.",
            "Give as --old the file that it was tuned on, with the same seed, validation_share and group; or go by tests "
            "that no version was fitted to.",
        ),
    )


def _no_longer_private(facts: ModelFacts) -> tuple[Finding, ...]:
    spent = facts.decoder.get("privacy")
    if not spent:
        return ()
    return (
        Finding(
            "W250",
            f"The old model was trained with differential privacy (epsilon {spent['epsilon']:.2f} at delta "
            f"{spent['delta']:g}), and the new one is not: no row that it learns from is covered.",
            "Tune anew on all rows with private_epsilon, or give the new one only to those who may know its rows.",
        ),
    )


@dataclass(frozen=True, slots=True)
class UpdatePreparation:
    """All that the training of an update begins with, in a form that another process can be told."""

    folder: Path
    rows: UpdateRows
    settings: UpdateSettings
    tune: TuneSettings
    scratch: Path
    title: str
    quiet: bool


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

    With several `processes` others train first, and what is done here finds their state.

    Raises
    ------
    CheckpointError, SettingsError, TrainingError, Interrupted
        See the functions called.
    """
    method = method_for(tune)
    require_shareable(method, tune)
    require_recomputable(method, tune)
    require_room(tune)
    if tune.sharding != "none" and settings.strategy == ELASTIC:
        raise SettingsError(
            f"sharding = {tune.sharding!r}, but strategy {ELASTIC!r} measures every weight in one piece.",
            remedy="Leave it at 'none', or choose another strategy.",
        )
    preparation = UpdatePreparation(folder, rows, settings, tune, scratch, title, quiet)
    if tune.processes > 1:
        work = partial(_take_part, preparation)
        train_on_processes(work, tune, title=title, quiet=quiet, after_epoch=None)
    old = load_model(folder)
    fitting = _prepared(preparation, old)
    task, data, encoded, network = fitting.task, fitting.data, fitting.encoded, fitting.network
    examples, validation, chosen = rows.examples, data.validation, fitting.settings
    with told_if_short(chosen):
        done = method.optimise(fitting)
    method.finish(network, chosen)
    predicting = choose_predicting_precision(chosen.scoring_precision, fitting.precision)
    predictor = make_predictor(network, old.tokenizer, max_tokens=old.facts.max_tokens, precision=predicting)
    outputs: list[Any] = predict_outputs(predictor, encoded, validation)
    decoder = task.fit_decoder(outputs, examples, validation, encoded, rows.labels, chosen)
    facts = replace(
        old.facts,
        method=chosen.method,
        network={**network_settings(task, chosen), **({OWN_HEAD: True} if old.facts.own_head else {})},
        labels=rows.labels,
        precision=predictor.precision,
        decoder=decoder,
        training_examples=old.facts.training_examples + len(rows.new_training),
        validation_examples=len(validation),
        data_digest=data.digest,
        code_digest=code_digest("headwinds.adapt", "headwinds.contracts"),
        split_digest="",  # of rows of several files, which no later update names: those that are kept say their part
    )
    kept = choose_memory(rows.kept, rows.kinds, settings.memory, seed=tune.seed)
    write_memory(kept, output)
    save_model(FittedModel(facts, task, network, old.tokenizer), output)
    history = {
        "strategy": settings.strategy,
        "best_validation_score": done.position.best_score,
        "epochs": [asdict(record) for record in done.position.history],
    }
    write_json(output / "history.json", history, allow_missing=True)


def _prepared(preparation: UpdatePreparation, old: FittedModel, team: Team = ALONE) -> Fitting:
    """The training of an update, the same in every process.

    What holds the old is left out where other processes have trained: nothing is computed there.
    """
    import numpy as np

    rows, settings, tune = preparation.rows, preparation.settings, preparation.tune
    validation = rows.new_validation
    if settings.strategy in REPLAYING:
        validation = np.concatenate([rows.old_validation, rows.new_validation])
    training = _training_rows(rows, settings, tune.seed)
    digest = fingerprint(
        rows=[[dict(row.values), row.part, row.stands_for] for row in rows.kept], old=old.facts.data_digest
    )
    data = FittingData(rows.examples, rows.labels, training, validation, digest)
    chosen = method_for(tune).settings(tune, _layers(old))
    encoded = old.task.encode(rows.examples, old.tokenizer, max_tokens=old.facts.max_tokens)
    trained = tune.processes > 1 and team.size == 1
    penalty = None if trained else _penalty(old, rows, encoded, settings, chosen)
    return Fitting(
        old.task,
        data,
        encoded,
        starting_network(old, data, chosen, settings.strategy),
        old.tokenizer,
        chosen,
        old.facts.max_tokens,
        choose_precision(chosen.precision),
        preparation.scratch,
        preparation.title,
        preparation.quiet,
        penalty=penalty,
        team=team,
    )


def _take_part(preparation: UpdatePreparation, team: Together) -> None:
    """The training, as one of several processes; the first of them leaves the state in `scratch`."""
    fitting = _prepared(preparation, load_model(preparation.folder), team)
    with told_if_short(fitting.settings):
        method_for(preparation.tune).optimise(fitting)


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
    if settings.strategy != ELASTIC:
        return None
    order = np.random.default_rng(derive_seed(tune.seed, "fisher rows")).permutation(len(rows.old_training))
    asked = rows.old_training[np.sort(order[: settings.fisher_examples])]
    # Laplace: the old rows' log posterior is a sum over them, the loss a mean over the new ones. An imported model does not
    # say how many it learnt from: those count that stand for them.
    learnt = old.facts.training_examples or len(rows.old_training)
    strength = settings.elastic_strength * learnt / max(1, len(rows.new_training))

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
