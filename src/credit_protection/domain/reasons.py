"""Removal reasons: neutral here, mapped to each bureau's codes by its gateway."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RemovalReason(StrEnum):
    """Why a record is removed (motivo da baixa), as reported to the bureau."""

    PAYMENT = "payment"
    PARTIAL_PAYMENT = "partial_payment"
    RENEGOTIATION = "renegotiation"
    CREDITOR_REQUEST = "creditor_request"
    COURT_ORDER = "court_order"
    CORRECTION = "correction"
    DISPUTE = "dispute"
    FRAUD = "fraud"
    DEATH = "death"
    OTHER = "other"


LABELS: dict[RemovalReason, str] = {
    RemovalReason.PAYMENT: "pagamento",
    RemovalReason.PARTIAL_PAYMENT: "pagamento parcial",
    RemovalReason.RENEGOTIATION: "renegociação",
    RemovalReason.CREDITOR_REQUEST: "solicitação do credor",
    RemovalReason.COURT_ORDER: "ordem judicial",
    RemovalReason.CORRECTION: "correção de dados",
    RemovalReason.DISPUTE: "contestação",
    RemovalReason.FRAUD: "fraude",
    RemovalReason.DEATH: "óbito",
    RemovalReason.OTHER: "outros",
}
"""Portuguese, for screens."""


@dataclass(frozen=True, slots=True)
class BureauReason:
    """A removal reason as a bureau lists it."""

    code: str
    description: str
