"""Lost and late answers: looked up, and never repeated blindly (rule 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import BureauError, ProtocolError
from credit_protection.domain.state_table import Action, Observed
from tests.application.app import TODAY
from tests.application.worker_steps import LEASE, LOST, QUIET, Killed, action_of, die_after, during_call, performed

if TYPE_CHECKING:
    from tests.application.app import AppFixture


def test_doubt_is_stored_before_the_call(app: AppFixture) -> None:
    made = app.negativate("i1")
    seen: list[Observed] = []
    app.bureau.before = lambda operation: seen.append(app.get(made).observed) if operation == "include" else None
    performed(app, made)
    assert seen == [Observed.IN_DOUBT_INCLUDE]


@pytest.mark.parametrize("lost", [LOST, ProtocolError("Não entendi."), BureauError("Sem mais detalhes.")])
def test_lost_answer_is_looked_up_and_never_included_twice(app: AppFixture, lost: BureauError) -> None:
    made = app.negativate("i1")
    app.bureau.fail_next("include", lost, executed=True)
    done = performed(app, made)
    assert done.error is lost
    assert (done.negativation.observed, action_of(app, made)) == (Observed.IN_DOUBT_INCLUDE, Action.LOOK_UP)
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 1
    assert len(app.bureau.records) == 1


def test_not_found_is_believed_only_after_the_quiet_period_and_then_sent_again(app: AppFixture) -> None:
    made = app.negativate("i1")
    claimed_at = app.clock.now()
    app.bureau.fail_next("include", LOST)
    performed(app, made)
    while app.clock.now() < claimed_at + QUIET:
        app.clock.advance(max(app.get(made).transmission.due_at - app.clock.now(), timedelta(0)))
        assert performed(app, made).action is Action.LOOK_UP
        assert app.bureau.calls.count("include") == 1
    assert action_of(app, made) is Action.INCLUDE
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 2
    assert len(app.bureau.records) == 1


def test_lost_removal_is_looked_up(app: AppFixture) -> None:
    included = app.included("i1")
    app.paid("i1")
    app.bureau.fail_next("remove", LOST, executed=True)
    performed(app, included)
    assert app.get(included).observed is Observed.IN_DOUBT_REMOVE
    assert app.work(included).observed is Observed.GONE
    assert not app.bureau.records_on_file()


def test_dead_workers_lease_is_released_once_and_the_bureau_looked_up(app: AppFixture) -> None:
    made = app.negativate("i1")
    die_after(app, "include")
    with pytest.raises(Killed):
        app.perform(made)
    assert app.transmissions.release_expired() == 0
    assert app.perform(made, "w2") is None  # still leased
    app.later(LEASE)
    assert app.transmissions.next_due_at() is not None
    assert app.transmissions.release_expired() == 1
    assert app.transmissions.release_expired() == 0
    assert action_of(app, made) is Action.LOOK_UP
    assert app.event_kinds(made)[-1] == "lease_expired"
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 1


def test_worker_before_the_sweep_looks_up_an_expired_inclusion(app: AppFixture) -> None:
    made = app.negativate("i1")
    die_after(app, "include")
    with pytest.raises(Killed):
        app.perform(made)
    app.later(LEASE)
    assert [due.negativation_id for due in app.transmissions.due(10)] == [made.id]
    app.perform(made, "w2")
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 1


def test_worker_does_not_repeat_the_call_of_an_expired_lease(app: AppFixture) -> None:
    made = app.negativate("i1")
    die_after(app, "include")
    with pytest.raises(Killed):
        app.perform(made)
    app.later(LEASE)
    with app.storage.unit() as unit:  # recorded, and applied at the claim only
        unit.settlements.record(app.erp.code, app.erp.pay("i1", TODAY), app.clock.now())
        unit.commit()
    assert performed(app, made, "w2").action is Action.LOOK_UP
    app.payments.apply()
    assert app.work(made).observed is Observed.GONE
    assert app.bureau.calls.count("include") == 1
    assert not app.bureau.records_on_file()


def test_late_answer_is_kept_as_evidence_and_looked_up(app: AppFixture) -> None:
    made = app.negativate("i1")

    def be_slow() -> None:
        app.later(LEASE)
        assert app.transmissions.release_expired() == 1

    during_call(app, "include", be_slow)
    performed(app, made)
    assert app.event_kinds(made)[-1] == "late_answer"
    assert app.get(made).observed is Observed.IN_DOUBT_INCLUDE
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 1


def test_late_answer_does_not_touch_the_next_workers_lease(app: AppFixture) -> None:
    made = app.negativate("i1")
    second: list[object] = []

    def let_another_worker_claim() -> None:
        app.later(LEASE)
        app.transmissions.release_expired()
        second.append(performed(app, made, "w2"))

    during_call(app, "include", let_another_worker_claim)
    performed(app, made)
    assert len(second) == 1
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 1
