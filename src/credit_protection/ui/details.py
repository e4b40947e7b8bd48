"""The details of the history and of the audit trail, which are stored as codes, in Portuguese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum

from credit_protection.domain.adoption_assessment import Verdict
from credit_protection.domain.divergences import Decision
from credit_protection.domain.queries import Purpose
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.ui.labels import label_for

_NAMES: Mapping[str, str] = {
    "account": "conta",
    "action": "ato",
    "added": "novos",
    "amount": "valor",
    "answer": "resposta",
    "answered": "respondidos",
    "attempts": "tentativas",
    "causes": "causas",
    "cause": "causa",
    "code": "código",
    "codes": "códigos",
    "creditors": "empresas",
    "deadline": "prazo",
    "decision": "decisão",
    "description": "descrição",
    "desired": "o que se quer",
    "document": "documento",
    "due_date": "vencimento",
    "environment": "ambiente",
    "fallback": "nos demais casos",
    "fence": "reserva",
    "gone": "saíram",
    "grouped": "agrupa faturas",
    "guards": "regras",
    "host": "ERP",
    "invoice": "fatura",
    "invoices": "faturas",
    "is_ended": "terminou",
    "line": "linha",
    "looked_up": "procurados",
    "matched": "conferem",
    "missing": "faltam no birô",
    "observed": "o que o birô tem",
    "of": "do registro",
    "ours": "aqui",
    "owns_transmission": "transmite daqui",
    "product": "produto",
    "purpose": "finalidade",
    "reason": "motivo",
    "reason_code": "motivo enviado",
    "reference": "contrato",
    "removal_policy": "política de remoção",
    "divergence_policies": "política das divergências",
    "reopened": "reabertos",
    "request": "pedido",
    "request_id": "protocolo",
    "result": "resultado",
    "reuse": "reaproveitamento",
    "role": "papel",
    "roles": "papéis",
    "rows": "linhas",
    "statement": "declaração",
    "theirs": "lá",
    "transcript": "transcrição",
    "unknown": "desconhecidos",
    "updated": "alterados",
    "verdict": "resultado",
    "without_proof": "sem prova",
    "worker": "trabalhador",
}
_CODES: Mapping[str, type[Enum]] = {
    "action": Action,
    "cause": RemovalCause,
    "decision": Decision,
    "desired": Desired,
    "observed": Observed,
    "purpose": Purpose,
    "reason": RemovalReason,
    "verdict": Verdict,
}
_REASONS = {reason.value: label_for(reason) for reason in RemovalReason}
_WORDS: Mapping[str, str] = {"True": "sim", "False": "não", "yes": "sim", "None": "", "all": "todas"}


def detail_name(key: str) -> str:
    """The Portuguese name of a field of a detail; the code itself where it has none (a parameter, a state)."""
    return _NAMES.get(key) or _REASONS.get(key, key)


def detail_text(key: str, text: str) -> str:
    """A stored text as a person reads it: the label of a code, a day as `24/11/2026`."""
    kind = _CODES.get(key)
    if kind is not None:
        for member in kind:
            if member.value == text:
                return label_for(member)
    if key in {"deadline", "due_date"}:
        try:
            return date.fromisoformat(text).strftime("%d/%m/%Y")
        except ValueError:
            return text
    return _WORDS.get(text, text)
