"""Labels in and out: gold that the rest of Headwinds reads, with the chances of its draw; Label Studio; the history."""

from __future__ import annotations

import csv
import json
import uuid

import pytest

from annotate.projects import make_project, write_corpus
from headwinds.annotate.label_studio import label_config
from headwinds.annotate.rounds import Round, add_round
from headwinds.annotate.scheme import Scheme
from headwinds.annotate.store import NewEvent, enrol, events, items, record
from headwinds.corpus.gold import read_gold
from headwinds.corpus.reading import Columns
from headwinds.doors.annotating import export_labels, import_labels, open_annotation, queue_passages
from headwinds.errors import DataError, SettingsError


def say(project, name: str, answers: dict[str, list[str]], kind: str = "label") -> None:
    """Answers by passage."""
    enrol(project, name)
    number = {item.passage_id: item.number for item in items(project)}
    new = [
        NewEvent(str(uuid.uuid4()), number[one], name, kind, {"labels": given})
        for one, given in answers.items()
    ]
    assert record(project, new)[1] == {}


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path, queue=4, double_share=1.0)
    yield made
    made.engine.dispose()


def test_exported_gold_is_read_back_with_its_labels_and_chances(tmp_path, project):
    answers = {"p000": ["growth"], "p001": [], "p002": ["divide", "growth"], "p003": ["security"]}
    for name in ("ann", "ben"):
        say(project, name, answers)
    assert export_labels(project, tmp_path / "gold.jsonl") == ()
    gold = read_gold(tmp_path / "gold.jsonl", project.codebook)
    assert gold.passage_ids == tuple(sorted(answers))
    assert gold.labels.tolist() == [
        [True, False, False],
        [False] * 3,
        [True, True, False],
        [False, False, True],
    ]
    assert gold.inclusion_probability.tolist() == [0.5] * 4
    assert [row["decided"] for row in lines(tmp_path / "gold.jsonl")] == ["agreed"] * 4


def test_the_chance_that_a_queue_file_gives_comes_out_to_the_last_digit_with_its_strata(tmp_path):
    project = make_project(tmp_path, double_share=0)
    chances = {"p001": 0.0027199588, "p002": 1 / 3, "p005": 1.0}
    rows = [f"{name},{chance!r},none,1990-2000" for name, chance in chances.items()]
    (tmp_path / "queue.csv").write_text(
        "passage_id,inclusion_probability,stratum,period\n" + "\n".join(rows) + "\n"
    )
    assert queue_passages(project, tmp_path / "queue.csv") == 3
    assert queue_passages(project, tmp_path / "queue.csv") == 0
    say(project, "ann", {name: [] for name in chances})
    export_labels(project, tmp_path / "gold.jsonl")
    for row in lines(tmp_path / "gold.jsonl"):
        assert row["inclusion_probability"] == chances[row["passage_id"]]
        assert (row["stratum"], row["period"]) == ("none", "1990-2000")
    project.engine.dispose()


def test_a_value_that_holds_the_parting_of_strata_comes_out_in_its_own_column(tmp_path):
    write_corpus(tmp_path)
    rows = [
        {
            "id": f"p{row}",
            "document": f"d{row}",
            "text": f"Of goods {row}.",
            "industry": "Food / Beverages",
            "year": 1990,
        }
        for row in range(3)
    ]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = Columns(passage_id="id", document_id="document", stratum=("industry", "year"))
    project = open_annotation(
        corpus=tmp_path / "corpus.jsonl",
        codebook=tmp_path / "codebook.md",
        columns=columns,
        database=tmp_path / "labels.sqlite",
        double_share=0,
    )
    (tmp_path / "queue.csv").write_text("passage_id\np0\np1\n")
    queue_passages(project, tmp_path / "queue.csv")
    say(project, "ann", {"p0": [], "p1": []})
    export_labels(project, tmp_path / "gold.jsonl")
    assert [(row["industry"], row["year"]) for row in lines(tmp_path / "gold.jsonl")] == [
        ("Food / Beverages", "1990")
    ] * 2
    project.engine.dispose()


def test_passages_on_which_readers_differ_are_refused_or_left_out_and_said(tmp_path, project):
    say(project, "ann", {"p000": ["growth"], "p001": [], "p002": [], "p003": []})
    say(project, "ben", {"p000": ["divide"], "p001": []})
    say(project, "ben", {"p002": []}, "unsure")
    with pytest.raises(DataError, match=r"Readers differ or were unsure on passages \(2\)"):
        export_labels(project, tmp_path / "gold.jsonl")
    codes = [
        finding.code for finding in export_labels(project, tmp_path / "gold.jsonl", unsettled="leave-out")
    ]
    assert codes == ["W374", "N372"]
    assert {row["passage_id"] for row in lines(tmp_path / "gold.jsonl")} == {"p001", "p003"}
    say(project, "eve", {"p000": ["growth", "divide"], "p002": []}, "adjudicate")
    assert export_labels(project, tmp_path / "gold.jsonl") == ()
    first = lines(tmp_path / "gold.jsonl")[0]
    assert (first["labels"], first["decided"], first["readers"]) == (["growth", "divide"], "adjudicated", 2)


def test_what_was_read_so_far_is_a_random_part_and_its_chances_say_so(tmp_path, project):
    say(project, "ann", {"p000": [], "p001": []})
    (finding,) = export_labels(project, tmp_path / "gold.jsonl")
    assert finding.code == "N372"
    assert [row["inclusion_probability"] for row in lines(tmp_path / "gold.jsonl")] == [0.25, 0.25]


def test_gold_that_others_made_is_not_overwritten_without_a_word(tmp_path, project):
    path = tmp_path / "gold.jsonl"
    by_hand = '{"passage_id": "p000", "labels": []}\n{"passage_id": "elsewhere", "labels": ["growth"]}\n'
    for number, kept in enumerate(("gold.jsonl.before", "gold.jsonl.before1")):
        path.write_text(by_hand)
        say(project, "ann", {"p000": [], f"p00{number + 1}": []})
        said = [one for one in export_labels(project, path) if one.code == "W378"]
        assert f"not in what was written: 1. It is kept as {kept}." in said[0].sentence
        assert (tmp_path / kept).read_text() == by_hand
    say(project, "ann", {"p003": []})
    assert "W378" not in {one.code for one in export_labels(project, path)}  # its own, grown
    assert len(list(tmp_path.glob("gold.jsonl*"))) == 3


def test_nothing_read_is_no_gold(tmp_path, project):
    with pytest.raises(DataError, match="No passage has an answer"):
        export_labels(project, tmp_path / "gold.jsonl")


def test_two_rounds_are_put_together_by_the_chance_to_be_in_either(tmp_path):
    project = make_project(tmp_path, passages=12, double_share=0)
    names = [f"p{number:03d}" for number in range(12)]
    first, second = dict.fromkeys(names, 0.2), {name: 0.1 + 0.05 * place for place, name in enumerate(names)}
    add_round(project, Round("a", "a", first, ("p001", "p002"), True))
    add_round(project, Round("b", "b", second, ("p002", "p007"), True))
    say(project, "ann", {"p001": [], "p002": [], "p007": []})
    assert export_labels(project, tmp_path / "gold.jsonl") == ()
    for row in lines(tmp_path / "gold.jsonl"):
        expected = 1 - (1 - 0.2) * (1 - second[row["passage_id"]])
        assert row["inclusion_probability"] == pytest.approx(expected, abs=1e-12)
    project.engine.dispose()


def test_how_far_a_later_round_was_read_is_told_by_what_it_was_the_first_to_draw(tmp_path):
    project = make_project(tmp_path, passages=12, double_share=0)
    names = [f"p{number:03d}" for number in range(12)]
    first, second = dict.fromkeys(names, 0.2), {name: 0.1 + 0.05 * place for place, name in enumerate(names)}
    add_round(project, Round("a", "a", first, ("p001", "p002"), True))
    add_round(project, Round("b", "b", second, ("p001", "p002", "p007", "p008"), True))
    say(project, "ann", {"p001": [], "p002": [], "p007": []})
    (finding,) = export_labels(project, tmp_path / "gold.jsonl")
    assert finding.sentence.startswith("Only 50% of round 2")
    for row in lines(tmp_path / "gold.jsonl"):
        expected = (
            0.2 + 0.8 * second[row["passage_id"]] * 0.5
        )  # first drawn by the second round, and half of that read
        assert row["inclusion_probability"] == pytest.approx(expected, abs=1e-12)
    project.engine.dispose()


def test_a_stratified_draw_of_which_only_the_drawn_are_known_can_still_be_put_together_with_another(tmp_path):
    project = make_project(tmp_path, passages=12, double_share=0)
    names = [f"p{number:03d}" for number in range(12)]
    add_round(project, Round("file", "a", dict.fromkeys(names[:3], 0.25), tuple(names[:3]), False))
    add_round(project, Round("b", "b", dict.fromkeys(names, 0.5), ("p007",), True))
    say(project, "ann", {name: [] for name in [*names[:3], "p007"]})
    assert export_labels(project, tmp_path / "gold.jsonl") == ()
    assert {row["inclusion_probability"] for row in lines(tmp_path / "gold.jsonl")} == {1 - 0.75 * 0.5}
    project.engine.dispose()


def test_where_the_chance_cannot_be_known_none_is_given_and_it_is_said(tmp_path):
    project = make_project(tmp_path, passages=12, double_share=0)
    add_round(project, Round("file", "a", {"p001": 0.2, "p002": 0.3}, ("p001", "p002"), False))
    add_round(project, Round("file", "b", {"p003": 0.2, "p004": 0.7}, ("p003", "p004"), False))
    say(project, "ann", {"p001": [], "p002": [], "p003": [], "p004": []})
    (finding,) = export_labels(project, tmp_path / "gold.jsonl")
    assert finding.code == "W375"
    assert all("inclusion_probability" not in row for row in lines(tmp_path / "gold.jsonl"))
    project.engine.dispose()


def test_gold_goes_in_and_comes_out_the_same_however_often_it_is_imported(tmp_path):
    write_corpus(tmp_path)
    rows = [
        {"passage_id": "p001", "labels": ["growth"], "stratum": "a", "inclusion_probability": 0.1},
        {"passage_id": "p002", "labels": [], "stratum": "b", "inclusion_probability": 0.7},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    project = make_project(tmp_path)
    with pytest.raises(SettingsError, match="who labelled"):
        import_labels(project, tmp_path / "in.jsonl")
    for _ in range(2):
        taken = import_labels(project, tmp_path / "in.jsonl", annotator="ann")
        assert (taken.rows, taken.answers) == (2, 2)
    assert len(events(project)) == 2
    export_labels(project, tmp_path / "out.jsonl")
    assert [{key: row[key] for key in rows[0]} for row in lines(tmp_path / "out.jsonl")] == rows
    project.engine.dispose()


@pytest.mark.parametrize("kind", ["multi-label", "multi-class", "graded"])
def test_label_studio_goes_out_and_in_again_with_everybodys_answers(tmp_path, kind):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    project = make_project(folders[0], queue=3, kind=kind, double_share=1.0)
    given = (
        {"grades": {"growth": 2, "divide": 0, "security": 3}} if kind == "graded" else {"labels": ["divide"]}
    )
    for name in ("ann@example.org", "ben"):
        enrol(project, name)
        for item in items(project):
            record(project, [NewEvent(str(uuid.uuid4()), item.number, name, "label", given, seconds=3.5)])
    record(project, [NewEvent(str(uuid.uuid4()), 1, "ben", "unsure", {})])
    export_labels(project, folders[0] / "tasks.json", format="label-studio")
    other = make_project(folders[1], kind=kind, double_share=1.0)
    import_labels(other, folders[0] / "tasks.json")

    def told(made):
        by_item = {item.number: item.passage_id for item in items(made)}
        kept = {
            (by_item[event.item], event.annotator): (event.answer, event.kind == "unsure")
            for event in events(made)
        }
        return dict(sorted(kept.items()))

    assert told(other) == told(project)
    export_labels(other, tmp_path / "gold.jsonl", unsettled="leave-out")
    assert {row["inclusion_probability"] for row in lines(tmp_path / "gold.jsonl")} == {0.5 * 2 / 3}
    for made in (project, other):
        made.engine.dispose()


def test_the_interface_for_label_studio_names_every_label_and_escapes_it():
    from xml.etree import ElementTree

    for kind in ("multi-label", "multi-class", "graded"):
        view = ElementTree.fromstring(label_config(Scheme(kind, ("a<b", 'c"d'), 3)))
        names = {part.get("value") for part in view.iter("Choice")} | {
            part.get("name") for part in view.iter("Rating")
        }
        assert {"a<b", 'c"d'} <= names


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("{}", "list of tasks"),
        ("[1]", "no data"),
        ('[{"data": {}}]', "no passage_id"),
        (
            '[{"data": {"passage_id": "p001"}, "annotations": [{"result": [{"value": {"choices": ["x"]}}]}]}]',
            "codebook",
        ),
        (
            '[{"data": {"passage_id": "p001", "inclusion_probability": 2}, "annotations": [{"result": []}]}]',
            "0, 1",
        ),
        ('[{"data": {"passage_id": "nowhere"}, "annotations": [{"result": []}]}]', "not in the corpus"),
    ],
)
def test_a_damaged_label_studio_file_is_one_line_and_nothing_is_taken(tmp_path, content, words):
    (tmp_path / "tasks.json").write_text(content)
    project = make_project(tmp_path)
    with pytest.raises(DataError, match=words) as caught:
        import_labels(project, tmp_path / "tasks.json", annotator="ann")
    assert "\n" not in str(caught.value)
    assert events(project) == ()
    project.engine.dispose()


def test_a_multi_class_answer_is_exactly_one_label(tmp_path):
    write_corpus(tmp_path)
    (tmp_path / "in.jsonl").write_text('{"passage_id": "p001", "labels": ["growth", "divide"]}\n')
    project = make_project(tmp_path, kind="multi-class")
    with pytest.raises(DataError, match="line 1: the passage has 2 classes, expected one"):
        import_labels(project, tmp_path / "in.jsonl", annotator="ann")
    project.engine.dispose()


def test_the_history_has_every_event_with_who_when_and_what(tmp_path, project):
    say(project, "ann", {"p000": ["growth"]})
    say(project, "ann", {"p000": ["divide"]})
    export_labels(project, tmp_path / "events.jsonl", format="events")
    found = lines(tmp_path / "events.jsonl")
    assert [(row["annotator"], row["passage_id"], row["answer"]["labels"]) for row in found] == [
        ("ann", "p000", ["growth"]),
        ("ann", "p000", ["divide"]),
    ]
    assert all(row["received_at"] for row in found)


def test_a_batch_of_headwinds_sample_goes_in_with_what_it_changes(tmp_path):
    from headwinds.doors.sampling import sample_file

    write_corpus(tmp_path)
    scores = [
        {"passage_id": f"p{number:03d}", "probability_growth": (number % 9 + 0.5) / 10}
        for number in range(60)
    ]
    (tmp_path / "scores.jsonl").write_text("".join(json.dumps(row) + "\n" for row in scores))
    first = sample_file(tmp_path / "scores.jsonl", tmp_path / "one", 12, seed=1)
    project = make_project(tmp_path, double_share=0)
    assert queue_passages(project, first.folder / "batch.csv") == 12
    say(project, "ann", {item.passage_id: [] for item in items(project)})
    export_labels(project, tmp_path / "gold.jsonl")
    assert {row["inclusion_probability"] for row in lines(tmp_path / "gold.jsonl")} == {0.2}

    second = sample_file(
        tmp_path / "scores.jsonl",
        tmp_path / "two",
        10,
        design="uncertainty",
        previous=tmp_path / "gold.jsonl",
        seed=2,
    )
    earlier = second.folder / "earlier.csv"
    other = make_project(tmp_path, database=tmp_path / "other.sqlite")
    with pytest.raises(DataError, match="never queued"):
        queue_passages(other, second.folder / "batch.csv", earlier=earlier)
    other.engine.dispose()
    new = queue_passages(project, second.folder / "batch.csv", earlier=earlier)
    assert new > 0
    assert [finding.code for finding in export_labels(project, tmp_path / "gold.jsonl")] == ["W377"]
    say(project, "ann", {item.passage_id: [] for item in items(project)})
    assert export_labels(project, tmp_path / "gold.jsonl") == ()
    expected = {}
    for name in ("batch.csv", "earlier.csv"):
        with (second.folder / name).open(newline="") as file:
            expected |= {
                row["passage_id"]: float(row["inclusion_probability"]) for row in csv.DictReader(file)
            }
    found = {row["passage_id"]: row["inclusion_probability"] for row in lines(tmp_path / "gold.jsonl")}
    assert found == expected
    project.engine.dispose()
