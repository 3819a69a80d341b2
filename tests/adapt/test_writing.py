"""What a model writes: alone as in company, of the choices or the grammar alone, by every method, resumed exactly."""

from __future__ import annotations

import json
import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from adapt.fresh_process import predicted_again
from adapt.test_every_task import EXAMPLES, FILES
from adapt.warm_process import run
from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.generators import formed_for, load_generator
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.methods.registry import METHODS, PARAMETER_EFFICIENT, WRITING
from headwinds.adapt.networks.generator import Generator
from headwinds.adapt.predicting import predict_file
from headwinds.adapt.scratch import write_scratch
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.training.batches import collate
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.adapt.watching import Watch
from headwinds.adapt.writing import Writing, likelihoods, write_texts
from headwinds.errors import CheckpointError, DataError, MismatchError, SettingsError

TRAIN, TEST = (EXAMPLES / name for name in FILES["translation"])
GREEDY = Writing(
    beams=1, length_penalty=1.0, temperature=0.0, top_p=1.0, min_new_tokens=4, max_new_tokens=8, seed=0
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny models with random weights of four architectures, and one tokenizer."""
    from transformers import (
        AutoTokenizer,
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
        T5Config,
        T5ForConditionalGeneration,
    )

    root = tmp_path_factory.mktemp("writers")
    lines = [json.loads(line) for line in TRAIN.read_text(encoding="utf-8").splitlines()]
    texts = [text for line in lines for text in line.values()]
    found = {}
    for name in ("encoder-decoder-tiny", "decoder-tiny"):
        found[name] = root / name
        write_scratch(f"scratch:{name}", texts, TuneSettings(vocabulary=400), root / name)
    tokenizer = AutoTokenizer.from_pretrained(str(root / "decoder-tiny"))
    torch.manual_seed(0)
    special = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2, "vocab_size": len(tokenizer)}
    models = {
        "t5": T5ForConditionalGeneration(
            T5Config(
                d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, decoder_start_token_id=0, **special
            )
        ),
        "gpt2": GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=128, **special)),
        "llama": LlamaForCausalLM(
            LlamaConfig(
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                intermediate_size=64,
                max_position_embeddings=128,
                **special,
            )
        ),
    }
    for name, model in models.items():
        found[name] = root / name
        model.save_pretrained(found[name])
        tokenizer.save_pretrained(found[name])
    return found


def tuned(checkpoint: object, output: Path, **changes: object):
    own = {
        "task": "translation",
        "epochs": 1,
        "beams": 2,
        "max_new_tokens": 6,
        "rank": 2,
        "virtual_tokens": 3,
    }
    settings = TuneSettings(**{"checkpoint": str(checkpoint), **own, **changes})
    train, test = (EXAMPLES / name for name in FILES[settings.task])
    return tune_files(LabelledFiles(train, test=test), settings, output, quiet=True)


def loaded(folder: Path, name: str = "translation"):
    source = resolve_checkpoint(str(folder))
    task = formed_for(get_task(name), TuneSettings(), source)
    rows = read_rows(EXAMPLES / FILES[name][1], task)
    examples = task.read(rows, labelled=True)
    network = Generator(load_generator(source))
    tokenizer = load_tokenizer(source)
    return task, examples, network.eval(), tokenizer, source


@pytest.mark.parametrize("name", ["encoder-decoder-tiny", "decoder-tiny", "t5", "gpt2", "llama"])
def test_a_text_is_written_the_same_alone_and_in_company(name, folders):
    """Neither the padding before a prompt nor that after a text is seen."""
    task, examples, network, tokenizer, source = loaded(folders[name])
    encoded = task.encode(task.asked(examples), tokenizer, max_tokens=source.max_tokens)
    assert len({len(window) for window in encoded.windows}) > 1
    together = write_texts(network, tokenizer, encoded, GREEDY)
    for row in range(len(encoded)):
        one = replace(examples, ids=examples.ids[row : row + 1], texts=examples.texts[row : row + 1])
        alone = task.encode(task.asked(one), tokenizer, max_tokens=source.max_tokens)
        assert write_texts(network, tokenizer, alone, GREEDY) == [together[row]]


@pytest.mark.parametrize("name", ["encoder-decoder-tiny", "decoder-tiny", "t5", "gpt2", "llama"])
def test_the_loss_is_that_of_the_library_on_the_target_alone(name, folders):
    task, examples, network, tokenizer, source = loaded(folders[name])
    encoded = task.encode(examples, tokenizer, max_tokens=source.max_tokens)
    found = likelihoods(network, encoded)
    for row in range(len(encoded)):
        window, target = (
            torch.tensor(tokens[row][None]).long() for tokens in (encoded.windows, encoded.written)
        )
        with torch.no_grad():
            if network.decoder_only:
                ids = torch.cat([window, target], dim=1)
                labels = torch.cat([torch.full_like(window, -100), target], dim=1)
                loss = network.encoder(input_ids=ids, labels=labels).loss
            else:
                start = torch.full_like(target[:, :1], network.encoder.config.decoder_start_token_id)
                logits = network.encoder(
                    input_ids=window, decoder_input_ids=torch.cat([start, target[:, :-1]], dim=1)
                ).logits
                loss = torch.nn.functional.cross_entropy(logits[0], target[0])
        assert found[row, 1] == target.shape[1]
        assert -found[row, 0] / found[row, 1] == pytest.approx(float(loss), rel=1e-4)


def test_the_gradient_of_the_smoothed_loss_is_the_closed_form(folders):
    task, examples, network, tokenizer, source = loaded(folders["encoder-decoder-tiny"])
    encoded = task.encode(examples, tokenizer, max_tokens=source.max_tokens)
    batch = collate(encoded, np.arange(4), padding_id=0)
    gradients = []
    for ours in (True, False):
        network.zero_grad()
        if ours:
            loss = task.loss(network(batch), batch, 0.1)
        else:
            logits, wanted = network._encoder_decoder(batch)
            loss = torch.nn.functional.cross_entropy(
                logits[wanted >= 0], wanted[wanted >= 0], label_smoothing=0.1
            )
        loss.backward()
        gradients.append([value.grad.clone() for value in network.parameters() if value.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 10
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", ["encoder-decoder-tiny", "decoder-tiny"])
@pytest.mark.parametrize("method", [method for method in WRITING if method != "full"])
def test_every_method_that_suits_writes_the_same_when_loaded(name, method, folders, tmp_path):
    found = tuned(folders[name], tmp_path / "out", method=method)
    here = tmp_path / "here.jsonl"
    predict_file(found.folder, TEST, here)
    stored = (tmp_path / "out" / "evaluation" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    ours = here.read_text(encoding="utf-8").splitlines()
    keys = ("translation", "tokens", "ended", "read_share")
    for one, other in zip(map(json.loads, ours), map(json.loads, stored), strict=True):
        assert [one[key] for key in keys] == [other[key] for key in keys]
    assert (found.folder / "adapter").is_dir() == (method in (*PARAMETER_EFFICIENT, "adapter"))


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(WRITING)))
def test_a_method_for_encoders_is_refused_in_one_line(method, folders, tmp_path):
    with pytest.raises(SettingsError, match=r"cannot be used with translation|needs a codebook"):
        tuned(folders["t5"], tmp_path / "out", method=method)
    assert not (tmp_path / "out" / "model").exists()


def test_an_encoder_alone_cannot_write(tmp_path):
    with pytest.raises(CheckpointError, match="cannot write"):
        tuned("default", tmp_path / "out")


def test_scratch_is_for_tasks_that_write_and_for_all_weights(tmp_path):
    files = LabelledFiles(EXAMPLES / "intents-train.csv")
    with pytest.raises(SettingsError, match="needs an encoder"):
        tune_files(files, TuneSettings(checkpoint="scratch:decoder-tiny"), tmp_path / "a", quiet=True)
    with pytest.raises(SettingsError, match="learnt nothing yet"):
        tuned("scratch:decoder-tiny", tmp_path / "b", method="lora")
    with pytest.raises(SettingsError, match="Did you mean 'decoder-tiny'"):
        tuned("scratch:decoder-tinny", tmp_path / "c")


def test_a_model_from_scratch_is_the_same_bytes_twice_and_an_ordinary_folder(tmp_path):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    texts = TRAIN.read_text(encoding="utf-8").splitlines()
    for name in ("a", "b"):
        write_scratch("scratch:encoder-decoder-tiny", texts, TuneSettings(vocabulary=400), tmp_path / name)
    for file in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    tokenizer = AutoTokenizer.from_pretrained(str(tmp_path / "a"))
    AutoModelForSeq2SeqLM.from_pretrained(str(tmp_path / "a"))
    for text in ("Größe 5 €", "中文 text", "naïve 😀"):  # bytes: nothing is unknown
        assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True).strip() == text


@pytest.mark.parametrize("name", ["encoder-decoder-tiny", "decoder-tiny"])
def test_only_a_choice_is_written(name, folders, tmp_path):
    found = tuned(folders[name], tmp_path / "out", choices="sehr gut; gut; schlecht", max_new_tokens=20)
    predictions = (tmp_path / "out" / "evaluation" / "predictions.jsonl").read_text(encoding="utf-8")
    given = {json.loads(line)["translation"] for line in predictions.splitlines()}
    assert given <= {"sehr gut", "gut", "schlecht"}
    assert found.evaluation.metrics["control_accuracy"].value == 1


@pytest.mark.parametrize("name", ["encoder-decoder-tiny", "gpt2"])
def test_only_the_grammar_is_written(name, folders, tmp_path):
    pattern = r"(rose|fell) by [0-9]{1,2}\.[0-9] (percent|points)"
    found = tuned(folders[name], tmp_path / "out", grammar=pattern, max_new_tokens=40)
    predictions = (tmp_path / "out" / "evaluation" / "predictions.jsonl").read_text(encoding="utf-8")
    for line in predictions.splitlines():
        assert re.fullmatch(pattern, json.loads(line)["translation"])
    assert found.evaluation.metrics["control_accuracy"].value == 1


def test_a_choice_is_written_whole_however_short_the_targets_were(folders):
    task, examples, network, tokenizer, source = loaded(folders["encoder-decoder-tiny"])
    encoded = task.encode(task.asked(examples), tokenizer, max_tokens=source.max_tokens)
    short = replace(GREEDY, min_new_tokens=0, max_new_tokens=2, choices=("sehr viel gutes brot",))
    written = write_texts(network, tokenizer, encoded, short)
    assert {(one.text, one.ended) for one in written} == {("sehr viel gutes brot", True)}


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("encoder-decoder-tiny", {"no_repeat_ngram_size": 2, "repetition_penalty": 5.0, "min_length": 12}),
        ("encoder-decoder-tiny", {"forced_eos_token_id": 1}),
        ("decoder-tiny", {"stop_strings": ["a"]}),
        ("decoder-tiny", {"penalty_alpha": 0.6, "top_k": 4}),
        ("decoder-tiny", {"max_time": 1e-9, "return_dict_in_generate": True}),
    ],
)
def test_how_a_checkpoint_would_write_by_itself_does_not_rule_unseen(name, own, folders, tmp_path):
    """What is not in `model.json` is not done: a text that was cut says so, and repeats itself if that is likeliest."""
    folder = tmp_path / name
    shutil.copytree(folders[name], folder)
    path = folder / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **own}))
    found = []
    for place in (folders[name], folder):
        task, examples, network, tokenizer, source = loaded(place)
        encoded = task.encode(task.asked(examples), tokenizer, max_tokens=source.max_tokens)
        found.append(write_texts(network, tokenizer, encoded, replace(GREEDY, min_new_tokens=0)))
    assert found[0] == found[1]


def test_a_choice_is_written_by_a_checkpoint_that_forces_the_first_token(folders, tmp_path):
    """As BART and its kin do: the tree of choices began without that token, and nothing was written."""
    folder = tmp_path / "forced"
    shutil.copytree(folders["encoder-decoder-tiny"], folder)
    path = folder / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "forced_bos_token_id": 2}))
    task, examples, network, tokenizer, source = loaded(folder)
    encoded = task.encode(task.asked(examples), tokenizer, max_tokens=source.max_tokens)
    for beams in (1, 3):
        free = replace(GREEDY, beams=beams, min_new_tokens=0, max_new_tokens=20)
        written = write_texts(network, tokenizer, encoded, replace(free, choices=("sehr gut", "gut")))
        assert {one.text for one in written} <= {"sehr gut", "gut"}
        written = write_texts(network, tokenizer, encoded, replace(free, grammar="[0-9]{3}"))
        assert all(re.fullmatch("[0-9]{3}", one.text) for one in written)


def test_a_text_ends_with_any_token_by_which_the_checkpoint_ends_one(folders):
    task, examples, network, tokenizer, source = loaded(folders["decoder-tiny"])
    encoded = task.encode(task.asked(examples), tokenizer, max_tokens=source.max_tokens)
    free = replace(GREEDY, min_new_tokens=0)
    assert not any(one.ended for one in write_texts(network, tokenizer, encoded, free))
    network.encoder.generation_config.eos_token_id = [1, *range(3, len(tokenizer))]
    assert {(one.tokens, one.ended) for one in write_texts(network, tokenizer, encoded, free)} == {(0, True)}


def test_nothing_is_said_of_a_token_that_ends_a_text_whichever_it_is(folders):
    task, examples, network, tokenizer, source = loaded(folders["decoder-tiny"])
    asked = task.encode(task.asked(examples), tokenizer, max_tokens=source.max_tokens)
    one = replace(
        asked, windows=asked.windows[:1], first_window=asked.first_window[:2], tokens=asked.tokens[:1]
    )
    drawn = replace(GREEDY, min_new_tokens=3, temperature=1.0)
    network.encoder.generation_config.eos_token_id = [1, *range(3, len(tokenizer), 2)]
    for seed in range(5):
        pieces: list[str] = []
        (found,) = write_texts(network, tokenizer, one, replace(drawn, seed=seed), Watch(pieces.append))
        assert found.ended
        assert "".join(pieces) == found.text


def test_what_the_vocabulary_cannot_write_is_told_before_the_training(folders, tmp_path):
    for changes, said in (
        ({"grammar": "(天|地){1,3}"}, "has no tokens for any text of it"),
        ({"choices": "gut; sehr</s> gut"}, "cannot write"),
    ):
        with pytest.raises(SettingsError, match=said):
            tuned(folders["decoder-tiny"], tmp_path / "out", **changes)
    assert not (tmp_path / "out" / "model").exists()


def test_drawn_tokens_are_the_same_for_a_seed_and_differ_between_seeds(folders):
    task, examples, network, tokenizer, source = loaded(folders["encoder-decoder-tiny"])
    encoded = task.encode(task.asked(examples), tokenizer, max_tokens=source.max_tokens)
    drawn = replace(GREEDY, temperature=1.0, top_p=0.9)
    first, again = (write_texts(network, tokenizer, encoded, drawn) for _ in range(2))
    other = write_texts(network, tokenizer, encoded, replace(drawn, seed=1))
    assert first == again
    assert first != other


def test_length_is_controlled(folders):
    task, examples, network, tokenizer, source = loaded(folders["encoder-decoder-tiny"])
    encoded = task.encode(task.asked(examples), tokenizer, max_tokens=source.max_tokens)
    for length in (2, 5):
        written = write_texts(
            network,
            tokenizer,
            encoded,
            replace(GREEDY, beams=2, min_new_tokens=length, max_new_tokens=length),
        )
        assert {(one.tokens, one.ended) for one in written} == {(length, False)}


@pytest.mark.parametrize("name", ["encoder-decoder-tiny", "decoder-tiny"])
def test_what_is_not_read_is_told_or_refused(name, folders, tmp_path):
    long = tmp_path / "long.jsonl"
    rows = [json.loads(line) for line in TEST.read_text(encoding="utf-8").splitlines()]
    rows[0]["text"] = " ".join([rows[0]["text"]] * 20)
    long.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = tuned(folders[name], tmp_path / "tell", max_tokens=60)
    predict_file(found.folder, long, tmp_path / "told.jsonl")
    shares = [json.loads(line)["read_share"] for line in (tmp_path / "told.jsonl").read_text().splitlines()]
    assert 0 < shares[0] < 0.6
    assert shares[1:] == [1.0] * (len(rows) - 1)
    refusing = tuned(folders[name], tmp_path / "refuse", max_tokens=60, long_inputs="refuse")
    with pytest.raises(DataError, match=r"line 1: the text has .* tokens"):
        predict_file(refusing.folder, long, tmp_path / "refused.jsonl")


def test_a_target_that_cannot_be_written_is_refused(folders, tmp_path):
    with pytest.raises(DataError, match="the checkpoint writes at most 8"):
        tuned(folders["encoder-decoder-tiny"], tmp_path / "out", max_tokens=8)


@pytest.mark.parametrize("name", ["decoder-tiny", "encoder-decoder-tiny"])
def test_a_text_that_spells_the_token_of_its_end_is_learnt_to_its_end(name, folders):
    task, examples, _, tokenizer, source = loaded(folders[name])
    spelt = replace(examples, references=(("one</s> two",), *examples.references[1:]))
    (tokens, *others) = task.encode(spelt, tokenizer, max_tokens=source.max_tokens).written
    assert tokens[-1] == tokenizer.eos_token_id
    assert tokenizer.eos_token_id not in tokens[:-1]
    assert "two" in tokenizer.decode(tokens)
    plain = task.encode(examples, tokenizer, max_tokens=source.max_tokens).written[1:]
    assert all((one == other).all() for one, other in zip(others, plain, strict=True))


def test_an_attribute_that_training_did_not_know_is_refused(tmp_path):
    found = tuned("scratch:decoder-tiny", tmp_path / "out", task="text-generation")
    model = load_model(found.folder)
    assert model.facts.labels == ("alarm", "calm", "fall", "rise")
    file = tmp_path / "rows.jsonl"
    file.write_text('{"attributes": ["sideways"]}\n')
    with pytest.raises(MismatchError, match="'sideways' does not occur in training"):
        predict_file(found.folder, file, tmp_path / "p.jsonl")


def test_control_is_judged_by_a_named_classifier(tmp_path):
    rows = [json.loads(line) for line in (EXAMPLES / "controlled-train.jsonl").read_text().splitlines()]
    labelled = tmp_path / "labelled.jsonl"
    labelled.write_text(
        "".join(json.dumps({"text": row["text"], "label": row["attributes"][0]}) + "\n" for row in rows)
    )
    judge = tune_files(
        LabelledFiles(labelled), TuneSettings(method="head", epochs=2), tmp_path / "judge", quiet=True
    )
    found = tuned(
        "scratch:decoder-tiny", tmp_path / "out", task="text-generation", control_classifier=str(judge.folder)
    )
    accuracy = found.evaluation.metrics["control_accuracy"]
    assert 0 <= accuracy.lower <= accuracy.value <= accuracy.upper <= 1
    with pytest.raises(MismatchError, match="cannot judge"):
        tuned(
            "scratch:decoder-tiny",
            tmp_path / "no",
            task="text-generation",
            control_classifier=str(found.folder),
        )


def test_a_small_model_learns_the_forty_pairs_from_nothing(tmp_path):
    """Far above the none that random weights score: what was seen is written again."""
    settings = TuneSettings(
        task="translation",
        checkpoint="scratch:encoder-decoder-tiny",
        epochs=60,
        patience=60,
        batch_tokens=400,
        learning_rate=1e-2,
        vocabulary=400,
        beams=2,
        precision="float32",
    )
    files = LabelledFiles(TRAIN, validation=TRAIN, test=TRAIN)
    found = tune_files(files, settings, tmp_path / "out", quiet=True)
    assert found.evaluation.metrics["sacrebleu"].value > 60
    assert found.evaluation.metrics["perplexity"].value < 2


def test_a_run_that_was_stopped_ends_with_the_same_bytes(tmp_path):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from headwinds.adapt.settings import TuneSettings\n"
        "from headwinds.adapt.tuning import tune_files\n"
        "from headwinds.adapt.tuning_files import LabelledFiles\n"
        "from headwinds.adapt.training import loop\n"
        "import os, signal\n"
        "stop = int(sys.argv[3])\n"
        "plain, steps = loop._step, []\n"
        "def step(*arguments):\n"
        "    steps.append(1)\n"
        "    if len(steps) == stop:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return plain(*arguments)\n"
        "loop._step = step\n"
        "settings = TuneSettings(task='translation', checkpoint='scratch:encoder-decoder-tiny', epochs=2,\n"
        "    batch_tokens=200, encoder_dropout=0.2, label_smoothing=0.1, vocabulary=400)\n"
        "tune_files(LabelledFiles(Path(sys.argv[1])), settings, Path(sys.argv[2]), quiet=True)\n"
    )

    def ran(output: Path, stop: int) -> int:
        return run("-c", program, str(TRAIN), str(output), str(stop)).returncode

    assert ran(tmp_path / "whole", 0) == 0
    assert ran(tmp_path / "parts", 5) != 0
    assert not (tmp_path / "parts" / "model").exists()
    assert ran(tmp_path / "parts", 0) == 0
    weights = [
        (tmp_path / name / "model" / "encoder" / "model.safetensors").read_bytes()
        for name in ("whole", "parts")
    ]
    assert weights[0] == weights[1]
    assert signal.getsignal(signal.SIGINT) is not None


def test_a_loaded_decoder_writes_the_same_in_a_fresh_process(folders, tmp_path):
    found = tuned(folders["llama"], tmp_path / "out")
    predict_file(found.folder, TEST, tmp_path / "here.jsonl")
    assert (
        predicted_again(found.folder, TEST, tmp_path / "there.jsonl")
        == (tmp_path / "here.jsonl").read_bytes()
    )


def test_what_cannot_work_is_told_before_the_training():
    for changes, said in (
        ({"grammar": "(a"}, "grammar = .* cannot be read"),
        ({"grammar": "a", "choices": "b"}, "none where choices are set"),
        ({"choices": "b", "min_new_tokens": 3}, "0 where choices"),
        ({"temperature": 0.7}, "temperature = 0.7 cannot be used: expected 0 with beams = 4"),
        ({"min_new_tokens": 9, "max_new_tokens": 3}, "at most max_new_tokens"),
        ({"long_inputs": "cut"}, "one of tell, refuse"),
    ):
        with pytest.raises(SettingsError, match=said):
            TuneSettings(task="translation", **changes)
    with pytest.raises(CheckpointError, match="holds no fitted model"):
        tuned("scratch:decoder-tiny", Path("nowhere"), task="text-generation", control_classifier="nowhere")


def test_two_models_are_compared_on_the_likelihood_that_each_gives(folders, tmp_path):
    from headwinds.adapt.predicting import evaluate_file

    one = tuned(folders["t5"], tmp_path / "one")
    other = tuned(folders["encoder-decoder-tiny"], tmp_path / "other")
    found = evaluate_file(one.folder, TEST, tmp_path / "compared", against=other.folder)
    expected = [model.evaluation.metrics["perplexity"].value for model in (one, other)]
    assert found.differences["perplexity"].value == pytest.approx(expected[0] - expected[1], rel=1e-6)
    finer = tuned("scratch:encoder-decoder-tiny", tmp_path / "finer", vocabulary=300)
    found = evaluate_file(one.folder, TEST, tmp_path / "unlike", against=finer.folder)
    assert {"perplexity", "log_probability_of_a_token"} <= set(found.metrics) - set(found.differences)
    assert "chrf" in found.differences
    assert "W206" in {finding.code for finding in found.findings}


def test_a_search_does_not_judge_by_the_probability_of_other_tokens(folders):
    """The same untrained model is better by 2 to a token of 300 than to one of 2,000: the smaller vocabulary always won."""
    from headwinds.adapt.search.space import Choice, require_one_measure

    settings = TuneSettings(task="translation", checkpoint="scratch:encoder-decoder-tiny")
    with pytest.raises(SettingsError, match="vocabulary must not vary in a search of translation"):
        require_one_measure(settings, {"vocabulary": Choice((300, 2000))})
    same, own = (str(folders[name]) for name in ("t5", "encoder-decoder-tiny"))
    require_one_measure(
        settings, {"checkpoint": Choice((same, str(folders["gpt2"]))), "epochs": Choice((1, 2))}
    )
    with pytest.raises(SettingsError, match="checkpoint must not vary"):
        require_one_measure(settings, {"checkpoint": Choice((same, "scratch:decoder-tiny"))})
    require_one_measure(replace(settings, task="text-classification"), {"checkpoint": Choice((same, own))})


@pytest.mark.parametrize("kind", ["marian", "mbart", "bart"])
def test_other_encoders_with_a_decoder_are_taken(kind, folders, tmp_path):
    from transformers import (
        AutoTokenizer,
        BartConfig,
        BartForConditionalGeneration,
        MarianConfig,
        MarianMTModel,
        MBartConfig,
        MBartForConditionalGeneration,
    )

    config, model = {
        "marian": (MarianConfig, MarianMTModel),
        "mbart": (MBartConfig, MBartForConditionalGeneration),
        "bart": (BartConfig, BartForConditionalGeneration),
    }[kind]
    tokenizer = AutoTokenizer.from_pretrained(str(folders["decoder-tiny"]))
    size = {f"{part}_layers": 1 for part in ("encoder", "decoder")} | {
        f"{part}_attention_heads": 2 for part in ("encoder", "decoder")
    }
    torch.manual_seed(0)
    made = model(
        config(
            vocab_size=len(tokenizer),
            d_model=16,
            max_position_embeddings=128,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=2,
            decoder_start_token_id=0,
            forced_eos_token_id=None,
            **size,
        )
    )
    made.save_pretrained(tmp_path / kind)
    tokenizer.save_pretrained(tmp_path / kind)
    found = tuned(tmp_path / kind, tmp_path / "out", method="lora")
    predict_file(found.folder, TEST, tmp_path / "here.jsonl")
    assert len((tmp_path / "here.jsonl").read_text(encoding="utf-8").splitlines()) == 8


def test_a_list_of_references_is_read_as_such():
    task = get_task("translation")
    rows = [
        Row("a", {"text": "yes", "translation": ["ja", "doch"]}),
        Row("b", {"text": "no", "translation": '["nein"]'}),
        Row("c", {"text": "well", "translation": "[sic] nun"}),
    ]
    assert task.read(rows, labelled=True).references == (("ja", "doch"), ("nein",), ("[sic] nun",))
    with pytest.raises(DataError, match="d: translation is empty"):
        task.read([Row("d", {"text": "no", "translation": " "})], labelled=True)
