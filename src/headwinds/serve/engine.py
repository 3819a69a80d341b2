"""A worker computes: requests that wait are taken together up to a budget of tokens, each with the model of its arrival.

Bits. A product of matrices rounds differently with its number of rows, so what a text is given can depend, in the last of
its digits, on the texts beside it. With ``merge`` off (the default) each request is planned by itself, exactly as
`headwinds predict` plans a file of the same rows: same bytes, whoever else asks. With it on, waiting requests share their
matrices: faster for many small ones, the last digits not promised. What writes is computed a request at a time, by a
worker of its own (`Engines`), so that a long text does not keep classifiers waiting.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwinds.adapt.labelled_files import require_keys
from headwinds.adapt.prediction import (
    SCORING_TOKENS,
    Predictor,
    predict_outputs,
    predictor_of,
)
from headwinds.adapt.tasks.contract import Row, writes
from headwinds.adapt.watching import Unwanted, Watch
from headwinds.adapt.writing import most_written, predict_written
from headwinds.errors import HeadwindsError

if TYPE_CHECKING:
    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.fitted_model import FittedModel


class Overloaded(Exception):
    """More waits than is allowed to wait; ask again later."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version in memory; requests hold the one of their arrival, so a swap takes nothing away under them."""

    name: str
    version: str
    number: int
    model: FittedModel
    predictor: Predictor | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits for predictions.

    Attributes
    ----------
    say
        Called with each piece of a text that is being written.
    changes, stop
        How it is to be written other than the model was saved to; texts that end it.
    """

    say: Callable[[str], None] = lambda _: None
    changes: Mapping[str, Any] = field(default_factory=dict)
    stop: tuple[str, ...] = ()
    answer: Future[list[dict[str, Any]]] = field(default_factory=Future)
    left: threading.Event = field(default_factory=threading.Event)

    def leave(self) -> None:
        """Wait no longer: what has not begun does not begin, what is under way ends soon."""
        self.left.set()
        self.answer.cancel()


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken into the queue: the ids of its rows, and the tokens that are read of them."""

    ids: tuple[str, ...]
    tokens: int


@dataclass(slots=True)
class _Job:
    loaded: Loaded
    examples: Any
    encoded: EncodedTexts | None  # None where the task writes: it plans its own tokens
    tokens: int
    deadline: float
    waiting: Waiting

    def wanted(self) -> bool:
        return not self.waiting.left.is_set() and time.monotonic() <= self.deadline


@dataclass(slots=True)
class Engine:
    """The worker and its queue.

    Attributes
    ----------
    token_budget
        Tokens that are taken together; one request may be larger.
    most_waiting
        Tokens that may wait; more are refused rather than queued.
    merge
        Whether waiting requests share their matrices.
    computed
        Called after each turn with requests, rows, tokens and seconds.
    """

    token_budget: int = 8 * SCORING_TOKENS
    most_waiting: int = 64 * SCORING_TOKENS
    merge: bool = False
    computed: Callable[[int, int, int, float], None] = lambda *_: None
    waiting: int = 0
    _jobs: queue.SimpleQueue[_Job | None] = field(default_factory=queue.SimpleQueue)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _worker: threading.Thread | None = None

    def start(self) -> None:
        """Start the worker."""
        self._worker = threading.Thread(target=self._work, name="headwinds-engine", daemon=True)
        self._worker.start()

    def stop(self) -> None:
        """Finish what waits, then stop."""
        self._jobs.put(None)
        if self._worker is not None:
            self._worker.join()

    def submit(
        self, loaded: Loaded, rows: Sequence[dict[str, Any]], waiting: Waiting, *, seconds: float
    ) -> Taken:
        """Read and encode rows here, and queue them for whoever waits; one who has left costs nothing.

        Raises
        ------
        HeadwindsError
            A row cannot be used; its number is told.
        Overloaded
            Too much waits.
        """
        task, facts = loaded.model.task, loaded.model.facts
        if waiting.left.is_set():
            return Taken((), 0)
        if self.waiting > self.most_waiting:
            raise Overloaded
        places = [Row(f"row {number}", row) for number, row in enumerate(rows, start=1)]
        for place in places:
            require_keys(place.place, place.values, task)
        examples = task.read(places, labelled=False)
        asked = task.asked(examples) if writes(task) else examples
        encoded = task.encode(asked, loaded.model.tokenizer, max_tokens=facts.max_tokens)
        read = sum(len(one) for one in encoded.windows)
        tokens = read if loaded.predictor is not None else read + len(rows) * _written(loaded, waiting)
        kept = None if writes(task) else encoded
        job = _Job(loaded, examples, kept, tokens, time.monotonic() + seconds, waiting)
        with self._lock:
            if self.waiting and self.waiting + tokens > self.most_waiting:
                raise Overloaded
            self.waiting += tokens
        self._jobs.put(job)
        return Taken(tuple(examples.ids), read)

    def _work(self) -> None:
        ended = False
        left: _Job | None = None
        while not ended or left is not None:
            first = left or self._jobs.get()
            left = None
            if first is None:
                ended = True
                break
            turn, tokens = [first], first.tokens
            while tokens < self.token_budget:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    ended = True
                    break
                if tokens + following.tokens > self.token_budget:
                    left = following
                    break
                turn.append(following)
                tokens += following.tokens
            self._compute(turn, tokens)

    def _compute(self, turn: list[_Job], tokens: int) -> None:
        start = time.perf_counter()
        alive = []
        for job in turn:
            # Whoever has left, or waited too long, is not computed for.
            if not job.wanted():
                job.waiting.leave()
            if job.waiting.answer.set_running_or_notify_cancel():
                alive.append(job)
        for group in _groups(alive) if self.merge else [[job] for job in alive]:
            _answer(group)
        with self._lock:
            self.waiting -= tokens
        self.computed(
            len(alive),
            sum(len(job.examples.ids) for job in alive),
            sum(job.tokens for job in alive),
            time.perf_counter() - start,
        )


@dataclass(slots=True)
class Engines:
    """A worker for models that read, and one for those that write."""

    reading: Engine
    writing: Engine

    def of(self, loaded: Loaded) -> Engine:
        """The one that computes for a model."""
        return self.writing if writes(loaded.model.task) else self.reading

    @property
    def waiting(self) -> int:
        """Tokens that wait."""
        return self.reading.waiting + self.writing.waiting

    def start(self) -> None:
        """Start both."""
        self.reading.start()
        self.writing.start()

    def stop(self) -> None:
        """Finish what waits, then stop."""
        self.reading.stop()
        self.writing.stop()


def _written(loaded: Loaded, waiting: Waiting) -> int:
    """The most tokens that are written of a row."""
    own = {**loaded.model.facts.decoder["writing"], **waiting.changes}
    samples = 1 if waiting.changes else loaded.model.facts.decoder.get("samples") or 1
    return int(min(own["max_new_tokens"], most_written(loaded.model)) * own["beams"] * samples)


def load(name: str, version: str, number: int, model: FittedModel) -> Loaded:
    """A model packed once for all its requests."""
    predictor = None if writes(model.task) else predictor_of(model)
    return Loaded(name, version, number, model, predictor)


def _groups(jobs: Sequence[_Job]) -> list[list[_Job]]:
    """Those that can share their matrices: of one version, and alike in what their windows carry."""
    found: dict[tuple[int, int, bool, bool], list[_Job]] = {}
    for place, job in enumerate(jobs):
        one = job.encoded
        if one is None:
            found[-1, place, False, False] = [job]
            continue
        width = -1 if one.marks is None else one.marks.shape[1]
        key = (id(job.loaded), width, one.types is None, one.shapes is None)
        found.setdefault(key, []).append(job)
    return list(found.values())


def _answer(jobs: Sequence[_Job]) -> None:
    try:
        loaded = jobs[0].loaded
        parts = [job.encoded for job in jobs if job.encoded is not None]
        if loaded.predictor is None or len(parts) < len(jobs):
            for job in jobs:
                job.waiting.answer.set_result(_write(job))
            return
        outputs = predict_outputs(
            loaded.predictor, joined(parts), wanted=lambda: any(job.wanted() for job in jobs)
        )
        start = 0
        for job, part in zip(jobs, parts, strict=True):
            end = start + len(part)
            job.waiting.answer.set_result(_decoded(job, part, outputs[start:end]))
            start = end
    except Exception as error:
        told = error if isinstance(error, HeadwindsError | Unwanted) else _Failed(error)
        for job in jobs:
            if not job.waiting.answer.done():
                job.waiting.answer.set_exception(told)


def _write(job: _Job) -> list[dict[str, Any]]:
    waiting = job.waiting
    watch = Watch(waiting.say, job.wanted, waiting.stop)
    return predict_written(job.loaded.model, job.examples, changes=waiting.changes, watch=watch)


class _Failed(RuntimeError):
    """A mistake of ours; its place is kept, and nothing of what it was about."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.__traceback__ = error.__traceback__


def _decoded(job: _Job, encoded: EncodedTexts, outputs: Sequence[Any]) -> list[dict[str, Any]]:
    model = job.loaded.model
    found = model.task.decode(outputs, job.examples, encoded, model.facts.labels, model.facts.decoder)
    share = encoded.read_share
    shares = [1.0] * len(found) if share is None else share.tolist()
    return [{**item, "read_share": one} for item, one in zip(found, shares, strict=True)]


def joined(parts: Sequence[EncodedTexts]) -> EncodedTexts:
    """Encoded texts one after the other."""
    import numpy as np

    from headwinds.adapt.encoding import EncodedTexts

    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(part.windows) for part in parts)])
    first = [part.first_window[:-1] + start for part, start in zip(parts, starts[:-1], strict=True)]

    def every(name: str) -> Any:
        values = [getattr(part, name) for part in parts]
        if any(value is None for value in values):
            return None
        return (
            np.concatenate(values)
            if isinstance(values[0], np.ndarray)
            else [one for value in values for one in value]
        )

    return EncodedTexts(
        windows=every("windows"),
        first_window=np.concatenate([*first, starts[-1:]]),
        tokens=every("tokens"),
        types=every("types"),
        offsets=every("offsets"),
        shapes=every("shapes"),
        marks=every("marks"),
        read_share=every("read_share"),
    )
