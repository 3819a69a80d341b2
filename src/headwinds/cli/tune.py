"""`headwinds tune`: the models of a study, or one of any task on your own labelled files."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.cli.study_arguments import add_study_arguments, execute_until, refuse_flags, settings_changes
from headwinds.cli.terminal import tell, tell_lines
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.search.space import Space
    from headwinds.adapt.search.trials import SearchSettings
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tuning_files import LabelledFiles

NAMED = ("task", "method", "checkpoint", "processes", "sharding")  # settings with a flag of their own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    add_study_arguments(parser)
    alone = parser.add_argument_group("labelled files of any task, without a study")
    alone.add_argument("--task", help="see `headwinds tasks`; with --train and --output")
    alone.add_argument("--train", help="labelled examples: CSV, TSV, JSONL or Parquet")
    alone.add_argument("--validation", help="examples that choose the best epoch; else a tenth of --train")
    alone.add_argument("--test", help="examples to test on")
    alone.add_argument(
        "--test-share",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="or so much of --train, as 0.2, held out for the test",
    )
    alone.add_argument(
        "--split-by",
        default="",
        metavar="COLUMN",
        help="numbers or dates: the latest rows are the test, the latest before them validate",
    )
    alone.add_argument("--group", default="", metavar="COLUMN", help="values never on two sides of a split")
    alone.add_argument(
        "--slices",
        default="",
        metavar="COLUMN[,COLUMN]",
        help="tell the main metric of the test apart by these",
    )
    alone.add_argument(
        "--encoding", default="utf-8", help="of the files, as cp1252 or gb18030 (default: utf-8)"
    )
    alone.add_argument("--method", help="see `headwinds methods` (default: full)")
    alone.add_argument("--checkpoint", help='"default", a folder, or a name on the hub')
    alone.add_argument("--processes", type=int, help="so many share every batch, a core or a GPU each")
    alone.add_argument("--sharding", help='"full" cuts the weights into a part a process (default: none)')
    alone.add_argument("--seed", type=int, default=0, help="rules everything that is random (default: 0)")
    alone.add_argument(
        "--seeds", default="", metavar="N[,N]", help="tune once for each, tell mean and spread"
    )
    alone.add_argument(
        "--learning-curve", default="", metavar="SHARE[,SHARE]", help="tune once on each share of --train"
    )
    alone.add_argument(
        "--search", type=int, default=0, metavar="TRIALS", help="try so many settings, tune with the best"
    )
    alone.add_argument(
        "--space",
        action="append",
        default=[],
        metavar="KEY=LOW..HIGH",
        help="what varies in a search, or KEY=A,B; repeatable",
    )
    alone.add_argument(
        "--minutes", type=float, default=0.0, help="after so many no new trial of a search begins"
    )
    alone.add_argument(
        "--storage", default="", metavar="URL", help="a database that several searching processes share"
    )
    alone.add_argument(
        "--together", type=int, default=1, metavar="N", help="trials that workers run at the same time"
    )
    alone.add_argument(
        "--track", default="", metavar="TRACKER", help="tell epochs and test to mlflow or tensorboard too"
    )
    alone.add_argument(
        "--dry-run", action="store_true", help="read everything, say what would be done, fit nothing"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Tune, and print how the models do and where they are."""
    if arguments.task or arguments.train:
        return _alone(arguments)
    if arguments.test_share or arguments.split_by:
        raise SettingsError(
            "--test-share and --split-by go with --train: a study tests every fold on documents that it did not learn from.",
            remedy="Leave them out.",
        )
    run = execute_until("tune", arguments)
    from headwinds.adapt.evaluation.store import read_evaluation

    folder, language = run.results["tune/evaluation"].path, run.settings.study.language
    lines = []
    for system in read_evaluation(folder).systems:
        f1, precision = system.macro["f1"], system.macro["average_precision"]
        told = (
            "not available" if f1.value != f1.value else f"{f1.value:.3f} ({f1.lower:.3f} to {f1.upper:.3f})"
        )
        shown = "not available" if precision.value != precision.value else f"{precision.value:.3f}"
        lines.append(f"{system.system}: macro F1 {told}, average precision {shown}")
    lines.append(f"Models and metrics: {folder.parent}")
    tell_lines(lines, language=language)
    return 0


def _alone(arguments: argparse.Namespace) -> int:
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tuning import tune_files
    from headwinds.adapt.tuning_files import LabelledFiles
    from headwinds.study.study_file import tune_settings

    if arguments.study:
        raise SettingsError("--task goes with --train FILE and --output FOLDER, and without a study file.")
    needed = {
        "--task TASK": arguments.task,
        "--train FILE": arguments.train,
        "--output FOLDER": arguments.output or arguments.dry_run,
    }
    lacking = [name for name, given in needed.items() if not given]
    if lacking:
        raise SettingsError(
            f"--task, --train and --output go together, and there is no {', no '.join(lacking)}.",
            remedy="Add it; `headwinds tasks` lists the tasks, and a study file needs none of them.",
        )
    changes = settings_changes(arguments.set)
    for name in changes:
        if not name.startswith("tune."):
            raise SettingsError(
                f"--set {name}: only settings of [tune] count here.", remedy="Try tune.epochs=3."
            )
    refuse_flags(changes, arguments, TuneSettings)
    named = {name: getattr(arguments, name) for name in NAMED}
    chosen = {name.removeprefix("tune."): value for name, value in changes.items()}
    settings = tune_settings(
        {**chosen, **{k: v for k, v in named.items() if v not in (None, "")}}, seed=arguments.seed
    )
    files = LabelledFiles(
        Path(arguments.train),
        Path(arguments.validation) if arguments.validation else None,
        Path(arguments.test) if arguments.test else None,
        arguments.group,
        names_of(arguments.slices),
        Path(arguments.codebook) if arguments.codebook else None,
        arguments.encoding,
        arguments.test_share,
        arguments.split_by,
        test_seed=arguments.seed,
    )
    if arguments.track and (
        arguments.search or arguments.space or arguments.learning_curve or arguments.seeds
    ):
        raise SettingsError(
            "--track is for one tuning.", remedy="Leave out --search, --seeds and --learning-curve."
        )
    if arguments.dry_run:
        return _rehearse(files, settings, arguments)
    if arguments.search or arguments.space:
        return _search(files, settings, arguments)
    if arguments.learning_curve:
        return _curve(files, settings, arguments)
    if arguments.seeds:
        return _several(files, settings, arguments)
    found = tune_files(
        files,
        settings,
        Path(arguments.output),
        quiet=arguments.quiet,
        wait=arguments.wait,
        track=arguments.track,
    )
    tell(found.summary())
    return 0


def _rehearse(files: LabelledFiles, settings: TuneSettings, arguments: argparse.Namespace) -> int:
    """Say what would be done, and how often; what the tuning itself would refuse is refused here."""
    from headwinds.adapt.learning_curve import require_shares
    from headwinds.adapt.rehearsal import rehearsal_lines, rehearse
    from headwinds.adapt.search.space import check_space
    from headwinds.adapt.seeds import require_seeds
    from headwinds.adapt.tuning_forecast import forecast_lines, forecast_tuning

    often: list[str] = []
    if arguments.search or arguments.space:
        plan, space = _search_plan(arguments)
        check_space(settings, space)
        often = [
            f"before that a search of at most {plan.trials:,} trials over {', '.join(space)}, "
            f"and {plan.finalists} finalists with {plan.seeds} seeds each: every one takes about as long"
        ]
    elif arguments.learning_curve:
        shares = _shares(arguments)
        require_shares(files, shares)
        often = [f"so once on each of {len(shares)} shares of the training examples"]
    elif arguments.seeds:
        seeds = _seeds(arguments)
        require_seeds(files, seeds)
        often = [f"so once for each of {len(seeds)} seeds"]
    told = rehearsal_lines(rehearse(files, settings))
    forecast = forecast_lines(forecast_tuning(files, settings))
    tell_lines([*told, *forecast, *often, "nothing was kept (--dry-run)"])
    return 0


def _search_plan(arguments: argparse.Namespace) -> tuple[SearchSettings, Space]:
    from headwinds.adapt.search.space import DEFAULT_SPACE, parse_space
    from headwinds.adapt.search.trials import SearchSettings

    if arguments.seeds or arguments.learning_curve:
        raise SettingsError("--search, --seeds and --learning-curve: one at a time.")
    plan = SearchSettings(minutes=arguments.minutes, storage=arguments.storage, together=arguments.together)
    if arguments.search:
        plan = replace(plan, trials=arguments.search)
    return plan, parse_space(arguments.space) if arguments.space else DEFAULT_SPACE


def _seeds(arguments: argparse.Namespace) -> list[int]:
    names = names_of(arguments.seeds)
    if not all(name.isdecimal() for name in names):
        raise SettingsError(f"--seeds {arguments.seeds!r}: expected whole numbers with commas between them.")
    return [int(name) for name in names]


def _shares(arguments: argparse.Namespace) -> list[float]:
    if arguments.seeds:
        raise SettingsError("--learning-curve and --seeds: one at a time.")
    try:
        return [float(name) for name in names_of(arguments.learning_curve)]
    except ValueError:
        raise SettingsError(
            f"--learning-curve {arguments.learning_curve!r}: expected shares with commas between them.",
            remedy="Try 0.1,0.25,0.5,1.",
        ) from None


def _search(files: LabelledFiles, settings: TuneSettings, arguments: argparse.Namespace) -> int:
    from headwinds.adapt.search.trials import search
    from headwinds.cli.compute_arguments import compute_settings, given_compute
    from headwinds.compute.telling import tell_in_terminal

    plan, space = _search_plan(arguments)
    output = Path(arguments.output)
    compute = compute_settings(arguments) if given_compute(arguments) else None
    outcome, tuned = search(
        files, settings, space, plan, output, quiet=arguments.quiet, compute=compute, tell=tell_in_terminal
    )
    tell(outcome.summary())
    tell(tuned.summary())
    tell(f"Trials: {output / 'search.html'}; settings: {output / 'tune.toml'}")
    return 0


def _several(files: LabelledFiles, settings: TuneSettings, arguments: argparse.Namespace) -> int:
    from headwinds.adapt.seeds import tune_seeds

    output = Path(arguments.output)
    found = tune_seeds(files, settings, _seeds(arguments), output, quiet=arguments.quiet)
    tell(found.summary())
    tell(f"Models: {output}")
    return 0


def _curve(files: LabelledFiles, settings: TuneSettings, arguments: argparse.Namespace) -> int:
    from headwinds.adapt.learning_curve import learning_curve

    output = Path(arguments.output)
    found = learning_curve(files, settings, _shares(arguments), output, quiet=arguments.quiet)
    tell(found.summary())
    tell(f"Models: {output}")
    return 0


def names_of(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
