"""The errors of a storage, with the same messages in every adapter."""

from credit_protection.domain.errors import Conflict, NotFound


def not_found(record: str, key: str) -> NotFound:
    """There is no such record; `record` names its kind with the article ("a integração")."""
    return NotFound(f"Não foi possível encontrar {record} {key}. Confira o código e atualize a tela.", key=key)


def id_conflict(record: str, key: str) -> Conflict:
    """A record with this id exists."""
    return Conflict(f"Já existe {record} {key}. Atualize a tela antes de repetir.", code="ja_existe", key=key)


def version_conflict(record: str, key: str) -> Conflict:
    """Another process or person saved it first."""
    return Conflict(
        f"Outra pessoa ou processo alterou {record} {key} ao mesmo tempo. Atualize a tela e tente de novo.",
        code="alterado_por_outro",
        key=key,
    )


def reference_conflict(reference: str) -> Conflict:
    """Another negativation has this contract reference."""
    return Conflict(
        f"A referência de contrato {reference} já foi usada em outra negativação. Gere uma nova referência.",
        code="referencia_repetida",
        reference=reference,
    )


def invoice_conflict(negativation_id: str) -> Conflict:
    """Rule 3's backstop: another desired negativation covers an invoice at the same registry."""
    return Conflict(
        "Uma das faturas já está em outra negativação aberta na mesma base. Remova a outra antes.",
        code="fatura_ja_negativada",
        key=negativation_id,
    )


def divergence_conflict() -> Conflict:
    """Another one is open about the same."""
    return Conflict(
        "Outro processo abriu a mesma divergência ao mesmo tempo. Nada mudou aqui; a próxima leitura compara de novo.",
        code="divergencia_aberta",
    )


def running_conflict(query_id: str) -> Conflict:
    """An equal query has no outcome yet."""
    return Conflict(
        "Uma consulta igual está em andamento. Espere a resposta dela em vez de pagar de novo.",
        code="consulta_em_andamento",
        key=query_id,
    )


def outcome_conflict(query_id: str) -> Conflict:
    """A query's outcome is stored once."""
    return Conflict(f"A consulta {query_id} já tem resultado.", code="consulta_encerrada", key=query_id)
