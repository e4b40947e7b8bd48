"""Integrations with their creditors, read along with the rows that go through them: a decision needs both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.mappers.creditors import creditor_of
from credit_protection.adapters.storage.sqlalchemy.mappers.integrations import integration_of
from credit_protection.adapters.storage.sqlalchemy.tables import CREDITOR, INTEGRATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row

    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.integrations import Integration

_VIA = {column.name: f"via_{column.name}" for column in INTEGRATION.c}
_ITS = {column.name: f"its_{column.name}" for column in CREDITOR.c}
COLUMNS = (
    *(INTEGRATION.c[name].label(label) for name, label in _VIA.items()),
    *(CREDITOR.c[name].label(label) for name, label in _ITS.items()),
)
"""Both, under names that are nobody else's."""


def integration_in(row: Row[Any]) -> Integration | None:
    """The integration of a row that has these columns; None where there is none."""
    return None if row.via_id is None else integration_of(_part(row, _VIA))


def creditor_in(row: Row[Any]) -> Creditor | None:
    """The creditor likewise."""
    return None if row.its_id is None else creditor_of(_part(row, _ITS))


def _part(row: Row[Any], labels: Mapping[str, str]) -> SimpleNamespace:
    return SimpleNamespace(**{name: getattr(row, label) for name, label in labels.items()})
