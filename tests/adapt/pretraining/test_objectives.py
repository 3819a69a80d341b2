"""What is asked: the right share, other tokens at every step, the same for the same step; losses are the formula's."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from adapt.pretraining.corpus import sentences, small
from headwinds.adapt.pretraining.beginning import begin, make_network, vocabulary_of
from headwinds.adapt.pretraining.loop import Course, one_step
from headwinds.adapt.pretraining.objectives.at_places import token_losses
from headwinds.adapt.pretraining.objectives.contract import Vocabulary
from headwinds.adapt.pretraining.packing import Rows
from headwinds.adapt.pretraining.tokenizer_training import learn_tokenizer
from headwinds.adapt.training.attention import attention_by_products
from headwinds.adapt.training.optimizer import learning_rate_share


def rows_of(vocabulary: Vocabulary, *, count: int = 6, length: int = 64) -> Rows:
    generator = np.random.default_rng(1)
    tokens = generator.choice(vocabulary.ordinary, (count, length)).astype(np.int32)
    zeros = np.zeros((count, length), dtype=np.int32)
    special = np.zeros((count, length), dtype=bool)
    special[:, [0, -1]] = True
    return Rows(tokens, zeros, np.tile(np.arange(length, dtype=np.int32), (count, 1)), zeros, special)


def started(architecture: str, **changes: object):
    beginning = begin(small(architecture=architecture, sequence_tokens=64, **changes))
    kind = "unigram" if architecture.startswith("t5") else "wordpiece"
    tokenizer = learn_tokenizer(
        lambda: sentences(100), kind, small(vocabulary=250), objective=beginning.objective.name
    )
    vocabulary = vocabulary_of(tokenizer, beginning.objective.name)
    return beginning, vocabulary, make_network(beginning, vocabulary)


def test_masks_keep_their_share_differ_by_step_and_hang_on_the_seed_alone():
    beginning, vocabulary, _ = started("bert-tiny")
    rows = rows_of(vocabulary, count=200)

    def ask(seed: int):
        return beginning.objective.ask(rows, vocabulary, beginning.settings, seed=seed)

    torch.manual_seed(1)
    first = ask(1)
    torch.manual_seed(2)
    np.random.seed(5)  # noqa: NPY002 - a global state that must not count
    again, other = ask(1), ask(2)
    assert (first.tokens == again.tokens).all()
    assert (first.wanted == again.wanted).all()
    assert (first.wanted != other.wanted).any()
    asked = first.wanted >= 0
    assert (asked.sum(axis=1) == round(0.3 * 64)).all()
    assert not asked[rows.special].any()
    assert (first.tokens[~asked] == rows.tokens[~asked]).all()
    covered = (first.tokens == vocabulary.names["mask"])[asked].mean()
    kept = (first.tokens == rows.tokens)[asked].mean()
    assert covered == pytest.approx(0.8, abs=0.02)
    assert kept == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(("schedule", "falls_from"), [("trapezoid", 70), ("cosine", 11), ("linear", 11)])
def test_the_rate_rises_stays_and_falls_as_its_schedule_says(schedule: str, falls_from: int):
    shares = [
        learning_rate_share(step, steps=100, warmup_share=0.1, schedule=schedule, decay_share=0.3)
        for step in range(1, 101)
    ]
    assert shares[4] == pytest.approx(0.5)
    assert shares[9] == pytest.approx(1.0)
    assert all(share == pytest.approx(1.0) for share in shares[9 : falls_from - 1])
    assert all(after < before for before, after in pairwise(shares[falls_from - 1 :]))
    assert shares[-1] == pytest.approx(0.0, abs=1e-12)
    middle = {"trapezoid": shares[84], "cosine": shares[54], "linear": shares[54]}[schedule]
    assert middle == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_a_token_that_may_look_nowhere_breaks_no_attention(kind: torch.dtype):
    """Padding beyond a sliding window: what the library masks with is minus infinity in bfloat16."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 2, 3, 4, dtype=kind) for _ in range(3))
    mask = torch.zeros(1, 1, 3, 3)
    mask[..., 2] = torch.finfo(torch.float32).min
    plain, _ = attention_by_products(torch.nn.Identity(), query, key, value, mask)
    mask[..., 2, :] = torch.finfo(torch.float32).min
    found, _ = attention_by_products(torch.nn.Identity(), query, key, value, mask)
    assert torch.isfinite(found).all()
    assert torch.equal(found[:, :2], plain[:, :2])


def test_spans_and_what_is_left_make_the_text_again():
    beginning, vocabulary, _ = started("t5-tiny")
    length = beginning.objective.layout(vocabulary, beginning.settings).length
    rows = rows_of(vocabulary, length=length)
    asked = beginning.objective.ask(rows, vocabulary, beginning.settings, seed=3)
    assert asked.tokens.shape[1] == 64
    end = vocabulary.names["eos"]
    for row in range(len(rows)):
        spans: dict[int, list[int]] = {}
        for token in asked.wanted[row, :-1].tolist():
            if token in vocabulary.sentinels:
                current = spans.setdefault(token, [])
            else:
                current.append(token)
        whole: list[int] = []
        for token in asked.tokens[row, :-1].tolist():
            whole += spans.pop(token) if token in spans else [token]
        assert whole == rows.tokens[row].tolist()
        assert not spans
        assert asked.tokens[row, -1] == asked.wanted[row, -1] == end


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("together", [10, 10_000])
def test_output_layer_and_loss_together_are_cross_entropy_with_its_gradients(
    bias: bool, together: int, monkeypatch: pytest.MonkeyPatch
):
    from headwinds.adapt.pretraining.objectives import at_places

    monkeypatch.setattr(at_places, "LOGITS_TOGETHER", together)
    torch.manual_seed(0)
    layer = torch.nn.Linear(12, 30, bias=bias)
    states = torch.randn(150, 12, requires_grad=True)
    wanted = torch.randint(0, 30, (150,))
    plain = torch.nn.functional.cross_entropy(layer(states), wanted, reduction="none")
    (plain.sum() / 7).backward()
    expected = [states.grad, *(value.grad for value in layer.parameters())]
    states.grad = None
    layer.zero_grad()
    total, each = token_losses(layer, states, wanted)
    (total / 7).backward()
    assert torch.allclose(each, plain.detach(), atol=1e-5)
    found = [states.grad, *(value.grad for value in layer.parameters())]
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    "architecture", ["bert-tiny", "modernbert-tiny", "gpt2-tiny", "llama-tiny", "t5-tiny"]
)
def test_losses_are_those_of_the_library(architecture: str):
    """Of one document a row, where the library's own labels mean the same."""
    beginning, vocabulary, network = started(architecture)
    length = beginning.objective.layout(vocabulary, beginning.settings).length
    rows = rows_of(vocabulary, length=length)
    asked = beginning.objective.ask(rows, vocabulary, beginning.settings, seed=4)
    labels = torch.from_numpy(np.where(asked.wanted >= 0, asked.wanted, -100)).long()
    if beginning.objective.name == "causal":
        labels = torch.from_numpy(rows.tokens).long()
    model = network.models["model"].eval()
    with torch.no_grad():
        theirs = float(model(input_ids=torch.from_numpy(asked.tokens).long(), labels=labels).loss)
        ours = float(network.module(asked).asked.mean())
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_a_token_that_was_put_there_is_one_that_differs_and_the_generator_is_not_told_by_it():
    beginning, vocabulary, network = started("electra-tiny")
    rows = rows_of(vocabulary)
    asked = beginning.objective.ask(rows, vocabulary, beginning.settings, seed=4)
    losses = network.module(asked)
    assert len(losses.beside) == int((~rows.special).sum())
    losses.beside.sum().backward()
    inner = [value for name, value in network.models["generator"].named_parameters() if "encoder" in name]
    assert all(value.grad is None or not value.grad.any() for value in inner)
    shared = network.models["model"].electra.embeddings.word_embeddings.weight
    assert network.models["generator"].electra.embeddings.word_embeddings.weight is shared
    assert shared.grad.any()


@pytest.mark.parametrize("architecture", ["bert-tiny", "gpt2-tiny", "t5-tiny"])
def test_the_gradient_of_a_step_in_parts_is_the_gradient_of_the_step(architecture: str):
    found = []
    for budget in (0, 128):
        beginning, vocabulary, network = started(architecture, micro_batch_tokens=budget, gradient_clip=1e9)
        length = beginning.objective.layout(vocabulary, beginning.settings).length
        asked = beginning.objective.ask(
            rows_of(vocabulary, length=length), vocabulary, beginning.settings, seed=4
        )
        course = Course(
            network.module,
            network.parameters,
            beginning.objective,
            vocabulary,
            None,  # type: ignore[arg-type]
            beginning.settings,
            "float32",
        )
        optimizer = torch.optim.SGD(network.parameters.values(), lr=0.0)
        loss = one_step(course, asked, optimizer, step=1)
        found.append((loss, {name: value.grad for name, value in network.parameters.items()}))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for name, gradient in found[0][1].items():
        assert torch.allclose(gradient, found[1][1][name], atol=1e-5), name
