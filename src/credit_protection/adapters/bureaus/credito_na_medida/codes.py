"""The codes of the declared contract and their domain values."""

from collections.abc import Mapping

from credit_protection.domain.products import ProductKind
from credit_protection.domain.reasons import RemovalReason

REASON_HINTS: Mapping[RemovalReason, str] = {
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
"""How the removal reasons (motivos da baixa) may be called. What the bureau lists decides (`ReasonMap`)."""

PRODUCT_KINDS: dict[str, ProductKind] = {
    "CONSULTA": ProductKind.QUERY,
    "INCLUSAO": ProductKind.INCLUSION,
    "EXCLUSAO": ProductKind.REMOVAL,
}

EXISTS = "JA_EXISTE"
"""A record with the same document, contract and due date is on file."""
ALREADY_REMOVED = "JA_EXCLUIDA"
REASON_FIELD = "motivo"
"""A removal's refusal about this field, or whose code begins with it: the bureau does not know the reason."""
STILL_PROCESSING = "EM_PROCESSAMENTO"
"""The inclusion has no outcome yet, so it can't be removed."""
NOT_FOUND = frozenset({"NAO_ENCONTRADA", "NAO_ENCONTRADO"})
"""There is no such record. Any other 404 (a wrong address, a proxy's page) does not mean that."""
