"""One tenant over a storage and the fakes: what a person, a host and a worker do, in few words."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeVar

from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.application.integrations import Integrations, IntegrationSettings
from credit_protection.application.negativations import Asked, Negativations
from credit_protection.application.payments import Payments
from credit_protection.application.queries import Queries
from credit_protection.application.sweep import Sweep
from credit_protection.application.tenant import Gateways, Tenant
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.money import Money
from credit_protection.ports.storage import Page
from credit_protection.testing.fakes import (
    CountingIdentifiers,
    FakeBureau,
    FakeClock,
    FakeErp,
    PlainVault,
    RecordingListeners,
    RecordingQueue,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from credit_protection.application.transmissions import Performed
    from credit_protection.domain.audit import AuditEntry
    from credit_protection.domain.guards import Guard
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.settlements import Settlement
    from credit_protection.ports.storage import Storage

T = TypeVar("T")

ANA = Actor.with_role("ana", "Ana", "administrador")
CPF = "90010020055"
CNPJ_WITH_LETTERS = "12ABC34501DE35"
TODAY = date(2026, 11, 24)
"""The day on which the fake clock stands: a Tuesday, in Divinópolis as everywhere."""
DUE = date(2026, 10, 5)
PRICE = Money(119_90)
DAY = timedelta(days=1)
MANY = Page(1000)


@dataclass
class Desk:
    """Customer `c1` owes the invoices `i1`, `i2` and `i3`; customer `c2`, a company, owes `j1`."""

    storage: Storage
    bureau: FakeBureau = field(default_factory=FakeBureau)
    erp: FakeErp = field(default_factory=FakeErp)
    clock: FakeClock = field(default_factory=FakeClock)
    identifiers: CountingIdentifiers = field(default_factory=CountingIdentifiers)
    queue: RecordingQueue = field(default_factory=RecordingQueue)
    listeners: RecordingListeners = field(default_factory=RecordingListeners)
    extra_guards: Sequence[Guard] = ()

    def __post_init__(self) -> None:
        self.erp.enrol("c1", CPF)
        for number in (1, 2, 3):
            self.erp.bill(f"i{number}", "c1", DUE + number * DAY, PRICE)
        self.erp.enrol("c2", CNPJ_WITH_LETTERS, name="PADARIA DE EXEMPLO LTDA", birth_date=None)
        self.erp.bill("j1", "c2", DUE, Money(500_00))
        vault = PlainVault()
        self.tenant = Tenant(
            storage=self.storage,
            gateways=Gateways([self.bureau], vault),
            host=self.erp,
            vault=vault,
            clock=self.clock,
            identifiers=self.identifiers,
            calendars=BrazilianCalendars(),
            listeners=self.listeners,
            queue=self.queue,
            extra_guards=self.extra_guards,
        )
        self.integrations = Integrations(self.tenant)
        self.queries = Queries(self.tenant)
        self.negativations = Negativations(self.tenant)
        self.payments = Payments(self.tenant)
        self.transmissions = Transmissions(self.tenant)
        self.sweep = Sweep(self.tenant, self.payments, self.transmissions, self.queries)
        self.integration_id = ""

    # ------------------------------------------------------------------------------------ what a person does

    def register(
        self,
        settings: IntegrationSettings = IntegrationSettings(),
        *,
        description: str = "Conta da matriz",
        creditor_id: str = "1",
    ) -> Integration:
        """Register an integration, fetch its products, and work with it from now on."""
        integration = self.integrations.register(
            ANA,
            gateway="fake",
            description=description,
            creditor_id=creditor_id,
            parameters={"user": "provedor", "password": "secret"},
            settings=settings,
        )
        self.integrations.synchronise(ANA, integration.id)
        self.integration_id = integration.id
        return integration

    def asked(
        self, *invoice_ids: str, customer_id: str = "c1", nature: str = "DEV", amounts: dict[str, Money] | None = None
    ) -> Asked:
        """What a person chose on the screen."""
        return Asked(self.integration_id, customer_id, invoice_ids, nature, amounts or {}, "cobrança esgotada")

    def negativate(self, *invoice_ids: str, actor: Actor = ANA) -> Negativation:
        """Negativate the invoices of `c1`; the first of what came of it."""
        return self.negativations.create(actor, self.asked(*invoice_ids or ("i1",)))[0]

    def query(self, *, insist: bool = False, document: str = CPF, customer_id: str | None = None) -> str:
        """Run a basic query; its id."""
        return self.queries.run(
            ANA,
            integration_id=self.integration_id,
            product_code="BASIC",
            document=document,
            customer_id=customer_id,
            insist=insist,
        ).id

    # ------------------------------------------------------------------------------------ what a host does

    def paid(self, invoice_id: str, amount: Money | None = None, *, on: date = TODAY) -> Settlement:
        """A customer pays, and the ERP reports it."""
        settlement = self.erp.pay(invoice_id, on, amount)
        self.payments.record(SYSTEM, settlement)
        return settlement

    def uninstall_gateway(self) -> None:
        """The plugin of the integration's gateway is gone: whatever needs to know what it can do fails."""
        with self.storage.unit() as unit:
            unit.integrations.save(replace(unit.integrations.get(self.integration_id), gateway="uninstalled"))
            unit.commit()

    # ------------------------------------------------------------------------------------ what a worker does

    def perform(self, negativation: Negativation, worker: str = "w1") -> Performed | None:
        """One claim, one call, one answer."""
        return self.transmissions.perform(negativation.id, worker)

    def later(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.advance(by)

    def work(self, negativation: Negativation) -> Negativation:
        """Work until nothing is due, letting the bureau decide and time pass between calls."""
        for _ in range(20):
            current = self.get(negativation)
            if not current.transmission.action.is_call or current.transmission.block is not None:
                return current
            self.clock.advance(max(current.transmission.due_at - self.clock.now(), timedelta(0)))
            self.perform(negativation)
            self.bureau.settle()
        raise AssertionError("it never comes to rest")

    def included(self, *invoice_ids: str) -> Negativation:
        """A negativation that the bureau holds."""
        return self.work(self.negativate(*invoice_ids))

    # ------------------------------------------------------------------------------------ what is stored

    def get(self, negativation: Negativation) -> Negativation:
        """As it is stored now."""
        return self.negativations.get(ANA, negativation.id)

    def audit(self, subject: str | None = None) -> list[AuditEntry]:
        """The trail, oldest first."""
        with self.storage.reading() as unit:
            return list(reversed(unit.audit.list(MANY, subject=subject).items))

    def acts(self, subject: str | None = None) -> list[str]:
        """The trail's acts, oldest first."""
        return [entry.act for entry in self.audit(subject)]

    def happened(self, negativation: Negativation) -> list[str]:
        """The kinds of its history, oldest first."""
        return [event.kind.value for event in self.negativations.history(ANA, negativation.id)]


def together(count: int, act: Callable[[int], T]) -> list[T | Exception]:
    """Do the same from many threads at one instant; what each returned or raised."""
    gate = threading.Barrier(count)

    def one(number: int) -> T | Exception:
        gate.wait()
        try:
            return act(number)
        except Exception as error:  # noqa: BLE001 - the caller looks at what was raised
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def codes(findings: Iterable[object]) -> set[str]:
    """The codes of findings."""
    return {str(getattr(finding, "code", finding)) for finding in findings}
