"""Filters and pages from form values or a query string."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.parsing import parse_amount
from credit_protection.domain.state_table import Observed
from credit_protection.ports.host import OverdueFilter
from credit_protection.ports.storage import NegativationFilter, Page, PageRequest
from credit_protection.ui.forms import parse_boolean, parse_count

FormValues = Mapping[str, object]
"""What was entered, by name: text, or a value that the caller converted already. None and blank text mean no limit."""

_LARGEST_PAGE = 1000


def negativation_filter(values: FormValues) -> NegativationFilter:
    """Which negativations to list.

    Args:
        values: any of `integration_id`, `customer_id`, `document`, `is_open`, `in_removal_queue`, `blocked` and
            `observed`.

    Raises:
        InvalidInput: an unknown name, or a value that can't be read.
    """
    return NegativationFilter(**_parse(values, _NEGATIVATION))


def overdue_filter(values: FormValues, today: date) -> OverdueFilter:
    """Which overdue invoices to list.

    Args:
        values: any of `customer_id`, `city`, `minimum_days_late`, `maximum_days_late` and `minimum_balance` (BRL).
        today: the creditor's date.

    Raises:
        InvalidInput: an unknown name, or a value that can't be read.
    """
    return OverdueFilter(today=today, **_parse(values, _OVERDUE))


def page_request(size: int = 50, after: str | None = None) -> PageRequest:
    """Which part of a list to read: its size, and the cursor of the page before (None or empty for the first page).

    Raises:
        InvalidInput: the size is not from 1 to 1,000 rows.
    """
    if not 1 <= size <= _LARGEST_PAGE:
        raise InvalidInput(f"Peça de 1 a {_LARGEST_PAGE} linhas.", field="size", code="tamanho_da_pagina")
    return PageRequest(size, after or None)


def next_page_query(values: FormValues, page: Page[Any]) -> str | None:
    """The query string of the next page's link, with the filter values of this one; None after the last page."""
    if page.cursor is None:
        return None
    given = {name: value for name, value in values.items() if value not in {None, ""}}
    return urlencode({**given, "after": page.cursor})


def _compact_document(text: str) -> str:
    return parse_document(text).value


_Readers = Mapping[str, Callable[[str], object]]
_NEGATIVATION: _Readers = {
    "integration_id": str,
    "customer_id": str,
    "document": _compact_document,
    "is_open": parse_boolean,
    "in_removal_queue": parse_boolean,
    "blocked": parse_boolean,
    "observed": Observed,
}
_OVERDUE: _Readers = {
    "customer_id": str,
    "city": str,
    "minimum_days_late": parse_count,
    "maximum_days_late": parse_count,
    "minimum_balance": partial(parse_amount, field="minimum_balance"),
}


def _parse(values: FormValues, readers: _Readers) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name, value in values.items():
        if name not in readers:
            raise InvalidInput(f"Não existe o filtro {name!r}.", field=name, code="filtro_desconhecido")
        given = value.strip() if isinstance(value, str) else value
        if given is None or given == "":
            continue
        try:
            chosen[name] = readers[name](given) if isinstance(given, str) else given
        except ValueError:
            raise InvalidInput(f"O filtro {name} não pode ser {value!r}.", field=name, code="filtro_invalido") from None
    return chosen
