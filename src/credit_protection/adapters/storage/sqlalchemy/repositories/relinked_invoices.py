"""Under which other id, or in which other ERP, the invoices of negativations stood before."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from credit_protection.adapters.storage import conflicts
from credit_protection.adapters.storage.sqlalchemy.mappers import negativations as mapper
from credit_protection.adapters.storage.sqlalchemy.pages import decode_cursor, read_page
from credit_protection.adapters.storage.sqlalchemy.tables import NEGATIVATION, NEGATIVATION_INVOICE, RELINK, is_false
from credit_protection.adapters.storage.sqlalchemy.transaction import Repository
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.relinking import Relink
from credit_protection.ports.storage import Page, PageRequest

_C, _I = RELINK.c, NEGATIVATION_INVOICE.c
_KEYS = (_C.negativation_id, _C.host, _C.invoice_id)
_IS_OPEN = sa.exists().where(NEGATIVATION.c.id == _C.negativation_id, is_false(NEGATIVATION.c.is_closed))
_OPEN = sa.select(RELINK).where(_IS_OPEN).order_by(*_KEYS)
_DELETE_ROWS = sa.delete(NEGATIVATION_INVOICE).where(_I.negativation_id == sa.bindparam("key"))
_COUNT_ROWS = sa.select(sa.func.count()).where(_I.negativation_id == sa.bindparam("key"))


class RelinkedInvoices(Repository):
    """The part of `ports.storage.NegativationRepository` about relinked invoices."""

    def relinks(self, page: PageRequest) -> Page[Relink]:
        """Those of all negativations that are not closed."""
        statement = _OPEN.limit(page.size + 1)
        if page.after is not None:
            statement = statement.where(sa.tuple_(*_KEYS) > decode_cursor(page.after, *_KEYS))
        return read_page(
            self._transaction, statement, page, _relink_of, lambda row: (row.negativation_id, row.host, row.invoice_id)
        )

    def _add_relinks(self, negativation: Negativation, relinks: Sequence[Relink]) -> None:
        """Write the rows by which it is found anew, and what was relinked."""
        key, invoices = negativation.id, mapper.invoice_rows(negativation)
        self._transaction.execute(_DELETE_ROWS, {"key": key})
        self._transaction.insert_new(NEGATIVATION_INVOICE, invoices)
        there = self._transaction.row(_COUNT_ROWS, {"key": key})
        if there is None or there[0] != len(invoices):
            raise conflicts.invoice_conflict(key)
        self._transaction.insert_or_replace(RELINK, [_row(each) for each in relinks])


def _row(relink: Relink) -> dict[str, Any]:
    return {
        "negativation_id": relink.negativation_id,
        "host": relink.host,
        "invoice_id": relink.invoice_id,
        "new_host": relink.new_host,
        "new_invoice_id": relink.new_invoice_id,
        "at": relink.at,
    }


def _relink_of(row: sa.Row[Any]) -> Relink:
    return Relink(row.negativation_id, row.host, row.invoice_id, row.new_host, row.new_invoice_id, row.at)
