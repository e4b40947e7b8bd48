"""Alembic's entry: runs the revisions on the connection of `migrations.upgrade`."""

from __future__ import annotations

from alembic import context

from credit_protection.adapters.storage.sqlalchemy.migrations import VERSION_TABLE
from credit_protection.adapters.storage.sqlalchemy.tables import METADATA

connection = context.config.attributes["connection"]
schema = context.config.attributes.get("schema")
if schema is not None:
    connection = connection.execution_options(schema_translate_map={None: schema})
    quoted = connection.dialect.identifier_preparer.quote(schema)
    connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted}")  # ALTER TABLE ignores the map
context.configure(
    connection=connection,
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    version_table_schema=schema,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
