"""A negativation's append-only history, which event hooks receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What happened."""

    CREATED = "created"
    ADOPTED = "adopted"
    CLAIMED = "claimed"
    INCLUSION_ACCEPTED = "inclusion_accepted"
    INCLUDED = "included"
    REJECTED = "rejected"
    NOT_EXECUTED = "not_executed"
    IN_DOUBT = "in_doubt"
    NOT_FOUND = "not_found"
    STILL_PROCESSING = "still_processing"
    CANCELLED = "cancelled"
    REMOVAL_WANTED = "removal_wanted"
    REMOVAL_WITHDRAWN = "removal_withdrawn"
    REMOVAL_ACCEPTED = "removal_accepted"
    REMOVAL_REFUSED = "removal_refused"
    REMOVED = "removed"
    BUREAU_SAYS_REMOVED = "bureau_says_removed"
    LATE_ANSWER = "late_answer"
    NEEDS_PERSON = "needs_person"
    ATTEMPTS_STOPPED = "attempts_stopped"
    ATTEMPTS_RESUMED = "attempts_resumed"
    ATTESTED_ABSENT = "attested_absent"
    LEASE_EXPIRED = "lease_expired"
    RELINKED = "relinked"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a negativation's history.

    Args:
        actor_id: who, where a person or a host did it; None for the software itself.
        cause: why, one Portuguese sentence or a code.
        detail: more, as text; never a secret nor a whole document.
    """

    kind: EventKind
    negativation_id: str
    at: datetime
    actor_id: str | None = None
    cause: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
