"""A number is the sum of what its documents add, and a jump without a document is what is estimated without it."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from headwinds.cli.main import main
from headwinds.errors import MismatchError, SettingsError
from headwinds.measure.cells import make_cells
from headwinds.measure.estimators.design_based import estimate_design_based
from headwinds.measure.frame import make_frame
from headwinds.measure.settings import EstimatorSettings
from headwinds.measure.trace import trace_cell, trace_jump
from headwinds.study.trace_files import read_point
from measure.populations import draw, make_world

SIZES = {"strict": 1200, "none": 4000}


def make(gold=400, years=4):
    world = make_world({"strict": 0.4, "none": 0.15}, SIZES, years=years, seed=3)
    return draw(
        world, np.random.default_rng(1), {"strict": 900, "none": 1500}, {"strict": gold, "none": gold}
    )


@pytest.mark.parametrize("by", [(), ("year",)])
@pytest.mark.parametrize("gold", [60, 400])
def test_contributions_add_up_to_the_share(by, gold):
    frame = make(gold)
    cells = make_cells(frame, by)
    index = estimate_design_based(frame, cells, EstimatorSettings(), "difference")
    for place, cell in enumerate(cells.values):
        found = trace_cell(frame, cells, cell, "driver", limit=10**6)
        assert found.value == pytest.approx(index.value[place], abs=1e-12)
        assert sum(value for _, value in found.parts) == pytest.approx(found.value, abs=1e-12)
        parts = dict(found.parts)
        assert found.table["contribution"].sum() == pytest.approx(
            parts["scores"] + parts["gold of the cell"], abs=1e-12
        )
        # What the mean scores of cells add is estimated by a slope; without it nothing is left over.
        plain = trace_cell(frame, cells, cell, "driver", settings=EstimatorSettings(contextual=False))
        assert dict(plain.parts)["context"] == pytest.approx(0, abs=1e-12)


def leave_out(frame, document):
    keep = frame.document_ids != document
    place = np.cumsum(keep) - 1
    gold = keep[frame.gold_rows]
    return make_frame(
        document_ids=frame.document_ids[keep],
        strata=frame.strata[keep],
        keys={name: values[keep] for name, values in frame.keys.items()},
        weight=frame.weight[keep],
        probability=frame.probability[keep],
        label=frame.label[keep],
        gold_rows=place[frame.gold_rows[gold]],
        gold_labels=frame.gold_labels[gold],
        inclusion_probability=frame.inclusion_probability[gold],
        label_names=frame.label_names,
        population=frame.population,
    )


@pytest.mark.parametrize("gold", [60, 400])
def test_a_jump_without_a_document_is_what_is_estimated_without_it(gold):
    frame = make(gold)
    settings = EstimatorSettings(power=0.8, minimum_count=1, contextual=False, minimum_gold=30)
    cells = make_cells(frame, ("year",))
    found = trace_jump(frame, cells, (1,), (2,), "driver", limit=10**6, settings=settings)
    index = estimate_design_based(frame, cells, settings, "difference")
    assert found.value == pytest.approx(index.value[2] - index.value[1])
    for row in found.table.iloc[[0, 1, 2, 20, -1]].itertuples():
        other = leave_out(frame, row.document_id)
        again = estimate_design_based(other, make_cells(other, ("year",)), settings, "difference")
        assert row.without == pytest.approx(again.value[2] - again.value[1], abs=1e-12)
        assert row.influence == pytest.approx(found.value - row.without)
    assert (found.table["influence"].abs().diff().dropna() <= 1e-15).all()


def test_the_document_that_made_the_jump_is_found():
    frame = make(400)
    cells = make_cells(frame, ("year",))
    names, count = np.unique(
        frame.document_ids[(frame.keys["year"] == 2) & (frame.strata == "none")], return_counts=True
    )
    document = names[np.argmax(count)]
    rows = np.flatnonzero(frame.document_ids == document)
    frame.probability[rows] = 0.999
    found = trace_jump(frame, cells, (1,), (2,), "driver", settings=EstimatorSettings(power=1.0))
    assert found.table["document_id"][0] == document


def test_a_document_that_brought_all_the_gold_is_listed_though_no_cell_is_without_it():
    rng = np.random.default_rng(0)
    year = np.repeat([0, 1, 2], 30)
    document = np.where(year == 2, "read whole", [f"d{place % 25}" for place in range(90)])
    score = rng.random(90)
    gold = np.flatnonzero(year == 2)[:20]
    frame = make_frame(
        document_ids=document,
        strata=["all"] * 90,
        keys={"year": year},
        weight=np.ones(90),
        probability=score[:, None],
        label=score[:, None] > 0.5,
        gold_rows=gold,
        gold_labels=(rng.random(20) < score[gold])[:, None],
        inclusion_probability=np.full(20, 20 / 90),
        label_names=("driver",),
        gold_draw=np.arange(20),
    )
    found = trace_jump(frame, make_cells(frame, ("year",)), (0,), (1,), "driver", limit=100)
    first = found.table.iloc[0]
    assert first["document_id"] == "read whole"
    assert first["cell"] == "pool"
    assert np.isnan(first["influence"])
    assert [finding.code for finding in found.findings] == ["N347"]


def test_a_trace_shows_itself():
    frame = make()
    cells = make_cells(frame, ("year",))
    one, two = trace_cell(frame, cells, (1,), "driver"), trace_jump(frame, cells, (1,), (2,), "driver")
    assert "'driver' in 1:" in one.summary()
    assert "more." in one.summary()
    assert "'driver' from 1 to 2" in two.summary()
    assert len(one.plot().axes) == len(two.plot().axes) == 1


def test_the_terminal_traces_files(tmp_path, capsys):
    frame = make()
    with open(tmp_path / "scores.csv", "w", newline="") as file:
        file.write("passage_id,document_id,stratum,year,text,probability_driver\n")
        for row in range(len(frame)):
            head = f"p{row},{frame.document_ids[row]},{frame.strata[row]},{frame.keys['year'][row]}"
            file.write(f'{head},"=1+1\rwords",{frame.probability[row, 0]}\n')
    with open(tmp_path / "gold.csv", "w") as file:
        file.write("passage_id,stratum,labels,inclusion_probability\n")
        for row, label, chance in zip(
            frame.gold_rows, frame.gold_labels[:, 0], frame.inclusion_probability, strict=True
        ):
            file.write(f"p{row},{frame.strata[row]},{'driver' if label else ''},{chance}\n")
    files = [
        "--scores",
        str(tmp_path / "scores.csv"),
        "--gold",
        str(tmp_path / "gold.csv"),
        "--stratum",
        "stratum",
    ]
    assert main(["trace", *files, "--cell", "label=driver,year=1", "--limit", "15"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len([line for line in told if ", probability " in line]) == 15  # as many as were asked for
    assert "-0.00000" not in told[0]
    save = ["--save", str(tmp_path / "rows.csv")]
    assert main(["trace", *files, "--cell", "label=driver,year=1", "--limit", "5", *save]) == 0
    assert "'driver' in 1:" in capsys.readouterr().out
    with (tmp_path / "rows.csv").open(newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["=1+1 words"] * 5
    asked = ["trace", *files, "--cell", "label=driver,year=1", "--limit", "5", *save, "--for-spreadsheets"]
    assert main(asked) == 0
    with (tmp_path / "rows.csv").open(newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["'=1+1 words"] * 5
    capsys.readouterr()
    assert main(["trace", *files, "--cell", "label=driver,year=1", "--to", "year=2"]) == 0
    assert "from 1 to 2" in capsys.readouterr().out
    assert main(["trace", *files, "--cell", "label=driver,year=1950"]) == 2
    told = capsys.readouterr().err
    assert "There is no cell year=1950: there are 4, from year=0 to year=3." in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["", "year", "label=", "year=1998", "label=a,year=1,year=2", "=3", "label=a,b", "label=a,year=1,"]
)
def test_a_cell_that_cannot_be_read_is_one_line(text):
    with pytest.raises(SettingsError) as caught:
        read_point(text)
    assert "\n" not in str(caught.value)


def test_a_cell_is_named_as_its_key_is_spelt():
    assert read_point("label=a,country=Korea, Republic of,year=1998").cell == ("Korea, Republic of", 1998)
    assert read_point("label=a,code=007").cell == ("007",)
    assert read_point("label=a,code=--5,year=-5").cell == ("--5", -5)


def test_a_whole_number_is_found_among_texts(tmp_path):
    rows = [f"p{number},{('1990', '1990s')[number % 2]},0.{number % 9 + 1}" for number in range(80)]
    (tmp_path / "scores.csv").write_text("\n".join(["passage_id,time,probability_a", *rows]) + "\n")
    gold = [f"p{number},{'a' if number % 3 else ''},0.5" for number in range(40)]
    (tmp_path / "gold.csv").write_text("\n".join(["passage_id,labels,inclusion_probability", *gold]) + "\n")
    files = ["--scores", str(tmp_path / "scores.csv"), "--gold", str(tmp_path / "gold.csv"), "--document", ""]
    assert main(["trace", *files, "--cell", "label=a,time=1990"]) == 0


def test_a_cell_or_label_that_is_not_there_is_one_line():
    frame = make()
    cells = make_cells(frame, ("year",))
    with pytest.raises(MismatchError, match="no label 'growth'"):
        trace_cell(frame, cells, (1,), "growth")
    with pytest.raises(MismatchError, match="no cell"):
        trace_jump(frame, cells, (1,), (99,), "driver")


def test_a_trace_of_cells_whose_index_another_estimator_makes_says_its_number(tmp_path):
    from headwinds.doors.measuring import measure_file
    from headwinds.doors.tracing import trace_file

    rng = np.random.default_rng(6)
    lines, gold = (
        ["passage_id,document_id,year,place,probability_tech"],
        ["passage_id,labels,inclusion_probability"],
    )
    for number in range(2400):
        score = rng.random()
        lines.append(f"p{number},d{number // 4},{2000 + number % 4},L{number // 4 % 6},{score:.3f}")
        if rng.random() < 1 / 6:
            gold.append(f"p{number},{'tech' if rng.random() < score else ''},{1 / 6}")
    (tmp_path / "scores.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "gold.csv").write_text("\n".join(gold) + "\n")
    files = (tmp_path / "scores.csv", tmp_path / "gold.csv")
    index = measure_file(*files, tmp_path / "out", by=[["year", "place"]])["index-by-year-place"]
    assert index.method == "small-area"
    there = index.value[index.cells.index((2000, "L0"))]
    (note,) = (
        one for one in trace_file(*files, "label=tech,year=2000,place=L0").findings if one.code == "N355"
    )
    assert f"the number is {there:.5f}" in note.sentence
    assert all(one.code != "N355" for one in trace_file(*files, "label=tech,year=2000").findings)
