"""The codes of the declared contract and their domain values."""

from credit_protection.domain.products import ProductKind
from credit_protection.domain.reasons import RemovalReason

REASONS: dict[RemovalReason, str] = {
    RemovalReason.PAYMENT: "PAGAMENTO",
    RemovalReason.PARTIAL_PAYMENT: "PAGAMENTO_PARCIAL",
    RemovalReason.RENEGOTIATION: "RENEGOCIACAO",
    RemovalReason.CREDITOR_REQUEST: "SOLICITACAO_CREDOR",
    RemovalReason.COURT_ORDER: "ORDEM_JUDICIAL",
    RemovalReason.CORRECTION: "CORRECAO",
    RemovalReason.DISPUTE: "CONTESTACAO",
    RemovalReason.FRAUD: "FRAUDE",
    RemovalReason.DEATH: "OBITO",
    RemovalReason.OTHER: "OUTROS",
}
"""The bureau's removal reason (motivo da baixa) for each neutral one."""

PRODUCT_KINDS: dict[str, ProductKind] = {
    "CONSULTA": ProductKind.QUERY,
    "INCLUSAO": ProductKind.INCLUSION,
    "EXCLUSAO": ProductKind.REMOVAL,
}

EXISTS = "JA_EXISTE"
"""A record with the same document, contract and due date is on file."""
ALREADY_REMOVED = "JA_EXCLUIDA"
STILL_PROCESSING = "EM_PROCESSAMENTO"
"""The inclusion has no outcome yet, so it can't be removed."""
NOT_FOUND = frozenset({"NAO_ENCONTRADA", "NAO_ENCONTRADO"})
"""There is no such record. Any other 404 (a wrong address, a proxy's page) does not mean that."""
