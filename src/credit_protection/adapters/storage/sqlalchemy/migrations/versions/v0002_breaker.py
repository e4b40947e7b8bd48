"""The breaker's memory: which calls of an integration failed in the run that goes on, and how often it paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None

_JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """One revision on."""
    op.add_column("cp_integration", sa.Column("failing", _JSON, nullable=False, server_default="[]"))
    op.add_column("cp_integration", sa.Column("pauses", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """One revision back."""
    op.drop_column("cp_integration", "pauses")
    op.drop_column("cp_integration", "failing")
