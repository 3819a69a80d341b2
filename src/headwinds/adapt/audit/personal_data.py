"""Personal data in texts that have a form to be recognised by; `names_of_people` finds names.

Numbers are checked by `python-stdnum` (check digits of national numbers, bank accounts, cards) and `phonenumbers` (Google's
libphonenumber). What is found is told by kind and place alone; the value itself is never shown. What has no such form (an
address, a nickname, a story that fits one person) is not found: a masked text is not anonymous.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from headwinds.extras import require

Check = Callable[[str], bool]

LETTER = r"0-9A-Za-z_\u00c0-\u052f"  # Latin, Greek, Cyrillic; a Chinese character may stand right beside an address
EMAIL = re.compile(rf"[{LETTER}.+%'-]+@(?:[{LETTER}-]+\.)+[{LETTER}-]{{2,}}")
ADDRESS = re.compile(
    r"(?<![A-Za-z0-9_.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})(?![A-Za-z0-9_:]|\.\d)"
)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){2,8}(?![A-Za-z0-9])", re.IGNORECASE)
CARD = re.compile(r"(?<![\d-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\d-])")


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Characters `start` up to `end` of a text are of a kind of personal data."""

    kind: str
    start: int
    end: int


def find_personal_data(text: str, *, regions: Sequence[str] = ()) -> list[PersonalData]:
    """What a text has, in its order and without overlaps; of two that overlap the longer one.

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
    found = [PersonalData("email", *match.span()) for match in EMAIL.finditer(text)]
    found += [
        PersonalData("ip address", *match.span())
        for match in ADDRESS.finditer(text)
        if _is_address(match.group())
    ]
    found += _accounts(text)
    for kind, pattern, check in _numbers():
        found += [
            PersonalData(kind, *match.span()) for match in pattern.finditer(text) if check(match.group())
        ]
    found += _phones(text, regions)
    return _without_overlaps(found)


def joined(*found: Sequence[PersonalData]) -> list[PersonalData]:
    """What several searches found, without overlaps."""
    return _without_overlaps([one for several in found for one in several])


def _accounts(text: str) -> list[PersonalData]:
    from stdnum import iban

    found = []
    for match in IBAN.finditer(text):
        end = match.end()
        while end > match.start():  # words that follow are no part of the number
            if iban.is_valid(text[match.start() : end]):
                found.append(PersonalData("iban", match.start(), end))
                break
            end = text.rfind(" ", match.start(), end)
    return found


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
    """National numbers of people and cards: the form, and the check of their digits."""
    from stdnum import luhn
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
        ("card", CARD.pattern, luhn_of_digits(luhn.is_valid)),
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
    kept: list[PersonalData] = []
    for one in sorted(found, key=lambda item: (item.start - item.end, item.start, item.kind)):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda item: item.start)
