"""The contract of `ports.host.HostErp`: an adapter's whole test file is one subclass, its fixtures and a driver.

docs/hosts.md has an example.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

import pytest

from credit_protection.ports.host import HostErp
from credit_protection.ports.storage import Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.capabilities import CapabilityGated
from credit_protection.testing.contracts.host.erp_driver import (
    Debtor,
    ErpDriver,
    HostFixture,
    InvoiceFacts,
    InvoiceSpec,
)
from credit_protection.testing.contracts.host.invoices import InvoiceStatusContract, OverdueContract
from credit_protection.testing.contracts.host.records import ReadingContract, RecordsContract
from credit_protection.testing.contracts.host.settlements import EventsContract, SettlementsContract

__all__ = ["Debtor", "ErpDriver", "HostErpContract", "HostFixture", "InvoiceFacts", "InvoiceSpec"]


class HostErpContract(
    CapabilityGated,
    RecordsContract,
    InvoiceStatusContract,
    OverdueContract,
    SettlementsContract,
    EventsContract,
    ReadingContract,
):
    """Every method of the port, and what an ERP's users may do between two readings.

    A test adds records through the driver and reads no others: the ERP may have more, also from earlier tests.

    Attributes:
        settlements: as in `HostCapabilities`; so are `holds`, `subscriptions`, `settled_invoices`, `overdue`,
            `reversals`, `lag` and `names`.
        events: the same; the subclass then also gives the fixture `storage`, where the adapter records payments.
        supports_partial_payments: an invoice can be paid in parts in this ERP.
        supports_reversals: a payment can be reversed in this ERP.
        supports_cancellation: an invoice can be cancelled or credited in this ERP.
        supports_deletion: an open invoice can be deleted in this ERP.
        supports_write_off: an open invoice can be written off as a loss in this ERP.
        supports_rechecks: with `events`, the ERP has events that the adapter reports by `payments.recheck`.
        supports_invoice_facts: this ERP knows the original due date of an invoice, its issue date, what it charges
            for, whether a payment is pending and whether it is protested.
        supports_single_boletos: an invoice may belong to no subscription in this ERP, though it has them.
        today: a day on which, and on the ten days before, the ERP takes payments; not the clock's.
    """

    settlements: ClassVar[bool] = True
    events: ClassVar[bool] = False
    holds: ClassVar[bool] = True
    subscriptions: ClassVar[bool] = True
    settled_invoices: ClassVar[bool] = False
    overdue: ClassVar[bool] = True
    reversals: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(0)
    names: ClassVar[bool] = False
    supports_partial_payments: ClassVar[bool] = True
    supports_reversals: ClassVar[bool] = True
    supports_cancellation: ClassVar[bool] = True
    supports_deletion: ClassVar[bool] = False
    supports_write_off: ClassVar[bool] = False
    supports_rechecks: ClassVar[bool] = False
    supports_invoice_facts: ClassVar[bool] = False
    supports_single_boletos: ClassVar[bool] = False
    today: ClassVar[date] = samples.TODAY

    @pytest.fixture
    def host(self) -> HostErp:
        """The adapter, over an ERP that has a company."""
        raise NotImplementedError("a subclass gives the fixture `host`")

    @pytest.fixture
    def erp(self) -> ErpDriver:
        """The driver of that ERP."""
        raise NotImplementedError("a subclass gives the fixture `erp`")

    @pytest.fixture
    def unreachable_host(self) -> HostErp:
        """The adapter, over an ERP that can't be reached."""
        raise NotImplementedError("a subclass gives the fixture `unreachable_host`")

    @pytest.fixture
    def storage(self) -> Storage:
        """The storage in the ERP's own database, where the adapter records payments; only with `events`."""
        raise NotImplementedError("a host with `events` gives the fixture `storage`")

    @pytest.fixture
    def erp_fixture(self, host: HostErp, erp: ErpDriver) -> HostFixture:  # noqa: ARG002 - the host is created first
        """Shorthand for the driver."""
        return HostFixture(erp, self.today, has_subscriptions=self.subscriptions)
