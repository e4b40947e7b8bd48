"""The audit trail: append-only, who did what, why, before and after. Secrets and whole documents never enter it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act.

    Args:
        at: instant, UTC.
        actor_id: who.
        actor_name: as shown.
        act: what (`integration.register`, `negativation.delete`, ...).
        subject: about which record.
        creditor_id: in whose scope; None for acts about no creditor.
        why: in the actor's words.
        before: what it was, as text by field.
        after: what it is now, as text by field.
    """

    at: datetime
    actor_id: str
    actor_name: str
    act: str
    subject: str
    creditor_id: str | None = None
    why: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
