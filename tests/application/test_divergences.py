"""Divergences on the ERP's side: opened by a reading, decided by a person or a policy, closed by a reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.reading_effects import Turns
from credit_protection.application.rereading import Rereading
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import (
    Decision,
    Divergence,
    DivergenceCode,
    DivergencePolicies,
    DivergencePolicy,
)
from credit_protection.domain.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Desired
from tests.application.app import ANA, CPF, DAY, DUE, TODAY
from tests.application.test_payments import payment

if TYPE_CHECKING:
    from credit_protection.domain.negativations import Negativation
    from tests.application.app import AppFixture

HOUR = timedelta(hours=1)
OTHER_CPF = "90010020128"


def change_invoice(app: AppFixture, invoice_id: str = "i1", **changes: object) -> None:
    app.erp.invoices_by_id[invoice_id] = replace(app.erp.invoices_by_id[invoice_id], **changes)  # type: ignore[arg-type]


def reread(app: AppFixture, after: timedelta = timedelta(minutes=1)) -> list[Divergence]:
    """Read all open invoices some time later; the divergences that are open then."""
    app.later(after)
    Rereading(app.ports).reread_all()
    app.payments.apply()
    return open_ones(app)


def open_ones(app: AppFixture) -> list[Divergence]:
    return list(app.divergences.list(ANA).items)


def decide(app: AppFixture, divergence: Divergence, decision: Decision, **more: RemovalReason) -> Divergence:
    return app.divergences.decide(ANA, divergence.id, decision, remark="conferido", **more)


def desired(app: AppFixture, negativation: Negativation) -> Desired:
    return app.get(negativation).desired


def codes(divergences: list[Divergence]) -> set[DivergenceCode]:
    return {each.code for each in divergences}


# ------------------------------------------------------------------------------------------------ what is found


def test_agreeing_readings_open_nothing(app: AppFixture) -> None:
    app.included("i1")
    assert reread(app) == reread(app, DAY) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": InvoiceStatus.WRITTEN_OFF}, DivergenceCode.WRITTEN_OFF),
        ({"balance": ZERO}, DivergenceCode.ZERO_BALANCE),
        ({"balance": Money(60_00)}, DivergenceCode.LOWER_AMOUNT),
        ({"creditor_id": "2"}, DivergenceCode.OTHER_CREDITOR),
        ({"customer_id": "c2"}, DivergenceCode.OTHER_DEBTOR),
    ],
)
def test_difference_opens_one_divergence_and_its_end_closes_it(
    app: AppFixture, changes: dict[str, object], code: DivergenceCode
) -> None:
    included = app.included("i1")
    before = app.erp.invoices_by_id["i1"]
    change_invoice(app, "i1", **changes)
    (found,) = [each for each in reread(app) if each.code is code]
    assert found.negativation_id == included.id
    assert found.decide_by is not None
    assert found.message.endswith(".")
    assert len(reread(app, HOUR)) == len(open_ones(app))
    app.erp.invoices_by_id["i1"] = before
    assert code not in codes(reread(app, HOUR))
    assert desired(app, included) is Desired.INCLUDED


def test_another_customer_with_the_same_document_is_followed(app: AppFixture) -> None:
    app.erp.add_customer("c9", CPF)
    app.included("i1")
    change_invoice(app, customer_id="c9")
    assert reread(app) == []


def test_invoice_that_the_erp_does_not_give_is_a_divergence_after_a_day(app: AppFixture) -> None:
    included = app.included("i1")
    reread(app)
    kept = app.erp.invoices_by_id.pop("i1")
    assert reread(app) == []
    assert reread(app, 23 * HOUR) == []
    (found,) = reread(app, HOUR)
    assert (found.code, found.negativation_id) == (DivergenceCode.NOT_READ, included.id)
    app.erp.invoices_by_id["i1"] = kept
    assert reread(app) == []


def test_host_that_is_silent_closes_nothing(app: AppFixture) -> None:
    app.included("i1")
    change_invoice(app, status=InvoiceStatus.WRITTEN_OFF)
    (before,) = reread(app)
    del app.erp.invoices_by_id["i1"]
    assert before.id in {each.id for each in reread(app, 2 * DAY)}


def test_due_date_moved_counts_after_two_readings_twenty_hours_apart(app: AppFixture) -> None:
    app.included("i1")
    reread(app)
    change_invoice(app, due_date=TODAY + 30 * DAY)
    assert reread(app) == reread(app, 19 * HOUR) == []
    assert codes(reread(app, HOUR)) == {DivergenceCode.POSTPONED}


def test_paid_invoice_opens_no_other_divergence(app: AppFixture) -> None:
    app.included("i1")
    app.paid("i1")
    change_invoice(app, due_date=TODAY + 30 * DAY, creditor_id="2")
    reread(app)
    assert reread(app, DAY) == []


def test_settlement_that_the_erp_does_not_confirm_is_shown(app: AppFixture) -> None:
    included = app.included("i1")
    app.payments.record(SYSTEM, payment("i1"))  # reported, and the invoice stays open
    assert reread(app) == []
    assert codes(reread(app, HOUR)) == {DivergenceCode.UNCONFIRMED_SETTLEMENT}
    assert desired(app, included) is Desired.REMOVED


# ------------------------------------------------------------------------------------------------ decisions


def test_person_keeps_a_record_until_a_value_changes(app: AppFixture) -> None:
    app.included("i1")
    change_invoice(app, balance=Money(60_00))
    (found,) = reread(app)
    kept = decide(app, found, Decision.KEEP)
    assert (kept.decided_by, kept.decision) == ("ana", Decision.KEEP)
    assert app.acts(found.id) == ["divergence.decide"]
    (same,) = reread(app, HOUR)
    assert same.decision is Decision.KEEP
    change_invoice(app, balance=Money(30_00))
    (again,) = reread(app, HOUR)
    assert (again.id, again.decision) == (found.id, None)


def test_person_removes_for_a_reason(app: AppFixture) -> None:
    included = app.included("i1")
    change_invoice(app, creditor_id="2")
    (found,) = reread(app)
    decide(app, found, Decision.REMOVE, reason=RemovalReason.CORRECTION)
    assert desired(app, included) is Desired.REMOVED
    removed = app.work(included)
    assert removed.removal_reason is RemovalReason.CORRECTION
    app.later(timedelta(minutes=1))
    app.sweep.run()
    assert open_ones(app) == []  # all of a negativation close with it


def test_decision_needs_a_remark_a_permission_and_an_open_divergence(app: AppFixture) -> None:
    app.included("i1")
    before = app.erp.invoices_by_id["i1"]
    change_invoice(app, creditor_id="2")
    (found,) = reread(app)
    divergences = app.divergences
    with pytest.raises(InvalidInput):
        divergences.decide(ANA, found.id, Decision.KEEP, remark=" ")
    with pytest.raises(InvalidInput):
        divergences.decide(ANA, found.id, Decision.CONTINUE, remark="x")
    reader = Actor("eva", "Eva", ANA.permissions, creditor_ids=frozenset({"2"}))
    with pytest.raises(NotFound):
        divergences.decide(reader, found.id, Decision.KEEP, remark="x")
    with pytest.raises(PermissionDenied):
        divergences.list(Actor("eva", "Eva", frozenset()))
    app.erp.invoices_by_id["i1"] = before
    reread(app)
    with pytest.raises(Conflict):
        divergences.decide(ANA, found.id, Decision.KEEP, remark="x")


# ------------------------------------------------------------------------------------------------ policies


def postponed(app: AppFixture) -> Negativation:
    """A negativation whose invoice was postponed, as two readings have confirmed."""
    included = app.included("i1")
    reread(app)
    change_invoice(app, due_date=TODAY + 300 * DAY)
    reread(app)
    reread(app, 20 * HOUR)
    return included


def test_postponed_invoice_is_removed_after_the_date_to_decide_by(app: AppFixture) -> None:
    included = postponed(app)
    (found,) = open_ones(app)
    assert found.decide_by is not None
    while app.clock.now().date() <= found.decide_by:
        assert desired(app, included) is Desired.INCLUDED
        reread(app, DAY)
    reread(app, DAY)
    changed = app.get(included)
    assert [(each.cause, each.code) for each in changed.triggers] == [(RemovalCause.DIVERGENCE, "fatura_prorrogada")]
    assert app.work(included).removal_reason is RemovalReason.RENEGOTIATION


def test_postponed_invoice_that_a_person_keeps_is_not_removed(app: AppFixture) -> None:
    included = postponed(app)
    (found,) = open_ones(app)
    decide(app, found, Decision.KEEP)
    reread(app, 30 * DAY)
    assert desired(app, included) is Desired.INCLUDED


def test_removal_of_a_divergence_is_lifted_when_it_closes(app: AppFixture) -> None:
    included = postponed(app)
    reread(app, 10 * DAY)
    assert desired(app, included) is Desired.REMOVED
    change_invoice(app, due_date=DUE + DAY)
    assert reread(app, HOUR) == []
    assert desired(app, included) is Desired.INCLUDED


def test_policy_to_ask_never_removes(app: AppFixture) -> None:
    policies = DivergencePolicies(postponed=DivergencePolicy.ASK)
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(divergences=policies))
    included = postponed(app)
    reread(app, 30 * DAY)
    assert desired(app, included) is Desired.INCLUDED


# ------------------------------------------------------------------------------------------------ the brake


def many(app: AppFixture, count: int) -> list[Negativation]:
    """So many negativations, on file."""
    made = []
    for number in range(count):
        app.erp.add_invoice(f"m{number}", "c1", DUE + DAY)
        made.append(app.included(f"m{number}"))
    return made


def test_brake_holds_what_turns_without_a_report_of_the_host(app: AppFixture) -> None:
    made = many(app, 25)
    for number in range(25):
        app.erp.set_status(f"m{number}", InvoiceStatus.CANCELLED, TODAY)
    (brake,) = reread(app)
    assert brake.code is DivergenceCode.BRAKE
    assert sum(desired(app, each) is Desired.REMOVED for each in made) == 20
    assert codes(reread(app, HOUR)) == {DivergenceCode.BRAKE}
    assert sum(desired(app, each) is Desired.REMOVED for each in made) == 20

    paid = next(each for each in made if desired(app, each) is Desired.INCLUDED)
    app.payments.record(SYSTEM, payment(paid.invoices[0].invoice_id))
    app.payments.apply()
    assert desired(app, paid) is Desired.REMOVED  # what the host reports is not touched by it

    decide(app, brake, Decision.CONTINUE)
    assert reread(app, HOUR) == []
    assert all(desired(app, each) is Desired.REMOVED for each in made)


def test_brake_allows_as_many_again_after_a_day(app: AppFixture) -> None:
    made = many(app, 25)
    for number in range(25):
        app.erp.set_status(f"m{number}", InvoiceStatus.CANCELLED, TODAY)
    reread(app)
    reread(app, DAY + HOUR)
    assert all(desired(app, each) is Desired.REMOVED for each in made)
    assert open_ones(app) == []


def test_brake_allows_no_part_of_what_turns_together(app: AppFixture) -> None:
    made = many(app, 3)
    with app.storage.unit() as unit:
        turns = Turns(app.ports, unit, {made[0].integration_id: 2})
        assert not turns.take(made)
        assert turns.take(made[:2])
        assert not turns.take(made[2:])


def test_brake_stays_on_while_a_policy_waits_for_it(app: AppFixture) -> None:
    made = many(app, 25)
    for number in range(25):
        change_invoice(app, f"m{number}", original_due_date=TODAY + 90 * DAY, due_date=TODAY + 90 * DAY)
    assert codes(reread(app)) == {DivergenceCode.POSTPONED}
    found = reread(app, 10 * DAY)  # the term to decide is over for all of them
    assert DivergenceCode.BRAKE in codes(found)
    assert sum(desired(app, each) is Desired.REMOVED for each in made) == 20
    for _ in range(3):
        assert DivergenceCode.BRAKE in codes(reread(app, 4 * HOUR))
    assert sum(desired(app, each) is Desired.REMOVED for each in made) == 20

    (brake,) = [each for each in open_ones(app) if each.code is DivergenceCode.BRAKE]
    decide(app, brake, Decision.CONTINUE)
    assert DivergenceCode.BRAKE not in codes(reread(app, HOUR))  # and not only once the readings are old
    assert all(desired(app, each) is Desired.REMOVED for each in made)


def test_brake_stays_on_while_the_end_of_a_policys_removal_waits_for_it(app: AppFixture) -> None:
    made = many(app, 25)
    before = {key: each for key, each in app.erp.invoices_by_id.items() if key.startswith("m")}
    for number in range(25):
        change_invoice(app, f"m{number}", original_due_date=TODAY + 90 * DAY, due_date=TODAY + 90 * DAY)
    reread(app)
    reread(app, 10 * DAY)
    reread(app, DAY + HOUR)
    assert all(desired(app, each) is Desired.REMOVED for each in made)

    app.erp.invoices_by_id.update(before)
    app.later(DAY + HOUR)
    for _ in range(3):
        assert codes(reread(app, HOUR)) == {DivergenceCode.BRAKE}
        assert sum(desired(app, each) is Desired.INCLUDED for each in made) == 20
    reread(app, DAY)
    assert all(desired(app, each) is Desired.INCLUDED for each in made)
    assert open_ones(app) == []
