"""Values as a person reads them in Portuguese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from enum import Enum

from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.texts import shown_text
from credit_protection.ui.details import detail_name, detail_text
from credit_protection.ui.labels import label_for


def format_value(value: object, timezone: tzinfo | None = None) -> str:
    """A value of a row as text: `24/11/2026`, `24/11/2026 09:30:00`, `R$ 1.234,56`, `sim`, an enum's label.

    It is one line, without escapes, line breaks or direction marks, whoever wrote the value.

    Args:
        value: the domain's own; None becomes the empty text.
        timezone: of instants; by default this machine's.
    """
    match value:
        case None:
            return ""
        case bool():
            return "sim" if value else "não"
        case Enum():
            return label_for(value)
        case datetime():
            return value.astimezone(timezone).strftime("%d/%m/%Y %H:%M:%S")
        case date():
            return value.strftime("%d/%m/%Y")
        case Mapping():
            return ", ".join(
                f"{shown_text(detail_name(str(key)))}: {_detail(str(key), each, timezone)}"
                for key, each in value.items()
            )
        case list() | tuple() | set() | frozenset():
            return ", ".join(format_value(each, timezone) for each in value)
        case _:
            return shown_text(str(value))


def _detail(key: str, value: object, timezone: tzinfo | None) -> str:
    known = detail_text(key, value) if isinstance(value, str) and not isinstance(value, Enum) else value
    return format_value(known, timezone)


def mask_document(text: str) -> str:
    """A CPF or CNPJ of the ERP as lists show it (`***.456.789-**`); `(inválido)` for anything else."""
    try:
        return parse_document(text).masked
    except InvalidInput:
        return "(inválido)"
