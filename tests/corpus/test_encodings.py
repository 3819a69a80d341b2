"""Said encodings are read exactly; a wrong one is refused with its place, never guessed over and never patched."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from corpus.files import csv_text, read, rows_of
from headwinds.corpus.encodings import decode, likely_encoding
from headwinds.errors import EncodingError, SettingsError

SPOKEN = {
    "utf-8": "Wachstum für alle – 増加, рост, النمو, 👩‍🔬, e\u0301, \u00e9",
    "utf-8-sig": "naïve café",
    "utf-16": "Größe 𝒳",
    "utf-16-le": "Größe",
    "utf-16-be": "Größe",
    "utf-32": "Größe",
    "utf-32-le": "Größe",
    "latin-1": "L'économie française croît",
    "cp1252": "“L'économie” – 5 €",
    "cp1251": "экономический рост",
    "koi8-r": "экономический рост",
    "iso8859-2": "wzrost gospodarczy łączność",
    "cp1253": "οικονομική ανάπτυξη",
    "shift_jis": "経済成長",
    "euc_jp": "経済成長",
    "euc_kr": "경제 성장",
    "gb18030": "经济增长",
    "big5": "經濟成長",
    "cp1256": "النمو الاقتصادي",
    "tis-620": "การเติบโต",
}


@pytest.mark.parametrize("encoding", SPOKEN)
def test_a_said_encoding_is_read_to_the_letter(encoding, tmp_path):
    rows = [(f"p{i}", f"{SPOKEN[encoding]} {i}", "1990") for i in range(10)]
    path = tmp_path / "documents.csv"
    path.write_bytes(csv_text(rows).encode(encoding))
    assert rows_of(read(path, encoding=encoding)) == rows


@pytest.mark.parametrize("encoding", [name for name in SPOKEN if name not in ("utf-8", "utf-8-sig")])
def test_an_encoding_that_was_not_said_is_refused_with_its_line_and_never_read_wrongly(encoding, tmp_path):
    path = tmp_path / "documents.csv"
    path.write_bytes(csv_text([("p1", SPOKEN[encoding], "1990")]).encode(encoding))
    with pytest.raises(EncodingError, match=r"line [12]: .*utf-8") as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_the_first_column(mark, encoding, tmp_path):
    path = tmp_path / "documents.csv"
    rows = [("p1", "a", "1990")]
    path.write_bytes(mark + csv_text(rows).encode(encoding))
    assert rows_of(read(path, encoding=encoding)) == rows


def test_the_place_of_the_first_wrong_byte_and_the_likely_encoding_are_told():
    data = "passage_id,text\np1,fine\np2,économie\n".encode("cp1252")
    with pytest.raises(EncodingError) as caught:
        decode(data, "utf-8", Path("documents.csv"))
    at = data.index(b"\xe9")
    assert f"documents.csv, line 3: byte {at} (0xe9) is not utf-8. It looks like cp1252." in str(caught.value)
    assert 'Set encoding = "cp1252"' in str(caught.value)
    with pytest.raises(EncodingError, match=rf"line 3: byte {at + 3} "):
        decode(codecs.BOM_UTF8 + data, "utf-8", Path("documents.csv"))


@pytest.mark.parametrize(
    "text",
    [
        "L'économie a créé des réseaux équitables",
        "Die Größe der Märkte für Güter",
        "crescimento não é só inovação",
    ],
)
def test_latin_text_is_not_taken_for_chinese(text):
    assert likely_encoding(text.encode("latin-1"), besides="utf-8") == "cp1252"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xc0\xaf", "overlong"),
        (b"\xed\xa0\x80", "half a character"),
        (b"\xf5\x80\x80\x80", "beyond Unicode"),
        (b"\xff", "never a byte of UTF-8"),
        (b"abc\xe4\xb8", "cut within a character"),
    ],
)
def test_bytes_that_are_no_utf8_are_never_replaced(data, words):
    with pytest.raises(EncodingError, match="line 2: byte"):
        decode(b"text\n" + data, "utf-8", Path(words))


def test_mixed_encodings_are_refused_at_the_line_where_they_change(tmp_path):
    path = tmp_path / "documents.csv"
    path.write_bytes("passage_id,text,year\np1,für,1990\n".encode() + "p2,für,1990\n".encode("latin-1"))
    with pytest.raises(EncodingError, match="line 3: byte"):
        read(path)


def test_utf16_without_a_mark_must_say_which_byte_comes_first():
    with pytest.raises(EncodingError, match=r'no byte-order mark.*Set encoding = "utf-16-le" or "utf-16-be"'):
        decode("text\n".encode("utf-16-be"), "utf-16", Path("documents.csv"))
    with pytest.raises(EncodingError, match=r'are zero, so it is not utf-8. Set encoding = "utf-16-be"'):
        decode("text\n".encode("utf-16-be"), "utf-8", Path("documents.csv"))
    with pytest.raises(EncodingError, match="begins with the mark of UTF-32"):
        decode("text\n".encode("utf-32"), "utf-16", Path("documents.csv"))


@pytest.mark.parametrize("name", ["klingon", "", "base64", "rot13", "hex", "utf-8\0", "undefined"])
def test_a_name_that_is_no_encoding_of_text_is_told(name):
    with pytest.raises(SettingsError, match="is not an encoding of text"):
        decode(b"text", name, Path("documents.csv"))
