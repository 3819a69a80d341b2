"""The packed encoder equals the plain one; a saved model predicts the same in a fresh load; damage is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from headwinds.adapt.checkpoints import load_encoder, read_config, resolve_checkpoint
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.fold import LabelledTexts, fit_fold, plan_folds
from headwinds.adapt.packed import pack
from headwinds.adapt.prediction import make_predictor, predict
from headwinds.adapt.quantised import can_quantise, quantise
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.training.precision import PredictingPrecision
from headwinds.artifacts.fingerprint import file_digest
from headwinds.errors import CheckpointError, DataError, MismatchError


def padded_windows() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(1000, 20000, (4, 37), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 20:] = 0
    mask[3, 5:] = 0
    return ids, mask


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.bfloat16, 0.08)])
def test_packed_encoder_equals_transformers(dtype: torch.dtype, tolerance: float) -> None:
    encoder = load_encoder(resolve_checkpoint("default")).eval()
    packed = pack(encoder, dtype)
    assert packed is not None
    ids, mask = padded_windows()
    with torch.inference_mode():
        expected = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        found = packed(ids, mask).float()
        assert (found - expected)[mask.bool()].abs().max() < tolerance
        unpadded = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        assert (packed(ids, None).float() - unpadded).abs().max() < tolerance


@pytest.mark.parametrize("beside", [torch.float32, torch.bfloat16])
def test_bytes_stay_close_to_transformers_whatever_the_length(
    beside: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cosine to the exact states, token by token; a text's states do not hang on the texts beside it."""
    if not can_quantise():
        pytest.skip("this processor does not multiply bytes")
    encoder = load_encoder(resolve_checkpoint("default")).eval()
    fast = {"avx512_vnni": True, "avx512_bf16": beside == torch.bfloat16, "cpu_name": "AMD"}
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: fast)
    quantised = quantise(encoder)
    assert quantised is not None
    assert quantised.plain.words.dtype == beside
    ids, mask = padded_windows()
    with torch.inference_mode():
        expected = encoder(input_ids=ids, attention_mask=mask).last_hidden_state[mask.bool()]
        found = quantised(ids, mask).float()
        alike = torch.nn.functional.cosine_similarity(found[mask.bool()], expected, dim=-1)
        assert alike.min() > 0.95
        assert alike.mean() > 0.98
        alone = quantised(ids[3:, :5], None).float()
        assert (alone - found[3:, :5]).abs().max() < 0.1


def test_a_model_that_predicts_in_bytes_says_so_and_gives_nearly_the_same_labels(
    labelled: LabelledTexts, tmp_path: Path
) -> None:
    if not can_quantise():
        pytest.skip("this processor does not multiply bytes")
    chosen = TuneSettings(epochs=1, folds=3, frozen_layers=5, scoring_precision="int8")
    fit_fold(labelled, plan_folds(labelled, chosen)[0], chosen, tmp_path / "m", tmp_path / "s", quiet=True)
    model = load_model(tmp_path / "m")
    assert model.facts.precision == "int8"
    exact = make_predictor(
        model.network, model.tokenizer, max_tokens=model.facts.max_tokens, precision="float32"
    )
    in_bytes, in_floats = predict(model, labelled.texts), predict(model, labelled.texts, predictor=exact)
    assert (in_bytes.label == in_floats.label).mean() > 0.97
    assert np.abs(in_bytes.probability - in_floats.probability).max() < 0.2


@pytest.fixture(scope="module")
def model_folder(
    tiny_checkpoint: Path, labelled: LabelledTexts, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    chosen = TuneSettings(
        checkpoint=str(tiny_checkpoint), epochs=1, folds=3, frozen_layers=0, learning_rate=1e-3
    )
    folder = tmp_path_factory.mktemp("model")
    fit_fold(labelled, plan_folds(labelled, chosen)[0], chosen, folder / "m", folder / "scratch", quiet=True)
    return folder / "m"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_bits_do_not_depend_on_the_number_of_threads(
    model_folder: Path, labelled: LabelledTexts, precision: PredictingPrecision
) -> None:
    model, before = load_model(model_folder), torch.get_num_threads()
    predictor = make_predictor(
        model.network, model.tokenizer, max_tokens=model.facts.max_tokens, precision=precision
    )
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(predict(model, labelled.texts, predictor=predictor).probability.tobytes())
    finally:
        torch.set_num_threads(before)
    assert len(set(found)) == 1


def test_the_same_texts_give_the_same_bits_whatever_their_order_on_disk(
    model_folder: Path, labelled: LabelledTexts
) -> None:
    first = predict(load_model(model_folder), labelled.texts)
    second = predict(load_model(model_folder), labelled.texts)
    assert first.probability.tobytes() == second.probability.tobytes()


def test_a_long_text_counts_all_its_windows(model_folder: Path) -> None:
    """Evidence in the last window alone must move the probability: nothing is cut."""
    filler = "peace is our aim . " * 60
    model = load_model(model_folder)
    without, with_evidence = predict(
        model, [filler, filler + "cyber attacks threaten data . " * 5]
    ).probability
    assert not np.allclose(without, with_evidence)
    assert (predict(model, [filler]).read_share == 1).all()


@pytest.mark.parametrize(
    "name", ["head.safetensors", "encoder/model.safetensors", "encoder/config.json", "encoder/tokenizer.json"]
)
def test_a_changed_file_is_named_and_nothing_is_loaded(model_folder: Path, tmp_path: Path, name: str) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(model_folder, copy)
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=name.split("/")[-1].replace(".", r"\.")):
        load_model(copy)


def test_a_head_of_another_shape_is_named(model_folder: Path, tmp_path: Path) -> None:
    """As of a model that was tuned before its task's head changed."""
    copy = tmp_path / "copy"
    shutil.copytree(model_folder, copy)
    head = {name: part[..., :1].contiguous() for name, part in load_file(copy / "head.safetensors").items()}
    save_file(head, copy / "head.safetensors")
    facts = json.loads((copy / "model.json").read_text())
    facts["files"]["head.safetensors"] = file_digest(copy / "head.safetensors")
    (copy / "model.json").write_text(json.dumps(facts))
    with pytest.raises(CheckpointError, match=r"head\.safetensors does not hold the head of this task"):
        load_model(copy)


@pytest.mark.parametrize("value", [float("nan"), 3e38])
def test_outputs_that_are_no_numbers_become_no_label(
    model_folder: Path, tmp_path: Path, value: float
) -> None:
    shutil.copytree(model_folder, tmp_path / "model")
    path = tmp_path / "model" / "head.safetensors"
    head = {name: torch.full_like(tensor, value) for name, tensor in load_file(path).items()}
    save_file({name: tensor * torch.sign(torch.randn_like(tensor)) for name, tensor in head.items()}, path)
    facts = json.loads((tmp_path / "model" / "model.json").read_text())
    facts["files"]["head.safetensors"] = file_digest(path)
    (tmp_path / "model" / "model.json").write_text(json.dumps(facts))
    model = load_model(tmp_path / "model")
    with pytest.raises(CheckpointError, match=r"gives no number for text 1 \(in "):
        predict(model, ["growth is slow"])


def test_pickled_weights_are_never_loaded(tmp_path: Path, tiny_checkpoint: Path) -> None:
    import shutil

    shutil.copytree(tiny_checkpoint, tmp_path / "c")
    (tmp_path / "c" / "model.safetensors").rename(tmp_path / "c" / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin, which can carry code"):
        resolve_checkpoint(str(tmp_path / "c"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("auto_map", {"AutoModel": "evil.Model"}),
        ("_attn_implementation_internal", "owner/kernel"),
        ("text_config", {"trust_remote_code": True}),
        ("model_type", "no-such-architecture"),
    ],
)
def test_a_configuration_that_asks_for_code_is_refused_before_transformers_sees_it(
    tmp_path: Path, tiny_checkpoint: Path, key: str, value: object
) -> None:
    import json

    config = json.loads((tiny_checkpoint / "config.json").read_text())
    config[key] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError):
        read_config(tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "../nowhere", "a/b/c", "/no/such/folder"])
def test_an_unknown_checkpoint_is_one_clear_line(name: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        resolve_checkpoint(name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "model.safetensors"])
def test_whatever_decides_the_output_counts_in_a_checkpoints_digest(
    name: str, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_checkpoint, folder)
    before = resolve_checkpoint(str(folder)).digest
    assert before == resolve_checkpoint(str(tiny_checkpoint)).digest
    content = (folder / name).read_bytes()
    changed = content + b" " if name.endswith(".json") else content[:-1] + bytes([content[-1] ^ 1])
    (folder / name).write_bytes(changed)
    assert resolve_checkpoint(str(folder)).digest != before


def test_a_model_is_loaded_by_the_name_of_the_tunings_folder(model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "model").symlink_to(model_folder)
    one, other = load_model(str(model_folder)), load_model(str(tmp_path / "tuned"))
    assert one.digest == other.digest


def test_texts_come_from_any_list_and_none_is_no_error(model_folder: Path) -> None:
    model = load_model(model_folder)
    texts = ["growth of output", "an unequal network"]
    expected = predict(model, texts).probability
    assert (predict(model, iter(texts)).probability == expected).all()
    assert (predict(model, np.array(texts)).probability == expected).all()
    assert predict(model, []).probability.shape == (0, len(model.facts.labels))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ("growth", "texts is str, expected a list of texts"),
        ({"text": "growth"}, "texts is dict"),
        (["growth", None], "text 2 is None"),
        (["growth", float("nan")], "text 2 is nan"),
        (["growth \ud83d"], "half a character"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(model_folder: Path, texts, said: str) -> None:
    with pytest.raises(DataError, match=said):
        predict(load_model(model_folder), texts)


def test_a_folder_is_no_model_yet(model_folder: Path) -> None:
    with pytest.raises(MismatchError, match="load_model"):
        predict(str(model_folder), ["growth"])
