"""Records by id; concurrent readers, locks that a reading leaves, and an ERP that can't be read."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    LineKind,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.money import Money
from credit_protection.domain.parsing import fold
from credit_protection.domain.settlements import Entry
from credit_protection.ports.host import HostCapabilities, HostErp, OverdueFilter
from credit_protection.testing import samples
from credit_protection.testing.contracts.capabilities import requires
from credit_protection.testing.contracts.host.erp_driver import (
    CITY,
    COMPANY,
    DAY,
    NAME,
    PEOPLE,
    PRICE,
    UNKNOWN,
    Debtor,
    HostFixture,
    InvoiceFacts,
    InvoiceSpec,
)
from credit_protection.testing.contracts.threads import TIMEOUT, run_in_thread

_TRICKY_CENTS = (1, 10, 29, 57, 99, 115, 435, 1_990, 100_000, 123_456_789)
"""Cents that floating-point arithmetic rounds wrongly."""
_MAX_IDS = 1_000
_UF = re.compile(r"[A-Z]{2}|").fullmatch
_CEP = re.compile(r"[0-9]{8}|").fullmatch
_PHONE = re.compile(r"[0-9]*").fullmatch


class RecordsContract:
    """The contract of records that are read by their id."""

    def test_capabilities_match_the_declaration(self, host: HostErp) -> None:
        names = [field.name for field in fields(HostCapabilities)]
        assert host.capabilities == HostCapabilities(**{name: getattr(self, name) for name in names})

    def test_code_is_stable(self, host: HostErp) -> None:
        """It is part of every invoice's key."""
        code = host.code
        assert code
        assert host.code == code == code.strip()

    def test_creditors_have_document_state_and_time_zone(self, host: HostErp) -> None:
        creditors = host.creditors()
        assert creditors
        assert len({each.id for each in creditors}) == len(creditors)
        for each in creditors:
            assert isinstance(each, Creditor)
            assert (type(each.id), type(each.document)) == (str, Cnpj)
            assert each.name
            assert each.state
            assert _UF(each.state)
            assert ZoneInfo(each.time_zone).key == each.time_zone

    def test_customer_is_read_as_stored(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Documents are compact, days are dates, unknown fields are empty."""
        for document in (*PEOPLE[:2], COMPANY):
            customer_id = erp_fixture.add_debtor(document).customer_id
            customer = host.customers([customer_id])[customer_id]
            assert isinstance(customer, Customer)
            assert isinstance(customer.address, Address)
            assert (customer.id, customer.name, customer.document) == (customer_id, NAME, document)
            assert customer.address.city == CITY
            assert _UF(customer.address.state)
            assert _CEP(customer.address.postal_code)
            assert _PHONE(customer.phone)
            assert customer.birth_date is None or type(customer.birth_date) is date

    @requires("names")
    def test_customers_are_found_by_a_part_of_their_names(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Whatever the case and the accents; never more than are wanted."""
        mine = erp_fixture.add_debtor(PEOPLE[0]).customer_id
        part = NAME.split()[-1]
        for text in (part, part.lower(), fold(part), NAME):
            found = {each.id: each for each in host.customers_named(text, 1000)}
            assert mine in found
            assert all(fold(text) in fold(each.name) for each in found.values())
        assert len(host.customers_named(part, 1)) == 1
        assert list(host.customers_named("nobody has this name", 10)) == []

    def test_customers_are_found_by_compact_document(self, host: HostErp, erp_fixture: HostFixture) -> None:
        mine = {document: erp_fixture.add_debtor(document).customer_id for document in (*PEOPLE[:2], COMPANY)}
        for document, customer_id in mine.items():
            found = host.customers_with_document(document)
            assert {each.id for each in found} & {*mine.values()} == {customer_id}
            assert {each.document for each in found} == {document}
        assert list(host.customers_with_document("00000000000")) == []

    def test_customers_of_many_documents_are_found_at_once(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """A person may have several records."""
        first, again, other = (erp_fixture.add_debtor(each).customer_id for each in (PEOPLE[2], PEOPLE[2], PEOPLE[3]))
        found = host.customers_with_documents([PEOPLE[2], "00000000000", PEOPLE[3]])
        assert found.keys() == {PEOPLE[2], PEOPLE[3]}
        for document, ids in ((PEOPLE[2], {first, again}), (PEOPLE[3], {other})):
            assert {each.id for each in found[document]} & {first, again, other} == ids
            assert list(found[document]) == list(host.customers_with_document(document))
        assert not host.customers_with_documents([])

    @requires("subscriptions")
    def test_subscription_is_read_with_its_customer(self, host: HostErp, erp_fixture: HostFixture) -> None:
        debtor = erp_fixture.add_debtor()
        subscription_id = str(debtor.subscription_id)
        subscription = host.subscriptions([subscription_id])[subscription_id]
        assert isinstance(subscription, Subscription)
        assert (subscription.id, subscription.customer_id) == (subscription_id, debtor.customer_id)
        assert isinstance(subscription.status, SubscriptionStatus)
        assert subscription.terminated_on is None or type(subscription.terminated_on) is date

    @requires("subscriptions", "supports_single_boletos")
    def test_single_boleto_belongs_to_no_subscription(self, host: HostErp, erp_fixture: HostFixture) -> None:
        debtor = Debtor(erp_fixture.add_debtor().customer_id, None)
        (invoice_id,) = erp_fixture.add_late_invoices(debtor, 30)
        assert host.invoice_statuses([invoice_id])[invoice_id].subscription_id is None

    @requires("supports_invoice_facts")
    def test_further_facts_of_an_invoice_are_read(self, host: HostErp, erp_fixture: HostFixture) -> None:
        known, unknown = erp_fixture.add_late_invoices(erp_fixture.add_debtor(), 30, 40)
        day = erp_fixture.today - 90 * DAY
        facts = InvoiceFacts(day, day - DAY, payment_pending=True, protested=True, lines=(LineKind.EQUIPMENT,))
        erp_fixture.erp.set_facts(known, facts)
        found = host.invoice_statuses([known, unknown])
        assert InvoiceFacts.of(found[known]) == facts
        assert InvoiceFacts.of(found[unknown]) == InvoiceFacts()

    @requires("subscriptions", declared=False)
    def test_invoice_names_no_subscription_where_erp_has_none(self, host: HostErp, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        assert host.invoice_statuses([invoice_id])[invoice_id].subscription_id is None

    def test_open_invoice_is_read_with_every_field(self, host: HostErp, erp_fixture: HostFixture) -> None:
        debtor = erp_fixture.add_debtor()
        (invoice_id,) = erp_fixture.add_late_invoices(debtor, 30)
        invoice = host.invoice_statuses([invoice_id])[invoice_id]
        assert isinstance(invoice, Invoice)
        assert (invoice.id, Debtor(invoice.customer_id, invoice.subscription_id)) == (invoice_id, debtor)
        assert invoice.number
        assert type(invoice.due_date) is date
        assert invoice.due_date == erp_fixture.today - 30 * DAY
        assert (invoice.status, invoice.amount, invoice.balance) == (InvoiceStatus.OPEN, PRICE, PRICE)
        assert invoice.paid_on is invoice.available_on is None

    def test_amounts_are_exact_to_the_cent(self, host: HostErp, erp_fixture: HostFixture) -> None:
        specs = [InvoiceSpec(erp_fixture.today - 30 * DAY, Money(cents)) for cents in _TRICKY_CENTS]
        ids = erp_fixture.add_invoices(erp_fixture.add_debtor(), specs)
        found = host.invoice_statuses(ids)
        amounts = [amount for each in ids for amount in (found[each].amount, found[each].balance)]
        assert [amount.cents for amount in amounts] == [cents for cents in _TRICKY_CENTS for _ in range(2)]
        assert {type(amount.cents) for amount in amounts} == {int}

    def test_unknown_id_is_absent_from_every_answer(self, host: HostErp, erp_fixture: HostFixture) -> None:
        invoice_id = erp_fixture.add_open_invoice()
        customer_id = host.invoice_statuses([invoice_id])[invoice_id].customer_id
        assert set(host.customers([*UNKNOWN, customer_id])) == {customer_id}
        assert set(host.invoice_statuses([*UNKNOWN, invoice_id])) == {invoice_id}
        assert not host.subscriptions(UNKNOWN)
        assert not host.holds(UNKNOWN)
        assert not host.customers_with_document("no such")

    def test_no_ids_give_no_records(self, host: HostErp, erp_fixture: HostFixture) -> None:
        erp_fixture.add_open_invoice()
        assert not host.customers([])
        assert not host.subscriptions([])
        assert not host.invoice_statuses([])
        assert not host.holds([])
        assert not list(host.invoices_due([], [erp_fixture.today - 30 * DAY]))

    def test_thousand_ids_are_answered_in_one_call(self, host: HostErp, erp_fixture: HostFixture) -> None:
        debtor = erp_fixture.add_debtor()
        known = erp_fixture.add_late_invoices(debtor, *range(1, 31))
        unknown = [f"9{number:017}" for number in range(_MAX_IDS - len(known) - 1)]
        assert set(host.invoice_statuses([*unknown, *known, known[0]])) == set(known)
        customers = host.customers([*unknown, debtor.customer_id])
        assert set(customers) == {debtor.customer_id}
        assert len(host.holds([*unknown, debtor.customer_id])) == 0
        due = host.invoices_due([*customers, *unknown], [erp_fixture.today - days * DAY for days in range(1, 31)])
        finds_due = host.capabilities.settled_invoices or host.capabilities.overdue
        assert {each.id for each in due} == (set(known) if finds_due else set())


_READERS = 8
_ROUNDS = 5

Snapshot = tuple[dict[str, object], dict[str, "Invoice"], list["Invoice"], list["Entry"]]


def snapshot(host: HostErp, customers: Sequence[str], invoices: Sequence[str], erp_fixture: HostFixture) -> Snapshot:
    """Everything that the host reports of them."""
    return (
        dict(host.customers(customers)),
        dict(host.invoice_statuses(invoices)),
        [each for each in host.overdue(OverdueFilter(erp_fixture.today)) if each.id in invoices],
        [each for each in host.settlements_since(erp_fixture.today - 60 * DAY) if each.invoice_id in invoices],
    )


class ReadingContract:
    """The contract of every reading. Requests and workers share one host object."""

    def test_concurrent_readers_get_the_same_records(self, host: HostErp, erp_fixture: HostFixture) -> None:
        debtors = [erp_fixture.add_debtor(document) for document in PEOPLE]
        invoices = [invoice for debtor in debtors for invoice in erp_fixture.add_late_invoices(debtor, 60, 30)]
        customers = [debtor.customer_id for debtor in debtors]
        erp_fixture.pay(invoices[0])
        alone = snapshot(host, customers, invoices, erp_fixture)
        start = threading.Barrier(_READERS, timeout=TIMEOUT)

        def read() -> list[Snapshot]:
            start.wait()
            return [snapshot(host, customers, invoices, erp_fixture) for _ in range(_ROUNDS)]

        with ThreadPoolExecutor(_READERS) as pool:
            seen = [reader.result(TIMEOUT) for reader in [pool.submit(read) for _ in range(_READERS)]]
        assert all(each == alone for snapshots in seen for each in snapshots)

    def test_reading_leaves_no_lock_or_transaction(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """The ERP can write, also while a stream is half read."""
        invoice_id = erp_fixture.add_open_invoice()
        other = erp_fixture.add_open_invoice()
        snapshot(host, [host.invoice_statuses([invoice_id])[invoice_id].customer_id], [invoice_id], erp_fixture)
        streams = [host.overdue(OverdueFilter(erp_fixture.today)), host.settlements_since(erp_fixture.today - DAY)]
        for stream in streams:
            next(stream, None)
        erp_fixture.pay(invoice_id)
        assert host.invoice_statuses([invoice_id])[invoice_id].status is InvoiceStatus.PAID
        for stream in streams:
            list(stream)
        erp_fixture.pay(other)
        assert host.invoice_statuses([other])[other].status is InvoiceStatus.PAID

    def test_reading_sees_every_commit(self, host: HostErp, erp_fixture: HostFixture) -> None:
        """Nothing is cached, whichever thread read before."""
        invoice_id = erp_fixture.add_open_invoice()
        for reader in (run_in_thread, lambda work: work()):
            assert reader(lambda: host.invoice_statuses([invoice_id])[invoice_id].status) is InvoiceStatus.OPEN
        erp_fixture.pay(invoice_id)
        for reader in (run_in_thread, lambda work: work()):
            assert reader(lambda: host.invoice_statuses([invoice_id])[invoice_id].status) is InvoiceStatus.PAID

    def test_unreachable_erp_raises_host_unavailable(self, unreachable_host: HostErp) -> None:
        """An empty answer would decide on records that were never read."""
        host, can = unreachable_host, unreachable_host.capabilities
        readings: list[tuple[bool, Callable[[], object]]] = [
            (True, lambda: host.invoice_statuses(["1"])),
            (True, lambda: host.customers(["1"])),
            (True, lambda: host.customers_with_document(PEOPLE[0])),
            (can.subscriptions, lambda: host.subscriptions(["1"])),
            (can.holds, lambda: host.holds(["1"])),
            (can.overdue, lambda: list(host.overdue(OverdueFilter(samples.TODAY)))),
            (can.settlements, lambda: list(host.settlements_since(samples.TODAY))),
        ]
        for read in [read for applies, read in readings if applies]:
            with pytest.raises(HostUnavailable):
                read()
