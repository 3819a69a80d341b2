"""From raw text to a checkpoint and its report: a row of stages, each found again when nothing it depends on has changed.

    tokenizer ──► tokens (shards) ──► plan ──► model ──► test

The plan holds how many steps are made. A budget of time is measured into it once: what was planned is then done, however
often it is interrupted, so that the end does not hang on how fast the machine was that day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.pretraining.beginning import (
    Beginning,
    begin,
    known_tokenizer,
    make_network,
    vocabulary_of,
)
from headwinds.adapt.pretraining.forecast import Speed, in_words, measure_speed, planned_steps
from headwinds.adapt.pretraining.held_out import HeldOut, measure_held_out
from headwinds.adapt.pretraining.loop import Course, train
from headwinds.adapt.pretraining.packing import RowStream
from headwinds.adapt.pretraining.report import PretrainReport, findings_of, speed_facts
from headwinds.adapt.pretraining.settings import WITHOUT_CONSEQUENCE, PretrainSettings
from headwinds.adapt.pretraining.streams import Counts, Text, TextFiles, find_files, read_texts
from headwinds.adapt.pretraining.token_store import TokenStore, is_held_out, write_tokens
from headwinds.adapt.pretraining.tokenizer_training import READ_CHARACTERS, learn_tokenizer
from headwinds.adapt.training.precision import choose_precision
from headwinds.adapt.training.progress import watch
from headwinds.artifacts.fingerprint import code_digest, directory_digest, file_digest, fingerprint
from headwinds.artifacts.installed import installed_version
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.write import write_json
from headwinds.contracts import Interval
from headwinds.contracts.result import Summarised
from headwinds.errors import DataError

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.beginning import Network
    from headwinds.adapt.training.state import Position

GENERATOR = "generator"
FACTS = "pretraining.json"
SPEED = "speed.json"
CODE_OF_TEXT = tuple(f"{__package__}.{name}" for name in ("streams", "token_store", "tokenizer_training"))
OF_TEXT = ("text", "group", "text_documents", "encoding", "held_out_share", "held_out_tokens", "seed")
OF_TOKENIZER = ("tokenizer", "vocabulary", "lowercase", "objective", "sequence_tokens")


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Where a pretrained model stands, what came of it, and whether it was found there."""

    folder: Path
    report: PretrainReport
    reused: bool


@dataclass(frozen=True, slots=True)
class Forecast(Summarised):
    """What would be done: steps, tokens, seconds, and what they were reckoned from."""

    steps: int
    tokens: int
    seconds: float
    parameters: int
    text_tokens: int
    speed: Speed

    def summary(self) -> str:
        """The forecast in one line."""
        return (
            f"{self.parameters:,} parameters, {self.text_tokens:,} tokens of text; {self.steps:,} steps are "
            f"{self.tokens:,} tokens: {in_words(self.seconds)} at {self.speed.tokens_a_second:,.0f} tokens a second "
            f"({self.speed.utilisation:.0%} of the processor's best)."
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """What the stages share."""

    files: TextFiles
    beginning: Beginning
    output: Path
    quiet: bool
    told: Callable[[str], None] = lambda _: None

    @property
    def settings(self) -> PretrainSettings:
        return self.beginning.settings


def pretrain_files(
    named: Sequence[Path],
    settings: PretrainSettings,
    output: Path,
    *,
    quiet: bool = False,
    wait: float = 0.0,
    told: Callable[[str], None] = lambda _: None,
) -> Pretrained:
    """Pretrain on the text files and folders `named`: the checkpoint stands in ``output/model``.

    `told` is given how much text is read, and the forecast before the training starts. A run that was killed goes on, to
    the same bytes.

    Raises
    ------
    DataError, EncodingError
        The text cannot be used: file, line and what was expected.
    SettingsError, CheckpointError, TrainingError, StorageError, BusyError, Interrupted
        As everywhere.
    """
    run = _Run(find_files(named), begin(settings), output, quiet, told)
    with study_lock(output, wait=wait), graceful_stop():
        tokenizer, store, identity = _text(run)
        steps, speed = _plan(run, tokenizer, store, identity)
        course, network = _course(run, tokenizer, store)
        told(_forecast(run, course, store, steps, speed).summary())
        model = fingerprint(text=identity, settings=_settings(run.settings), steps=steps, code=_code(run))

        def fill(folder: Path, scratch: Path) -> None:
            position = _train(run, course, steps, scratch)
            _save(network, tokenizer, folder)
            write_json(folder / FACTS, _facts(run, course, store, steps, position))
            clock = speed_facts(speed, seconds=position.seconds, tokens=position.tokens, steps=steps)
            write_json(output / SPEED, clock, allow_missing=True)

        stage = run_stage(output, "model", model, fill)
        if stage.reused:
            _load_weights(network, stage.path)

        def test(folder: Path, _: Path) -> None:
            found = measure_held_out(course, store.held_out(), store)
            write_json(folder / "held_out.json", asdict(found), allow_missing=True)

        tested = run_stage(output, "test", fingerprint(model=model, code=code_digest(__package__)), test)
        found = _read_held_out(tested.path / "held_out.json")
    report = _report(run, stage.path, store, found, network.new)
    return Pretrained(stage.path, report, stage.reused)


def forecast(
    named: Sequence[Path], settings: PretrainSettings, output: Path, *, quiet: bool = False
) -> Forecast:
    """What `pretrain_files` would do: the text is read and the speed measured, nothing is trained.

    Raises
    ------
    HeadwindsError
        As `pretrain_files`.
    """
    run = _Run(find_files(named), begin(settings), output, quiet)
    with study_lock(output), graceful_stop():
        tokenizer, store, identity = _text(run)
        steps, speed = _plan(run, tokenizer, store, identity)
        course, _ = _course(run, tokenizer, store)
        return _forecast(run, course, store, steps, speed)


def _text(run: _Run) -> tuple[Any, TokenStore, str]:
    """Tokenizer and tokens, learnt and written or found, and the fingerprint of both."""
    settings, files = run.settings, run.files
    texts = fingerprint(
        files=[file_digest(path) for path in files.paths],
        settings={name: getattr(settings, name) for name in OF_TEXT},
        code=code_digest(*CODE_OF_TEXT),
    )
    tokenizer, known = _tokenizer(run, texts)
    identity = fingerprint(texts=texts, tokenizer=known)

    def read(counts: Counts) -> Iterator[Text]:
        return read_texts(files.paths, settings, counts)

    store = write_tokens(run.output, identity, tokenizer, read, settings, told=run.told)
    if not store.tokens:
        named = ", ".join(str(path) for path in files.paths[:3])
        raise DataError(f"There is no text to train on in {named}.", remedy="Name files that hold text.")
    if not store.held_out_documents:  # known before the training, on which hours may be spent
        raise DataError(
            f"No document is held out for the test: of {store.documents}, a share of {settings.held_out_share:g} was none.",
            remedy="Raise held_out_share, name more text, or cut it into more documents (text_documents).",
        )
    least = run.beginning.objective.least_tokens
    if least > 1:  # every document that is kept has a token
        _require_long_enough(store, least)
    return tokenizer, store, identity


def _require_long_enough(store: TokenStore, least: int) -> None:
    """Refuse text whose documents, of those that are trained on or of those that are held out, are all too short."""
    remedy = "Name text of longer documents; text_documents says what one is in a .txt file."
    if store.longest() < least:
        raise DataError(
            f"The objective asks for documents of {least} tokens or more; the longest has {store.longest()}.",
            remedy=remedy,
        )
    longest = store.longest("held-out")
    if longest < least:
        raise DataError(
            f"The objective asks for documents of {least} tokens or more; the longest that is held out has {longest}.",
            remedy=remedy,
        )


def _tokenizer(run: _Run, texts: str) -> tuple[Any, str]:
    """The tokenizer, and what it depends on."""
    settings = run.settings
    given = known_tokenizer(run.beginning)
    if given is not None:
        checkpoint = run.beginning.checkpoint
        if checkpoint is not None:
            return given, checkpoint.digest
        return given, directory_digest(Path(settings.tokenizer).expanduser())
    identity = fingerprint(
        texts=texts,
        settings={name: getattr(settings, name) for name in OF_TOKENIZER},
        tokenizers=installed_version("tokenizers"),
    )

    def learn(folder: Path, _: Path) -> None:
        learnt = learn_tokenizer(
            lambda: _sample(run), settings.tokenizer, settings, objective=run.beginning.objective.name
        )
        learnt.save_pretrained(folder)

    stage = run_stage(run.output, "tokenizer", identity, learn)
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(stage.path), local_files_only=True), identity


def _sample(run: _Run) -> Iterator[str]:
    """Text to learn a vocabulary from: of the training documents as many, spread over all, as it takes."""
    size = sum(path.stat().st_size for path in run.files.paths)
    share = min(1.0, READ_CHARACTERS / max(size, 1))
    read = 0
    for text in read_texts(run.files.paths, run.settings, Counts()):
        if is_held_out(text.cluster, run.settings):
            continue
        if derive_seed(run.settings.seed, "vocabulary", text.cluster.hex()) >= share * 2**63:
            continue
        read += len(text.content)
        yield text.content
        if read >= 2 * READ_CHARACTERS:  # packed files hold more than their size says
            return
    if not read:
        named = ", ".join(str(path) for path in run.files.paths[:3])
        raise DataError(f"There is no text to train on in {named}.", remedy="Name files that hold text.")


def _course(run: _Run, tokenizer: Any, store: TokenStore) -> tuple[Course, Network]:
    settings, objective = run.settings, run.beginning.objective
    vocabulary = vocabulary_of(tokenizer, objective.name)
    network = make_network(run.beginning, vocabulary)
    layout = objective.layout(vocabulary, settings)
    rows = RowStream(
        store, layout, rows_a_step=max(1, settings.batch_tokens // layout.length), seed=settings.seed
    )
    precision = choose_precision(settings.precision)
    course = Course(network.module, network.parameters, objective, vocabulary, rows, settings, precision)
    return course, network


def _plan(run: _Run, tokenizer: Any, store: TokenStore, identity: str) -> tuple[int, Speed]:
    """The number of steps and the speed they were reckoned from, measured once."""
    planned = fingerprint(text=identity, settings=_settings(run.settings), code=_code(run))

    def plan(folder: Path, _: Path) -> None:
        speed = measure_speed(lambda: _course(run, tokenizer, store)[0])
        steps = planned_steps(run.settings, speed, epoch_tokens=store.tokens)
        write_json(folder / "plan.json", {"steps": steps, "speed": asdict(speed)})

    stage = run_stage(run.output, "plan", planned, plan)
    saved = json.loads((stage.path / "plan.json").read_bytes())
    return int(saved["steps"]), Speed(**saved["speed"])


def _forecast(run: _Run, course: Course, store: TokenStore, steps: int, speed: Speed) -> Forecast:
    parameters = sum(value.numel() for value in course.parameters.values())
    tokens = steps * speed.step_tokens
    return Forecast(steps, tokens, steps * speed.step_seconds, parameters, store.tokens, speed)


def _train(run: _Run, course: Course, steps: int, scratch: Path) -> Position:
    with watch(f"pretrain {_name(run)}", steps, quiet=run.quiet) as progress:
        return train(course, steps=steps, state_path=scratch / "state", progress=progress)


def _save(network: Network, tokenizer: Any, folder: Path) -> None:
    from headwinds.adapt.checkpoints import quiet_transformers

    with quiet_transformers():
        network.models["model"].save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if GENERATOR in network.models:
            network.models[GENERATOR].save_pretrained(folder / GENERATOR)


def _load_weights(network: Network, folder: Path) -> None:
    from safetensors.torch import load_file

    for name, model in network.models.items():
        place = folder / GENERATOR if name == GENERATOR else folder
        model.load_state_dict(load_file(place / "model.safetensors"), strict=False)


def _facts(run: _Run, course: Course, store: TokenStore, steps: int, position: Position) -> dict[str, Any]:
    """What is saved beside the weights: nothing of the clock, so that the same run gives the same bytes."""
    return {
        "objective": course.objective.name,
        "architecture": _name(run),
        "settings": _settings(run.settings),
        "precision": course.precision,
        "steps": steps,
        "tokens": position.tokens,
        "text_tokens": store.tokens,
        "documents": store.documents,
        "parameters": sum(value.numel() for value in course.parameters.values()),
        "vocabulary": course.vocabulary.size,
        "curve": [[record.epoch, record.loss] for record in position.history],
    }


def _report(
    run: _Run, folder: Path, store: TokenStore, found: HeldOut, new: tuple[str, ...]
) -> PretrainReport:
    facts = json.loads((folder / FACTS).read_bytes())
    clock = run.output / SPEED
    epochs = facts["tokens"] / store.tokens
    nan = float("nan")
    return PretrainReport(
        objective=facts["objective"],
        architecture=facts["architecture"],
        perplexity=found.perplexity,
        baseline=found.baseline,
        ratio=found.ratio,
        detection=found.detection or Interval(nan, nan, nan),
        held_out_documents=found.documents,
        asked=found.asked,
        steps=facts["steps"],
        tokens=facts["tokens"],
        epochs=epochs,
        parameters=facts["parameters"],
        vocabulary=facts["vocabulary"],
        curve=tuple((int(step), float(loss)) for step, loss in facts["curve"]),
        speed=json.loads(clock.read_bytes()) if clock.is_file() else {},
        findings=findings_of(
            found, store, run.beginning.objective, epochs=epochs, unread=run.files.others, new=new
        ),
    )


def _read_held_out(path: Path) -> HeldOut:
    saved = json.loads(path.read_bytes())

    def interval(value: dict[str, float | None]) -> Interval:
        return Interval(**{name: float("nan") if one is None else one for name, one in value.items()})

    named = {name: interval(saved[name]) for name in ("perplexity", "baseline", "ratio")}
    detection = interval(saved["detection"]) if saved["detection"] else None
    return HeldOut(**named, detection=detection, documents=saved["documents"], asked=saved["asked"])


def _name(run: _Run) -> str:
    settings = run.settings
    return settings.checkpoint if settings.checkpoint else settings.architecture


def _settings(settings: PretrainSettings) -> dict[str, Any]:
    return {name: value for name, value in asdict(settings).items() if name not in WITHOUT_CONSEQUENCE}


def _code(run: _Run) -> str:
    """Of the code and the libraries that decide the weights; a checkpoint counts with its content."""
    checkpoint = run.beginning.checkpoint
    return fingerprint(
        code=code_digest(__package__, "headwinds.adapt.training"),
        versions={name: installed_version(name) for name in ("torch", "transformers")},
        checkpoint=checkpoint.digest if checkpoint else "",
    )
