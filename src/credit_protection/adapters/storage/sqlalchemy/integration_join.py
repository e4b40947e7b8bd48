"""Columns of the integration and the creditor, joined to rows that refer to them: a decision needs both."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.mappers.integrations import creditor_of, integration_of
from credit_protection.adapters.storage.sqlalchemy.tables import CREDITOR, INTEGRATION
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.integrations import Integration

if TYPE_CHECKING:
    from sqlalchemy import Row

_INTEGRATION_LABELS = {column.name: f"integration__{column.name}" for column in INTEGRATION.c}
_CREDITOR_LABELS = {column.name: f"creditor__{column.name}" for column in CREDITOR.c}
COLUMNS = (
    *(INTEGRATION.c[name].label(label) for name, label in _INTEGRATION_LABELS.items()),
    *(CREDITOR.c[name].label(label) for name, label in _CREDITOR_LABELS.items()),
)
"""Both, under labels that no table uses."""


def integration_in(row: Row[Any]) -> Integration | None:
    """The integration of a row with these columns; None where there is none."""
    return None if row.integration__id is None else integration_of(_part(row, _INTEGRATION_LABELS))


def creditor_in(row: Row[Any]) -> Creditor | None:
    """The creditor, likewise."""
    return None if row.creditor__id is None else creditor_of(_part(row, _CREDITOR_LABELS))


def _part(row: Row[Any], labels: Mapping[str, str]) -> SimpleNamespace:
    return SimpleNamespace(**{name: getattr(row, label) for name, label in labels.items()})
