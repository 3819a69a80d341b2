"""Tokenizers learnt from English, Chinese and both: they give back what they read, and are the same every time."""

from __future__ import annotations

import pytest

from adapt.pretraining.corpus import CHINESE, sentences, small
from headwinds.adapt.pretraining.settings import TOKENIZERS
from headwinds.adapt.pretraining.tokenizer_training import SPANS, learn_tokenizer
from headwinds.errors import DataError

ENGLISH = sentences(200)
ZH = [a + b + c for a in CHINESE for b in CHINESE for c in CHINESE]
LANGUAGES = {"english": ENGLISH, "chinese": ZH, "mixed": ENGLISH + ZH}


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_learnt_tokenizer_reads_its_language_and_is_the_same_every_time(kind: str, language: str):
    texts = LANGUAGES[language]
    settings = small(vocabulary=400)
    tokenizer, again = (learn_tokenizer(lambda: texts, kind, settings, objective="masked") for _ in range(2))
    if kind != "unigram":  # whose trainer in the library breaks ties by chance
        assert tokenizer.backend_tokenizer.to_str() == again.backend_tokenizer.to_str()
    for text in texts[:20]:
        ids = tokenizer(text)["input_ids"]
        assert ids[0] == tokenizer.cls_token_id
        assert ids[-1] == tokenizer.sep_token_id
        assert tokenizer.unk_token_id not in ids
        shown = tokenizer.decode(ids, skip_special_tokens=True)
        assert shown.replace(" ", "") == text.replace(" ", "")


def test_bytes_know_every_character():
    tokenizer = learn_tokenizer(lambda: ENGLISH, "byte-bpe", small(vocabulary=400), objective="causal")
    text = "naïve 数字 🙂 \u0000"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]).strip() == text


def test_capitals_are_kept_if_asked_for():
    texts = [text.title() for text in ENGLISH]
    kept = learn_tokenizer(lambda: texts, "wordpiece", small(lowercase=False), objective="masked")
    made_small = learn_tokenizer(lambda: texts, "wordpiece", small(), objective="masked")
    assert kept.decode(kept("In The North")["input_ids"], skip_special_tokens=True) == "In The North"
    assert made_small.decode(made_small("In")["input_ids"], skip_special_tokens=True) == "in"


def test_tokens_for_spans_are_there_where_spans_are_written():
    tokenizer = learn_tokenizer(lambda: ENGLISH, "unigram", small(vocabulary=400), objective="spans")
    ids = tokenizer.convert_tokens_to_ids([f"<extra_id_{number}>" for number in range(SPANS)])
    assert len(set(ids)) == SPANS
    assert tokenizer.unk_token_id not in ids
    assert tokenizer("in the north")["input_ids"][-1] == tokenizer.eos_token_id


def test_a_text_too_short_for_a_vocabulary_is_told():
    with pytest.raises(DataError, match="too short to learn a vocabulary"):
        learn_tokenizer(lambda: ["ab ab"], "wordpiece", small(), objective="masked")
