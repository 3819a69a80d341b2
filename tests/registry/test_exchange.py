"""Versions leave for programs that do not know us, and come from them, with the same results on either side."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from adapt.test_every_task import EXAMPLES, FILES
from adapt.tiny import make_checkpoint, make_classifier
from headwinds import predict_file, tune
from headwinds.adapt.fitted_model import load_model
from headwinds.cli.main import main
from headwinds.doors.registering import (
    add_model,
    export_to_mlflow,
    export_to_transformers,
    import_model,
    open_registry,
)
from headwinds.errors import CheckpointError, MismatchError, SettingsError
from headwinds.registry.card import card_lines
from registry.fitted import TASK

TEXTS = [
    "technology raises growth",
    "We thank the president. Poor regions lack networks, and access stays unequal.",
    "hackers steal information. " * 40,  # several windows
]


WITHOUT_HEADWINDS = """
import json, os, sys
sys.modules["headwinds"] = None
for line in sys.stdin:
    folder, code, ends = json.loads(line)
    os.chdir(folder)
    names = {}
    exec(code, names)
    print(json.dumps(eval(ends, names)), flush=True)
"""
ALONE = []


@pytest.fixture(scope="module", autouse=True)
def alone():
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_HEADWINDS]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        ALONE.append(process)
        yield
        ALONE.clear()
        process.stdin.close()


@pytest.fixture
def registry(tmp_path):
    """In a file: what goes out and in does not depend on where the index is."""
    opened = open_registry(tmp_path / "registry")
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """Weights so large that its answers differ."""
    labels = ("against", "in favour", "neither")
    return make_classifier(tmp_path_factory.mktemp("classifier"), labels, seed=3, initializer_range=0.5)


def small(task, checkpoint, output, **more):
    train = EXAMPLES / FILES[task][0]
    return tune(
        task=task, train=train, output=output, checkpoint=str(checkpoint), epochs=1, quiet=True, **more
    ).folder


def code_of(folder):
    return re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]


def run_alone(folder, ends):
    """What the README's code gives in a process that has no Headwinds; the README names all that the code imports."""
    said = (folder / "README.md").read_text(encoding="utf-8").partition("```python")[0]
    imported = set(re.findall(r"^(?:import|from) (\w+)", code_of(folder), re.MULTILINE)) - {"json"}
    assert imported <= set(re.findall(r"`(\w+)`", said))
    process = ALONE[0]
    process.stdin.write(json.dumps([str(folder), code_of(folder), ends]) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def predicted(model, tmp_path, rows):
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    predict_file(model, tmp_path / "rows.jsonl", tmp_path / "predicted.jsonl")
    return [json.loads(line) for line in (tmp_path / "predicted.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("pooling", "method", "column"),
    [("smooth-maximum", "full", "label"), ("mean", "lora", "label"), ("normalised-mean", "full", "labels")],
)
def test_the_code_of_the_folder_gives_the_same_probabilities_without_headwinds(
    registry, checkpoint, tmp_path, pooling, method, column
):
    rows = [{"text": text, column: label} for text, label in zip(TEXTS * 6, "abc" * 6, strict=True)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = tune(
        task=TASK,
        train=tmp_path / "train.jsonl",
        output=tmp_path / "out",
        checkpoint=str(checkpoint),
        quiet=True,
        epochs=2,
        precision="float32",
        scoring_precision="float32",
        pooling=pooling,
        method=method,
    ).folder
    add_model(registry, "speeches", model)
    export_to_transformers(registry, "speeches", tmp_path / "plain", version="latest")
    theirs = run_alone(tmp_path / "plain", f"[probabilities(text) for text in {TEXTS!r}]")
    ours = predicted(model, tmp_path, [{"text": text} for text in TEXTS])
    assert [list(one) for one in theirs] == [["a", "b", "c"]] * len(TEXTS)
    given, expected = [list(one.values()) for one in theirs], [one["probabilities"] for one in ours]
    assert np.abs(np.array(given) - np.array(expected)).max() < 1e-5
    assert not {path.suffix for path in (tmp_path / "plain").iterdir()} & {".bin", ".pt", ".pkl"}


@pytest.mark.parametrize("column", ["label", "labels"])
def test_rising_maps_of_the_calibration_are_in_the_code_too(
    registry, checkpoint, tmp_path, column, monkeypatch
):
    monkeypatch.setattr("headwinds.adapt.evaluation.isotonic.FEWEST", 2)
    rows = [{"text": text, column: label} for text, label in zip(TEXTS * 6, "abc" * 6, strict=True)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = tune(
        task=TASK, train=tmp_path / "train.jsonl", output=tmp_path / "out", checkpoint=str(checkpoint), quiet=True,
        epochs=2, precision="float32", scoring_precision="float32", calibration="isotonic", validation_share=0.5,
    ).folder  # fmt: skip
    assert any(load_model(model).facts.decoder["isotonic"])
    add_model(registry, "speeches", model)
    export_to_transformers(registry, "speeches", tmp_path / "plain", version="latest")
    theirs = run_alone(tmp_path / "plain", f"[list(probabilities(text).values()) for text in {TEXTS!r}]")
    ours = [one["probabilities"] for one in predicted(model, tmp_path, [{"text": text} for text in TEXTS])]
    # A rising map may be steep: what differs in the eighth digit before it may differ in the fifth behind it.
    assert np.abs(np.array(theirs) - np.array(ours)).max() < 1e-4


def test_pairs_are_read_as_pairs(registry, checkpoint, tmp_path):
    rows = [
        {"text": f"growth {number % 3}", "text_b": TEXTS[number % 3], "label": "abc"[number % 3]}
        for number in range(18)
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = tune(
        task=TASK, train=tmp_path / "train.jsonl", output=tmp_path / "out", checkpoint=str(checkpoint), quiet=True,
        epochs=1, precision="float32", scoring_precision="float32",
    ).folder  # fmt: skip
    add_model(registry, "pairs", model)
    export_to_transformers(registry, "pairs", tmp_path / "plain", version="latest")
    asked = [(row["text"], row["text_b"]) for row in rows[:3]]
    theirs = run_alone(tmp_path / "plain", f"[list(probabilities(*pair).values()) for pair in {asked!r}]")
    ours = predicted(model, tmp_path, [{"text": one, "text_b": other} for one, other in asked])
    assert np.abs(np.array(theirs) - np.array([one["probabilities"] for one in ours])).max() < 1e-5


@pytest.mark.parametrize("form", ["scratch:encoder-decoder-tiny", "scratch:decoder-tiny"])
def test_what_a_writer_writes_is_the_same_without_headwinds_also_of_one_that_was_imported(
    registry, tmp_path, form
):
    model = small("text-to-text", form, tmp_path / "out", beams=2, max_new_tokens=6, precision="float32")
    add_model(registry, "writer", model)
    export_to_transformers(registry, "writer", tmp_path / "plain", version="latest")
    texts = ["what is growth", "a b c"]
    ours = predicted(model, tmp_path, [{"text": text} for text in texts])
    assert run_alone(tmp_path / "plain", f"[write(text) for text in {texts!r}]") == [
        one["target"] for one in ours
    ]
    came = import_model(registry, "back", tmp_path / "plain", task="text-to-text")
    assert came.card.method == "imported"
    assert [one.code for one in came.card.findings] == ["W501"]
    assert "it was not tuned here" in card_lines(came.card)[0]
    export_to_transformers(registry, "back", tmp_path / "again", version="latest")
    written = predicted(registry.versions / came.version, tmp_path, [{"text": text} for text in texts])
    assert run_alone(tmp_path / "again", f"[write(text) for text in {texts!r}]") == [
        one["target"] for one in written
    ]


def test_what_is_no_part_of_the_weights_is_refused(registry, checkpoint, tmp_path):
    add_model(registry, "prompted", small(TASK, checkpoint, tmp_path / "out", method="prompt", max_tokens=32))
    with pytest.raises(MismatchError, match="method 'prompt' cannot be written as a transformers folder"):
        export_to_transformers(registry, "prompted", tmp_path / "plain", version="latest")
    assert not (tmp_path / "plain").exists()


def test_other_tasks_go_out_as_an_encoder_with_their_head_and_promise_no_more(registry, checkpoint, tmp_path):
    add_model(registry, "names", small("named-entity-recognition", checkpoint, tmp_path / "out"))
    export_to_transformers(registry, "names", tmp_path / "plain", version="latest")
    assert (tmp_path / "plain" / "head.safetensors").is_file()
    assert "```python" not in (tmp_path / "plain" / "README.md").read_text()


@pytest.mark.parametrize("several", [False, True])
def test_an_imported_classifier_has_the_logits_that_transformers_gives(
    registry, classifier, tmp_path, several
):
    folder = classifier
    if several:
        folder = tmp_path / "several"
        AutoTokenizer.from_pretrained(classifier).save_pretrained(folder)
        model = AutoModelForSequenceClassification.from_pretrained(classifier)
        model.config.problem_type = "multi_label_classification"
        model.save_pretrained(folder)
    came = import_model(registry, "stance", folder, task=TASK, licence="CC0")
    assert came.card.labels == ("against", "in favour", "neither")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    theirs = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = torch.cat([theirs(**tokenizer(text, return_tensors="pt")).logits for text in TEXTS[:2]])
    expected = torch.sigmoid(logits) if several else logits.softmax(1)
    ours = predicted(registry.versions / came.version, tmp_path, [{"text": text} for text in TEXTS])
    assert np.abs(np.array([one["probabilities"] for one in ours[:2]]) - expected.numpy()).max() < 1e-5
    assert np.ptp(expected.numpy()) > 0.1
    export_to_transformers(registry, "stance", tmp_path / "plain", version="latest")
    again = run_alone(tmp_path / "plain", f"[list(probabilities(text).values()) for text in {TEXTS!r}]")
    assert np.abs(np.array(again) - np.array([one["probabilities"] for one in ours])).max() < 1e-5


def test_a_checkpoint_that_asks_for_code_or_has_no_classifier_is_not_imported(
    registry, classifier, checkpoint, tmp_path
):
    with pytest.raises(CheckpointError, match="has no classifier of texts"):
        import_model(registry, "x", checkpoint, task=TASK)
    with pytest.raises(SettingsError, match="layers that are tuned here"):
        import_model(registry, "x", classifier, task="question-answering")
    with pytest.raises(CheckpointError, match="cannot write"):
        import_model(registry, "x", classifier, task="translation")
    evil = tmp_path / "evil"
    AutoTokenizer.from_pretrained(classifier).save_pretrained(evil)
    AutoModelForSequenceClassification.from_pretrained(classifier).save_pretrained(evil)
    config = json.loads((evil / "config.json").read_text())
    (evil / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "a.B"}}))
    with pytest.raises(CheckpointError, match="auto_map"):
        import_model(registry, "x", evil, task=TASK)
    assert not [path for path in registry.folder.iterdir() if path.name.startswith(".importing")]


def test_a_classifier_without_its_last_layer_is_refused_and_none_is_drawn(registry, classifier, tmp_path):
    from safetensors.torch import load_file, save_file

    AutoTokenizer.from_pretrained(classifier).save_pretrained(tmp_path)
    weights = load_file(classifier / "model.safetensors")
    save_file(
        {name: value for name, value in weights.items() if not name.startswith("classifier")},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    (tmp_path / "config.json").write_text((classifier / "config.json").read_text())
    with pytest.raises(CheckpointError, match="lacks weights of its classifier"):
        import_model(registry, "x", tmp_path, task=TASK)


@pytest.mark.slow  # MLflow makes the tables of a new database
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_mlflow_gets_the_files_the_card_and_its_numbers(registry, fitted, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    limits = "not for other texts " * 50
    added = add_model(registry, "speeches", fitted.good, licence="CC0", limits=limits)
    version, run = export_to_mlflow(registry, "speeches", version="latest")
    assert version == added
    client = MlflowClient(tracking_uri=f"sqlite:///{registry.folder / 'tracking' / 'mlflow.db'}")
    kept = client.get_run(run)
    assert kept.info.status == "FINISHED"
    assert (kept.data.params["version"], kept.data.params["licence"]) == (added.version, "CC0")
    assert kept.data.params["limits"].endswith(" ...")  # it stands whole in the card
    value, lower, _ = added.card.metrics["macro_f1"]
    assert kept.data.metrics["macro_f1"] == pytest.approx(value)
    assert kept.data.metrics["macro_f1_lower"] == pytest.approx(lower)
    assert kept.data.metrics["fitting_seconds"] > 0
    (tmp_path / "down").mkdir()
    client.download_artifacts(run, "model", str(tmp_path / "down"))
    client.download_artifacts(run, "card.txt", str(tmp_path / "down"))
    assert limits.strip() in (tmp_path / "down" / "card.txt").read_text(encoding="utf-8")
    predict_file(fitted.good, fitted.test, tmp_path / "a.jsonl")
    predict_file(tmp_path / "down" / "model", fitted.test, tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert not (tmp_path / "mlruns").exists()
    assert not [path for path in (tmp_path / "down").rglob("*") if path.suffix in (".pkl", ".pt", ".bin")]


def test_the_command_line_goes_out_and_in(fitted, classifier, tmp_path, capsys):
    place = ["--registry", str(tmp_path / "models")]
    assert main(["models", "add", "speeches", "--model", str(fitted.good), *place]) == 0
    out = ["--version", "1", "--to", "transformers", "--output", str(tmp_path / "plain")]
    assert main(["models", "export", "speeches", *out, *place]) == 0
    assert main(["models", "import", "stance", "--checkpoint", str(classifier), "--task", TASK, *place]) == 0
    assert main(["models", "show", "stance", *place]) == 0
    said = capsys.readouterr().out
    assert "imported as it was" in said
    assert "not measured" not in said.partition("imported as it was")[2]  # nothing was fitted
    assert main(["models", "import", "stance", "--checkpoint", str(classifier), *place]) == 2
    assert "--task is missing" in capsys.readouterr().err
