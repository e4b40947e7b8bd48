"""Why a database can't be used, as sentences for operators. They name the server or the file, never a password."""

import sqlite3

import sqlalchemy as sa
from sqlalchemy.engine import URL

from credit_protection.domain.errors import ConfigurationError

BUSY_SECONDS = 30
"""How long a writer waits for another on SQLite."""
_PORT = "5432"
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NO_DATABASE = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_SQLITE_OPTIONS = {
    "cached_statements",
    "check_same_thread",
    "detect_types",
    "isolation_level",
    "timeout",
    "uri",
}


def require_known_options(url: URL) -> None:
    """Refuse an option that the SQLite driver would ignore. With `uri`, the others are SQLite's own."""
    if "uri" not in url.query and url.query.keys() - _SQLITE_OPTIONS:
        raise bad_options(url)


def bad_options(url: URL) -> ConfigurationError:
    """The driver can't use the URL's options, or its port."""
    options = ", ".join(url.query) or "nenhuma"
    return ConfigurationError(
        f"O endereço do banco tem uma opção ou uma porta que não serve (opções: {options}). "
        "Corrija o que está depois do '?', ou a porta, na configuração do banco.",
        code="banco_opcoes",
    )


def connection_failure(engine: sa.Engine, error: sa.exc.DBAPIError) -> ConfigurationError:
    """The database did not accept a connection, or the lock for a migration."""
    if engine.dialect.name != "postgresql":
        return ConfigurationError(_sqlite_failure(engine.url, error), code="banco_inacessivel")
    if isinstance(error, sa.exc.ProgrammingError):  # refused by libpq before it connects
        return bad_options(engine.url)
    return ConfigurationError(
        f"O PostgreSQL em {_servers(engine)} não aceitou a conexão. "
        "Ligue o servidor e confira endereço, opções, usuário e senha na configuração do banco.",
        code="banco_inacessivel",
    )


def _sqlite_failure(url: URL, error: sa.exc.DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return (
            f"Outro programa ocupa o arquivo {url.database} há mais de {BUSY_SECONDS} segundos. "
            "Encerre esse programa, ou espere que termine, e tente de novo."
        )
    if code in _NO_DATABASE:
        return (
            f"O arquivo {url.database} não é um banco SQLite, ou está danificado. "
            "Confira o caminho na configuração do banco, ou restaure uma cópia de segurança."
        )
    return f"Não foi possível abrir o arquivo {url.database}. Confira se a pasta existe e aceita escrita."


def _servers(engine: sa.Engine) -> str:
    """The servers with their ports, wherever the URL names them."""
    _, arguments = engine.dialect.create_connect_args(engine.url)
    hosts = str(arguments.get("host") or "localhost").split(",")
    ports = str(arguments.get("port") or _PORT).split(",")
    ports *= len(hosts) if len(ports) == 1 else 1
    return ", ".join(f"{host}:{port or _PORT}" for host, port in zip(hosts, ports, strict=True))
