"""A round proposed by a model: scores in, chances by a strategy of `measure.proposals`, a drawn round out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.annotate.rounds import Round, add_round
from headwinds.contracts.finding import Finding
from headwinds.corpus.reading import require_columns
from headwinds.corpus.records import read_records
from headwinds.errors import DataError, MismatchError, SettingsError
from headwinds.measure.proposals import STRATEGIES, distance_to_read, expected_error, propose, uncertainty

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.annotate.project import AnnotationProject

COMPONENTS = 64


def propose_round(
    project: AnnotationProject,
    count: int,
    *,
    strategy: str = "random",
    scores: Path | None = None,
    by: Sequence[str] = (),
    seed: int = 0,
) -> tuple[int, tuple[Finding, ...]]:
    """Draw about `count` passages of the corpus and put them into the queue; returns how many are new there.

    Parameters
    ----------
    strategy
        "random": all alike. "uncertainty": by the entropy of the scores. "diversity": by the distance to what was read.
        "variance": what takes most off the variance of the index in the cells of `by`.
    scores
        Columns `passage_id`, ``probability_<label>`` (where answers are grades ``score_<label>``, the predicted grade), and
        `fold` where a model was cross-fitted on labels of this corpus.

    Raises
    ------
    SettingsError
        The strategy is unknown or needs scores, or the count cannot be drawn.
    DataError, MismatchError
        The scores lack a column or a passage, or hold a value that is no probability.
    """
    import numpy as np

    if strategy not in STRATEGIES:
        raise SettingsError(
            f"strategy = {strategy!r} cannot be used.", remedy=f"It is one of {', '.join(STRATEGIES)}."
        )
    if strategy in ("uncertainty", "variance") and scores is None:
        raise SettingsError(
            f"The strategy {strategy} needs scores.", remedy="Name the file: --scores scores.parquet."
        )
    names = tuple(sorted(project.passages.by_id))
    weight = np.array([project.passages.weight[name] for name in names])
    probability, fold, findings = _scores(project, names, scores)
    if strategy == "random":
        size = weight  # alike for the population: a passage that stands for many is drawn more often
    elif strategy == "uncertainty":
        size = weight * uncertainty(probability)
    elif strategy == "variance":
        size = expected_error(probability, weight, _cells(project, names, by))
    else:
        size = distance_to_read(_embedding(project, names), _read(project, names), fold)
    drawn = propose(size, count, seed=seed, fold=fold)
    # The corpus may be a sample itself: a chance in the population is the chance in the corpus over the weight.
    chance = dict(zip(names, (drawn.probability / weight).tolist(), strict=True))
    chosen = tuple(name for name, taken in zip(names, drawn.drawn, strict=True) if taken)
    if not chosen:
        raise SettingsError(
            f"The draw of about {count} came out empty.", remedy="Ask for more, or take another seed."
        )
    source = f"proposal of {count}"
    return add_round(project, Round(strategy, source, chance, chosen, True, seed=seed)), findings


def _scores(
    project: AnnotationProject, names: Sequence[str], path: Path | None
) -> tuple[NDArray[np.float64], NDArray[np.int64], tuple[Finding, ...]]:
    import numpy as np

    labels = project.scheme.labels
    if path is None:
        return np.full((len(names), len(labels)), 0.5), _by_document(project, names), ()
    columns, records = read_records(path)
    graded = project.scheme.kind == "graded"
    most = project.scheme.grades if graded else 1
    wanted = [f"{'score' if graded else 'probability'}_{label}" for label in labels]
    require_columns(path, columns, ["passage_id", *wanted])
    found: dict[str, list[float]] = {}
    folds: dict[str, int] = {}
    for record in records:
        if record.problem:
            raise DataError(f"{path}, line {record.row}: {record.problem}.", remedy="Mend the line.")
        name = str(record.values.get("passage_id"))
        found[name] = [_share(record.values, column, most, f"{path}, line {record.row}") for column in wanted]
        folds[name] = _fold(record.values, f"{path}, line {record.row}") if "fold" in columns else 0
    missing = [name for name in names if name not in found]
    if missing:
        raise MismatchError(
            f"{path} lacks passages of the corpus: {len(missing):,}, first {', '.join(missing[:3])}.",
            remedy="Score the whole corpus.",
        )
    findings = () if "fold" in columns else (_no_folds(path),)
    return (
        np.array([found[name] for name in names]),
        np.array([folds[name] for name in names], dtype=np.int64),
        findings,
    )


def _share(values: Mapping[str, Any], column: str, most: int, where: str) -> float:
    """A probability, or the share of the scale that a predicted grade stands at."""
    try:
        value = float(values.get(column))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = float("nan")
    if not 0 <= value <= most:
        what = "probability" if most == 1 else "grade of the scale"
        raise DataError(
            f"{where}: {column} = {values.get(column)!r} is no {what}.", remedy=f"It is from 0 to {most}."
        )
    return value / most


def _fold(values: Mapping[str, Any], where: str) -> int:
    try:
        return int(values.get("fold"))  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{where}: fold = {values.get('fold')!r} is no whole number.", remedy="Number the folds."
        ) from error


def _no_folds(path: Path) -> Finding:
    return Finding(
        "W376",
        f"{path.name} has no column fold, so its model is taken to have seen no label of this corpus.",
        "If it was trained on labels of it, cross-fit it by document and give each passage's fold; else gold is biased.",
    )


def _by_document(project: AnnotationProject, names: Sequence[str]) -> NDArray[np.int64]:
    """Ten folds of documents, for strategies that look at what was read and come without a model's folds."""
    import numpy as np

    place = {document: row % 10 for row, document in enumerate(sorted(project.passages.of_document))}
    return np.array([place[project.passages.by_id[name].document_id] for name in names], dtype=np.int64)


def _cells(project: AnnotationProject, names: Sequence[str], by: Sequence[str]) -> NDArray[np.int64]:
    import numpy as np

    known = dict(next(iter(project.passages.by_id.values())).keys)
    for key in by:
        if key not in known:
            raise SettingsError(
                f"by = {key!r} is no key of the corpus.", remedy=f"It has {', '.join(known) or 'none'}."
            )
    cells = [tuple(dict(project.passages.by_id[name].keys)[key] for key in by) for name in names]
    number = {cell: row for row, cell in enumerate(sorted(set(cells)))}
    return np.array([number[cell] for cell in cells], dtype=np.int64)


def _read(project: AnnotationProject, names: Sequence[str]) -> NDArray[np.bool_]:
    import numpy as np

    from headwinds.annotate.events import resolve
    from headwinds.annotate.store import events, items

    found = resolve(events(project))
    read = {item.passage_id for item in items(project) if item.number in found}
    return np.array([name in read for name in names])


def _embedding(project: AnnotationProject, names: Sequence[str]) -> NDArray[np.float64]:
    """Texts as points: latent semantic analysis of word counts, which needs no model and no network."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    texts = [project.passages.by_id[name].text for name in names]
    # Characters do for Chinese too, where no blanks part the words.
    words = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), max_features=20_000, sublinear_tf=True
    ).fit_transform(texts)
    components = max(1, min(COMPONENTS, words.shape[1] - 1, len(texts) - 1))
    points: NDArray[np.float64] = normalize(TruncatedSVD(components, random_state=0).fit_transform(words))
    return points
