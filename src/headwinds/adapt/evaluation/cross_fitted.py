"""Test the folds' models on the passages that each of them did not see, beside the baselines on the same splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.evaluation.baselines import (
    KEYWORDS,
    TFIDF,
    LabelledSplit,
    keyword_baseline,
    tfidf_baseline,
)
from headwinds.adapt.evaluation.compare import SystemPredictions, TestPassages, compare
from headwinds.adapt.evaluation.isotonic import uncalibrated_findings
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.fold import FoldRows, LabelledTexts
from headwinds.adapt.prediction import predict
from headwinds.adapt.training.progress import watch
from headwinds.artifacts.interruption import raise_if_stopped
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Evaluation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TUNED = "tuned model"


def evaluate_folds(
    data: LabelledTexts,
    folds: Sequence[FoldRows],
    model_folders: Sequence[Path],
    *,
    screen_words: Sequence[str],
    seed: int,
    shown: Sequence[str] = (),
    quiet: bool = False,
) -> tuple[Evaluation, SystemPredictions]:
    """Pool the test passages of all folds and compare the tuned models with both baselines.

    Each fold's baselines are fitted on that fold's training passages, with thresholds from its validation passages, just
    as its model was. Returns the evaluation and the tuned models' predictions of every gold passage. `shown` are the
    labels' names for readers. Where a passage has one label of several, the words of a screen tell none of them and are
    left out.
    """
    import numpy as np

    shape = data.truth.shape
    tuned = SystemPredictions(TUNED, np.empty(shape), np.empty(shape, dtype=bool))
    tfidf = SystemPredictions(TFIDF, np.empty(shape), np.empty(shape, dtype=bool))
    keywords = SystemPredictions(KEYWORDS, None, np.empty(shape, dtype=bool))
    fold = np.empty(shape[0], dtype=np.int64)
    words = screen_words if data.several else ()
    decoders: list[Mapping[str, Any]] = []
    with watch("evaluate folds", len(folds), quiet=quiet) as progress:
        for done, (rows, folder) in enumerate(zip(folds, model_folders, strict=True), start=1):
            test = _texts(data, rows.test)
            fold[rows.test] = rows.number
            model = load_model(folder)
            decoders.append(model.facts.decoder)
            found = predict(model, test)
            del model  # before the next one is read
            _fill(tuned, rows.test, found.probability, found.label)
            training, validation = _split(data, rows.training), _split(data, rows.validation)
            _fill(tfidf, rows.test, *tfidf_baseline(training, validation, test, several=data.several))
            if words:  # a study need not have a screen
                keywords.label[rows.test] = keyword_baseline(training, test, words)
            raise_if_stopped()
            progress.update(done, "fold of test passages, and its baselines")
    passages = TestPassages(
        data.passage_ids,
        np.array(data.document_ids),
        data.texts,
        tuple(shown) or data.label_names,
        data.truth,
        fold,
    )
    systems = (tuned, tfidf, keywords) if words else (tuned, tfidf)
    evaluation = compare(passages, systems, seed=derive_seed(seed, "bootstrap"), provenance={})
    findings = (*evaluation.findings, *uncalibrated_findings(decoders, passages.label_names))
    return replace(evaluation, findings=findings), tuned


def _fill(
    system: SystemPredictions,
    rows: NDArray[np.int64],
    probability: NDArray[np.float64],
    label: NDArray[np.bool_],
) -> None:
    if system.probability is not None:
        system.probability[rows] = probability
    system.label[rows] = label


def _split(data: LabelledTexts, rows: NDArray[np.int64]) -> LabelledSplit:
    return LabelledSplit(_texts(data, rows), data.truth[rows])


def _texts(data: LabelledTexts, rows: NDArray[np.int64]) -> list[str]:
    return [data.texts[int(row)] for row in rows]
