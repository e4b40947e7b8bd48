"""In-memory stand-ins for a bureau, an ERP and a clock, for fast tests of use cases and of host code.

They behave, they do not merely answer: the bureau keeps a ledger, the ERP settles invoices, the clock moves when told.
All of them may be used by many threads. For the real thing over HTTP use `credit_protection.testing.simulator`.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    Found,
    How,
    Missing,
    RecordKey,
    RecordState,
    Rejected,
)
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj, PersonType
from credit_protection.domain.errors import CredentialsRejected, InclusionStillProcessing
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature, persons_in
from credit_protection.domain.parameters import ParameterSpec
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.domain.queries import PDF, DocumentReport
from credit_protection.domain.reasons import BureauReason, RemovalReason
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.ports.bureau import ListedRecord
from credit_protection.ports.host import HostCapabilities
from credit_protection.ports.queue import QueueCapabilities, QueueSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.bureau_answers import Receipt, Sighting
    from credit_protection.domain.errors import BureauError
    from credit_protection.domain.events import Event
    from credit_protection.domain.integrations import Environment
    from credit_protection.domain.queries import CreditQuery, CreditReport
    from credit_protection.domain.requests import InclusionOrder
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.bureau import QueryOrder, RemovalOrder
    from credit_protection.ports.host import OverdueFilter


_PRICE = Money(119_90)
_PRODUCTS = (
    Product("BASIC", "Consulta básica", ProductKind.QUERY, price=Money(250)),
    Product("SCORE", "Score", ProductKind.QUERY, inputs=(ProductInput("model", "Modelo", required=True),)),
    Product("INC", "Inclusão", ProductKind.INCLUSION),
)


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """This instant, UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


class CountingIdentifiers:
    """Names in order: `id-1`, `REF-1`; jitter always 0.5."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        """`id-1`, `id-2`, ..."""
        return f"id-{next(self._numbers)}"

    def new_reference(self) -> str:
        """`REF-1`, `REF-2`, ..."""
        return f"REF-{next(self._numbers)}"

    def jitter(self) -> float:
        """The middle."""
        return 0.5


@dataclass
class FakeRecord:
    """A record at the fake bureau."""

    order: InclusionOrder
    bureau_id: str
    state: RecordState
    reason: RemovalReason | None = None


class FakeBureau:
    """A bureau in memory: a gateway kind and its one gateway.

    Args:
        capabilities: what it can do.
        synchronous: it answers `Done` at once; else `Accepted`, and `settle()` brings the outcome.

    `before` and `after` are called with the operation's name (`include`, `remove`, `find`, `query`, `check`,
    `products`) before and after its effect: raise in them to lose a request or its answer, or do there what happens
    meanwhile. `fail_next` does the raising for one call.
    """

    code = "fake"
    name = "Birô de mentira"
    parameters = (
        ParameterSpec("user", "Usuário"),
        ParameterSpec("password", "Senha", secret=True, help="Peça ao birô."),
        ParameterSpec("base_url", "Endereço", required=False, default="http://127.0.0.1", advanced=True),
    )

    def __init__(self, capabilities: Capabilities | None = None, *, synchronous: bool = False) -> None:
        self.capabilities = capabilities or Capabilities(
            registry=Registry.SPC, alphanumeric_cnpj=True, grouping=True, list_records=True
        )
        self.synchronous = synchronous
        self.records: list[FakeRecord] = []
        self.calls: list[str] = []
        self.password = "secret"  # noqa: S105 - a made-up one
        self.report: CreditReport = DocumentReport(b"%PDF-1.7 made up\n%%EOF\n", PDF, "P-1")
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self.listed: Sequence[Product] = _PRODUCTS
        self.opened: list[dict[str, str]] = []
        self.orders: list[RemovalOrder] = []
        self.closed = 0
        self._faults: list[tuple[str, BureauError, bool]] = []
        self._lock = threading.Lock()

    def open(self, parameters: Mapping[str, str], environment: Environment) -> FakeBureau:
        """The gateway: this object."""
        self.opened.append({**parameters, "environment": environment.value})
        return self

    def check(self) -> None:
        """Compare the password."""
        self._call("check")
        if self.opened[-1].get("password") != self.password:
            raise CredentialsRejected("O birô recusou a senha. Confira os parâmetros da integração.")
        self._done("check")

    def products(self) -> Sequence[Product]:
        """What is `listed`: three at first."""
        self._call("products")
        listed = list(self.listed)
        self._done("products")
        return listed

    def natures(self) -> Sequence[InclusionNature]:
        """One for each person, one unmarked."""
        listed = [("DEV", "Devedor (PF)"), ("DUP", "Duplicata (PJ)"), ("OUT", "Outros")]
        return [InclusionNature(code, text, persons_in(text)) for code, text in listed]

    def reasons(self) -> Sequence[BureauReason]:
        """The neutral ones."""
        return [BureauReason(reason.value, reason.name) for reason in RemovalReason]

    def query(self, order: QueryOrder) -> CreditReport:  # noqa: ARG002 - the report is set
        """The report that is set."""
        self._call("query")
        self._done("query")
        return self.report

    def include(self, order: InclusionOrder) -> Receipt:
        """Keep a record."""
        self._call("include")
        with self._lock:
            standing = self._standing(order.reference)
            if standing is not None:
                return Accepted(standing.bureau_id, repeated=True)
            if order.document.person_type is PersonType.PF and order.nature_code == "DUP":
                return Rejected("NATUREZA", "natureza não admite a pessoa", "nature")
            state = RecordState.PRESENT if self.synchronous else RecordState.INCLUDING
            record = FakeRecord(order, f"B{len(self.records) + 1}", state)
            self.records.append(record)
        self._done("include")
        return Done(bureau_id=record.bureau_id) if self.synchronous else Accepted(record.bureau_id)

    def remove(self, order: RemovalOrder) -> Receipt:
        """Take a record off."""
        self._call("remove")
        with self._lock:
            self.orders.append(order)
            record = self._of(order.key)
            if record is None:
                return Done(How.NOT_FOUND)
            if record.state is RecordState.INCLUDING:
                raise InclusionStillProcessing("A inclusão ainda está em processamento.")
            if record.state in {RecordState.GONE, RecordState.REMOVING}:
                return Done(How.ALREADY)
            record.state = RecordState.GONE if self.synchronous else RecordState.REMOVING
            record.reason = order.reason
        self._done("remove")
        return Done() if self.synchronous else Accepted(record.bureau_id)

    def find(self, key: RecordKey) -> Sighting:
        """Look a record up."""
        self._call("find")
        with self._lock:
            record = self._of(key)
            sighting = Missing() if record is None else Found(record.state, record.bureau_id)
        self._done("find")
        return sighting

    def list_records(self) -> Iterator[ListedRecord]:
        """All, one by one, as they stand."""
        self._call("list_records")
        for record in list(self.records):
            order = record.order
            key = RecordKey(order.document, order.reference, order.due_date, record.bureau_id)
            yield ListedRecord(key, str(order.amount.amount), Found(record.state, record.bureau_id))
        self._done("list_records")

    def close(self) -> None:
        """Count it: there is nothing to let go of."""
        self.closed += 1

    def settle(self) -> None:
        """The bureau decides upon what it accepted."""
        turns = {RecordState.INCLUDING: RecordState.PRESENT, RecordState.REMOVING: RecordState.GONE}
        with self._lock:
            for record in self.records:
                record.state = turns.get(record.state, record.state)

    def fail_next(self, operation: str, error: BureauError, *, executed: bool = False) -> None:
        """The next call of this operation fails.

        Args:
            operation: its name, as `before` gets it.
            error: what the caller is told.
            executed: whether it has its effect all the same: the answer is lost, not the request.
        """
        self._faults.append((operation, error, executed))

    def standing(self) -> list[FakeRecord]:
        """The records that people can see."""
        return [record for record in self.records if record.state in {RecordState.PRESENT, RecordState.REMOVING}]

    def _call(self, operation: str) -> None:
        self.calls.append(operation)
        self.before(operation)
        self._fail(operation, executed=False)

    def _done(self, operation: str) -> None:
        self.after(operation)
        self._fail(operation, executed=True)

    def _fail(self, operation: str, *, executed: bool) -> None:
        with self._lock:
            fault = next((each for each in self._faults if (each[0], each[2]) == (operation, executed)), None)
            if fault is None:
                return
            self._faults.remove(fault)
        raise fault[1]

    def _standing(self, reference: str) -> FakeRecord | None:
        gone = {RecordState.GONE, RecordState.REJECTED}
        return next(
            (each for each in self.records if each.order.reference == reference and each.state not in gone), None
        )

    def _of(self, key: RecordKey) -> FakeRecord | None:
        if key.bureau_id is not None:
            return next((each for each in self.records if each.bureau_id == key.bureau_id), None)
        return next((each for each in reversed(self.records) if each.order.reference == key.reference), None)


@dataclass
class FakeErp:
    """An ERP in memory.

    Args:
        clients: customers by id.
        services: subscriptions by id.
        bills: invoices by id.
        held: the do-not-negativate list.
        creditor: the first company.
        branches: the others.
        code: of the host.
        capabilities: what it can do.
        entries: settlements and reversals that it lists, in order.
        before: called with the name of each reading before it is made: raise in it where the ERP is down, or do there
            what happens meanwhile.
    """

    clients: dict[str, Customer] = field(default_factory=dict)
    services: dict[str, Subscription] = field(default_factory=dict)
    bills: dict[str, Invoice] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    creditor: Creditor = field(default_factory=lambda: Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO", "MG"))
    branches: list[Creditor] = field(default_factory=list)
    code: str = "fake-erp"
    capabilities: HostCapabilities = field(default_factory=lambda: HostCapabilities(settled_invoices=True))
    entries: list[Entry] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def creditors(self) -> Sequence[Creditor]:
        """All companies."""
        return [self.creditor, *self.branches]

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """By id."""
        self.before("customers")
        return {key: self.clients[key] for key in ids if key in self.clients}

    def customers_with_document(self, document: str) -> Sequence[Customer]:
        """By document."""
        self.before("customers_with_document")
        return [client for client in self.clients.values() if client.document == document]

    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """By id."""
        self.before("subscriptions")
        return {key: self.services[key] for key in ids if key in self.services}

    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        """As they stand now."""
        self.before("standings")
        return {key: self.bills[key] for key in invoice_ids if key in self.bills}

    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        """Of the customers, due on one of the days."""
        self.before("invoices_due")
        bills = self.bills.values()
        return [bill for bill in bills if bill.customer_id in customer_ids and bill.due_date in days]

    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        """Open ones due before today, the oldest first."""
        self.before("overdue")
        late = [bill for bill in list(self.bills.values()) if self._is_wanted(bill, wanted)]
        return iter(sorted(late, key=lambda bill: (bill.due_date, bill.id)))

    def _is_wanted(self, bill: Invoice, wanted: OverdueFilter) -> bool:
        days_late = (wanted.today - bill.due_date).days
        most = days_late if wanted.maximum_days_late is None else wanted.maximum_days_late
        return (
            bill.status is InvoiceStatus.OPEN
            and max(1, wanted.minimum_days_late) <= days_late <= most
            and (wanted.minimum_balance is None or bill.balance >= wanted.minimum_balance)
            and (wanted.customer_id is None or bill.customer_id == wanted.customer_id)
            and (wanted.city is None or self.clients[bill.customer_id].address.city == wanted.city)
        )

    def settlements_since(self, day: date) -> Iterator[Entry]:
        """What was settled or reversed since."""
        self.before("settlements_since")
        return iter([entry for entry in self.entries if _day(entry) >= day])

    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, str]:
        """Those on the list."""
        self.before("holds")
        return {key: self.held[key] for key in customer_ids if key in self.held}

    def enrol(self, customer_id: str, document: str, *, name: str = "MARIA DE EXEMPLO", **known: Any) -> Customer:  # noqa: ANN401 - any field of a customer
        """A new customer with a whole address, born in 1980, and one terminated subscription of the same id."""
        address = Address("RUA DAS ACÁCIAS", "100", "", "CENTRO", "DIVINÓPOLIS", "MG", "35500000")
        fields = {"address": address, "birth_date": date(1980, 5, 17), **known}
        customer = Customer(customer_id, name, document, **fields)
        self.clients[customer_id] = customer
        self.services[customer_id] = Subscription(customer_id, customer_id, "500 MEGA", SubscriptionStatus.TERMINATED)
        return customer

    def bill(self, invoice_id: str, customer_id: str, due_date: date, amount: Money = _PRICE) -> Invoice:
        """A new invoice of a customer's first subscription."""
        service = next(each.id for each in self.services.values() if each.customer_id == customer_id)
        invoice = Invoice(invoice_id, customer_id, service, f"NF-{invoice_id}", due_date, amount, amount)
        self.bills[invoice_id] = invoice
        return invoice

    def pay(
        self, invoice_id: str, on: date, amount: Money | None = None, *, available_on: date | None = None
    ) -> Settlement:
        """Settle an invoice, or a part of it; `settlements_since` tells."""
        bill = self.bills[invoice_id]
        paid = bill.balance if amount is None else amount
        rest = bill.balance - paid
        status = InvoiceStatus.OPEN if rest.cents > 0 else InvoiceStatus.PAID
        bill = replace(bill, balance=max(rest, ZERO), status=status)
        if status is InvoiceStatus.PAID:
            bill = replace(bill, paid_on=on, available_on=available_on)
        self.bills[invoice_id] = bill
        number = f"pay-{len(self.entries) + 1}"
        settlement = Settlement(number, invoice_id, SettlementKind.PAYMENT, on, paid, available_on=available_on)
        self.entries.append(settlement)
        return settlement

    def cease(self, invoice_id: str, status: InvoiceStatus, on: date | None = None) -> None:
        """The debt ceases, or is open again, and nobody tells: it shows only where the invoice is read."""
        bill = self.bills[invoice_id]
        balance = bill.amount if status is InvoiceStatus.OPEN else ZERO
        self.bills[invoice_id] = replace(bill, status=status, balance=balance, paid_on=on)

    def reverse(self, settlement: Settlement, on: date) -> Reversal:
        """Undo a settlement."""
        bill = self.bills[settlement.invoice_id]
        balance = bill.balance + (settlement.amount or bill.amount)
        self.bills[bill.id] = replace(bill, balance=balance, status=InvoiceStatus.OPEN, paid_on=None, available_on=None)
        reversal = Reversal(settlement.id, bill.id, on)
        self.entries.append(reversal)
        return reversal


class RecordingListeners:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.queries: list[CreditQuery] = []
        self.alarms: list[Alarm] = []

    def happened(self, events: Iterable[Event]) -> None:
        """To negativations."""
        self.events.extend(events)

    def query_answered(self, query: CreditQuery) -> None:
        """A query's outcome."""
        self.queries.append(query)

    def alarm(self, alarm: Alarm) -> None:
        """What needs a person."""
        self.alarms.append(alarm)


class RecordingQueue:
    """Remembers whom it was asked to wake."""

    capabilities = QueueCapabilities()

    def __init__(self) -> None:
        self.woken: list[str | None] = []
        self.instants: list[datetime | None] = []

    def wake(self, negativation_id: str | None = None, not_before: datetime | None = None) -> None:
        """Remember."""
        self.woken.append(negativation_id)
        self.instants.append(not_before)

    def snapshot(self) -> QueueSnapshot:
        """How many were asked for."""
        return QueueSnapshot(len(self.woken), 0)


class PlainVault:
    """Seals by turning the text round: for tests only."""

    def seal(self, secret: str) -> str:
        """Turned round."""
        return secret[::-1]

    def open(self, sealed: str) -> str:
        """Turned back."""
        return sealed[::-1]


def _day(entry: Entry) -> date:
    return entry.paid_on if isinstance(entry, Settlement) else entry.reversed_on
