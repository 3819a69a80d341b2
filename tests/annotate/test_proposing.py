"""A round that a model proposes, from a file of scores to the chances in the gold file."""

from __future__ import annotations

import json

import pytest

from annotate.projects import make_project
from annotate.test_exchange import lines, say
from headwinds.annotate.store import items
from headwinds.doors.annotating import export_labels, propose_passages
from headwinds.errors import DataError, MismatchError, SettingsError

LABELS = ("growth", "divide", "security")


def write_scores(folder, *, folds: bool = True, **changes) -> str:
    rows = []
    for number in range(60):
        row = {
            "passage_id": f"p{number:03d}",
            **{f"probability_{label}": 0.02 + 0.9 * (number < 10) / 2 for label in LABELS},
        }
        rows.append(row | ({"fold": number // 3 % 4} if folds else {}) | (changes if number == 7 else {}))
    (folder / "scores.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder / "scores.jsonl")


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path, double_share=0)
    yield made
    made.engine.dispose()


@pytest.mark.parametrize("strategy", ["random", "uncertainty", "diversity", "variance"])
def test_every_strategy_draws_with_chances_that_come_out_in_gold(tmp_path, project, strategy):
    new, findings = propose_passages(
        project, 20, strategy=strategy, scores=write_scores(tmp_path), by=["year"], seed=1
    )
    assert findings == ()
    drawn = [item.passage_id for item in items(project)]
    assert len(drawn) == new > 5
    say(project, "ann", {name: [] for name in drawn})
    assert export_labels(project, tmp_path / "gold.jsonl") == ()
    chance = {row["passage_id"]: row["inclusion_probability"] for row in lines(tmp_path / "gold.jsonl")}
    assert all(0 < value <= 1 for value in chance.values())
    if strategy in ("uncertainty", "variance"):
        assert max(chance[name] for name in chance if name > "p010") < min(
            chance[name] for name in chance if name < "p010"
        )


def test_the_same_proposal_again_adds_nothing_and_another_seed_another_round(project):
    first, _ = propose_passages(project, 20, seed=1)
    assert propose_passages(project, 20, seed=1)[0] == 0
    assert propose_passages(project, 20, seed=2)[0] > 0
    assert len(items(project)) > first


def test_scores_without_folds_are_taken_and_it_is_said_what_that_assumes(tmp_path, project):
    _, findings = propose_passages(
        project, 20, strategy="variance", scores=write_scores(tmp_path, folds=False)
    )
    assert [finding.code for finding in findings] == ["W376"]


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        ({"strategy": "best"}, SettingsError, "best"),
        ({"strategy": "variance"}, SettingsError, "needs scores"),
        ({"count": 60}, SettingsError, "cannot be drawn"),
        ({"count": 0}, SettingsError, "cannot be drawn"),
        ({"by": ["region"], "strategy": "variance", "scores": {}}, SettingsError, "no key"),
        ({"strategy": "variance", "scores": {"probability_growth": 1.5}}, DataError, "no probability"),
        ({"strategy": "variance", "scores": {"probability_growth": None}}, DataError, "no probability"),
        ({"strategy": "variance", "scores": {"fold": "x"}}, DataError, "whole number"),
        (
            {"strategy": "variance", "scores": {"passage_id": "other"}},
            MismatchError,
            "lacks passages of the corpus: 1,",
        ),
    ],
)
def test_a_proposal_that_cannot_be_made_is_one_line_and_queues_nothing(tmp_path, project, wrong, kind, words):
    given = {"count": 20, **wrong}
    if "scores" in given:
        given["scores"] = write_scores(tmp_path, **given["scores"])
    with pytest.raises(kind, match=words):
        propose_passages(project, **given)
    assert items(project) == ()


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["uncertainty", "variance"])
def test_gold_that_was_chosen_actively_and_read_on_the_pages_gives_unbiased_shares_and_the_plain_mean_does_not(
    tmp_path, strategy
):
    """From the proposal through the database and its export to the estimate, with the proposals' own chances."""
    import numpy as np

    import headwinds

    rng = np.random.default_rng(8)
    size, draws = 600, 24
    held = rng.random(size) < 0.2
    score = np.clip(np.where(held, 0.55, 0.12) + rng.normal(0, 0.15, size), 0.01, 0.99)
    rows = [{"passage_id": f"p{n:03d}", "document_id": f"d{n:03d}", "text": f"text {n}"} for n in range(size)]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "codebook.md").write_text(
        "| label | give it |\n|---|---|\n| growth | it speaks of growth |\n"
    )
    scored = [
        {"passage_id": f"p{n:03d}", "document_id": f"d{n:03d}", "probability_growth": score[n], "fold": 0}
        for n in range(size)
    ]
    (tmp_path / "scores.jsonl").write_text("".join(json.dumps(row) + "\n" for row in scored))
    found, plain, covered = [], [], 0
    for seed in range(draws):
        project = headwinds.open_annotation(
            corpus=tmp_path / "corpus.jsonl",
            codebook=tmp_path / "codebook.md",
            database=tmp_path / f"labels-{seed}.sqlite",
            double_share=0,
        )
        propose_passages(project, 150, strategy=strategy, scores=tmp_path / "scores.jsonl", seed=seed)
        names = [item.passage_id for item in items(project)]
        say(project, "ann", {name: ["growth"] if held[int(name[1:])] else [] for name in names})
        export_labels(project, tmp_path / "gold.jsonl")
        project.engine.dispose()
        index = headwinds.measure_file(
            tmp_path / "scores.jsonl", tmp_path / "gold.jsonl", tmp_path / f"out-{seed}"
        )["index"]
        found.append(index.value[0])
        covered += bool(index.lower[0] <= held.mean() <= index.upper[0])
        plain.append(np.mean([held[int(name[1:])] for name in names]))
    error = np.std(found, ddof=1) / np.sqrt(draws)
    assert abs(np.mean(found) - held.mean()) < 3 * error
    assert np.mean(plain) - held.mean() > 8 * error
    assert covered >= draws - 4
