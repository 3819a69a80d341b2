"""Personal data in texts that have a form to be recognised by; `names_of_people` finds names.

Numbers are checked by `python-stdnum` (check digits of national numbers, bank accounts, cards) and `phonenumbers` (Google's
libphonenumber). What is found is told by kind and place alone; the value itself is never shown. What has no such form (an
address, a nickname, a story that fits one person) is not found: a masked text is not anonymous.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from headwinds.extras import require

Check = Callable[[str], bool]

LETTER = r"0-9A-Za-z_\u00c0-\u052f\u1e00-\u1fff"  # Latin, Greek, Cyrillic; a Chinese character may stand right beside it
# From the first letter on, and nothing given back: else a long word without "@" is read again from each of its letters.
EMAIL = re.compile(rf"(?<![{LETTER}.+%'-])[{LETTER}.+%'-]++@(?:[{LETTER}-]+\.)+[{LETTER}-]{{2,}}")
ADDRESS = re.compile(  # a colon may follow, and stand between a word and an address of four numbers
    r"(?<![A-Za-z0-9_.])(?:(?<!:)|(?<=[^\W\d_]:))\d{1,3}(?:\.\d{1,3}){3}(?![A-Za-z0-9_]|\.\d)"
    r"|(?<![A-Za-z0-9_.:])(?:[0-9a-fA-F]{0,4}:){2,6}\d{1,3}(?:\.\d{1,3}){3}(?![A-Za-z0-9_]|\.\d)"
    r"|(?<![A-Za-z0-9_.:])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![A-Za-z0-9_:]|\.\d)"
)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{1,4}){2,8}(?![A-Za-z0-9])", re.IGNORECASE)
CARD = re.compile(r"(?<![A-Za-z0-9-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![A-Za-z0-9-])")
# As cards are printed, whatever figures stand beside them: their end of validity, their code, a year. Not in a row of many
# numbers of four figures, where every tenth would be right by chance.
PRINTED_CARD = re.compile(
    r"(?<![A-Za-z0-9])(?<!\d{4}[ -]\d{4}[ -])(?:(?:[3-6]\d|2[2-7])\d{2}([ -]?)\d{4}\1\d{4}\1\d{4}"
    r"|3[47]\d{2}([ -]?)\d{6}\2\d{5}|3[0689]\d{2}([ -]?)\d{6}\3\d{4})(?![A-Za-z0-9])(?!(?:[ -]\d{4}){2})"
)
WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width letters, digits and signs, as Chinese and Japanese keyboards write them, to plain ones."""
SPACES_AND_HYPHENS = dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x3000], " ") | dict.fromkeys(
    range(0x2010, 0x2014), "-"
)
"""What typesetting makes of the spaces and hyphens in a number. One character for one, so that places stay."""


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Characters `start` up to `end` of a text are of a kind of personal data."""

    kind: str
    start: int
    end: int


def find_personal_data(text: str, *, regions: Sequence[str] = ()) -> list[PersonalData]:
    """What a text has, in its order and without overlaps: two that overlap become one, of the longer one's kind.

    Parameters
    ----------
    regions
        Countries (ISO 3166-1 alpha-2) whose telephone numbers are found without the country's code too; in international
        form they are found anyway.

    Raises
    ------
    SettingsError
        The extra `privacy` is not installed.
    """
    require("stdnum", "phonenumbers")
    wide = text.translate(WIDE)
    plain = wide.translate(SPACES_AND_HYPHENS)
    found = [PersonalData("email", *match.span()) for match in EMAIL.finditer(wide)]
    found += _addresses(plain)
    found += _accounts(plain) + _cards(plain)
    for kind, pattern, check in _numbers():
        found += [PersonalData(kind, *match.span()) for match in _right(pattern, plain, check)]
    found += _phones(wide, regions)
    return _without_overlaps(found)


def joined(*found: Sequence[PersonalData]) -> list[PersonalData]:
    """What several searches found, without overlaps."""
    return _without_overlaps([one for several in found for one in several])


def _right(pattern: re.Pattern[str], text: str, check: Check) -> Iterator[re.Match[str]]:
    """Matches whose digits are right; after one that is not, also those that begin within it."""
    place = 0
    while match := pattern.search(text, place):
        right = check(match.group())
        if right:
            yield match
        place = match.end() if right else match.start() + 1


def _addresses(text: str) -> list[PersonalData]:
    found = []
    for match in ADDRESS.finditer(text):
        said = match.group()
        if not _is_address(said) and said.endswith(":"):  # that one is the sentence's
            said = said[:-1]
        if _is_address(said):
            found.append(PersonalData("ip address", match.start(), match.start() + len(said)))
    return found


def _accounts(text: str) -> list[PersonalData]:
    from stdnum import iban

    found, place = [], 0
    while match := IBAN.search(text, place):
        place, end = match.start() + 1, match.end()
        while end > match.start():  # words that follow are no part of the number
            if iban.is_valid(text[match.start() : end]):
                found.append(PersonalData("iban", match.start(), end))
                place = end
                break
            end = max(text.rfind(between, match.start(), end) for between in " -")
    return found


def _cards(text: str) -> list[PersonalData]:
    from stdnum import luhn

    check = luhn_of_digits(luhn.is_valid)
    matches = [match for match in CARD.finditer(text) if check(match.group())]
    return [PersonalData("card", *match.span()) for match in (*matches, *_right(PRINTED_CARD, text, check))]


def _phones(text: str, regions: Sequence[str]) -> list[PersonalData]:
    import phonenumbers

    if sum(character.isdigit() for character in text) < 6:
        return []
    apart = re.sub(
        r"[\u2e80-\uffef]", " ", text
    )  # the library takes a Chinese character for a part of the number
    found = []
    for region in (None, *regions):
        for match in phonenumbers.PhoneNumberMatcher(apart, region):
            found.append(PersonalData("phone", match.start, match.end))
    return found


@cache
def _numbers() -> tuple[tuple[str, re.Pattern[str], Check], ...]:
    """National numbers of people: the form, and the check of their digits."""
    from stdnum.br import cpf
    from stdnum.ch import ssn as ahv
    from stdnum.cn import ric
    from stdnum.de import idnr
    from stdnum.es import dni, nie
    from stdnum.fr import nir
    from stdnum.in_ import aadhaar
    from stdnum.it import codicefiscale
    from stdnum.kr import rrn
    from stdnum.mx import curp
    from stdnum.pl import pesel
    from stdnum.us import ssn
    from stdnum.za import idnr as za

    forms: tuple[tuple[str, str, Check], ...] = (
        ("national number (US)", r"\d{3}-\d{2}-\d{4}", ssn.is_valid),
        ("national number (FR)", r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", nir.is_valid),
        ("national number (DE)", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", idnr.is_valid),
        ("national number (ES)", r"\d{8}-?[A-Za-z]", dni.is_valid),
        ("national number (ES)", r"[XYZxyz]-?\d{7}-?[A-Za-z]", nie.is_valid),
        (
            "national number (IT)",
            r"[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]",
            codicefiscale.is_valid,
        ),
        ("national number (CN)", r"\d{17}[\dXx]", ric.is_valid),
        ("national number (BR)", r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf.is_valid),
        ("national number (IN)", r"\d{4}[ -]\d{4}[ -]\d{4}", aadhaar.is_valid),
        ("national number (KR)", r"\d{6}-\d{7}", rrn.is_valid),
        ("national number (MX)", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", curp.is_valid),
        ("national number (PL)", r"\d{11}", pesel.is_valid),
        ("national number (CH)", r"756[.]?\d{4}[.]?\d{4}[.]?\d{2}", ahv.is_valid),
        ("national number (ZA)", r"\d{13}", za.is_valid),
    )
    # No digit or Latin letter beside it; a Chinese character may stand right there.
    edges = r"(?<![A-Za-z0-9])(?:{})(?![A-Za-z0-9])"
    return tuple((kind, re.compile(edges.replace("{}", form)), check) for kind, form, check in forms)


def luhn_of_digits(check: Check) -> Check:
    """A check of digits for a number with spaces or hyphens in it."""
    return lambda number: check(re.sub(r"[ -]", "", number))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(character not in "0:." for character in text)


def _without_overlaps(found: Sequence[PersonalData]) -> list[PersonalData]:
    """Stretches that overlap become one: of a part that is left out, something would stay in a masked text."""
    kept: list[PersonalData] = []
    longest = 0
    for one in sorted(found, key=lambda item: (item.start, -item.end, item.kind)):
        length = one.end - one.start
        if kept and one.start < kept[-1].end:
            last = kept.pop()
            kind = one.kind if length > longest else last.kind
            kept.append(PersonalData(kind, last.start, max(last.end, one.end)))
            longest = max(longest, length)
        else:
            kept.append(one)
            longest = length
    return kept
