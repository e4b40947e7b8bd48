"""Lists and records as plain data: columns with Portuguese titles, and rows by stable English keys.

The values of a row are the domain's own (dates, money, enums); `Table.cells` and `Record.fields` make text of them.
Documents are masked, except in the record that a screen is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal

from credit_protection.application.alarms import WaitReason
from credit_protection.application.reconciliation import HoldState, ReconciliationSummary
from credit_protection.domain.alarms import Alarm
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.breaker import call_state
from credit_protection.domain.customers import Customer, Invoice
from credit_protection.domain.divergences import Divergence, DivergenceCode
from credit_protection.domain.events import Event
from credit_protection.domain.integrations import Integration, IntegrationSettings
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.products import Product
from credit_protection.domain.queries import CreditQuery
from credit_protection.domain.reasons import BureauReason, ReasonCode, ReasonMap, RemovalReason
from credit_protection.domain.statuses import question, status
from credit_protection.domain.users import User
from credit_protection.ui.formats import format_value
from credit_protection.ui.labels import act_label, label_for
from credit_protection.ui.settings import SETTING_FIELDS, setting_values

Row = Mapping[str, object]
"""Values by stable English key."""

_NUMERIC = frozenset({"amount", "balance", "business_days_left", "cost", "count", "days_late", "line", "price", "size"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, or one field of a record: the key of the row's value, and a Portuguese title."""

    key: str
    title: str
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind. A row has more keys than the columns that a person sees.

    Args:
        key: the name of the list in JSON.
        title: Portuguese.
        columns: in order.
        rows: the data.
        empty: what to show instead of an empty table.
    """

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    empty: str = "Nada a mostrar."

    def cells(self, timezone: tzinfo | None = None) -> list[list[str]]:
        """The text of each row, in the order of the columns; instants in the timezone, by default this machine's."""
        return [[format_value(row.get(column.key), timezone) for column in self.columns] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing: its data, and the columns that a person sees, in order."""

    columns: Sequence[Column]
    row: Row

    def fields(self, timezone: tzinfo | None = None) -> list[tuple[str, str]]:
        """Title and text of each column that has a value; instants in the timezone, by default this machine's."""
        texts = ((column.title, format_value(self.row.get(column.key), timezone)) for column in self.columns)
        return [(title, text) for title, text in texts if text]


def make_columns(**titles: str) -> tuple[Column, ...]:
    """Columns in this order: title by key. Amounts and counts are aligned to the right."""
    return tuple(Column(key, title, "right" if key in _NUMERIC else "left") for key, title in titles.items())


def make_row(thing: object, *keys: str) -> dict[str, object]:
    """The named attributes of a thing as a row. Name each one: the row is also what `--json` prints."""
    return {key: getattr(thing, key) for key in keys}


_NEGATIVATION = {
    "id": "Id",
    "status_text": "Situação",
    "customer_name": "Cliente",
    "customer_id": "Código do cliente",
    "document": "Documento",
    "amount": "Valor",
    "due_date": "Vencimento",
    "invoices": "Faturas",
    "nature_code": "Natureza",
    "reference": "Contrato",
    "bureau_id": "Id no birô",
    "desired": "O que se quer",
    "observed": "O que o birô tem",
    "observed_since": "Desde",
    "published_on": "Consta a partir de",
    "causes": "Causas da remoção",
    "notes": "Observações",
    "removal_reason": "Motivo da baixa",
    "removal_code": "Motivo enviado",
    "rejection": "Recusa do birô",
    "next_action": "Próximo passo",
    "due_at": "Não antes de",
    "deadline": "Prazo legal",
    "days_left": "Dias até o prazo",
    "attempts": "Tentativas falhas",
    "last_error": "Último erro",
    "blocked_by": "Espera por você",
    "requested_by": "Pedida por",
    "created_at": "Pedida em",
}
_NEGATIVATION_ATTRIBUTES = (
    *("id", "customer_name", "customer_id", "subscription_id", "amount", "due_date", "nature_code", "reference"),
    *("integration_id", "registry", "bureau_id", "desired", "observed", "observed_since", "published_on"),
    *("removal_reason", "removal_code", "rejection", "requested_by", "created_at"),
)
_QUEUE = {
    "id": "Negativação",
    "customer_name": "Cliente",
    "status_text": "Situação",
    "causes": "Por quê",
    "waits": "O que a segura",
    "deadline": "Prazo legal",
    "business_days_left": "Dias úteis até o prazo",
    "last_error": "Último erro",
}
_QUERY = {
    "id": "Consulta",
    "status": "Resultado",
    "document": "Documento",
    "customer_id": "Cliente",
    "product_code": "Produto",
    "purpose": "Finalidade",
    "actor_id": "Usuário",
    "asked_at": "Feita em",
    "answered_at": "Respondida em",
    "cost": "Custo",
    "protocol": "Protocolo",
    "error_message": "Erro ou aviso",
    "media_type": "Tipo",
    "size": "Bytes",
    "sha256": "SHA-256",
    "has_unchecked_answer": "Veio e não passou na conferência",
    "file": "Arquivo",
}
_QUERY_ATTRIBUTES = (
    *("id", "integration_id", "product_code", "customer_id", "purpose", "actor_id", "asked_at", "inputs", "status"),
    *("cost", "answered_at", "protocol", "error_code", "error_message", "media_type", "size", "sha256"),
    "has_unchecked_answer",
)
_INTEGRATION = {
    "id": "Id",
    "description": "Descrição",
    "gateway": "Gateway",
    "creditor_id": "Empresa",
    "active": "Ativa",
    "calls": "Chamadas ao birô",
    "paused_until": "Pausada até",
    "pause_reason": "Motivo da pausa",
    "parameters": "Parâmetros",
    "secrets": "Segredos guardados",
    "created_at": "Cadastrada em",
}
_INTEGRATION_ATTRIBUTES = (
    *("id", "description", "gateway", "creditor_id", "active", "paused_until", "pause_reason", "parameters"),
    "created_at",
)
_SETTING = make_columns(name="Nome", label="Ajuste", value="Valor")
_PRODUCT = {
    "code": "Código",
    "name": "Nome",
    "kind": "Tipo",
    "person_types": "Para",
    "price": "Preço",
    "inputs": "Insumos",
}
_REASON = {
    "reason": "Nosso motivo",
    "label": "Significa",
    "code": "Código no birô",
    "description": "Descrição do birô",
    "origin": "Origem",
}
_INVOICE = {
    "id": "Fatura",
    "number": "Número",
    "customer_id": "Cliente",
    "customer_name": "Nome",
    "subscription_id": "Serviço",
    "due_date": "Vencimento",
    "days_late": "Dias de atraso",
    "balance": "Saldo",
}
_ALARM = {
    "severity": "Gravidade",
    "code": "Código",
    "deadline": "Prazo legal",
    "count": "Quantas",
    "message": "O que fazer",
}
_EVENT = {"at": "Quando", "kind": "O quê", "actor_id": "Quem", "cause": "Por quê", "detail": "Detalhe"}
_AUDIT = {
    "at": "Quando",
    "actor_name": "Quem",
    "act_text": "O quê",
    "subject": "Sobre",
    "remark": "Por quê",
    "before": "Antes",
    "after": "Depois",
}

_USER = {
    "id": "Usuário",
    "roles": "Papéis",
    "creditors_text": "Empresas",
    "active": "Ativo",
    "given_by": "Dado por",
    "given_at": "Em",
}

_RECONCILIATION_COUNTS = (
    *("rows", "matched", "unknown", "foreign", "looked_up", "missing", "answered", "reopened", "unreadable"),
)
_RECONCILIATION = {
    "as_of": "Lado do birô em",
    "rows": "Registros lidos",
    "matched": "Conhecidos aqui",
    "unknown": "Desconhecidos",
    "foreign": "De outros, pelo contrato",
    "looked_up": "Verificados um a um",
    "missing": "Não encontrados",
    "answered": "Dúvidas resolvidas e registros confirmados",
    "reopened": "Constam depois da remoção: voltam para a fila",
    "unreadable": "Linhas ilegíveis",
    "opened_text": "Divergências novas",
    "is_suspect": "Lista suspeita",
    "is_ended": "Terminou",
    "stopped": "Por que parou",
}
_HOLD = {"is_held": "Inclusões em espera", "since": "Desde", "pending": "Falta reconciliar"}
_DIVERGENCE = {
    "id": "Id",
    "code_text": "Divergência",
    "severity": "Gravidade",
    "side": "Lado",
    "negativation_id": "Negativação",
    "ours": "Aqui",
    "theirs": "No outro lado",
    "message": "O que fazer",
    "opened_at": "Desde",
    "decide_by": "Decidir até",
    "decision": "Decisão",
    "decided_by": "Decidida por",
    "decided_at": "Decidida em",
    "remark": "Por quê",
    "closed_at": "Encerrada em",
}
_DIVERGENCE_ATTRIBUTES = (
    *("id", "subject", "integration_id", "creditor_id", "negativation_id", "code", "side", "severity"),
    *("ours", "theirs", "message", "opened_at", "decide_by"),
    *("decision", "decided_by", "decided_at", "remark", "closed_at"),
)


def negativations_table(negativations: Iterable[Negativation], today: Mapping[str, date]) -> Table:
    """Negativations, with their statuses on the date at each creditor."""
    shown = ("id", "customer_name", "document", "amount", "due_date", "reference", "status_text")
    rows = [_negativation_row(one, today) for one in negativations]
    return Table("negativations", "Negativações", _chosen(_NEGATIVATION, *shown), rows, "Nenhuma negativação.")


def negativation_record(negativation: Negativation, today: Mapping[str, date], *, masked: bool = False) -> Record:
    """A negativation with its one status and the work that waits; its document is whole."""
    row = _negativation_row(negativation, today)
    return Record(
        make_columns(**_NEGATIVATION), row if masked else {**row, "document": negativation.document.formatted}
    )


def removal_queue_table(
    negativations: Iterable[Negativation], today: Mapping[str, date], waits: Mapping[str, WaitReason]
) -> Table:
    """The removal queue, with the reason for which each negativation waits, by its id."""
    rows = [
        _negativation_row(one, today)
        | {"waits": waits[one.id].reason, "business_days_left": waits[one.id].business_days_left}
        for one in negativations
    ]
    return Table("removals", "Fila de remoção", make_columns(**_QUEUE), rows, "A fila de remoção está vazia.")


def history_table(events: Iterable[Event]) -> Table:
    """A negativation's history."""
    rows = [make_row(event, *_EVENT) for event in events]
    return Table("history", "Histórico", make_columns(**_EVENT), rows)


def queries_table(queries: Iterable[CreditQuery]) -> Table:
    """Credit queries."""
    columns = _chosen(_QUERY, "id", "asked_at", "document", "customer_id", "product_code", "status", "cost")
    return Table("queries", "Consultas", columns, [_query_row(query) for query in queries], "Nenhuma consulta.")


def query_record(query: CreditQuery, *, masked: bool = False) -> Record:
    """A credit query; its document is whole."""
    return Record(make_columns(**_QUERY), _query_row(query, masked=masked))


def integrations_table(integrations: Iterable[Integration], now: datetime) -> Table:
    """Integrations; whether their bureaus are called, at this instant."""
    shown = ("id", "description", "gateway", "creditor_id", "active", "calls", "paused_until", "pause_reason")
    rows = [_integration_row(one, now) for one in integrations]
    empty = "Nenhuma integração. Cadastre uma com: credit-protection integration add."
    return Table("integrations", "Integrações", _chosen(_INTEGRATION, *shown), rows, empty)


def integration_record(integration: Integration, now: datetime) -> Record:
    """An integration; only the names of its secrets. `settings_table` shows its settings."""
    return Record(make_columns(**_INTEGRATION), _integration_row(integration, now))


def settings_table(settings: IntegrationSettings) -> Table:
    """An integration's settings; each value as it can be typed after `--set`, or in the form field of that name."""
    rows = [
        {"name": field.name, "label": field.label, "value": dict(field.choices).get(text, text), "help": field.help}
        for field, text in ((field, field.text_in(settings)) for field in SETTING_FIELDS)
    ]
    return Table("settings", "Ajustes", _SETTING, rows)


def products_table(products: Iterable[Product], *, with_withdrawn: bool = False) -> Table:
    """Products; a required input is marked with `*`. Columns for hidden and no longer listed ones are optional."""
    columns = _PRODUCT | ({"hidden": "Removido", "gone_at": "Saiu em"} if with_withdrawn else {})
    rows = [
        make_row(product, "code", "name", "kind", "price", "hidden", "gone_at")
        | {
            "person_types": sorted(product.person_types),
            "inputs": [f"{each.code}{'*' if each.required else ''}" for each in product.inputs],
        }
        for product in products
    ]
    empty = "Nenhum produto. Sincronize: credit-protection products sync."
    return Table("products", "Produtos", make_columns(**columns), rows, empty)


def natures_table(natures: Iterable[InclusionNature]) -> Table:
    """Natures; `person_types` is None where the bureau does not say for whom."""
    columns = make_columns(code="Código", description="Descrição", person_types="Vale para")
    rows = [
        make_row(nature, "code", "description")
        | {"person_types": None if nature.person_types is None else sorted(nature.person_types)}
        for nature in natures
    ]
    empty = "Nenhuma natureza. Sincronize: credit-protection products sync."
    return Table("natures", "Naturezas", columns, rows, empty)


def reasons_table(reasons: ReasonMap, listed: Iterable[BureauReason]) -> Table:
    """The map of removal reasons: each of ours with the bureau's code, and who set it; last, the fallback."""
    descriptions = {each.code: each.description for each in listed}
    ours: list[tuple[str, str, ReasonCode | None]] = [
        (reason.value, label_for(reason), reasons.codes.get(reason)) for reason in RemovalReason
    ]
    rows = [
        {
            "reason": name,
            "label": label,
            "code": None if code is None else code.code,
            "description": None if code is None else descriptions.get(code.code, ""),
            "set_by": None if code is None else code.set_by or None,
            "origin": "falta" if code is None else f"definido por {code.set_by}" if code.set_by else "proposto",
        }
        for name, label, code in (*ours, ("fallback", "os que faltam", reasons.fallback))
    ]
    return Table("reasons", "Motivos da baixa", make_columns(**_REASON), rows)


def overdue_invoices_table(invoices: Iterable[Invoice], customers: Mapping[str, Customer], today: date) -> Table:
    """Overdue invoices of the ERP, with the names of the known customers, on the creditor's date.

    A row has a `creditor_id` only where the host gives one.
    """
    names = {key: customer.name for key, customer in customers.items()}
    rows = [
        make_row(invoice, "id", "customer_id", "subscription_id", "number", "due_date", "amount", "balance", "status")
        | {"customer_name": names.get(invoice.customer_id, ""), "days_late": (today - invoice.due_date).days}
        | ({} if invoice.creditor_id is None else {"creditor_id": invoice.creditor_id})
        for invoice in invoices
    ]
    return Table("invoices", "Faturas vencidas", make_columns(**_INVOICE), rows, "Nenhuma fatura vencida.")


def alarms_table(alarms: Iterable[Alarm]) -> Table:
    """Alarms."""
    rows = [
        make_row(alarm, "code", "severity", "subject", "message", "creditor_id", "deadline", "is_more")
        | {"count": alarm.count or None, "negativations": alarm.negativation_ids}
        for alarm in alarms
    ]
    return Table("alarms", "Alarmes", make_columns(**_ALARM), rows, "Nenhum alarme.")


def audit_table(entries: Iterable[AuditEntry]) -> Table:
    """The audit trail."""
    keys = ("at", "actor_id", "actor_name", "act", "subject", "creditor_id", "remark", "before", "after")
    rows = [make_row(entry, *keys) | {"act_text": act_label(entry.act)} for entry in entries]
    return Table("audit", "Auditoria", make_columns(**_AUDIT), rows, "Nenhum registro.")


def users_table(users: Iterable[User]) -> Table:
    """The users of the installation, with their roles."""
    return Table("users", "Usuários", make_columns(**_USER), list(map(_user_row, users)), "Nenhum usuário.")


def user_record(user: User) -> Record:
    """One user."""
    return Record(make_columns(**_USER), _user_row(user))


def _user_row(user: User) -> Row:
    creditor_ids = None if user.creditor_ids is None else sorted(user.creditor_ids)
    return make_row(user, "id", "active", "given_by", "given_at") | {
        "roles": sorted(user.roles),
        "creditor_ids": creditor_ids,
        "creditors_text": "todas" if creditor_ids is None else ", ".join(creditor_ids),
    }


def divergences_table(divergences: Iterable[Divergence]) -> Table:
    """Divergences, as a list."""
    columns = _chosen(_DIVERGENCE, "id", "code_text", "severity", "ours", "theirs", "decide_by", "decision")
    return Table("divergences", "Divergências", columns, [_divergence_row(each) for each in divergences], "Nenhuma.")


def divergence_record(divergence: Divergence) -> Record:
    """One divergence: both sides, and what to do."""
    return Record(make_columns(**_DIVERGENCE), _divergence_row(divergence))


def reconciliation_record(summary: ReconciliationSummary) -> Record:
    """What a pass over the bureau's side did."""
    opened = {label_for(DivergenceCode(code)): count for code, count in summary.opened.items()}
    row = make_row(summary, "integration_id", "as_of", *_RECONCILIATION_COUNTS, "is_suspect", "is_ended", "stopped")
    shown = "; ".join(f"{label} ({count})" for label, count in opened.items())
    return Record(make_columns(**_RECONCILIATION), row | {"opened": dict(summary.opened), "opened_text": shown})


def hold_record(state: HoldState) -> Record:
    """Whether inclusions wait after an outage or a restore, and what is still to be reconciled."""
    pending = [each.description for each in state.pending]
    return Record(make_columns(**_HOLD), make_row(state, "is_held", "since") | {"pending": pending})


def _divergence_row(divergence: Divergence) -> Row:
    return make_row(divergence, *_DIVERGENCE_ATTRIBUTES) | {"code_text": label_for(divergence.code)}


def _chosen(titles: Mapping[str, str], *keys: str) -> tuple[Column, ...]:
    return make_columns(**{key: titles[key] for key in keys})


def _negativation_row(negativation: Negativation, today: Mapping[str, date]) -> dict[str, object]:
    work = negativation.transmission
    now = today[negativation.creditor_id]
    shown = status(negativation, now)
    return make_row(negativation, *_NEGATIVATION_ATTRIBUTES) | {
        "status": shown,
        "status_text": shown.value,
        "document": negativation.document.masked,
        "person_type": negativation.document.person_type,
        "invoices": [invoice.invoice_id for invoice in negativation.invoices],
        "causes": [trigger.cause for trigger in negativation.triggers],
        "notes": [trigger.note for trigger in negativation.triggers if trigger.note],
        "next_action": work.action,
        "is_open": work.is_open,
        "due_at": work.due_at if work.is_open else None,
        "deadline": work.deadline,
        "days_left": None if work.deadline is None else (work.deadline - now).days,
        "attempts": work.attempts,
        "last_error": work.last_error,
        "blocked_by": question(negativation),
    }


def _query_row(query: CreditQuery, *, masked: bool = True) -> dict[str, object]:
    document = query.document.masked if masked else query.document.formatted
    return make_row(query, *_QUERY_ATTRIBUTES) | {"document": document}


def _integration_row(integration: Integration, now: datetime) -> Row:
    return make_row(integration, *_INTEGRATION_ATTRIBUTES) | {
        "calls": call_state(integration, now),
        "secrets": sorted(integration.encrypted_parameters),
        "settings": setting_values(integration.settings),
    }
