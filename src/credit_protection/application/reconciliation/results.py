"""What a pass did, and whether inclusions wait for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from credit_protection.domain.integrations import Integration
from credit_protection.domain.statuses import HELD_MESSAGE


@dataclass(frozen=True, slots=True)
class ReconciliationSummary:
    """What a pass did.

    Args:
        as_of: the instant of the list, or of the first look-up, UTC.
        rows: records that were listed.
        matched: those that a negativation here has.
        unknown: those that stand and that none has.
        foreign: those that are not ours by their contracts.
        looked_up: records that were looked up.
        missing: those that are believed to be on file and were not found.
        answered: doubts that the list ended, and records that it confirmed.
        reopened: closed records that stand, put back into the removal queue.
        opened: new divergences by code.
        unreadable: rows that could not be read.
        is_suspect: too many are missing from the list: none was judged.
        is_ended: whether the pass came to its end.
        stopped: why it did not: one Portuguese sentence.
    """

    integration_id: str
    as_of: datetime
    rows: int
    matched: int
    unknown: int
    foreign: int
    looked_up: int
    missing: int
    answered: int
    reopened: int
    opened: Mapping[str, int]
    unreadable: int
    is_suspect: bool
    is_ended: bool
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class HoldState:
    """Whether inclusions wait after an outage or a restore, and the integrations that are still to be reconciled."""

    since: datetime | None
    pending: Sequence[Integration] = ()

    @property
    def is_held(self) -> bool:
        """Whether inclusions wait."""
        return self.since is not None

    @property
    def message(self) -> str:
        """What to do, one Portuguese sentence; empty where inclusions go on."""
        return HELD_MESSAGE if self.is_held else ""
