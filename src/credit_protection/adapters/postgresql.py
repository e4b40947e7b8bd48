"""The configured database URL, for adapters that connect to PostgreSQL without SQLAlchemy."""

import re
from urllib.parse import parse_qs, urlsplit

from credit_protection.domain.errors import ConfigurationError

_DRIVER = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_postgresql(url: str) -> bool:
    """Whether a URL is of PostgreSQL."""
    return _DRIVER.match(url) is not None


def libpq_url(url: str) -> str:
    """The URL for libpq: without SQLAlchemy's driver name."""
    return _DRIVER.sub("postgresql://", url)


def session_options(url: str, schema: str | None, *settings: str) -> str:
    """The `options` of sessions, for libpq: the URL's, then the schema as search path, and `name=value` settings.

    Raises:
        ConfigurationError: the schema's name is not a plain identifier.
    """
    own = parse_qs(urlsplit(libpq_url(url)).query).get("options", [])
    if schema is not None:
        if _NAME.fullmatch(schema) is None:
            raise ConfigurationError(
                f"O esquema {schema!r} não é um nome simples. Use letras, números e sublinhado.", code="configuracao"
            )
        settings = (f"search_path={schema}", *settings)
    return " ".join((*own, *(f"-c {setting}" for setting in settings)))
