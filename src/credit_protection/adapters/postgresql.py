"""The configured URL of a PostgreSQL database, as libpq and SQLAlchemy both read it."""

import re
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from credit_protection.domain.errors import ConfigurationError

_DRIVER = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")
_PARTS = re.compile(
    r"""
    postgresql://
    (?: (?P<user> [^:/]*?) (?: : (?P<password> .*?))? @ )?  # up to the first @ that an address follows
    (?P<address> [^/?@]* (?: / [^?]*)?)
    (?: \? (?P<query> .*))?
    """,
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_postgresql(url: str) -> bool:
    """Whether a URL is of PostgreSQL."""
    return _DRIVER.match(url) is not None


def libpq_url(url: str) -> str:
    """The URL for libpq: without SQLAlchemy's driver name, and with user, password and query percent-encoded.

    libpq refuses `a%b` as a password, and its error quotes it.
    """
    without_driver = _DRIVER.sub("postgresql://", url)
    parts = _PARTS.fullmatch(without_driver)
    if parts is None:
        return without_driver
    user, password, address, query = parts["user"], parts["password"], parts["address"], parts["query"]
    login = "" if user is None else f"{_encoded(user)}{'' if password is None else f':{_encoded(password)}'}@"
    pairs = parse_qsl(query or "", keep_blank_values=True)
    return f"postgresql://{login}{address}{'?' if pairs else ''}{urlencode(pairs, quote_via=quote, safe='')}"


def _encoded(part: str) -> str:
    return quote(unquote(part), safe="")


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
