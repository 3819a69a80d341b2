"""`headwinds annotate`: people read and label, several at once; labels in and out; agreement."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from headwinds.cli.terminal import tell, tell_lines

if TYPE_CHECKING:
    from headwinds.annotate.project import AnnotationProject


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's arguments."""
    parser.add_argument("study", nargs="?", help="a study file (study.toml); or name your own files instead:")
    parser.add_argument("--corpus", help="documents: CSV, JSONL or Parquet, one passage a row")
    parser.add_argument("--codebook", help="the labels and what they mean: Markdown or TOML")
    parser.add_argument("--text", default="text", metavar="COLUMN", help="column with the text")
    parser.add_argument(
        "--passage-id", default="passage_id", metavar="COLUMN", help='unique ids; "" numbers the rows'
    )
    parser.add_argument(
        "--document", default="document_id", metavar="COLUMN", help='documents of the passages; "" if none'
    )
    parser.add_argument(
        "--weight", default="", metavar="COLUMN", help="how many passages of the population each stands for"
    )
    parser.add_argument(
        "--keep", default="", metavar="COLUMN[,COLUMN]", help="columns to show with the context, and for --by"
    )
    parser.add_argument(
        "--database",
        help="a file (SQLite) or postgresql://user:password@host/name (default: labels.sqlite by the study)",
    )
    form = parser.add_argument_group("the form of an answer, kept by the database")
    form.add_argument(
        "--kind", default="", help="multi-label (default), multi-class or graded; of a study, what it says"
    )
    form.add_argument(
        "--grades", type=int, default=0, metavar="HIGHEST", help="the highest grade (default: 3)"
    )
    form.add_argument(
        "--double-share", type=float, help="share of passages that two people read (default: 0.2)"
    )
    form.add_argument("--seed", type=int, default=0, help="of the draw and of the queue's order")
    queue = parser.add_argument_group("what is read; then nothing is served unless --serve is given")
    queue.add_argument("--queue", metavar="FILE", help="add these: passage_id, inclusion_probability")
    queue.add_argument(
        "--earlier", metavar="FILE", help="the earlier labels' probabilities, where this changes them"
    )
    queue.add_argument(
        "--propose", type=int, metavar="COUNT", help="draw about so many passages, with known chances"
    )
    queue.add_argument("--strategy", default="random", help="random, uncertainty, diversity or variance")
    queue.add_argument(
        "--scores",
        metavar="FILE",
        help="passage_id, probability_<label> (graded: score_<label>), and fold if cross-fitted",
    )
    queue.add_argument(
        "--by", default="", metavar="COLUMN[,COLUMN]", help="the index whose variance is to fall"
    )
    files = parser.add_argument_group("labels in and out, without serving")
    files.add_argument(
        "--import",
        dest="import_file",
        metavar="FILE",
        help="gold (JSONL, CSV, Parquet), or Label Studio (.json)",
    )
    files.add_argument("--as", dest="annotator", default="", metavar="NAME", help="whose labels they are")
    files.add_argument("--export", metavar="FILE", help="write the labels")
    files.add_argument("--format", default="gold", help="of --export: gold, label-studio or events")
    files.add_argument(
        "--unsettled", default="refuse", help="passages on which readers differ: refuse or leave-out"
    )
    files.add_argument("--threshold", type=int, default=1, help="lowest grade that counts as given")
    files.add_argument("--agreement", action="store_true", help="print kappa and alpha")
    pages = parser.add_argument_group("pages")
    pages.add_argument("--serve", action="store_true", help="serve also after one of the above")
    pages.add_argument(
        "--host", default="127.0.0.1", help="another than this machine's own needs HEADWINDS_TOKEN"
    )
    pages.add_argument(
        "--port", type=int, default=8765, help="where to listen; 0 takes a free one (default: 8765)"
    )
    pages.add_argument(
        "--allowed-host", action="append", default=[], metavar="NAME", help="another name it is reached by"
    )
    pages.add_argument(
        "--annotators", default="", metavar="NAME[,NAME]", help="who may enter (default: anybody)"
    )
    pages.add_argument(
        "--adjudicators", default="", metavar="NAME[,NAME]", help="who may decide (default: all)"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Do what was asked, one after the other; serve where nothing else was."""
    from headwinds.corpus.reading import Columns
    from headwinds.doors.annotating import open_annotation, serve_annotation

    columns = Columns(
        arguments.passage_id,
        arguments.document,
        arguments.text,
        arguments.weight,
        keys=_parts(arguments.keep),
    )
    project = open_annotation(
        arguments.study,
        corpus=arguments.corpus,
        codebook=arguments.codebook,
        columns=columns,
        database=arguments.database,
        kind=arguments.kind,
        grades=arguments.grades,
        double_share=arguments.double_share,
        seed=arguments.seed,
    )
    done = [_fill(project, arguments), _exchange(project, arguments)]
    if arguments.serve or not any(done):
        serve_annotation(
            project,
            host=arguments.host,
            port=arguments.port,
            allowed_hosts=arguments.allowed_host,
            annotators=_parts(arguments.annotators),
            adjudicators=_parts(arguments.adjudicators),
            ready=lambda address: _ready(address, project.language),
        )
    project.engine.dispose()
    return 0


def _fill(project: AnnotationProject, arguments: argparse.Namespace) -> bool:
    from headwinds.doors.annotating import propose_passages, queue_passages

    if arguments.queue:
        count = queue_passages(project, arguments.queue, earlier=arguments.earlier)
        tell(f"Queued passages: {count:,}.", language=project.language)
    if arguments.propose is not None:
        new, findings = propose_passages(
            project,
            arguments.propose,
            strategy=arguments.strategy,
            scores=arguments.scores,
            by=_parts(arguments.by),
            seed=arguments.seed,
        )
        tell(f"Queued passages: {new:,}.", language=project.language)
        tell_lines(findings, language=project.language)
    return bool(arguments.queue) or arguments.propose is not None


def _exchange(project: AnnotationProject, arguments: argparse.Namespace) -> bool:
    from headwinds.doors.annotating import export_labels, import_labels, label_agreement

    if arguments.import_file:
        taken = import_labels(project, arguments.import_file, annotator=arguments.annotator)
        tell(
            f"Imported answers: {taken.answers:,}; passages new in the queue: {taken.queued:,}.",
            language=project.language,
        )
    if arguments.export:
        findings = export_labels(
            project,
            arguments.export,
            format=arguments.format,
            unsettled=arguments.unsettled,
            threshold=arguments.threshold,
        )
        tell(f"Labels: {arguments.export}", language=project.language)
        tell_lines(findings, language=project.language)
    if arguments.agreement:
        tell(label_agreement(project).summary(), language=project.language)
    return bool(arguments.import_file or arguments.export or arguments.agreement)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _ready(address: str, language: str) -> None:
    tell(f"Read at {address} (Ctrl-C stops; what was answered is kept)", language=language)
