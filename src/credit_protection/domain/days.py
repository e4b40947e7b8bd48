"""Days at the door: what a host gives for a date becomes one date, whatever type it has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Final

from credit_protection.domain.errors import InvalidInput

_WESTERNMOST: Final = timezone(timedelta(hours=-5))


def earliest_date(instant: datetime) -> date:
    """The date of an instant at UTC-5, the westernmost zone of Brazil: never later than any creditor's."""
    return instant.astimezone(_WESTERNMOST).date()


def as_day(value: object, field: str) -> date:
    """A date as it is; of an instant its date at UTC-5; of a date and time without a zone its date.

    Raises:
        InvalidInput: another type; `field` is its name.
    """
    if type(value) is date:
        return value
    if isinstance(value, datetime):
        try:
            return _plain(value if value.tzinfo is None else value.astimezone(_WESTERNMOST))
        except (OverflowError, ValueError):
            raise _invalid(field) from None
    if isinstance(value, date):
        return _plain(value)
    raise _invalid(field)


def normalise_days(record: object, required: Sequence[str], optional: Sequence[str] = ()) -> None:
    """Make each of these fields of a frozen record a plain date, as `as_day`; an optional one may be None."""
    for name in required:
        value = getattr(record, name)
        if type(value) is not date:
            object.__setattr__(record, name, as_day(value, name))
    for name in optional:
        value = getattr(record, name)
        if value is not None and type(value) is not date:
            object.__setattr__(record, name, as_day(value, name))


def _plain(day: date) -> date:
    return date(day.year, day.month, day.day)


def _invalid(field: str) -> InvalidInput:
    return InvalidInput(
        f"O campo {field} deve ser uma data (datetime.date). Corrija o adaptador do ERP.",
        field=field,
        code="data_formato",
    )
