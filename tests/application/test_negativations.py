"""Negativations: previewed, created, deleted, withdrawn, stopped and attested by a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

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
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.ports.storage import NegativationFilter
from tests.application.app import ANA, DUE, PRICE, TODAY, AppFixture, codes, run_concurrently

if TYPE_CHECKING:
    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.guards import Candidate, InclusionTerms

OPERATOR = Actor.with_role("olga", "Olga", "operador")
ATTENDANT = Actor.with_role("davi", "Davi", "atendente")
ELSEWHERE = replace(ANA, id="eva", name="Eva", creditor_ids=frozenset({"2"}))
ROBOT = replace(ANA, id="robo", name="Robô", is_person=False)


def nothing_was_made(empty_app: AppFixture) -> bool:
    return not empty_app.negativations.list(ANA).items and "negativation.create" not in empty_app.acts()


# ------------------------------------------------------------------------------------------------ preview


def test_preview_shows_the_findings_that_would_refuse_the_creation(app: AppFixture) -> None:
    app.negativate("i1")
    app.erp.set_status("i2", InvoiceStatus.CANCELLED)
    app.erp.hold_reasons["c1"] = "ordem judicial"
    asked = app.request("i1", "i2", nature="DUP", amounts={"i1": Money(999_00)})

    preview = app.negativations.preview(ANA, asked)
    with pytest.raises(RuleViolation) as refused:
        app.negativations.create(ANA, asked)
    assert list(refused.value.findings) == list(preview.findings)
    assert codes(preview.findings) == {
        "fatura_cancelada",
        "fatura_ja_negativada",
        "natureza_pessoa",
        "nao_negativar",
        "valor_acima_do_saldo",
        "valor_nao_positivo",
    }


def test_preview_stores_nothing(app: AppFixture) -> None:
    preview = app.negativations.preview(ANA, app.request("i1", "i2"))
    assert not preview.findings
    assert [invoice.id for invoice in preview.candidate.invoices] == ["i1", "i2"]
    assert nothing_was_made(app)


def test_guard_of_a_plugin_vetoes(empty_app: AppFixture) -> None:
    def small_town(candidate: Candidate, _: InclusionTerms) -> list[Finding]:
        return [Finding("vizinho", Severity.BLOCK, f"{candidate.customer.name} é vizinha.", "customer")]

    app = AppFixture(empty_app.storage, extra_guards=[small_town])
    app.register()
    assert codes(app.negativations.preview(ANA, app.request("i1")).findings) == {"vizinho"}
    with pytest.raises(RuleViolation):
        app.negativate("i1")


def test_creation_reads_the_integration_before_the_host_and_once_where_it_writes(
    app: AppFixture, sqlite: SqlStorage
) -> None:
    statements: list[str] = []

    def record(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(sqlite._engine, "before_cursor_execute", record)
    app.negativate("i1")
    event.remove(sqlite._engine, "before_cursor_execute", record)
    read = [statement.partition("FROM ")[2].split()[0] for statement in statements if statement.startswith("SELECT")]
    assert sorted(read) == [
        "cp_creditor",
        "cp_integration",
        "cp_integration",
        "cp_nature",
        "cp_negativation_invoice",
        "cp_recheck",
        "cp_settlement",
    ]


@pytest.mark.parametrize("act", ["preview", "create"])
def test_host_is_read_only_for_who_may_negativate_through_a_usable_integration(app: AppFixture, act: str) -> None:
    def refuse(_: str) -> None:
        raise AssertionError("the host was read")

    def is_refused_with(error: type[Exception], actor: Actor = ANA, match: str | None = None) -> None:
        with pytest.raises(error, match=match):
            getattr(app.negativations, act)(actor, app.request("i1"))

    app.erp.before = refuse
    is_refused_with(PermissionDenied, ATTENDANT)
    is_refused_with(NotFound, ELSEWHERE, "Integração")
    own = app.integrations.get(ANA, app.integration_id).settings
    app.integrations.edit(ANA, app.integration_id, settings=replace(own, owns_transmission=False))
    is_refused_with(RuleViolation, match="quem transmite é o ERP")
    app.integrations.edit(ANA, app.integration_id, settings=own)
    app.integrations.set_active(ANA, app.integration_id, active=False)
    is_refused_with(RuleViolation, match="inativa")


def test_integration_deactivated_while_the_host_is_read_refuses_the_creation(app: AppFixture) -> None:
    def deactivate(_: str) -> None:
        app.erp.before = lambda _: None
        app.integrations.set_active(ANA, app.integration_id, active=False)

    app.erp.before = deactivate
    with pytest.raises(RuleViolation, match="inativa"):
        app.negativate("i1")
    assert nothing_was_made(app)


# ------------------------------------------------------------------------------------------------ creditors


@pytest.mark.parametrize("act", ["preview", "create"])
def test_what_is_of_a_creditor_that_the_actor_does_not_see_is_unknown(app: AppFixture, act: str) -> None:
    bound = replace(ANA, creditor_ids=frozenset({"1"}))
    client, bill = app.erp.customers_by_id["c1"], app.erp.invoices_by_id["i1"]
    app.erp.customers_by_id["c1"] = replace(client, creditor_id="2")
    with pytest.raises(NotFound) as customer:
        getattr(app.negativations, act)(bound, app.request("i1"))
    app.erp.customers_by_id["c1"] = client
    app.erp.invoices_by_id["i1"] = replace(bill, creditor_id="2")
    with pytest.raises(NotFound) as invoice:
        getattr(app.negativations, act)(bound, app.request("i1"))
    assert [customer.value.code, invoice.value.code] == ["cliente_desconhecido", "fatura_desconhecida"]
    assert nothing_was_made(app)


def test_invoice_of_another_creditor_is_refused_at_the_creation_and_at_the_claim(app: AppFixture) -> None:
    bill = app.erp.invoices_by_id["i1"]
    app.erp.invoices_by_id["i1"] = replace(bill, creditor_id="1")
    made = app.negativate("i1")
    for key in ("i1", "i2"):
        app.erp.invoices_by_id[key] = replace(app.erp.invoices_by_id[key], creditor_id="2")
    with pytest.raises(RuleViolation) as refused:
        app.negativate("i2")
    assert codes(refused.value.findings) == {"fatura_de_outra_empresa"}
    app.perform(made)
    assert [trigger.cause for trigger in app.get(made).triggers] == [RemovalCause.GUARD]
    assert "include" not in app.bureau.calls


# ------------------------------------------------------------------------------------------------ create


def test_each_chosen_invoice_becomes_one_negativation_of_one_request(app: AppFixture) -> None:
    made = app.negativations.create(ANA, app.request("i1", "i2", amounts={"i2": Money(50_00)}))

    assert [[invoice.invoice_id for invoice in one.invoices] for one in made] == [["i1"], ["i2"]]
    assert [one.amount for one in made] == [PRICE, Money(50_00)]
    assert len({one.reference for one in made}) == 2
    assert len({one.request_id for one in made}) == 1
    for one in made:
        stored = app.get(one)
        assert (stored.desired, stored.observed) == (Desired.INCLUDED, Observed.ABSENT)
        assert (stored.transmission.action, stored.transmission.due_at) == (Action.INCLUDE, app.clock.now())
        assert app.event_kinds(one) == ["created"]
        (entry,) = app.audit(one.id)
        assert (entry.act, entry.remark, entry.actor_name) == ("negativation.create", "cobrança esgotada", "Ana")
        assert entry.after["document"] == "***.100.200-**"
    with app.storage.read_only() as unit:
        request = unit.negativations.request(made[0].request_id)
    assert (request.actor_id, request.invoice_ids, request.remark) == ("ana", ("i1", "i2"), "cobrança esgotada")


def test_grouping_integration_makes_one_record_of_the_sum_and_the_oldest_due_date(empty_app: AppFixture) -> None:
    empty_app.register(IntegrationSettings(grouped=True))
    (made,) = empty_app.negativations.create(ANA, empty_app.request("i2", "i1", "i3"))
    assert (made.amount, made.due_date) == (Money(3 * PRICE.cents), DUE + timedelta(days=1))


def test_customer_is_the_subscription_where_the_erp_has_none(app: AppFixture) -> None:
    app.erp.capabilities = replace(app.erp.capabilities, subscriptions=False)
    app.erp.subscriptions_by_id.clear()
    for invoice_id in ("i1", "i2"):
        app.erp.invoices_by_id[invoice_id] = replace(app.erp.invoices_by_id[invoice_id], subscription_id=None)
    included = app.included("i1", "i2")
    assert included.subscription_id == included.customer_id == "c1"
    assert included.observed is Observed.PRESENT
    app.paid("i1")
    assert app.get(included).desired is Desired.REMOVED


def test_creation_notifies_listeners_and_workers_after_commit(app: AppFixture) -> None:
    app.queue.woken.clear()
    made = app.negativate("i1")
    assert app.queue.woken == [made.id]
    assert [event.kind.value for event in app.listeners.events] == ["created"]


def test_only_a_person_negativates(app: AppFixture) -> None:
    with pytest.raises(PermissionDenied):
        app.negativate("i1", actor=SYSTEM)
    with pytest.raises(RuleViolation) as refused:  # though it be given every permission
        app.negativate("i1", actor=ROBOT)
    assert refused.value.code == "sem_pessoa"
    assert nothing_was_made(app)


def test_creation_needs_an_explicit_list_of_invoices(app: AppFixture) -> None:
    with pytest.raises(RuleViolation) as refused:
        app.negativations.create(ANA, app.request())
    assert refused.value.code == "sem_fatura"
    assert nothing_was_made(app)


def test_actor_without_permission_creates_nothing(app: AppFixture) -> None:
    with pytest.raises(PermissionDenied):
        app.negativate("i1", actor=ATTENDANT)
    with pytest.raises(NotFound):
        app.negativate("i1", actor=ELSEWHERE)
    assert nothing_was_made(app)


def test_record_unknown_to_the_erp_is_named(app: AppFixture) -> None:
    with pytest.raises(NotFound, match="c9") as customer:
        app.negativations.create(ANA, app.request("i1", customer_id="c9"))
    with pytest.raises(NotFound, match="i9") as invoice:
        app.negativate("i1", "i9")
    assert (customer.value.code, invoice.value.code) == ("cliente_desconhecido", "fatura_desconhecida")
    assert nothing_was_made(app)


def test_unavailable_erp_creates_nothing(app: AppFixture) -> None:
    down(app)
    with pytest.raises(HostUnavailable):
        app.negativate("i1")
    assert nothing_was_made(app)


def test_one_blocked_invoice_refuses_all(app: AppFixture) -> None:
    app.erp.set_status("i2", InvoiceStatus.PAID, TODAY)
    with pytest.raises(RuleViolation) as refused:
        app.negativate("i1", "i2", "i3")
    assert codes(refused.value.findings) >= {"fatura_paga"}
    assert nothing_was_made(app)


def test_invoice_has_one_open_negativation_per_registry_and_a_new_one_after_it_closed(app: AppFixture) -> None:
    first = app.included("i1")
    other = app.register(description="Outra conta, mesma base")
    with pytest.raises(RuleViolation) as refused:
        app.negativate("i1")
    assert codes(refused.value.findings) == {"fatura_ja_negativada"}

    app.negativations.delete(ANA, first.id)
    assert app.work(first).observed is Observed.GONE
    again = app.negativate("i1")
    assert (again.integration_id, again.reference == first.reference) == (other.id, False)


# ------------------------------------------------------------------------------------------------ rule 8


def test_settlement_recorded_between_read_and_lock_refuses_the_creation(app: AppFixture) -> None:
    def pay_at_that_instant(reading: str) -> None:
        if reading == "holds":  # the invoices are read, nothing is locked yet
            app.erp.before = lambda _: None
            app.paid("i1")

    app.erp.before = pay_at_that_instant
    with pytest.raises(RuleViolation) as refused:
        app.negativate("i1")
    (finding,) = refused.value.findings
    assert (finding.code, finding.invoice_id) == ("fatura_paga", "i1")
    assert nothing_was_made(app)


def test_settlement_reversed_before_the_lock_does_not_refuse_the_creation(app: AppFixture) -> None:
    def pay_and_reverse(reading: str) -> None:
        if reading == "holds":
            app.erp.before = lambda _: None
            app.payments.record(SYSTEM, app.erp.reverse(app.paid("i1"), TODAY))

    app.erp.before = pay_and_reverse
    assert app.negativate("i1").desired is Desired.INCLUDED


def test_settlement_recorded_after_the_creation_requests_removal(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.paid("i1")
    assert app.get(made).is_closed


def test_concurrent_payment_and_creation_never_leave_a_paid_customer_negativated(app: AppFixture) -> None:
    def act(number: int) -> object:
        return app.negativate("i1") if number else app.paid("i1")

    run_concurrently(2, act)
    app.payments.apply()
    assert all(one.is_closed for one in app.negativations.list(ANA).items)


def test_concurrent_creations_of_one_invoice_make_exactly_one(app: AppFixture) -> None:
    outcomes = run_concurrently(8, lambda _: app.negativate("i1"))
    refused = [outcome for outcome in outcomes if isinstance(outcome, RuleViolation)]
    assert len(refused) == 7
    assert {code for one in refused for code in codes(one.findings)} == {"fatura_ja_negativada"}
    assert len(app.negativations.list(ANA).items) == 1
    assert app.acts().count("negativation.create") == 1


def test_concurrent_overlapping_choices_share_no_invoice(app: AppFixture) -> None:
    choices = [("i1", "i2"), ("i2", "i3"), ("i3", "i1")] * 2
    run_concurrently(6, lambda number: app.negativate(*choices[number]))
    taken = [invoice.invoice_id for one in app.negativations.list(ANA).items for invoice in one.invoices]
    assert len(taken) == len(set(taken)) == 2


# ------------------------------------------------------------------------------------------------ delete, withdraw


def test_deletion_queues_the_removal_with_its_deadline_history_and_audit(app: AppFixture) -> None:
    included = app.included("i1")
    app.queue.woken.clear()
    deleted = app.negativations.delete(OPERATOR, included.id)
    assert (deleted.desired, deleted.observed) == (Desired.REMOVED, Observed.PRESENT)
    assert (deleted.transmission.action, deleted.transmission.deadline) == (Action.REMOVE, date(2026, 11, 26))
    assert app.event_kinds(included)[-1] == "removal_wanted"
    assert app.queue.woken == [included.id]
    entry = app.audit(included.id)[-1]
    assert (entry.act, entry.actor_id, entry.remark) == ("negativation.delete", "olga", "solicitação do credor")
    assert (entry.before["desired"], entry.after["desired"]) == ("included", "removed")


def test_deletion_before_sending_cancels_without_a_call(app: AppFixture) -> None:
    waiting = app.negativate("i1")
    deleted = app.negativations.delete(ANA, waiting.id)
    assert (deleted.is_closed, deleted.observed) == (True, Observed.ABSENT)
    assert app.event_kinds(waiting) == ["created", "removal_wanted", "cancelled"]
    assert app.perform(waiting) is None
    assert "include" not in app.bureau.calls


def test_reason_payment_needs_a_settlement_or_an_attestation(app: AppFixture) -> None:
    included = app.included("i1")
    trail = app.acts()
    with pytest.raises(RuleViolation) as refused:
        app.negativations.delete(ANA, included.id, reason=RemovalReason.PAYMENT)
    assert refused.value.code == "pagamento_sem_baixa"
    assert app.acts() == trail
    proof = "comprovante no balcão"
    deleted = app.negativations.delete(ANA, included.id, reason=RemovalReason.PAYMENT, attestation=proof)
    (trigger,) = deleted.triggers
    assert (trigger.reason, trigger.note) == (RemovalReason.PAYMENT, proof)
    assert app.audit(included.id)[-1].remark == proof


def test_court_order_is_due_at_once(app: AppFixture) -> None:
    included = app.included("i1")
    deleted = app.negativations.delete(ANA, included.id, reason=RemovalReason.COURT_ORDER)
    assert deleted.triggers[0].cause is RemovalCause.COURT
    assert deleted.deadline == TODAY


def test_closed_negativation_can_not_be_deleted_again(app: AppFixture) -> None:
    included = app.included("i1")
    app.negativations.delete(ANA, included.id)
    app.work(included)
    with pytest.raises(Conflict):
        app.negativations.delete(ANA, included.id)


def test_deletion_is_withdrawn_before_anything_was_sent(app: AppFixture) -> None:
    included = app.included("i1")
    app.negativations.delete(ANA, included.id)
    kept = app.negativations.withdraw(ANA, included.id)
    assert (kept.desired, kept.transmission.action) == (Desired.INCLUDED, Action.NOTHING)
    assert app.event_kinds(included)[-1] == "removal_withdrawn"
    assert app.acts(included.id)[-1] == "negativation.withdraw"
    assert len(app.bureau.records_on_file()) == 1


def test_deletion_is_not_withdrawn_once_sent_or_with_a_settlement_in_effect(app: AppFixture) -> None:
    sent, paid = app.included("i1"), app.included("i2")
    app.negativations.delete(ANA, sent.id)
    app.bureau.fail_next("remove", BureauUnavailable("Fora do ar."))
    app.perform(sent)
    with pytest.raises(RuleViolation) as already:
        app.negativations.withdraw(ANA, sent.id)
    app.negativations.delete(ANA, paid.id)
    app.paid("i2")
    with pytest.raises(RuleViolation) as settled:
        app.negativations.withdraw(ANA, paid.id)
    assert (already.value.code, settled.value.code) == ("remocao_ja_enviada", "remocao_com_motivo")


def test_withdrawal_without_a_deletion_is_refused(app: AppFixture) -> None:
    with pytest.raises(Conflict):
        app.negativations.withdraw(ANA, app.negativate("i1").id)


# ------------------------------------------------------------------------------------------------ stop, attest


def test_stop_ends_the_attempts_only_and_resume_continues_them(app: AppFixture) -> None:
    included = app.included("i1")
    app.negativations.delete(ANA, included.id)
    stopped = app.negativations.stop_trying(ANA, included.id, "o portal está fora")
    assert stopped.transmission.is_open
    assert stopped.transmission.deadline == date(2026, 11, 26)  # and so does the alarm
    assert not app.transmissions.due(10)
    assert app.perform(included) is None
    assert [one.id for one in app.negativations.list(ANA, NegativationFilter(blocked=True)).items] == [included.id]

    app.negativations.resume(ANA, included.id)
    assert app.work(included).observed is Observed.GONE
    stop, resume = [entry for entry in app.audit(included.id) if entry.act.startswith("negativation.")][-2:]
    assert (stop.act, stop.remark, resume.act) == ("negativation.stop", "o portal está fora", "negativation.resume")


def test_stop_and_resume_need_an_open_transmission(app: AppFixture) -> None:
    included = app.included("i1")
    with pytest.raises(Conflict):
        app.negativations.stop_trying(ANA, included.id, "x")
    with pytest.raises(Conflict):
        app.negativations.resume(ANA, included.id)


def test_attestation_with_a_remark_closes_a_removal_that_the_bureau_refuses(app: AppFixture) -> None:
    included = app.included("i1")
    app.negativations.delete(ANA, included.id)
    app.bureau.fail_next("remove", Refused("Registro bloqueado."))
    app.perform(included)
    with pytest.raises(InvalidInput):
        app.negativations.attest_absent(ANA, included.id, "  ")
    closed = app.negativations.attest_absent(ANA, included.id, "conferido no portal, protocolo 77")
    assert (closed.is_closed, closed.observed) == (True, Observed.GONE)
    assert not closed.transmission.is_open
    assert app.event_kinds(included)[-1] == "attested_absent"
    assert app.audit(included.id)[-1].remark == "conferido no portal, protocolo 77"


@pytest.mark.parametrize("act", ["delete", "withdraw", "stop_trying", "resume", "attest_absent"])
def test_act_on_a_forbidden_or_invisible_negativation_changes_nothing(app: AppFixture, act: str) -> None:
    included = app.included("i1")
    before, trail = app.get(included), app.acts()
    words = {"stop_trying": ("porque sim",), "attest_absent": ("porque sim",)}.get(act, ())
    with pytest.raises(PermissionDenied):
        getattr(app.negativations, act)(ATTENDANT, included.id, *words)
    with pytest.raises(NotFound):
        getattr(app.negativations, act)(ELSEWHERE, included.id, *words)
    with pytest.raises(NotFound):
        getattr(app.negativations, act)(ANA, "none", *words)
    assert app.get(included) == before
    assert app.acts() == trail


# ------------------------------------------------------------------------------------------------ reading


def test_negativations_of_another_creditor_do_not_exist_for_the_actor(app: AppFixture) -> None:
    made = app.negativate("i1")
    assert not app.negativations.list(ELSEWHERE).items
    asked_for = NegativationFilter(creditor_ids=frozenset({"1"}))  # a filter does not widen the scope
    assert not app.negativations.list(ELSEWHERE, asked_for).items
    for read in (app.negativations.get, app.negativations.history):
        with pytest.raises(NotFound):
            read(ELSEWHERE, made.id)


def test_history_needs_its_permission(app: AppFixture) -> None:
    made = app.negativate("i1")
    blind = Actor("cego", "Cego", frozenset())
    with pytest.raises(PermissionDenied):
        app.negativations.list(blind)
    with pytest.raises(PermissionDenied):
        app.negativations.history(blind, made.id)


def test_removal_queue_is_ordered_by_deadline(app: AppFixture) -> None:
    by_person, by_payment, by_court = [app.included(each) for each in ("i1", "i2", "i3")]
    app.paid("i2")
    app.negativations.delete(ANA, by_person.id)
    app.negativations.delete(ANA, by_court.id, reason=RemovalReason.COURT_ORDER)
    queue = app.negativations.list(ANA, NegativationFilter(in_removal_queue=True)).items
    assert [one.id for one in queue] == [by_court.id, by_person.id, by_payment.id]
    assert [due.negativation_id for due in app.transmissions.due(10)] == [by_court.id, by_person.id, by_payment.id]


def test_today_is_given_for_each_visible_creditor(app: AppFixture) -> None:
    assert app.negativations.today(ANA) == {"1": TODAY}


def down(empty_app: AppFixture) -> None:
    def unreachable(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu. Tente de novo.")

    empty_app.erp.before = unreachable
