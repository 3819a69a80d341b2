"""How well a network knows text that it never saw: perplexity with an interval over documents, beside word counts alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.intervals import bootstrap
from headwinds.adapt.pretraining.loop import parts_of
from headwinds.adapt.pretraining.packing import pack
from headwinds.adapt.training.precision import autocast
from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.pretraining.loop import Course
    from headwinds.adapt.pretraining.objectives.contract import Exercise, Losses, Vocabulary
    from headwinds.adapt.pretraining.token_store import Documents, TokenStore
    from headwinds.contracts import Interval

TOGETHER_TOKENS = 4096
LARGEST_LOG = 700.0


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the test on held-out documents found.

    Attributes
    ----------
    perplexity
        Exponential of the mean loss over the tokens that are asked for.
    baseline
        The same of who reads nothing: by the tokens' frequencies in the training text; with "contrastive", by guessing
        among the texts that are compared.
    ratio
        `perplexity` over `baseline`, on the same draws of documents: below 1 context is used.
    detection
        With "replaced": mean loss of telling whether a token was put there; None elsewhere.
    documents, asked
        Documents, and tokens that were asked for.
    """

    perplexity: Interval
    baseline: Interval
    ratio: Interval
    detection: Interval | None
    documents: int
    asked: int


def measure_held_out(course: Course, documents: Documents, store: TokenStore) -> HeldOut:
    """Ask the network of held-out documents what it was asked in training, masks being the same at every call."""
    import numpy as np

    layout = course.objective.layout(course.vocabulary, course.settings)
    rows = pack(documents, np.arange(len(documents)), layout)
    seed = derive_seed(course.settings.seed, "asked of held-out")
    exercise = course.objective.ask(rows, course.vocabulary, course.settings, seed=seed)
    sums = _sums(course, exercise, len(documents))
    if not course.objective.compares:
        _guess_by_frequency(sums.guessed, exercise, store, course.vocabulary)
    return _measured(sums, documents.clusters)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of each document: sum of losses, of those of a guess, and their number; the same of the second loss."""

    loss: NDArray[np.float64]
    guessed: NDArray[np.float64]
    count: NDArray[np.float64]
    beside: NDArray[np.float64]
    words: NDArray[np.float64]


def _sums(course: Course, exercise: Exercise, documents: int) -> _Sums:
    import numpy as np
    import torch

    budget = course.settings.batch_tokens if course.objective.compares else TOGETHER_TOKENS
    sums = _Sums(*(np.zeros(documents) for _ in range(5)))
    course.network.eval()
    with torch.inference_mode():
        for part in parts_of(exercise, budget):
            with autocast("cpu", course.precision):
                losses: Losses = course.network(part)
            owner = part.documents.ravel()[losses.places.numpy()]
            np.add.at(sums.loss, owner, losses.asked.double().numpy())
            np.add.at(sums.count, owner, 1.0)
            if losses.guessed is not None:
                np.add.at(sums.guessed, owner, losses.guessed.double().numpy())
            if losses.beside is not None and losses.beside_places is not None:
                owner = part.documents.ravel()[losses.beside_places.numpy()]
                np.add.at(sums.beside, owner, losses.beside.double().numpy())
                np.add.at(sums.words, owner, 1.0)
    return sums


def _guess_by_frequency(
    guessed: NDArray[np.float64], exercise: Exercise, store: TokenStore, vocabulary: Vocabulary
) -> None:
    """Add each wanted token's surprise to its document, by how often it stands in the training text.

    Marks that no text holds (the end of a text, that of a span) come as often as they are asked for.
    """
    import numpy as np

    wanted = exercise.wanted.ravel()
    asked = wanted >= 0
    counts = np.zeros(max(vocabulary.size, store.vocabulary, int(wanted.max(initial=0)) + 1))
    counts[: store.vocabulary] = store.token_counts()
    special = np.array(sorted({*vocabulary.names.values(), *vocabulary.sentinels}), dtype=np.int64)
    marks = special[counts[special] == 0]
    share = np.bincount(wanted[asked], minlength=len(counts)) / max(int(asked.sum()), 1)
    frequency = (counts + 1) / (counts.sum() + len(counts)) * (1 - share[marks].sum())
    frequency[marks] = share[marks]
    np.add.at(guessed, exercise.documents.ravel()[asked], -np.log(frequency[wanted[asked]]))


def _measured(sums: _Sums, clusters: NDArray[np.int64]) -> HeldOut:
    import numpy as np

    def metrics(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        with np.errstate(divide="ignore", invalid="ignore"):
            number = weights @ sums.count
            own, plain = (weights @ sums.loss) / number, (weights @ sums.guessed) / number
            words = weights @ sums.words
            beside = (weights @ sums.beside) / words
        return {
            "perplexity": np.exp(np.minimum(own, LARGEST_LOG)),
            "baseline": np.exp(np.minimum(plain, LARGEST_LOG)),
            "ratio": np.exp(np.clip(own - plain, -LARGEST_LOG, LARGEST_LOG)),
            "detection": beside,
        }

    found = bootstrap(metrics, [str(cluster) for cluster in clusters], seed=0)
    return HeldOut(
        found["perplexity"],
        found["baseline"],
        found["ratio"],
        found["detection"] if sums.words.sum() else None,
        len(set(clusters.tolist())),
        int(sums.count.sum()),
    )
