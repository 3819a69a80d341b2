"""A statement of the brief: what the data show, do not show, or what a check refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from headwinds.contracts import Finding

Verdict = Literal["shown", "not_shown", "refused"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One finding in plain words, and whether the data show it, do not, or a check refused the number."""

    heading: str
    text: str
    verdict: Verdict


def codes(findings: Iterable[Finding]) -> str:
    """The codes of findings, each once, as text."""
    return ", ".join(dict.fromkeys(finding.code for finding in findings))


def error_codes(findings: Iterable[Finding]) -> str:
    """The codes of those that must be mended; a number with one of them is not shown."""
    return codes(finding for finding in findings if finding.severity == "error")
