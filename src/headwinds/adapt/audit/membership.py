"""Membership inference: whether one can tell from a model's answers that a text was in its training file.

Two attacks. The loss alone (Yeom et al. 2018): a text that the model fits well is taken for a member. And the loss against
that of shadow models that did not see the text (the offline likelihood-ratio attack of Carlini et al. 2022, sec. IV-D, with
small shadow models: logistic regressions on words), which knows that some texts are easy for everybody.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.audit.answers import LEAST
from headwinds.adapt.audit.text_units import text_units
from headwinds.adapt.tasks.text_classification import truth_of
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding, Interval
from headwinds.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.audit.answers import Asked
    from headwinds.adapt.tasks.contract import Row

FALSE_POSITIVES = 0.01
SHADOWS = 16
LEVEL = 0.975  # of each of two attacks, so that both together hold with 95%
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Attack:
    """How well one attack tells members from others.

    Attributes
    ----------
    name
        "loss" or "likelihood ratio".
    auc
        Chance that a member is taken for likelier than another text; 0.5 is guessing.
    found
        Share of members that are found while 1% of others are taken for members; NaN with fewer than 100 others.
    chance
        Of such a share, or a larger one, when nothing tells members from others; NaN likewise.
    """

    name: str
    auc: Interval
    found: Interval
    chance: float


@dataclass(frozen=True, slots=True)
class Membership:
    """Both attacks.

    Attributes
    ----------
    members, others
        How many texts of each were tried.
    attacks
        The loss, and the likelihood ratio.
    shadow_auc
        What models that saw neither side's text at hand tell apart: if this is not 0.5, the two files differ by themselves.
    """

    members: int
    others: int
    attacks: tuple[Attack, ...]
    shadow_auc: Interval

    @property
    def leaks(self) -> bool:
        """Whether an attack does better than guessing, for sure, and the files alone do not explain it."""
        explained = self.shadow_auc.lower > 0.5
        return any(
            one.auc.lower > (self.shadow_auc.upper if explained else 0.5) or one.chance < (1 - LEVEL) / 2
            for one in self.attacks
        )

    @property
    def verdict(self) -> str:
        """In words."""
        best = max(self.attacks, key=lambda one: one.auc.value)
        numbers = f"AUC {best.auc.value:.3f} ({best.auc.lower:.3f} to {best.auc.upper:.3f}) by {best.name}"
        if self.leaks:
            return f"its answers tell who was in training: {numbers}"
        return f"these attacks do not tell who was in training: {numbers}; stronger ones might"


def membership_of(
    asked: Asked, members: Sequence[Row], others: Sequence[Row], *, seed: int
) -> tuple[Membership, tuple[Finding, ...]]:
    """Attack a text classifier with labelled rows of its training file and with rows that it never saw.

    A row of the latter whose text stands in training too is left out, and counted in a finding.

    Raises
    ------
    DataError
        Fewer than ten rows on a side.
    """
    import numpy as np

    task, labels = asked.model.task, asked.labels
    own, foreign = task.read(members, labelled=True), task.read(others, labelled=True)
    task.check_labels(own, labels)
    task.check_labels(foreign, labels)
    known = _known_texts(own)
    unseen = [row for row, text in zip(others, _texts(foreign), strict=True) if _plain(text) not in known]
    doubled = len(others) - len(unseen)
    _require_enough(len(members), len(others), doubled)
    if doubled:
        others, foreign = unseen, task.read(unseen, labelled=True)
    truth = np.vstack([truth_of(own, labels), truth_of(foreign, labels)]) > 0
    confidence = np.concatenate(
        [
            _confidence(
                np.array([one["probabilities"] for one in asked.predictions(rows)]), marks, own.several
            )
            for rows, marks in ((members, truth[: len(members)]), (others, truth[len(members) :]))
        ]
    )
    texts = [*_texts(own), *_texts(foreign)]
    mean, spread = _shadows(texts, truth, own.several, seed=derive_seed(seed, "shadows"))
    inside = np.arange(len(texts)) < len(members)
    scores = {"loss": confidence, "likelihood ratio": (confidence - mean) / spread}
    attacks = tuple(
        Attack(name, *attack_intervals(score[inside], score[~inside])) for name, score in scores.items()
    )
    apart = _area(mean[inside], mean[~inside])
    result = Membership(len(members), len(others), attacks, apart)
    return result, _findings(result, doubled)


def epsilon_lower_bound(
    members_found: int, members: int, others_found: int, others: int, *, delta: float, level: float = 0.95
) -> float:
    """The smallest epsilon that an attack's counts admit (Jagielski, Ullman, Oprea 2020, sec. 3); in `level` of cases true.

    Of a mechanism that is (epsilon, delta)-private, the share of members found is at most exp(epsilon) times the share of
    others found, plus delta; and the same for those not found. Each share is taken at its exact bound.
    """
    import math

    from scipy.stats import beta

    doubt = (1 - level) / 2

    def least(hits: int, trials: int) -> float:
        return 0.0 if hits == 0 else float(beta.ppf(doubt, hits, trials - hits + 1))

    def most(hits: int, trials: int) -> float:
        return 1.0 if hits == trials else float(beta.ppf(1 - doubt, hits + 1, trials - hits))

    pairs = (
        (least(members_found, members), most(others_found, others)),
        (least(others - others_found, others), most(members - members_found, members)),
    )
    bounds = [math.log((low - delta) / high) for low, high in pairs if low > delta and high > 0]
    return max([0.0, *bounds])


def _confidence(
    probability: NDArray[np.float64], truth: NDArray[np.bool_], several: bool
) -> NDArray[np.float64]:
    """Log-odds of what is true, of each text; of several labels the mean over them, so that it is minus a loss."""
    import numpy as np

    if several:
        right = np.where(truth, probability, 1 - probability)
        loss = -np.log(np.clip(right, LEAST, 1)).mean(axis=1)
        right = np.exp(-loss)
    else:
        right = probability[truth]
    right = np.clip(right, LEAST, 1 - LEAST)
    odds: NDArray[np.float64] = np.log(right) - np.log1p(-right)
    return odds


def _shadows(
    texts: Sequence[str], truth: NDArray[np.bool_], several: bool, *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread of the confidence of shadow models that did not see a text, of each text."""
    import numpy as np

    features = _features(texts)
    count = len(texts)
    out = np.full((SHADOWS, count), np.nan)
    for number in range(SHADOWS // 2):
        order = np.random.default_rng(derive_seed(seed, number)).permutation(count)
        halves = order[: count // 2], order[count // 2 :]
        for place, (seen, unseen) in enumerate((halves, halves[::-1])):
            probability = _shadow_probability(features, truth, seen, unseen, several)
            out[2 * number + place, unseen] = _confidence(probability, truth[unseen], several)
    mean = np.nanmean(out, axis=0)
    spread = np.nanstd(out, axis=0, ddof=1)
    # One spread for all: eight values say little of each text's own (Carlini et al. 2022, sec. VI-C).
    return mean, np.full(count, float(np.sqrt(np.mean(spread**2))) or 1.0)


def _features(texts: Sequence[str]) -> Any:
    """Weights of the words that stand in several texts; of units as a reader sees them, for Chinese has no spaces."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = [[text[start:end].casefold() for start, end in text_units(text)] for text in texts]
    common = Counter(word for own in words for word in set(own))
    if not common:
        return csr_matrix((len(texts), 1))
    least = 2 if max(common.values()) > 1 else 1
    return TfidfVectorizer(analyzer=list, sublinear_tf=True, min_df=least).fit_transform(words)


def _shadow_probability(
    features: Any, truth: NDArray[np.bool_], seen: NDArray[np.int64], unseen: NDArray[np.int64], several: bool
) -> NDArray[np.float64]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    probability = np.zeros((len(unseen), truth.shape[1]))
    if not several:
        classes = truth[seen].argmax(axis=1)
        if len(set(classes.tolist())) < 2:
            probability[:, classes[0]] = 1.0
            return probability
        model = LogisticRegression(C=10.0, max_iter=500).fit(features[seen], classes)
        probability[:, model.classes_] = model.predict_proba(features[unseen])
        return probability
    for label in range(truth.shape[1]):
        marks = truth[seen, label]
        if marks.all() or not marks.any():
            probability[:, label] = float(marks[0])
            continue
        model = LogisticRegression(C=10.0, max_iter=500).fit(features[seen], marks)
        probability[:, label] = model.predict_proba(features[unseen])[:, 1]
    return probability


def attack_intervals(
    members: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[Interval, Interval, float]:
    """AUC and the share of members found at 1% of others, with intervals of `LEVEL`, and the chance of such a share.

    The AUC's interval is DeLong's (DeLong, DeLong, Clarke-Pearson 1988). The share's is exact for the threshold at hand; the
    chance (Fisher's exact test) is that of finding so many more members than others beyond it when nothing tells them apart.
    A bootstrap of a threshold so far out would be too sure of it.
    """
    import numpy as np
    from scipy.stats import beta, hypergeom

    area = _area(members, others)
    if len(others) < 1 / FALSE_POSITIVES:
        nothing = float("nan")
        return area, Interval(nothing, nothing, nothing), nothing
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    allowed = int(FALSE_POSITIVES * len(others))
    hits = int((members > np.sort(others)[::-1][allowed]).sum())
    missed = len(members) - hits
    share = Interval(
        hits / len(members),
        0.0 if hits == 0 else float(beta.ppf(tails[0], hits, missed + 1)),
        1.0 if missed == 0 else float(beta.ppf(tails[1], hits + 1, missed)),
    )
    # So many hits: among the `hits + allowed` highest scores there are at most `allowed` others.
    chance = hypergeom.cdf(allowed, len(members) + len(others), len(others), hits + allowed)
    return area, share, float(chance) if hits else 1.0


def _area(members: NDArray[np.float64], others: NDArray[np.float64]) -> Interval:
    """The area under the curve; where all are told apart, its one bound is that of as many trials as the fewer side has.

    Where scores without any spread leave it between 0 and 1, nothing is known of it.
    """
    import numpy as np
    from scipy.stats import norm, rankdata

    count, foreign = len(members), len(others)
    ranks = rankdata([*members, *others])
    of_member = (ranks[:count] - rankdata(members)) / foreign  # share of the others below each member
    of_other = 1 - (ranks[count:] - rankdata(others)) / count
    area = float(of_member.mean())
    error = float(np.sqrt(of_member.var(ddof=1) / count + of_other.var(ddof=1) / foreign))
    if error == 0:
        bound = ((1 - LEVEL) / 2) ** (1 / min(count, foreign))
        return Interval(area, bound if area == 1 else 0.0, 1 - bound if area == 0 else 1.0)
    width = float(norm.ppf((1 + LEVEL) / 2)) * error
    return Interval(area, max(0.0, area - width), min(1.0, area + width))


def _texts(examples: Any) -> list[str]:
    seconds = examples.seconds or [""] * len(examples.texts)
    return [f"{one} {other}".strip() for one, other in zip(examples.texts, seconds, strict=True)]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _known_texts(examples: Any) -> set[str]:
    return {_plain(text) for text in _texts(examples)}


def _require_enough(members: int, others: int, doubled: int) -> None:
    if doubled and others - doubled < FEWEST:
        raise DataError(
            f"Texts that stand both in training and among those that the model never saw: {doubled}.",
            remedy="Name the training file with --train and other rows with --on.",
        )
    for name, count in (("training rows", members), ("rows that the model never saw", others - doubled)):
        if count < FEWEST:
            raise DataError(
                f"There are {count} {name}, and membership needs at least {FEWEST} on each side.",
                remedy="Give more rows.",
            )


def _findings(result: Membership, doubled: int) -> tuple[Finding, ...]:
    found = []
    if doubled:
        found.append(
            Finding(
                "W273",
                f"Rows that the model should never have seen, whose texts stand in training too: {doubled}; they were left "
                "out of membership.",
                "Look whether they belong to the test.",
            )
        )
    if result.others < 1 / FALSE_POSITIVES:
        found.append(
            Finding(
                "W271",
                f"With {result.others} texts that the model never saw, 1 % of them is less than one: the share of "
                "members found at that rate is not available.",
                "Give at least 100.",
            )
        )
    if result.shadow_auc.lower > 0.5 or result.shadow_auc.upper < 0.5:
        found.append(
            Finding(
                "W272",
                "Training rows and the others differ by themselves: shadow models that saw neither tell them apart with AUC "
                f"{result.shadow_auc.value:.3f}.",
                "Take both from the same source and time, or read the attacks as an upper bound.",
            )
        )
    return tuple(found)
