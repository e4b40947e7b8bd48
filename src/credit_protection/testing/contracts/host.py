"""The contract of `ports.host.HostErp`: a host adapter's whole test file is one subclass, its fixtures and a stage.

Example::

    class MyStage(HostStage):
        def add_customer(self, document: str, name: str, city: str) -> str: ...
        def add_invoices(self, customer_id, subscription_id, bills): ...
        def pay(self, invoice_id: str, on: date, amount: Money) -> None: ...

    class TestMyErp(HostErpContract):
        subscriptions = False
        holds = False
        reverses = False
        cancels = False

        @pytest.fixture
        def host(self, my_erp) -> HostErp:
            return MyErp(my_erp.url)

        @pytest.fixture
        def stage(self, my_erp) -> HostStage:
            return MyStage(my_erp)

        @pytest.fixture
        def host_that_is_down(self) -> HostErp:
            return MyErp("http://127.0.0.1:1")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from credit_protection.testing import samples
from credit_protection.testing.contracts.capabilities import Gated
from credit_protection.testing.contracts.host_parts.events import EventsContract
from credit_protection.testing.contracts.host_parts.overdue import OverdueContract
from credit_protection.testing.contracts.host_parts.reading import ReadingContract
from credit_protection.testing.contracts.host_parts.records import RecordsContract
from credit_protection.testing.contracts.host_parts.settlements import SettlementsContract
from credit_protection.testing.contracts.host_parts.stage import Bill, HostStage, Scene
from credit_protection.testing.contracts.host_parts.standings import StandingsContract

if TYPE_CHECKING:
    from datetime import date

    from credit_protection.ports.host import HostErp
    from credit_protection.ports.storage import Storage

__all__ = ["Bill", "HostErpContract", "HostStage"]


class HostErpContract(
    Gated,
    RecordsContract,
    StandingsContract,
    OverdueContract,
    SettlementsContract,
    EventsContract,
    ReadingContract,
):
    """Every method of the port, and what an ERP's people may do between two readings.

    A test adds what it needs through the stage and looks at nothing else: the ERP may hold other data, and keep what
    earlier tests added.

    Attributes:
        settlements: as in `HostCapabilities`; so are the next five.
        events: the subclass then gives a fixture `storage` too, where the adapter records payments.
        holds: see above.
        subscriptions: see above.
        settled_invoices: see above.
        overdue: see above.
        takes_parts: an invoice can be paid in parts in this ERP.
        reverses: a payment can be undone in this ERP.
        cancels: an invoice can be cancelled or credited in this ERP.
        today: a day that the ERP takes payments on, and on the ten days before; not the clock's.
    """

    settlements: ClassVar[bool] = True
    events: ClassVar[bool] = False
    holds: ClassVar[bool] = True
    subscriptions: ClassVar[bool] = True
    settled_invoices: ClassVar[bool] = False
    overdue: ClassVar[bool] = True
    takes_parts: ClassVar[bool] = True
    reverses: ClassVar[bool] = True
    cancels: ClassVar[bool] = True
    today: ClassVar[date] = samples.TODAY

    @pytest.fixture
    def host(self) -> HostErp:
        """The adapter, over an ERP that has a company."""
        raise NotImplementedError("a subclass gives the fixture `host`")

    @pytest.fixture
    def stage(self) -> HostStage:
        """What is done in that ERP."""
        raise NotImplementedError("a subclass gives the fixture `stage`")

    @pytest.fixture
    def host_that_is_down(self) -> HostErp:
        """The adapter, over an ERP that can't be reached."""
        raise NotImplementedError("a subclass gives the fixture `host_that_is_down`")

    @pytest.fixture
    def storage(self) -> Storage:
        """Where the adapter records payments, in the ERP's own database; only where it declares `events`."""
        raise NotImplementedError("a host with `events` gives the fixture `storage`")

    @pytest.fixture
    def scene(self, host: HostErp, stage: HostStage) -> Scene:  # noqa: ARG002 - the host is made first
        """The stage in fewer words."""
        return Scene(stage, self.today, has_subscriptions=self.subscriptions)
