"""The storage port on SQLite and PostgreSQL: SQLAlchemy Core, explicit row mappers, alembic migrations."""

from credit_protection.adapters.storage.sqlalchemy.storage import SqlStorage

__all__ = ["SqlStorage"]
