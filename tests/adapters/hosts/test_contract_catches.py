"""The contract of hosts catches hosts that are wrong: each is the sound one with one thing changed."""

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

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.settlements import Reversal, Settlement
from credit_protection.testing.contracts.host_parts.events import EventsContract
from credit_protection.testing.contracts.host_parts.stage import Scene
from credit_protection.testing.fakes import FakeErp
from tests.adapters.hosts.stages import FakeStage, SmallStage, payments_of, small_host
from tests.adapters.hosts.test_contract import TestFakeErp as Sound
from tests.adapters.hosts.test_contract import TestSmallHost as SoundEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from credit_protection.application.payments import Payments
    from credit_protection.domain.customers import Customer, Invoice, Subscription
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.host import OverdueFilter
    from credit_protection.testing.contracts.host import HostErpContract

DAY = timedelta(days=1)


def asked_by(contract: type[HostErpContract]) -> set[str]:
    """The names of the tests that apply."""
    return {name for name, _ in inspect.getmembers(contract, inspect.isfunction) if name.startswith("test_")}


def failures(kind: type[FakeErp], contract: type[Sound] = Sound) -> set[str]:
    """The names of the contract's tests that a host fails, each over a fresh one."""
    failed = set()
    for name in sorted(asked_by(contract)):
        host = kind()

        def down(_: str) -> None:
            raise HostUnavailable("O ERP não respondeu.")

        given = {
            "host": host,
            "scene": Scene(FakeStage(host), contract.today, has_subscriptions=True),
            "host_that_is_down": kind(before=down),
        }
        if fails(contract, name, given):
            failed.add(name)
    return failed


def fails(contract: type[HostErpContract], name: str, given: Mapping[str, object]) -> bool:
    """Run one of the contract's tests over these fixtures."""
    test = getattr(contract, name)
    try:
        test(contract(), **{each: given[each] for each in list(inspect.signature(test).parameters)[1:]})
    except (AssertionError, LookupError, TypeError, ValueError, pytest.fail.Exception):
        return True
    return False


def test_the_sound_host_passes() -> None:
    assert failures(FakeErp) == set()


# ------------------------------------------------------------------------------------------------ wrong hosts


class ShowsPaidAsOpen(FakeErp):
    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        found = super().invoice_statuses(invoice_ids)
        return {key: replace(each, status=InvoiceStatus.OPEN) for key, each in found.items()}


class GivesUnknownInvoices(FakeErp):
    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        found = super().invoice_statuses(invoice_ids)
        any_ = next(iter(self.bills.values()), None)
        return {key: found.get(key, any_) for key in invoice_ids if any_ is not None}


class RefusesUnknownCustomers(FakeErp):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        self.before("customers")
        return {key: self.clients[key] for key in ids}


class MakesUpSubscriptions(FakeErp):
    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        self.before("subscriptions")
        return {key: replace(each, id=key) for key in ids for each in list(self.services.values())[:1]}


class Remembers(FakeErp):
    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        kept: dict[str, Invoice] = self.__dict__.setdefault("kept", {})
        for key, each in super().invoice_statuses(invoice_ids).items():
            kept.setdefault(key, each)
        return {key: kept[key] for key in invoice_ids if key in kept}


class CountsInFloats(FakeErp):
    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        def rounded(amount: Money) -> Money:
            return Money(int(amount.cents / 100 * 100))

        found = super().invoice_statuses(invoice_ids)
        return {
            k: replace(each, amount=rounded(each.amount), balance=rounded(each.balance)) for k, each in found.items()
        }


class GivesInstantsForDays(FakeErp):
    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        found = super().invoice_statuses(invoice_ids)
        return {
            k: replace(each, due_date=datetime.combine(each.due_date, datetime.min.time())) for k, each in found.items()
        }


class PunctuatesDocuments(FakeErp):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        found = super().customers(ids)
        return {
            key: replace(each, document=f"{each.document[:-2]}-{each.document[-2:]}") for key, each in found.items()
        }


class TakesPunctuatedDocumentsOnly(FakeErp):
    def customers_with_document(self, document: str) -> Sequence[Customer]:
        self.before("customers_with_document")
        return [each for each in self.clients.values() if "-" in document]


class Unsorted(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        return iter(sorted(super().overdue(wanted), key=lambda each: int(each.id[1:])))


class GivesPaidAsOverdue(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        late = [each for each in self.bills.values() if each.due_date < wanted.today]
        return iter(sorted(late, key=lambda each: each.due_date))


class ReadsAllIntoAList(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        return list(super().overdue(wanted))  # type: ignore[return-value] # it is wrong


class GoesByItsOwnClock(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        return super().overdue(replace(wanted, today=datetime.now(UTC).date()))


class CountsTheDayItselfAsLate(FakeErp):
    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        return super().overdue(replace(wanted, today=wanted.today + DAY))


class Forgetful:
    """A filter that is not looked at."""

    def __init__(self, field: str, value: object) -> None:
        self.field, self.value = field, value

    def kind(self) -> type[FakeErp]:
        changes: dict[str, Any] = {self.field: self.value}

        class Ignores(FakeErp):
            def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
                return super().overdue(replace(wanted, **changes))

        return Ignores


class ExcludesTheDayItself(FakeErp):
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


class ForgetsReversals(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        return (entry for entry in super().settlements_since(day) if isinstance(entry, Settlement))


class ReversesNobodyKnowsWhat(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        for entry in super().settlements_since(day):
            yield (
                replace(entry, settlement_id=f"reversal-{entry.settlement_id}")
                if isinstance(entry, Reversal)
                else entry
            )


class TellsNoAmountOfAPart(FakeErp):
    def settlements_since(self, day: date) -> Iterator[Entry]:
        for entry in super().settlements_since(day):
            yield replace(entry, amount=None) if isinstance(entry, Settlement) else entry


class KeepsTheDebtOfACancelledInvoice(FakeErp):
    def cease(self, invoice_id: str, status: InvoiceStatus, on: date | None = None) -> None:
        super().cease(invoice_id, status, on)
        self.bills[invoice_id] = replace(self.bills[invoice_id], status=InvoiceStatus.OPEN, balance=ZERO)


class HoldsNobody(FakeErp):
    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, str]:
        return super().holds(customer_ids[:0])


class HoldsEverybody(FakeErp):
    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(customer_ids, "a pedido")


class DueMeansOpen(FakeErp):
    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        found = super().invoices_due(customer_ids, days)
        return [each for each in found if each.status is InvoiceStatus.OPEN]


class SharesItsScratchPaper(FakeErp):
    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        paper = self.__dict__.setdefault("paper", {})
        paper.clear()
        for key, each in super().invoice_statuses(invoice_ids).items():
            paper[key] = each
            pause(0.0001)
        return dict(paper)


class IsEmptyWhenDown(FakeErp):
    def standings(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        try:
            return super().invoice_statuses(invoice_ids)
        except HostUnavailable:
            return {}


@dataclass(frozen=True)
class Wrong:
    """A host that is wrong, and the test that must say so."""

    kind: type[FakeErp]
    caught_by: str


WRONG = [
    Wrong(ShowsPaidAsOpen, "a_paid_invoice_is_paid_on_its_day"),
    Wrong(GivesUnknownInvoices, "an_unknown_id_is_absent_from_every_answer"),
    Wrong(RefusesUnknownCustomers, "an_unknown_id_is_absent_from_every_answer"),
    Wrong(MakesUpSubscriptions, "an_unknown_id_is_absent_from_every_answer"),
    Wrong(Remembers, "what_was_read_before_hides_nothing"),
    Wrong(CountsInFloats, "amounts_are_right_to_the_cent"),
    Wrong(GivesInstantsForDays, "an_open_invoice_comes_back_whole"),
    Wrong(PunctuatesDocuments, "a_customer_comes_back_as_the_erp_has_it"),
    Wrong(TakesPunctuatedDocumentsOnly, "customers_are_found_by_their_compact_document"),
    Wrong(Unsorted, "overdue_ones_come_oldest_first"),
    Wrong(GivesPaidAsOverdue, "what_is_paid_is_not_overdue"),
    Wrong(ReadsAllIntoAList, "overdue_ones_are_streamed"),
    Wrong(GoesByItsOwnClock, "overdue_are_the_open_ones_from_the_day_after_they_fell_due"),
    Wrong(CountsTheDayItselfAsLate, "overdue_are_the_open_ones_from_the_day_after_they_fell_due"),
    Wrong(Forgetful("minimum_days_late", 1).kind(), "days_late_are_counted_with_both_ends"),
    Wrong(Forgetful("maximum_days_late", None).kind(), "days_late_are_counted_with_both_ends"),
    Wrong(Forgetful("minimum_balance", None).kind(), "the_least_balance_counts_what_is_still_open"),
    Wrong(Forgetful("customer_id", None).kind(), "one_customers_invoices_alone"),
    Wrong(Forgetful("city", None).kind(), "one_citys_customers_alone"),
    Wrong(ExcludesTheDayItself, "the_day_itself_is_listed_and_no_day_before"),
    Wrong(RenamesSettlements, "reading_again_tells_the_same"),
    Wrong(NamesSettlementsByInvoice, "a_new_payment_after_a_reversal_has_a_new_id"),
    Wrong(NamesSettlementsByInvoice, "two_parts_of_one_day_are_two_settlements"),
    Wrong(ForgetsReversals, "a_reversal_is_listed_by_its_own_day"),
    Wrong(ReversesNobodyKnowsWhat, "a_reversal_names_the_settlement_that_it_undoes"),
    Wrong(TellsNoAmountOfAPart, "a_part_settles_nothing_by_itself"),
    Wrong(KeepsTheDebtOfACancelledInvoice, "a_cancelled_invoice_is_owed_no_more"),
    Wrong(HoldsNobody, "who_is_on_hold_is_told_with_the_reason"),
    Wrong(HoldsEverybody, "who_is_on_hold_is_told_with_the_reason"),
    Wrong(DueMeansOpen, "invoices_due_are_told_however_they_stand"),
    Wrong(SharesItsScratchPaper, "many_threads_read_the_same_at_once"),
    Wrong(IsEmptyWhenDown, "an_erp_that_can_not_be_read_is_unavailable"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.kind.__name__}-{wrong.caught_by}")
def test_a_wrong_host_is_caught(wrong: Wrong) -> None:
    assert f"test_{wrong.caught_by}" in failures(wrong.kind)


# ------------------------------------------------------------------------------------------------ lies


class Modest(Sound):
    holds = False


class Boastful(Sound):
    events = True


def test_a_host_that_declares_something_else_than_its_test_is_caught() -> None:
    assert failures(FakeErp, Modest) >= {"test_it_says_what_it_can_do"}
    assert "test_it_says_what_it_can_do" in failures(FakeErp, Boastful)


def test_tests_that_do_not_apply_are_no_tests_and_come_back_where_they_do() -> None:
    class Able(Modest):
        holds = True

    assert asked_by(Sound) - asked_by(Modest) == {"test_who_is_on_hold_is_told_with_the_reason"}
    assert asked_by(Modest) - asked_by(Sound) == {"test_an_erp_without_holds_holds_nobody"}
    assert asked_by(Able) == asked_by(Sound)
    assert not {name for name in asked_by(Sound) if "rolls_back" in name}
    assert {name for name in asked_by(Boastful) if "rolls_back" in name}


# ------------------------------------------------------------------------------------------------ wrong events


@dataclass(frozen=True)
class Reports:
    """How an adapter reports a payment, and the test that must say so where that is wrong."""

    how: Callable[[Payments, Entry, sqlite3.Connection], object]
    caught_by: str | None


def soundly(payments: Payments, entry: Entry, erp: sqlite3.Connection) -> None:
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


def nothing(_: Payments, __: Entry, ___: sqlite3.Connection) -> None:
    pass


def on_the_wrong_day(payments: Payments, entry: Entry, erp: sqlite3.Connection) -> None:
    late = replace(entry, paid_on=entry.paid_on + DAY) if isinstance(entry, Settlement) else entry
    payments.record(SYSTEM, late, connection=erp)


@pytest.mark.parametrize(
    "reports",
    [
        Reports(soundly, None),
        Reports(and_commits, "a_payment_that_the_erp_rolls_back_leaves_no_trace"),
        Reports(under_a_new_id_each_time, "an_event_that_comes_twice_is_recorded_once"),
        Reports(payments_alone, "a_reversal_is_recorded_too_and_names_the_settlement"),
        Reports(nothing, "a_payment_that_the_erp_commits_is_recorded"),
        Reports(on_the_wrong_day, "a_payment_that_the_erp_commits_is_recorded"),
    ],
    ids=lambda reports: reports.how.__name__,
)
def test_a_wrong_report_of_a_payment_is_caught(
    reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "erp.sqlite"
    storage = SqlStorage(f"sqlite:///{database}")
    storage.migrate()
    monkeypatch.setattr(small_host(), "DATABASE", database)
    host = small_host().SmallErp()
    payments = payments_of(host, storage)
    stage = SmallStage(database, lambda entry, erp: reports.how(payments, entry, erp))
    given = {"host": host, "storage": storage, "scene": Scene(stage, SoundEvents.today, has_subscriptions=True)}
    own = [name for name in asked_by(SoundEvents) if name in vars(EventsContract)]
    failed = {name for name in own if fails(SoundEvents, name, given)}
    storage.close()
    assert (f"test_{reports.caught_by}" in failed) if reports.caught_by else not failed


def nobody_is_told(_: Entry, __: sqlite3.Connection) -> None:
    pass


class _KeepsItsSnapshot:
    """What a pooled connection at REPEATABLE READ does whose reading is never ended."""

    def __init__(self, host: Any, database: Path) -> None:  # noqa: ANN401 - the example's
        self.connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self.connection.execute("BEGIN")
        host._rows = lambda table: self.connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608


@pytest.mark.parametrize("name", ["a_reading_is_not_in_the_erps_way", "what_was_read_before_hides_nothing"])
def test_a_host_whose_reading_never_ends_is_caught(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "erp.sqlite"
    with closing(sqlite3.connect(database)) as erp:
        erp.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setattr(small_host(), "DATABASE", database)
    host = small_host().SmallErp()
    given = {
        "host": host,
        "scene": Scene(SmallStage(database, nobody_is_told), SoundEvents.today, has_subscriptions=True),
    }
    assert not fails(SoundEvents, f"test_{name}", given)
    kept = _KeepsItsSnapshot(host, database)
    assert fails(SoundEvents, f"test_{name}", given)
    kept.connection.close()
