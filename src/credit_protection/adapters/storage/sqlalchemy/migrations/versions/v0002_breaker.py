"""The breaker's memory: which calls failed in the run that goes on, how often it paused, and since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None

_JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
_INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """One revision on."""
    op.add_column("cp_integration", sa.Column("failing", _JSON, nullable=False, server_default="[]"))
    op.add_column("cp_integration", sa.Column("pauses", sa.Integer, nullable=False, server_default="0"))
    op.add_column("cp_integration", sa.Column("paused_since", _INSTANT, nullable=True))


def downgrade() -> None:
    """One revision back."""
    op.drop_column("cp_integration", "paused_since")
    op.drop_column("cp_integration", "pauses")
    op.drop_column("cp_integration", "failing")
