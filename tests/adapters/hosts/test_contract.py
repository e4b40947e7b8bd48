"""The contract of hosts over our own: the local ERP, the fake ERP and the example's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.settlements import Reversal
from credit_protection.testing.contracts.host import HostErpContract
from credit_protection.testing.fakes import FakeErp
from credit_protection.testing.tenants import make_tenant, sqlite_storage
from tests.adapters.hosts.erp_drivers import (
    FakeErpDriver,
    LocalErpDriver,
    SmallErpDriver,
    entry_of,
    local_erp,
    small_host,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.host import HostErp


class TestLocalErp(HostErpContract):
    settled_invoices = True
    supports_deletion = True
    reversals = True
    names = True
    supports_invoice_facts = True
    supports_single_boletos = True
    supports_cancellation = False

    @pytest.fixture
    def host(self, tmp_path: Path) -> LocalErp:
        return local_erp(tmp_path / "erp.sqlite")

    @pytest.fixture
    def erp(self, host: LocalErp) -> LocalErpDriver:
        return LocalErpDriver(host)

    @pytest.fixture
    def unreachable_host(self, tmp_path: Path) -> LocalErp:
        (tmp_path / "folder.sqlite").mkdir()
        return LocalErp(tmp_path / "folder.sqlite")


class TestFakeErp(HostErpContract):
    settled_invoices = True
    supports_deletion = True
    supports_write_off = True
    reversals = True
    names = True
    supports_invoice_facts = True
    supports_single_boletos = True

    @pytest.fixture
    def host(self) -> FakeErp:
        return FakeErp()

    @pytest.fixture
    def erp(self, host: FakeErp) -> FakeErpDriver:
        return FakeErpDriver(host)

    @pytest.fixture
    def unreachable_host(self) -> FakeErp:
        def down(_: str) -> NoReturn:
            raise HostUnavailable("O ERP não respondeu.")

        return FakeErp(before=down)


class TestSmallHost(HostErpContract):
    settlements = False
    supports_deletion = True
    supports_rechecks = True
    events = True
    holds = False
    subscriptions = False
    overdue = False
    supports_partial_payments = False
    supports_cancellation = False

    @pytest.fixture
    def database(self, tmp_path: Path) -> Path:
        return tmp_path / "erp.sqlite"

    @pytest.fixture
    def storage(self, database: Path) -> Iterator[SqlStorage]:
        storage = sqlite_storage(database)
        yield storage
        storage.close()

    @pytest.fixture
    def host(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> HostErp:
        monkeypatch.setattr(small_host(), "DATABASE", database)
        return small_host().SmallErp()  # type: ignore[no-any-return] # the example's

    @pytest.fixture
    def erp(self, host: HostErp, storage: SqlStorage, database: Path) -> SmallErpDriver:
        payments = make_tenant(storage, host=host).payments
        return SmallErpDriver(
            database,
            lambda entry, connection: payments.record(SYSTEM, entry, connection=connection),
            lambda invoice_id, connection: payments.recheck(SYSTEM, [invoice_id], connection=connection),
        )

    @pytest.fixture
    def unreachable_host(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostErp:
        monkeypatch.setattr(small_host(), "DATABASE", tmp_path / "no" / "such" / "folder")
        return small_host().SmallErp()  # type: ignore[no-any-return] # the example's


class TestSmallHostWithSettlementList(TestSmallHost):
    settlements = True
    reversals = True

    @pytest.fixture
    def host(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> HostErp:
        monkeypatch.setattr(small_host(), "DATABASE", database)
        return listing()

    @pytest.fixture
    def unreachable_host(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostErp:
        monkeypatch.setattr(small_host(), "DATABASE", tmp_path / "no" / "such" / "folder")
        return listing()


def listing() -> HostErp:
    """The example's host, which also lists the entries of its cash book."""
    plain: Any = small_host().SmallErp

    class Listing(plain):  # type: ignore[misc] # the example's
        capabilities = replace(plain.capabilities, settlements=True, reversals=True)

        def settlements_since(self, day: date) -> Iterator[Entry]:
            for *row, _ in self._rows("cash_book"):
                entry = entry_of(*row)
                if (entry.reversed_on if isinstance(entry, Reversal) else entry.paid_on) >= day:
                    yield entry

    return Listing()
