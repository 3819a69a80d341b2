"""Agreement of a project's readers: each label, each pair, and a reason where there is no number."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from headwinds.annotate.agreement import agreement
from headwinds.annotate.events import Event
from headwinds.annotate.scheme import Scheme

LABELS = ("growth", "divide")
SCHEME = Scheme("multi-label", LABELS)


def readings(answers: dict[str, list[dict]]) -> list[Event]:
    """Events of everybody, by name; item numbers count from 1."""
    found = []
    for name, given in answers.items():
        for item, one in enumerate(given, start=1):
            number = len(found) + 1
            found.append(Event(number, str(number), item, name, "label", one, "", None, "", ""))
    return found


def random_answers(seed: int, count: int, error: float) -> list[dict]:
    truth = np.random.default_rng(0).random((count, 2)) < 0.4
    flipped = truth ^ (np.random.default_rng(seed).random((count, 2)) < error)
    return [{"labels": [label for label, given in zip(LABELS, row, strict=True) if given]} for row in flipped]


def documents(count: int, each: int = 1) -> dict[int, str]:
    return {item: f"d{(item - 1) // each}" for item in range(1, count + 1)}


def test_each_label_has_alpha_and_each_pair_kappa_with_intervals_around_them():
    events = readings(
        {name: random_answers(seed, 80, 0.1) for seed, name in enumerate(("ann", "ben", "eve"), start=1)}
    )
    found = agreement(SCHEME, events, documents(80))
    assert found.findings == ()
    assert len(found.table) == 2 * (1 + 3)
    assert (found.table["lower"] < found.table["value"]).all()
    assert (found.table["value"] < found.table["upper"]).all()
    assert (found.table["passages"] == 80).all()


def test_kappa_of_a_pair_is_that_of_their_own_answers():
    answers = {"ann": random_answers(1, 60, 0.1), "ben": random_answers(2, 60, 0.2)}
    table = agreement(SCHEME, readings(answers), documents(60)).table
    row = table[(table["measure"] == "Cohen's kappa") & (table["label"] == "divide")].iloc[0]
    first, second = ([("divide" in one["labels"]) for one in answers[name]] for name in ("ann", "ben"))
    assert row["value"] == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert row["given"] == pytest.approx((sum(first) + sum(second)) / 120)


def test_nobody_has_read_anything_twice():
    found = agreement(SCHEME, readings({"ann": random_answers(1, 20, 0.1)}), documents(20))
    assert len(found.table) == 0
    assert "No passage was read by two" in found.summary()


def test_a_label_that_nobody_gave_has_no_agreement_and_not_a_perfect_one():
    none = [{"labels": []} for _ in range(30)]
    found = agreement(SCHEME, readings({"ann": none, "ben": none}), documents(30))
    assert found.table["value"].isna().all()
    assert found.table["lower"].isna().all()
    assert {finding.code for finding in found.findings} == {"W371"}
    assert "not available" in found.summary()


def test_perfect_agreement_has_no_interval_of_no_width():
    answers = random_answers(1, 40, 0.0)
    found = agreement(SCHEME, readings({"ann": answers, "ben": answers}), documents(40))
    assert (found.table["value"] == 1).all()
    assert found.table["lower"].isna().all()
    assert {finding.code for finding in found.findings} == {"N371"}


def test_a_few_documents_give_no_interval():
    events = readings({"ann": random_answers(1, 40, 0.1), "ben": random_answers(2, 40, 0.1)})
    found = agreement(SCHEME, events, documents(40, each=10))
    assert found.table["lower"].isna().all()
    assert {finding.code for finding in found.findings} == {"W372"}


def test_passages_of_one_document_that_are_read_alike_make_the_interval_wider():
    pattern = random_answers(1, 40, 0.2)
    other = random_answers(2, 40, 0.2)
    events = readings(
        {"ann": [one for one in pattern for _ in range(5)], "ben": [one for one in other for _ in range(5)]}
    )
    apart, together = (agreement(SCHEME, events, documents(200, each=each)).table for each in (1, 5))
    assert ((together["upper"] - together["lower"]) > 1.5 * (apart["upper"] - apart["lower"])).all()


def test_classes_have_one_measure_of_all_and_grades_count_how_far_they_are_apart():
    classes = Scheme("multi-class", ("a", "b", "c"))
    generator = np.random.default_rng(5)
    first = generator.integers(0, 3, 60)
    second = np.where(generator.random(60) < 0.8, first, generator.integers(0, 3, 60))
    given = {
        name: [{"labels": ["abc"[place]]} for place in row] for name, row in (("ann", first), ("ben", second))
    }
    table = agreement(classes, readings(given), documents(60)).table
    whole = table[(table["label"] == "(all labels)") & (table["measure"] == "Cohen's kappa")]["value"].item()
    assert whole == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)

    graded = Scheme("graded", ("a",), 3)
    base = generator.integers(0, 4, 80)
    near, far = (base + 1) % 4, np.where(base < 2, base + 2, base - 2)
    values = {}
    for name, moved in (("near", near), ("far", far)):
        other = np.where(np.arange(80) % 4 == 0, np.clip(moved, 0, 3), base)
        other = np.where((np.arange(80) % 4 == 0) & (name == "near") & (base == 3), 2, other)
        answers = {
            who: [{"grades": {"a": int(grade)}} for grade in row]
            for who, row in (("ann", base), ("ben", other))
        }
        values[name] = agreement(graded, readings(answers), documents(80)).table["value"].iloc[0]
    assert values["near"] > values["far"]


def test_it_has_the_one_face_of_results():
    events = readings({"ann": random_answers(1, 40, 0.1), "ben": random_answers(2, 40, 0.1)})
    found = agreement(SCHEME, events, documents(40))
    assert "alpha" in found.summary()
    assert "Krippendorff" in found.to_html()
    assert "toprule" in found.to_latex()
    assert found.plot().axes


def test_the_same_events_give_the_same_bytes():
    events = readings({"ann": random_answers(1, 40, 0.1), "ben": random_answers(2, 40, 0.1)})
    assert agreement(SCHEME, events, documents(40)).table.equals(
        agreement(SCHEME, events, documents(40)).table
    )
