"""The contract of hosts over our own: the local ERP, the fake one, and the one that a host author reads first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.settlements import Reversal
from credit_protection.testing.contracts.host import HostErpContract
from credit_protection.testing.fakes import (
    FakeErp,
)
from tests.adapters.hosts.stages import FakeStage, LocalStage, SmallStage, entry_of, local_erp, payments_of, small_host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.host import HostErp


class TestLocalErp(HostErpContract):
    settled_invoices = True
    cancels = False

    @pytest.fixture
    def host(self, tmp_path: Path) -> LocalErp:
        return local_erp(tmp_path / "erp.sqlite")

    @pytest.fixture
    def stage(self, host: LocalErp) -> LocalStage:
        return LocalStage(host)

    @pytest.fixture
    def host_that_is_down(self, tmp_path: Path) -> LocalErp:
        (tmp_path / "folder.sqlite").mkdir()
        return LocalErp(tmp_path / "folder.sqlite")


class TestFakeErp(HostErpContract):
    settled_invoices = True

    @pytest.fixture
    def host(self) -> FakeErp:
        return FakeErp()

    @pytest.fixture
    def stage(self, host: FakeErp) -> FakeStage:
        return FakeStage(host)

    @pytest.fixture
    def host_that_is_down(self) -> FakeErp:
        def down(_: str) -> NoReturn:
            raise HostUnavailable("O ERP não respondeu.")

        return FakeErp(before=down)


class TestSmallHost(HostErpContract):
    settlements = False
    events = True
    holds = False
    overdue = False
    takes_parts = False
    cancels = False

    @pytest.fixture
    def database(self, tmp_path: Path) -> Path:
        return tmp_path / "erp.sqlite"

    @pytest.fixture
    def storage(self, database: Path) -> Iterator[SqlStorage]:
        storage = SqlStorage(f"sqlite:///{database}")
        storage.migrate()
        yield storage
        storage.close()

    @pytest.fixture
    def host(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> HostErp:
        monkeypatch.setattr(small_host(), "DATABASE", database)
        return small_host().SmallErp()  # type: ignore[no-any-return] # the example's

    @pytest.fixture
    def stage(self, host: HostErp, storage: SqlStorage, database: Path) -> SmallStage:
        payments = payments_of(host, storage)
        return SmallStage(database, lambda entry, erp: payments.record(SYSTEM, entry, connection=erp))

    @pytest.fixture
    def host_that_is_down(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostErp:
        monkeypatch.setattr(small_host(), "DATABASE", tmp_path / "no" / "such" / "folder")
        return small_host().SmallErp()  # type: ignore[no-any-return] # the example's


class TestSmallHostThatAlsoListsItsCashBook(TestSmallHost):
    settlements = True

    @pytest.fixture
    def host(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> HostErp:
        monkeypatch.setattr(small_host(), "DATABASE", database)
        return listing()

    @pytest.fixture
    def host_that_is_down(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostErp:
        monkeypatch.setattr(small_host(), "DATABASE", tmp_path / "no" / "such" / "folder")
        return listing()


def listing() -> HostErp:
    """The example's host, with a list of what its cash book holds."""
    plain: Any = small_host().SmallErp

    class Listing(plain):  # type: ignore[misc] # the example's
        capabilities = replace(plain.capabilities, settlements=True)

        def settlements_since(self, day: date) -> Iterator[Entry]:
            for *row, _ in self._rows("cash_book"):
                entry = entry_of(*row)
                if (entry.reversed_on if isinstance(entry, Reversal) else entry.paid_on) >= day:
                    yield entry

    return Listing()
