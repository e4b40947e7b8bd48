"""What a storage says when it refuses, alike in every adapter."""

from __future__ import annotations

from credit_protection.domain.errors import Conflict, NotFound


def not_found(what: str, key: str) -> NotFound:
    """There is no such record; `what` names it with its article ("a integração")."""
    return NotFound(f"Não foi possível encontrar {what} {key}. Confira o código e atualize a tela.", key=key)


def exists(what: str, key: str) -> Conflict:
    """A record with this id is already there."""
    return Conflict(f"Já existe {what} {key}. Atualize a tela antes de repetir.", code="ja_existe", key=key)


def changed_meanwhile(what: str, key: str) -> Conflict:
    """Somebody else saved it first."""
    return Conflict(
        f"Outra pessoa ou processo alterou {what} {key} ao mesmo tempo. Atualize a tela e tente de novo.",
        code="alterado_por_outro",
        key=key,
    )


def reference_exists(reference: str) -> Conflict:
    """A contract reference lives once."""
    return Conflict(
        f"A referência de contrato {reference} já foi usada em outra negativação. Gere uma nova referência.",
        code="referencia_repetida",
        reference=reference,
    )


def invoice_taken(negativation_id: str) -> Conflict:
    """Rule 3's backstop: another negativation that is wanted covers an invoice at the same registry."""
    return Conflict(
        "Uma das faturas já está em outra negativação aberta na mesma base. Remova a outra antes.",
        code="fatura_ja_negativada",
        key=negativation_id,
    )


def has_outcome(query_id: str) -> Conflict:
    """A query's outcome is stored once."""
    return Conflict(f"A consulta {query_id} já tem resultado.", code="consulta_encerrada", key=query_id)
