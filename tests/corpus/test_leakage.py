"""Planted leaks are found, each kind that a table of texts can show; clean data raises no alarm."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.corpus.duplicates import exact_duplicates, near_duplicates
from headwinds.corpus.leakage import find_leakage, planted_columns

WORDS = np.array([a + b + c + d for a in "bdkmt" for b in "aeiou" for c in "lnrs" for d in "aeiou"])


def prose(generator: np.random.Generator, words: int = 60) -> str:
    return " ".join(generator.choice(WORDS, size=words))


def clean(seed: int, rows: int = 40):
    generator = np.random.default_rng(seed)
    texts = [prose(generator) for _ in range(rows)]
    documents = [f"d{row // 2}" for row in range(rows)]
    sides = [(row // 2) % 2 for row in range(rows)]
    return generator, sides, documents, [f"p{row}" for row in range(rows)], texts


def codes(*arguments, **keywords) -> list[str]:
    return [finding.code for finding in find_leakage(*arguments, **keywords)]


@pytest.mark.parametrize("seed", range(20))
def test_each_planted_leak_is_found_and_named(seed):
    generator, sides, documents, ids, texts = clean(seed)
    assert codes(sides, documents, ids, texts) == []
    assert codes([0] * 40, documents, ids, texts) == ["E101"]
    assert codes([row % 2 for row in range(40)], documents, ids, texts) == ["E102"]
    # The same to a reader: other letter case, other spaces, a ligature.
    texts[3] = texts[0].upper().replace(" ", "  \n")
    assert codes(sides, documents, ids, texts) == ["W101"]
    words = prose(generator).split()
    texts[3], texts[0] = " ".join(words), " ".join([*words[:-2], "entirely", "different"])
    assert codes(sides, documents, ids, texts) == ["W102"]


def test_a_leak_is_told_with_its_passages():
    _, sides, documents, ids, texts = clean(0)
    texts[3] = texts[0]
    assert "p0 and p3" in str(find_leakage(sides, documents, ids, texts)[0])


def test_the_same_text_on_one_side_is_no_leak():
    _, sides, documents, ids, texts = clean(0)
    texts[4] = texts[0]
    assert codes(sides, documents, ids, texts) == []
    assert exact_duplicates(texts) == ((0, 4),)


def test_a_test_that_lies_before_its_training_is_found():
    _, sides, documents, ids, texts = clean(0)
    later = [1990 + side for side in sides]
    assert codes(sides, documents, ids, texts, periods=later) == []
    later[0] = 1992
    assert codes(sides, documents, ids, texts, periods=later) == ["E103"]


def test_clean_data_raises_an_alarm_in_at_most_one_draw_of_a_hundred():
    alarms = 0
    for seed in range(500):
        _, sides, documents, ids, texts = clean(seed, rows=24)
        alarms += bool(codes(sides, documents, ids, texts))
    assert alarms <= 5, alarms


@pytest.mark.parametrize("copies", [2, 3, 120])
def test_a_text_that_stands_on_both_sides_is_found_however_often_it_is_repeated(copies):
    _, sides, documents, ids, texts = clean(1, rows=240)
    for row in range(0, 2 * copies, 2):
        texts[row] = texts[0]
    assert codes(sides, documents, ids, texts) == ["W101"]


def near_pairs(
    seed: int, *, changed: int, words: int = 100, pairs: int = 100
) -> tuple[list[str], list[tuple[int, int]]]:
    """Pairs of texts of which the second has another end; their word triples overlap by a known share."""
    generator = np.random.default_rng(seed)
    texts = []
    for _ in range(pairs):
        text = prose(generator, words).split()
        texts += [
            " ".join(text),
            " ".join([*text[: words - changed], *generator.choice(WORDS, size=changed)]),
        ]
    return texts, [(2 * pair, 2 * pair + 1) for pair in range(pairs)]


def test_near_duplicates_are_found_in_scripts_that_put_no_space_between_words():
    chinese = (
        "数字鸿沟必须弥合，技术应当惠及所有人。我们相信，互联网的普及将促进经济增长，而网络安全是各国共同的责任。"
        "发展中国家需要更多的资金和技术支持，以便缩小与发达国家的差距。"
    )
    japanese = "デジタル格差を解消し、技術はすべての人に利益をもたらすべきである。インターネットの普及は経済成長を促進する。"
    texts = [chinese, chinese.replace("更多的资金", "更多资金"), "我国代表团感谢主席先生的发言。"]
    texts += [japanese, japanese.replace("経済成長", "経済の成長")]
    assert [pair[:2] for pair in near_duplicates(texts)] == [(0, 1), (3, 4)]


def test_near_duplicates_at_the_threshold_are_found_in_at_least_95_of_100():
    # 98 triples each, 88 shared: 88 / 108 = 0.815.
    found = found_of = 0
    for seed in range(5):
        texts, planted = near_pairs(seed, changed=10)
        listed = {(first, second): share for first, second, share in near_duplicates(texts)}
        found += sum(pair in listed for pair in planted)
        found_of += len(planted)
        assert all(share >= 0.8 for share in listed.values())
        assert set(listed) <= set(planted)
    assert found >= 0.95 * found_of, (found, found_of)


def test_pairs_below_the_threshold_are_not_called_near():
    # 98 triples each, 78 shared: 78 / 118 = 0.66.
    assert near_duplicates(near_pairs(0, changed=20)[0]) == ()


def test_every_exact_duplicate_is_a_pair_of_similarity_one():
    generator = np.random.default_rng(0)
    texts = [prose(generator, int(words)) for words in generator.integers(1, 30, size=100)]
    doubled = [*texts, *(text.title() for text in texts)]
    listed = {(first, second): share for first, second, share in near_duplicates(doubled)}
    assert all(listed.get((row, row + 100)) == 1.0 for row in range(100))


def test_the_same_call_gives_the_same_pairs_and_short_texts_do_no_harm():
    texts = ["", "a", "a", "!", "a b", "  A  b", "日本 成長", "日本 成長"]
    assert near_duplicates(texts) == near_duplicates(texts)
    assert {(1, 2), (4, 5), (6, 7)} <= {pair[:2] for pair in near_duplicates(texts)}


def test_a_key_made_from_a_label_is_found_and_honest_keys_hardly_ever():
    false = 0
    for seed in range(500):
        generator = np.random.default_rng(seed)
        truth = generator.random((200, 2)) < [0.3, 0.1]
        honest = {
            "year": generator.integers(1990, 2020, 200).tolist(),
            "party": generator.choice(["a", "b"], 200).tolist(),
        }
        false += bool(planted_columns(honest, truth, ("growth", "divide")))
        planted = honest | {
            "flag": np.where(truth[:, 0], "yes", generator.choice(["no", "unsure"], 200)).tolist()
        }
        assert [finding.sentence for finding in planted_columns(planted, truth, ("growth", "divide"))][
            -1:
        ] == ["The key 'flag' tells the label 'growth' without a miss."]
    assert false <= 5, false
