"""`headwinds pretrain`: a language model from raw text."""

from __future__ import annotations

import argparse
import sys

from headwinds.cli.study_arguments import refuse_flags, settings_changes
from headwinds.cli.terminal import tell
from headwinds.errors import SettingsError
from headwinds.phrases.catalogue import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("files", nargs="+", help="raw text: .txt, .jsonl, .parquet, or folders of those")
    parser.add_argument("--output", required=True, help="folder for the model and its report")
    parser.add_argument("--architecture", help="a new model, as bert-small (default: modernbert-mini)")
    parser.add_argument(
        "--checkpoint", help='or the model that is continued: "default", a folder, a hub name'
    )
    parser.add_argument(
        "--objective", help="masked, replaced, causal, spans or contrastive (default: the architecture's own)"
    )
    parser.add_argument("--tokenizer", help="wordpiece, byte-bpe, unigram, or the folder of a checkpoint")
    parser.add_argument("--vocabulary", type=int, help="tokens that the tokenizer learns (default: 16000)")
    parser.add_argument("--tokens", type=int, help="train on so many tokens (default: once the text)")
    parser.add_argument("--budget", help="or for so long, as 30m or 2h")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="pretrain.KEY=VALUE",
        help="change one setting, e.g. --set pretrain.mask_share=0.15",
    )
    parser.add_argument("--seed", type=int, default=0, help="rules everything that is random (default: 0)")
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait so long if another run holds the folder",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="read the text, forecast the time, train nothing"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, only the result")


def execute(arguments: argparse.Namespace) -> int:
    """Pretrain, and print how the model does and where it is."""
    from headwinds.adapt.pretraining.settings import PretrainSettings
    from headwinds.doors import pretraining

    changes = settings_changes(arguments.set)
    for name in changes:
        if not name.startswith("pretrain."):
            raise SettingsError(
                f"--set {name}: only settings of [pretrain] count here.",
                remedy="Try pretrain.mask_share=0.15.",
            )
    refuse_flags(changes, arguments, PretrainSettings)
    named = ("architecture", "checkpoint", "objective", "tokenizer", "vocabulary", "tokens", "budget")
    given = {name: getattr(arguments, name) for name in named if getattr(arguments, name) is not None}
    settings = {**{name.removeprefix("pretrain."): value for name, value in changes.items()}, **given}
    if arguments.dry_run:
        planned = pretraining.forecast_pretraining(
            arguments.files, arguments.output, seed=arguments.seed, quiet=arguments.quiet, **settings
        )
        tell(planned.summary())
        return 0
    found = pretraining.pretrain(
        arguments.files,
        arguments.output,
        seed=arguments.seed,
        quiet=arguments.quiet,
        wait=arguments.wait,
        told=None if arguments.quiet else _tell,
        **settings,
    )
    tell(found.report.summary())
    tell(f"Model: {found.folder}{' (found, nothing changed)' if found.reused else ''}")
    return 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{say(line)}\n")
    sys.stderr.flush()
