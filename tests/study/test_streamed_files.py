"""Corpora larger than memory and object stores: the same scores in parts, killed anywhere and resumed to the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapt.tiny import TOPICS
from adapt.warm_process import start
from artifacts.object_stores import Server, object_server
from headwinds.artifacts.manifest import verify
from headwinds.artifacts.stores import open_store
from headwinds.cli.main import main
from headwinds.compute.settings import ComputeSettings
from headwinds.corpus import shards
from headwinds.errors import ArtifactError, CheckpointError, DataError, HeadwindsError, StorageError
from headwinds.study import streamed_files
from headwinds.study.own_files import measure_file, score_file
from headwinds.study.scores_file import ScoresFile
from headwinds.study.trace_files import read_point, trace_file
from study.streamed import COLUMNS, make_corpus, make_model, make_rows

TESTS = Path(__file__).resolve().parents[1]
HERE = ComputeSettings(workers=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus") / "c")


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_ROWS", 64)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with object_server() as found:
        yield found


def score(model: Path, corpus: Path | str, output: Path | str) -> Path:
    return Path(score_file(model, corpus, output, columns=COLUMNS, quiet=True, compute=HERE))


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def read(parts: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in sorted(parts.glob("*.parquet")))


def test_a_folder_in_parts_has_the_scores_that_one_file_has(model, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_ROWS", 16_384)
    whole = pq.read_table(corpus)
    whole = whole.set_column(whole.column_names.index("year"), "year", whole["year"].cast(pa.int64()))
    pq.write_table(whole, tmp_path / "whole.parquet")
    path = score(model, tmp_path / "whole.parquet", tmp_path / "one")
    parts = score(model, corpus, tmp_path / "many")
    assert (path.name, parts.name) == ("scores.parquet", "parts")
    assert read(parts).combine_chunks() == pq.read_table(path).combine_chunks()
    assert read(parts)["year"].to_pylist()[::200] == [1990, 1991, 1992]
    verify(parts.parent)


def test_every_row_is_scored_or_refused_with_its_file_row_and_reason(model, tmp_path):
    folder = make_corpus(tmp_path / "c", files=2, rows=100)
    bad = {
        "passage_id": ["p3", "x1", None, "x2", "x3"],
        "text": ["peace", " ", "peace", "\u200b\u200b", "peace"],
        "country": ["FRA", "FRA", "FRA", "FRA", None],
    }
    (folder / "year=1995").mkdir()
    pq.write_table(pa.table(bad), folder / "year=1995" / "bad.parquet")
    parts = score(model, folder, tmp_path / "out")
    lines = [
        json.loads(line)
        for path in sorted((tmp_path / "out" / "scores" / "refusals").iterdir())
        for line in path.read_text().splitlines()
    ]
    assert [(one["file"], one["row"], one["reason"]) for one in lines] == [
        ("year=1995/bad.parquet", 1, "passage_id 'p3' stands there already"),
        ("year=1995/bad.parquet", 2, "text is empty"),
        ("year=1995/bad.parquet", 3, "passage_id is empty"),
        ("year=1995/bad.parquet", 4, "the text yields no token with this model's tokenizer"),
        ("year=1995/bad.parquet", 5, "country is empty"),
    ]
    facts = json.loads((tmp_path / "out" / "scores" / "stage.json").read_text())
    assert (facts["rows_in"], facts["rows"], facts["refused"]) == (205, 200, 5)
    assert read(parts)["passage_id"].to_pylist() == [f"p{number}" for number in range(200)]


def test_a_corpus_of_which_every_row_is_refused_is_no_result(model, tmp_path):
    folder = make_corpus(tmp_path / "c", files=1, rows=0)
    rows = {"passage_id": ["a", "b"], "text": ["", "\u200b"], "country": ["FRA"] * 2}
    pq.write_table(pa.table(rows), folder / "year=1990" / "a.parquet")
    with pytest.raises(DataError, match=r"no row that can be read \(rows: 2, all refused"):
        score(model, folder, tmp_path / "out")
    assert not (tmp_path / "out" / "scores" / "manifest.json").exists()


def test_finished_scores_are_found_again_and_only_what_changed_is_scored_again(model, tmp_path):
    folder = make_corpus(tmp_path / "c")
    parts = score(model, folder, tmp_path / "out")
    first = {path.name: path.stat().st_mtime_ns for path in parts.iterdir()}
    assert score(model, folder, tmp_path / "out") == parts
    assert {path.name: path.stat().st_mtime_ns for path in parts.iterdir()} == first
    (folder / "year=2000").mkdir()
    pq.write_table(make_rows(100, first=1000), folder / "year=2000" / "a.parquet")
    score(model, folder, tmp_path / "out")
    second = {path.name: path.stat().st_mtime_ns for path in parts.iterdir()}
    assert len(second) == 11
    assert [name for name in first if first[name] != second[name]] == ["part-000009.parquet"]
    shutil.rmtree(folder / "year=2000")
    score(model, folder, tmp_path / "out")
    score(model, folder, tmp_path / "again")
    assert content(tmp_path / "out" / "scores") == content(tmp_path / "again" / "scores")


def test_a_damaged_part_is_made_again(model, corpus, tmp_path):
    parts = score(model, corpus, tmp_path / "out")
    before = content(parts.parent)
    damaged = bytearray((parts / "part-000002.parquet").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (parts / "part-000002.parquet").write_bytes(bytes(damaged))
    (parts / "part-000004.parquet").unlink()
    score(model, corpus, tmp_path / "out")
    assert content(parts.parent) == before


def test_a_killed_run_goes_on_to_the_same_bytes_without_redoing_finished_parts(model, corpus, tmp_path):
    expected = content(score(model, corpus, tmp_path / "whole").parent)
    program = f"import sys; sys.path[:0] = [{str(TESTS)!r}]; import study.streamed as s; s.score_by_path(*sys.argv[1:])"
    arguments = [str(model), str(corpus), str(tmp_path / "out"), "64"]
    child = start("-c", program, *arguments)
    parts = tmp_path / "out" / "scores" / "parts"
    while child.poll() is None and len(list(parts.glob("part-*.parquet"))) < 3:
        time.sleep(0.001)
    child.kill()
    child.wait()
    notes = [json.loads(path.read_text()) for path in (tmp_path / "out" / ".scratch").rglob("part-*.json")]
    done = {parts.parent / one["name"]: (parts.parent / one["name"]).stat().st_mtime_ns for one in notes}
    assert 2 <= len(done) < 10
    assert not (parts.parent / "manifest.json").exists()
    left = tmp_path / "out" / ".scratch" / "scores-ids" / "ids-000000"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"a run of ids that was being sorted")
    score(model, corpus, tmp_path / "out")
    assert content(parts.parent) == expected
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert content(tmp_path / "out" / ".scratch") == {}


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(model, tmp_path):
    texts = ["peace is our aim", "technology raises growth", "the digital divide"]
    each = 10_240  # ten shards: a last one that is shorter has batches of a new shape, which the library keeps room for
    for number in range(3):
        (tmp_path / "c" / f"year={number}").mkdir(parents=True)
        ids = [f"{'a very long name of a passage' * 12}, number {number}-{row}" for row in range(each)]
        table = pa.table(
            {
                "passage_id": ids,
                "text": [texts[row % 3] for row in range(each)],
                "country": ["FRA"] * each,
            }
        )
        pq.write_table(table, tmp_path / "c" / f"year={number}" / "a.parquet")
    program = f"import sys; sys.path[:0] = [{str(TESTS)!r}]; import study.streamed as s; s.memory_by_part(*sys.argv[1:])"
    # One allocator that gives back what is free, or its habits would be measured.
    quiet = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
    arguments = [str(model), str(tmp_path / "c"), str(tmp_path / "out"), "1024"]
    printed = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **quiet},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    held = [int(line) / 2**20 for line in printed.stdout.split()]
    assert len(held) == 30
    # To hold the names of the last two thirds alone would take 7 MiB and more.
    assert max(held[20:]) - max(held[2:10]) < 5


def test_one_long_parquet_file_is_streamed_and_a_short_one_is_not(model, corpus, tmp_path, monkeypatch):
    pq.write_table(make_rows(300), tmp_path / "long.parquet")
    columns = {"columns": COLUMNS, "quiet": True}
    monkeypatch.setattr(streamed_files, "LARGEST_IN_MEMORY", 299)
    with pytest.raises(DataError, match=r"long\.parquet has no column 'year'"):
        score_file(model, tmp_path / "long.parquet", tmp_path / "out", **columns)
    assert streamed_files.is_streamed(str(tmp_path / "long.parquet"), "out")
    monkeypatch.setattr(streamed_files, "LARGEST_IN_MEMORY", 300)
    assert not streamed_files.is_streamed(str(tmp_path / "long.parquet"), "out")


def test_scores_of_one_file_and_of_a_folder_replace_each_other(model, corpus, tmp_path):
    pq.write_table(pq.read_table(corpus).slice(0, 10), tmp_path / "few.parquet")
    one = score(model, tmp_path / "few.parquet", tmp_path / "out")
    parts = score(model, corpus, tmp_path / "out")
    assert not one.exists()
    verify(parts.parent)
    assert score(model, tmp_path / "few.parquet", tmp_path / "out").exists()
    assert not parts.exists()


def test_an_object_store_holds_the_bytes_that_a_folder_holds_and_the_manifest_comes_last(
    model, corpus, tmp_path, server, caplog
):
    server.client.create_bucket(Bucket="texts")
    for path in corpus.rglob("*.parquet"):
        server.client.upload_file(str(path), "texts", f"un/{path.relative_to(corpus).as_posix()}")
    expected = content(score(model, corpus, tmp_path / "out").parent)
    # Where the texts lie is no part of the scores, but the store's own tags stand in the names of parts.
    caplog.clear()
    place = score_file(model, "s3://texts/un", "s3://texts/out/", columns=COLUMNS, quiet=True, compute=HERE)
    assert place == "s3://texts/out/scores/parts"
    puts = [line for line in caplog.messages if '"PUT ' in line or "PUT /texts" in line]
    assert "manifest.json" in puts[-1]
    store = open_store("s3://texts/out/scores")
    found = {name: store.read(name) for name in store.sizes()}
    assert set(found) == set(expected)
    for name, data in expected.items():
        if name.startswith("parts/"):
            assert found[name] == data
    assert open_store("s3://texts/out/.scratch").sizes() == {}
    caplog.clear()
    assert (
        score_file(model, "s3://texts/un", "s3://texts/out", columns=COLUMNS, quiet=True, compute=HERE)
        == place
    )
    assert not [line for line in caplog.messages if "PUT /texts" in line]


def test_a_store_that_refuses_half_way_is_told_and_the_run_goes_on_later(
    model, corpus, tmp_path, server, caplog
):
    server.client.create_bucket(Bucket="flaky")
    server.check_credentials(after="30")
    try:
        with pytest.raises(StorageError) as caught:
            score_file(model, str(corpus), "s3://flaky/out", columns=COLUMNS, quiet=True, compute=HERE)
    finally:
        server.check_credentials(after="inf")
    assert "s3://flaky/out/" in str(caught.value)
    assert "\n" not in str(caught.value)
    store = open_store("s3://flaky/out")
    done = [name for name in store.sizes(".scratch/") if name.endswith(".json")]
    assert 1 <= len(done) < 10
    assert store.read("scores/manifest.json") is None
    caplog.clear()
    score_file(model, str(corpus), "s3://flaky/out", columns=COLUMNS, quiet=True, compute=HERE)
    puts = [line for line in caplog.messages if "PUT /flaky/out/scores/parts/" in line]
    assert len(puts) == 10 - len(done)
    expected = content(score(model, corpus, tmp_path / "out").parent)
    assert {name: store.read(f"scores/{name}") for name in expected} == expected


def test_the_command_line_with_two_workers_and_memory_urls_do_the_same(model, corpus, tmp_path, capsys):
    alone = content(score(model, corpus, tmp_path / "alone").parent)
    arguments = ["score", "--model", model, "--corpus", corpus, "--output", tmp_path / "out"]
    assert main([*map(str, arguments), "--keep", "country,year", "--workers", "2", "--quiet"]) == 0
    assert capsys.readouterr().out == f"Scores: {tmp_path / 'out' / 'scores' / 'parts'}\n"
    assert content(tmp_path / "out" / "scores") == alone
    url = f"memory://{tmp_path.name}/out"
    one = ["--keep", "country,year", "--workers", "1", "--quiet"]
    assert main([*map(str, arguments[:-1]), url, *one]) == 0
    assert capsys.readouterr().out == f"Scores: {url}/scores/parts\n"
    store = open_store(f"{url}/scores")
    assert {name: store.read(name) for name in store.sizes()} == alone
    (tmp_path / "c").mkdir()
    pq.write_table(make_rows(5), tmp_path / "c" / "a.parquet")
    twice = make_rows(2)
    pq.write_table(twice, tmp_path / "c" / "b.parquet")
    assert main([*map(str, arguments[:3]), "--corpus", str(tmp_path / "c"), "--output", url, *one[2:]]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1] == (
        f"Rows that were refused: 2 of 7; each stands with its reason in {url}/scores/refusals."
    )


def test_a_model_that_is_none_is_refused_before_a_store_is_asked(tmp_path):
    with pytest.raises(CheckpointError):
        score_file(tmp_path, "s3://nowhere/x", "s3://nowhere/y", columns=COLUMNS, quiet=True)


def index_of(scores: Path, gold: Path, output: Path, estimator: str = "auto"):
    file = ScoresFile(path=scores, by=(("year",), ("country",)), document_id="passage_id")
    return measure_file(file, gold, output, estimator=estimator)


@pytest.fixture(scope="module")
def scored(model, tmp_path_factory) -> tuple[Path, Path, Path]:
    """Scores in one file, the same in parts, and gold."""
    place = tmp_path_factory.mktemp("scored")
    corpus = make_corpus(place / "c", rows=400)
    pq.write_table(pq.read_table(corpus), place / "whole.parquet")
    one, parts = score(model, place / "whole.parquet", place / "one"), score(model, corpus, place / "many")
    lines = [
        {"passage_id": row["passage_id"], "labels": [name for name in TOPICS if row[f"label_{name}"]]}
        | {"inclusion_probability": 0.25}
        for row in pq.read_table(one).to_pylist()[::4]
    ]
    for number in range(0, len(lines), 9):  # the model errs now and then
        lines[number]["labels"] = ["divide"]
    (place / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return one, parts, place / "gold.jsonl"


def test_an_index_from_parts_is_the_index_from_one_file(scored, tmp_path):
    one, parts, gold = scored
    first = index_of(one, gold, tmp_path / "one")
    for number, folder in enumerate((parts, parts.parent)):
        second = index_of(folder, gold, tmp_path / f"parts-{number}")
        assert list(first) == list(second) == ["index-by-year", "index-by-country"]
        for name in first:
            assert first[name].table.equals(second[name].table)
    stated = json.loads((tmp_path / "one" / "measure" / "diagnostics.json").read_text())
    assert json.loads((tmp_path / "parts-0" / "measure" / "diagnostics.json").read_text()) == stated


def test_scores_that_are_not_finished_or_were_changed_are_not_measured(scored, tmp_path):
    _, parts, gold = scored
    shutil.copytree(parts.parent, tmp_path / "scores")
    (tmp_path / "scores" / "manifest.json").unlink()
    for folder in (tmp_path / "scores", tmp_path / "scores" / "parts"):
        with pytest.raises(ArtifactError, match="was never finished"):
            index_of(folder, gold, tmp_path / "out")
    shutil.copy(parts.parent / "manifest.json", tmp_path / "scores")
    (tmp_path / "scores" / "parts" / "part-000000.parquet").unlink()
    with pytest.raises(ArtifactError, match=r"part-000000\.parquet is not what was written"):
        index_of(tmp_path / "scores", gold, tmp_path / "out")
    with pytest.raises(DataError, match="a folder without Parquet files"):
        index_of(tmp_path, gold, tmp_path / "out")


def test_a_number_from_parts_is_traced_to_the_documents_that_one_file_names(scored):
    one, parts, gold = scored
    for cell, to in (("label=divide,country=FRA", None), ("label=divide,country=FRA", "country=DEU")):
        point, other = read_point(cell), read_point(to, label="divide") if to else None
        first, second = (
            trace_file(ScoresFile(path=path, document_id="passage_id"), gold, point, other)
            for path in (one, parts)
        )
        assert first.summary() == second.summary()
        assert first.table.equals(second.table)


def test_any_folder_of_parquet_files_can_be_measured_and_its_mistakes_are_told(scored, tmp_path):
    one, _, gold = scored
    table = pq.read_table(one)
    for number in range(2):
        (tmp_path / "s").mkdir(exist_ok=True)
        pq.write_table(table.slice(number * 600, 600), tmp_path / "s" / f"{number}.parquet")
    assert index_of(tmp_path / "s", gold, tmp_path / "a")["index-by-year"].table.equals(
        index_of(one, gold, tmp_path / "b")["index-by-year"].table
    )

    def said(changed: pa.Table) -> str:
        pq.write_table(changed, tmp_path / "s" / "1.parquet")
        with pytest.raises(HeadwindsError) as caught:
            index_of(tmp_path / "s", gold, tmp_path / "out")
        assert "\n" not in str(caught.value)
        return str(caught.value)

    second = table.slice(600, 600)
    assert "values of passage_id that stand there before: 600" in said(table.slice(0, 600))
    place = second.column_names.index("probability_divide")
    too_much = pa.array([2.0] * 600)
    assert "row 601: probability_divide = 2.0" in said(
        second.set_column(place, "probability_divide", too_much)
    )
    missing = pa.array([None] * 600, pa.float64())
    assert "rows in which probability_divide is missing: 600" in said(
        second.set_column(place, "probability_divide", missing)
    )
    assert "gold passages are not in the corpus" in said(second.slice(0, 5))
    place, names = second.column_names.index("country"), second["country"].to_pylist()
    for hole in (None, " "):  # a cell called "None" was measured of them
        holed = second.set_column(place, "country", pa.array([*names[:9], hole, hole, *names[11:]]))
        assert "row 610: country is empty; such rows: 2" in said(holed)


def test_a_passage_without_its_document_is_refused_in_parts_too(scored, tmp_path):
    one, _, gold = scored
    table = pq.read_table(one)
    (tmp_path / "s").mkdir()
    documents = pa.array([None if row < 4 else f"d{row // 5}" for row in range(len(table))])
    pq.write_table(table.append_column("speech", documents), tmp_path / "s" / "0.parquet")
    with pytest.raises(DataError, match="row 1: speech is empty; such rows: 4"):
        measure_file(ScoresFile(path=tmp_path / "s", document_id="speech"), gold, tmp_path / "out")
