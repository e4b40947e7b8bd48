"""Reading many records of the host at once, so that one that its adapter can't read stops no other."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.customers import Customer, Invoice
from credit_protection.domain.errors import CreditProtectionError, HostUnavailable, InvalidInput
from credit_protection.domain.unreadable import Unreadable, UnreadableKind
from credit_protection.ports.storage import UnitOfWork

log = logging.getLogger(__name__)
Found = TypeVar("Found")
_AT_FAULT = (InvalidInput, ValueError, TypeError, ArithmeticError, LookupError)
_MOST_LEFT_OUT = 50
_MOST_CHECKED = 1000
_REASON_LENGTH = 300
_LONG_NUMBER = re.compile(r"[0-9][0-9./-]{6,}[0-9]")


def read_invoices(tenant: TenantPorts, ids: Sequence[str]) -> tuple[Mapping[str, Invoice], Sequence[Unreadable]]:
    """Invoices by id, and those that were left out since they can't be read. Raises `HostUnavailable`."""
    return read_each(tenant, UnreadableKind.INVOICE, tenant.host.invoice_statuses, ids)


def read_customers(tenant: TenantPorts, ids: Sequence[str]) -> tuple[Mapping[str, Customer], Sequence[Unreadable]]:
    """Customers by id, likewise."""
    return read_each(tenant, UnreadableKind.CUSTOMER, tenant.host.customers, ids)


def _masked(error: Exception) -> str:
    return _LONG_NUMBER.sub(lambda number: "*" * len(number[0]), f"{type(error).__name__}: {error}")


def store_left_out(unit: UnitOfWork, host: str, left_out: Sequence[Unreadable]) -> None:
    """Store what a whole reading of the host's open invoices left out; what it could read is forgotten."""
    unit.unreadable.add(left_out)
    for kind in (UnreadableKind.INVOICE, UnreadableKind.CUSTOMER):
        unit.unreadable.keep_only(host, kind, [each.subject for each in left_out if each.kind is kind])


def forget_mended_rows(tenant: TenantPorts) -> None:
    """Forget the rows of the ledger that could not be read and now can."""
    with tenant.storage.read_only() as unit:
        subjects = {
            (each.host, each.subject)
            for each in unit.unreadable.list(_MOST_CHECKED)
            if each.kind is UnreadableKind.SETTLEMENT
        }
        for host in {host for host, _ in subjects}:
            unit.settlements.entries(host, sorted(subject for of_host, subject in subjects if of_host == host))
        still = {(each.host, each.subject) for each in unit.settlements.unreadable}
    if subjects - still:
        with tenant.storage.unit() as unit:
            for host in {host for host, _ in subjects}:
                keep = [subject for of_host, subject in still if of_host == host]
                unit.unreadable.keep_only(host, UnreadableKind.SETTLEMENT, keep)
            unit.commit()


def read_each(
    tenant: TenantPorts, kind: UnreadableKind, read: Callable[[Sequence[str]], Mapping[str, Found]], ids: Sequence[str]
) -> tuple[Mapping[str, Found], Sequence[Unreadable]]:
    """Read all; where that fails for a record's sake, each half, down to the one at fault. Raises `HostUnavailable`."""
    found: dict[str, Found] = {}
    left_out: list[Unreadable] = []
    waiting = [ids] if ids else []
    while waiting:
        some = waiting.pop()
        try:
            found.update(read(some))
        except HostUnavailable:
            raise
        except _AT_FAULT as error:
            if len(left_out) >= _MOST_LEFT_OUT:
                raise  # the adapter is at fault, and no record of its own
            if len(some) > 1:
                middle = len(some) // 2
                waiting += [some[middle:], some[:middle]]
                continue
            reason = error.message if isinstance(error, CreditProtectionError) else _masked(error)
            log.warning("%s %s of the host can't be read and is left out: %s", kind.value, some[0], reason)
            left_out.append(Unreadable(tenant.host.code, kind, some[0], reason[:_REASON_LENGTH]))
    return found, left_out
