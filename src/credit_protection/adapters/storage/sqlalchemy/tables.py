"""The tables. Each is prefixed `cp_`: they may live in an ERP's own database.

Queues are read from partial indexes, so that a million closed records cost a worker nothing. Their conditions are
literals here and in the queries: neither database matches a condition with a bound parameter.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

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
from credit_protection.domain.events import EventKind
from credit_protection.domain.products import ProductKind
from credit_protection.domain.queries import Purpose, QueryStatus
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import SettlementKind
from credit_protection.domain.state_table import Action, Desired, Observed

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


def _index(name: str, *columns: sa.ColumnElement[Any], where: Condition | None = None, unique: bool = False) -> None:
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _at(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Instant, nullable=null)


def _day(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Day, nullable=null)


def _count(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=null)


def _choice(name: str, members: Any, *, null: bool = False) -> sa.Column[Any]:  # noqa: ANN401 - any enumeration
    return sa.Column(name, Choice(members), nullable=null)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, Flag, nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, Json, nullable=False)


def _cents(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Cents, nullable=null)


def _document(name: str = "document") -> sa.Column[Any]:
    return sa.Column(name, DocumentText, nullable=False)


def _sequence() -> sa.Column[int]:
    return sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True)


def _of(name: str, table: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(f"{table}.id"), primary_key=key, nullable=False)


# ------------------------------------------------------------------------------------------------ configuration

CREDITOR = sa.Table(
    "cp_creditor",
    METADATA,
    _text("id", key=True),
    _document(),
    _text("name"),
    _text("state"),
    _text("city"),
    _text("time_zone"),
    _json("local_holidays"),
    _flag("is_telecom"),
)

INTEGRATION = sa.Table(
    "cp_integration",
    METADATA,
    _text("id", key=True),
    _text("gateway"),
    _text("description"),
    _text("creditor_id"),
    _json("parameters"),
    _json("encrypted_parameters"),
    _at("created_at"),
    _flag("active"),
    _json("settings"),
    _at("paused_until", null=True),
    _text("pause_reason"),
    _at("deleted_at", null=True),
    _count("version"),
    _json("failing_negativation_ids"),
    _count("consecutive_pauses"),
    _at("paused_since", null=True),
)

PRODUCT = sa.Table(
    "cp_product",
    METADATA,
    _of("integration_id", "cp_integration", key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _text("code"),
    _text("name"),
    _choice("kind", ProductKind),
    _json("person_types"),
    _json("inputs"),
    _cents("price_cents", null=True),
    _flag("hidden"),
    _at("gone_at", null=True),
)

NATURE = sa.Table(
    "cp_nature",
    METADATA,
    _of("integration_id", "cp_integration", key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _text("code"),
    _text("description"),
    sa.Column("person_types", Json, nullable=True),
)

REMOVAL_REASON = sa.Table(
    "cp_removal_reason",
    METADATA,
    _of("integration_id", "cp_integration", key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _text("code"),
    _text("description"),
)

# ------------------------------------------------------------------------------------------------ credit queries

CREDIT_QUERY = sa.Table(
    "cp_credit_query",
    METADATA,
    _text("id", key=True),
    _of("integration_id", "cp_integration"),
    _text("creditor_id"),
    _text("product_code"),
    _document(),
    _text("customer_id", null=True),
    _choice("purpose", Purpose),
    _text("actor_id"),
    _at("asked_at"),
    _json("inputs"),
    _choice("status", QueryStatus),
    _cents("cost_cents", null=True),
    _at("answered_at", null=True),
    _text("protocol", null=True),
    _text("error_code"),
    _text("error_message"),
    _text("media_type"),
    sa.Column("size", sa.BigInteger, nullable=False),
    _text("sha256"),
)
_q = CREDIT_QUERY.c
_index("ix_cp_credit_query_newest", _q.asked_at, _q.id)
_index("ix_cp_credit_query_creditor", _q.creditor_id, _q.asked_at, _q.id)
_index("ix_cp_credit_query_integration", _q.integration_id, _q.asked_at, _q.id)
_index("ix_cp_credit_query_customer", _q.customer_id, _q.asked_at, _q.id)
_index("ix_cp_credit_query_document", _q.document, _q.asked_at, _q.id)
_index("ix_cp_credit_query_actor", _q.actor_id, _q.asked_at, _q.id)
_index("ix_cp_credit_query_unanswered", _q.asked_at, _q.id, where=is_(_q.status, QueryStatus.SENT))
_index(
    "ix_cp_credit_query_reuse",
    _q.document,
    _q.integration_id,
    _q.product_code,
    _q.answered_at,
    where=is_(_q.status, QueryStatus.ANSWERED),
)

CREDIT_REPORT = sa.Table(
    "cp_credit_report",
    METADATA,
    _of("query_id", "cp_credit_query", key=True),
    _text("media_type"),
    sa.Column("content", sa.LargeBinary, nullable=True),
    sa.Column("data", JsonText, nullable=True),
    _text("protocol", null=True),
    _count("score", null=True),
)
"""Answers are separate from queries, so that no list reads them."""

# ------------------------------------------------------------------------------------------------ negativations

INCLUSION_REQUEST = sa.Table(
    "cp_inclusion_request",
    METADATA,
    _text("id", key=True),
    _of("integration_id", "cp_integration"),
    _text("actor_id"),
    _text("actor_name"),
    _at("requested_at"),
    _text("customer_id"),
    _text("subscription_id"),
    _json("invoice_ids"),
    _text("nature_code"),
    _text("remark"),
)

NEGATIVATION = sa.Table(
    "cp_negativation",
    METADATA,
    _text("id", key=True),
    _text("request_id"),
    _of("integration_id", "cp_integration"),
    _text("creditor_id"),
    _choice("registry", Registry),
    _text("host"),
    _text("customer_id"),
    _text("subscription_id"),
    _text("customer_name"),
    _document(),
    _json("invoices"),
    _text("nature_code"),
    sa.Column("reference", sa.Text, nullable=False, unique=True),
    _text("requested_by"),
    _at("created_at"),
    # observed and desired
    _choice("observed", Observed),
    _at("observed_since"),
    _choice("desired", Desired),
    _json("triggers"),
    _flag("is_closed"),
    _count("unanswered_inclusions", null=True),
    _at("unanswered_inclusions_since", null=True),
    _at("unanswered_inclusions_quiet_until", null=True),
    _count("unanswered_removals", null=True),
    _at("unanswered_removals_since", null=True),
    _at("unanswered_removals_quiet_until", null=True),
    _at("known_at", null=True),
    _text("bureau_id", null=True),
    _day("notice_sent_on", null=True),
    _day("published_on", null=True),
    _flag("published_is_estimated"),
    _choice("removal_reason", RemovalReason, null=True),
    _count("inclusion_claims"),
    _count("removal_claims"),
    _text("rejection"),
    _flag("is_adopted"),
    # its transmission
    _choice("action", Action),
    _at("due_at"),
    _day("deadline", null=True),
    _count("attempts"),
    _count("fence"),
    _choice("claim_action", Action, null=True),
    _text("claim_worker", null=True),
    _at("claim_at", null=True),
    _at("claim_until", null=True),
    _count("claim_fence", null=True),
    _text("block_code", null=True),
    _text("block_message", null=True),
    _at("block_at", null=True),
    _text("last_error"),
    _choice("queue", QueueName, null=True),
    _choice("wait_state", WaitState, null=True),
    _count("version"),
)
_n = NEGATIVATION.c
IS_DUE_REMOVAL = sa.and_(is_(_n.queue, QueueName.REMOVAL), is_(_n.wait_state, WaitState.WORKER))
IS_DUE_INCLUSION = sa.and_(is_(_n.queue, QueueName.INCLUSION), is_(_n.wait_state, WaitState.WORKER))
IS_FREE = sa.and_(is_(_n.wait_state, WaitState.WORKER), _n.claim_until.is_(None))
_index("ix_cp_negativation_newest", _n.created_at, _n.id)
_index("ix_cp_negativation_creditor", _n.creditor_id, _n.created_at, _n.id)
_index("ix_cp_negativation_integration", _n.integration_id, _n.created_at, _n.id)
_index("ix_cp_negativation_customer", _n.customer_id, _n.created_at, _n.id)
_index("ix_cp_negativation_document", _n.document, _n.created_at, _n.id)
_index("ix_cp_negativation_observed", _n.observed, _n.created_at, _n.id)
_index("ix_cp_negativation_open", _n.created_at, _n.id, where=_n.queue.is_not(None))
_index("ix_cp_negativation_person", _n.created_at, _n.id, where=is_(_n.wait_state, WaitState.PERSON))
_index("ix_cp_negativation_removal_queue", _n.deadline, _n.id, where=is_(_n.queue, QueueName.REMOVAL))
_index("ix_cp_negativation_live", _n.integration_id, where=is_false(_n.is_closed))
_index("ix_cp_negativation_due_removal", _n.deadline, _n.due_at, _n.id, where=IS_DUE_REMOVAL)
_index("ix_cp_negativation_due_inclusion", _n.due_at, _n.id, where=IS_DUE_INCLUSION)
_index("ix_cp_negativation_next", _n.due_at, where=IS_FREE)
_index("ix_cp_negativation_lease", _n.claim_until, _n.id, where=_n.claim_until.is_not(None))

NEGATIVATION_INVOICE = sa.Table(
    "cp_negativation_invoice",
    METADATA,
    _of("negativation_id", "cp_negativation", key=True),
    _text("invoice_id", key=True),
    _text("host"),
    _choice("registry", Registry),
    _choice("desired", Desired),
    _flag("is_closed"),
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

EVENT = sa.Table(
    "cp_event",
    METADATA,
    _sequence(),
    _of("negativation_id", "cp_negativation"),
    _choice("kind", EventKind),
    _at("at"),
    _text("actor_id", null=True),
    _text("cause"),
    _json("detail"),
    implicit_returning=False,
)
_index("ix_cp_event_negativation", EVENT.c.negativation_id, EVENT.c.seq)

# ------------------------------------------------------------------------------------------------ payments

SETTLEMENT = sa.Table(
    "cp_settlement",
    METADATA,
    _text("host", key=True),
    _text("invoice_id", key=True),
    _text("settlement_id", key=True),
    sa.Column("is_reversal", Flag, primary_key=True, nullable=False),
    _choice("kind", SettlementKind, null=True),
    _day("happened_on"),
    _cents("amount_cents", null=True),
    _cents("discount_cents"),
    _day("available_on", null=True),
    _flag("court_order"),
    _at("recorded_at"),
    _at("applied_at", null=True),
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

INVOICE = sa.Table("cp_invoice", METADATA, _text("host", key=True), _text("invoice_id", key=True))
"""One row per invoice, for locking (rule 8)."""

# ------------------------------------------------------------------------------------------------ records

AUDIT = sa.Table(
    "cp_audit",
    METADATA,
    _sequence(),
    _at("at"),
    _text("actor_id"),
    _text("actor_name"),
    _text("act"),
    _text("subject"),
    _text("creditor_id", null=True),
    _text("remark"),
    _json("before"),
    _json("after"),
    implicit_returning=False,
)
_index("ix_cp_audit_newest", AUDIT.c.at, AUDIT.c.seq)
_index("ix_cp_audit_subject", AUDIT.c.subject, AUDIT.c.at, AUDIT.c.seq)
_index("ix_cp_audit_actor", AUDIT.c.actor_id, AUDIT.c.at, AUDIT.c.seq)
_index("ix_cp_audit_act", AUDIT.c.act, AUDIT.c.at, AUDIT.c.seq)
_index("ix_cp_audit_creditor", AUDIT.c.creditor_id, AUDIT.c.at, AUDIT.c.seq)

WATERMARK = sa.Table("cp_watermark", METADATA, _text("name", key=True), _at("at"))
