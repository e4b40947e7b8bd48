"""Our column types: text in ISO form on SQLite, the native types on PostgreSQL.

Each reads what it wrote as text or as an object, so that a row reads the same through a connection that an ERP opened
with its own converters. On SQLite no column is declared DATE, TIMESTAMP or BOOLEAN: those names trigger converters.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from credit_protection.domain.documents import Cnpj, Cpf, Document, parse_document
from credit_protection.domain.errors import ConfigurationError, InvalidInput
from credit_protection.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

E_ = TypeVar("E_", bound="StrEnum")


def _unreadable(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"O banco guarda {what}, que esta versão do programa não conhece. "
        "Atualize o programa, ou peça ajuda a quem o administra: nada foi alterado.",
        code="dado_desconhecido",
    )


def member_of(members: type[E_], value: str) -> E_:
    """The member of an enumeration that has this value.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return members(value)
    except ValueError:
        raise _unreadable(f"o valor {value!r} em {members.__name__}") from None


class Instant(sa.TypeDecorator[datetime]):
    """An instant: TIMESTAMPTZ; on SQLite UTC text of one width, so that text sorts as time does."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """TIMESTAMPTZ or TEXT."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """To UTC."""
        return _utc if dialect.name == "postgresql" else _utc_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:  # noqa: ARG002
        """From text, or from what a converter made of it."""
        return _instant


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("an instant without a time zone can't be stored")
    return value.astimezone(UTC)


def _utc_text(value: datetime | None) -> str | None:
    aware = _utc(value)
    return None if aware is None else aware.isoformat(timespec="microseconds")


def _instant(value: Any) -> datetime | None:  # noqa: ANN401 - whatever the driver gives
    if value is None:
        return None
    at: datetime = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class Day(sa.TypeDecorator[date]):
    """A date: DATE; on SQLite ISO text."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """DATE or TEXT."""
        return dialect.type_descriptor(sa.Date() if dialect.name == "postgresql" else sa.Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[date | None], Any] | None:
        """To text where dates are text."""
        return None if dialect.name == "postgresql" else _day_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], date | None]:  # noqa: ARG002
        """From text, or from what a converter made of it."""
        return _day


def _day_text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _day(value: Any) -> date | None:  # noqa: ANN401 - whatever the driver gives
    if value is None or type(value) is date:
        return value
    return value.date() if isinstance(value, datetime) else date.fromisoformat(value)


class Json(sa.TypeDecorator[Any]):
    """A small tree: JSONB; on SQLite text."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """JSONB or TEXT."""
        return dialect.type_descriptor(postgresql.JSONB() if dialect.name == "postgresql" else sa.Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:  # noqa: ARG002
        """To text, which PostgreSQL casts."""
        return _json_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        """From text, or from what the driver made of it."""
        return _json


class JsonText(sa.TypeDecorator[Any]):
    """A tree kept as it came, in its order: text everywhere."""

    impl = sa.Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:  # noqa: ARG002
        """To text."""
        return _json_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        """From text."""
        return _json


def _json_text(value: Any) -> str | None:  # noqa: ANN401 - a tree
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json(value: Any) -> Any:  # noqa: ANN401 - a tree
    return json.loads(value) if isinstance(value, str | bytes) else value


class Cents(sa.TypeDecorator[Money]):
    """An amount in BRL as whole cents."""

    impl = sa.BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Money | None], int | None]:  # noqa: ARG002
        """To cents."""
        return _cents

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Money | None]:  # noqa: ARG002
        """From cents."""
        return _money


def _cents(value: Money | None) -> int | None:
    return None if value is None else value.cents


def _money(value: Any) -> Money | None:  # noqa: ANN401 - whatever the driver gives
    return None if value is None else Money(int(value))


class Flag(sa.TypeDecorator[bool]):
    """True or false: BOOLEAN; on SQLite 0 or 1."""

    impl = sa.Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """BOOLEAN or INTEGER."""
        return dialect.type_descriptor(sa.Boolean() if dialect.name == "postgresql" else sa.Integer())

    def bind_processor(self, dialect: Dialect) -> Callable[[bool | None], Any] | None:
        """To 0 or 1 where there is no boolean."""
        return None if dialect.name == "postgresql" else _bit

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], bool | None]:  # noqa: ARG002
        """From either."""
        return _flag


def _bit(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _flag(value: Any) -> bool | None:  # noqa: ANN401 - whatever the driver gives
    return None if value is None else bool(value)


class Choice(sa.TypeDecorator[E_]):
    """A member of an enumeration, as its value. A value that is unknown raises `ConfigurationError` when read."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, members: type[E_]) -> None:
        super().__init__()
        self.members = members

    def bind_processor(self, dialect: Dialect) -> Callable[[E_ | None], str | None]:  # noqa: ARG002
        """To the value: drivers have ideas of their own about enumerations."""
        return _value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], E_ | None]:  # noqa: ARG002
        """To the member."""
        members = self.members

        def read(value: Any) -> E_ | None:  # noqa: ANN401 - whatever the driver gives
            return None if value is None else member_of(members, value)

        return read


def _value(value: StrEnum | None) -> str | None:
    return None if value is None else value.value


class DocumentText(sa.TypeDecorator[Document]):
    """A CPF or CNPJ, compact."""

    impl = sa.Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Document | str | None], str | None]:  # noqa: ARG002
        """To compact text; a filter may give that itself."""
        return _compact

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Document | None]:  # noqa: ARG002
        """To the document, checked once and remembered."""
        return _document


def _compact(value: Document | str | None) -> str | None:
    return value.value if isinstance(value, Cpf | Cnpj) else value


@lru_cache(maxsize=4096)
def _document(value: str | None) -> Document | None:
    if value is None:
        return None
    try:
        return parse_document(value)
    except InvalidInput:
        raise _unreadable(f"um documento de {len(value)} posições") from None
