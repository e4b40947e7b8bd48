"""A group whose invoices must all be settled goes when each is settled or carries a divergence that removes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.rereading import Rereading
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import Decision, DivergenceCode, DivergencePolicies, DivergencePolicy
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule
from credit_protection.domain.settlements import Reversal
from credit_protection.domain.state_table import Desired
from credit_protection.ports.storage import DivergenceFilter
from tests.application.app import ANA, DAY, TODAY

if TYPE_CHECKING:
    from credit_protection.domain.negativations import Negativation
    from tests.application.app import AppFixture

LATER = TODAY + 400 * DAY


def grouped(app: AppFixture, rule: RemovalRule = RemovalRule.ALL_INVOICES_SETTLED) -> Negativation:
    """A group of `i1` and `i2` that stands at the bureau."""
    settings = IntegrationSettings(
        grouped=True,
        removal_policy=RemovalPolicy(rule),
        divergences=DivergencePolicies(not_read=DivergencePolicy.REMOVE),
    )
    app.integrations.edit(ANA, app.integration_id, settings=settings)
    return app.included("i1", "i2")


def postpone(app: AppFixture, *invoice_ids: str) -> None:
    for each in invoice_ids:
        app.erp.invoices_by_id[each] = replace(app.erp.invoices_by_id[each], original_due_date=LATER, due_date=LATER)


def reread(app: AppFixture, days: int = 0) -> None:
    app.later(timedelta(days=days, minutes=1))
    Rereading(app.ports).reread_all()
    app.payments.apply()


def codes(app: AppFixture, negativation: Negativation) -> list[str]:
    return sorted(each.code for each in app.get(negativation).triggers)


def test_postponed_one_of_the_group_does_not_remove_it(app: AppFixture) -> None:
    group = grouped(app)
    postpone(app, "i1")
    reread(app)
    reread(app, 20)
    assert len(app.divergences.list(ANA).items) == 1
    assert app.get(group).desired is Desired.INCLUDED
    postpone(app, "i2")
    reread(app, 1)
    assert codes(app, group) == ["fatura_prorrogada"]


def test_any_rule_needs_one(app: AppFixture) -> None:
    group = grouped(app, RemovalRule.ANY_INVOICE_PAID)
    postpone(app, "i1")
    reread(app)
    reread(app, 20)
    assert codes(app, group) == ["fatura_prorrogada"]


def test_paid_and_postponed_together_remove(app: AppFixture) -> None:
    group = grouped(app)
    postpone(app, "i1")
    reread(app)
    reread(app, 20)
    paid = app.paid("i2")
    app.payments.apply()
    assert app.get(group).desired is Desired.INCLUDED
    reread(app)
    assert codes(app, group) == ["fatura_prorrogada"]
    app.erp.reverse(paid, TODAY)
    app.payments.record(SYSTEM, Reversal(paid.id, "i2", TODAY))
    reread(app)
    assert app.get(group).desired is Desired.INCLUDED


def test_postponed_and_deleted_together_remove(app: AppFixture) -> None:
    group = grouped(app)
    postpone(app, "i1")
    reread(app)
    del app.erp.invoices_by_id["i2"]
    for _ in range(20):
        reread(app, 1)
    assert codes(app, group) == ["fatura_prorrogada", "fatura_sem_leitura"]


def test_what_a_person_keeps_does_not_count(app: AppFixture) -> None:
    group = grouped(app)
    postpone(app, "i1")
    reread(app)
    (shown,) = app.divergences.list(ANA).items
    app.divergences.decide(ANA, shown.id, Decision.KEEP, remark="a data é engano")
    app.paid("i2")
    reread(app, 20)
    assert app.get(group).desired is Desired.INCLUDED


@pytest.mark.parametrize("silent", ["i1", "i2"])
def test_silence_lifts_nothing(app: AppFixture, silent: str) -> None:
    group = grouped(app)
    postpone(app, "i1", "i2")
    reread(app)
    reread(app, 20)
    assert app.get(group).desired is Desired.REMOVED
    kept = app.erp.invoices_by_id.pop(silent)
    reread(app)
    assert app.get(group).desired is Desired.REMOVED
    app.erp.invoices_by_id[silent] = replace(kept, original_due_date=TODAY - 40 * DAY, due_date=TODAY - 40 * DAY)
    reread(app)
    assert app.get(group).desired is Desired.INCLUDED


# ------------------------------------------------------------------------------------------------ beside the brake


def exhaust_the_brake(app: AppFixture) -> None:
    """As many as may turn in a day have turned."""
    with app.storage.unit() as unit:
        for number in range(20):
            unit.turns.add(app.integration_id, f"other-{number}", app.clock.now())
        unit.commit()


def shown(app: AppFixture, group: Negativation) -> list[str]:
    return [each.code for each in app.divergences.list(ANA, DivergenceFilter(negativation_id=group.id)).items]


@pytest.fixture(params=[500, 1], ids=["in one page", "in pages of their own"])
def page_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit_protection.application.rereading.BATCH_SIZE", request.param)


@pytest.mark.usefixtures("page_size")
@pytest.mark.parametrize("held", ["i1", "i2"])
def test_invoice_of_a_group_that_the_brake_holds_was_read(app: AppFixture, held: str) -> None:
    """It was missing for a day, and is there again: cancelled, which the brake holds."""
    group = grouped(app, RemovalRule.ANY_INVOICE_PAID)
    lost = {key: app.erp.invoices_by_id.pop(key) for key in ("i1", "i2")}
    reread(app)
    app.later(DAY)
    exhaust_the_brake(app)
    app.erp.invoices_by_id.update(lost)
    app.erp.set_status(held, InvoiceStatus.CANCELLED, TODAY)
    reread(app)
    assert app.get(group).desired is Desired.INCLUDED
    assert shown(app, group) == []
    assert {each.code for each in app.listeners.divergences} == {DivergenceCode.BRAKE}
    reread(app, days=2)
    assert app.get(group).desired is Desired.REMOVED


@pytest.mark.usefixtures("page_size")
@pytest.mark.parametrize("held", ["i1", "i2"])
def test_group_with_an_invoice_that_the_brake_holds_is_not_compared_with_what_it_was(
    app: AppFixture, held: str
) -> None:
    """One is lowered, and the other cancelled: the bureau's amount was that of both."""
    group = grouped(app, RemovalRule.ANY_INVOICE_PAID)
    reread(app)
    exhaust_the_brake(app)
    other = "i2" if held == "i1" else "i1"
    app.erp.invoices_by_id[other] = replace(app.erp.invoices_by_id[other], balance=Money(60_00))
    app.erp.set_status(held, InvoiceStatus.CANCELLED, TODAY)
    reread(app)
    assert app.get(group).desired is Desired.INCLUDED
    assert shown(app, group) == []
    reread(app, days=2)
    assert app.get(group).desired is Desired.REMOVED
