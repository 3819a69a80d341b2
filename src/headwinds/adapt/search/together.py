"""Trials drawn several at a time, before any of them is judged, so that workers can run them side by side.

Guarantee: what is tried, and what becomes of it, depends on the settings and on `together`, not on how many workers there
are, where they are, or how often they or this process were killed. That is because a group of trials is drawn, and its
trials are judged, by the groups before it alone: one that is half told when the process dies is drawn again as it was.
Trade-off: the trials of a group cannot learn from one another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.search.fits import COMPLETE, FAILED, PRUNED, Fit, fit_by_workers
from headwinds.adapt.search.guidance import in_memory, sampler
from headwinds.adapt.search.space import suggest
from headwinds.adapt.training.progress import watch
from headwinds.artifacts.interruption import raise_if_stopped
from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

    from headwinds.adapt.search.space import Space
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tuning_files import LabelledFiles
    from headwinds.compute.settings import ComputeSettings
    from headwinds.compute.telling import Tell


@dataclass(frozen=True, slots=True)
class Groups:
    """So many trials in all, so many at a time; after `minutes` no new group begins (0: no limit)."""

    trials: int
    together: int
    minutes: float


def run_groups(
    study: Study,
    ended: Callable[[], Sequence[FrozenTrial]],
    files: LabelledFiles,
    settings: TuneSettings,
    space: Space,
    first: dict[str, Any],
    groups: Groups,
    store: Path,
    compute: ComputeSettings,
    *,
    quiet: bool,
    tell: Tell,
) -> None:
    """Add trials to `study`, in groups, until there are enough of them; `first` are the values of the very first trial.

    Raises
    ------
    ComputeError, Interrupted
        See `headwinds.compute.running.run_shards`. The fits that ended are kept.
    """
    import optuna

    states = {
        COMPLETE: optuna.trial.TrialState.COMPLETE,
        PRUNED: optuna.trial.TrialState.PRUNED,
        FAILED: optuna.trial.TrialState.FAIL,
    }
    started = time.monotonic()
    with watch("try settings", groups.trials, quiet=quiet) as progress:
        while True:
            done = ended()
            told = len(done) % groups.together
            late = groups.minutes and time.monotonic() - started > 60 * groups.minutes
            if len(done) >= groups.trials or (late and not told):
                return
            known = done[: len(done) - told]
            drawn = _draw(known, settings, space, first, groups)
            every = [replace(settings, **one.chosen) for one in drawn]
            earlier = tuple(
                tuple(trial.intermediate_values.items()) for trial in known if trial.state == states[COMPLETE]
            )
            fits = fit_by_workers(
                files, every, store / f"group-{len(known):06d}", compute, earlier=earlier, tell=tell
            )
            for number, (one, fit) in enumerate(zip(drawn, fits, strict=True)):
                if number >= told:  # what stands there already was told before a kill
                    study.add_trial(_frozen(one, fit, states[fit.state]))
                    progress.update(len(known) + number + 1, "")
            raise_if_stopped()


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Values of a trial as the space has them, and as Optuna does."""

    chosen: dict[str, Any]
    trial: FrozenTrial


def _draw(
    known: Sequence[FrozenTrial],
    settings: TuneSettings,
    space: Space,
    first: dict[str, Any],
    groups: Groups,
) -> list[_Drawn]:
    """The next group, in a study in memory that knows the groups before it and nothing else."""
    seed = derive_seed(settings.seed, "search", len(known))
    memory = in_memory(sampler=sampler(seed, groups.trials, lies=True))
    memory.add_trials(known)
    if not known:
        memory.enqueue_trial(first)
    drawn = []
    for _ in range(min(groups.together, groups.trials - len(known))):
        trial = memory.ask()
        chosen = suggest(trial, space)
        drawn.append(_Drawn(chosen, memory.trials[trial.number]))
    return drawn


def _frozen(one: _Drawn, fit: Fit, state: Any) -> FrozenTrial:
    import optuna

    return optuna.trial.create_trial(
        state=state,
        value=fit.score if fit.state == COMPLETE else None,
        params=one.trial.params,
        distributions=one.trial.distributions,
        user_attrs={"reason": fit.reason} if fit.reason else {},
        intermediate_values=dict(fit.epochs),
    )
