"""The chance with which a passage came to be read, put together over rounds: what estimates weight gold by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.annotate.rounds import RESTATED
from headwinds.contracts.finding import Finding
from headwinds.database.connection import reading

if TYPE_CHECKING:
    from headwinds.annotate.project import AnnotationProject


@dataclass(frozen=True, slots=True)
class _Round:
    """A round: chances by passage, the drawn ones, and what share of those that no earlier one had drawn is answered."""

    chance: Mapping[str, float]
    drawn: frozenset[str]
    whole_frame: bool
    answered: float
    restated: bool = False


def inclusion_probabilities(
    project: AnnotationProject, answered: Sequence[str]
) -> tuple[dict[str, float], list[Finding]]:
    """The chance of each answered passage to be among the answered, or nothing for all of them and the reason."""
    rounds = _rounds(project, set(answered))
    findings: list[Finding] = []
    if rounds and rounds[0].restated and rounds[0].answered < 1:
        return {}, [_incomplete(rounds[0].answered)]
    partly = [number for number, one in enumerate(rounds, 1) if one.answered < 1]
    if partly:
        read = ", ".join(f"{rounds[number - 1].answered:.0%} of round {number}" for number in partly)
        findings.append(
            Finding(
                "N372",
                f"Only {read} has an answer that stands; inclusion probabilities are the draw's times that share.",
                "The queue is in random order, so what was read is a random part; better still, read on.",
            )
        )
    chance = _of_passages(answered, rounds, project.passages.weight) if rounds else {}
    for name, value in chance.items():
        if math.isnan(value):
            return {}, [_unknown(name, len(rounds))]
    return chance, findings


def _of_passages(
    names: Sequence[str], rounds: Sequence[_Round], weight: Mapping[str, float]
) -> dict[str, float]:
    """The chance of each passage of the population to be answered in any round; NaN if it cannot be known.

    A passage stands in the queue once, where the first round to draw it put it, and is answered as often as what that round
    put there: the chance is the sum over rounds of the chance to be drawn there first, times the share that was answered.
    The corpus may itself be a sample: a `weight` is one over the chance to be in it, which all rounds share.
    """
    import numpy as np

    if len(rounds) == 1:
        return {name: rounds[0].chance.get(name, math.nan) * rounds[0].answered for name in names}
    weights = np.array([weight[name] for name in names])
    unknown = np.zeros(len(names), dtype=bool)
    within, not_yet = np.zeros(len(names)), np.ones(len(names))
    for one in rounds:
        here = np.array([one.chance.get(name, 0.0) for name in names]) * weights
        unknown |= (here > 1 + 1e-9) | np.array(
            [name not in one.chance and not one.whole_frame for name in names], dtype=bool
        )
        within += not_yet * np.minimum(here, 1.0) * one.answered
        not_yet *= 1 - np.minimum(here, 1.0)
    found = np.where(unknown, np.nan, within / weights)
    return dict(zip(names, found.tolist(), strict=True))


def _rounds(project: AnnotationProject, answered: set[str]) -> list[_Round]:
    from sqlalchemy import select

    from headwinds.annotate.schema import CHANCE, ITEM, ROUND

    with reading(project.engine) as connection:
        known = connection.execute(select(ROUND).order_by(ROUND.c.number)).all()
        chances = connection.execute(select(CHANCE)).all()
        queued = connection.execute(select(ITEM.c.passage_id, ITEM.c.round)).all()
    found: list[_Round] = []
    before: set[str] = set()
    for row in known:
        chance = {one.passage_id: one.probability for one in chances if one.round == row.number}
        drawn = {one.passage_id for one in chances if one.round == row.number and one.drawn}
        drawn |= {one.passage_id for one in queued if one.round == row.number}
        if row.strategy == RESTATED:  # it speaks for all before it
            found.clear()
            before.clear()
        # What an earlier round had drawn was read as that one's: it does not tell how far this one was read.
        first = drawn - before
        before |= drawn
        share = len(first & answered) / len(first) if first else 1.0
        found.append(_Round(chance, frozenset(drawn), row.whole_frame, share, row.strategy == RESTATED))
    return found


def round_chances(project: AnnotationProject) -> dict[str, float]:
    """The chance of each queued passage to be drawn in any round, whatever was read since; NaN if it is not known."""
    rounds = [_Round(one.chance, one.drawn, one.whole_frame, 1.0) for one in _rounds(project, set())]
    names = sorted({name for one in rounds for name in one.drawn})
    return _of_passages(names, rounds, project.passages.weight) if rounds else {}


def _unknown(name: str, rounds: int) -> Finding:
    why = (
        "no inclusion probability was given"
        if rounds == 1
        else "a round does not say with which chance it could have drawn it"
    )
    return Finding(
        "W375",
        f"The gold file has no inclusion probabilities: for {name} {why}.",
        "Give the queue file a column inclusion_probability; with several rounds list every passage, with drawn = 0 or 1.",
    )


def _incomplete(answered: float) -> Finding:
    return Finding(
        "W377",
        f"The gold file has no inclusion probabilities: only {answered:.0%} of the rounds that go together has an answer "
        "that stands, and their joint probabilities hold for all of them.",
        "Read on.",
    )
