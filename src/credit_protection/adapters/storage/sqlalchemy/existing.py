"""Whether a database has our tables already, found out without creating or changing anything."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from credit_protection.adapters.storage.sqlalchemy.connection_failures import BUSY_SECONDS
from credit_protection.adapters.storage.sqlalchemy.migrations import HEAD, VERSION_TABLE, current_revision
from credit_protection.domain.errors import ConfigurationError


def require_existing(engine: sa.Engine, schema: str | None = None) -> None:
    """Require a database with the tables of this version.

    A SQLite file is looked at by a connection of its own, which creates no file and switches no mode.

    Raises:
        ConfigurationError: there is no database (`banco_ausente`), it has no tables of ours (`banco_vazio`), or those
            of another version (`banco_de_outra_versao`).
    """
    if engine.dialect.name == "sqlite":
        named = str(engine.url.database)
        revision = _sqlite_revision(named)
    else:
        named = f"{engine.url.database or engine.url.username}"
        revision = current_revision(engine, schema)
    if revision is None:
        raise ConfigurationError(
            f"O banco {named} existe e está vazio: não é o desta instalação. Confira CREDIT_PROTECTION_HOME, "
            "CREDIT_PROTECTION_DATABASE_URL e o usuário do monitor, ou inicie a instalação: credit-protection worker.",
            code="banco_vazio",
        )
    if revision != HEAD:
        raise ConfigurationError(
            f"O banco {named} tem as tabelas de outra versão do programa ({revision}, e esta usa {HEAD}). Atualize "
            "esta instalação, ou inicie o trabalhador desta versão, que converte o banco: credit-protection worker.",
            code="banco_de_outra_versao",
        )


def sqlite_path(database: str) -> Path:
    """The file of a SQLite database, which may be named by an address (`file:...?...`)."""
    return Path(database.removeprefix("file:").partition("?")[0] if database.startswith("file:") else database)


def _sqlite_revision(database: str) -> str | None:
    path = sqlite_path(database)
    try:
        is_empty = path.stat().st_size == 0
    except OSError as error:
        raise ConfigurationError(
            f"O banco {path} não existe: nada é conferido aqui. Confira CREDIT_PROTECTION_HOME, "
            "CREDIT_PROTECTION_DATABASE_URL e o usuário do monitor, que devem ser os do trabalhador.",
            code="banco_ausente",
        ) from error
    if is_empty:
        return None
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA query_only = ON")
            found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (VERSION_TABLE,)).fetchone()
            row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() if found else None  # noqa: S608 - a constant
    except sqlite3.Error as error:
        raise ConfigurationError(
            f"O arquivo {path} não pôde ser lido como banco ({error}). Confira se é o banco desta instalação e se o "
            "usuário do monitor o pode ler e escrever.",
            code="banco_inacessivel",
        ) from error
    return None if row is None else str(row[0])
