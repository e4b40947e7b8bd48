"""Claims: all guards run again (rule 7), and the removal's reason is decided (rule 10)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import BureauUnavailable, HostUnavailable
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalPolicy, RemovalRule
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.statuses import Status, status
from tests.application.app import ANA, CNPJ_WITH_LETTERS, TODAY
from tests.application.worker_steps import LEASE, LOST, MINUTE, QUIET, performed

if TYPE_CHECKING:
    from tests.application.app import AppFixture


# ------------------------------------------------------------------------------------------------ rule 7


def test_inclusion_paid_before_its_claim_is_cancelled_unsent(app: AppFixture) -> None:
    made = app.negativate("i1")
    with app.storage.unit() as unit:  # recorded, not yet applied
        unit.settlements.record(app.erp.code, app.erp.pay("i1", TODAY), app.clock.now())
        unit.commit()
    assert performed(app, made).action is None
    assert app.get(made).triggers[0].cause is RemovalCause.SETTLEMENT
    assert status(app.get(made), TODAY) is Status.CANCELLED
    assert "include" not in app.bureau.calls


@pytest.mark.parametrize("wrong", ["paid", "on hold", "terminated document", "gone", "part paid", "another document"])
def test_all_guards_run_again_at_the_claim_on_current_erp_data(app: AppFixture, wrong: str) -> None:
    made = app.negativate("i1")
    match wrong:
        case "paid":
            app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)
        case "on hold":
            app.erp.hold_reasons["c1"] = "contestação"
        case "terminated document":
            app.erp.customers_by_id["c1"] = replace(app.erp.customers_by_id["c1"], document="90010020056")
        case "gone":
            del app.erp.invoices_by_id["i1"]
        case "part paid":
            app.erp.pay("i1", TODAY, Money(10_00))
        case _:  # the ERP corrected a document: the request was about another person
            app.erp.customers_by_id["c1"] = replace(
                app.erp.customers_by_id["c1"], document=CNPJ_WITH_LETTERS, birth_date=None
            )
            with app.storage.unit() as unit:
                natures = unit.integrations.natures(app.integration_id)
                for_all_persons = [replace(nature, person_types=None) for nature in natures]
                unit.integrations.save_natures(app.integration_id, for_all_persons)
                unit.commit()

    assert performed(app, made).action is None
    cancelled = app.get(made)
    assert status(cancelled, TODAY) is Status.CANCELLED
    (trigger,) = cancelled.triggers
    assert trigger.cause is RemovalCause.GUARD
    assert trigger.note.endswith(".")
    assert app.negativations.history(ANA, made.id)[-2].cause == trigger.note  # the history says why
    assert "include" not in app.bureau.calls


def test_erp_that_is_down_postpones_an_inclusion(app: AppFixture) -> None:
    made = app.negativate("i1")

    def down(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu.")

    app.erp.before = down
    assert app.perform(made) is None
    waiting = app.get(made)
    assert (waiting.transmission.last_error, waiting.inclusion_claims) == ("erp_indisponivel", 0)
    assert waiting.transmission.due_at == app.clock.now() + MINUTE
    assert not app.transmissions.due(10)
    app.erp.before = lambda _: None
    assert app.work(made).observed is Observed.PRESENT


def test_removal_does_not_read_the_erp(app: AppFixture) -> None:
    included = app.included("i1")
    app.paid("i1")

    def down(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu.")

    app.erp.before = down
    assert app.work(included).observed is Observed.GONE


def test_lease_and_quiet_period_start_after_a_slow_erp_was_read(app: AppFixture) -> None:
    made, started = app.negativate("i1"), app.clock.now()
    app.erp.before = lambda reading: app.later(2 * LEASE) if reading == "invoice_statuses" else None
    app.bureau.fail_next("include", LOST)
    performed(app, made)
    doubted = app.get(made)
    assert doubted.observed_since == app.clock.now() == started + 2 * LEASE
    assert doubted.unanswered_inclusions is not None
    assert doubted.unanswered_inclusions.quiet_until == app.clock.now() + QUIET


# ------------------------------------------------------------------------------------------------ the reason


def ceased(invoice_id: str, kind: SettlementKind) -> Settlement:
    return Settlement(f"{kind.value}-{invoice_id}", invoice_id, kind, TODAY)


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        ({"i1": SettlementKind.PAYMENT, "i2": SettlementKind.PAYMENT}, RemovalReason.PAYMENT),
        ({"i1": SettlementKind.PAYMENT}, RemovalReason.PARTIAL_PAYMENT),
        ({"i1": SettlementKind.AGREEMENT, "i2": SettlementKind.PAYMENT}, RemovalReason.RENEGOTIATION),
        ({"i1": SettlementKind.CANCELLATION}, RemovalReason.CREDITOR_REQUEST),
        ({"i1": SettlementKind.CREDIT_NOTE, "i2": SettlementKind.CREDIT_NOTE}, RemovalReason.CREDITOR_REQUEST),
    ],
)
def test_removal_reason_is_decided_at_the_claim(
    empty_app: AppFixture, kinds: dict[str, SettlementKind], reason: RemovalReason
) -> None:
    empty_app.register(IntegrationSettings(grouped=True, removal_policy=RemovalPolicy(RemovalRule.ANY_INVOICE_PAID)))
    included = empty_app.included("i1", "i2")
    for invoice_id, kind in kinds.items():
        empty_app.payments.record(SYSTEM, ceased(invoice_id, kind))
    performed(empty_app, included)
    assert empty_app.bureau.removal_orders[0].reason is reason
    assert empty_app.get(included).removal_reason is reason


def test_reason_is_payment_where_the_rest_was_paid_before_the_next_claim(empty_app: AppFixture) -> None:
    empty_app.register(IntegrationSettings(grouped=True))
    included = empty_app.included("i1", "i2")
    empty_app.paid("i1")
    empty_app.bureau.fail_next("remove", BureauUnavailable("Fora do ar."))
    performed(empty_app, included)
    assert empty_app.get(included).removal_reason is RemovalReason.PARTIAL_PAYMENT
    empty_app.paid("i2")
    assert empty_app.work(included).removal_reason is RemovalReason.PAYMENT
    assert empty_app.bureau.removal_orders[-1].reason is RemovalReason.PAYMENT


@pytest.mark.parametrize("reason", [RemovalReason.FRAUD, RemovalReason.COURT_ORDER, None])
def test_persons_reason_is_sent_without_a_settlement(app: AppFixture, reason: RemovalReason | None) -> None:
    included = app.included("i1")
    app.negativations.delete(ANA, included.id, reason=reason)
    performed(app, included)
    assert app.bureau.removal_orders[0].reason is (reason or RemovalReason.CREDITOR_REQUEST)


def test_payment_overrides_a_persons_reason(app: AppFixture) -> None:
    included = app.included("i1")
    app.negativations.delete(ANA, included.id, reason=RemovalReason.OTHER)
    app.paid("i1")
    performed(app, included)
    assert app.bureau.removal_orders[0].reason is RemovalReason.PAYMENT


# ------------------------------------------------------------------------------------------------ the whole ledger


def test_removal_whose_reversal_is_recorded_and_not_applied_is_not_claimed(app: AppFixture) -> None:
    owed = app.included("i1")
    settlement = app.paid("i1")
    assert app.get(owed).desired is Desired.REMOVED
    with app.storage.unit() as unit:
        unit.settlements.record(app.erp.code, Reversal(settlement.id, "i1", TODAY), app.clock.now())
        unit.commit()
    assert performed(app, owed).action is None
    assert "remove" not in app.bureau.calls
    assert (app.get(owed).desired, app.get(owed).removal_claims) == (Desired.INCLUDED, 0)
    assert app.event_kinds(owed)[-1] == "removal_withdrawn"
    assert app.payments.apply().changed_negativation_ids == []


def test_removal_that_a_person_requested_too_is_claimed_after_the_reversal(app: AppFixture) -> None:
    owed = app.included("i1")
    settlement = app.paid("i1")
    app.negativations.delete(ANA, owed.id)
    with app.storage.unit() as unit:
        unit.settlements.record(app.erp.code, Reversal(settlement.id, "i1", TODAY), app.clock.now())
        unit.commit()
    assert performed(app, owed).action is Action.REMOVE
    assert app.get(owed).removal_reason is RemovalReason.CREDITOR_REQUEST
