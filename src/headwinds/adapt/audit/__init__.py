"""What a model does beyond its metrics: bias, robustness, explanations, privacy, energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

if TYPE_CHECKING:
    from headwinds.adapt.audit.explanation import attributions
    from headwinds.adapt.audit.report import AuditReport
    from headwinds.adapt.audit.running import AuditSettings, audit_model

_HOMES = {
    "headwinds.adapt.audit.explanation": ("attributions",),
    "headwinds.adapt.audit.report": ("AuditReport",),
    "headwinds.adapt.audit.running": ("AuditSettings", "audit_model"),
}

__all__ = ["AuditReport", "AuditSettings", "attributions", "audit_model"]

__getattr__, __dir__, _ = lazy_names("headwinds.adapt.audit", _HOMES)
