"""What guides a search, both from Optuna: where the next trial is drawn, and when a trial is given up."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna import Study, Trial
    from optuna.pruners import MedianPruner
    from optuna.samplers import BaseSampler, TPESampler

    from headwinds.adapt.training.state import EpochRecord


class Pruned(Exception):
    """The trial does worse than the others did by now."""


def report(trial: Trial, record: EpochRecord) -> None:
    """Tell a trial the score after an epoch; raises `Pruned` where it is to be given up."""
    trial.report(record.validation_score, record.epoch)
    if trial.should_prune():
        raise Pruned


def sampler(seed: int, trials: int, *, lies: bool) -> TPESampler:
    """A tree-structured Parzen estimator (Bergstra et al. 2011); the first quarter of the trials is drawn at random.

    With `lies` it takes trials that still run for bad ones, so that those drawn together differ.
    """
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=seed % 2**32, n_startup_trials=max(4, trials // 4), constant_liar=lies
        )


def holding(values: Mapping[str, Any], drawn_by: BaseSampler) -> BaseSampler:
    """A sampler that gives these values, and draws those of other names by another sampler."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.PartialFixedSampler(dict(values), drawn_by)


def pruner() -> MedianPruner:
    """From the second epoch on: below the median of the trials that came to their end, once four have."""
    import optuna

    return optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)


def in_memory(**parts: Any) -> Study:
    """A study that nobody else sees, with this sampler or pruner."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(direction="maximize", **parts)


def judged_by(earlier: Sequence[Sequence[tuple[int, float]]]) -> Trial:
    """A trial that is judged by these alone: the epochs and scores of trials that came to their end."""
    import optuna

    study = in_memory(pruner=pruner())
    for scores in filter(
        None, map(dict, earlier)
    ):  # a method without epochs has none, and nothing to be judged by
        study.add_trial(optuna.trial.create_trial(value=max(scores.values()), intermediate_values=scores))
    return study.ask()
