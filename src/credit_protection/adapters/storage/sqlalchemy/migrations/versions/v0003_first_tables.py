"""The first tables. Databases from before 0.2 have the revisions v0001 and v0002, with other tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

revision = "v0003"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
_DAY = sa.Text().with_variant(sa.Date(), "postgresql")
_JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
_FLAG = sa.Integer().with_variant(sa.Boolean(), "postgresql")
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _columns(kind: TypeEngine[Any] | type[TypeEngine[Any]], *names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=null) for name in names]


def _create_table(
    table: str, *columns: sa.schema.SchemaItem, key: tuple[str, ...] = ("id",), **references: str
) -> None:
    op.create_table(
        table,
        *columns,
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}")
            for column, other in references.items()
        ),
    )


def _create_catalogue(table: str, *columns: sa.Column[Any]) -> None:
    integration = sa.Column("integration_id", sa.Text, nullable=False)
    position = sa.Column("position", sa.Integer, autoincrement=False, nullable=False)
    key = ("integration_id", "position")
    _create_table(table, integration, position, *columns, key=key, integration_id="cp_integration")


def _create_index(table: str, name: str, columns: list[str], where: str = "", *, unique: bool = False) -> None:
    sqlite = where.replace("= false", "= 0")
    conditions: dict[str, Any] = {"postgresql_where": sa.text(where), "sqlite_where": sa.text(sqlite)} if where else {}
    op.create_index(f"{'uq' if unique else 'ix'}_{table}_{name}", table, columns, unique=unique, **conditions)


def _create_list_indexes(table: str, order: list[str], *filters: str) -> None:
    _create_index(table, "newest", order)
    for column in filters:
        _create_index(table, column.removesuffix("_id"), [column, *order])


def upgrade() -> None:
    """Create them."""
    _create_table(
        "cp_creditor",
        *_columns(sa.Text, "id", "document", "name", "state", "city", "time_zone"),
        *_columns(_JSON, "local_holidays"),
        *_columns(_FLAG, "is_telecom"),
    )
    _create_table(
        "cp_integration",
        *_columns(sa.Text, "id", "gateway", "description", "creditor_id"),
        *_columns(_JSON, "parameters", "encrypted_parameters"),
        *_columns(_INSTANT, "created_at"),
        *_columns(_FLAG, "active"),
        *_columns(_JSON, "settings"),
        *_columns(_INSTANT, "paused_until", null=True),
        *_columns(sa.Text, "pause_reason"),
        *_columns(_INSTANT, "deleted_at", null=True),
        *_columns(sa.Integer, "version"),
        *_columns(_JSON, "failing_negativation_ids"),
        *_columns(sa.Integer, "consecutive_pauses"),
        *_columns(_INSTANT, "paused_since", "paused_at", null=True),
        *_columns(sa.Text, "reason_map"),
    )
    _create_catalogue(
        "cp_product",
        *_columns(sa.Text, "code", "name", "kind"),
        *_columns(_JSON, "person_types", "inputs"),
        *_columns(sa.BigInteger, "price_cents", null=True),
        *_columns(_FLAG, "hidden"),
        *_columns(_INSTANT, "gone_at", null=True),
    )
    _create_catalogue(
        "cp_nature",
        *_columns(sa.Text, "code", "description"),
        *_columns(_JSON, "person_types", null=True),
    )
    _create_catalogue("cp_removal_reason", *_columns(sa.Text, "code", "description"))
    _create_table(
        "cp_credit_query",
        *_columns(sa.Text, "id", "integration_id", "creditor_id", "product_code", "document"),
        *_columns(sa.Text, "customer_id", null=True),
        *_columns(sa.Text, "purpose", "actor_id"),
        *_columns(_INSTANT, "asked_at"),
        *_columns(_JSON, "inputs"),
        *_columns(sa.Text, "status"),
        *_columns(sa.BigInteger, "cost_cents", null=True),
        *_columns(_INSTANT, "answered_at", null=True),
        *_columns(sa.Text, "protocol", null=True),
        *_columns(sa.Text, "error_code", "error_message", "media_type"),
        *_columns(sa.BigInteger, "size"),
        *_columns(sa.Text, "sha256"),
        integration_id="cp_integration",
    )
    _create_list_indexes(
        "cp_credit_query", ["asked_at", "id"], "actor_id", "creditor_id", "customer_id", "document", "integration_id"
    )
    _create_index(
        "cp_credit_query", "reuse", ["document", "integration_id", "product_code", "answered_at"], "status = 'answered'"
    )
    _create_index("cp_credit_query", "unanswered", ["asked_at", "id"], "status = 'sent'")
    _create_index(
        "cp_credit_query",
        "running",
        ["document", "integration_id", "product_code"],
        where="status = 'sent'",
        unique=True,
    )
    _create_table(
        "cp_credit_report",
        *_columns(sa.Text, "query_id", "media_type"),
        *_columns(sa.LargeBinary, "content", null=True),
        *_columns(sa.Text, "data", "protocol", null=True),
        *_columns(sa.Integer, "score", null=True),
        key=("query_id",),
        query_id="cp_credit_query",
    )
    _create_table(
        "cp_inclusion_request",
        *_columns(sa.Text, "id", "integration_id", "actor_id", "actor_name"),
        *_columns(_INSTANT, "requested_at"),
        *_columns(sa.Text, "customer_id", "subscription_id"),
        *_columns(_JSON, "invoice_ids"),
        *_columns(sa.Text, "nature_code", "remark"),
        integration_id="cp_integration",
    )
    _create_table(
        "cp_negativation",
        *_columns(sa.Text, "id", "request_id", "integration_id", "creditor_id", "registry", "host", "customer_id"),
        *_columns(sa.Text, "subscription_id", "customer_name", "document"),
        *_columns(_JSON, "invoices"),
        *_columns(_DAY, "due_date"),
        *_columns(sa.Text, "nature_code", "reference", "requested_by"),
        *_columns(_INSTANT, "created_at"),
        *_columns(sa.Text, "observed"),
        *_columns(_INSTANT, "observed_since"),
        *_columns(sa.Text, "desired"),
        *_columns(_JSON, "triggers"),
        *_columns(_FLAG, "is_closed"),
        *_columns(sa.Integer, "unanswered_inclusions", null=True),
        *_columns(_INSTANT, "unanswered_inclusions_since", "unanswered_inclusions_quiet_until", null=True),
        *_columns(sa.Integer, "unanswered_removals", null=True),
        *_columns(_INSTANT, "unanswered_removals_since", "unanswered_removals_quiet_until", "known_at", null=True),
        *_columns(sa.Text, "bureau_id", null=True),
        *_columns(_INSTANT, "seen_at"),
        *_columns(_DAY, "notice_sent_on", "published_on", null=True),
        *_columns(_FLAG, "published_is_estimated"),
        *_columns(sa.Text, "removal_reason", null=True),
        *_columns(sa.Text, "removal_code"),
        *_columns(_JSON, "refused_codes"),
        *_columns(sa.Integer, "inclusion_claims", "removal_claims"),
        *_columns(sa.Text, "rejection"),
        *_columns(_FLAG, "is_adopted", "is_unconfirmed", "inclusion_not_understood"),
        *_columns(sa.Integer, "not_understood"),
        *_columns(sa.Text, "action"),
        *_columns(_INSTANT, "due_at"),
        *_columns(_DAY, "deadline", null=True),
        *_columns(sa.Integer, "attempts", "fence"),
        *_columns(sa.Text, "claim_action", "claim_worker", null=True),
        *_columns(_INSTANT, "claim_at", "claim_until", null=True),
        *_columns(sa.Integer, "claim_fence", null=True),
        *_columns(sa.Text, "block_code", "block_message", null=True),
        *_columns(_INSTANT, "block_at", null=True),
        *_columns(sa.Text, "last_error"),
        *_columns(sa.Text, "queue", "wait_state", null=True),
        *_columns(_FLAG, "awaits_person"),
        *_columns(sa.Integer, "version"),
        sa.UniqueConstraint("reference", name="uq_cp_negativation_reference"),
        integration_id="cp_integration",
    )
    _create_list_indexes(
        "cp_negativation", ["created_at", "id"], "creditor_id", "customer_id", "document", "integration_id", "observed"
    )
    _create_index("cp_negativation", "bureau", ["bureau_id"], "bureau_id IS NOT NULL")
    _create_index("cp_negativation", "seen", ["integration_id", "seen_at", "id"], "is_closed = false")
    _create_index("cp_negativation", "due_inclusion", ["due_at", "id"], "queue = 'inclusion' AND wait_state = 'worker'")
    _create_index(
        "cp_negativation", "due_removal", ["deadline", "due_at", "id"], "queue = 'removal' AND wait_state = 'worker'"
    )
    _create_index("cp_negativation", "lease", ["claim_until", "id"], "claim_until IS NOT NULL")
    _create_index("cp_negativation", "live", ["integration_id", "due_date", "id"], "is_closed = false")
    _create_index("cp_negativation", "next", ["due_at"], "wait_state = 'worker' AND claim_until IS NULL")
    _create_index("cp_negativation", "open", ["created_at", "id"], "queue IS NOT NULL")
    _create_index("cp_negativation", "person", ["created_at", "id"], "awaits_person != false")
    _create_index("cp_negativation", "removal_queue", ["deadline", "id"], "queue = 'removal'")
    _create_table(
        "cp_negativation_invoice",
        *_columns(sa.Text, "negativation_id", "invoice_id", "host", "registry", "desired"),
        *_columns(_FLAG, "is_closed"),
        key=("negativation_id", "invoice_id"),
        negativation_id="cp_negativation",
    )
    _create_index("cp_negativation_invoice", "live", ["host", "invoice_id"], "is_closed = false")
    _create_index(
        "cp_negativation_invoice",
        "wanted",
        ["host", "registry", "invoice_id"],
        "is_closed = false AND desired = 'included'",
        unique=True,
    )
    _create_table(
        "cp_relink",
        *_columns(sa.Text, "negativation_id", "host", "invoice_id", "new_host", "new_invoice_id"),
        *_columns(_INSTANT, "at"),
        key=("negativation_id", "host", "invoice_id"),
        negativation_id="cp_negativation",
    )
    _create_table(
        "cp_event",
        sa.Column("seq", _SEQUENCE, sa.Identity(), nullable=False),
        *_columns(sa.Text, "negativation_id", "kind"),
        *_columns(_INSTANT, "at"),
        *_columns(sa.Text, "actor_id", null=True),
        *_columns(sa.Text, "cause"),
        *_columns(_JSON, "detail"),
        key=("seq",),
        negativation_id="cp_negativation",
    )
    _create_index("cp_event", "negativation", ["negativation_id", "seq"])
    _create_table(
        "cp_settlement",
        *_columns(sa.Text, "host", "invoice_id", "settlement_id"),
        *_columns(_FLAG, "is_reversal"),
        *_columns(sa.Text, "kind", null=True),
        *_columns(_DAY, "happened_on"),
        *_columns(sa.BigInteger, "amount_cents", null=True),
        *_columns(sa.BigInteger, "discount_cents"),
        *_columns(_DAY, "available_on", null=True),
        *_columns(_FLAG, "court_order"),
        *_columns(_INSTANT, "as_of", null=True),
        *_columns(_INSTANT, "recorded_at"),
        *_columns(_INSTANT, "applied_at", null=True),
        key=("host", "invoice_id", "settlement_id", "is_reversal"),
    )
    _create_index(
        "cp_settlement",
        "unapplied",
        ["recorded_at", "host", "invoice_id", "settlement_id", "is_reversal"],
        "applied_at IS NULL",
    )
    _create_table("cp_invoice", *_columns(sa.Text, "host", "invoice_id"), key=("host", "invoice_id"))
    _create_comparison_tables()
    _create_table(
        "cp_audit",
        sa.Column("seq", _SEQUENCE, sa.Identity(), nullable=False),
        *_columns(_INSTANT, "at"),
        *_columns(sa.Text, "actor_id", "actor_name", "act", "subject"),
        *_columns(sa.Text, "creditor_id", null=True),
        *_columns(sa.Text, "remark"),
        *_columns(_JSON, "before", "after"),
        key=("seq",),
    )
    _create_list_indexes("cp_audit", ["at", "seq"], "act", "actor_id", "subject")
    _create_table(
        "cp_watermark", *_columns(sa.Text, "name"), *_columns(_INSTANT, "at"), *_columns(sa.Text, "note"), key=("name",)
    )


def _create_comparison_tables() -> None:
    _create_table(
        "cp_reading",
        *_columns(sa.Text, "host", "invoice_id", "content"),
        *_columns(_INSTANT, "as_of", "status_since", "due_date_since", "check_at"),
        key=("host", "invoice_id"),
    )
    _create_table(
        "cp_recheck",
        *_columns(sa.Text, "id", "host", "invoice_id"),
        *_columns(_INSTANT, "recorded_at", "due_at"),
        *_columns(_INSTANT, "seen_at", "done_at", null=True),
        *_columns(sa.Integer, "attempts"),
    )
    _create_index("cp_recheck", "unseen", ["recorded_at"], "seen_at IS NULL")
    _create_index("cp_recheck", "due", ["host", "due_at", "id"], "done_at IS NULL")
    _create_index("cp_recheck", "done", ["done_at"], "done_at IS NOT NULL")
    _create_index("cp_recheck", "invoice", ["host", "invoice_id"])
    _create_table(
        "cp_divergence",
        *_columns(sa.Text, "id", "subject", "integration_id", "creditor_id"),
        *_columns(sa.Text, "negativation_id", null=True),
        *_columns(sa.Text, "code", "side", "severity", "ours", "theirs", "message"),
        *_columns(_INSTANT, "opened_at"),
        *_columns(_DAY, "decide_by", null=True),
        *_columns(sa.Text, "decision", "decided_by", null=True),
        *_columns(_INSTANT, "decided_at", null=True),
        *_columns(sa.Text, "remark"),
        *_columns(_INSTANT, "closed_at", null=True),
    )
    _create_list_indexes(
        "cp_divergence", ["opened_at", "id"], "creditor_id", "integration_id", "negativation_id", "code"
    )
    open_ = "closed_at IS NULL"
    _create_index("cp_divergence", "open", ["opened_at", "id"], open_)
    _create_index("cp_divergence", "open", ["subject", "code", "side"], open_, unique=True)
    _create_table(
        "cp_turn",
        sa.Column("seq", _SEQUENCE, sa.Identity(), nullable=False),
        *_columns(sa.Text, "integration_id", "negativation_id"),
        *_columns(_INSTANT, "at"),
        key=("seq",),
    )
    _create_index("cp_turn", "integration", ["integration_id", "at"])
    _create_table(
        "cp_unreadable",
        *_columns(sa.Text, "host", "kind", "subject", "reason"),
        key=("host", "kind", "subject"),
    )
    _create_table(
        "cp_user",
        *_columns(sa.Text, "id"),
        *_columns(_JSON, "roles"),
        *_columns(_JSON, "creditor_ids", null=True),
        *_columns(_FLAG, "active"),
        *_columns(sa.Text, "given_by"),
        *_columns(_INSTANT, "given_at"),
        *_columns(_FLAG, "administers"),
    )
    _create_list_indexes("cp_user", ["given_at", "id"])


def downgrade() -> None:
    """Drop them, children first."""
    for table in (
        "cp_user",
        "cp_watermark",
        "cp_audit",
        "cp_unreadable",
        "cp_turn",
        "cp_divergence",
        "cp_recheck",
        "cp_reading",
        "cp_invoice",
        "cp_settlement",
        "cp_event",
        "cp_relink",
        "cp_negativation_invoice",
        "cp_negativation",
        "cp_inclusion_request",
        "cp_credit_report",
        "cp_credit_query",
        "cp_removal_reason",
        "cp_nature",
        "cp_product",
        "cp_integration",
        "cp_creditor",
    ):
        op.drop_table(table)
