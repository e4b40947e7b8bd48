"""Companies, customers, subscriptions and invoices, as they are looked up."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.money import Money
from credit_protection.ports.host import HostCapabilities
from credit_protection.testing.contracts.capabilities import needs
from credit_protection.testing.contracts.host_parts.stage import (
    CITY,
    COMPANY,
    DAY,
    NAME,
    PEOPLE,
    PRICE,
    UNKNOWN,
    Bill,
)

if TYPE_CHECKING:
    from credit_protection.ports.host import HostErp
    from credit_protection.testing.contracts.host_parts.stage import (
        Scene,
    )

_TRICKY_CENTS = (1, 10, 29, 57, 99, 115, 435, 1_990, 100_000, 123_456_789)
"""Amounts that a float, or a division by a hundred, gets wrong."""
_AT_ONCE = 1_000
_UF = re.compile(r"[A-Z]{2}|").fullmatch
_CEP = re.compile(r"[0-9]{8}|").fullmatch
_PHONE = re.compile(r"[0-9]*").fullmatch


class RecordsContract:
    """What holds for everything that is read by its id."""

    def test_it_says_what_it_can_do(self, host: HostErp) -> None:
        """As the contract's class declares."""
        names = [field.name for field in fields(HostCapabilities)]
        assert host.capabilities == HostCapabilities(**{name: getattr(self, name) for name in names})

    def test_it_has_a_code_that_stays(self, host: HostErp) -> None:
        """It is a part of every invoice's key."""
        assert host.code
        assert host.code == host.code.strip() == host.code

    def test_companies_have_a_document_a_state_and_a_time_zone(self, host: HostErp) -> None:
        """There is one at least, and each has an id of its own."""
        creditors = host.creditors()
        assert creditors
        assert len({each.id for each in creditors}) == len(creditors)
        for each in creditors:
            assert isinstance(each, Creditor)
            assert isinstance(each.id, str)
            assert isinstance(each.document, Cnpj)
            assert each.name
            assert each.state
            assert _UF(each.state)
            assert ZoneInfo(each.time_zone).key == each.time_zone

    def test_a_customer_comes_back_as_the_erp_has_it(self, host: HostErp, scene: Scene) -> None:
        """Documents compact, days as dates, what is unknown empty."""
        for document in (*PEOPLE[:2], COMPANY):
            customer_id = scene.debtor(document).customer_id
            customer = host.customers([customer_id])[customer_id]
            assert isinstance(customer, Customer)
            assert isinstance(customer.address, Address)
            assert (customer.id, customer.name, customer.document) == (customer_id, NAME, document)
            assert customer.address.city == CITY
            assert _UF(customer.address.state)
            assert _CEP(customer.address.postal_code)
            assert _PHONE(customer.phone)
            assert customer.birth_date is None or type(customer.birth_date) is date

    def test_customers_are_found_by_their_compact_document(self, host: HostErp, scene: Scene) -> None:
        """All who have it, nobody else."""
        mine = {document: scene.debtor(document).customer_id for document in (*PEOPLE[:2], COMPANY)}
        for document, customer_id in mine.items():
            found = host.customers_with_document(document)
            assert {each.id for each in found} & {*mine.values()} == {customer_id}
            assert {each.document for each in found} == {document}
        assert list(host.customers_with_document("00000000000")) == []

    @needs("subscriptions")
    def test_a_subscription_comes_back_with_its_customer(self, host: HostErp, scene: Scene) -> None:
        """And says how it stands."""
        debtor = scene.debtor()
        subscription_id = str(debtor.subscription_id)
        subscription = host.subscriptions([subscription_id])[subscription_id]
        assert isinstance(subscription, Subscription)
        assert (subscription.id, subscription.customer_id) == (subscription_id, debtor.customer_id)
        assert isinstance(subscription.status, SubscriptionStatus)
        assert subscription.terminated_on is None or type(subscription.terminated_on) is date

    @needs("subscriptions", declared=False)
    def test_invoices_of_an_erp_without_subscriptions_name_none(self, host: HostErp, scene: Scene) -> None:
        """Rather than one made up."""
        invoice_id = scene.owed()
        assert host.invoice_statuses([invoice_id])[invoice_id].subscription_id is None

    def test_an_open_invoice_comes_back_whole(self, host: HostErp, scene: Scene) -> None:
        """Whose it is, of what, how much, when due."""
        debtor = scene.debtor()
        (invoice_id,) = scene.late(debtor, 30)
        invoice = host.invoice_statuses([invoice_id])[invoice_id]
        assert isinstance(invoice, Invoice)
        assert (invoice.id, invoice.customer_id, invoice.subscription_id) == (
            invoice_id,
            debtor.customer_id,
            debtor.subscription_id,
        )
        assert invoice.number
        assert type(invoice.due_date) is date
        assert invoice.due_date == scene.today - 30 * DAY
        assert (invoice.status, invoice.amount, invoice.balance) == (InvoiceStatus.OPEN, PRICE, PRICE)
        assert invoice.paid_on is invoice.available_on is None

    def test_amounts_are_right_to_the_cent(self, host: HostErp, scene: Scene) -> None:
        """Whatever a float would make of them."""
        bills = [Bill(scene.today - 30 * DAY, Money(cents)) for cents in _TRICKY_CENTS]
        ids = scene.bills(scene.debtor(), bills)
        found = host.invoice_statuses(ids)
        amounts = [amount for each in ids for amount in (found[each].amount, found[each].balance)]
        assert [amount.cents for amount in amounts] == [cents for cents in _TRICKY_CENTS for _ in range(2)]
        assert {type(amount.cents) for amount in amounts} == {int}

    def test_an_unknown_id_is_absent_from_every_answer(self, host: HostErp, scene: Scene) -> None:
        """Whatever it looks like, and no error."""
        invoice_id = scene.owed()
        customer_id = host.invoice_statuses([invoice_id])[invoice_id].customer_id
        assert set(host.customers([*UNKNOWN, customer_id])) == {customer_id}
        assert set(host.invoice_statuses([*UNKNOWN, invoice_id])) == {invoice_id}
        assert not host.subscriptions(UNKNOWN)
        assert not host.holds(UNKNOWN)
        assert not host.customers_with_document("no such")

    def test_nothing_asked_is_nothing_answered(self, host: HostErp, scene: Scene) -> None:
        """And everything is not."""
        scene.owed()
        assert not host.customers([])
        assert not host.subscriptions([])
        assert not host.invoice_statuses([])
        assert not host.holds([])
        assert not list(host.invoices_due([], [scene.today - 30 * DAY]))

    def test_a_thousand_ids_are_answered_at_once(self, host: HostErp, scene: Scene) -> None:
        """The known among the unknown, one of them twice."""
        debtor = scene.debtor()
        known = scene.late(debtor, *range(1, 31))
        unknown = [f"9{number:017}" for number in range(_AT_ONCE - len(known) - 1)]
        assert set(host.invoice_statuses([*unknown, *known, known[0]])) == set(known)
        customers = host.customers([*unknown, debtor.customer_id])
        assert set(customers) == {debtor.customer_id}
        assert len(host.holds([*unknown, debtor.customer_id])) == 0
        asked = [debtor.customer_id, *unknown]
        assert sorted(each.id for each in host.invoices_due(asked, [scene.today - n * DAY for n in range(1, 31)])) == (
            sorted(known) if host.capabilities.settled_invoices or host.capabilities.overdue else []
        )
