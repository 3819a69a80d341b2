"""The command `headwinds`: finds the verb, prints an error as one line, and never shows a traceback for a user's mistake."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from headwinds import __version__
from headwinds.cli import explain_panel
from headwinds.cli.help_language import localise
from headwinds.cli.terminal import accept_any_terminal
from headwinds.contracts.suggestions import nearest
from headwinds.errors import HeadwindsError, Interrupted
from headwinds.phrases.catalogue import ENGLISH, ERRORS, speaking, spoken, translate
from headwinds.phrases.telling import language_here, told

VERBS = {
    "doctor": "say what this machine has, and what will be used of it",
    "init": "write a commented study to start from",
    "run": "run a whole study and write its report",
    "check": "check a study's documents, labels and splits",
    "annotate": "let people label passages, several at once; labels in and out; agreement",
    "pretrain": "train a language model on raw text, from nothing or from a checkpoint",
    "tune": "adapt a model and test it: a study's, or one of any task on your own files",
    "score": "score every passage of the corpus",
    "sample": "draw the next passages to label",
    "labels": "plan how many labels, drawn where, a wanted precision takes",
    "measure": "estimate the indices with their intervals",
    "trace": "show the passages behind a number, or the documents behind a jump",
    "explain": "growth accounts, and growth on the indices",
    "report": "write the report of a study",
    "predict": "predict the rows of a file with a tuned model",
    "evaluate": "test a tuned model on labelled rows",
    "audit": "examine a tuned model: bias, robustness, explanations, privacy, energy",
    "mask": "mask personal data in a file before anything is trained on it",
    "watch": "tell whether live texts have shifted from what a model knows",
    "update": "bring a model up to date on new labels without forgetting",
    "models": "keep versions of models: cards, promotion through a gate, rollback",
    "serve": "serve models, and analyses of panels, over HTTP",
    "tasks": "list the tasks and the columns of their files",
    "methods": "list the ways of adapting",
}


_CHOICE = re.compile(r"argument (.+): invalid choice: '([^']*)' \(choose from (.*)\)")


def entry() -> None:
    """Run the command and leave with its exit code."""
    # The libraries underneath must not call home: a study runs without network unless a hub checkpoint is named.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    accept_any_terminal()
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Parse and execute; returns the exit code: 0 done, 2 the user can mend it, 130 or 143 stopped by a signal."""
    try:
        language = language_here(os.environ)
    except HeadwindsError as error:
        return _tell("headwinds", error, ENGLISH)
    with speaking(language):
        parser = make_parser()
        localise(parser, language)
        chosen, unknown = parser.parse_known_args(_joined(arguments))
        if unknown:  # said by the verb, whose help has what there is
            said = " ".join(["headwinds", *([chosen.verb] if chosen.verb else [])])
            _Parser(prog=said).error(f"unrecognized arguments: {' '.join(unknown)}")
    if chosen.verb is None:
        parser.print_help()
        return 0
    said = f"headwinds {chosen.verb}"
    try:
        with speaking(language):
            module = importlib.import_module(f"headwinds.cli.{getattr(chosen, 'home', chosen.verb)}")
            code: int = module.execute(chosen)
        return code
    except HeadwindsError as error:
        return _tell(said, error, error.language or language)
    except KeyboardInterrupt:
        stopped = Interrupted(
            "stopped; what was done is kept.", remedy="Run the same command again to go on."
        )
        return _tell(said, stopped, language)
    except MemoryError:
        remedy = "lower batch_tokens under [tune], or close other programs."
        return _tell(said, HeadwindsError("out of memory;", remedy=remedy), language)
    except BrokenPipeError:
        return 141
    except OSError as error:  # what no reader or writer put into better words
        named = f"{error.filename}: " if error.filename else ""
        reason = (error.strerror or str(error)).lower()
        remedy = "Check the path and its permissions."
        return _tell(said, HeadwindsError(f"{named}{reason}.", remedy=remedy), language)


def _tell(program: str, error: HeadwindsError, language: str) -> int:
    """One line to whoever sits there; the exit code."""
    sys.stderr.write(f"{program}: {told(error, language)}\n")
    return error.exit_code


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, as every other error is said."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        unknown = _CHOICE.fullmatch(message)
        if unknown is None:
            self.leave(message)
        argument, given, listed = unknown.groups()
        known = [name.strip("'") for name in listed.split(", ")]
        if self.prog != "headwinds":
            wrong = f"argument {argument}: invalid choice: '{given}' (choose from {', '.join(known)})"
            self.leave(wrong, nearest(given, known))
        near = _nearest_verb(given)
        there = "" if near else f"; there are {', '.join(known)}"
        self.leave(f"there is no verb '{given}'{there}", near)

    def leave(self, message: str, near: str = "") -> NoReturn:
        """Say what is wrong, the nearest name that is right, and where help is; exit code 2."""
        wrong = translate(message, spoken(), ERRORS)
        stop = "." if wrong == message else "。"
        remedy = translate(f"{near} See {self.prog} --help.".lstrip(), spoken(), ERRORS)
        self.exit(2, f"{self.prog}: {wrong}{stop}{' ' if stop == '.' else ''}{remedy}\n")


def _nearest_verb(given: str) -> str:
    """A hint at the nearest verb; an analysis of a panel is told with the verb that goes before it."""
    near = nearest(given, [*VERBS, *explain_panel.ANALYSES])
    return re.sub(f"'({'|'.join(explain_panel.ANALYSES)})'", r"'explain \1'", near)


def make_parser() -> argparse.ArgumentParser:
    """The parser of all verbs; it imports none of the libraries that do the work."""
    parser = _Parser(
        prog="headwinds",
        description="From documents to evidence about growth: adapt a language model, measure a corpus, explain growth.",
    )
    parser.add_argument("--version", action="version", version=f"headwinds {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name, words in VERBS.items():
        one = verbs.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        importlib.import_module(f"headwinds.cli.{name}").add_arguments(one)
    for name, words in explain_panel.ANALYSES.items():
        one = verbs.add_parser(f"explain {name}", description=words[0].upper() + words[1:] + ".")
        explain_panel.add_arguments(one, name)
    return parser


def _joined(arguments: Sequence[str]) -> list[str]:
    """`explain breaks` as one word, so that an analysis of a panel has a parser of its own beside that of studies."""
    if list(arguments[:1]) == ["explain"] and len(arguments) > 1:
        name = arguments[1]
        if name in explain_panel.ANALYSES:
            return [" ".join(arguments[:2]), *arguments[2:]]
        near = nearest(name, explain_panel.ANALYSES)
        if near and not Path(name).exists():
            _Parser(prog="headwinds explain").leave(f"there is no study file and no analysis '{name}'", near)
    return list(arguments)
