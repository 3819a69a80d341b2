"""Bias: words are exchanged as they should be, a reaction that was planted is found, and no reaction is not made up."""

from __future__ import annotations

import numpy as np
import pytest

from adapt.audit.conftest import write_rows
from headwinds.adapt.audit import AuditSettings, audit_model
from headwinds.adapt.audit.answers import ask
from headwinds.adapt.audit.bias import swap_bias
from headwinds.adapt.audit.joint import joint_intervals, mean_intervals, share_interval
from headwinds.adapt.audit.swapping import make_swapper
from headwinds.adapt.audit.word_lists import SHIPPED, SwapList, read_swap_list, shipped_list
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import DataError


def swapped(name: str, text: str) -> list[str]:
    return [
        version[0] for version in make_swapper(shipped_list(name)).versions([text], np.random.default_rng(0))
    ]


def test_words_become_those_of_each_group_in_their_case():
    female, male = swapped("gender", "She said that HER Chairwoman met him; he thanked her.")
    assert male == "He said that HIS Chairman met him; he thanked him."
    assert female == "She said that HER Chairwoman met her; she thanked her."


def test_a_word_at_the_end_of_a_line_goes_on_to_the_next():
    assert swapped("gender", "It is her\nbook, for her\n")[1] == "It is his\nbook, for him\n"
    said = "We gave her the book, told her that it is his and saw her in Paris with her in-laws and her only child."
    female, male = swapped("gender", said)
    assert female == said.replace("is his and", "is hers and")
    assert male == (
        "We gave him the book, told him that it is his and saw him in Paris with his in-laws and his only child."
    )


def test_parts_of_words_stay_as_they_are():
    assert swapped("gender", "The hero sheds there") == ["The hero sheds there"] * 2
    assert make_swapper(shipped_list("countries")).mentions("Guinea-Bissau, Equatorial Guinea and Guinea") == [
        "Guinea-Bissau", "Equatorial Guinea", "Guinea",
    ]  # fmt: skip


def test_a_word_that_occurs_twice_becomes_the_same_word_twice():
    for version in swapped("countries", "France spoke. France voted. Japan abstained."):
        first, second, third = (
            sentence.rsplit(" ", 1)[0].strip() for sentence in version.rstrip(".").split(". ")
        )
        assert first == second != third


def test_scripts_without_spaces_are_searched_too(tmp_path):
    file = tmp_path / "swaps.csv"
    file.write_text("women,men\n她,他\n", encoding="utf-8")
    swapper = make_swapper(read_swap_list(file))
    assert swapper.versions(["昨天她说了"], np.random.default_rng(0)) == [["昨天她说了"], ["昨天他说了"]]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_lists_have_groups_of_words_without_blanks(name):
    swaps = shipped_list(name)
    assert len(swaps.groups) == len(swaps.words) >= 2
    assert all(word == word.strip() != "" for column in swaps.words for word in column)
    if name == "countries":
        assert sum(len(column) for column in swaps.words) == 193
    if not swaps.aligned:
        assert len({word for column in swaps.words for word in column}) == sum(map(len, swaps.words))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("women\nshe\n", "one column \\(women\\)"),
        ("women,men\nshe,\n", "line 2: men is empty"),
        ("women,men\n", "no rows"),
        ("women,men\nshe,he\nShe,him\n", "'she' stands twice in column women"),
    ],
)
def test_a_list_that_cannot_be_used_is_said(tmp_path, content, said):
    file = tmp_path / "swaps.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_swap_list(file)


@pytest.fixture(scope="module")
def gendered(tmp_path_factory, audit_checkpoint):
    """A model that was taught to take "she" for one label and "he" for the other."""
    folder = tmp_path_factory.mktemp("gendered")
    generator = np.random.default_rng(0)
    ends = ["speaks of trade", "thanks the assembly", "asks for peace", "reads a report"]
    rows = []
    for _ in range(120):
        who = str(generator.choice(["she", "he"]))
        rows.append(
            {"text": f"today {who} {generator.choice(ends)}", "label": "care" if who == "she" else "power"}
        )
    settings = TuneSettings(
        checkpoint=str(audit_checkpoint), epochs=12, patience=12, learning_rate=3e-3, head_learning_rate=1e-2,
        batch_tokens=256, precision="float32",
    )  # fmt: skip
    files = LabelledFiles(write_rows(folder / "train.csv", rows))
    return load_model(tune_files(files, settings, folder / "run", quiet=True).folder), rows


def test_a_reaction_that_was_planted_is_found(gendered):
    model, rows = gendered
    texts = [[row["text"]] for row in rows[:40]]
    found, _ = swap_bias(ask(model), shipped_list("gender"), texts, [str(n) for n in range(40)], seed=0)
    assert found.texts == 40
    assert found.flips.value > 0.9
    care = next(one for one in found.changes if one.label == "care")
    assert care.group == "female"
    assert care.joint_lower > 0.5
    assert "reacts" in found.verdict


def test_words_that_do_not_matter_are_not_made_to(gendered):
    model, rows = gendered
    swaps = SwapList("days", ("now", "then"), (("today",), ("today",)), aligned=True)
    texts = [[row["text"]] for row in rows[:40]]
    found, findings = swap_bias(ask(model), swaps, texts, [str(n) for n in range(40)], seed=0)
    assert (found.flips.value, found.flips.lower) == (0.0, 0.0)
    assert 0.05 < found.flips.upper < 0.1  # of 40 texts
    assert all(one.lower != one.lower for one in found.changes)
    assert "W263" in {one.code for one in findings}


def test_a_list_without_a_word_in_the_texts_says_so(single_model, tmp_path):
    file = write_rows(tmp_path / "on.csv", [{"text": "peace is our aim", "label": "driver"}] * 3)
    report = audit_model(single_model, file, AuditSettings(parts=("bias",), swaps=("names",)))
    assert "nothing can be said" in report.swaps[0].verdict
    assert "N262" in {one.code for one in report.findings}


def test_joint_intervals_cover_all_comparisons_as_often_as_said():
    generator = np.random.default_rng(1)
    clusters = [str(number // 2) for number in range(80)]
    runs, single, joint = 300, 0, 0
    for run in range(runs):
        common = generator.normal(size=(40, 6)).repeat(2, axis=0)
        found = mean_intervals(common + generator.normal(size=(80, 6)), clusters, seed=run, replicates=400)
        single += int(((found.lower < 0) & (found.upper > 0)).sum())
        joint += bool(((found.joint_lower < 0) & (found.joint_upper > 0)).all())
    assert 0.93 < single / (6 * runs) < 0.97
    assert 0.91 < joint / runs < 0.98


def test_ten_clusters_cover_as_often_as_eighty():
    """With the normal distribution's reach they held the truth in 88%, and the truths of four comparisons in 82%."""
    generator = np.random.default_rng(2)
    clusters = [str(number) for number in range(10)]
    runs, single, joint = 300, 0, 0
    for run in range(runs):
        values = generator.normal(size=(10, 1)) + generator.normal(size=(10, 4))
        found = mean_intervals(values, clusters, seed=run, replicates=400)
        single += int(((found.lower < 0) & (found.upper > 0)).sum())
        joint += bool(((found.joint_lower < 0) & (found.joint_upper > 0)).all())
    assert 0.92 < single / (4 * runs) < 0.98
    assert 0.89 < joint / runs < 0.98


def test_what_does_not_vary_has_no_interval():
    found = mean_intervals(np.zeros((20, 2)), [str(n) for n in range(20)], seed=0)
    assert np.isnan(found.lower).all()
    assert not found.excludes_zero.any()
    one = mean_intervals(np.ones((20, 2)), ["same"] * 20, seed=0)
    assert np.isnan(one.joint_upper).all()
    assert np.isnan(joint_intervals(np.array([np.nan]), np.ones((5, 1)), 20).lower).all()


def test_a_share_has_an_interval_even_at_its_ends():
    assert share_interval(np.zeros(50, dtype=bool), [str(n) for n in range(50)]) == pytest.approx(
        (0, 0, 1 - 0.025 ** (1 / 50))
    )
    marks = np.array([True] * 10 + [False] * 10)
    _, low, high = share_interval(marks, [str(n // 5) for n in range(20)])
    _, alone_low, alone_high = share_interval(marks, [str(n) for n in range(20)])
    assert low < alone_low < 0.5 < alone_high < high
