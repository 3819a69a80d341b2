"""Tiny models that have learnt, in seconds, which word goes with which sentences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

CLASSES = {
    "sea": ("boat", ["waves break at the harbour", "the tide and the fish", "salt wind over the harbour"]),
    "field": ("farm", ["wheat grows in the soil", "a plough turns the soil", "rain on the wheat"]),
    "town": ("street", ["cars stop at the lights", "shops and crowds all day", "crowds wait at the lights"]),
}
CODEBOOK = """
| label | give it when |
| --- | --- |
| sea | ships and water |
| field | plants and ground |
| town | people and traffic |
"""
OPENINGS = ("", "so it is . ", "today ", "again ")


def draw(count: int, *, seed: int) -> list[tuple[str, str]]:
    """Texts and their labels."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(count):
        label = list(CLASSES)[number % len(CLASSES)]
        sentences = generator.permutation(CLASSES[label][1])[:2]
        found.append((str(generator.choice(OPENINGS)) + " and ".join(map(str, sentences)) + " .", label))
    return found


def write_rows(path: Path, count: int, *, seed: int) -> Path:
    rows = [json.dumps({"text": text, "label": label}) for text, label in draw(count, seed=seed)]
    path.write_text("\n".join(rows) + "\n")
    return path


def _tokenizer(folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[END]"]
    texts = [text for _, (word, own) in CLASSES.items() for text in (*own, word)]
    texts += [*OPENINGS, CODEBOOK, "It was about this text is Label Text text label N / A so about unim"]
    splitter = pre_tokenizers.BertPreTokenizer()
    words = sorted(
        {w for text in texts for w, _ in splitter.pre_tokenize_str(text)} | set(":.N/A") | {*CLASSES}
    )
    vocabulary = {
        word: number for number, word in enumerate([*special, *words, *"abcdefghijklmnopqrstuvwxyz"])
    }
    vocabulary |= {
        f"##{letter}": len(vocabulary) + n for n, letter in enumerate("abcdefghijklmnopqrstuvwxyz")
    }
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = splitter
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    found = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        eos_token="[END]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    found.save_pretrained(folder)
    return found


def _bert(tokenizer, kind, **changes):
    import torch
    from transformers import BertConfig

    torch.manual_seed(0)
    return kind(
        BertConfig(
            vocab_size=max(tokenizer.get_vocab().values()) + 1,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            pad_token_id=0,
            **{"max_position_embeddings": 64, **changes},
        )
    )


def _learn(model, batches, *, rate: float = 5e-3):
    import torch

    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    model.train()
    for batch in batches:
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()
    return model.eval()


def make_masked(folder: Path, *, positions: int = 64, steps: int = 120) -> Path:
    """A masked language model that saw its classes' words after their texts, in the pattern that comes with us."""
    from transformers import BertForMaskedLM

    tokenizer = _tokenizer(folder)

    def batches():
        for step in range(steps):
            drawn = draw(24, seed=100 + step)
            full = [f"{text} It was about {CLASSES[label][0]}." for text, label in drawn]
            full += [text for text, _ in drawn]
            batch = tokenizer(full, return_tensors="pt", padding=True)
            labels = batch["input_ids"].clone()
            words = {tokenizer.convert_tokens_to_ids(word) for word, _ in CLASSES.values()}
            hidden = sum(batch["input_ids"] == word for word in words).bool()
            labels[~hidden] = -100
            batch["input_ids"] = batch["input_ids"].masked_fill(hidden, tokenizer.mask_token_id)
            yield {**batch, "labels": labels}

    _learn(_bert(tokenizer, BertForMaskedLM, max_position_embeddings=positions), batches()).save_pretrained(
        folder
    )
    return folder


def make_decoder(folder: Path, *, positions: int = 128, steps: int = 150) -> Path:
    """A decoder that saw the same, and labels after texts in prompts of one and of several."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = _tokenizer(folder)
    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=max(tokenizer.get_vocab().values()) + 1,
            n_embd=48,
            n_layer=2,
            n_head=2,
            n_positions=positions,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=tokenizer.eos_token_id,
        )
    )

    def batches():
        for step in range(steps):
            drawn = draw(24, seed=300 + step)
            full = [f"{text} It was about {CLASSES[label][0]}" for text, label in drawn]
            one = [f"Text: {text}\nLabel: {label}" for text, label in drawn]
            full += [f"{a}\n\n{b}" for a, b in zip(one[::2], one[1::2], strict=True)]
            batch = tokenizer(full, return_tensors="pt", padding=True, return_token_type_ids=False)
            yield {**batch, "labels": batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)}

    _learn(model, batches()).save_pretrained(folder)
    return folder


def make_entailment(folder: Path) -> Path:
    """A classifier of pairs that learnt which of the codebook's descriptions a text entails."""
    import torch
    from transformers import BertForSequenceClassification

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(folder)
    lines = [line.split("|") for line in CODEBOOK.splitlines() if line.startswith("|")][2:]
    described = {cells[1].strip(): f"This text is about {cells[2].strip()}." for cells in lines}
    names = {0: "contradiction", 1: "neutral", 2: "ENTAILMENT"}
    model = _bert(
        tokenizer,
        BertForSequenceClassification,
        id2label=names,
        label2id={name: number for number, name in names.items()},
    )

    def batches():
        generator = np.random.default_rng(5)
        for step in range(20):
            drawn = draw(24, seed=500 + step)
            asked = [str(generator.choice(list(CLASSES))) for _ in drawn]
            batch = tokenizer(
                [text for text, _ in drawn],
                [described[name] for name in asked],
                return_tensors="pt",
                padding=True,
            )
            wanted = [2 if name == label else 0 for name, (_, label) in zip(asked, drawn, strict=True)]
            yield {**batch, "labels": torch.tensor(wanted)}

    _learn(model, batches()).save_pretrained(folder)
    return folder
