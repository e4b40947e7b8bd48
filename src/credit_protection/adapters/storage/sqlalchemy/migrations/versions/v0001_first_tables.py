"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
_DAY = sa.Text().with_variant(sa.Date(), "postgresql")
_JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
_FLAG = sa.Integer().with_variant(sa.Boolean(), "postgresql")
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _where(condition: str, *, sqlite: str | None = None) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(sqlite or condition)}


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "cp_creditor",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("local_holidays", _JSON, nullable=False),
        sa.Column("is_telecom", _FLAG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cp_creditor"),
    )
    op.create_table(
        "cp_integration",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("creditor_id", sa.Text, nullable=False),
        sa.Column("parameters", _JSON, nullable=False),
        sa.Column("encrypted_parameters", _JSON, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("active", _FLAG, nullable=False),
        sa.Column("settings", _JSON, nullable=False),
        sa.Column("paused_until", _INSTANT, nullable=True),
        sa.Column("pause_reason", sa.Text, nullable=False),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("failing_negativation_ids", _JSON, nullable=False),
        sa.Column("consecutive_pauses", sa.Integer, nullable=False),
        sa.Column("paused_since", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cp_integration"),
    )
    op.create_table(
        "cp_product",
        sa.Column("integration_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("person_types", _JSON, nullable=False),
        sa.Column("inputs", _JSON, nullable=False),
        sa.Column("price_cents", sa.BigInteger, nullable=True),
        sa.Column("hidden", _FLAG, nullable=False),
        sa.Column("gone_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("integration_id", "position", name="pk_cp_product"),
        sa.ForeignKeyConstraint(["integration_id"], ["cp_integration.id"], name="fk_cp_product_integration_id"),
    )
    op.create_table(
        "cp_nature",
        sa.Column("integration_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("person_types", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("integration_id", "position", name="pk_cp_nature"),
        sa.ForeignKeyConstraint(["integration_id"], ["cp_integration.id"], name="fk_cp_nature_integration_id"),
    )
    op.create_table(
        "cp_removal_reason",
        sa.Column("integration_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "position", name="pk_cp_removal_reason"),
        sa.ForeignKeyConstraint(["integration_id"], ["cp_integration.id"], name="fk_cp_removal_reason_integration_id"),
    )
    op.create_table(
        "cp_credit_query",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("integration_id", sa.Text, nullable=False),
        sa.Column("creditor_id", sa.Text, nullable=False),
        sa.Column("product_code", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("inputs", _JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("cost_cents", sa.BigInteger, nullable=True),
        sa.Column("answered_at", _INSTANT, nullable=True),
        sa.Column("protocol", sa.Text, nullable=True),
        sa.Column("error_code", sa.Text, nullable=False),
        sa.Column("error_message", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cp_credit_query"),
        sa.ForeignKeyConstraint(["integration_id"], ["cp_integration.id"], name="fk_cp_credit_query_integration_id"),
    )
    op.create_index("ix_cp_credit_query_actor", "cp_credit_query", ["actor_id", "asked_at", "id"])
    op.create_index("ix_cp_credit_query_creditor", "cp_credit_query", ["creditor_id", "asked_at", "id"])
    op.create_index("ix_cp_credit_query_customer", "cp_credit_query", ["customer_id", "asked_at", "id"])
    op.create_index("ix_cp_credit_query_document", "cp_credit_query", ["document", "asked_at", "id"])
    op.create_index("ix_cp_credit_query_integration", "cp_credit_query", ["integration_id", "asked_at", "id"])
    op.create_index("ix_cp_credit_query_newest", "cp_credit_query", ["asked_at", "id"])
    op.create_index(
        "ix_cp_credit_query_reuse",
        "cp_credit_query",
        ["document", "integration_id", "product_code", "answered_at"],
        **_where("status = 'answered'"),
    )
    op.create_index("ix_cp_credit_query_unanswered", "cp_credit_query", ["asked_at", "id"], **_where("status = 'sent'"))
    op.create_table(
        "cp_credit_report",
        sa.Column("query_id", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=True),
        sa.Column("data", sa.Text, nullable=True),
        sa.Column("protocol", sa.Text, nullable=True),
        sa.Column("score", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("query_id", name="pk_cp_credit_report"),
        sa.ForeignKeyConstraint(["query_id"], ["cp_credit_query.id"], name="fk_cp_credit_report_query_id"),
    )
    op.create_table(
        "cp_inclusion_request",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("integration_id", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("requested_at", _INSTANT, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("subscription_id", sa.Text, nullable=False),
        sa.Column("invoice_ids", _JSON, nullable=False),
        sa.Column("nature_code", sa.Text, nullable=False),
        sa.Column("remark", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cp_inclusion_request"),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["cp_integration.id"], name="fk_cp_inclusion_request_integration_id"
        ),
    )
    op.create_table(
        "cp_negativation",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("integration_id", sa.Text, nullable=False),
        sa.Column("creditor_id", sa.Text, nullable=False),
        sa.Column("registry", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("subscription_id", sa.Text, nullable=False),
        sa.Column("customer_name", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("invoices", _JSON, nullable=False),
        sa.Column("nature_code", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("observed", sa.Text, nullable=False),
        sa.Column("observed_since", _INSTANT, nullable=False),
        sa.Column("desired", sa.Text, nullable=False),
        sa.Column("triggers", _JSON, nullable=False),
        sa.Column("is_closed", _FLAG, nullable=False),
        sa.Column("unanswered_inclusions", sa.Integer, nullable=True),
        sa.Column("unanswered_inclusions_since", _INSTANT, nullable=True),
        sa.Column("unanswered_inclusions_quiet_until", _INSTANT, nullable=True),
        sa.Column("unanswered_removals", sa.Integer, nullable=True),
        sa.Column("unanswered_removals_since", _INSTANT, nullable=True),
        sa.Column("unanswered_removals_quiet_until", _INSTANT, nullable=True),
        sa.Column("known_at", _INSTANT, nullable=True),
        sa.Column("bureau_id", sa.Text, nullable=True),
        sa.Column("notice_sent_on", _DAY, nullable=True),
        sa.Column("published_on", _DAY, nullable=True),
        sa.Column("published_is_estimated", _FLAG, nullable=False),
        sa.Column("removal_reason", sa.Text, nullable=True),
        sa.Column("inclusion_claims", sa.Integer, nullable=False),
        sa.Column("removal_claims", sa.Integer, nullable=False),
        sa.Column("rejection", sa.Text, nullable=False),
        sa.Column("is_adopted", _FLAG, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("deadline", _DAY, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("claim_action", sa.Text, nullable=True),
        sa.Column("claim_worker", sa.Text, nullable=True),
        sa.Column("claim_at", _INSTANT, nullable=True),
        sa.Column("claim_until", _INSTANT, nullable=True),
        sa.Column("claim_fence", sa.Integer, nullable=True),
        sa.Column("block_code", sa.Text, nullable=True),
        sa.Column("block_message", sa.Text, nullable=True),
        sa.Column("block_at", _INSTANT, nullable=True),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=True),
        sa.Column("wait_state", sa.Text, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cp_negativation"),
        sa.ForeignKeyConstraint(["integration_id"], ["cp_integration.id"], name="fk_cp_negativation_integration_id"),
        sa.UniqueConstraint("reference", name="uq_cp_negativation_reference"),
    )
    op.create_index("ix_cp_negativation_creditor", "cp_negativation", ["creditor_id", "created_at", "id"])
    op.create_index("ix_cp_negativation_customer", "cp_negativation", ["customer_id", "created_at", "id"])
    op.create_index("ix_cp_negativation_document", "cp_negativation", ["document", "created_at", "id"])
    op.create_index(
        "ix_cp_negativation_due_inclusion",
        "cp_negativation",
        ["due_at", "id"],
        **_where("queue = 'inclusion' AND wait_state = 'worker'"),
    )
    op.create_index(
        "ix_cp_negativation_due_removal",
        "cp_negativation",
        ["deadline", "due_at", "id"],
        **_where("queue = 'removal' AND wait_state = 'worker'"),
    )
    op.create_index("ix_cp_negativation_integration", "cp_negativation", ["integration_id", "created_at", "id"])
    op.create_index(
        "ix_cp_negativation_lease", "cp_negativation", ["claim_until", "id"], **_where("claim_until IS NOT NULL")
    )
    op.create_index(
        "ix_cp_negativation_live",
        "cp_negativation",
        ["integration_id"],
        **_where("is_closed = false", sqlite="is_closed = 0"),
    )
    op.create_index("ix_cp_negativation_newest", "cp_negativation", ["created_at", "id"])
    op.create_index(
        "ix_cp_negativation_next",
        "cp_negativation",
        ["due_at"],
        **_where("wait_state = 'worker' AND claim_until IS NULL"),
    )
    op.create_index("ix_cp_negativation_observed", "cp_negativation", ["observed", "created_at", "id"])
    op.create_index("ix_cp_negativation_open", "cp_negativation", ["created_at", "id"], **_where("queue IS NOT NULL"))
    op.create_index(
        "ix_cp_negativation_person", "cp_negativation", ["created_at", "id"], **_where("wait_state = 'person'")
    )
    op.create_index(
        "ix_cp_negativation_removal_queue", "cp_negativation", ["deadline", "id"], **_where("queue = 'removal'")
    )
    op.create_table(
        "cp_negativation_invoice",
        sa.Column("negativation_id", sa.Text, nullable=False),
        sa.Column("invoice_id", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("registry", sa.Text, nullable=False),
        sa.Column("desired", sa.Text, nullable=False),
        sa.Column("is_closed", _FLAG, nullable=False),
        sa.PrimaryKeyConstraint("negativation_id", "invoice_id", name="pk_cp_negativation_invoice"),
        sa.ForeignKeyConstraint(
            ["negativation_id"], ["cp_negativation.id"], name="fk_cp_negativation_invoice_negativation_id"
        ),
    )
    op.create_index(
        "ix_cp_negativation_invoice_live",
        "cp_negativation_invoice",
        ["host", "invoice_id"],
        **_where("is_closed = false", sqlite="is_closed = 0"),
    )
    op.create_index(
        "uq_cp_negativation_invoice_wanted",
        "cp_negativation_invoice",
        ["host", "registry", "invoice_id"],
        unique=True,
        **_where("is_closed = false AND desired = 'included'", sqlite="is_closed = 0 AND desired = 'included'"),
    )
    op.create_table(
        "cp_event",
        sa.Column("seq", _SEQUENCE, sa.Identity(), nullable=False),
        sa.Column("negativation_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=True),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("detail", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_cp_event"),
        sa.ForeignKeyConstraint(["negativation_id"], ["cp_negativation.id"], name="fk_cp_event_negativation_id"),
    )
    op.create_index("ix_cp_event_negativation", "cp_event", ["negativation_id", "seq"])
    op.create_table(
        "cp_settlement",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("invoice_id", sa.Text, nullable=False),
        sa.Column("settlement_id", sa.Text, nullable=False),
        sa.Column("is_reversal", _FLAG, nullable=False),
        sa.Column("kind", sa.Text, nullable=True),
        sa.Column("happened_on", _DAY, nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=True),
        sa.Column("discount_cents", sa.BigInteger, nullable=False),
        sa.Column("available_on", _DAY, nullable=True),
        sa.Column("court_order", _FLAG, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.Column("applied_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("host", "invoice_id", "settlement_id", "is_reversal", name="pk_cp_settlement"),
    )
    op.create_index(
        "ix_cp_settlement_unapplied",
        "cp_settlement",
        ["recorded_at", "host", "invoice_id", "settlement_id", "is_reversal"],
        **_where("applied_at IS NULL"),
    )
    op.create_table(
        "cp_invoice",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("invoice_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("host", "invoice_id", name="pk_cp_invoice"),
    )
    op.create_table(
        "cp_audit",
        sa.Column("seq", _SEQUENCE, sa.Identity(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("creditor_id", sa.Text, nullable=True),
        sa.Column("remark", sa.Text, nullable=False),
        sa.Column("before", _JSON, nullable=False),
        sa.Column("after", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_cp_audit"),
    )
    op.create_index("ix_cp_audit_act", "cp_audit", ["act", "at", "seq"])
    op.create_index("ix_cp_audit_actor", "cp_audit", ["actor_id", "at", "seq"])
    op.create_index("ix_cp_audit_creditor", "cp_audit", ["creditor_id", "at", "seq"])
    op.create_index("ix_cp_audit_newest", "cp_audit", ["at", "seq"])
    op.create_index("ix_cp_audit_subject", "cp_audit", ["subject", "at", "seq"])
    op.create_table(
        "cp_watermark",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cp_watermark"),
    )


def downgrade() -> None:
    """Drop them, children first."""
    for table in (
        "cp_watermark",
        "cp_audit",
        "cp_invoice",
        "cp_settlement",
        "cp_event",
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
