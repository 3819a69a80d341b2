"""The checked inputs of a study, read back from its `check` stage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Codebook, Finding, Label
from headwinds.study.answers import Form

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from headwinds.adapt.fold import FoldRows, LabelledTexts


@dataclass(frozen=True, slots=True)
class CheckedStudy:
    """What `check` found and prepared.

    Attributes
    ----------
    folder
        The stage's folder; `corpus.parquet` in it is the corpus in canonical columns.
    codebook
        Labels in order.
    gold
        Columns `passage_id`, `document_id`, `text`, `row` (in the corpus), `inclusion_probability`, `stratum`, `fold`, and
        one boolean column an output of the model, named ``label_<name>``; of graded labels also ``grade_<name>``.
    findings
        Of the check.
    summary
        Counts, token lengths and label counts, for the report.
    form
        Of the answers: labels, classes or grades.
    """

    folder: Path
    codebook: Codebook
    gold: pa.Table
    findings: tuple[Finding, ...]
    summary: dict[str, Any]
    form: Form

    @property
    def corpus_path(self) -> Path:
        """The canonical corpus."""
        return self.folder / "corpus.parquet"

    def truth(self) -> NDArray[np.bool_]:
        """Gold in the outputs of the model, shape (passages, outputs)."""
        import numpy as np

        columns = [self.gold[f"label_{name}"].to_numpy(zero_copy_only=False) for name in self.form.outputs]
        return np.column_stack(columns).astype(bool)

    def found(self) -> NDArray[Any]:
        """What reading found, as it is measured: the labels that hold, or the grades; shape (passages, labels)."""
        import numpy as np

        if self.form.kind != "graded":
            return self.truth()
        return np.column_stack([self.gold[f"grade_{name}"].to_numpy() for name in self.form.names])

    def labelled_texts(self) -> LabelledTexts:
        """Gold as the model's wing takes it."""
        from headwinds.adapt.fold import LabelledTexts

        columns: dict[str, Sequence[str]] = {
            name: tuple(self.gold[name].to_pylist())
            for name in ("passage_id", "document_id", "text", "stratum")
        }
        return LabelledTexts(
            passage_ids=tuple(columns["passage_id"]),
            document_ids=tuple(columns["document_id"]),
            texts=tuple(columns["text"]),
            label_names=self.form.outputs,
            truth=self.truth(),
            stratum=tuple(columns["stratum"]),
            several=self.form.several,
        )

    def fold_of_document(self) -> dict[str, int]:
        """The fold of every document of the corpus."""
        import pyarrow.parquet as pq

        table = pq.read_table(self.folder / "folds.parquet")
        return dict(zip(table["document_id"].to_pylist(), table["fold"].to_pylist(), strict=True))

    def fold_rows(self) -> tuple[FoldRows, ...]:
        """The rows of gold that train, validate and test each fold."""
        import numpy as np

        from headwinds.adapt.fold import FoldRows

        saved = json.loads((self.folder / "fold_rows.json").read_text(encoding="utf-8"))
        parts = ("training", "validation", "test")
        return tuple(
            FoldRows(number, *(np.array(fold[part], dtype=np.int64) for part in parts))
            for number, fold in enumerate(saved)
        )


def read_checked(folder: Path) -> CheckedStudy:
    """Read the `check` stage."""
    import pyarrow.parquet as pq

    saved = json.loads((folder / "check.json").read_text(encoding="utf-8"))
    labels = tuple(Label(**item) for item in saved["codebook"]["labels"])
    return CheckedStudy(
        folder=folder,
        codebook=Codebook(labels, tuple(saved["codebook"]["rules"])),
        gold=pq.read_table(folder / "gold.parquet"),
        findings=tuple(Finding(**item) for item in saved["findings"]),
        summary=saved["summary"],
        form=Form(tuple(label.name for label in labels), saved["form"]["kind"], saved["form"]["grades"]),
    )
