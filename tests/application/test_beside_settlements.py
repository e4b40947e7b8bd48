"""Readings beside settlements: what was read before a payment was decided says nothing against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.application.rereading import Rereading
from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.removal_policy import RemovalPolicy
from credit_protection.domain.state_table import Desired
from tests.application.app import ANA, TODAY

if TYPE_CHECKING:
    from tests.application.app import AppFixture

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LONG = timedelta(hours=13)
"""After this long a reading that repeats the stored one is compared again."""


def reread(app: AppFixture, after: timedelta) -> None:
    app.later(after)
    Rereading(app.ports).reread_all()
    app.payments.apply()


def ever_opened(app: AppFixture) -> set[DivergenceCode]:
    return {each.code for each in app.listeners.divergences}


def paid_and_still_shown_open(app: AppFixture, invoice_id: str) -> None:
    """The ERP reports the payment, and a replica still shows the invoice as it was."""
    before = app.erp.invoices_by_id[invoice_id]
    app.paid(invoice_id)
    app.erp.invoices_by_id[invoice_id] = before


def test_one_reading_beside_a_payment_casts_no_doubt_and_two_do(app: AppFixture) -> None:
    app.included("i1")
    reread(app, MINUTE)
    app.later(LONG)
    paid_and_still_shown_open(app, "i1")
    reread(app, MINUTE)
    assert not ever_opened(app)
    reread(app, HOUR)
    assert ever_opened(app) == {DivergenceCode.UNCONFIRMED_SETTLEMENT}


def test_one_reading_beside_a_payment_reverses_nothing_where_the_host_reports_no_reversals(app: AppFixture) -> None:
    app.erp.capabilities = replace(app.erp.capabilities, reversals=False)
    included = app.included("i1")
    reread(app, MINUTE)
    app.later(LONG)
    paid_and_still_shown_open(app, "i1")
    reread(app, MINUTE)
    assert app.get(included).desired is Desired.REMOVED
    reread(app, HOUR)
    assert app.get(included).desired is Desired.INCLUDED


def test_lost_balance_is_one_divergence(app: AppFixture) -> None:
    app.included("i1")
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], balance=ZERO)
    reread(app, MINUTE)
    assert ever_opened(app) == {DivergenceCode.ZERO_BALANCE}


def test_rest_that_counts_as_settled_opens_nothing(app: AppFixture) -> None:
    policy = RemovalPolicy(tolerance=Money(1_00))
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(removal_policy=policy))
    included = app.included("i1")
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], balance=Money(50))
    reread(app, MINUTE)
    assert app.get(included).desired is Desired.REMOVED
    assert not ever_opened(app)


def test_other_invoice_of_a_group_is_judged_by_its_reading_from_before_its_payment_no_more(app: AppFixture) -> None:
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(grouped=True))
    app.included("i1", "i2")
    reread(app, MINUTE)
    reread(app, 2 * HOUR)
    reread(app, LONG)
    app.paid("i1")
    app.erp.invoices_by_id["i2"] = replace(app.erp.invoices_by_id["i2"], due_date=TODAY)
    app.later(MINUTE)
    Rereading(app.ports).read(["i2"])
    assert not ever_opened(app)
