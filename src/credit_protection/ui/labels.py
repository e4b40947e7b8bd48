"""Portuguese labels of the domain's codes, as operators read them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from credit_protection.domain.actors import PERMISSION_LABELS, Permission
from credit_protection.domain.adoption_assessment import Verdict
from credit_protection.domain.alarms import AlarmSeverity
from credit_protection.domain.breaker import CallState
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.customers import InvoiceStatus, LineKind, SubscriptionStatus
from credit_protection.domain.divergences import (
    Decision,
    DivergenceCode,
    DivergencePolicy,
    DivergenceSeverity,
    Side,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.findings import Severity
from credit_protection.domain.guards import TelecomGuard
from credit_protection.domain.holds import HoldKind
from credit_protection.domain.integrations import Environment, ReuseMode
from credit_protection.domain.products import ProductKind
from credit_protection.domain.queries import Purpose, QueryStatus
from credit_protection.domain.reasons import LABELS, RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalRule
from credit_protection.domain.settlements import SettlementKind
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.statuses import Status
from credit_protection.domain.unreadable import UnreadableKind

_LABELS: Mapping[type[Enum], Mapping[Any, str]] = {
    RemovalReason: LABELS,
    Permission: PERMISSION_LABELS,
    Severity: {Severity.BLOCK: "impede", Severity.WARN: "aviso"},
    AlarmSeverity: {AlarmSeverity.WARNING: "aviso", AlarmSeverity.CRITICAL: "crítico"},
    CallState: {
        CallState.CLOSED: "normais",
        CallState.OPEN: "em pausa",
        CallState.HALF_OPEN: "uma por vez, até o birô responder",
    },
    Environment: {Environment.PRODUCTION: "produção", Environment.TEST: "teste"},
    ReuseMode: {ReuseMode.ALLOW: "permitir", ReuseMode.WARN: "avisar", ReuseMode.BLOCK: "impedir"},
    TelecomGuard: {TelecomGuard.OFF: "não conferir", TelecomGuard.WARN: "avisar", TelecomGuard.BLOCK: "impedir"},
    RemovalRule: {
        RemovalRule.ANY_INVOICE_PAID: "qualquer fatura paga",
        RemovalRule.ALL_INVOICES_SETTLED: "todas as faturas quitadas",
    },
    DivergencePolicy: {DivergencePolicy.ASK: "perguntar", DivergencePolicy.REMOVE: "remover"},
    Decision: {Decision.KEEP: "manter", Decision.REMOVE: "remover", Decision.CONTINUE: "continuar"},
    Side: {Side.ERP: "ERP", Side.BUREAU: "birô"},
    DivergenceSeverity: {
        DivergenceSeverity.NOTICE: "aviso",
        DivergenceSeverity.ALARM: "alarme",
        DivergenceSeverity.CRITICAL: "crítico",
    },
    DivergenceCode: {
        DivergenceCode.POSTPONED: "vencimento adiado",
        DivergenceCode.SECOND_COPY: "segunda via com outra data",
        DivergenceCode.LOWER_AMOUNT: "o birô mostra mais do que se deve",
        DivergenceCode.OTHER_DEBTOR: "outro devedor",
        DivergenceCode.OTHER_CREDITOR: "outra empresa",
        DivergenceCode.HELD: "retido depois da inclusão",
        DivergenceCode.NOT_READ: "o ERP não dá a fatura",
        DivergenceCode.WRITTEN_OFF: "baixada por perda",
        DivergenceCode.ZERO_BALANCE: "saldo zero sem baixa",
        DivergenceCode.UNCONFIRMED_SETTLEMENT: "baixa que o ERP não confirma",
        DivergenceCode.FIVE_YEARS: "cinco anos",
        DivergenceCode.BRAKE: "mudanças demais em um dia",
        DivergenceCode.AFTER_REMOVAL: "consta depois da remoção",
        DivergenceCode.UNKNOWN_RECORD: "consta no birô e não aqui",
        DivergenceCode.NOT_THERE: "não consta mais no birô",
        DivergenceCode.DIFFERS: "difere no birô",
        DivergenceCode.DUPLICATE: "consta duas vezes",
        DivergenceCode.NOT_FOUND: "registro adotado que o birô não encontra",
        DivergenceCode.OTHERS_RECORD: "o id é de outro registro",
        DivergenceCode.SUSPECT_LIST: "faltam registros demais na lista do birô",
        DivergenceCode.UNPROVEN_EXIT: "saiu do birô sem remoção nossa",
    },
    Registry: {
        Registry.SPC: "SPC Brasil",
        Registry.SERASA: "Serasa",
        Registry.BOA_VISTA: "Boa Vista",
        Registry.CREDITO_NA_MEDIDA: "Crédito na Medida",
    },
    ProductKind: {ProductKind.QUERY: "consulta", ProductKind.INCLUSION: "inclusão", ProductKind.REMOVAL: "remoção"},
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
        InvoiceStatus.WRITTEN_OFF: "baixada por perda",
    },
    LineKind: {
        LineKind.MONTHLY_FEE: "mensalidade",
        LineKind.FIDELITY_FINE: "multa de fidelidade",
        LineKind.EQUIPMENT: "equipamento",
        LineKind.OTHER: "outra cobrança",
    },
    HoldKind: {
        HoldKind.COURT_ORDER: "ordem judicial",
        HoldKind.DEATH: "falecimento",
        HoldKind.DISPUTE: "dívida contestada",
        HoldKind.PUBLIC_BODY: "órgão público",
        HoldKind.OTHER: "outro motivo",
    },
    UnreadableKind: {
        UnreadableKind.SETTLEMENT: "baixa",
        UnreadableKind.INVOICE: "fatura",
        UnreadableKind.CUSTOMER: "cliente",
    },
    SubscriptionStatus: {
        SubscriptionStatus.PENDING: "pendente",
        SubscriptionStatus.ACTIVE: "ativo",
        SubscriptionStatus.SUSPENDED: "suspenso",
        SubscriptionStatus.TERMINATED: "rescindido",
    },
    SettlementKind: {
        SettlementKind.PAYMENT: "pagamento",
        SettlementKind.CREDIT_NOTE: "nota de crédito",
        SettlementKind.CANCELLATION: "cancelamento",
        SettlementKind.AGREEMENT: "acordo",
    },
    Desired: {Desired.INCLUDED: "constar no birô", Desired.REMOVED: "sair do birô"},
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
        RemovalCause.DIVERGENCE: "divergência",
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
        EventKind.RELINKED: "ligada a outra fatura",
    },
    Verdict: {
        Verdict.ADOPTED: "adota",
        Verdict.ADOPTED_FOR_REMOVAL: "adota e remove",
        Verdict.WITHOUT_INVOICE: "adota sem fatura",
        Verdict.ALREADY_KNOWN: "já conhecido",
        Verdict.NOT_AT_BUREAU: "não consta",
        Verdict.REFUSED: "não adota",
    },
}
"""By class, because members of two classes may be equal strings."""

_ACTS: Mapping[str, str] = {
    "integration.register": "integração cadastrada",
    "integration.edit": "integração alterada",
    "integration.test": "integração testada",
    "integration.synchronise": "produtos sincronizados",
    "integration.remove_products": "produtos tirados da lista",
    "integration.restore_products": "produtos postos de volta na lista",
    "integration.set_reasons": "motivos da baixa alterados",
    "integration.same_account": "mesma conta declarada",
    "integration.activate": "integração ativada",
    "integration.deactivate": "integração desativada",
    "integration.delete": "integração excluída",
    "host.accept": "ERP aceito",
    "query.run": "consulta feita",
    "query.open": "resposta aberta",
    "query.open_unchecked": "resposta não conferida aberta",
    "negativation.create": "negativação pedida",
    "negativation.adopt": "negativação adotada",
    "negativation.delete": "remoção pedida",
    "negativation.relink": "fatura ligada a outra",
    "negativation.withdraw": "remoção desfeita",
    "negativation.stop": "tentativas paradas",
    "negativation.resume": "tentativas retomadas",
    "negativation.attest_absent": "ausência declarada",
    "divergence.decide": "divergência decidida",
    "reconciliation.run": "reconciliação com o birô",
    "installation.restored": "restauração declarada",
    "installation.continue": "inclusões liberadas depois da restauração",
    "payment.record": "baixa recebida",
    "payment.reverse": "estorno recebido",
    "payment.not_permitted": "pagamento recusado, sem permissão",
    "removal.request": "remoção pedida pelo programa",
    "removal.withdraw": "remoção desfeita pelo programa",
    "transmission.include": "inclusão enviada",
    "transmission.remove": "remoção enviada",
    "user.first": "primeiro administrador",
    "user.add": "usuário acrescentado",
    "user.role": "papéis trocados",
    "user.remove": "usuário tirado",
}


def label_for(member: Enum) -> str:
    """The label of an enum's member; its value where it has no other label (`Status`, `PersonType`, codes)."""
    return _LABELS.get(type(member), {}).get(member, str(member.value))


def code_for(member: Enum) -> str:
    """The stable code of an enum's member, for programs: its value, or the lower-case name where that is a text."""
    return member.name.lower() if isinstance(member, Status) else str(member.value)


def act_label(act: str) -> str:
    """The label of an act of the audit trail; the act itself where it has none."""
    return _ACTS.get(act, act)
