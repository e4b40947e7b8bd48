"""The circuit breaker at work: one call at a time probes a bureau that is down, over all threads and processes."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.admission_control import CircuitBreaker
from credit_protection.application.alarms import Alarms
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.breaker import FAILURE_THRESHOLD, OPEN_BACKOFF, CallState, call_state
from credit_protection.domain.bureau_answers import Rejected
from credit_protection.domain.errors import (
    BureauUnavailable,
    ConfigurationError,
    Conflict,
    HostUnavailable,
    OutcomeUnknown,
    ProtocolError,
)
from credit_protection.domain.state_table import Observed
from tests.application.app import ANA, DUE, run_concurrently

if TYPE_CHECKING:
    from credit_protection.domain.errors import BureauError
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.requests import InclusionOrder
    from tests.application.app import AppFixture

MANY = 20
HOUR = timedelta(hours=1)
DOWN = BureauUnavailable("O birô não aceitou a conexão a tempo.")
LOST = OutcomeUnknown("O birô não respondeu a tempo.")


def pending(app: AppFixture, count: int = MANY) -> list[Negativation]:
    """Pending inclusions."""
    for number in range(count):
        app.erp.add_invoice(f"b{number}", "c1", DUE)
    return list(app.negativations.create(ANA, app.request(*(f"b{number}" for number in range(count)))))


def fail(app: AppFixture, error: BureauError | None) -> None:
    """Every call raises this error; None repairs the bureau."""

    def before(_: str) -> None:
        if error is not None:
            raise error

    app.bureau.before = before


def stored(app: AppFixture) -> Integration:
    return app.integrations.get(ANA, app.integration_id)


def state(app: AppFixture) -> CallState:
    return call_state(stored(app), app.clock.now())


def drain(app: AppFixture, worker: str = "w1") -> int:
    """Perform all due transmissions once; returns how many calls were made."""
    before = len(app.bureau.calls)
    for due in app.transmissions.due(1000):
        app.transmissions.perform(due.negativation_id, worker)
    return len(app.bureau.calls) - before


def until_half_open(app: AppFixture) -> None:
    paused = stored(app).paused_until
    assert paused is not None
    app.later(paused - app.clock.now())
    assert state(app) is CallState.HALF_OPEN


def brought_down(app: AppFixture) -> AppFixture:
    """Many inclusions are pending, and the bureau is down."""
    pending(app)
    fail(app, LOST)
    assert drain(app) == FAILURE_THRESHOLD
    return app


@pytest.fixture
def down(app: AppFixture) -> AppFixture:
    return brought_down(app)


def test_open_breaker_keeps_the_remaining_rows_from_being_sent(down: AppFixture) -> None:
    assert state(down) is CallState.OPEN
    assert not down.transmissions.due(1000)
    assert down.transmissions.next_due_at() == stored(down).paused_until
    untouched = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]
    assert len(untouched) == MANY - FAILURE_THRESHOLD
    assert {one.transmission.attempts for one in untouched} == {0}


def test_failed_probe_makes_the_next_pause_longer(down: AppFixture) -> None:
    for _ in range(3):
        began, pauses = stored(down).paused_until, stored(down).consecutive_pauses
        assert began is not None
        until_half_open(down)
        assert drain(down) <= FAILURE_THRESHOLD + 1  # rows that failed before may probe too, one by one
        assert state(down) is CallState.OPEN
        assert stored(down).consecutive_pauses == pauses + 1
    assert stored(down).paused_until == down.clock.now() + 8 * OPEN_BACKOFF.first


def test_first_answer_closes_the_breaker_for_all_rows(down: AppFixture) -> None:
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
        down.bureau.process_pending()
        down.later(HOUR)
    assert {one.observed for one in down.negativations.list(ANA).items} == {Observed.PRESENT}
    assert len(down.bureau.records) == MANY


def test_only_the_probe_is_sent_while_the_breaker_is_half_open(app_on_any_storage: AppFixture) -> None:
    down = brought_down(app_on_any_storage)
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

    outcomes = run_concurrently(len(due), perform)
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert len(down.bureau.calls) - before == 1
    assert state(down) is CallState.CLOSED


def test_other_processes_see_the_open_breaker(down: AppFixture) -> None:
    other = Transmissions(down.ports)
    (waiting, *_) = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]
    assert not other.due(1000)
    assert other.perform(waiting.id, "elsewhere") is None
    until_half_open(down)
    fail(down, None)
    assert other.perform(waiting.id, "elsewhere") is not None
    assert state(down) is CallState.CLOSED


def test_concurrent_failures_open_the_breaker(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    made = pending(app)
    all_calls_started = threading.Barrier(MANY)

    def before(_: str) -> None:
        all_calls_started.wait(20)
        raise DOWN

    app.bureau.before = before
    outcomes = run_concurrently(MANY, lambda number: app.perform(made[number]))
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert (state(app), len(stored(app).failing_negativation_ids), stored(app).consecutive_pauses) == (
        CallState.OPEN,
        FAILURE_THRESHOLD,
        1,
    )


def test_open_breaker_raises_an_alarm_while_removals_wait(app: AppFixture) -> None:
    included = [app.work(each) for each in pending(app, FAILURE_THRESHOLD)]
    for number in range(len(included)):
        app.paid(f"b{number}")
    fail(app, DOWN)
    drain(app)
    assert state(app) is CallState.OPEN
    assert AlarmCode.INTEGRATION_PAUSED not in {each.code for each in Alarms(app.ports).check(ANA)}
    app.later(timedelta(minutes=11))
    (alarm,) = [each for each in Alarms(app.ports).check(ANA) if each.code is AlarmCode.INTEGRATION_PAUSED]
    assert "O birô não responde" in alarm.message
    assert alarm.count == len(included)


# ------------------------------------------------------------------------------------------------ no pause


def writes(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> list[Integration]:
    """Collects every integration that is saved from now on."""
    with app.storage.read_only() as unit:
        repository = type(unit.integrations)
    real, kept = repository.save, []

    def save(self: object, integration: Integration) -> None:
        kept.append(integration)
        real(self, integration)  # type: ignore[arg-type] # whichever repository it is

    monkeypatch.setattr(repository, "save", save)
    return kept


def test_breaker_writes_nothing_while_the_bureau_answers(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = writes(app, monkeypatch)
    for each in pending(app):
        app.work(each)
    assert saved == []


def test_failure_is_written_once_and_an_answer_clears_it(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = pending(app, 3)
    saved = writes(app, monkeypatch)
    app.bureau.fail_next("include", DOWN)
    app.perform(first)
    assert stored(app).failing_negativation_ids == (first.id,)
    app.perform(second)
    assert stored(app).failing_negativation_ids == ()
    app.perform(third)
    assert len(saved) == 2


@pytest.mark.parametrize("error", [ProtocolError("Não entendido."), DOWN, LOST])
def test_row_that_always_fails_pauses_no_other(app: AppFixture, error: BureauError) -> None:
    failing, *others = pending(app)
    for _ in range(3 * FAILURE_THRESHOLD):
        fail(app, error)
        assert app.perform(failing) is not None
        fail(app, None)
        app.later(HOUR)
        assert state(app) is CallState.CLOSED
    assert {app.work(each).observed for each in others} == {Observed.PRESENT}


def test_refusals_do_not_open_the_breaker(app: AppFixture) -> None:
    for number in range(MANY):
        app.erp.add_invoice(f"b{number}", "c2", DUE)
    made = app.negativations.create(
        ANA, app.request(*(f"b{number}" for number in range(MANY)), customer_id="c2", nature="OUT")
    )

    def refuse(order: InclusionOrder) -> Rejected:
        return Rejected("RECUSADO", f"{order.reference} recusada")

    app.bureau.include = refuse  # type: ignore[method-assign] # every order
    drain(app)
    assert {app.get(each).observed for each in made} == {Observed.REJECTED}
    assert state(app) is CallState.CLOSED


# ------------------------------------------------------------------------------------------- probes without an answer


def test_probe_that_makes_no_call_is_released_for_the_next(down: AppFixture) -> None:
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


def test_our_own_failure_neither_opens_nor_closes_the_breaker(
    down: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_half_open(down)
    (waiting, *_) = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]

    def no_key(*_: object) -> None:
        raise ConfigurationError("A chave mestra mudou.")

    monkeypatch.setattr(type(down.ports.gateways), "for_integration", no_key)
    assert down.perform(waiting) is not None
    assert state(down) is CallState.HALF_OPEN
    assert stored(down).failing_negativation_ids


def test_probe_of_a_dead_process_expires(down: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    until_half_open(down)

    class Killed(BaseException):
        """The process dies."""

    def die(_: str) -> None:
        raise Killed

    down.bureau.before = die
    first, second = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT][:2]
    monkeypatch.setattr(CircuitBreaker, "_release_probe", lambda *_: None)
    with pytest.raises(Killed):
        down.perform(first)
    monkeypatch.undo()
    fail(down, None)
    assert down.perform(second) is None
    assert not down.transmissions.due(1000)
    down.later(down.bureau.capabilities.lease)
    assert down.perform(second) is not None
    assert state(down) is CallState.CLOSED


def test_probe_that_can_not_be_released_expires(
    down: AppFixture, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    until_half_open(down)
    (waiting, *_) = [one for one in down.negativations.list(ANA).items if one.observed is Observed.ABSENT]

    def is_down(_: str) -> None:
        monkeypatch.setattr(type(down.storage), "read_only", lambda _: 1 / 0)
        raise HostUnavailable("O ERP não respondeu.")

    down.erp.before = is_down
    assert down.perform(waiting) is None
    monkeypatch.undo()
    assert "was not released" in caplog.text
    assert state(down) is CallState.OPEN
    down.later(down.bureau.capabilities.lease)
    assert state(down) is CallState.HALF_OPEN


# ------------------------------------------------------------------------------------------------ closed by a person


def test_successful_test_by_a_person_closes_the_breaker(down: AppFixture) -> None:
    fail(down, None)
    down.integrations.test(ANA, down.integration_id)
    assert (state(down), stored(down).failing_negativation_ids, stored(down).consecutive_pauses) == (
        CallState.CLOSED,
        (),
        0,
    )
    assert drain(down) > 1


def test_failed_test_by_a_person_leaves_the_breaker_open(down: AppFixture) -> None:
    before = stored(down)

    with pytest.raises(OutcomeUnknown):
        down.integrations.test(ANA, down.integration_id)
    assert stored(down) == before


def test_edited_parameters_close_the_breaker(down: AppFixture) -> None:
    down.integrations.edit(ANA, down.integration_id, parameters={"password": "outra"})
    assert (state(down), stored(down).failing_negativation_ids, stored(down).consecutive_pauses) == (
        CallState.CLOSED,
        (),
        0,
    )


def test_update_that_always_conflicts_is_dropped_and_loses_no_answer(
    app: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = pending(app, 2)
    with app.storage.read_only() as unit:
        repository = type(unit.integrations)
    tried: list[str] = []

    def conflict(_: object, integration: Integration) -> None:
        tried.append(integration.id)
        raise Conflict("Mudou enquanto isso.")

    monkeypatch.setattr(repository, "save", conflict)
    app.bureau.fail_next("include", DOWN)
    done = app.perform(first)
    assert done is not None
    assert done.error is DOWN
    assert 1 < len(tried) < 10
    assert (state(app), app.event_kinds(first)[-1]) == (CallState.CLOSED, "not_executed")
