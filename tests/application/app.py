"""One tenant over a storage and the fakes: the acts of a person, a host and a worker."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeVar

from credit_protection.application.negativations import NegativationRequest
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.ports.storage import AuditFilter, PageRequest
from credit_protection.testing.fakes import (
    CountingIdentifiers,
    FakeBureau,
    FakeClock,
    FakeErp,
    RecordingListeners,
    RecordingQueue,
)
from credit_protection.testing.tenants import make_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from credit_protection.application.transmissions import TransmissionResult
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
"""The fake clock's date: a Tuesday, in every time zone of Brazil."""
DUE = date(2026, 10, 5)
PRICE = Money(119_90)
DAY = timedelta(days=1)
MANY = PageRequest(1000)


@dataclass
class AppFixture:
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
        self.erp.add_customer("c1", CPF)
        for number in (1, 2, 3):
            self.erp.add_invoice(f"i{number}", "c1", DUE + number * DAY, PRICE)
        self.erp.add_customer("c2", CNPJ_WITH_LETTERS, name="PADARIA DE EXEMPLO LTDA", birth_date=None)
        self.erp.add_invoice("j1", "c2", DUE, Money(500_00))
        tenant = make_tenant(
            self.storage,
            host=self.erp,
            gateways=[self.bureau],
            clock=self.clock,
            identifiers=self.identifiers,
            listeners=self.listeners,
            queue=self.queue,
            extra_guards=self.extra_guards,
        )
        self.ports = tenant.ports
        self.integrations = tenant.integrations
        self.customers = tenant.customers
        self.queries = tenant.queries
        self.negativations = tenant.negativations
        self.payments = tenant.payments
        self.transmissions = tenant.transmissions
        self.adoption = tenant.adoption
        self.audit_trail = tenant.audit_trail
        self.users = tenant.users
        self.divergences = tenant.divergences
        self.reconciliation = tenant.reconciliation
        self.alarms = tenant.alarms
        self.sweep = tenant.sweep
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

    def request(
        self, *invoice_ids: str, customer_id: str = "c1", nature: str = "DEV", amounts: dict[str, Money] | None = None
    ) -> NegativationRequest:
        """What a person chose on the screen."""
        return NegativationRequest(
            self.integration_id, customer_id, invoice_ids, nature, amounts or {}, "cobrança esgotada"
        )

    def negativate(self, *invoice_ids: str, actor: Actor = ANA) -> Negativation:
        """Negativate the invoices of `c1`; the first negativation."""
        return self.negativations.create(actor, self.request(*invoice_ids or ("i1",)))[0]

    def query(self, *, force: bool = False, document: str = CPF, customer_id: str | None = None) -> str:
        """Run a basic query; its id."""
        return self.queries.run(
            ANA,
            integration_id=self.integration_id,
            product_code="BASIC",
            document=document,
            customer_id=customer_id,
            force=force,
        ).id

    # ------------------------------------------------------------------------------------ what a host does

    def paid(self, invoice_id: str, amount: Money | None = None, *, on: date = TODAY) -> Settlement:
        """A customer pays, and the ERP reports it."""
        settlement = self.erp.pay(invoice_id, on, amount)
        self.payments.record(SYSTEM, settlement)
        return settlement

    def uninstall_gateway(self) -> str:
        """Store the integration under a gateway that no plugin offers; returns the integration's id."""
        self._set_gateway(self.integration_id, "uninstalled")
        return self.integration_id

    def install_gateway(self, integration_id: str) -> None:
        """Undo `uninstall_gateway`."""
        self._set_gateway(integration_id, "fake")

    def _set_gateway(self, integration_id: str, code: str) -> None:
        with self.storage.unit() as unit:
            unit.integrations.save(replace(unit.integrations.get(integration_id), gateway=code))
            unit.commit()

    # ------------------------------------------------------------------------------------ what a worker does

    def perform(self, negativation: Negativation, worker: str = "w1") -> TransmissionResult | None:
        """One claim, one call, one answer."""
        return self.transmissions.perform(negativation.id, worker)

    def later(self, by: timedelta) -> None:
        """Advance the clock."""
        self.clock.advance(by)

    def work(self, negativation: Negativation) -> Negativation:
        """Perform calls until none is due; between them the clock advances and the bureau processes what is pending."""
        for _ in range(20):
            current = self.get(negativation)
            if not current.transmission.action.is_call or current.transmission.block is not None:
                return current
            self.clock.advance(max(current.transmission.due_at - self.clock.now(), timedelta(0)))
            self.perform(negativation)
            self.bureau.process_pending()
        raise AssertionError("a call is due after every call")

    def included(self, *invoice_ids: str) -> Negativation:
        """A negativation that is on file at the bureau."""
        return self.work(self.negativate(*invoice_ids))

    # ------------------------------------------------------------------------------------ what is stored

    def get(self, negativation: Negativation) -> Negativation:
        """As it is stored now."""
        return self.negativations.get(ANA, negativation.id)

    def audit(self, subject: str | None = None) -> list[AuditEntry]:
        """The audit entries, oldest first."""
        with self.storage.read_only() as unit:
            return list(reversed(unit.audit.list(AuditFilter(subject=subject), MANY).items))

    def acts(self, subject: str | None = None) -> list[str]:
        """The acts of the audit entries, oldest first."""
        return [entry.act for entry in self.audit(subject)]

    def event_kinds(self, negativation: Negativation) -> list[str]:
        """The kinds of its history, oldest first."""
        return [event.kind.value for event in self.negativations.history(ANA, negativation.id)]


def run_concurrently(count: int, act: Callable[[int], T]) -> list[T | Exception]:
    """Call from many threads at one instant; what each call returned or raised."""
    gate = threading.Barrier(count)

    def one(number: int) -> T | Exception:
        gate.wait()
        try:
            return act(number)
        except Exception as error:  # noqa: BLE001 - the caller inspects it
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def codes(findings: Iterable[object]) -> set[str]:
    """The codes of findings."""
    return {str(getattr(finding, "code", finding)) for finding in findings}
