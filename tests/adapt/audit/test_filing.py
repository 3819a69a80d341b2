"""An audit is found again while nothing that it depends on has changed, and no longer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from adapt.audit.conftest import write_rows
from headwinds.adapt.audit import AuditSettings
from headwinds.adapt.audit.filing import audit_identity


def test_whatever_an_audit_depends_on_counts_by_its_content_and_not_by_its_place(
    tmp_path: Path, audit_checkpoint: Path
) -> None:
    model, rows = tmp_path / "model", write_rows(tmp_path / "rows.csv", [{"text": "a", "label": "b"}])
    model.mkdir()
    (model / "model.json").write_text("{}")
    train = shutil.copy(rows, tmp_path / "train.csv")
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(audit_checkpoint, checkpoint)
    settings = AuditSettings(train=Path(train), paraphrase=str(checkpoint))

    def identity() -> str:
        return audit_identity(model, rows, settings)

    seen = [identity()]
    assert identity() == seen[0]
    for path in (model / "model.json", rows, Path(train), checkpoint / "model.safetensors"):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        seen.append(identity())
        path.write_bytes(content)
        assert identity() == seen[0]
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps({**config, "hidden_dropout_prob": 0.3}))
    seen.append(identity())
    assert len(set(seen)) == len(seen)
