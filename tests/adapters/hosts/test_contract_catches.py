"""The contract of hosts catches wrong hosts: each is the correct one with one change."""

from __future__ import annotations

import inspect
import itertools
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import sleep as pause
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.testing.contracts.host.erp_driver import HostFixture
from credit_protection.testing.contracts.host.settlements import EventsContract
from credit_protection.testing.fakes import FakeErp
from credit_protection.testing.tenants import make_tenant, sqlite_storage
from tests.adapters.hosts.erp_drivers import FakeErpDriver, SmallErpDriver, small_host
from tests.adapters.hosts.test_contract import TestFakeErp as Correct
from tests.adapters.hosts.test_contract import TestSmallHost as CorrectEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from credit_protection.application.payments import Payments
    from credit_protection.domain.customers import Customer, Invoice, Subscription
    from credit_protection.domain.holds import Hold
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.host import OverdueFilter
    from credit_protection.testing.contracts.host import HostErpContract

DAY = timedelta(days=1)


def applicable_tests(contract: type[HostErpContract]) -> set[str]:
    """The names of the tests that apply to a contract."""
    return {name for name, _ in inspect.getmembers(contract, inspect.isfunction) if name.startswith("test_")}


def failures(kind: type[FakeErp], contract: type[Correct] = Correct) -> set[str]:
    """The names of the contract's tests that a host fails, each with a new host."""
    failed = set()
    for name in sorted(applicable_tests(contract)):
        host = kind()

        def down(_: str) -> None:
            raise HostUnavailable("O ERP não respondeu.")

        given = {
            "host": host,
            "erp_fixture": HostFixture(FakeErpDriver(host), contract.today, has_subscriptions=True),
            "unreachable_host": kind(before=down),
        }
        if fails(contract, name, given):
            failed.add(name)
    return failed


def fails(contract: type[HostErpContract], name: str, given: Mapping[str, object]) -> bool:
    """Run one of the contract's tests with these fixtures; whether it fails."""
    test = getattr(contract, name)
    try:
        test(contract(), **{each: given[each] for each in list(inspect.signature(test).parameters)[1:]})
    except (AssertionError, LookupError, TypeError, ValueError, pytest.fail.Exception):
        return True
    return False


def test_correct_host_passes() -> None:
    assert failures(FakeErp) == set()


# ------------------------------------------------------------------------------------------------ wrong hosts


class ShowsPaidAsOpen(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        found = super().invoice_statuses(invoice_ids)
        return {key: replace(each, status=InvoiceStatus.OPEN) for key, each in found.items()}


class GivesUnknownInvoices(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        found = super().invoice_statuses(invoice_ids)
        any_ = next(iter(self.invoices_by_id.values()), None)
        return {key: found.get(key, any_) for key in invoice_ids if any_ is not None}


class RefusesUnknownCustomers(FakeErp):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        self.before("customers")
        return {key: self.customers_by_id[key] for key in ids}


class InventsSubscriptions(FakeErp):
    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        self.before("subscriptions")
        return {key: replace(each, id=key) for key in ids for each in list(self.subscriptions_by_id.values())[:1]}


class CachesInvoices(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        kept: dict[str, Invoice] = self.__dict__.setdefault("kept", {})
        for key, each in super().invoice_statuses(invoice_ids).items():
            kept.setdefault(key, each)
        return {key: kept[key] for key in invoice_ids if key in kept}


class CountsInFloats(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        def rounded(amount: Money) -> Money:
            return Money(int(amount.cents / 100 * 100))

        found = super().invoice_statuses(invoice_ids)
        return {
            k: replace(each, amount=rounded(each.amount), balance=rounded(each.balance)) for k, each in found.items()
        }


class GivesInstantsForDays(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        found = super().invoice_statuses(invoice_ids)
        return {
            key: replace(each, due_date=datetime.combine(each.due_date, datetime.min.time(), UTC))
            for key, each in found.items()
        }


class ForgetsTheOriginalDueDate(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        found = super().invoice_statuses(invoice_ids)
        return {key: replace(each, original_due_date=None) for key, each in found.items()}


class NamesASubscriptionAlways(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        found = super().invoice_statuses(invoice_ids)
        return {key: replace(each, subscription_id=each.customer_id) for key, each in found.items()}


class FindsOneRecordOfAPerson(FakeErp):
    def customers_with_documents(self, documents: Sequence[str]) -> Mapping[str, Sequence[Customer]]:
        found = super().customers_with_documents(documents)
        return {document: customers[:1] for document, customers in found.items()}


class PunctuatesDocuments(FakeErp):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        found = super().customers(ids)
        return {
            key: replace(each, document=f"{each.document[:-2]}-{each.document[-2:]}") for key, each in found.items()
        }


class AcceptsPunctuatedDocumentsOnly(FakeErp):
    def customers_with_document(self, document: str) -> Sequence[Customer]:
        self.before("customers_with_document")
        return [each for each in self.customers_by_id.values() if "-" in document]


class Unsorted(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        return iter(sorted(super().overdue(wanted), key=lambda each: int(each.id[1:])))


class GivesPaidAsOverdue(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        late = [each for each in self.invoices_by_id.values() if each.due_date < wanted.today]
        return iter(sorted(late, key=lambda each: each.due_date))


class ReadsAllIntoAList(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        return list(super().overdue(wanted))  # type: ignore[return-value] # deliberately wrong


class UsesItsOwnClock(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        return super().overdue(replace(wanted, today=datetime.now(UTC).date()))


class CountsDueDateAsLate(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        return super().overdue(replace(wanted, today=wanted.today + DAY))


class IgnoresFilter:
    """Hosts that ignore one field of the filter."""

    def __init__(self, field: str, value: object) -> None:
        self.field, self.value = field, value

    def kind(self) -> type[FakeErp]:
        changes: dict[str, Any] = {self.field: self.value}

        class Ignores(FakeErp):
            def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
                return super().overdue(replace(wanted, **changes))

        return Ignores


class ExcludesTheGivenDay(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        return super().settlements_since(day + DAY)


class RenamesSettlements(FakeErp):
    numbers = itertools.count()

    def settlements_since(self, day: date) -> Iterator[Entry]:
        for entry in super().settlements_since(day):
            yield replace(entry, id=f"s{next(self.numbers)}") if isinstance(entry, Settlement) else entry


class NamesSettlementsByInvoice(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        for entry in super().settlements_since(day):
            if isinstance(entry, Settlement):
                yield replace(entry, id=entry.invoice_id)
            else:
                yield replace(entry, settlement_id=entry.invoice_id)


class LosesReversals(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        return (entry for entry in super().settlements_since(day) if isinstance(entry, Settlement))


class ReversesUnknownSettlement(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        for entry in super().settlements_since(day):
            yield (
                replace(entry, settlement_id=f"reversal-{entry.settlement_id}")
                if isinstance(entry, Reversal)
                else entry
            )


class OmitsAmountOfAPart(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        for entry in super().settlements_since(day):
            yield replace(entry, amount=None) if isinstance(entry, Settlement) else entry


class KeepsTheDebtOfACancelledInvoice(FakeErp):
    def set_status(self, invoice_id: str, status: InvoiceStatus, on: date | None = None) -> None:
        super().set_status(invoice_id, status, on)
        self.invoices_by_id[invoice_id] = replace(
            self.invoices_by_id[invoice_id], status=InvoiceStatus.OPEN, balance=ZERO
        )


class GivesDeletedInvoicesAsCancelled(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        self.__dict__.setdefault("known", {}).update(self.invoices_by_id)
        gone = {key: each for key, each in self.__dict__["known"].items() if key not in self.invoices_by_id}
        cancelled = {key: replace(each, status=InvoiceStatus.CANCELLED) for key, each in gone.items()}
        return {key: each for key, each in {**self.invoices_by_id, **cancelled}.items() if key in invoice_ids}

    def add_invoice(self, invoice_id: str, customer_id: str, due_date: date, amount: Money = ZERO) -> Invoice:
        made = super().add_invoice(invoice_id, customer_id, due_date, amount)
        self.__dict__.setdefault("known", {})[invoice_id] = made
        return made


class PaysWhatIsWrittenOff(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        return {
            key: replace(each, status=InvoiceStatus.PAID) if each.status is InvoiceStatus.WRITTEN_OFF else each
            for key, each in super().invoice_statuses(invoice_ids).items()
        }


class ReversesEveryPart(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        entries = list(super().settlements_since(day))
        undone = {each.invoice_id: each.reversed_on for each in entries if isinstance(each, Reversal)}
        yield from (each for each in entries if isinstance(each, Settlement))
        for each in entries:
            if isinstance(each, Settlement) and each.invoice_id in undone:
                yield Reversal(each.id, each.invoice_id, undone[each.invoice_id])


class ReportsNoHolds(FakeErp):
    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, Hold | str]:
        return super().holds(customer_ids[:0])


class ReportsAllOnHold(FakeErp):
    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, Hold | str]:
        return dict.fromkeys(customer_ids, "a pedido")


class OmitsSettledInvoicesDue(FakeErp):
    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        found = super().invoices_due(customer_ids, days)
        return [each for each in found if each.status is InvoiceStatus.OPEN]


class SharesMutableState(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        shared = self.__dict__.setdefault("shared", {})
        shared.clear()
        for key, each in super().invoice_statuses(invoice_ids).items():
            shared[key] = each
            pause(0.0001)
        return dict(shared)


class IsEmptyWhenDown(FakeErp):
    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        try:
            return super().invoice_statuses(invoice_ids)
        except HostUnavailable:
            return {}


@dataclass(frozen=True)
class WrongHost:
    """A wrong host, and the test that must fail."""

    kind: type[FakeErp]
    caught_by: str


WRONG_HOSTS = [
    WrongHost(ShowsPaidAsOpen, "paid_invoice_has_payment_day_and_no_balance"),
    WrongHost(GivesUnknownInvoices, "unknown_id_is_absent_from_every_answer"),
    WrongHost(RefusesUnknownCustomers, "unknown_id_is_absent_from_every_answer"),
    WrongHost(InventsSubscriptions, "unknown_id_is_absent_from_every_answer"),
    WrongHost(CachesInvoices, "reading_sees_every_commit"),
    WrongHost(CountsInFloats, "amounts_are_exact_to_the_cent"),
    WrongHost(GivesInstantsForDays, "open_invoice_is_read_with_every_field"),
    WrongHost(ForgetsTheOriginalDueDate, "further_facts_of_an_invoice_are_read"),
    WrongHost(NamesASubscriptionAlways, "single_boleto_belongs_to_no_subscription"),
    WrongHost(FindsOneRecordOfAPerson, "customers_of_many_documents_are_found_at_once"),
    WrongHost(PunctuatesDocuments, "customer_is_read_as_stored"),
    WrongHost(AcceptsPunctuatedDocumentsOnly, "customers_are_found_by_compact_document"),
    WrongHost(Unsorted, "overdue_invoices_are_sorted_oldest_first"),
    WrongHost(GivesPaidAsOverdue, "paid_invoice_is_not_overdue"),
    WrongHost(ReadsAllIntoAList, "overdue_invoices_are_streamed"),
    WrongHost(UsesItsOwnClock, "open_invoice_is_overdue_from_the_day_after_its_due_date"),
    WrongHost(CountsDueDateAsLate, "open_invoice_is_overdue_from_the_day_after_its_due_date"),
    WrongHost(IgnoresFilter("minimum_days_late", 1).kind(), "days_late_filter_includes_both_ends"),
    WrongHost(IgnoresFilter("maximum_days_late", None).kind(), "days_late_filter_includes_both_ends"),
    WrongHost(IgnoresFilter("minimum_balance", None).kind(), "minimum_balance_filter_uses_the_open_balance"),
    WrongHost(IgnoresFilter("customer_id", None).kind(), "customer_filter_selects_one_customer"),
    WrongHost(IgnoresFilter("city", None).kind(), "city_filter_selects_one_city"),
    WrongHost(ExcludesTheGivenDay, "settlements_are_listed_from_the_given_day"),
    WrongHost(RenamesSettlements, "settlement_ids_are_stable"),
    WrongHost(NamesSettlementsByInvoice, "payment_after_reversal_has_a_new_id"),
    WrongHost(NamesSettlementsByInvoice, "two_partial_payments_on_one_day_are_two_settlements"),
    WrongHost(LosesReversals, "reversal_is_listed_by_its_own_day"),
    WrongHost(ReversesUnknownSettlement, "reversal_names_its_settlement"),
    WrongHost(OmitsAmountOfAPart, "partial_payment_does_not_settle"),
    WrongHost(KeepsTheDebtOfACancelledInvoice, "cancelled_invoice_is_not_open"),
    WrongHost(GivesDeletedInvoicesAsCancelled, "deleted_invoice_is_absent"),
    WrongHost(PaysWhatIsWrittenOff, "invoice_that_is_written_off_is_not_settled"),
    WrongHost(ReversesEveryPart, "reversal_of_a_part_is_listed_alone"),
    WrongHost(ReportsNoHolds, "customer_on_hold_is_reported_with_the_reason"),
    WrongHost(ReportsAllOnHold, "customer_on_hold_is_reported_with_the_reason"),
    WrongHost(OmitsSettledInvoicesDue, "invoices_due_include_settled_invoices"),
    WrongHost(SharesMutableState, "concurrent_readers_get_the_same_records"),
    WrongHost(IsEmptyWhenDown, "unreachable_erp_raises_host_unavailable"),
]


@pytest.mark.parametrize("wrong", WRONG_HOSTS, ids=lambda wrong: f"{wrong.kind.__name__}-{wrong.caught_by}")
def test_wrong_host_fails_the_contract(wrong: WrongHost) -> None:
    assert f"test_{wrong.caught_by}" in failures(wrong.kind)


# ------------------------------------------------------------------------------------------------ declarations


class UnderDeclares(Correct):
    holds = False


class OverDeclares(Correct):
    events = True


def test_declaration_that_differs_from_the_contract_fails() -> None:
    assert failures(FakeErp, UnderDeclares) >= {"test_capabilities_match_the_declaration"}
    assert "test_capabilities_match_the_declaration" in failures(FakeErp, OverDeclares)


def test_gated_test_exists_only_where_the_capability_is_declared() -> None:
    class DeclaresAgain(UnderDeclares):
        holds = True

    assert applicable_tests(Correct) - applicable_tests(UnderDeclares) == {
        "test_customer_on_hold_is_reported_with_the_reason"
    }
    assert applicable_tests(UnderDeclares) - applicable_tests(Correct) == {"test_host_without_holds_returns_none"}
    assert applicable_tests(DeclaresAgain) == applicable_tests(Correct)
    assert not {name for name in applicable_tests(Correct) if "rolled_back" in name}
    assert {name for name in applicable_tests(OverDeclares) if "rolled_back" in name}


# ------------------------------------------------------------------------------------------------ wrong events


def marked(payments: Payments, invoice_id: str, erp: sqlite3.Connection) -> None:
    payments.recheck(SYSTEM, [invoice_id], connection=erp)


@dataclass(frozen=True)
class RecordingCase:
    """A way to record a payment and to mark a recheck, and the test that must fail where it is wrong."""

    record: Callable[[Payments, Entry, sqlite3.Connection], object]
    caught_by: str | None
    recheck: Callable[[Payments, str, sqlite3.Connection], object] = marked


def correctly(payments: Payments, entry: Entry, erp: sqlite3.Connection) -> None:
    payments.record(SYSTEM, entry, connection=erp)


def and_commits(payments: Payments, entry: Entry, erp: sqlite3.Connection) -> None:
    payments.record(SYSTEM, entry, connection=erp)
    erp.commit()


def under_a_new_id_each_time(payments: Payments, entry: Entry, erp: sqlite3.Connection) -> None:
    named = replace(entry, id=str(uuid4())) if isinstance(entry, Settlement) else entry
    payments.record(SYSTEM, named, connection=erp)


def payments_alone(payments: Payments, entry: Entry, erp: sqlite3.Connection) -> None:
    if isinstance(entry, Settlement):
        payments.record(SYSTEM, entry, connection=erp)


def never(_: Payments, __: Entry, ___: sqlite3.Connection) -> None:
    pass


def on_the_wrong_day(payments: Payments, entry: Entry, erp: sqlite3.Connection) -> None:
    late = replace(entry, paid_on=entry.paid_on + DAY) if isinstance(entry, Settlement) else entry
    payments.record(SYSTEM, late, connection=erp)


def nothing(_: Payments, __: str, ___: sqlite3.Connection) -> None:
    pass


def in_a_transaction_of_its_own(payments: Payments, invoice_id: str, erp: sqlite3.Connection) -> None:
    payments.recheck(SYSTEM, [invoice_id], connection=erp)
    erp.commit()


def as_a_payment(payments: Payments, invoice_id: str, erp: sqlite3.Connection) -> None:
    payments.recheck(SYSTEM, [invoice_id], connection=erp)
    guessed = Settlement("guessed", invoice_id, SettlementKind.PAYMENT, CorrectEvents.today)
    payments.record(SYSTEM, guessed, connection=erp)


@pytest.mark.parametrize(
    "case",
    [
        RecordingCase(correctly, None),
        RecordingCase(and_commits, "rolled_back_payment_leaves_no_trace"),
        RecordingCase(under_a_new_id_each_time, "repeated_event_is_recorded_once"),
        RecordingCase(payments_alone, "recorded_reversal_names_its_settlement"),
        RecordingCase(never, "committed_payment_is_recorded"),
        RecordingCase(on_the_wrong_day, "committed_payment_is_recorded"),
        RecordingCase(correctly, "unclear_change_is_marked_to_be_read_again", recheck=nothing),
        RecordingCase(correctly, "unclear_change_is_marked_to_be_read_again", recheck=in_a_transaction_of_its_own),
        RecordingCase(correctly, "unclear_change_is_marked_to_be_read_again", recheck=as_a_payment),
    ],
    ids=lambda case: f"{case.record.__name__}-{case.recheck.__name__}",
)
def test_wrong_recording_of_a_payment_fails_the_contract(
    case: RecordingCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "erp.sqlite"
    storage = sqlite_storage(database)
    monkeypatch.setattr(small_host(), "DATABASE", database)
    host = small_host().SmallErp()
    payments = make_tenant(storage, host=host).payments
    driver = SmallErpDriver(
        database,
        lambda entry, connection: case.record(payments, entry, connection),
        lambda invoice_id, connection: case.recheck(payments, invoice_id, connection),
    )
    given = {
        "host": host,
        "storage": storage,
        "erp_fixture": HostFixture(driver, CorrectEvents.today, has_subscriptions=CorrectEvents.subscriptions),
    }
    own = [name for name in applicable_tests(CorrectEvents) if name in vars(EventsContract)]
    failed = {name for name in own if fails(CorrectEvents, name, given)}
    storage.close()
    assert (f"test_{case.caught_by}" in failed) if case.caught_by else not failed


def ignore_entry(_: Entry, __: sqlite3.Connection) -> None:
    pass


class _OpenTransaction:
    """Makes the host read in one transaction that never ends, as a pooled connection at REPEATABLE READ may."""

    def __init__(self, host: Any, database: Path) -> None:  # noqa: ANN401 - the example's
        self.connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self.connection.execute("BEGIN")
        host._rows = lambda table: self.connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608


@pytest.mark.parametrize("name", ["reading_leaves_no_lock_or_transaction", "reading_sees_every_commit"])
def test_host_that_never_ends_its_transaction_fails_the_contract(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "erp.sqlite"
    with closing(sqlite3.connect(database)) as erp:
        erp.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setattr(small_host(), "DATABASE", database)
    host = small_host().SmallErp()
    given = {
        "host": host,
        "erp_fixture": HostFixture(
            SmallErpDriver(database, ignore_entry),
            CorrectEvents.today,
            has_subscriptions=CorrectEvents.subscriptions,
        ),
    }
    assert not fails(CorrectEvents, f"test_{name}", given)
    kept = _OpenTransaction(host, database)
    assert fails(CorrectEvents, f"test_{name}", given)
    kept.connection.close()
