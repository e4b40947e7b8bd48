"""What could not be read and was left out, so that it stops nothing else: a person is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UnreadableKind(StrEnum):
    """What could not be read."""

    SETTLEMENT = "settlement"
    """A row of the ledger; the subject is its invoice, which is read from the ERP instead."""
    INVOICE = "invoice"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One record that was left out.

    Args:
        host: whose.
        subject: the host's own id of the invoice or the customer.
        reason: what is wrong with it.
    """

    host: str
    kind: UnreadableKind
    subject: str
    reason: str
