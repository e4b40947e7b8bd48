"""Payments: recorded once, twice and too early, and applied."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from credit_protection.application import payments
from credit_protection.application.payments import ApplyResult, RecordResult
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.domain.state_table import Action, Desired, Observed
from tests.application.app import DAY, PRICE, TODAY, run_concurrently

if TYPE_CHECKING:
    from credit_protection.application.tenant_ports import TenantPorts
    from credit_protection.domain.negativations import Change, Negativation
    from credit_protection.domain.settlements import Entry
    from tests.application.app import AppFixture

HALF = Money(PRICE.cents // 2)


def payment(invoice_id: str = "i1", number: str = "p1", **facts: object) -> Settlement:
    given = {"paid_on": TODAY, "amount": PRICE, **facts}
    return Settlement(number, invoice_id, SettlementKind.PAYMENT, **given)  # type: ignore[arg-type] # by name


def ledger(empty_app: AppFixture, *invoice_ids: str) -> list[Entry]:
    with empty_app.storage.read_only() as unit:
        return list(unit.settlements.entries(empty_app.erp.code, invoice_ids or ("i1",)))


# ------------------------------------------------------------------------------------------------ recording


def test_payment_puts_its_negativation_in_the_removal_queue_and_wakes_the_workers(app: AppFixture) -> None:
    included = app.included("i1")
    app.queue.woken.clear()
    assert app.payments.record(SYSTEM, payment()) is RecordResult.RECORDED
    changed = app.get(included)
    assert (changed.desired, changed.transmission.action) == (Desired.REMOVED, Action.REMOVE)
    assert app.queue.woken == [included.id]
    assert app.event_kinds(included)[-1] == "removal_wanted"
    (entry,) = app.audit("p1")
    assert (entry.act, entry.actor_id, entry.after) == ("payment.record", "system", {"invoice": "i1"})
    applied = app.audit(included.id)[-1]
    assert (applied.act, applied.actor_id, applied.after["cause"]) == ("removal.request", "system", "settlement")


def test_repeated_payment_is_recorded_once(app: AppFixture) -> None:
    included = app.included("i1")
    assert app.payments.record(SYSTEM, payment()) is RecordResult.RECORDED
    after, history = app.get(included), app.event_kinds(included)
    assert app.payments.record(SYSTEM, payment()) is RecordResult.REPEATED
    assert app.payments.apply().changed_negativation_ids == []
    assert (app.get(included), app.event_kinds(included)) == (after, history)
    assert len(ledger(app)) == len(app.audit("p1")) == 1


def test_payment_recorded_by_eight_threads_is_recorded_once(app: AppFixture) -> None:
    included = app.included("i1")
    outcomes = run_concurrently(8, lambda _: app.payments.record(SYSTEM, payment()))
    assert sorted(map(str, outcomes)) == ["recorded"] + ["repeated"] * 7
    assert app.event_kinds(included).count("removal_wanted") == 1


def test_actor_without_permission_records_nothing_and_is_audited(app: AppFixture) -> None:
    attendant = Actor.with_role("davi", "Davi", "atendente")
    assert app.payments.record(attendant, payment()) is RecordResult.NOT_PERMITTED
    assert not ledger(app)
    (entry,) = app.audit("p1")
    assert (entry.act, entry.actor_id, entry.after) == ("payment.not_permitted", "davi", {"invoice": "i1"})


def test_payment_of_an_invoice_never_negativated_changes_nothing(app: AppFixture) -> None:
    assert app.payments.record(SYSTEM, payment("i3")) is RecordResult.RECORDED
    assert app.payments.apply().invoices == 0


# ------------------------------------------------------------------------------------------------ reversals


def test_reversal_before_its_settlement_keeps_it_reversed(app: AppFixture) -> None:
    included = app.included("i1")
    app.payments.reverse(SYSTEM, "p1", "i1", TODAY)
    app.payments.record(SYSTEM, payment())
    assert app.get(included).desired is Desired.INCLUDED
    app.payments.record(SYSTEM, payment(number="p2"))  # a new payment has a new id
    assert app.get(included).desired is Desired.REMOVED


def test_reversal_before_any_removal_was_sent_withdraws_the_removal(app: AppFixture) -> None:
    included = app.included("i1")
    app.payments.record(SYSTEM, payment())
    assert app.payments.reverse(SYSTEM, "p1", "i1", TODAY) is RecordResult.RECORDED
    kept = app.get(included)
    assert (kept.desired, kept.transmission.is_open) == (Desired.INCLUDED, False)
    assert app.event_kinds(included)[-2:] == ["removal_wanted", "removal_withdrawn"]
    assert app.acts("p1") == ["payment.record", "payment.reverse"]
    assert app.acts(included.id)[-2:] == ["removal.request", "removal.withdraw"]


def test_reversal_after_the_removal_was_sent_does_not_stop_it(app: AppFixture) -> None:
    included = app.included("i1")
    app.payments.record(SYSTEM, payment())
    app.perform(included)
    app.payments.reverse(SYSTEM, "p1", "i1", TODAY)
    assert app.work(included).observed is Observed.GONE
    assert "include" not in app.bureau.calls[app.bureau.calls.index("remove") :]


# ------------------------------------------------------------------------------------------------ applying


def test_apply_is_idempotent(app: AppFixture) -> None:
    included = app.included("i1")
    with app.storage.unit() as unit:
        unit.settlements.record(app.erp.code, payment(), app.clock.now())
        unit.commit()
    assert app.payments.apply().changed_negativation_ids == [included.id]
    after = app.get(included)
    assert app.payments.apply() == ApplyResult(0, [])
    assert app.get(included) == after


def test_apply_decides_at_most_limit_invoices_at_a_time(app: AppFixture) -> None:
    with app.storage.unit() as unit:
        for number in range(5):
            unit.settlements.record(app.erp.code, payment(f"x{number}", f"p{number}"), app.clock.now())
        unit.commit()
    assert [app.payments.apply(2).invoices for _ in range(4)] == [2, 2, 1, 0]


def test_apply_skips_an_invoice_that_fails_and_applies_the_others(
    app: AppFixture, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, intact = app.included("i1"), app.included("i2")
    record(app, "i1", "i2")
    decide = payments.apply_ledger

    def fail(tenant: TenantPorts, negativation: Negativation, *facts: Any) -> Change:  # noqa: ANN401
        if negativation.id == failing.id:
            raise ZeroDivisionError
        return decide(tenant, negativation, *facts)

    monkeypatch.setattr(payments, "apply_ledger", fail)
    assert app.payments.apply().changed_negativation_ids == [intact.id]
    assert "i1" in caplog.text
    with app.storage.read_only() as unit:
        assert unit.settlements.unapplied(10) == [(app.erp.code, "i1")]


def test_payment_is_applied_where_the_gateway_is_not_installed(app: AppFixture) -> None:
    """In another environment, or after an upgrade that failed: the removal is desired, and its deadline runs."""
    paid = app.included("i1")
    installed = app.uninstall_gateway()
    record(app, "i1")
    assert app.payments.apply().changed_negativation_ids == [paid.id]
    assert app.get(paid).transmission.deadline is not None
    performed = app.perform(paid)
    assert performed is not None
    assert performed.action is None
    waiting = app.alarms.wait_reasons([app.get(paid)])[paid.id].reason
    assert "uninstalled" in waiting
    assert "não está instalado" in waiting
    app.install_gateway(installed)
    assert app.work(paid).observed is Observed.GONE


def record(app: AppFixture, *invoice_ids: str) -> None:
    """Payments that are recorded and not applied."""
    with app.storage.unit() as unit:
        for invoice_id in invoice_ids:
            unit.settlements.record(app.erp.code, payment(invoice_id, f"p-{invoice_id}"), app.clock.now())
        unit.commit()


@pytest.mark.parametrize(
    ("facts", "deadline"),
    [
        ({"paid_on": date(2026, 11, 24)}, date(2026, 12, 1)),
        ({"paid_on": date(2026, 11, 18)}, date(2026, 11, 26)),  # 20 November is a holiday
        ({"paid_on": date(2026, 11, 21)}, date(2026, 11, 27)),  # a Saturday
        ({"paid_on": date(2026, 11, 24), "available_on": date(2026, 11, 26)}, date(2026, 12, 3)),
    ],
)
def test_deadline_is_five_business_days_after_the_money_is_available(
    app: AppFixture, facts: dict[str, object], deadline: date
) -> None:
    included = app.included("i1")
    app.payments.record(SYSTEM, payment("i1", "p1", **facts))
    assert app.get(included).transmission.deadline == deadline


def test_court_order_is_due_the_same_day(app: AppFixture) -> None:
    included = app.included("i1")
    app.payments.record(SYSTEM, payment(court_order=True))
    assert app.get(included).deadline == TODAY


def test_part_payments_settle_once_their_sum_covers_the_balance(app: AppFixture) -> None:
    included = app.included("i1")
    app.paid("i1", HALF)
    assert app.get(included).desired is Desired.INCLUDED
    app.paid("i1")
    assert app.get(included).desired is Desired.REMOVED


def test_payment_within_the_tolerance_settles(empty_app: AppFixture) -> None:
    empty_app.register(IntegrationSettings(removal_policy=RemovalPolicy(tolerance=Money(1_00))))
    included = empty_app.included("i1")
    empty_app.payments.record(SYSTEM, payment(amount=Money(PRICE.cents - 1_00)))
    assert empty_app.get(included).desired is Desired.REMOVED


def test_earlier_part_payment_already_in_the_balance_settles_nothing(app: AppFixture) -> None:
    earlier = app.erp.pay("i1", TODAY - 9 * DAY, Money(70_00))
    app.payments.record(SYSTEM, earlier)
    included = app.included("i1")
    assert included.amount == Money(49_90)
    app.payments.apply()
    assert app.get(included).desired is Desired.INCLUDED
    app.paid("i1", Money(49_90))
    assert app.get(included).desired is Desired.REMOVED


@pytest.mark.parametrize(
    ("trigger", "desired"),
    [(RemovalRule.ANY_INVOICE_PAID, Desired.REMOVED), (RemovalRule.ALL_INVOICES_SETTLED, Desired.INCLUDED)],
)
def test_paid_invoice_of_a_group_removes_or_waits_for_the_others_by_policy(
    empty_app: AppFixture, trigger: RemovalRule, desired: Desired
) -> None:
    empty_app.register(IntegrationSettings(grouped=True, removal_policy=RemovalPolicy(trigger)))
    included = empty_app.included("i1", "i2")
    empty_app.paid("i1", on=TODAY - 3 * DAY)
    assert empty_app.get(included).desired is desired
    empty_app.paid("i2")
    assert empty_app.get(included).desired is Desired.REMOVED
    counted_from = TODAY if trigger is RemovalRule.ALL_INVOICES_SETTLED else TODAY - 3 * DAY
    assert empty_app.get(included).deadline == empty_app.ports.calendars.for_creditor(empty_app.erp.creditor).after(
        counted_from, 5
    )
