"""A user's mistake: one clear line, exit code 2, nothing written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from headwinds.cli.main import main
from headwinds.study.example import SHORT
from headwinds.study.example_data import example_files

PANEL = (
    "isocode,year,rgdpna,rkna,rtfpna,emp,avh,hc,labsh\nGBR,2018,1,1,1,1,1,1,0.6\nGBR,2019,1,1,1,1,1,1,0.6\n"
)
LONG_PANEL = PANEL.splitlines(keepends=True)[0] + "".join(
    f"GBR,{year},1,1,1,1,1,1,0.6\n" for year in range(1990, 2020)
)
EXPLAIN = """
[explain]
panel = "panel.csv"
entity_key = "country"
period_key = "year"
"""
Change = Callable[[Path], None]


def edit(name: str, old: str, new: str, *, times: int = 1) -> Change:
    """Replace text in a file of the study; the text must be there."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, (name, old)
        (folder / name).write_text(text.replace(old, new, times), encoding="utf-8")

    return change


def add(name: str, line: str) -> Change:
    def change(folder: Path) -> None:
        with open(folder / name, "a", encoding="utf-8") as file:
            file.write(line)

    return change


def remove(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def encode(name: str, encoding: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_bytes(text.replace(old, new, 1).encode(encoding))

    return change


def gold(number: int, **changes: object) -> Change:
    """Change one line of gold, counted from 1."""

    def change(folder: Path) -> None:
        lines = (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines()
        lines[number - 1] = json.dumps(json.loads(lines[number - 1]) | changes)
        (folder / "gold.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    return change


def with_panel(panel: str) -> Change:
    def change(folder: Path) -> None:
        edit("documents.csv", "document_id,year", "country,year")(folder)
        edit("study.toml", 'document_id = "document_id"', 'document_id = ""')(folder)
        edit("study.toml", 'keys = ["year"]', 'keys = ["country", "year"]')(folder)
        edit("study.toml", 'by = [[], ["year"]]', 'by = [[], ["year"], ["country", "year"]]')(folder)
        add("study.toml", EXPLAIN)(folder)
        if panel:
            (folder / "panel.csv").write_text(panel)

    return change


def with_adoption(row: str) -> Change:
    """A panel, and adoption beside it whose second row is this one."""

    def change(folder: Path) -> None:
        with_panel(LONG_PANEL)(folder)
        add("study.toml", 'graph = "essay"\nadoption = "users.csv"\n')(folder)
        rows = f"indicator,geo,time,value\ninternet_users,gbr,1990,0.1\n{row}\n"
        (folder / "users.csv").write_text(rows, encoding="utf-8")

    return change


BAD: dict[str, tuple[Change, tuple[str, ...]]] = {
    # Missing file or column.
    "no study file": (remove("study.toml"), ("There is no study file", "headwinds init")),
    "no documents": (
        remove("documents.csv"),
        ("corpus.path = 'documents.csv' names no file", "Paths start at"),
    ),
    "documents of a near name": (
        edit("study.toml", "documents.csv", "document.csv"),
        ("names no file", "Did you mean 'documents.csv'?"),
    ),
    "a folder of documents": (
        edit("study.toml", '"documents.csv"', '"."'),
        ("corpus.path = '.' names a folder", "expected a file"),
    ),
    "no codebook": (remove("codebook.md"), ("codebook.path = 'codebook.md' names no file",)),
    "no gold": (remove("gold.jsonl"), ("gold.path = 'gold.jsonl' names no file",)),
    "no such column": (
        edit("documents.csv", "text", "txt"),
        (
            "documents.csv has no column 'text'",
            "it has passage_id, document_id, year, txt",
            "Did you mean 'txt'?",
        ),
    ),
    "no such key": (
        edit("study.toml", 'keys = ["year"]', 'keys = ["yaer"]'),
        ("by in [measure] names 'year'", "'yaer'?"),
    ),
    # Wrong encoding: which and where.
    "Latin-1 for UTF-8": (
        encode("documents.csv", "latin-1", "mankind", "mankind, à la française"),
        (
            "documents.csv, line ",
            "byte ",
            "(0xe0) is not utf-8. It looks like cp1252.",
            'Set encoding = "cp1252"',
        ),
    ),
    "UTF-16 for UTF-8": (
        encode("documents.csv", "utf-16", "mankind", "mankind"),
        ("documents.csv, line 1: the file begins with the mark of UTF-16", 'Set encoding = "utf-16"'),
    ),
    "no such encoding": (
        edit("study.toml", 'text = "text"', 'text = "text"\nencoding = "utf8000"'),
        ("encoding = 'utf8000' is not an encoding",),
    ),
    # Rows.
    "a ragged row": (
        add("documents.csv", "p900,speech-99,2020\n"),
        (
            "documents.csv: 1 of 181 rows cannot be read: line 182: 3 fields, expected 4.",
            'on_bad_rows = "refuse"',
        ),
    ),
    "an empty text": (add("documents.csv", 'p900,speech-99,2020,"  "\n'), ("line 182: text is empty",)),
    "ids that stand there already": (
        add("documents.csv", "".join(f"p00{number},speech-99,2020,again\n" for number in range(5))),
        (
            "line 182: passage_id 'p000' stands",
            "line 183: passage_id 'p001'",
            "line 184: passage_id 'p002'",
            "and 2 more",
        ),
    ),
    # Gold.
    "a label that is not in the codebook": (
        gold(7, labels=["grwth"]),
        (
            "gold.jsonl, line 7: label 'grwth' is not in the codebook. Did you mean 'growth'?",
            "It has growth, divide",
        ),
    ),
    "gold that is not in the corpus": (
        gold(7, passage_id="q1"),
        ("1 of 120 gold passages are not in the corpus, first q1", "must come from the same documents"),
    ),
    "an inclusion probability of nought": (
        gold(7, inclusion_probability=0),
        ("gold.jsonl, line 7: inclusion_probability = 0, expected a number above 0 and at most 1",),
    ),
    "an inclusion probability above one": (
        gold(7, inclusion_probability=1.5),
        ("line 7: inclusion_probability = 1.5",),
    ),
    "gold twice": (gold(7, passage_id="p000"), ("line 7: passage_id 'p000' stands already in line 1",)),
    "gold cut off": (add("gold.jsonl", '{"passage_id": '), ("gold.jsonl, line 121: not valid JSON",)),
    # The study file.
    "an unknown key": (
        edit("study.toml", "epochs = 8", "epoch = 8"),
        ("study.toml, line 29: unknown key 'epoch' in [tune]. Did you mean 'epochs'?", "Known keys: "),
    ),
    "an unknown section": (
        edit("study.toml", "[tune]", "[tunes]"),
        ("unknown key 'tunes' in the study file. Did you mean 'tune'?",),
    ),
    "a wrong type": (
        edit("study.toml", "epochs = 8", 'epochs = "8"'),
        ("study.toml, line 29: epochs in [tune] is str '8', expected a whole number",),
    ),
    "an impossible value": (
        edit("study.toml", "folds = 5", "folds = 1"),
        ("line 30: [tune] folds = 1", "expected 2 or more"),
    ),
    "no TOML": (edit("study.toml", "[gold]", "[gold"), ("study.toml is not valid TOML", "line 24")),
    "an unknown estimator": (
        add("study.toml", '\nestimator = "magic"\n'),
        (
            "[measure] estimator = 'magic'",
            "expected one of auto, adjusted-count, bayesian, classify-and-count",
        ),
    ),
    "an unknown indicator": (
        edit("study.toml", '["year"]]', '["years"]]'),
        ("names 'years'", "Did you mean 'year'?"),
    ),
    "a group of no key": (
        add("study.toml", '\n[[group]]\nname = "bloc"\nkey = "country"\n'),
        ("[[group]] 'bloc' is made from 'country', which is none of the corpus's keys (year)",),
    ),
    # The panel.
    "no panel": (with_panel(""), ("explain.panel = 'panel.csv' names no file",)),
    "a span beyond the panel": (
        with_panel(PANEL),
        ("before in [explain] is 1995-2004, and the panel runs from 2018 to 2019", "Choose years"),
    ),
    "no adoption file": (
        lambda folder: (
            with_panel(LONG_PANEL)(folder),
            add("study.toml", 'graph = "essay"\nadoption = "users.csv"\n')(folder),
        ),
        ("explain.adoption = 'users.csv' names no file",),
    ),
    "adoption that is no number": (
        with_adoption("internet_users,fra,1990,much"),
        ("users.csv, line 3, column 'value': 'much' is not a number",),
    ),
    "adoption of no country": (
        with_adoption("internet_users, ,1990,0.2"),
        ("users.csv, line 3, column 'geo': the entity is empty", "Name it, or leave the row out."),
    ),
    "a graph with a lag that is none": (
        lambda folder: (
            with_panel(LONG_PANEL)(folder),
            add("study.toml", 'graph = "graph.toml"\n')(folder),
            (folder / "graph.toml").write_text(
                '[[node]]\nname = "a"\ntitle = "A"\n[[node]]\nname = "b"\ntitle = "B"\n'
                '[[edge]]\nsource = "a"\ntarget = "b"\nlag = -1\nevidence = "assumed"\n'
            ),
        ),
        ("graph.toml: edge a -> b: lag is -1",),
    ),
    "no graph": (
        lambda folder: (with_panel(LONG_PANEL)(folder), add("study.toml", 'graph = "graf.toml"\n')(folder)),
        ("explain.graph = 'graf.toml' names no file",),
    ),
    "a period that is no year": (
        with_panel(PANEL.replace("2019", "MMXIX")),
        ("panel.csv, line 3, column 'year': 'MMXIX' is no year", "four-digit years"),
    ),
    "a panel without a column": (
        with_panel(PANEL.replace("rtfpna", "tfp")),
        ("panel.csv: no column 'rtfpna'",),
    ),
    "a panel with a number that is none": (
        with_panel(PANEL.replace("0.6\n", "lots\n", 1)),
        ("panel.csv, line 2", "'lots'"),
    ),
    "a regression without its index": (
        lambda folder: (with_panel(PANEL)(folder), edit("study.toml", ', ["country", "year"]]', "]")(folder)),
        ("[explain] needs the index by country and year", "under [measure]"),
    ),
    "an unknown outcome": (
        lambda folder: (with_panel(PANEL)(folder), add("study.toml", 'outcome = "happiness"\n')(folder)),
        ("[explain] outcome = 'happiness'", "the series whose growth is taken, rtfpna or rgdpna"),
    ),
    "an outcome by its old name": (
        lambda folder: (with_panel(PANEL)(folder), add("study.toml", 'outcome = "tfp_growth"\n')(folder)),
        ("[explain] outcome = 'tfp_growth'", "the series whose growth is taken, rtfpna or rgdpna"),
    ),
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    for name, content in (example_files() | {"study.toml": SHORT}).items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def refused(arguments: list[str], folder: Path, capsys, monkeypatch, *, code: int = 2) -> str:
    """The one line; and that nothing was written, neither where the user stands nor where the study is."""
    monkeypatch.chdir(folder)
    before = everything(folder)
    assert main(arguments) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.endswith("\n")
    lines = shown.err.splitlines()
    assert len(lines) == 1, shown.err
    assert lines[0].startswith(f"headwinds {arguments[0]}: ")
    assert "Traceback" not in lines[0]
    assert everything(folder) == before
    return lines[0]


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_told_in_one_line_and_leaves_no_trace(name, study, capsys, monkeypatch):
    change, words = BAD[name]
    change(study)
    line = refused(["run", "study/study.toml"], study.parent, capsys, monkeypatch)
    for part in words:
        assert part in line, line
    assert line.rstrip()[-1] in ".?!`", line


@pytest.mark.parametrize("verb", ["check", "tune", "score", "measure", "explain", "report"])
def test_every_verb_refuses_alike(verb, study, capsys, monkeypatch):
    remove("documents.csv")(study)
    assert "names no file" in refused([verb, "study/study.toml"], study.parent, capsys, monkeypatch)


SETTINGS = {
    "tune.epochs": ("is not SECTION.KEY=VALUE", "--set tune.epochs=3"),
    "epochs=3": ("is not SECTION.KEY=VALUE",),
    "tun.epochs=3": ("unknown section 'tun'. Did you mean 'tune'?",),
    "tune.epoch=3": ("unknown key 'epoch' in [tune]. Did you mean 'epochs'?",),
    "tune.epochs=three": ("epochs in [tune] is str 'three', expected a whole number",),
    "tune.learning_rate=NaN": ("learning_rate",),
    "tune.seed=3": ("the seed of a study is set once",),
    "corpus.path=nowhere.csv": ("corpus.path = 'nowhere.csv' names no file",),
    'corpus.path="a\\u0000b"': ("corpus.path = 'a\\x00b' is no path", "Name a file"),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_on_the_command_line_is_refused_in_the_same_words(setting, study, capsys, monkeypatch):
    line = refused(["check", "study/study.toml", "--set", setting], study.parent, capsys, monkeypatch)
    for part in SETTINGS[setting]:
        assert part in line, line


def test_own_files_are_named_together_or_not_at_all(study, capsys, monkeypatch):
    for arguments in (
        [],
        ["--corpus", "study/documents.csv"],
        ["study/study.toml", "--gold", "study/gold.jsonl"],
    ):
        line = refused(["check", *arguments], study.parent, capsys, monkeypatch)
        assert "Name a study file, or --corpus, --gold and --codebook together" in line


def test_own_files_are_checked_as_a_study_is(study, capsys, monkeypatch):
    files = [
        f"--{name}=study/{file}"
        for name, file in (("corpus", "documents.csv"), ("gold", "gold.jsonl"), ("codebook", "codebook.md"))
    ]
    add("documents.csv", "p900,speech-99\n")(study)
    assert "line 182: 2 fields, expected 4" in refused(["check", *files], study.parent, capsys, monkeypatch)
    assert main(["check", *files, "--quiet", "--set", "corpus.on_bad_rows=refuse", "--output", "done"]) == 0
    assert "W105 Rows that were refused: 1 of 181 (once: 2 fields, expected 4)" in capsys.readouterr().out


def test_a_report_in_no_known_language_is_refused_before_any_work(study, capsys, monkeypatch):
    line = refused(
        ["run", "study/study.toml", "--set", "study.language=tlh"], study.parent, capsys, monkeypatch
    )
    assert "language 'tlh'" in line


def test_gold_of_an_unknown_design_is_refused_before_the_tuning_unless_nothing_is_measured(
    study, capsys, monkeypatch
):
    lines = [json.loads(line) for line in (study / "gold.jsonl").read_text().splitlines()]
    for line in lines:
        del line["inclusion_probability"]
    (study / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.chdir(study.parent)
    assert main(["check", "study/study.toml", "--quiet"]) == 0
    assert "W112" in capsys.readouterr().out
    line = refused(["measure", "study/study.toml", "--quiet"], study.parent, capsys, monkeypatch)
    assert "gold.jsonl gives no inclusion_probability" in line
    assert "`headwinds score` needs none" in line


def test_ctrl_c_is_no_traceback(study, capsys, monkeypatch):
    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headwinds.corpus.reading.read_corpus", pressed)
    line = refused(["check", "study/study.toml"], study.parent, capsys, monkeypatch, code=130)
    assert "stopped; what was done is kept. Run the same command again to go on" in line


@pytest.mark.parametrize("name", ["x" * 5000, "study", "study/documents.csv"])
def test_what_is_no_study_file_is_told(name, study, capsys, monkeypatch):
    refused(["check", name], study.parent, capsys, monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chekc"], "headwinds: there is no verb 'chekc'. Did you mean 'check'? See headwinds --help."),
        (["breaks"], "there is no verb 'breaks'. Did you mean 'explain breaks'? See headwinds --help."),
        (["convergance", "--first", "1990"], "Did you mean 'explain convergence'?"),
        (["xyz"], "there is no verb 'xyz'; there are doctor, init, "),
        (
            ["explain", "brekas", "--series", "y"],
            "no study file and no analysis 'brekas'. Did you mean 'breaks'?",
        ),
        (["labels", "pln"], "invalid choice: 'pln' (choose from plan). Did you mean 'plan'?"),
        (["models", "prmote"], "Did you mean 'promote'?"),
        (["explain", "convergence", "--test", "beeta"], "Did you mean 'beta'?"),
        (["check", "--sett", "tune.epochs=3", "--colour"], "unrecognized arguments: --sett --colour"),
        (["predict", "--set", "a=1"], "headwinds predict: "),
        (["check", "--colour"], "See headwinds check --help"),
        (["check", "--wait", "long"], "argument --wait: invalid float value: 'long'"),
    ],
)
def test_wrong_arguments_are_one_line_too(arguments, words, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert len(shown.splitlines()) == 1


def test_countries_that_the_panel_does_not_know_are_told_before_the_tuning(study, capsys, monkeypatch):
    with_panel(LONG_PANEL)(study)
    monkeypatch.chdir(study.parent)
    assert main(["run", "study/study.toml", "--quiet", "--output", "out"]) == 2
    said = capsys.readouterr().err
    assert "documents.csv: the panel has no country of the corpus (speech-" in said
    assert "it has GBR to GBR" in said
    assert not (study.parent / "out" / "tune").exists()


def test_dates_in_the_place_of_years_are_told_before_the_tuning(study, capsys, monkeypatch):
    with_panel(LONG_PANEL)(study)
    documents = (study / "documents.csv").read_text(encoding="utf-8")
    documents = re.sub(r",(20\d\d),", r",\1-05-17,", re.sub(r",speech-\d+,", ",GBR,", documents))
    (study / "documents.csv").write_text(documents, encoding="utf-8")
    monkeypatch.chdir(study.parent)
    assert main(["run", "study/study.toml", "--quiet", "--output", "out"]) == 2
    assert "documents.csv: year = '2018-05-17' is no year" in capsys.readouterr().err
    assert not (study.parent / "out" / "tune").exists()


def test_init_never_replaces_a_study(study, capsys, monkeypatch):
    assert "study/study.toml exists already" in refused(["init", "study"], study.parent, capsys, monkeypatch)


def test_bad_input_leaves_a_finished_check_as_it_was(study, capsys, monkeypatch):
    monkeypatch.chdir(study.parent)
    assert main(["check", "study/study.toml", "--quiet"]) == 0
    capsys.readouterr()
    gold(7, inclusion_probability=7)(study)
    refused(["check", "study/study.toml"], study.parent, capsys, monkeypatch)
