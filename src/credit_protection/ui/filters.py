"""Filters and pages from form values or a query string."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum
from functools import partial
from typing import Any
from urllib.parse import urlencode

from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.parsing import parse_amount, parse_day
from credit_protection.domain.state_table import Observed
from credit_protection.ports.host import OverdueFilter
from credit_protection.ports.storage import (
    AuditFilter,
    DivergenceFilter,
    NegativationFilter,
    Page,
    PageRequest,
    QueryFilter,
)
from credit_protection.ui.formats import format_value
from credit_protection.ui.forms import parse_boolean, parse_count
from credit_protection.ui.labels import code_for

FormValues = Mapping[str, object]
"""What was entered, by name: text, a list of one text (`urllib.parse.parse_qs`), or a value that the caller converted.

None and blank text mean no limit. Filters ignore `size` and `after`, which `page_request` reads.
"""

_LARGEST_PAGE = 1000
_LONGEST_DELAY = 36_500
_DEFAULT_PAGE = 50
_OF_THE_PAGE = frozenset({"size", "after"})


def negativation_filter(values: FormValues) -> NegativationFilter:
    """Which negativations to list.

    Args:
        values: any of `integration_id`, `customer_id`, `document`, `is_open`, `in_removal_queue`, `blocked` and
            `observed`.

    Raises:
        InvalidInput: an unknown name, or a value that can't be read.
    """
    return NegativationFilter(**_parse(values, _NEGATIVATION))


def divergence_filter(values: FormValues) -> DivergenceFilter:
    """Which divergences to list.

    Args:
        values: any of `integration_id`, `negativation_id`, `code`, `is_open` and `awaits_person`.

    Raises:
        InvalidInput: an unknown name, or a value that can't be read.
    """
    return DivergenceFilter(**_parse(values, _DIVERGENCE))


def query_filter(values: FormValues) -> QueryFilter:
    """Which credit queries to list.

    Args:
        values: any of `integration_id`, `customer_id`, `document` and `actor_id`.

    Raises:
        InvalidInput: an unknown name, or a value that can't be read.
    """
    return QueryFilter(**_parse(values, _QUERY))


def audit_filter(values: FormValues, timezone: tzinfo) -> AuditFilter:
    """Which entries of the audit trail to list.

    Args:
        values: any of `subject`, `actor_id`, `act`, `since` and `until`; the last two are the first and the last day.
        timezone: in which these days begin and end, as `ZoneInfo(creditor.time_zone)`.

    Raises:
        InvalidInput: an unknown name, or a value that can't be read.
    """
    chosen = _parse(values, _AUDIT)
    until = chosen.pop("until", None)
    if "since" in chosen:
        chosen["since"] = datetime.combine(chosen["since"], time.min, timezone)
    if until is not None:
        if until == date.max:
            raise _invalid("until", until)
        chosen["before"] = datetime.combine(until + timedelta(days=1), time.min, timezone)
    return AuditFilter(**chosen)


def overdue_filter(values: FormValues, today: date) -> OverdueFilter:
    """Which overdue invoices to list.

    Args:
        values: any of `customer_id`, `city`, `minimum_days_late`, `maximum_days_late` and `minimum_balance` (BRL).
        today: the creditor's date.

    Raises:
        InvalidInput: an unknown name, a value that can't be read, a negative one, or a delay of over 36,500 days.
    """
    chosen = _parse(values, _OVERDUE)
    for name in ("minimum_days_late", "maximum_days_late"):
        if chosen.get(name, 0) > _LONGEST_DELAY:
            raise InvalidInput(
                f"O atraso vai de 0 a {_LONGEST_DELAY} dias. Corrija {name}.", field=name, code="filtro_invalido"
            )
    return OverdueFilter(today=today, **chosen)


def parse_instant(text: str, timezone: tzinfo) -> datetime:
    """An instant as a person types it, in the timezone: `24/11/2026 14:30` or `2026-11-24 14:30`; a day alone begins.

    Raises:
        InvalidInput: it can't be read.
    """
    day, _, clock = text.strip().replace("T", " ").partition(" ")
    try:
        at = time.fromisoformat(clock.strip()) if clock.strip() else time.min
    except ValueError:
        raise InvalidInput(
            "A hora deve ser escrita como 14:30, depois do dia: 24/11/2026 14:30.", field="as_of", code="hora_formato"
        ) from None
    combined = datetime.combine(parse_day(day, field="as_of"), at)
    return combined if combined.tzinfo else combined.replace(tzinfo=timezone)


def page_request(size: object = _DEFAULT_PAGE, after: object = None) -> PageRequest:
    """Which part of a list to read, from numbers and text or from what `FormValues` has of these names.

    Args:
        size: from 1 to 1,000 rows; None or blank text means 50.
        after: the cursor of the page before; None or blank text for the first page.

    Raises:
        InvalidInput: the size is none of these, or the cursor is no text.
    """
    rows = _single("size", size)
    cursor = _single("after", after)
    if cursor is not None and not isinstance(cursor, str):
        raise InvalidInput("O cursor é o texto que a página anterior mostrou.", field="after", code="cursor_invalido")
    if rows is None:
        rows = _DEFAULT_PAGE
    elif isinstance(rows, str):
        rows = int(rows) if rows.isascii() and rows.isdigit() and len(rows) <= len(str(_LARGEST_PAGE)) else 0
    if type(rows) is not int or not 1 <= rows <= _LARGEST_PAGE:
        raise InvalidInput(f"Peça de 1 a {_LARGEST_PAGE} linhas.", field="size", code="tamanho_da_pagina")
    return PageRequest(rows, cursor)


def next_page_query(values: FormValues, page: Page[Any]) -> str | None:
    """The query string of the next page's link, with the values of this one; None after the last page.

    The filters and `page_request` read its values back.
    """
    if page.cursor is None:
        return None
    given = {name: _single(name, value) for name, value in values.items() if name != "after"}
    texts = {name: _text(value) for name, value in given.items() if value is not None}
    return urlencode({**texts, "after": page.cursor})


def _compact_document(text: str) -> str:
    return parse_document(text).value


_Reader = tuple[type, Callable[[str], object]]
"""The type of the value, and how text is read as one."""
_TEXT: _Reader = (str, str)
_BOOLEAN: _Reader = (bool, parse_boolean)
_COUNT: _Reader = (int, parse_count)
_NEGATIVATION: Mapping[str, _Reader] = {
    "integration_id": _TEXT,
    "customer_id": _TEXT,
    "document": (str, _compact_document),
    "is_open": _BOOLEAN,
    "in_removal_queue": _BOOLEAN,
    "blocked": _BOOLEAN,
    "observed": (Observed, Observed),
}
_QUERY: Mapping[str, _Reader] = {
    "integration_id": _TEXT,
    "customer_id": _TEXT,
    "document": (str, _compact_document),
    "actor_id": _TEXT,
}
_DIVERGENCE: Mapping[str, _Reader] = {
    "integration_id": _TEXT,
    "negativation_id": _TEXT,
    "code": (DivergenceCode, DivergenceCode),
    "is_open": _BOOLEAN,
    "awaits_person": _BOOLEAN,
}
_AUDIT: Mapping[str, _Reader] = {
    "subject": _TEXT,
    "actor_id": _TEXT,
    "act": _TEXT,
    "since": (date, partial(parse_day, field="since")),
    "until": (date, partial(parse_day, field="until")),
}
_OVERDUE: Mapping[str, _Reader] = {
    "customer_id": _TEXT,
    "city": _TEXT,
    "minimum_days_late": _COUNT,
    "maximum_days_late": _COUNT,
    "minimum_balance": (Money, partial(parse_amount, field="minimum_balance")),
}


def _parse(values: FormValues, readers: Mapping[str, _Reader]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name, value in values.items():
        if name in _OF_THE_PAGE:
            continue
        if name not in readers:
            raise InvalidInput(f"Não existe o filtro {name!r}.", field=name, code="filtro_desconhecido")
        given = _single(name, value)
        if given is not None:
            chosen[name] = _read(name, given, *readers[name])
    return chosen


def _read(name: str, given: object, kind: type, read: Callable[[str], object]) -> object:
    if isinstance(given, str):
        try:
            return read(given)
        except ValueError:
            raise _invalid(name, given) from None
    is_negative = (isinstance(given, int) and given < 0) or (isinstance(given, Money) and given < ZERO)
    if type(given) is not kind or is_negative:
        raise _invalid(name, given)
    return given


def _single(name: str, value: object) -> object:
    """The value, of a list its only one; None for blank text."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) > 1:
            raise InvalidInput(f"O filtro {name} só pode ter um valor.", field=name, code="filtro_repetido")
        value = value[0] if value else None
    if isinstance(value, str) and not isinstance(value, Enum):
        return value.strip() or None
    return value


def _text(value: object) -> str:
    """A value as the text that `_read` reads back."""
    if isinstance(value, Enum):
        return code_for(value)
    return value if isinstance(value, str) else format_value(value)


def _invalid(name: str, value: object) -> InvalidInput:
    return InvalidInput(f"O filtro {name} não pode ser {str(value)!r}.", field=name, code="filtro_invalido")
