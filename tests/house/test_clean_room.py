"""Nothing in the repository depends on the machine that it was written on."""

from __future__ import annotations

import re

from house.repository import committed_texts

# A path from the root of somebody's disk, or to a folder beside the checkout.
ELSEWHERE = re.compile(
    r"(?<![\w.:/~$}>-])/(?:home|root|work|mnt|srv|Users|private)/\w|/tmp/\w+/|\.\./\w+/(?:data|anchors|hooks)|"
    r"\bshared/(?:data|anchors|hooks|design|essay)"
)


def test_no_committed_text_names_a_path_of_some_machine():
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in committed_texts()
        if not name.endswith((".jsonl", ".csv"))
        for number, line in enumerate(text.splitlines(), start=1)
        if ELSEWHERE.search(line)
    ]
    assert found == []


def test_the_pattern_knows_such_a_path_when_it_sees_one():
    for path in ("'%home%ann%x'", "cd %work%thing", "..%beside%data%x.csv", "open('%tmp%abc%x')"):
        assert ELSEWHERE.search(path.replace("%", "/")), path  # written so that this file names none itself
    for text in ("https://example.org/home/page", "src/work/x", "network/home/x"):
        assert not ELSEWHERE.search(text), text


def test_no_committed_text_has_windows_line_ends():
    assert [
        name for name, text in committed_texts() if "\r\n" in text and not name.startswith("tests/")
    ] == []
