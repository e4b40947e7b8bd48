"""The debt changes in the ERP without a payment that the host reports: somebody is told, or the record is removed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import Decision, DivergenceCode
from credit_protection.domain.money import Money
from credit_protection.domain.state_table import Desired, Observed
from tests.application.app import ANA, CPF, TODAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_protection.domain.negativations import Negativation
    from tests.application.app import AppFixture

DAY = timedelta(days=1)
SIX_HOURS = timedelta(hours=6)
OTHER_CPF = "52998224725"


def days_of_sweeps(app: AppFixture, days: int = 7) -> None:
    for _ in range(days * 4):
        app.later(SIX_HOURS)
        app.alarms.record_heartbeat()
        app.sweep.run()


def change(app: AppFixture, **values: object) -> None:
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], **values)  # type: ignore[arg-type]


def lower(app: AppFixture) -> None:
    change(app, amount=Money(50_00), balance=Money(50_00))


def delete_invoice(app: AppFixture) -> None:
    del app.erp.invoices_by_id["i1"]


def postpone(app: AppFixture) -> None:
    change(app, due_date=TODAY + 300 * DAY)


def pay_half_without_a_report(app: AppFixture) -> None:
    change(app, balance=Money(60_00))


def pay_half(app: AppFixture) -> None:
    app.paid("i1", Money(60_00))


def move_to_another_holder(app: AppFixture) -> None:
    app.erp.add_customer("c9", OTHER_CPF)
    change(app, customer_id="c9", subscription_id="c9")


def move_to_another_company(app: AppFixture) -> None:
    change(app, creditor_id="2")


def write_off(app: AppFixture) -> None:
    app.erp.set_status("i1", InvoiceStatus.WRITTEN_OFF)


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (delete_invoice, DivergenceCode.NOT_READ),
        (postpone, DivergenceCode.POSTPONED),
        (pay_half_without_a_report, DivergenceCode.LOWER_AMOUNT),
        (pay_half, DivergenceCode.LOWER_AMOUNT),
        (lower, DivergenceCode.LOWER_AMOUNT),
        (move_to_another_holder, DivergenceCode.OTHER_DEBTOR),
        (move_to_another_company, DivergenceCode.OTHER_CREDITOR),
        (write_off, DivergenceCode.WRITTEN_OFF),
    ],
)
def test_change_of_the_debt_is_an_alarm_until_a_person_decides(
    app: AppFixture, happens: Callable[[AppFixture], None], code: DivergenceCode
) -> None:
    included = app.included("i1")
    days_of_sweeps(app, 1)
    happens(app)
    days_of_sweeps(app, 4)
    (found,) = app.divergences.list(ANA).items
    assert (found.code, found.negativation_id) == (code, included.id)
    assert code in {each.code for each in app.alarms.check(ANA)}
    app.divergences.decide(ANA, found.id, Decision.KEEP, remark="conferido com o cliente")
    assert code not in {each.code for each in app.alarms.check(ANA)}
    days_of_sweeps(app, 4)
    assert app.get(included).desired is Desired.INCLUDED


def test_invoice_lowered_after_the_inclusion_and_paid_in_full_is_removed(app: AppFixture) -> None:
    included = app.included("i1")
    lower(app)
    app.erp.pay("i1", TODAY)  # R$ 50,00; the frozen principal is more, and only the sweep sees the payment
    days_of_sweeps(app)
    assert app.work(included).observed is Observed.GONE


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("kind", [InvoiceStatus.PAID, InvoiceStatus.CREDITED, InvoiceStatus.IN_AGREEMENT])
def test_debt_that_ceases_is_removed_whatever_the_ledger_says(
    app: AppFixture, kind: InvoiceStatus, *, listed: bool
) -> None:
    included = app.included("i1")
    if listed:
        app.erp.entries.append(replace(app.paid("i2", Money(1)), id="x", invoice_id="i1", amount=Money(1)))
    app.erp.set_status("i1", kind, TODAY)
    days_of_sweeps(app)
    assert app.work(included).observed is Observed.GONE


def test_broken_agreement_leads_back_to_the_inclusion_and_to_a_new_request(app: AppFixture) -> None:
    included = app.included("i1")
    app.erp.set_status("i1", InvoiceStatus.IN_AGREEMENT, TODAY)
    days_of_sweeps(app, 1)
    assert app.work(included).observed is Observed.GONE
    app.erp.set_status("i1", InvoiceStatus.OPEN)
    again = app.negativate("i1")
    assert again.id != included.id
    assert again.desired is Desired.INCLUDED


def test_record_closed_by_a_payment_has_no_open_divergence(app: AppFixture) -> None:
    included = app.included("i1")
    move_to_another_company(app)
    days_of_sweeps(app, 1)
    app.paid("i1")
    assert app.work(included).observed is Observed.GONE
    days_of_sweeps(app, 1)
    assert not app.divergences.list(ANA).items


def test_group_keeps_what_other_invoices_owe(app: AppFixture, negativate_group: Callable[[], Negativation]) -> None:
    """A settlement of one invoice says nothing about the others' dates."""
    grouped = negativate_group()
    assert grouped.document.value == CPF
    assert {each.invoice_id for each in grouped.invoices} == {"i1", "i2"}
    postpone(app)
    days_of_sweeps(app, 3)
    (found,) = app.divergences.list(ANA).items
    assert date.fromisoformat(found.theirs) == TODAY + 300 * DAY


@pytest.fixture
def negativate_group(app: AppFixture) -> Callable[[], Negativation]:
    def make() -> Negativation:
        settings = replace(app.integrations.get(ANA, app.integration_id).settings, grouped=True)
        app.integrations.edit(ANA, app.integration_id, settings=settings)
        return app.included("i1", "i2")

    return make
