"""The Portuguese of the screens: codes of the domain in the operator's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain.alarms import AlarmSeverity
from credit_protection.domain.breaker import CallState
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.events import EventKind
from credit_protection.domain.findings import Severity
from credit_protection.domain.integrations import Environment
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import Action, Desired, Observed
from credit_protection.domain.products import ProductKind
from credit_protection.domain.queries import Purpose, QueryStatus
from credit_protection.domain.reasons import LABELS, RemovalReason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import Enum
    from typing import Any

_WORDS: Mapping[type[Enum], Mapping[Any, str]] = {
    RemovalReason: LABELS,
    Severity: {
        Severity.BLOCK: "impede",
        Severity.WARN: "aviso",
    },
    AlarmSeverity: {
        AlarmSeverity.WARNING: "aviso",
        AlarmSeverity.CRITICAL: "crítico",
    },
    CallState: {
        CallState.CLOSED: "normais",
        CallState.OPEN: "em pausa",
        CallState.HALF_OPEN: "uma por vez, até o birô responder",
    },
    Environment: {
        Environment.PRODUCTION: "produção",
        Environment.TEST: "teste",
    },
    ProductKind: {
        ProductKind.QUERY: "consulta",
        ProductKind.INCLUSION: "inclusão",
        ProductKind.REMOVAL: "remoção",
    },
    Purpose: {
        Purpose.CREDIT_GRANTING: "concessão de crédito",
        Purpose.COLLECTION: "cobrança",
        Purpose.REGISTRATION_UPDATE: "atualização cadastral",
    },
    QueryStatus: {
        QueryStatus.SENT: "enviada",
        QueryStatus.ANSWERED: "respondida",
        QueryStatus.FAILED: "falhou",
        QueryStatus.UNKNOWN: "resultado desconhecido, custo possível",
    },
    InvoiceStatus: {
        InvoiceStatus.OPEN: "em aberto",
        InvoiceStatus.PAID: "paga",
        InvoiceStatus.CREDITED: "quitada por nota de crédito",
        InvoiceStatus.CANCELLED: "cancelada",
        InvoiceStatus.IN_AGREEMENT: "em acordo",
    },
    Desired: {
        Desired.INCLUDED: "constar no birô",
        Desired.REMOVED: "sair do birô",
    },
    Observed: {
        Observed.ABSENT: "não consta",
        Observed.IN_DOUBT_INCLUDE: "em dúvida (inclusão)",
        Observed.INCLUDING: "inclusão em processamento",
        Observed.PRESENT: "consta",
        Observed.IN_DOUBT_REMOVE: "em dúvida (remoção)",
        Observed.REMOVING: "remoção em processamento",
        Observed.REJECTED: "inclusão recusada",
        Observed.GONE: "saiu",
    },
    Action: {
        Action.INCLUDE: "incluir",
        Action.LOOK_UP: "verificar no birô",
        Action.POLL: "aguardar o resultado",
        Action.REMOVE: "remover",
        Action.AWAIT_CALLBACK: "aguardar o birô",
        Action.ASK_PERSON: "decidir (precisa de você)",
        Action.NOTHING: "nada",
        Action.CLOSE: "encerrada",
    },
    RemovalCause: {
        RemovalCause.SETTLEMENT: "fatura baixada",
        RemovalCause.AGREEMENT: "acordo",
        RemovalCause.PERSON: "pedido de uma pessoa",
        RemovalCause.COURT: "ordem judicial",
        RemovalCause.BUREAU: "removida pelo birô",
        RemovalCause.GUARD: "impedida por regra",
        RemovalCause.LATE_ANSWER: "resposta atrasada",
    },
    EventKind: {
        EventKind.CREATED: "pedida",
        EventKind.ADOPTED: "importada",
        EventKind.CLAIMED: "envio iniciado",
        EventKind.INCLUSION_ACCEPTED: "inclusão aceita",
        EventKind.INCLUDED: "incluída",
        EventKind.REJECTED: "recusada pelo birô",
        EventKind.NOT_EXECUTED: "não executada",
        EventKind.IN_DOUBT: "em dúvida",
        EventKind.NOT_FOUND: "não encontrada no birô",
        EventKind.STILL_PROCESSING: "ainda em processamento",
        EventKind.CANCELLED: "cancelada",
        EventKind.REMOVAL_WANTED: "remoção pedida",
        EventKind.REMOVAL_WITHDRAWN: "remoção desfeita",
        EventKind.REMOVAL_ACCEPTED: "remoção aceita",
        EventKind.REMOVAL_REFUSED: "remoção recusada pelo birô",
        EventKind.REMOVED: "removida",
        EventKind.BUREAU_SAYS_REMOVED: "birô informou a remoção",
        EventKind.LATE_ANSWER: "resposta atrasada",
        EventKind.NEEDS_PERSON: "precisa de você",
        EventKind.ATTEMPTS_STOPPED: "tentativas paradas",
        EventKind.ATTEMPTS_RESUMED: "tentativas retomadas",
        EventKind.ATTESTED_ABSENT: "ausência declarada",
        EventKind.LEASE_EXPIRED: "processo perdido, envio liberado",
    },
}
"""By class, since members of two classes may be equal strings."""


def word_for(member: Enum) -> str:
    """The operator's word; a member that has none is shown by its value."""
    return _WORDS.get(type(member), {}).get(member, str(member.value))
