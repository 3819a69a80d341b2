"""Synthetic documents in six languages with personal data at known places; nobody in them exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SENTENCES = {
    "en": (
        "The committee met on 12 May 2019 and agreed 3 points of 24.",
        "Write to {} now.",
        "The number is {} now.",
    ),
    "de": (
        "Der Ausschuss traf sich am 12.05.2019 zu 3 von 24 Punkten.",
        "Bitte an {} bis Freitag.",
        "Nummer {} jetzt.",
    ),
    "fr": (
        "La commission a retenu le 12 mai 2019 3 points sur 24.",
        "Écrivez à {} avant vendredi.",
        "Numéro : {} !",
    ),
    "es": (
        "La comisión acordó el 12 de mayo de 2019 3 puntos de 24.",
        "Escriba a {} ya.",
        "Su número es {} ahora.",
    ),
    "it": (
        "La commissione ha approvato il 12 maggio 2019 3 punti su 24.",
        "Scriva a {} oggi.",
        "Il numero è {} ora.",
    ),
    "zh": (
        "委员会于2019年5月12日开会，通过了24项中的3项。",
        "请在星期五之前写信给{}。",
        "他的号码现在是{}。",
    ),
}
REGIONS = {
    "en": "+1 202-555-0{:03d}",
    "de": "+49 30 9018{:04d}",
    "fr": "+33 1 40 20 {:02d} {:02d}",
    "es": "+34 91 555 {:02d} {:02d}",
    "it": "+39 06 6982 {:04d}",
    "zh": "+86 10 6505 {:04d}",
}
DOMAINS = ("mail.example.org", "post.example.com", "uni-x.example.de")


@dataclass(frozen=True)
class Document:
    """A text, its language, and what stands where: (kind, start, end)."""

    language: str
    text: str
    truth: tuple[tuple[str, int, int], ...]


def documents(count: int, *, seed: int) -> list[Document]:
    """Each document has two pieces of personal data, of kinds and languages drawn."""
    generator = np.random.default_rng(seed)
    return [_document(generator) for _ in range(count)]


def _document(generator: np.random.Generator) -> Document:
    language = str(generator.choice(list(SENTENCES)))
    text, truth = "", []
    for sentence in SENTENCES[language]:
        if text and language != "zh":
            text += " "
        if "{}" not in sentence:
            text += sentence
            continue
        kind, value = _value(language, generator)
        before, after = sentence.split("{}")
        start = len(text) + len(before)
        truth.append((kind, start, start + len(value)))
        text += before + value + after
    return Document(language, text, tuple(truth))


def _value(language: str, generator: np.random.Generator) -> tuple[str, str]:
    kind = str(generator.choice(["email", "phone", "iban", "card", "national", "ip"]))
    digits = "".join(str(d) for d in generator.integers(0, 10, size=20))
    if kind == "email":
        name = str(generator.choice(["anna.keller", "j.dupont", "wei_zhang", "o'neil", "maria+news"]))
        return "email", f"{name}{digits[:2]}@{generator.choice(DOMAINS)}"
    if kind == "phone":
        form = REGIONS[language]
        low = int(generator.integers(100, 199)) if language == "en" else int(generator.integers(0, 9999))
        return "phone", form.format(low) if form.count("{") == 1 else form.format(low % 100, low // 100)
    if kind == "ip":
        a, b, c, d = generator.integers(1, 255, size=4)
        return "ip address", f"{a}.{b}.{c}.{d}"
    if kind == "iban":
        return "iban", _iban(digits, spaced=bool(generator.integers(2)))
    if kind == "card":
        return "card", _card("4" + digits[:14], spaced=bool(generator.integers(2)))
    return _national(language, digits, generator)


def _iban(digits: str, *, spaced: bool) -> str:
    account = digits[:18]
    check = 98 - int(account + "131400") % 97
    number = f"DE{check:02d}{account}"
    return " ".join(number[n : n + 4] for n in range(0, 22, 4)) if spaced else number


def _card(digits: str, *, spaced: bool) -> str:
    total = sum(int(d) if n % 2 else sum(divmod(2 * int(d), 10)) for n, d in enumerate(digits))
    number = f"{digits}{-total % 10}"
    return " ".join(number[n : n + 4] for n in range(0, 16, 4)) if spaced else number


def _national(language: str, digits: str, generator: np.random.Generator) -> tuple[str, str]:
    year, month, day = (
        int(generator.integers(50, 99)),
        int(generator.integers(1, 13)),
        int(generator.integers(1, 28)),
    )
    if language == "zh":
        body = f"11010519{year:02d}{month:02d}{day:02d}{digits[:3]}"
        weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
        return "national number (CN)", body + "10X98765432"[
            sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11
        ]
    if language == "fr":
        body = f"{1 + int(digits[0]) % 2}{year:02d}{month:02d}75{int(digits[1:4]) % 800 + 100}{digits[4:7]}"
        return "national number (FR)", f"{body}{97 - int(body) % 97:02d}"
    if language == "es":
        return "national number (ES)", digits[:8] + "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits[:8]) % 23]
    if language == "it":
        from stdnum.it import codicefiscale

        body = f"RSSMRA{year:02d}{'ABCDEHLMPRST'[month - 1]}{day:02d}H501"
        return "national number (IT)", body + codicefiscale.calc_check_digit(body)
    if language == "de":
        from stdnum.de import idnr
        from stdnum.exceptions import ValidationError

        while True:
            body = "".join(str(d) for d in generator.integers(0, 10, size=10))
            for last in "0123456789":
                try:
                    return "national number (DE)", idnr.validate(body + last)
                except ValidationError:
                    continue
    first, second, third = (
        int(digits[:3]) % 600 + 100,
        int(digits[3:5]) % 90 + 10,
        int(digits[5:9]) % 9000 + 1000,
    )
    return "national number (US)", f"{first + (first == 666)}-{second}-{third}"
