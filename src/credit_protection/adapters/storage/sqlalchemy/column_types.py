"""Column types: native types on PostgreSQL, ISO text on SQLite.

Each reads its value from text or from an object, so that a row reads the same through a connection that an ERP opened
with its own converters. On SQLite no column is declared DATE, TIMESTAMP or BOOLEAN: those names trigger converters.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from credit_protection.domain.documents import Cnpj, Cpf, Document, parse_document
from credit_protection.domain.errors import ConfigurationError, InvalidInput
from credit_protection.domain.money import Money

Conversion: TypeAlias = Callable[..., Any]

E_ = TypeVar("E_", bound="StrEnum")
T = TypeVar("T")


def _unreadable(value: str) -> ConfigurationError:
    return ConfigurationError(
        f"O banco guarda {value}, que esta versão do programa não conhece. "
        "Atualize o programa, ou peça ajuda a quem o administra: nada foi alterado.",
        code="dado_desconhecido",
    )


def member_of(members: type[E_], value: str) -> E_:
    """The member of an enumeration that has this value. Raises `ConfigurationError`: there is none."""
    try:
        return members(value)
    except ValueError:
        raise _unreadable(f"o valor {value!r} em {members.__name__}") from None


class _Converted(sa.TypeDecorator[T]):
    """A type with a function for each direction. None is NULL."""

    impl = sa.Text
    cache_ok = True
    native: ClassVar[TypeEngine[Any] | None] = None
    """On PostgreSQL; None for TEXT."""
    portable: ClassVar[TypeEngine[Any] | None] = None
    """On SQLite; None for TEXT."""
    write: ClassVar[Conversion]
    write_native: ClassVar[Conversion | None]
    """None where the driver takes the value as it is."""
    read: ClassVar[Conversion]
    """From text, or from what the driver or a host's converter made of it."""

    def __init_subclass__(cls) -> None:
        cls.cache_ok = True  # SQLAlchemy looks at the class itself
        super().__init_subclass__()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The native or the portable type."""
        chosen = self.native if dialect.name == "postgresql" else self.portable
        return super().load_dialect_impl(dialect) if chosen is None else dialect.type_descriptor(chosen)

    def bind_processor(self, dialect: Dialect) -> Conversion | None:
        """Converts a value to store it."""
        return self.write_native if dialect.name == "postgresql" else self.write

    def result_processor(self, dialect: Dialect, coltype: object) -> Conversion:  # noqa: ARG002
        """Converts a stored value."""
        return self.read


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("an instant without a time zone can't be stored")
    return value.astimezone(UTC)


def _utc_text(value: datetime | None) -> str | None:
    aware = _utc(value)
    return None if aware is None else aware.isoformat(timespec="microseconds")


def _instant(value: Any) -> datetime | None:  # noqa: ANN401 - the driver's
    if value is None:
        return None
    at: datetime = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if at.tzinfo is UTC:
        return at
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class Instant(_Converted[datetime]):
    """An instant: TIMESTAMPTZ; on SQLite UTC text of one width, so that text sorts as time does."""

    native = postgresql.TIMESTAMP(timezone=True)
    write = staticmethod(_utc_text)
    write_native = staticmethod(_utc)
    read = staticmethod(_instant)


def _day_text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _day(value: Any) -> date | None:  # noqa: ANN401 - the driver's
    if value is None or type(value) is date:
        return value
    return value.date() if isinstance(value, datetime) else date.fromisoformat(value[:10])


class Day(_Converted[date]):
    """A date: DATE; on SQLite ISO text, read by its first ten characters: older rows may hold an instant."""

    native = sa.Date()
    write = staticmethod(_day_text)
    write_native = None
    read = staticmethod(_day)


_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # `dumps` makes one at each call


def _json_text(value: Any) -> str | None:  # noqa: ANN401 - a tree
    return None if value is None else _encode_json(value)


def _json(value: Any) -> Any:  # noqa: ANN401 - a tree
    return json.loads(value) if isinstance(value, str | bytes) else value


class JsonText(_Converted[Any]):
    """A tree in its original order: text on both."""

    write = write_native = staticmethod(_json_text)
    read = staticmethod(_json)


class Json(JsonText):
    """A small tree: JSONB, cast by PostgreSQL from text; on SQLite text."""

    native = postgresql.JSONB()


def _cents(value: Money | None) -> int | None:
    return None if value is None else value.cents


def _money(value: Any) -> Money | None:  # noqa: ANN401 - the driver's
    return None if value is None else Money(int(value))


class Cents(_Converted[Money]):
    """An amount in BRL as whole cents."""

    native = portable = sa.BigInteger()
    write = write_native = staticmethod(_cents)
    read = staticmethod(_money)


def _bit(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _flag(value: Any) -> bool | None:  # noqa: ANN401 - the driver's
    return None if value is None else bool(value)


class Flag(_Converted[bool]):
    """True or false: BOOLEAN; on SQLite 0 or 1."""

    impl = sa.Boolean  # type: ignore[assignment] # SQLAlchemy declares any type
    native = sa.Boolean()
    portable = sa.Integer()
    write = staticmethod(_bit)
    write_native = None
    read = staticmethod(_flag)


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


class DocumentText(_Converted[Document]):
    """A CPF or CNPJ, compact; a filter may give that text itself."""

    write = write_native = staticmethod(_compact)
    read = staticmethod(_document)


def _value(value: StrEnum | None) -> str | None:
    return None if value is None else value.value


class Choice(sa.TypeDecorator[E_]):
    """A member of an enumeration, as its value. An unknown value raises `ConfigurationError` when it is read."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, members: type[E_]) -> None:
        super().__init__()
        self.members = members

    def bind_processor(self, dialect: Dialect) -> Callable[[E_ | None], str | None]:  # noqa: ARG002
        """To the value: drivers store enumerations in ways of their own."""
        return _value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], E_ | None]:  # noqa: ARG002
        """To the member."""
        members = self.members

        def read(value: Any) -> E_ | None:  # noqa: ANN401 - the driver's
            return None if value is None else member_of(members, value)

        return read
