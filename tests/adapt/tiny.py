"""A real but tiny checkpoint, made here, and a corpus in which three labels are each a matter of a few words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from headwinds.adapt.fold import LabelledTexts

TOPICS = {
    "driver": ["technology raises growth", "innovation lifts incomes", "science brings prosperity"],
    "divide": ["the digital divide grows", "poor regions lack networks", "access stays unequal"],
    "security": ["cyber attacks threaten data", "privacy must be protected", "hackers steal information"],
}
FILLER = [
    "we thank the president",
    "peace is our aim",
    "the assembly meets again",
    "our delegation welcomes the report",
]


def make_checkpoint(folder: Path, *, positions: int = 64) -> Path:
    """A two-layer BERT with random weights and the offline default's tokenizer."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    from headwinds.adapt.checkpoints import resolve_checkpoint

    tokenizer = AutoTokenizer.from_pretrained(str(resolve_checkpoint("default").folder))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=positions,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def make_classifier(
    folder: Path, labels: tuple[str, ...], *, seed: int, initializer_range: float = 0.02
) -> Path:
    """A foreign text classifier with a head of its own and random weights, as `transformers` writes it."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    make_checkpoint(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={name: number for number, name in enumerate(labels)},
        initializer_range=initializer_range,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def make_labelled() -> LabelledTexts:
    """240 passages in 60 documents; about a quarter carry each label."""
    generator = np.random.default_rng(7)
    names = tuple(TOPICS)
    texts, truth = [], []
    for _ in range(240):
        given = generator.random(3) < 0.25
        sentences = [str(generator.choice(FILLER))]
        sentences += [
            str(generator.choice(TOPICS[name])) for name, has in zip(names, given, strict=True) if has
        ]
        sentences += [str(generator.choice(FILLER)) for _ in range(int(generator.integers(0, 3)))]
        texts.append(". ".join(sentences))
        truth.append(given)
    return LabelledTexts(
        passage_ids=tuple(f"p{number:03d}" for number in range(240)),
        document_ids=tuple(f"d{number // 4:02d}" for number in range(240)),
        texts=tuple(texts),
        label_names=names,
        truth=np.array(truth),
        stratum=("all",) * 240,
    )
