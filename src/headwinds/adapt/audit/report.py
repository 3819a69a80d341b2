"""The result of an audit: what each part found, its verdict in words, and what was left out and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.audit.bias import SwapResult
from headwinds.adapt.audit.energy import Energy
from headwinds.adapt.audit.explanation import Attributions
from headwinds.adapt.audit.faithfulness import Faithfulness
from headwinds.adapt.audit.groups import GroupResult
from headwinds.adapt.audit.masking import PersonalDataFound
from headwinds.adapt.audit.membership import Membership
from headwinds.adapt.audit.plain import rebuilt
from headwinds.adapt.audit.robustness import Robustness
from headwinds.adapt.training.private import PrivacySpent
from headwinds.artifacts.write import write_json
from headwinds.contracts import Finding
from headwinds.contracts.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FILE, LEFT_OUT = "audit.json", "left out"


@dataclass(frozen=True, slots=True)
class AuditReport(Result):
    """What an audit of a model found.

    Attributes
    ----------
    task, method, labels
        Of the model.
    file, rows, clusters, labelled
        On what it was audited: the file's name, its rows, how many clusters the intervals draw, whether it has labels.
    swaps, groups, robustness, faithfulness, personal_data, membership, energy
        What each part found; empty or None where it was left out.
    examples
        Explanations to look at.
    privacy
        What a private training spent; None where the model was not trained so.
    left_out
        Parts that could not be done, with the reason.
    findings
        What to weigh.
    model
        SHA-256 of the `model.json` of the model, or empty where an audit of an earlier release does not say it.
    """

    task: str
    method: str
    labels: tuple[str, ...]
    file: str
    rows: int
    clusters: int
    labelled: bool
    swaps: tuple[SwapResult, ...] = ()
    groups: tuple[GroupResult, ...] = ()
    robustness: Robustness | None = None
    faithfulness: tuple[Faithfulness, ...] = ()
    examples: tuple[Attributions, ...] = ()
    personal_data: PersonalDataFound | None = None
    privacy: PrivacySpent | None = None
    membership: Membership | None = None
    energy: Energy | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    model: str = ""

    @property
    def verdicts(self) -> list[tuple[str, str, str]]:
        """Part, of what, and the verdict in words."""
        found = [("bias", f"swaps of {one.name}", one.verdict) for one in self.swaps]
        found += [("groups", f"gaps by {one.column}", one.verdict) for one in self.groups]
        if self.robustness is not None:
            found.append(("robustness", "changes that should not matter", self.robustness.verdict))
        found += [("explanations", one.method, one.verdict) for one in self.faithfulness]
        if self.personal_data is not None:
            found.append(("personal data", self.file, self.personal_data.verdict))
        found.append(("training", "differential privacy", private_verdict(self.privacy)))
        if self.membership is not None:
            found.append(("membership", "of the training file", self.membership.verdict))
        if self.energy is not None:
            found.append(("energy", "of predictions", self.energy.verdict))
        return found + [(part, LEFT_OUT, reason) for part, reason in self.left_out.items()]

    @property
    def table(self) -> pd.DataFrame:
        """One row a verdict: part, of, verdict."""
        import pandas as pd

        return pd.DataFrame(self.verdicts, columns=["part", "of", "verdict"])

    def summary(self) -> str:
        """The verdicts, a line each, and the findings."""
        labels = "with labels" if self.labelled else "without labels"
        head = (
            f"Audit of a model of {self.task} by {self.method} on {self.rows:,} rows of {self.file} ({labels}; intervals "
            f"draw {self.clusters:,} clusters)."
        )
        lines = [f"{part}, {what}: {verdict}." for part, what, verdict in self.verdicts]
        return "\n".join([head, *lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """What the changes that should not matter cost, or, without them, the largest reactions to swaps.

        Raises
        ------
        EstimationError
            Neither was audited.
        """
        from headwinds.adapt.audit.pictures import main_picture

        return main_picture(self)


def private_verdict(privacy: PrivacySpent | None) -> str:
    """What is said of a model's training."""
    if privacy is None:
        return "not trained with it: nothing bounds what the model gives away of its training rows"
    seed = (
        ""
        if privacy.secret
        else "; the noise hangs on a seed, so this holds only against who does not know it"
    )
    return (
        f"epsilon {privacy.epsilon:.2f} at delta {privacy.delta:g} for {privacy.unit} (accountant {privacy.accountant}; "
        f"{privacy.epsilon_renyi:.2f} by Rényi), weights of the head alone; not covered: {privacy.not_covered}{seed}"
    )


def write_report(report: AuditReport, folder: Path) -> None:
    """Write `audit.json`, the page `audit.html` and the card's section `audit.md` into a folder."""
    write_json(folder / FILE, asdict(report), allow_missing=True)
    tell_report(folder)


def tell_report(folder: Path) -> None:
    """Write the page and the card's section of the audit in `folder`, in the language that is spoken here."""
    from headwinds.adapt.audit.page import audit_page, card_section
    from headwinds.artifacts.write import write_text

    report = read_report(folder)
    write_text(folder / "audit.html", audit_page(report))
    write_text(folder / "audit.md", card_section(report))


def read_report(folder: Path) -> AuditReport:
    """Read what `write_report` wrote; equal to what was given."""
    plain: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    report: AuditReport = rebuilt(AuditReport, plain)
    return report
