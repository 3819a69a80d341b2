"""Models that are asked by prompts: what a masked model or a decoder has learnt of words answers for labels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adapt.fresh_process import predicted_again
from adapt.speakers import CLASSES, CODEBOOK, make_decoder, make_entailment, make_masked, write_rows
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.predicting import predict_file
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import CheckpointError, DataError, SettingsError

WORDS = "; ".join(f"{label}={word}" for label, (word, _) in CLASSES.items())


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_masked(tmp_path_factory.mktemp("masked"))


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_decoder(tmp_path_factory.mktemp("decoder"))


@pytest.fixture
def files(tmp_path: Path) -> LabelledFiles:
    codebook = tmp_path / "codebook.md"
    codebook.write_text(CODEBOOK)
    train = write_rows(tmp_path / "train.jsonl", 24, seed=1)
    return LabelledFiles(train, test=write_rows(tmp_path / "test.jsonl", 60, seed=2), codebook=codebook)


def tuned(files: LabelledFiles, output: Path, checkpoint: Path, **changes: object):
    settings = TuneSettings(checkpoint=str(checkpoint), **{"method": "cloze", "epochs": 4, **changes})
    return tune_files(files, settings, output, quiet=True)


def accuracy(found) -> float:
    return found.evaluation.metrics["accuracy"].value


def test_a_gap_is_answered_without_any_label(masked, files, tmp_path):
    """The model saw each class's word beside its texts; with the words of the classes mixed up it must be wrong."""
    found = tuned(files, tmp_path / "out", masked, learn_from_labels=False, verbaliser=WORDS)
    assert accuracy(found) > 0.9
    assert "It holds texts" not in (tmp_path / "out" / "evaluation" / "card.md").read_text(encoding="utf-8")
    names, words = list(CLASSES), [word for word, _ in CLASSES.values()]
    turned = "; ".join(f"{name}={word}" for name, word in zip(names, words[1:] + words[:1], strict=True))
    mixed = tuned(files, tmp_path / "mixed", masked, learn_from_labels=False, verbaliser=turned)
    assert accuracy(mixed) < 0.2


def test_words_are_found_on_the_training_examples(masked, files, tmp_path):
    found = tuned(files, tmp_path / "out", masked, verbaliser="search")
    words = load_model(found.folder).facts.decoder["prompt"]["words"]
    assert {name: own[0] for name, own in words.items()} == {n: word for n, (word, _) in CLASSES.items()}
    assert accuracy(found) > 0.9


def test_a_label_with_many_examples_finds_the_words_that_it_finds_with_few(masked, files, tmp_path):
    lines = files.train.read_text().splitlines()
    first = [line for line in lines if json.loads(line)["label"] == min(CLASSES)]
    more = [json.dumps({**json.loads(line), "id": f"again-{n}"}) for n, line in enumerate(first * 5)]
    lopsided = tmp_path / "lopsided.jsonl"
    lopsided.write_text("\n".join([*lines, *more]) + "\n")
    found = tuned(
        replace(files, train=lopsided, validation=files.train),
        tmp_path / "out",
        masked,
        verbaliser="search",
        epochs=1,
    )
    words = load_model(found.folder).facts.decoder["prompt"]["words"]
    assert {name: own[0] for name, own in words.items()} == {n: word for n, (word, _) in CLASSES.items()}


def test_a_decoder_fills_gaps_too(decoder, files, tmp_path):
    found = tuned(files, tmp_path / "out", decoder, learn_from_labels=False, verbaliser=WORDS)
    assert accuracy(found) > 0.9


def test_words_may_stand_in_the_codebook(masked, files, tmp_path):
    lines = [f"| {label} | about {label} | | {word} |" for label, (word, _) in CLASSES.items()]
    codebook = tmp_path / "words.md"
    codebook.write_text(
        "| label | when | not | words |\n| --- | --- | --- | --- |\n" + "\n".join(lines) + "\n"
    )
    found = tuned(replace(files, codebook=codebook), tmp_path / "out", masked, learn_from_labels=False)
    assert accuracy(found) > 0.9


@pytest.mark.parametrize("learns", [True, False])
def test_a_cloze_model_predicts_the_same_in_a_fresh_process(learns, masked, files, tmp_path):
    found = tuned(files, tmp_path / "out", masked, learn_from_labels=learns, verbaliser=WORDS, epochs=1)
    here = tmp_path / "here.jsonl"
    predict_file(found.folder, files.test, here)
    assert predicted_again(found.folder, files.test, tmp_path / "there.jsonl") == here.read_bytes()


def test_the_pattern_alone_has_no_favourite_after_calibration(masked, files, tmp_path):
    from headwinds.adapt.methods.cloze import CONTENT_FREE

    spreads = []
    for wanted in (True, False):
        found = tuned(
            files,
            tmp_path / str(wanted),
            masked,
            learn_from_labels=False,
            verbaliser=WORDS,
            calibrate_content_free=wanted,
        )
        empty = tmp_path / "empty.jsonl"
        empty.write_text("".join(json.dumps({"text": text}) + "\n" for text in CONTENT_FREE))
        predict_file(found.folder, empty, tmp_path / "said.jsonl")
        said = [
            json.loads(line)["probabilities"] for line in (tmp_path / "said.jsonl").read_text().splitlines()
        ]
        spreads.append(float(np.ptp(np.mean(said, axis=0))))
    assert spreads[0] < spreads[1] / 2


def test_a_long_text_is_read_whole_in_several_windows(masked, files, tmp_path):
    """What tells its class stands at the end, far behind the first window."""
    found = tuned(files, tmp_path / "out", masked, learn_from_labels=False, verbaliser=WORDS)
    model = load_model(found.folder)
    for label, (_, sentences) in CLASSES.items():
        long = tmp_path / "long.jsonl"
        text = "so it is . " * 12 + f"{sentences[0]} . " * 30
        long.write_text(json.dumps({"text": text}) + "\n")
        predict_file(found.folder, long, tmp_path / "said.jsonl")
        said = json.loads((tmp_path / "said.jsonl").read_text())
        assert (said["label"], said["read_share"]) == (label, 1.0)
    rows = model.task.read([_row(text)], labelled=False)
    encoded = model.task.encode(rows, model.tokenizer, max_tokens=model.facts.max_tokens)
    assert len(encoded.windows) > 2
    assert all(int(own.sum()) == 1 for own in encoded.learnt)
    gaps = [window[own.argmax()] for window, own in zip(encoded.windows, encoded.learnt, strict=True)]
    assert set(gaps) == {model.tokenizer.mask_token_id}


def _row(text: str):
    from headwinds.adapt.tasks.contract import Row

    return Row("here", {"text": text})


def test_what_cannot_be_asked_is_refused_in_one_line(masked, files, tmp_path):
    with pytest.raises(CheckpointError, match="no layer that fills a gap"):
        tuned(files, tmp_path / "a", Path("default"), verbaliser=WORDS)
    for changes, problem in (
        ({"pattern": "It is {mask}."}, "holds {text} 0 times"),
        ({"verbaliser": "sea=boat"}, "no word for label"),
        ({"verbaliser": WORDS.replace("boat", "unimaginably")}, "tokens of this checkpoint"),
        ({"verbaliser": WORDS + "; hill=peak"}, "there is no label 'hill'"),
    ):
        with pytest.raises((SettingsError, DataError), match=problem):
            tuned(files, tmp_path / "b", masked, **{"verbaliser": WORDS, **changes})


@pytest.mark.parametrize("method", ["cloze", "in-context"])
def test_prompts_are_for_labels_of_whole_texts(method):
    from headwinds.adapt.methods.registry import get_method

    with pytest.raises(SettingsError, match="cannot be used with named-entity-recognition"):
        get_method(method).settings(TuneSettings(task="named-entity-recognition", method=method), 2)


@pytest.mark.parametrize("retrieval", ["encoder", "tf-idf"])
def test_examples_in_the_prompt_carry_the_label(retrieval, decoder, files, tmp_path):
    """Labels that the model never saw: it can only go on as the examples before the text do."""
    found = tuned(
        files, tmp_path / "out", decoder, method="in-context", retrieval=retrieval, demonstrations=2
    )
    here = tmp_path / "here.jsonl"
    predict_file(found.folder, files.test, here)
    assert predicted_again(found.folder, files.test, tmp_path / "there.jsonl") == here.read_bytes()
    said = [json.loads(line) for line in here.read_text().splitlines()]
    assert {one["label"] for one in said} <= set(CLASSES)
    assert all(0 <= one["demonstrations"] <= 2 for one in said)
    assert accuracy(found) > 0.6


def test_examples_that_do_not_fit_are_left_out_and_told(decoder, files, tmp_path):
    found = tuned(files, tmp_path / "out", decoder, method="in-context", demonstrations=3)
    model = load_model(found.folder)
    lengths = [10, 25, 38]
    used = []
    for length in lengths:
        rows = model.task.read([_row("so " * length)], labelled=False)
        encoded = model.task.encode(rows, model.tokenizer, max_tokens=64)
        assert max(map(len, encoded.windows)) <= 64
        assert all(
            model.tokenizer.decode(window).count("so") >= length for window in encoded.windows[: len(CLASSES)]
        )
        used.append(int(encoded.marks[0, 0]))
    assert used == sorted(used, reverse=True)
    assert used[0] > used[-1]
    with pytest.raises(DataError, match="never cut"):
        model.task.encode(model.task.read([_row("so " * 80)], labelled=False), model.tokenizer, max_tokens=64)


def test_a_label_is_scored_by_the_mean_log_probability_of_its_words(decoder, files, tmp_path):
    import torch

    from headwinds.adapt.prediction import make_predictor, predict_outputs

    found = tuned(files, tmp_path / "out", decoder, method="in-context", calibrate_content_free=False)
    model = load_model(found.folder)
    encoded = model.task.encode(
        model.task.read([_row("the waves and the harbour")], labelled=False), model.tokenizer, max_tokens=128
    )
    predictor = make_predictor(model.network, model.tokenizer, max_tokens=128, precision="float32")
    ours = predict_outputs(predictor, encoded)[0]
    for place, (window, own) in enumerate(zip(encoded.windows, encoded.learnt, strict=True)):
        ids = torch.from_numpy(window.astype(np.int64))[None]
        with torch.no_grad():
            logs = torch.log_softmax(model.network.encoder(input_ids=ids).logits[0], dim=-1)
        at = np.flatnonzero(own)
        assert ours[place] == pytest.approx(np.mean([float(logs[n - 1, ids[0, n]]) for n in at]), abs=1e-4)


@pytest.mark.parametrize("several", [False, True])
def test_zero_shot_by_entailment(several, files, tmp_path):
    """The probabilities are those that the classifier itself gives a text beside each description."""
    import torch

    checkpoint = make_entailment(tmp_path / "entailment")
    test = files.test
    if several:
        rows = [json.loads(line) for line in test.read_text().splitlines()]
        test = tmp_path / "several.jsonl"
        test.write_text("".join(json.dumps({"text": r["text"], "labels": [r["label"]]}) + "\n" for r in rows))
    found = tuned(replace(files, test=test), tmp_path / "out", checkpoint, method="zero-shot")
    here = tmp_path / "here.jsonl"
    predict_file(found.folder, test, here)
    assert predicted_again(found.folder, test, tmp_path / "there.jsonl") == here.read_bytes()
    model = load_model(found.folder)
    texts = [json.loads(line)["text"] for line in test.read_text().splitlines()]
    said = [json.loads(line)["probabilities"] for line in here.read_text().splitlines()]
    described = ["ships and water", "plants and ground", "people and traffic"]
    for text, ours in zip(texts[:10], said, strict=False):
        odds = []
        for one in described:
            pair = model.tokenizer(text, f"This text is about {one}.", return_tensors="pt")
            with torch.no_grad():
                share = torch.softmax(model.network.encoder(**pair).logits[0], dim=0)[2]
            odds.append(torch.logit(share))
        wanted = torch.sigmoid(torch.stack(odds)) if several else torch.softmax(torch.stack(odds), dim=0)
        assert ours == pytest.approx(wanted.tolist(), abs=0.01)
