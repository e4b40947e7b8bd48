"""Migrations, run by code: `upgrade` when a process starts, `downgrade` by hand.

Each runs in one transaction under a lock: an advisory lock on PostgreSQL, BEGIN IMMEDIATE on SQLite. Of two processes
that start at once, the second waits and finds nothing to do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.connection_failures import connection_failure
from credit_protection.adapters.storage.sqlalchemy.tables import METADATA
from credit_protection.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "v0003"
"""The newest revision: compared before alembic is imported."""
_BEFORE_0_2 = {"v0001", "v0002"}
"""Revisions with other tables, which no migration leads from."""
VERSION_TABLE = "cp_alembic_version"
_LOCK_KEY = 0x63705F6D69677261  # "cp_migra"
_alembic = threading.Lock()
"""Alembic has one context per process."""


def upgrade(engine: sa.Engine, *, schema: str | None = None) -> bool:
    """Upgrade the tables to the newest revision; a schema (on PostgreSQL) is created where it is missing.

    Returns whether there were none before. Two processes that start at once may both see none.

    Raises:
        ConfigurationError: the database is of a newer version of the program, or of one before 0.2; or it has some of
            the tables and does not say of which version.
    """
    current = current_revision(engine, schema)
    if current == HEAD:
        return False
    if current in _BEFORE_0_2:
        raise ConfigurationError(
            "O banco é de uma versão do programa anterior à 0.2, e esta versão não o converte. Guarde-o para consulta "
            "e configure um banco vazio (CREDIT_PROTECTION_DATABASE_URL).",
            code="banco_antigo",
        )
    from alembic import command  # noqa: PLC0415 - slow to import, and not needed when up to date
    from alembic.util import CommandError  # noqa: PLC0415 - likewise

    with _alembic, _locked(engine, schema) as connection:
        _require_no_strange_table(connection, schema)
        try:
            command.upgrade(_config(connection, schema), "head")
        except CommandError as error:
            raise ConfigurationError(
                "O banco é de uma versão mais nova do programa. Atualize esta instalação "
                "(pip install --upgrade credit-protection) e tente de novo: nada foi alterado.",
                code="banco_mais_novo",
            ) from error
    return current is None


def downgrade(engine: sa.Engine, revision: str, *, schema: str | None = None) -> None:
    """Downgrade the tables to an older revision; `base` drops them all, with their data."""
    from alembic import command  # noqa: PLC0415 - slow to import

    with _alembic, _locked(engine, schema) as connection:
        command.downgrade(_config(connection, schema), revision)


def current_revision(engine: sa.Engine, schema: str | None) -> str | None:
    """The revision of the tables; None where there are none."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE, schema=schema):
            return None
        table = sa.table(VERSION_TABLE, sa.column("version_num"), schema=schema)
        revision: str | None = connection.execute(sa.select(table.c.version_num)).scalar()
        return revision


@contextmanager
def _locked(engine: sa.Engine, schema: str | None) -> Iterator[sa.Connection]:
    """One transaction in which no other process migrates."""
    if engine.dialect.name == "postgresql":
        # at a higher isolation, after waiting for the lock, the other process's changes would be invisible
        read_committed = engine.execution_options(isolation_level="READ COMMITTED")
        with read_committed.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
            if schema is not None:
                connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
            yield connection
        return
    with engine.connect() as connection:
        enforced = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # no effect inside a transaction
        try:
            _begin_immediate(connection)
            yield connection
            _require_references(connection)
            connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"PRAGMA foreign_keys = {enforced}")


def _begin_immediate(connection: sa.Connection) -> None:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except sa.exc.OperationalError as error:
        raise connection_failure(connection.engine, error) from error


def _require_no_strange_table(connection: sa.Connection, schema: str | None) -> None:
    """Tables without a version are those of a copy that lost a part, or of another program."""
    found = sa.inspect(connection)
    if found.has_table(VERSION_TABLE, schema=schema):
        return
    named = {*found.get_table_names(schema), *found.get_view_names(schema)}
    if strange := sorted(table.name for table in METADATA.tables.values() if table.name in named):
        raise ConfigurationError(
            f"O banco tem {strange[0]}, e não diz de que versão do programa é: falta a tabela {VERSION_TABLE}. "
            "Nada foi alterado. Restaure o backup inteiro, ou configure um banco vazio "
            "(CREDIT_PROTECTION_DATABASE_URL).",
            code="banco_estranho",
        )


def _require_references(connection: sa.Connection) -> None:
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise ConfigurationError(
            f"A migração deixaria a tabela {broken[0]} com referências perdidas; nada foi alterado. "
            "Peça ajuda a quem administra o programa.",
            code="migracao_incompleta",
        )


def _config(connection: sa.Connection, schema: str | None) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - slow to import

    config = Config()
    config.set_main_option("script_location", __name__.replace(".migrations", ":migrations"))
    config.attributes.update(connection=connection, schema=schema)
    return config
