"""The tables. Each is prefixed `cp_`: they may live in an ERP's own database.

Queues are read from partial indexes, so that a million closed records cost a worker nothing. Their conditions are
literals here and in the queries: neither database matches a condition with a bound parameter.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from credit_protection.adapters.storage.derived_columns import QueueName, WaitState
from credit_protection.adapters.storage.sqlalchemy.column_types import (
    Cents,
    Choice,
    Day,
    DocumentText,
    Flag,
    Instant,
    Json,
    JsonText,
)
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.divergences import Decision, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.events import EventKind
from credit_protection.domain.products import ProductKind
from credit_protection.domain.queries import Purpose, QueryStatus
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import SettlementKind
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.unreadable import UnreadableKind

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)
Condition = sa.ColumnElement[bool]


def is_(column: sa.ColumnElement[Any], value: str) -> Condition:
    """The column has this value, as a literal that matches a partial index's condition."""
    return column == sa.literal_column(f"'{value}'")


def is_false(column: sa.ColumnElement[bool]) -> Condition:
    """The flag is false, likewise."""
    return column == sa.false()


def is_true(column: sa.ColumnElement[bool]) -> Condition:
    """The flag is true, likewise."""
    return column != sa.false()


def _index(name: str, *columns: sa.ColumnElement[Any], where: Condition | None = None, unique: bool = False) -> None:
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _index_list(table: sa.Table, order: Sequence[str], *filters: str) -> None:
    """Index a list that is read newest first: whole, and by each filter."""
    ordered = [table.c[name] for name in order]
    _index(f"ix_{table.name}_newest", *ordered)
    for name in filters:
        _index(f"ix_{table.name}_{name.removesuffix('_id')}", table.c[name], *ordered)


def _columns(kind: TypeEngine[Any] | type[TypeEngine[Any]], *names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=null) for name in names]


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def _sequence() -> sa.Column[int]:
    return sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True)


def _of(name: str, table: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(f"{table}.id"), primary_key=key, nullable=False)


def _catalogue(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """A list of an integration, in the bureau's order."""
    position = sa.Column("position", sa.Integer, primary_key=True, autoincrement=False)
    return sa.Table(name, METADATA, _of("integration_id", "cp_integration", key=True), position, *columns)


# ------------------------------------------------------------------------------------------------ configuration

CREDITOR = sa.Table(
    "cp_creditor",
    METADATA,
    *_keys("id"),
    *_columns(DocumentText, "document"),
    *_columns(sa.Text, "name", "state", "city", "time_zone"),
    *_columns(Json, "local_holidays"),
    *_columns(Flag, "is_telecom"),
)

INTEGRATION = sa.Table(
    "cp_integration",
    METADATA,
    *_keys("id"),
    *_columns(sa.Text, "gateway", "description", "creditor_id"),
    *_columns(Json, "parameters", "encrypted_parameters"),
    *_columns(Instant, "created_at"),
    *_columns(Flag, "active"),
    *_columns(Json, "settings"),
    *_columns(Instant, "paused_until", null=True),
    *_columns(sa.Text, "pause_reason"),
    *_columns(Instant, "deleted_at", null=True),
    *_columns(sa.Integer, "version"),
    *_columns(Json, "failing_negativation_ids"),
    *_columns(sa.Integer, "consecutive_pauses"),
    *_columns(Instant, "paused_since", "paused_at", null=True),
    *_columns(sa.Text, "reason_map"),
)

PRODUCT = _catalogue(
    "cp_product",
    *_columns(sa.Text, "code", "name"),
    *_columns(Choice(ProductKind), "kind"),
    *_columns(Json, "person_types", "inputs"),
    *_columns(Cents, "price_cents", null=True),
    *_columns(Flag, "hidden"),
    *_columns(Instant, "gone_at", null=True),
)

NATURE = _catalogue("cp_nature", *_columns(sa.Text, "code", "description"), *_columns(Json, "person_types", null=True))

REMOVAL_REASON = _catalogue("cp_removal_reason", *_columns(sa.Text, "code", "description"))

# ------------------------------------------------------------------------------------------------ credit queries

CREDIT_QUERY = sa.Table(
    "cp_credit_query",
    METADATA,
    *_keys("id"),
    _of("integration_id", "cp_integration"),
    *_columns(sa.Text, "creditor_id", "product_code"),
    *_columns(DocumentText, "document"),
    *_columns(sa.Text, "customer_id", null=True),
    *_columns(Choice(Purpose), "purpose"),
    *_columns(sa.Text, "actor_id"),
    *_columns(Instant, "asked_at"),
    *_columns(Json, "inputs"),
    *_columns(Choice(QueryStatus), "status"),
    *_columns(Cents, "cost_cents", null=True),
    *_columns(Instant, "answered_at", null=True),
    *_columns(sa.Text, "protocol", null=True),
    *_columns(sa.Text, "error_code", "error_message", "media_type"),
    *_columns(sa.BigInteger, "size"),
    *_columns(sa.Text, "sha256"),
)
_q = CREDIT_QUERY.c
_index_list(CREDIT_QUERY, ("asked_at", "id"), "creditor_id", "integration_id", "customer_id", "document", "actor_id")
_index("ix_cp_credit_query_unanswered", _q.asked_at, _q.id, where=is_(_q.status, QueryStatus.SENT))
_index(
    "ix_cp_credit_query_reuse",
    _q.document,
    _q.integration_id,
    _q.product_code,
    _q.answered_at,
    where=is_(_q.status, QueryStatus.ANSWERED),
)
_index(
    "uq_cp_credit_query_running",
    _q.document,
    _q.integration_id,
    _q.product_code,
    unique=True,
    where=is_(_q.status, QueryStatus.SENT),
)

CREDIT_REPORT = sa.Table(
    "cp_credit_report",
    METADATA,
    _of("query_id", "cp_credit_query", key=True),
    *_columns(sa.Text, "media_type"),
    *_columns(sa.LargeBinary, "content", null=True),
    *_columns(JsonText, "data", null=True),
    *_columns(sa.Text, "protocol", null=True),
    *_columns(sa.Integer, "score", null=True),
)
"""Answers are separate from queries, so that no list reads them."""

# ------------------------------------------------------------------------------------------------ negativations

INCLUSION_REQUEST = sa.Table(
    "cp_inclusion_request",
    METADATA,
    *_keys("id"),
    _of("integration_id", "cp_integration"),
    *_columns(sa.Text, "actor_id", "actor_name"),
    *_columns(Instant, "requested_at"),
    *_columns(sa.Text, "customer_id", "subscription_id"),
    *_columns(Json, "invoice_ids"),
    *_columns(sa.Text, "nature_code", "remark"),
)

NEGATIVATION = sa.Table(
    "cp_negativation",
    METADATA,
    *_keys("id"),
    *_columns(sa.Text, "request_id"),
    _of("integration_id", "cp_integration"),
    *_columns(sa.Text, "creditor_id"),
    *_columns(Choice(Registry), "registry"),
    *_columns(sa.Text, "host", "customer_id", "subscription_id", "customer_name"),
    *_columns(DocumentText, "document"),
    *_columns(Json, "invoices"),
    *_columns(Day, "due_date"),
    *_columns(sa.Text, "nature_code"),
    sa.Column("reference", sa.Text, nullable=False, unique=True),
    *_columns(sa.Text, "requested_by"),
    *_columns(Instant, "created_at"),
    # observed and desired
    *_columns(Choice(Observed), "observed"),
    *_columns(Instant, "observed_since"),
    *_columns(Choice(Desired), "desired"),
    *_columns(Json, "triggers"),
    *_columns(Flag, "is_closed"),
    *_columns(sa.Integer, "unanswered_inclusions", null=True),
    *_columns(Instant, "unanswered_inclusions_since", "unanswered_inclusions_quiet_until", null=True),
    *_columns(sa.Integer, "unanswered_removals", null=True),
    *_columns(Instant, "unanswered_removals_since", "unanswered_removals_quiet_until", "known_at", null=True),
    *_columns(sa.Text, "bureau_id", null=True),
    *_columns(Instant, "seen_at"),
    *_columns(Day, "notice_sent_on", "published_on", null=True),
    *_columns(Flag, "published_is_estimated"),
    *_columns(Choice(RemovalReason), "removal_reason", null=True),
    *_columns(sa.Text, "removal_code"),
    *_columns(Json, "refused_codes"),
    *_columns(sa.Integer, "inclusion_claims", "removal_claims"),
    *_columns(sa.Text, "rejection"),
    *_columns(Flag, "is_adopted", "is_unconfirmed", "inclusion_not_understood"),
    *_columns(sa.Integer, "not_understood"),
    # its transmission
    *_columns(Choice(Action), "action"),
    *_columns(Instant, "due_at"),
    *_columns(Day, "deadline", null=True),
    *_columns(sa.Integer, "attempts", "fence"),
    *_columns(Choice(Action), "claim_action", null=True),
    *_columns(sa.Text, "claim_worker", null=True),
    *_columns(Instant, "claim_at", "claim_until", null=True),
    *_columns(sa.Integer, "claim_fence", null=True),
    *_columns(sa.Text, "block_code", "block_message", null=True),
    *_columns(Instant, "block_at", null=True),
    *_columns(sa.Text, "last_error"),
    *_columns(Choice(QueueName), "queue", null=True),
    *_columns(Choice(WaitState), "wait_state", null=True),
    *_columns(Flag, "awaits_person"),
    *_columns(sa.Integer, "version"),
)
_n = NEGATIVATION.c
IS_DUE_REMOVAL = sa.and_(is_(_n.queue, QueueName.REMOVAL), is_(_n.wait_state, WaitState.WORKER))
IS_DUE_INCLUSION = sa.and_(is_(_n.queue, QueueName.INCLUSION), is_(_n.wait_state, WaitState.WORKER))
IS_FREE = sa.and_(is_(_n.wait_state, WaitState.WORKER), _n.claim_until.is_(None))
_index_list(NEGATIVATION, ("created_at", "id"), "creditor_id", "integration_id", "customer_id", "document", "observed")
_index("ix_cp_negativation_open", _n.created_at, _n.id, where=_n.queue.is_not(None))
_index("ix_cp_negativation_person", _n.created_at, _n.id, where=is_true(_n.awaits_person))
_index("ix_cp_negativation_removal_queue", _n.deadline, _n.id, where=is_(_n.queue, QueueName.REMOVAL))
_index("ix_cp_negativation_live", _n.integration_id, _n.due_date, _n.id, where=is_false(_n.is_closed))
_index("ix_cp_negativation_seen", _n.integration_id, _n.seen_at, _n.id, where=is_false(_n.is_closed))
_index("ix_cp_negativation_bureau", _n.bureau_id, where=_n.bureau_id.is_not(None))
_index("ix_cp_negativation_due_removal", _n.deadline, _n.due_at, _n.id, where=IS_DUE_REMOVAL)
_index("ix_cp_negativation_due_inclusion", _n.due_at, _n.id, where=IS_DUE_INCLUSION)
_index("ix_cp_negativation_next", _n.due_at, where=IS_FREE)
_index("ix_cp_negativation_lease", _n.claim_until, _n.id, where=_n.claim_until.is_not(None))

NEGATIVATION_INVOICE = sa.Table(
    "cp_negativation_invoice",
    METADATA,
    _of("negativation_id", "cp_negativation", key=True),
    *_keys("invoice_id"),
    *_columns(sa.Text, "host"),
    *_columns(Choice(Registry), "registry"),
    *_columns(Choice(Desired), "desired"),
    *_columns(Flag, "is_closed"),
)
"""Which negativation covers which invoice; an invoice's details are in `cp_negativation.invoices`."""
_i = NEGATIVATION_INVOICE.c
_index("ix_cp_negativation_invoice_live", _i.host, _i.invoice_id, where=is_false(_i.is_closed))
_index(
    "uq_cp_negativation_invoice_wanted",
    _i.host,
    _i.registry,
    _i.invoice_id,
    where=sa.and_(is_false(_i.is_closed), is_(_i.desired, Desired.INCLUDED)),
    unique=True,
)

RELINK = sa.Table(
    "cp_relink",
    METADATA,
    _of("negativation_id", "cp_negativation", key=True),
    *_keys("host", "invoice_id"),
    *_columns(sa.Text, "new_host", "new_invoice_id"),
    *_columns(Instant, "at"),
)
"""Under which other id, or in which other ERP, a negativation's invoice stood before."""

EVENT = sa.Table(
    "cp_event",
    METADATA,
    _sequence(),
    _of("negativation_id", "cp_negativation"),
    *_columns(Choice(EventKind), "kind"),
    *_columns(Instant, "at"),
    *_columns(sa.Text, "actor_id", null=True),
    *_columns(sa.Text, "cause"),
    *_columns(Json, "detail"),
    implicit_returning=False,
)
_index("ix_cp_event_negativation", EVENT.c.negativation_id, EVENT.c.seq)

# ------------------------------------------------------------------------------------------------ payments

SETTLEMENT = sa.Table(
    "cp_settlement",
    METADATA,
    *_keys("host", "invoice_id", "settlement_id"),
    sa.Column("is_reversal", Flag, primary_key=True, nullable=False),
    *_columns(Choice(SettlementKind), "kind", null=True),
    *_columns(Day, "happened_on"),
    *_columns(Cents, "amount_cents", null=True),
    *_columns(Cents, "discount_cents"),
    *_columns(Day, "available_on", null=True),
    *_columns(Flag, "court_order"),
    *_columns(Instant, "as_of", null=True),
    *_columns(Instant, "recorded_at"),
    *_columns(Instant, "applied_at", null=True),
)
"""The ledger: a settlement and its reversal are two rows. No foreign keys, so that no payment is refused."""
_s = SETTLEMENT.c
_index(
    "ix_cp_settlement_unapplied",
    _s.recorded_at,
    _s.host,
    _s.invoice_id,
    _s.settlement_id,
    _s.is_reversal,
    where=_s.applied_at.is_(None),
)

INVOICE = sa.Table("cp_invoice", METADATA, *_keys("host", "invoice_id"))
"""One row per invoice, for locking (rule 8)."""

UNREADABLE = sa.Table(
    "cp_unreadable",
    METADATA,
    *_keys("host"),
    sa.Column("kind", Choice(UnreadableKind), primary_key=True, nullable=False),
    *_keys("subject"),
    *_columns(sa.Text, "reason"),
)
"""What could not be read and was left out."""

# ------------------------------------------------------------------------------------------------ comparison

READING = sa.Table(
    "cp_reading",
    METADATA,
    *_keys("host", "invoice_id"),
    *_columns(sa.Text, "content"),
    *_columns(Instant, "as_of", "status_since", "due_date_since", "check_at"),
)

RECHECK = sa.Table(
    "cp_recheck",
    METADATA,
    *_keys("id"),
    *_columns(sa.Text, "host", "invoice_id"),
    *_columns(Instant, "recorded_at", "due_at"),
    *_columns(Instant, "seen_at", "done_at", null=True),
    *_columns(sa.Integer, "attempts"),
)
"""No foreign keys, so that no payment is refused."""
_k = RECHECK.c
_index("ix_cp_recheck_unseen", _k.recorded_at, where=_k.seen_at.is_(None))
_index("ix_cp_recheck_due", _k.host, _k.due_at, _k.id, where=_k.done_at.is_(None))
_index("ix_cp_recheck_done", _k.done_at, where=_k.done_at.is_not(None))
_index("ix_cp_recheck_invoice", _k.host, _k.invoice_id)

DIVERGENCE = sa.Table(
    "cp_divergence",
    METADATA,
    *_keys("id"),
    *_columns(sa.Text, "subject", "integration_id", "creditor_id"),
    *_columns(sa.Text, "negativation_id", null=True),
    *_columns(Choice(DivergenceCode), "code"),
    *_columns(Choice(Side), "side"),
    *_columns(Choice(DivergenceSeverity), "severity"),
    *_columns(sa.Text, "ours", "theirs", "message"),
    *_columns(Instant, "opened_at"),
    *_columns(Day, "decide_by", null=True),
    *_columns(Choice(Decision), "decision", null=True),
    *_columns(sa.Text, "decided_by", null=True),
    *_columns(Instant, "decided_at", null=True),
    *_columns(sa.Text, "remark"),
    *_columns(Instant, "closed_at", null=True),
)
_d = DIVERGENCE.c
_index_list(DIVERGENCE, ("opened_at", "id"), "creditor_id", "integration_id", "negativation_id", "code")
_index("ix_cp_divergence_open", _d.opened_at, _d.id, where=_d.closed_at.is_(None))
_index("uq_cp_divergence_open", _d.subject, _d.code, _d.side, where=_d.closed_at.is_(None), unique=True)

TURN = sa.Table(
    "cp_turn",
    METADATA,
    _sequence(),
    *_columns(sa.Text, "integration_id", "negativation_id"),
    *_columns(Instant, "at"),
    implicit_returning=False,
)
"""What turned without a host's own settlement: the brake counts the last day's."""
_index("ix_cp_turn_integration", TURN.c.integration_id, TURN.c.at)

# ------------------------------------------------------------------------------------------------ records

AUDIT = sa.Table(
    "cp_audit",
    METADATA,
    _sequence(),
    *_columns(Instant, "at"),
    *_columns(sa.Text, "actor_id", "actor_name", "act", "subject"),
    *_columns(sa.Text, "creditor_id", null=True),
    *_columns(sa.Text, "remark"),
    *_columns(Json, "before", "after"),
    implicit_returning=False,
)
_index_list(AUDIT, ("at", "seq"), "subject", "actor_id", "act")

WATERMARK = sa.Table("cp_watermark", METADATA, *_keys("name"), *_columns(Instant, "at"), *_columns(sa.Text, "note"))

USER = sa.Table(
    "cp_user",
    METADATA,
    *_keys("id"),
    *_columns(Json, "roles"),
    *_columns(Json, "creditor_ids", null=True),
    *_columns(Flag, "active"),
    *_columns(sa.Text, "given_by"),
    *_columns(Instant, "given_at"),
    *_columns(Flag, "administers"),
)
_index_list(USER, ("given_at", "id"))
