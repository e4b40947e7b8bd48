"""Negativations: previewed, created, deleted, withdrawn, stopped and attested by a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.integrations import IntegrationSettings
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import (
    BureauUnavailable,
    Conflict,
    HostUnavailable,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Refused,
    RuleViolation,
)
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Action, Desired, Observed
from credit_protection.domain.reasons import RemovalReason
from credit_protection.ports.storage import NegativationFilter
from tests.application.desk import ANA, DUE, PRICE, TODAY, Desk, codes, together

if TYPE_CHECKING:
    from credit_protection.domain.guards import Candidate, Terms

OPERATOR = Actor.with_role("olga", "Olga", "operador")
ATTENDANT = Actor.with_role("davi", "Davi", "atendente")
ELSEWHERE = replace(ANA, id="eva", name="Eva", creditor_ids=frozenset({"2"}))
ROBOT = replace(ANA, id="robo", name="Robô", is_person=False)


def nothing_was_made(desk: Desk) -> bool:
    return not desk.negativations.list(ANA).items and "negativation.create" not in desk.acts()


# ------------------------------------------------------------------------------------------------ preview


def test_the_preview_shows_what_the_creation_would_refuse_with(shop: Desk) -> None:
    shop.negativate("i1")
    shop.erp.cease("i2", InvoiceStatus.CANCELLED)
    shop.erp.held["c1"] = "ordem judicial"
    asked = shop.asked("i1", "i2", nature="DUP", amounts={"i1": Money(999_00)})

    preview = shop.negativations.preview(ANA, asked)
    with pytest.raises(RuleViolation) as refused:
        shop.negativations.create(ANA, asked)
    assert list(refused.value.findings) == list(preview.findings)
    assert codes(preview.findings) == {
        "fatura_cancelada",
        "fatura_ja_negativada",
        "natureza_pessoa",
        "nao_negativar",
        "valor_acima_do_saldo",
        "valor_nao_positivo",
    }


def test_a_preview_makes_nothing(shop: Desk) -> None:
    preview = shop.negativations.preview(ANA, shop.asked("i1", "i2"))
    assert not preview.findings
    assert [invoice.id for invoice in preview.candidate.invoices] == ["i1", "i2"]
    assert nothing_was_made(shop)


def test_a_guard_of_a_plugin_vetoes(desk: Desk) -> None:
    def small_town(candidate: Candidate, _: Terms) -> list[Finding]:
        return [Finding("vizinho", Severity.BLOCK, f"{candidate.customer.name} é vizinha.", "customer")]

    shop = Desk(desk.storage, extra_guards=[small_town])
    shop.register()
    assert codes(shop.negativations.preview(ANA, shop.asked("i1")).findings) == {"vizinho"}
    with pytest.raises(RuleViolation):
        shop.negativate("i1")


# ------------------------------------------------------------------------------------------------ create


def test_each_chosen_invoice_becomes_one_negativation_under_one_request(shop: Desk) -> None:
    made = shop.negativations.create(ANA, shop.asked("i1", "i2", amounts={"i2": Money(50_00)}))

    assert [[invoice.invoice_id for invoice in one.invoices] for one in made] == [["i1"], ["i2"]]
    assert [one.amount for one in made] == [PRICE, Money(50_00)]
    assert len({one.reference for one in made}) == 2
    assert len({one.request_id for one in made}) == 1
    for one in made:
        stored = shop.get(one)
        assert (stored.desired, stored.observed) == (Desired.INCLUDED, Observed.ABSENT)
        assert (stored.transmission.action, stored.transmission.due_at) == (Action.INCLUDE, shop.clock.now())
        assert shop.happened(one) == ["created"]
        (entry,) = shop.audit(one.id)
        assert (entry.act, entry.why, entry.actor_name) == ("negativation.create", "cobrança esgotada", "Ana")
        assert entry.after["document"] == "***.100.200-**"
    with shop.storage.reading() as unit:
        request = unit.negativations.request(made[0].request_id)
    assert (request.actor_id, request.invoice_ids, request.why) == ("ana", ("i1", "i2"), "cobrança esgotada")


def test_a_grouping_integration_makes_one_record_of_the_sum_and_the_oldest_due_date(desk: Desk) -> None:
    desk.register(IntegrationSettings(grouped=True))
    (made,) = desk.negativations.create(ANA, desk.asked("i2", "i1", "i3"))
    assert (made.amount, made.due_date) == (Money(3 * PRICE.cents), DUE + timedelta(days=1))


def test_where_the_erp_has_no_subscriptions_the_customer_stands_for_theirs(shop: Desk) -> None:
    shop.erp.capabilities = replace(shop.erp.capabilities, subscriptions=False)
    shop.erp.services.clear()
    for invoice_id in ("i1", "i2"):
        shop.erp.bills[invoice_id] = replace(shop.erp.bills[invoice_id], subscription_id=None)
    held = shop.included("i1", "i2")
    assert held.subscription_id == held.customer_id == "c1"
    assert held.observed is Observed.PRESENT
    shop.paid("i1")
    assert shop.get(held).desired is Desired.REMOVED


def test_workers_and_listeners_learn_of_a_creation_after_it_is_stored(shop: Desk) -> None:
    shop.queue.woken.clear()
    made = shop.negativate("i1")
    assert shop.queue.woken == [made.id]
    assert [event.kind.value for event in shop.listeners.events] == ["created"]


def test_only_a_person_negativates(shop: Desk) -> None:
    with pytest.raises(PermissionDenied):
        shop.negativate("i1", actor=SYSTEM)
    with pytest.raises(RuleViolation) as refused:  # though it be given every permission
        shop.negativate("i1", actor=ROBOT)
    assert refused.value.code == "sem_pessoa"
    assert nothing_was_made(shop)


def test_an_explicit_list_of_invoices_is_needed(shop: Desk) -> None:
    with pytest.raises(RuleViolation) as refused:
        shop.negativations.create(ANA, shop.asked())
    assert refused.value.code == "sem_fatura"
    assert nothing_was_made(shop)


def test_who_may_not_negativate_makes_nothing(shop: Desk) -> None:
    with pytest.raises(PermissionDenied):
        shop.negativate("i1", actor=ATTENDANT)
    with pytest.raises(NotFound):
        shop.negativate("i1", actor=ELSEWHERE)
    assert nothing_was_made(shop)


def test_what_the_erp_does_not_know_is_named(shop: Desk) -> None:
    with pytest.raises(NotFound, match="c9") as customer:
        shop.negativations.create(ANA, shop.asked("i1", customer_id="c9"))
    with pytest.raises(NotFound, match="i9") as invoice:
        shop.negativate("i1", "i9")
    assert (customer.value.code, invoice.value.code) == ("cliente_desconhecido", "fatura_desconhecida")
    assert nothing_was_made(shop)


def test_an_erp_that_is_down_makes_nothing(shop: Desk) -> None:
    down(shop)
    with pytest.raises(HostUnavailable):
        shop.negativate("i1")
    assert nothing_was_made(shop)


def test_one_blocked_invoice_of_many_makes_none(shop: Desk) -> None:
    shop.erp.cease("i2", InvoiceStatus.PAID, TODAY)
    with pytest.raises(RuleViolation) as refused:
        shop.negativate("i1", "i2", "i3")
    assert codes(refused.value.findings) >= {"fatura_paga"}
    assert nothing_was_made(shop)


def test_one_open_negativation_per_invoice_and_registry_and_a_new_one_after_it_closed(shop: Desk) -> None:
    first = shop.included("i1")
    other = shop.register(description="Outra conta, mesma base")
    with pytest.raises(RuleViolation) as refused:
        shop.negativate("i1")
    assert codes(refused.value.findings) == {"fatura_ja_negativada"}

    shop.negativations.delete(ANA, first.id)
    assert shop.work(first).observed is Observed.GONE
    again = shop.negativate("i1")
    assert (again.integration_id, again.reference == first.reference) == (other.id, False)


# ------------------------------------------------------------------------------------------------ rule 8


def test_a_settlement_recorded_between_the_reading_and_the_lock_refuses(shop: Desk) -> None:
    def pay_at_that_instant(reading: str) -> None:
        if reading == "holds":  # the invoices are read, nothing is locked yet
            shop.erp.before = lambda _: None
            shop.paid("i1")

    shop.erp.before = pay_at_that_instant
    with pytest.raises(RuleViolation) as refused:
        shop.negativate("i1")
    (finding,) = refused.value.findings
    assert (finding.code, finding.invoice_id) == ("fatura_paga", "i1")
    assert nothing_was_made(shop)


def test_a_settlement_that_came_and_was_reversed_meanwhile_does_not_refuse(shop: Desk) -> None:
    def pay_and_reverse(reading: str) -> None:
        if reading == "holds":
            shop.erp.before = lambda _: None
            shop.payments.record(SYSTEM, shop.erp.reverse(shop.paid("i1"), TODAY))

    shop.erp.before = pay_and_reverse
    assert shop.negativate("i1").desired is Desired.INCLUDED


def test_a_settlement_recorded_right_after_the_creation_turns_it(shop: Desk) -> None:
    made = shop.negativate("i1")
    shop.paid("i1")
    assert shop.get(made).is_closed


def test_a_payment_and_a_creation_at_one_instant_never_leave_a_paid_customer_negativated(shop: Desk) -> None:
    def act(number: int) -> object:
        return shop.negativate("i1") if number else shop.paid("i1")

    together(2, act)
    shop.payments.apply()
    assert all(one.is_closed for one in shop.negativations.list(ANA).items)


def test_eight_creations_of_one_invoice_at_one_instant_make_exactly_one(shop: Desk) -> None:
    outcomes = together(8, lambda _: shop.negativate("i1"))
    refused = [outcome for outcome in outcomes if isinstance(outcome, RuleViolation)]
    assert len(refused) == 7
    assert {code for one in refused for code in codes(one.findings)} == {"fatura_ja_negativada"}
    assert len(shop.negativations.list(ANA).items) == 1
    assert shop.acts().count("negativation.create") == 1


def test_overlapping_choices_at_one_instant_share_no_invoice(shop: Desk) -> None:
    choices = [("i1", "i2"), ("i2", "i3"), ("i3", "i1")] * 2
    together(6, lambda number: shop.negativate(*choices[number]))
    taken = [invoice.invoice_id for one in shop.negativations.list(ANA).items for invoice in one.invoices]
    assert len(taken) == len(set(taken)) == 2


# ------------------------------------------------------------------------------------------------ delete, withdraw


def test_a_deletion_queues_the_removal_with_its_deadline_history_and_audit(shop: Desk) -> None:
    held = shop.included("i1")
    shop.queue.woken.clear()
    deleted = shop.negativations.delete(OPERATOR, held.id)
    assert (deleted.desired, deleted.observed) == (Desired.REMOVED, Observed.PRESENT)
    assert (deleted.transmission.action, deleted.transmission.deadline) == (Action.REMOVE, date(2026, 11, 26))
    assert shop.happened(held)[-1] == "removal_wanted"
    assert shop.queue.woken == [held.id]
    entry = shop.audit(held.id)[-1]
    assert (entry.act, entry.actor_id, entry.why) == ("negativation.delete", "olga", "solicitação do credor")
    assert (entry.before["desired"], entry.after["desired"]) == ("included", "removed")


def test_a_deletion_before_sending_cancels_without_a_call(shop: Desk) -> None:
    waiting = shop.negativate("i1")
    deleted = shop.negativations.delete(ANA, waiting.id)
    assert (deleted.is_closed, deleted.observed) == (True, Observed.ABSENT)
    assert shop.happened(waiting) == ["created", "removal_wanted", "cancelled"]
    assert shop.perform(waiting) is None
    assert "include" not in shop.bureau.calls


def test_payment_as_the_reason_needs_a_settlement_or_an_attestation(shop: Desk) -> None:
    held = shop.included("i1")
    trail = shop.acts()
    with pytest.raises(RuleViolation) as refused:
        shop.negativations.delete(ANA, held.id, reason=RemovalReason.PAYMENT)
    assert refused.value.code == "pagamento_sem_baixa"
    assert shop.acts() == trail
    deleted = shop.negativations.delete(ANA, held.id, reason=RemovalReason.PAYMENT, attestation="comprovante no balcão")
    (trigger,) = deleted.triggers
    assert (trigger.reason, trigger.note) == (RemovalReason.PAYMENT, "comprovante no balcão")
    assert shop.audit(held.id)[-1].why == "comprovante no balcão"


def test_a_court_order_is_due_at_once(shop: Desk) -> None:
    held = shop.included("i1")
    deleted = shop.negativations.delete(ANA, held.id, reason=RemovalReason.COURT_ORDER)
    assert deleted.triggers[0].cause is RemovalCause.COURT
    assert deleted.deadline == TODAY


def test_what_is_closed_can_not_be_deleted_again(shop: Desk) -> None:
    held = shop.included("i1")
    shop.negativations.delete(ANA, held.id)
    shop.work(held)
    with pytest.raises(Conflict):
        shop.negativations.delete(ANA, held.id)


def test_a_deletion_is_withdrawn_while_nothing_was_sent(shop: Desk) -> None:
    held = shop.included("i1")
    shop.negativations.delete(ANA, held.id)
    kept = shop.negativations.withdraw(ANA, held.id)
    assert (kept.desired, kept.transmission.action) == (Desired.INCLUDED, Action.NOTHING)
    assert shop.happened(held)[-1] == "removal_withdrawn"
    assert shop.acts(held.id)[-1] == "negativation.withdraw"
    assert len(shop.bureau.standing()) == 1


def test_a_deletion_is_not_withdrawn_once_it_was_sent_or_while_a_settlement_stands(shop: Desk) -> None:
    sent, paid = shop.included("i1"), shop.included("i2")
    shop.negativations.delete(ANA, sent.id)
    shop.bureau.fail_next("remove", BureauUnavailable("Fora do ar."))
    shop.perform(sent)
    with pytest.raises(RuleViolation) as already:
        shop.negativations.withdraw(ANA, sent.id)
    shop.negativations.delete(ANA, paid.id)
    shop.paid("i2")
    with pytest.raises(RuleViolation) as settled:
        shop.negativations.withdraw(ANA, paid.id)
    assert (already.value.code, settled.value.code) == ("remocao_ja_enviada", "remocao_com_motivo")


def test_there_is_nothing_to_withdraw_where_nothing_was_asked(shop: Desk) -> None:
    with pytest.raises(Conflict):
        shop.negativations.withdraw(ANA, shop.negativate("i1").id)


# ------------------------------------------------------------------------------------------------ stop, attest


def test_stopping_ends_the_attempts_only_and_resuming_goes_on(shop: Desk) -> None:
    held = shop.included("i1")
    shop.negativations.delete(ANA, held.id)
    stopped = shop.negativations.stop_trying(ANA, held.id, "o portal está fora")
    assert stopped.transmission.is_open
    assert stopped.transmission.deadline == date(2026, 11, 26)  # the alarm goes on
    assert not shop.transmissions.due(10)
    assert shop.perform(held) is None
    assert [one.id for one in shop.negativations.list(ANA, NegativationFilter(blocked=True)).items] == [held.id]

    shop.negativations.resume(ANA, held.id)
    assert shop.work(held).observed is Observed.GONE
    assert [entry.act for entry in shop.audit(held.id)][-2:] == ["negativation.stop", "negativation.resume"]
    assert shop.audit(held.id)[-2].why == "o portal está fora"


def test_there_must_be_something_to_stop_and_something_to_resume(shop: Desk) -> None:
    held = shop.included("i1")
    with pytest.raises(Conflict):
        shop.negativations.stop_trying(ANA, held.id, "x")
    with pytest.raises(Conflict):
        shop.negativations.resume(ANA, held.id)


def test_only_a_statement_with_a_reason_ends_what_the_bureau_never_will(shop: Desk) -> None:
    held = shop.included("i1")
    shop.negativations.delete(ANA, held.id)
    shop.bureau.fail_next("remove", Refused("Registro bloqueado."))
    shop.perform(held)
    with pytest.raises(InvalidInput):
        shop.negativations.attest_absent(ANA, held.id, "  ")
    closed = shop.negativations.attest_absent(ANA, held.id, "conferido no portal, protocolo 77")
    assert (closed.is_closed, closed.observed) == (True, Observed.GONE)
    assert not closed.transmission.is_open
    assert shop.happened(held)[-1] == "attested_absent"
    assert shop.audit(held.id)[-1].why == "conferido no portal, protocolo 77"


@pytest.mark.parametrize("act", ["delete", "withdraw", "stop_trying", "resume", "attest_absent"])
def test_an_act_on_what_one_may_not_touch_or_see_changes_nothing(shop: Desk, act: str) -> None:
    held = shop.included("i1")
    before, trail = shop.get(held), shop.acts()
    words = {"stop_trying": ("porque sim",), "attest_absent": ("porque sim",)}.get(act, ())
    with pytest.raises(PermissionDenied):
        getattr(shop.negativations, act)(ATTENDANT, held.id, *words)
    with pytest.raises(NotFound):
        getattr(shop.negativations, act)(ELSEWHERE, held.id, *words)
    with pytest.raises(NotFound):
        getattr(shop.negativations, act)(ANA, "none", *words)
    assert shop.get(held) == before
    assert shop.acts() == trail


# ------------------------------------------------------------------------------------------------ reading


def test_another_creditors_negativations_do_not_exist_for_the_actor(shop: Desk) -> None:
    made = shop.negativate("i1")
    assert not shop.negativations.list(ELSEWHERE).items
    asked_for = NegativationFilter(creditor_ids=frozenset({"1"}))  # a filter does not widen the scope
    assert not shop.negativations.list(ELSEWHERE, asked_for).items
    for read in (shop.negativations.get, shop.negativations.history):
        with pytest.raises(NotFound):
            read(ELSEWHERE, made.id)


def test_the_history_needs_its_permission(shop: Desk) -> None:
    made = shop.negativate("i1")
    blind = Actor("cego", "Cego", frozenset())
    with pytest.raises(PermissionDenied):
        shop.negativations.list(blind)
    with pytest.raises(PermissionDenied):
        shop.negativations.history(blind, made.id)


def test_the_removal_queue_is_in_order_of_deadline(shop: Desk) -> None:
    by_person, by_payment, by_court = [shop.included(each) for each in ("i1", "i2", "i3")]
    shop.paid("i2")
    shop.negativations.delete(ANA, by_person.id)
    shop.negativations.delete(ANA, by_court.id, reason=RemovalReason.COURT_ORDER)
    queue = shop.negativations.list(ANA, NegativationFilter(in_removal_queue=True)).items
    assert [one.id for one in queue] == [by_court.id, by_person.id, by_payment.id]
    assert [due.negativation_id for due in shop.transmissions.due(10)] == [by_court.id, by_person.id, by_payment.id]


def test_today_is_each_creditors(shop: Desk) -> None:
    assert shop.negativations.today() == {"1": TODAY}


def down(desk: Desk) -> None:
    def unreachable(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu. Tente de novo.")

    desk.erp.before = unreachable
