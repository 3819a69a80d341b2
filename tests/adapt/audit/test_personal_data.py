"""Personal data with a form are found in six languages, nothing else is, spans move along, and no value is ever told."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter
from itertools import pairwise

import pytest
from scipy.stats import beta

from adapt.audit.people import documents
from headwinds.adapt.audit.masking import mask_file, mask_rows, moved, search_rows
from headwinds.adapt.audit.names_of_people import find_names
from headwinds.adapt.audit.personal_data import PersonalData, find_personal_data, joined
from headwinds.adapt.augmentation.edits import Edit
from headwinds.adapt.tasks.contract import Row
from headwinds.cli.main import main
from headwinds.errors import DataError, MismatchError, SettingsError

MAIL = "anna@mail.example.org"


def test_at_least_99_in_100_are_found_in_every_language_and_hardly_anything_else():
    there, found, characters, wrongly = Counter(), Counter(), 0, 0
    for document in documents(600, seed=1):
        spans = find_personal_data(document.text)
        for kind, start, end in document.truth:
            there[document.language] += 1
            hit = any(one.start <= start and one.end >= end for one in spans)
            found[document.language] += hit
            assert hit or kind != "email", document
        marked = {place for _, start, end in document.truth for place in range(start, end)}
        characters += len(document.text)
        wrongly += sum(place not in marked for one in spans for place in range(one.start, one.end))
    assert len(there) == 6
    for language, count in there.items():
        misses = count - found[language]
        assert found[language] / count >= 0.99, (language, misses, count)
    everything, hits = sum(there.values()), sum(found.values())
    assert beta.ppf(0.05, hits, everything - hits + 1) >= 0.99
    assert wrongly / characters < 0.005


@pytest.mark.parametrize(
    "text",
    [
        "In 1990-2000 growth was 3.5%, after 12.4.2001 it was 1 234 567 890 dollars in 24 countries.",
        "Resolution 61/106 of 13 December 2006, A/RES/61/106, paragraph 12.3.4.",
        "ISBN 978-3-16-148410-0, version 2.0.1, 10:30:45, pages 100-199",
        "Agenda item 123-45 and the year 2015, 17 goals, 169 targets, 2030",
        "联合国大会2015年9月25日第70/1号决议，17个目标，169个具体目标",
        "@handle a@b and e-mail to nobody",
    ],
)
def test_ordinary_figures_are_left_alone(text):
    assert find_personal_data(text) == []


def test_what_stands_in_a_text_is_found_at_its_characters():
    text = f"👩‍👩‍👧 wrote to {MAIL}, then called +41 44 668 18 00; 2001:db8::8a2e:370:7334 ok"
    found = [(one.kind, text[one.start : one.end]) for one in find_personal_data(text)]
    assert found == [
        ("email", MAIL),
        ("phone", "+41 44 668 18 00"),
        ("ip address", "2001:db8::8a2e:370:7334"),
    ]


@pytest.mark.parametrize(
    "number", ["gb50mvfc38361978683032", "GB50 MVFC 3836 1978 6830 32", "gb50 mvfc 3836 1978 6830 32"]
)
def test_an_account_is_found_in_small_letters_and_among_words(number):
    text = f"my iban is {number} ok and that is all of it"
    assert [(one.kind, text[one.start : one.end]) for one in find_personal_data(text)] == [("iban", number)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Card 4111 1111 1111 1111 12/27 valid", "card", "4111 1111 1111 1111"),
        ("Card 4111111111111111 123", "card", "4111111111111111"),
        ("In 2024 4111 1111 1111 1111 was used", "card", "4111 1111 1111 1111"),
        ("Card 4111\u00a01111\u00a01111\u00a01111", "card", "4111\u00a01111\u00a01111\u00a01111"),
        ("Card 4111\u20111111\u20111111\u20111111", "card", "4111\u20111111\u20111111\u20111111"),
        ("Ref AB12 IBAN DE89 3704 0044 0532 0130 00", "iban", "DE89 3704 0044 0532 0130 00"),
        ("IBAN DE89\u00a03704 0044 0532 0130 00 ok", "iban", "DE89\u00a03704 0044 0532 0130 00"),
        ("IBAN DE89-3704-0044-0532-0130-00 ok", "iban", "DE89-3704-0044-0532-0130-00"),
        ("In 2024 2341 2341 2346 he paid", "national number (IN)", "2341 2341 2346"),
        ("number 536\u201390\u20114399 ok", "national number (US)", "536\u201390\u20114399"),
        ("from 192.0.2.17: hello", "ip address", "192.0.2.17"),
        ("from 192.0.2.17:8080 on", "ip address", "192.0.2.17"),
        ("IP:192.0.2.17 on", "ip address", "192.0.2.17"),
        ("at ::ffff:192.0.2.17 it", "ip address", "::ffff:192.0.2.17"),
        ("at 2001:db8::1: hello", "ip address", "2001:db8::1"),
        ("an maria＠example．org jetzt", "email", "maria＠example．org"),
        ("gửi nguyễn.văn@example.vn nhé", "email", "nguyễn.văn@example.vn"),
        ("电话＋８６ １０ ６５０５ １２３４。", "phone", "＋８６ １０ ６５０５ １２３４"),
    ],
)
def test_what_stands_beside_it_and_how_it_is_typeset_hide_nothing(text, kind, value):
    assert [(one.kind, text[one.start : one.end]) for one in find_personal_data(text)] == [(kind, value)]


def test_of_two_that_overlap_nothing_stays():
    name, mail = PersonalData("name", 0, 9), PersonalData("email", 5, 21)
    assert joined([mail], [name]) == [PersonalData("email", 0, 21)] == joined([name], [mail])
    assert joined([PersonalData("name", 0, 4)], [mail]) == [PersonalData("name", 0, 4), mail]


def test_a_long_word_takes_no_longer_than_as_many_letters_in_short_ones():
    start = time.perf_counter()
    assert find_personal_data("a" * 300_000) == []
    assert time.perf_counter() - start < 5


def test_national_telephone_numbers_are_found_where_their_country_is_named():
    text = "Call 030 901820 tomorrow"
    assert find_personal_data(text) == []
    assert [one.kind for one in find_personal_data(text, regions=("DE",))] == ["phone"]


def test_spans_and_entities_move_with_the_text():
    text = f"Write to {MAIL} in Geneva today"
    start = text.index("Geneva")
    spans = [
        {"start": start, "end": start + 6, "label": "LOC"},
        {"start": 9, "end": 9 + len(MAIL), "label": "MAIL"},
    ]
    row = Row("row 1", {"text": text, "spans": spans, "head": [start, start + 6], "tail": [0, 5]})
    (masked,) = mask_rows([row], ("text",))
    values = masked.row.values
    assert values["text"] == "Write to [EMAIL] in Geneva today"
    assert [values["text"][one["start"] : one["end"]] for one in values["spans"]] == ["Geneva", "[EMAIL]"]
    assert values["text"][slice(*values["head"])] == "Geneva"
    assert values["text"][slice(*values["tail"])] == "Write"


def test_words_with_tags_are_masked_one_for_one():
    tokens = ["Call", "+41", "44", "668", "18", "00", "in", "Bern"]
    (masked,) = mask_rows([Row("r", {"tokens": tokens, "tags": ["O"] * 7 + ["B-LOC"]})], ("tokens",))
    assert masked.row.values["tokens"] == ["Call", *["[PHONE]"] * 5, "in", "Bern"]
    assert masked.row.values["tags"][-1] == "B-LOC"


def test_conversations_lists_and_whole_numbers_are_masked_too(tmp_path):
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    messages = [{"role": "user", "content": f"I am {MAIL}"}, {"role": "assistant", "content": "Hello"}]
    row = {"messages": messages, "card": 4111111111111111, "n": 7, "choices": [MAIL, "none", True, None]}
    source.write_text(json.dumps(row) + "\n", encoding="utf-8")
    found = mask_file(source, output, columns=("messages", "card", "n", "choices"))
    assert json.loads(output.read_text(encoding="utf-8")) == {
        "messages": [{"role": "user", "content": "I am [EMAIL]"}, messages[1]],
        "card": "[CARD]",
        "n": 7,
        "choices": ["[EMAIL]", "none", True, None],
    }
    assert found.counts == {"card": (1, 1), "email": (2, 1)}


def test_a_span_that_repeats_its_words_is_masked_with_the_text():
    text = f"Write to {MAIL} now"
    span = {"start": 9, "end": 9 + len(MAIL), "label": "MAIL", "text": MAIL}
    (masked,) = mask_rows([Row("row 1", {"text": text, "spans": [span]})], ("text",))
    assert masked.row.values["spans"] == [{"start": 9, "end": 16, "label": "MAIL", "text": "[EMAIL]"}]


def test_spans_of_three_values_move_too():
    row = Row("row 1", {"text": f"{MAIL} in Bern", "spans": [[25, 29, "LOC"]]})
    (masked,) = mask_rows([row], ("text",))
    (span,) = masked.row.values["spans"]
    assert (masked.row.values["text"][slice(*span[:2])], span[2]) == ("Bern", "LOC")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("spans", [{"start": "x", "end": 3}]),
        ("spans", ["a"]),
        ("spans", [{"start": 0}]),
        ("spans", [{"start": 0, "end": 999, "text": MAIL}]),
        ("spans", [[5, 3, "LOC"]]),
        ("head", [1]),
        ("tail", ["a", True]),
    ],
)
def test_what_is_no_place_is_told_in_one_line_without_what_stands_there(column, value):
    with pytest.raises(DataError, match=f"row 1: {column} holds what is no place") as told:
        mask_rows([Row("row 1", {"text": f"Write to {MAIL}", column: value})], ("text",))
    assert MAIL not in str(told.value)


def test_places_of_answers_in_a_context_are_not_left_behind():
    row = {"question": "Who?", "context": f"{MAIL} and Ann", "answers": [{"text": "Ann", "start": 27}]}
    with pytest.raises(DataError, match="row 1: answers holds places"):
        mask_rows([Row("row 1", row)], ("context",))
    (masked,) = mask_rows([Row("row 1", row | {"answers": []})], ("context",))
    assert masked.row.values["context"] == "[EMAIL] and Ann"


def test_a_span_that_is_cut_into_takes_the_whole_mask():
    assert moved([(0, 4), (8, 12), (20, 22)], [Edit(2, 10, "[X]")]) == [(0, 5), (2, 7), (15, 17)]


def test_a_masked_file_holds_no_value_and_the_report_names_kinds_and_lines_alone(tmp_path, capsys):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = [{"text": f"write to {MAIL}", "label": "a"}, {"text": "nothing here", "label": "b"}]
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    assert main(["mask", "--input", str(source), "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert MAIL not in said + output.read_text(encoding="utf-8")
    assert "1 in 2 rows: email 1" in said
    assert "not anonymous" in said
    masked = list(csv.DictReader(io.StringIO(output.read_text(encoding="utf-8"))))
    assert masked == [{"text": "write to [EMAIL]", "label": "a"}, rows[1]]
    found = mask_file(source, tmp_path / "out.jsonl")
    assert found.places == {"email": (f"{source}, line 2",)}
    assert MAIL not in repr(found) + found.to_html()
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {"text": "write to [EMAIL]", "label": "a"}


def test_searching_changes_nothing_and_counts_the_same():
    rows = [Row("row 1", {"text": f"{MAIL} and {MAIL}", "label": "a"})]
    found = search_rows(rows)
    assert found.counts == {"email": (2, 1)}
    assert rows[0].values["text"] == f"{MAIL} and {MAIL}"


def test_names_are_masked_by_a_model_of_names_also_where_nobody_typed_a_capital(names_model):
    texts = [
        "we met Rose about the rose",
        "here is bill and saw the hope",
        "",
    ]
    rows = [Row(f"row {number}", {"text": text}) for number, text in enumerate(texts)]
    masked = mask_rows(rows, ("text",), names_model=names_model)
    assert masked[0].row.values["text"] == "we met [NAME] about the rose"
    assert "bill" not in masked[1].row.values["text"]
    assert "Bill" not in masked[1].row.values["text"]  # it was read otherwise, not written
    assert masked[2].row.values["text"] == ""
    assert masked[0].masked == (("text", "name"),)


def test_less_probability_masks_more_and_never_what_is_likeliest_less(names_model):
    texts = [
        "we met Rose about the Hope",
        "they wrote to bill and saw the Grace",
        "Here is the Hope for the Rose",
    ]
    marked = []
    for least in (1.0, 0.1, 0.01, 1e-9):
        found = find_names(names_model, texts, names_probability=least)
        marked.append(
            {(text, at) for text, own in enumerate(found) for one in own for at in range(one.start, one.end)}
        )
    for fewer, more in pairwise(marked):
        assert fewer <= more
    assert (0, texts[0].index("Rose")) in marked[0]
    assert len(marked[0]) < len(marked[-1])
    for text, line in enumerate(texts):
        assert all((text, place) in marked[-1] for place, letter in enumerate(line) if letter != " ")


def test_a_name_that_was_found_once_is_masked_wherever_the_text_says_it_again(names_model):
    alone, again = "Rose and the war", "Rose and the war . we met Rose about the rose"
    assert find_names(names_model, [alone], names_probability=1.0) == [[]]
    (masked,) = mask_rows(
        [Row("r", {"text": again})], ("text",), names_model=names_model, names_probability=1.0
    )
    assert masked.row.values["text"] == "[NAME] and the war . we met [NAME] about the rose"


@pytest.mark.parametrize("least", [0, -0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(names_model, least):
    with pytest.raises(SettingsError, match=r"names_probability = .*above 0 and at most 1"):
        find_names(names_model, ["we met Rose"], names_probability=least)


def test_a_model_that_knows_no_names_is_refused(several_model):
    with pytest.raises(MismatchError, match="does text-classification"):
        mask_rows([Row("row 1", {"text": "x"})], ("text",), names_model=several_model)


def test_what_cannot_be_masked_is_said(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"text": MAIL, "answers": [{"start": 0}]}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line 1: answers holds places"):
        mask_file(source, tmp_path / "out.jsonl")
    with pytest.raises(DataError, match="no column body; it has text, answers"):
        mask_file(source, tmp_path / "out.jsonl", columns=("body",))
    with pytest.raises(SettingsError, match=r"\.xlsx"):
        mask_file(source, tmp_path / "out.xlsx")
