"""The breaker at work: a bureau that is down is asked by one call at a time, whatever waits and however many work."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.alarms import Alarms
from credit_protection.application.breakers import Breakers
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.breaker import PAUSES, ROWS_THAT_OPEN, CallState, call_state
from credit_protection.domain.bureau_answers import Rejected
from credit_protection.domain.errors import (
    BureauUnavailable,
    ConfigurationError,
    Conflict,
    HostUnavailable,
    OutcomeUnknown,
    ProtocolError,
)
from credit_protection.domain.negativations import Observed
from tests.application.desk import ANA, DUE, together

if TYPE_CHECKING:
    from credit_protection.domain.errors import BureauError
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.requests import InclusionOrder
    from tests.application.desk import Desk

MANY = 20
HOUR = timedelta(hours=1)
DOWN = BureauUnavailable("O birô não aceitou a conexão a tempo.")
LOST = OutcomeUnknown("O birô não respondeu a tempo.")


def asked(desk: Desk, count: int = MANY) -> list[Negativation]:
    """So many inclusions wait."""
    for number in range(count):
        desk.erp.bill(f"b{number}", "c1", DUE)
    return list(desk.negativations.create(ANA, desk.asked(*(f"b{number}" for number in range(count)))))


def fail(desk: Desk, error: BureauError | None) -> None:
    """Every call fails so; None mends the bureau."""

    def before(_: str) -> None:
        if error is not None:
            raise error

    desk.bureau.before = before


def stored(desk: Desk) -> Integration:
    return desk.integrations.get(ANA, desk.integration_id)


def state(desk: Desk) -> CallState:
    return call_state(stored(desk), desk.clock.now())


def drain(desk: Desk, worker: str = "w1") -> int:
    """Perform all that is due now, once; how many calls were made."""
    before = len(desk.bureau.calls)
    for due in desk.transmissions.due(1000):
        desk.transmissions.perform(due.negativation_id, worker)
    return len(desk.bureau.calls) - before


def until_half_open(desk: Desk) -> None:
    paused = stored(desk).paused_until
    assert paused is not None
    desk.later(paused - desk.clock.now())
    assert state(desk) is CallState.HALF_OPEN


def brought_down(desk: Desk) -> Desk:
    """Many wait, and the bureau went down."""
    asked(desk)
    fail(desk, LOST)
    assert drain(desk) == ROWS_THAT_OPEN
    return desk


@pytest.fixture
def down(shop: Desk) -> Desk:
    return brought_down(shop)


def test_a_bureau_that_is_down_is_not_tried_by_every_row(down: Desk) -> None:
    assert state(down) is CallState.OPEN
    assert not down.transmissions.due(1000)
    assert down.transmissions.next_due_at() == stored(down).paused_until
    untouched = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]
    assert len(untouched) == MANY - ROWS_THAT_OPEN
    assert {one.transmission.attempts for one in untouched} == {0}


def test_one_call_asks_whether_it_is_back_and_the_next_pause_is_longer(down: Desk) -> None:
    for _ in range(3):
        began, pauses = stored(down).paused_until, stored(down).pauses
        assert began is not None
        until_half_open(down)
        assert drain(down) <= ROWS_THAT_OPEN + 1  # those that failed before may ask too, one by one
        assert state(down) is CallState.OPEN
        assert stored(down).pauses == pauses + 1
    assert stored(down).paused_until == down.clock.now() + 8 * PAUSES.first


def test_when_it_is_back_the_first_answer_lets_all_go_on(down: Desk) -> None:
    until_half_open(down)
    fail(down, None)
    down.queue.woken.clear()
    (first, *_) = down.transmissions.due(1000)
    down.transmissions.perform(first.negativation_id, "w1")
    assert state(down) is CallState.CLOSED
    assert stored(down).pause_reason == ""
    assert None in down.queue.woken
    for _ in range(6):
        drain(down)
        down.bureau.settle()
        down.later(HOUR)
    assert {one.observed for one in down.negativations.list(ANA).items} == {Observed.PRESENT}
    assert len(down.bureau.records) == MANY


def test_while_one_asks_the_others_wait_for_it_and_claim_nothing(everywhere: Desk) -> None:
    down = brought_down(everywhere)
    until_half_open(down)
    due = [each.negativation_id for each in down.transmissions.due(1000)]
    before = len(down.bureau.calls)
    others_are_done = threading.Semaphore(0)

    def answer_last(_: str) -> None:
        for _each in range(len(due) - 1):
            assert others_are_done.acquire(timeout=20)

    down.bureau.before = answer_last

    def perform(number: int) -> object:
        done = down.transmissions.perform(due[number], f"w{number}")
        others_are_done.release()
        return done

    outcomes = together(len(due), perform)
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert len(down.bureau.calls) - before == 1
    assert state(down) is CallState.CLOSED


def test_other_processes_see_it(down: Desk) -> None:
    other = Transmissions(down.tenant)
    (waiting, *_) = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]
    assert not other.due(1000)
    assert other.perform(waiting.id, "elsewhere") is None
    until_half_open(down)
    fail(down, None)
    assert other.perform(waiting.id, "elsewhere") is not None
    assert state(down) is CallState.CLOSED


def test_failures_from_many_threads_at_once_open_it(everywhere: Desk) -> None:
    shop = everywhere
    made = asked(shop)
    all_are_on_their_way = threading.Barrier(MANY)

    def before(_: str) -> None:
        all_are_on_their_way.wait(20)
        raise DOWN

    shop.bureau.before = before
    outcomes = together(MANY, lambda number: shop.perform(made[number]))
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert (state(shop), len(stored(shop).failing), stored(shop).pauses) == (CallState.OPEN, ROWS_THAT_OPEN, 1)


def test_the_alarm_stands_while_removals_wait_behind_it(shop: Desk) -> None:
    held = [shop.work(each) for each in asked(shop, ROWS_THAT_OPEN)]
    for number in range(len(held)):
        shop.paid(f"b{number}")
    fail(shop, DOWN)
    drain(shop)
    assert state(shop) is CallState.OPEN
    assert AlarmCode.INTEGRATION_PAUSED not in {each.code for each in Alarms(shop.tenant).check(ANA)}
    shop.later(timedelta(minutes=11))
    (alarm,) = [each for each in Alarms(shop.tenant).check(ANA) if each.code is AlarmCode.INTEGRATION_PAUSED]
    assert "O birô não responde" in alarm.message
    assert alarm.count == len(held)


# ------------------------------------------------------------------------------------------------ what pauses nobody


def writes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Integration]:
    """What is stored of integrations from now on."""
    with desk.storage.reading() as unit:
        repository = type(unit.integrations)
    real, kept = repository.save, []

    def save(self: object, integration: Integration) -> None:
        kept.append(integration)
        real(self, integration)  # type: ignore[arg-type] # whichever repository it is

    monkeypatch.setattr(repository, "save", save)
    return kept


def test_while_all_is_well_nothing_is_written(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = writes(shop, monkeypatch)
    for each in asked(shop):
        shop.work(each)
    assert saved == []


def test_a_failure_is_written_once_and_an_answer_clears_it(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = asked(shop, 3)
    saved = writes(shop, monkeypatch)
    shop.bureau.fail_next("include", DOWN)
    shop.perform(first)
    assert stored(shop).failing == (first.id,)
    shop.perform(second)
    assert stored(shop).failing == ()
    shop.perform(third)
    assert len(saved) == 2


@pytest.mark.parametrize("error", [ProtocolError("Não entendido."), DOWN, LOST])
def test_a_row_that_always_fails_holds_up_nobody(shop: Desk, error: BureauError) -> None:
    poison, *others = asked(shop)
    for _ in range(3 * ROWS_THAT_OPEN):
        fail(shop, error)
        assert shop.perform(poison) is not None
        fail(shop, None)
        shop.later(HOUR)
        assert state(shop) is CallState.CLOSED
    assert {shop.work(each).observed for each in others} == {Observed.PRESENT}


def test_refusals_pause_nobody(shop: Desk) -> None:
    for number in range(MANY):
        shop.erp.bill(f"b{number}", "c2", DUE)
    made = shop.negativations.create(
        ANA, shop.asked(*(f"b{number}" for number in range(MANY)), customer_id="c2", nature="OUT")
    )

    def refuse(order: InclusionOrder) -> Rejected:
        return Rejected("RECUSADO", f"{order.reference} recusada")

    shop.bureau.include = refuse  # type: ignore[method-assign] # everybody
    drain(shop)
    assert {shop.get(each).observed for each in made} == {Observed.REJECTED}
    assert state(shop) is CallState.CLOSED


# ------------------------------------------------------------------------------------------------ who asks in vain


def test_who_was_to_ask_and_made_no_call_lets_the_next_ask(down: Desk) -> None:
    until_half_open(down)
    untouched = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]

    def is_down(_: str) -> None:
        raise HostUnavailable("O ERP não respondeu.")

    down.erp.before = is_down
    assert down.perform(untouched[0]) is None  # the host is read before an inclusion
    assert state(down) is CallState.HALF_OPEN
    down.erp.before = lambda _: None
    fail(down, None)
    assert down.perform(untouched[1]) is not None
    assert state(down) is CallState.CLOSED


def test_a_fault_of_our_own_says_nothing_about_the_bureau(down: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    until_half_open(down)
    (waiting, *_) = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]

    def no_key(*_: object) -> None:
        raise ConfigurationError("A chave mestra mudou.")

    monkeypatch.setattr(type(down.tenant.gateways), "of", no_key)
    assert down.perform(waiting) is not None
    assert state(down) is CallState.HALF_OPEN
    assert stored(down).failing


def test_where_the_process_that_asked_died_another_asks_later(down: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    until_half_open(down)

    class Killed(BaseException):
        """Nothing of ours runs any more."""

    def die(_: str) -> None:
        raise Killed

    down.bureau.before = die
    first, second = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT][:2]
    monkeypatch.setattr(Breakers, "_hand_on", lambda *_: None)
    with pytest.raises(Killed):
        down.perform(first)
    monkeypatch.undo()
    fail(down, None)
    assert down.perform(second) is None
    assert not down.transmissions.due(1000)
    down.later(down.bureau.capabilities.lease)
    assert down.perform(second) is not None
    assert state(down) is CallState.CLOSED


def test_a_probe_that_can_not_be_given_back_ends_by_itself(
    down: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    until_half_open(down)
    (waiting, *_) = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]

    def is_down(_: str) -> None:
        monkeypatch.setattr(type(down.storage), "reading", lambda _: 1 / 0)
        raise HostUnavailable("O ERP não respondeu.")

    down.erp.before = is_down
    assert down.perform(waiting) is None
    monkeypatch.undo()
    assert "was not given back" in caplog.text
    assert state(down) is CallState.OPEN
    down.later(down.bureau.capabilities.lease)
    assert state(down) is CallState.HALF_OPEN


# ------------------------------------------------------------------------------------------------ who mends it


def test_a_person_who_tests_with_success_opens_the_way(down: Desk) -> None:
    fail(down, None)
    down.integrations.test(ANA, down.integration_id)
    assert (state(down), stored(down).failing, stored(down).pauses) == (CallState.CLOSED, (), 0)
    assert drain(down) > 1


def test_a_test_that_fails_leaves_it_as_it_is(down: Desk) -> None:
    before = stored(down)

    def try_it() -> None:
        down.integrations.test(ANA, down.integration_id)

    with pytest.raises(OutcomeUnknown):
        try_it()
    assert stored(down) == before


def test_a_person_who_edits_the_parameters_opens_the_way(down: Desk) -> None:
    down.integrations.edit(ANA, down.integration_id, parameters={"user": "outro"})
    assert (state(down), stored(down).failing, stored(down).pauses) == (CallState.CLOSED, (), 0)


def test_who_is_always_overtaken_lets_it_go_and_loses_no_answer(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_ = asked(shop, 2)
    with shop.storage.reading() as unit:
        repository = type(unit.integrations)
    tried: list[str] = []

    def overtaken(_: object, integration: Integration) -> None:
        tried.append(integration.id)
        raise Conflict("Mudou enquanto isso.")

    monkeypatch.setattr(repository, "save", overtaken)
    shop.bureau.fail_next("include", DOWN)
    done = shop.perform(first)
    assert done is not None
    assert done.error is DOWN
    assert 1 < len(tried) < 10
    assert (state(shop), shop.happened(first)[-1]) == (CallState.CLOSED, "not_executed")
