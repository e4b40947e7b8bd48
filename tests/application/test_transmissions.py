"""Transmissions: claimed with the doubt written down, called outside any transaction, answered under a fence."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.integrations import IntegrationSettings
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.breaker import CREDENTIALS_PAUSE
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    ConfigurationError,
    Conflict,
    CredentialsRejected,
    HostUnavailable,
    InvalidInput,
    NoCredit,
    NotFound,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Refused,
)
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Action, Desired, Observed, Status, status
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalPolicy, Trigger
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.testing.fakes import FakeBureau
from tests.application.desk import ANA, CNPJ_WITH_LETTERS, TODAY, Desk, together

if TYPE_CHECKING:
    from credit_protection.application.transmissions import Performed
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.storage import Storage

QUIET = Capabilities(Registry.SPC).quiet_period
LEASE = Capabilities(Registry.SPC).lease
LOST = OutcomeUnknown("A resposta se perdeu.")
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process dies: nothing of ours runs any more."""


def die_after(desk: Desk, operation: str) -> None:
    """The worker dies when the bureau has done this, before the answer is stored."""

    def die(done: str) -> None:
        if done == operation:
            desk.bureau.after = lambda _: None
            raise Killed

    desk.bureau.after = die


def meanwhile(desk: Desk, operation: str, act: object) -> None:
    """Something happens while the bureau is about this call."""

    def happen(done: str) -> None:
        if done == operation:
            desk.bureau.after = lambda _: None
            act()  # type: ignore[operator] # a function without arguments

    desk.bureau.after = happen


def action_of(desk: Desk, negativation: Negativation) -> Action:
    return desk.get(negativation).transmission.action


def performed(desk: Desk, negativation: Negativation, worker: str = "w1") -> Performed:
    done = desk.perform(negativation, worker)
    assert done is not None
    return done


# ------------------------------------------------------------------------------------------------ a whole life


def test_a_life_at_a_bureau_that_answers_later(shop: Desk) -> None:
    made = shop.negativate("i1")
    assert performed(shop, made).action is Action.INCLUDE
    assert shop.get(made).observed is Observed.INCLUDING
    shop.bureau.settle()
    shop.later(MINUTE)
    assert performed(shop, made).action is Action.POLL
    held = shop.get(made)
    assert (held.observed, held.bureau_id, held.transmission.is_open) == (Observed.PRESENT, "B1", False)
    assert status(held, TODAY) is Status.NOTICE

    shop.paid("i1")
    assert performed(shop, made).action is Action.REMOVE
    assert shop.get(made).observed is Observed.REMOVING
    shop.bureau.settle()
    shop.later(MINUTE)
    assert performed(shop, made).action is Action.POLL
    assert status(shop.get(made), TODAY) is Status.REMOVED
    assert shop.happened(made) == [
        "created",
        "claimed",
        "inclusion_accepted",
        "claimed",
        "included",
        "removal_wanted",
        "claimed",
        "removal_accepted",
        "claimed",
        "removed",
    ]
    assert shop.perform(made) is None
    assert not shop.bureau.standing()


def test_a_life_at_a_bureau_that_answers_at_once(storage: Storage) -> None:
    shop = Desk(storage, FakeBureau(synchronous=True))
    shop.register()
    made = shop.negativate("i1")
    assert performed(shop, made).negativation.observed is Observed.PRESENT
    shop.paid("i1")
    assert performed(shop, made).negativation.observed is Observed.GONE
    assert shop.bureau.calls == ["products", "include", "remove"]


def test_the_order_says_who_owes_what_to_whom(shop: Desk) -> None:
    made = shop.included("i1")
    (record,) = shop.bureau.records
    order = record.order
    assert (order.name, order.document.value, order.creditor) == (
        "MARIA DE EXEMPLO",
        "90010020055",
        shop.erp.creditor.document,
    )
    assert (order.amount, order.due_date, order.reference) == (made.amount, made.due_date, made.reference)


def test_a_refused_inclusion_is_closed_with_the_bureaus_words(shop: Desk) -> None:
    made = shop.negativate("i1")
    shop.bureau.fail_next("include", Refused("CPF não encontrado na Receita.", code="E42"))
    assert performed(shop, made).negativation.observed is Observed.REJECTED
    refused = shop.get(made)
    assert (refused.rejection, refused.is_closed) == ("E42: CPF não encontrado na Receita.", True)
    assert status(refused, TODAY) is Status.REFUSED
    shop.negativate("i1")  # asking anew makes a new one


def test_what_is_not_there_is_told_apart_from_what_is_not_due(shop: Desk) -> None:
    with pytest.raises(NotFound):
        shop.transmissions.perform("none", "w1")
    made = shop.negativate("i1")
    performed(shop, made)
    assert shop.perform(made) is None  # its poll is not due yet
    assert shop.transmissions.next_due_at() == shop.get(made).transmission.due_at


def test_after_an_answer_workers_are_woken_for_the_next_step(shop: Desk) -> None:
    made = shop.negativate("i1")
    shop.queue.woken.clear()
    performed(shop, made)
    assert shop.queue.woken == [made.id]
    assert shop.queue.instants[-1] == shop.get(made).transmission.due_at


# ------------------------------------------------------------------------------------------------ rule 7


def test_who_paid_while_the_batch_ran_is_cancelled_before_sending(shop: Desk) -> None:
    made = shop.negativate("i1")
    with shop.storage.unit() as unit:  # recorded, not yet applied
        unit.settlements.record(shop.erp.code, shop.erp.pay("i1", TODAY), shop.clock.now())
        unit.commit()
    assert performed(shop, made).action is None
    assert shop.get(made).triggers[0].cause is RemovalCause.SETTLEMENT
    assert status(shop.get(made), TODAY) is Status.CANCELLED
    assert "include" not in shop.bureau.calls


@pytest.mark.parametrize("wrong", ["paid", "held", "terminated document", "gone", "part paid", "another document"])
def test_all_guards_run_again_at_the_claim_on_what_the_erp_says_then(shop: Desk, wrong: str) -> None:
    made = shop.negativate("i1")
    match wrong:
        case "paid":
            shop.erp.cease("i1", InvoiceStatus.PAID, TODAY)
        case "held":
            shop.erp.held["c1"] = "contestação"
        case "terminated document":
            shop.erp.clients["c1"] = replace(shop.erp.clients["c1"], document="90010020056")
        case "gone":
            del shop.erp.bills["i1"]
        case "part paid":
            shop.erp.pay("i1", TODAY, Money(10_00))
        case _:  # the ERP mended a document: what was asked for was about another person
            shop.erp.clients["c1"] = replace(shop.erp.clients["c1"], document=CNPJ_WITH_LETTERS, birth_date=None)
            with shop.storage.unit() as unit:
                natures = unit.integrations.natures(shop.integration_id)
                everybody = [replace(nature, person_types=None) for nature in natures]
                unit.integrations.save_natures(shop.integration_id, everybody)
                unit.commit()

    assert performed(shop, made).action is None
    cancelled = shop.get(made)
    assert status(cancelled, TODAY) is Status.CANCELLED
    (trigger,) = cancelled.triggers
    assert trigger.cause is RemovalCause.GUARD
    assert trigger.note.endswith(".")
    assert shop.negativations.history(ANA, made.id)[-2].cause == trigger.note  # the history says why
    assert "include" not in shop.bureau.calls


def test_an_erp_that_is_down_postpones_and_loses_nothing(shop: Desk) -> None:
    made = shop.negativate("i1")

    def down(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu.")

    shop.erp.before = down
    assert shop.perform(made) is None
    waiting = shop.get(made)
    assert (waiting.transmission.last_error, waiting.inclusion_claims) == ("erp_indisponivel", 0)
    assert waiting.transmission.due_at == shop.clock.now() + MINUTE
    assert not shop.transmissions.due(10)
    shop.erp.before = lambda _: None
    assert shop.work(made).observed is Observed.PRESENT


def test_removals_need_no_erp(shop: Desk) -> None:
    held = shop.included("i1")
    shop.paid("i1")

    def down(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu.")

    shop.erp.before = down
    assert shop.work(held).observed is Observed.GONE


def test_a_slow_erp_does_not_eat_the_lease_nor_the_quiet_period(shop: Desk) -> None:
    made = shop.negativate("i1")
    shop.erp.before = lambda reading: shop.later(2 * LEASE) if reading == "standings" else None
    shop.bureau.fail_next("include", LOST)
    performed(shop, made)
    doubted = shop.get(made)
    assert doubted.observed_since == shop.clock.now()
    assert doubted.unanswered_inclusions is not None
    assert doubted.unanswered_inclusions.quiet_until == shop.clock.now() + QUIET


# ------------------------------------------------------------------------------------------------ rule 6


def test_the_doubt_is_stored_before_a_byte_is_sent(shop: Desk) -> None:
    made = shop.negativate("i1")
    seen: list[Observed] = []
    shop.bureau.before = lambda operation: seen.append(shop.get(made).observed) if operation == "include" else None
    performed(shop, made)
    assert seen == [Observed.IN_DOUBT_INCLUDE]


@pytest.mark.parametrize("lost", [LOST, ProtocolError("Não entendi."), BureauError("De um gateway que não diz mais.")])
def test_a_lost_answer_is_asked_for_and_never_included_twice(shop: Desk, lost: BureauError) -> None:
    made = shop.negativate("i1")
    shop.bureau.fail_next("include", lost, executed=True)
    done = performed(shop, made)
    assert done.error is lost
    assert (done.negativation.observed, action_of(shop, made)) == (Observed.IN_DOUBT_INCLUDE, Action.LOOK_UP)
    assert shop.work(made).observed is Observed.PRESENT
    assert shop.bureau.calls.count("include") == 1
    assert len(shop.bureau.records) == 1


def test_not_found_counts_only_after_the_quiet_period_and_then_it_is_sent_again(shop: Desk) -> None:
    made = shop.negativate("i1")
    claimed_at = shop.clock.now()
    shop.bureau.fail_next("include", LOST)
    performed(shop, made)
    while shop.clock.now() < claimed_at + QUIET:
        shop.clock.advance(max(shop.get(made).transmission.due_at - shop.clock.now(), timedelta(0)))
        assert performed(shop, made).action is Action.LOOK_UP
        assert shop.bureau.calls.count("include") == 1
    assert action_of(shop, made) is Action.INCLUDE
    assert shop.work(made).observed is Observed.PRESENT
    assert shop.bureau.calls.count("include") == 2
    assert len(shop.bureau.records) == 1


def test_a_lost_removal_is_asked_for_too(shop: Desk) -> None:
    held = shop.included("i1")
    shop.paid("i1")
    shop.bureau.fail_next("remove", LOST, executed=True)
    performed(shop, held)
    assert shop.get(held).observed is Observed.IN_DOUBT_REMOVE
    assert shop.work(held).observed is Observed.GONE
    assert not shop.bureau.standing()


def test_a_dead_workers_lease_is_let_go_of_once_and_the_bureau_is_asked(shop: Desk) -> None:
    made = shop.negativate("i1")
    die_after(shop, "include")
    with pytest.raises(Killed):
        shop.perform(made)
    assert shop.transmissions.sweep() == 0
    assert shop.perform(made, "w2") is None  # still held
    shop.later(LEASE)
    assert shop.transmissions.next_due_at() is not None
    assert shop.transmissions.sweep() == 1
    assert shop.transmissions.sweep() == 0
    assert action_of(shop, made) is Action.LOOK_UP
    assert shop.happened(made)[-1] == "lease_expired"
    assert shop.work(made).observed is Observed.PRESENT
    assert shop.bureau.calls.count("include") == 1


def test_a_worker_that_comes_before_the_sweep_asks_the_bureau_too_and_includes_nothing(shop: Desk) -> None:
    made = shop.negativate("i1")
    die_after(shop, "include")
    with pytest.raises(Killed):
        shop.perform(made)
    shop.later(LEASE)
    assert [due.negativation_id for due in shop.transmissions.due(10)] == [made.id]
    shop.perform(made, "w2")
    assert shop.work(made).observed is Observed.PRESENT
    assert shop.bureau.calls.count("include") == 1


def test_a_worker_that_finds_a_dead_ones_hold_does_not_take_over_its_call(shop: Desk) -> None:
    made = shop.negativate("i1")
    die_after(shop, "include")
    with pytest.raises(Killed):
        shop.perform(made)
    shop.later(LEASE)
    with shop.storage.unit() as unit:  # recorded, and decided upon at the claim only
        unit.settlements.record(shop.erp.code, shop.erp.pay("i1", TODAY), shop.clock.now())
        unit.commit()
    assert performed(shop, made, "w2").action is Action.LOOK_UP
    shop.payments.apply()
    assert shop.work(made).observed is Observed.GONE
    assert shop.bureau.calls.count("include") == 1
    assert not shop.bureau.standing()


def test_an_answer_that_comes_too_late_is_kept_as_evidence_and_looked_into(shop: Desk) -> None:
    made = shop.negativate("i1")

    def be_slow() -> None:
        shop.later(LEASE)
        assert shop.transmissions.sweep() == 1

    meanwhile(shop, "include", be_slow)
    performed(shop, made)
    assert shop.happened(made)[-1] == "late_answer"
    assert shop.get(made).observed is Observed.IN_DOUBT_INCLUDE
    assert shop.work(made).observed is Observed.PRESENT
    assert shop.bureau.calls.count("include") == 1


def test_a_late_answer_does_not_touch_the_hold_of_who_came_after(shop: Desk) -> None:
    made = shop.negativate("i1")
    second: list[object] = []

    def be_overtaken() -> None:
        shop.later(LEASE)
        shop.transmissions.sweep()
        second.append(performed(shop, made, "w2"))

    meanwhile(shop, "include", be_overtaken)
    performed(shop, made)
    assert len(second) == 1
    assert shop.work(made).observed is Observed.PRESENT
    assert shop.bureau.calls.count("include") == 1


# ------------------------------------------------------------------------------------------------ failures


def test_an_unavailable_bureau_is_tried_again_with_growing_waits(shop: Desk) -> None:
    made = shop.negativate("i1")
    waits: list[timedelta] = []
    for _ in range(3):
        shop.bureau.fail_next("include", BureauUnavailable("Fora do ar."))
        performed(shop, made)
        waits.append(shop.get(made).transmission.due_at - shop.clock.now())
        shop.later(waits[-1])
    assert waits == sorted(set(waits))
    assert shop.work(made).observed is Observed.PRESENT
    assert len(shop.bureau.records) == 1


def test_refused_credentials_pause_the_integration_once_and_call_for_a_person(shop: Desk) -> None:
    first, second = shop.negativate("i1"), shop.negativate("i2")
    both_are_on_their_way = threading.Barrier(2)

    def wait_for_the_other(_: str) -> None:
        both_are_on_their_way.wait()

    shop.bureau.before = wait_for_the_other
    for _ in range(2):
        shop.bureau.fail_next("include", CredentialsRejected("O birô recusou a senha."))
    done = together(2, lambda number: performed(shop, (first, second)[number]).error)
    assert [type(error) for error in done] == [CredentialsRejected] * 2
    shop.bureau.before = lambda _: None
    paused = shop.integrations.get(ANA, shop.integration_id)
    assert paused.paused_until == shop.clock.now() + CREDENTIALS_PAUSE
    assert paused.pause_reason == "O birô recusou a senha."
    assert not shop.transmissions.due(10)
    calls = len(shop.bureau.calls)
    shop.later(MINUTE)
    assert shop.perform(first) is shop.perform(second) is None
    assert len(shop.bureau.calls) == calls
    assert shop.transmissions.next_due_at() == paused.paused_until

    shop.integrations.test(ANA, shop.integration_id)  # a person mended it
    assert {shop.work(one).observed for one in (first, second)} == {Observed.PRESENT}


def test_a_pause_that_somebody_else_wrote_first_is_enough(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = shop.negativate("i1")
    with shop.storage.reading() as unit:
        repository = type(unit.integrations)

    def overtaken(_: object, integration: Integration) -> None:
        raise Conflict(f"{integration.description} mudou enquanto isso.")

    monkeypatch.setattr(repository, "save", overtaken)
    shop.bureau.fail_next("include", CredentialsRejected("O birô recusou a senha."))
    assert performed(shop, made).negativation.observed is Observed.ABSENT
    assert [event.kind.value for event in shop.listeners.events][-1] == "not_executed"


def test_a_bureau_that_asks_for_calm_is_obeyed(shop: Desk) -> None:
    first, second = shop.negativate("i1"), shop.negativate("i2")
    calm = shop.clock.now() + timedelta(minutes=7)
    shop.bureau.fail_next("include", RateLimited("Devagar.", retry_at=calm))
    performed(shop, first)
    assert shop.integrations.get(ANA, shop.integration_id).paused_until == calm
    assert shop.perform(second) is None
    shop.later(timedelta(minutes=7))
    assert {shop.work(one).observed for one in (first, second)} == {Observed.PRESENT}


def test_a_shorter_pause_does_not_end_a_longer_one(shop: Desk) -> None:
    first, second = shop.negativate("i1"), shop.negativate("i2")
    soon = shop.clock.now() + MINUTE

    def while_it_is_called() -> None:
        shop.bureau.fail_next("include", CredentialsRejected("O birô recusou a senha."))
        performed(shop, second)

    meanwhile(shop, "include", while_it_is_called)
    shop.bureau.fail_next("include", RateLimited("Devagar.", retry_at=soon), executed=True)
    performed(shop, first)
    assert shop.integrations.get(ANA, shop.integration_id).paused_until == shop.clock.now() + CREDENTIALS_PAUSE


def test_no_credit_waits_for_a_person(shop: Desk) -> None:
    made = shop.negativate("i1")
    shop.bureau.fail_next("include", NoCredit("Sem crédito no birô. Recarregue."))
    performed(shop, made)
    waiting = shop.get(made)
    assert waiting.transmission.block is not None
    assert waiting.transmission.block.message == "Sem crédito no birô. Recarregue."
    assert status(waiting, TODAY) is Status.NEEDS_PERSON
    assert not shop.transmissions.due(10)
    shop.negativations.resume(ANA, made.id)
    assert shop.work(made).observed is Observed.PRESENT


def test_a_refused_removal_waits_for_a_person_and_its_deadline_goes_on(shop: Desk) -> None:
    held = shop.included("i1")
    shop.paid("i1")
    shop.bureau.fail_next("remove", Refused("Registro bloqueado por ordem judicial."))
    performed(shop, held)
    blocked = shop.get(held)
    assert (blocked.observed, blocked.desired) == (Observed.PRESENT, Desired.REMOVED)
    assert blocked.transmission.block is not None
    assert "ordem judicial" in blocked.transmission.block.message
    assert blocked.transmission.is_open
    assert blocked.transmission.deadline == date(2026, 12, 1)
    assert shop.happened(held)[-2:] == ["removal_refused", "needs_person"]
    shop.negativations.resume(ANA, held.id)
    assert shop.work(held).observed is Observed.GONE


def test_a_removal_that_the_bureau_refuses_later_waits_for_a_person_too(shop: Desk) -> None:
    held = shop.included("i1")
    shop.paid("i1")
    performed(shop, held)
    shop.bureau.records[0].state = RecordState.REMOVAL_REFUSED
    shop.later(MINUTE)
    performed(shop, held)
    assert status(shop.get(held), TODAY) is Status.NEEDS_PERSON


def test_a_failed_look_up_learns_nothing_and_is_made_again(shop: Desk) -> None:
    made = shop.negativate("i1")
    shop.bureau.fail_next("include", LOST, executed=True)
    performed(shop, made)
    for error in (BureauUnavailable("Fora do ar."), ProtocolError("Não entendi."), Refused("Não quero.")):
        shop.bureau.fail_next("find", error)
        shop.clock.advance(shop.get(made).transmission.due_at - shop.clock.now())
        assert performed(shop, made).error is error
        assert (shop.get(made).observed, action_of(shop, made)) == (Observed.IN_DOUBT_INCLUDE, Action.LOOK_UP)
    assert shop.work(made).observed is Observed.PRESENT


def test_an_error_that_nobody_foresaw_leaves_the_doubt_and_is_looked_into(
    shop: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    made = shop.negativate("i1")

    def bug(operation: str) -> None:
        if operation == "include":
            shop.bureau.after = lambda _: None
            raise ZeroDivisionError

    shop.bureau.after = bug
    done = performed(shop, made)
    assert isinstance(done.error, ProtocolError)
    assert "ZeroDivisionError" in caplog.text
    assert (done.negativation.observed, done.negativation.transmission.claim) == (Observed.IN_DOUBT_INCLUDE, None)
    assert shop.work(made).observed is Observed.PRESENT
    assert shop.bureau.calls.count("include") == 1


def test_what_can_not_be_sent_waits_for_a_person_and_is_known_not_to_have_gone_out(shop: Desk) -> None:
    held = shop.included("i1")
    shop.paid("i1")
    elsewhere = Desk(shop.storage, shop.bureau, shop.erp, shop.clock)  # another process, which lost the key

    def lost_key(sealed: str) -> str:
        assert sealed
        raise ConfigurationError("A chave de cifragem mudou.")

    elsewhere.tenant.vault.open = lost_key  # type: ignore[method-assign] # lost
    elsewhere.perform(held)
    waiting = shop.get(held)
    assert waiting.observed is Observed.PRESENT
    assert waiting.transmission.block is not None
    assert waiting.transmission.block.message == "A chave de cifragem mudou."
    assert "remove" not in shop.bureau.calls
    shop.negativations.resume(ANA, held.id)
    assert shop.work(held).observed is Observed.GONE


# ------------------------------------------------------------------------------------------------ poison


def test_a_row_that_can_not_be_claimed_waits_and_leaves_the_way_free(shop: Desk) -> None:
    sick = shop.negativate("i1")
    shop.uninstall_gateway()
    shop.register(description="Outra conta")
    sound = shop.negativate("i2")
    with pytest.raises(InvalidInput, match="uninstalled"):
        shop.perform(sick)
    assert [due.negativation_id for due in shop.transmissions.due(10)] == [sound.id]
    assert shop.get(sick).transmission.last_error == "erro_inesperado"
    assert shop.work(sound).observed is Observed.PRESENT


def test_a_dead_workers_row_that_can_not_be_claimed_waits_too(shop: Desk) -> None:
    sick = shop.negativate("i1")
    die_after(shop, "include")
    with pytest.raises(Killed):
        shop.perform(sick)
    shop.uninstall_gateway()
    shop.later(LEASE)
    with pytest.raises(InvalidInput):
        shop.perform(sick)
    assert not shop.transmissions.due(10)
    shop.later(MINUTE)
    assert [due.negativation_id for due in shop.transmissions.due(10)] == [sick.id]


def test_a_row_that_the_sweep_can_not_let_go_of_does_not_keep_the_others(
    shop: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def held_by_a_dead_worker(invoice_id: str) -> Negativation:
        made = shop.negativate(invoice_id)
        die_after(shop, "include")
        with pytest.raises(Killed):
            shop.perform(made)
        return made

    sick = held_by_a_dead_worker("i1")
    shop.uninstall_gateway()
    shop.register(description="Outra conta")
    sound = held_by_a_dead_worker("i2")
    shop.later(LEASE)
    assert shop.sweep.run().let_go == 1
    assert sick.id in caplog.text
    assert action_of(shop, sound) is Action.LOOK_UP


# ------------------------------------------------------------------------------------------------ payments on the way


def test_a_payment_during_the_inclusion_removes_what_it_became(shop: Desk) -> None:
    made = shop.negativate("i1")
    meanwhile(shop, "include", lambda: shop.paid("i1"))
    performed(shop, made)
    turned = shop.get(made)
    assert (turned.desired, turned.observed) == (Desired.REMOVED, Observed.INCLUDING)
    assert shop.work(made).observed is Observed.GONE
    assert not shop.bureau.standing()
    assert shop.bureau.orders[0].reason is RemovalReason.PAYMENT


def test_a_removal_that_comes_while_the_inclusion_is_processed_waits_for_it(storage: Storage) -> None:
    shop = Desk(storage)
    shop.register()
    held = shop.included("i1")
    shop.bureau.records[0].state = RecordState.INCLUDING  # the bureau takes its time though it showed the record
    shop.paid("i1")
    performed(shop, held)
    waiting = shop.get(held)
    assert (waiting.observed, waiting.transmission.action) == (Observed.INCLUDING, Action.POLL)
    assert shop.work(held).observed is Observed.GONE


def test_an_inclusion_that_is_refused_after_the_payment_closes(shop: Desk) -> None:
    made = shop.negativate("i1")
    performed(shop, made)
    shop.paid("i1")
    shop.bureau.records[0].state = RecordState.REJECTED
    assert shop.work(made).observed is Observed.REJECTED
    assert not shop.get(made).transmission.is_open
    assert "remove" not in shop.bureau.calls


# ------------------------------------------------------------------------------------------------ many workers


def test_a_hundred_workers_on_one_inclusion_make_one_call(everywhere: Desk) -> None:
    shop = everywhere
    made = shop.negativate("i1")
    outcomes = together(100, lambda number: shop.perform(made, f"w{number}"))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert len([outcome for outcome in outcomes if outcome is not None]) == 1
    assert shop.bureau.calls.count("include") == 1
    assert shop.happened(made).count("claimed") == 1


def test_a_hundred_workers_of_many_processes_on_one_removal_make_one_call(everywhere: Desk) -> None:
    shop = everywhere
    made = shop.included("i1")
    shop.paid("i1")
    processes = [Transmissions(shop.tenant) for _ in range(10)]  # nothing in memory that they share but the rows
    outcomes = together(100, lambda number: processes[number % 10].perform(made.id, f"w{number}"))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert len([outcome for outcome in outcomes if outcome is not None]) == 1
    assert shop.bureau.calls.count("remove") == 1


def test_many_workers_bring_many_negativations_through_without_a_call_too_many(everywhere: Desk) -> None:
    desk = everywhere
    for number in range(12):
        desk.erp.bill(f"b{number}", "c1", date(2026, 10, 5))
    made = desk.negativations.create(ANA, desk.asked(*(f"b{number}" for number in range(12))))

    def worker(number: int) -> None:
        for due in desk.transmissions.due(50):
            desk.transmissions.perform(due.negativation_id, f"w{number}")

    assert together(8, worker) == [None] * 8
    assert desk.bureau.calls.count("include") == len(made) == len(desk.bureau.records)


def test_a_worker_that_is_overtaken_while_it_reads_the_erp_sends_nothing(shop: Desk) -> None:
    made = shop.negativate("i1")

    def overtake(_: str) -> None:
        shop.erp.before = lambda _: None
        performed(shop, made, "w2")

    shop.erp.before = overtake
    assert shop.perform(made, "w1") is None
    assert shop.bureau.calls.count("include") == 1


def test_a_worker_whose_row_was_deleted_while_it_reads_the_erp_sends_nothing(shop: Desk) -> None:
    made = shop.negativate("i1")

    def delete(_: str) -> None:
        shop.erp.before = lambda _: None
        shop.negativations.delete(ANA, made.id)

    shop.erp.before = delete
    assert shop.perform(made) is None
    assert "include" not in shop.bureau.calls


def test_removals_are_due_before_inclusions(shop: Desk) -> None:
    held = shop.included("i1")
    waiting = shop.negativate("i2")
    shop.later(MINUTE)
    shop.paid("i1")
    assert [due.negativation_id for due in shop.transmissions.due(10)] == [held.id, waiting.id]
    assert len(shop.transmissions.due(1)) == 1


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
def test_the_reason_is_true_at_the_claim(desk: Desk, kinds: dict[str, SettlementKind], reason: RemovalReason) -> None:
    desk.register(IntegrationSettings(grouped=True, removal_policy=RemovalPolicy(Trigger.ANY_INVOICE_PAID)))
    held = desk.included("i1", "i2")
    for invoice_id, kind in kinds.items():
        desk.payments.record(SYSTEM, ceased(invoice_id, kind))
    performed(desk, held)
    assert desk.bureau.orders[0].reason is reason
    assert desk.get(held).removal_reason is reason


def test_what_was_partly_paid_at_first_and_wholly_by_the_claim_says_payment(desk: Desk) -> None:
    desk.register(IntegrationSettings(grouped=True))
    held = desk.included("i1", "i2")
    desk.paid("i1")
    desk.bureau.fail_next("remove", BureauUnavailable("Fora do ar."))
    performed(desk, held)
    assert desk.get(held).removal_reason is RemovalReason.PARTIAL_PAYMENT
    desk.paid("i2")
    assert desk.work(held).removal_reason is RemovalReason.PAYMENT
    assert desk.bureau.orders[-1].reason is RemovalReason.PAYMENT


@pytest.mark.parametrize("reason", [RemovalReason.FRAUD, RemovalReason.COURT_ORDER, None])
def test_a_persons_reason_is_told_where_no_settlement_says_another(shop: Desk, reason: RemovalReason | None) -> None:
    held = shop.included("i1")
    shop.negativations.delete(ANA, held.id, reason=reason)
    performed(shop, held)
    assert shop.bureau.orders[0].reason is (reason or RemovalReason.CREDITOR_REQUEST)


def test_a_payment_after_a_persons_deletion_is_what_the_bureau_is_told(shop: Desk) -> None:
    held = shop.included("i1")
    shop.negativations.delete(ANA, held.id, reason=RemovalReason.OTHER)
    shop.paid("i1")
    performed(shop, held)
    assert shop.bureau.orders[0].reason is RemovalReason.PAYMENT


# ------------------------------------------------------------------------------------------------ the sweep as a whole


def test_one_sweep_finds_whatever_a_process_lost(shop: Desk) -> None:
    claimed, told, untold = [shop.negativate(each) for each in ("i1", "i2", "i3")]
    die_after(shop, "include")
    with pytest.raises(Killed):
        shop.perform(claimed)
    die_after(shop, "query")
    with pytest.raises(Killed):
        shop.query()
    shop.erp.pay("i2", TODAY)
    shop.erp.cease("i3", InvoiceStatus.CANCELLED, TODAY)
    shop.later(timedelta(minutes=11))

    swept = shop.sweep.run()
    assert (swept.let_go, swept.lost_queries, swept.told_by_host, swept.applied) == (1, 1, 2, 2)
    assert {shop.get(one).desired for one in (told, untold)} == {Desired.REMOVED}
    again = shop.sweep.run()
    assert (again.let_go, again.lost_queries, again.told_by_host, again.applied) == (0, 0, 0, 0)


def test_a_host_with_a_fault_of_its_own_does_not_keep_what_was_told_from_being_applied(
    shop: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    held = shop.included("i1")
    with shop.storage.unit() as unit:
        unit.settlements.record(shop.erp.code, shop.erp.pay("i1", TODAY), shop.clock.now())
        unit.commit()

    def faulty(_: str) -> None:
        raise KeyError("vencimento")

    shop.erp.before = faulty
    swept = shop.sweep.run()
    assert (swept.applied, swept.host_failed) == (1, "Erro inesperado ao ler o ERP: KeyError.")
    assert "vencimento" in caplog.text
    assert shop.get(held).desired is Desired.REMOVED


def test_a_database_that_is_gone_is_not_taken_for_an_answer(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = shop.negativate("i1")

    def gone() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(shop.storage, "unit", gone)
    with pytest.raises(sqlite3.OperationalError):
        shop.perform(made)
    assert "include" not in shop.bureau.calls
